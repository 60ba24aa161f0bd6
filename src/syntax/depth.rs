//! Code that is nested so deeply that reading it would take more stack than there is.

/// How deeply code may be nested to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Brackets within brackets. Python itself reads no more than 200.
    pub(super) brackets: usize,
    /// Indentations. Python itself reads no more than 100.
    indentations: usize,
    /// Operators, dots and keywords in a row of one expression: `a + b + c` is nested, too. Python's
    /// compiler gives up at some thousands.
    chain: usize,
}

impl Depth {
    /// Where there is [room](with_room).
    pub const WITH_ROOM: Depth = Depth {
        brackets: 300,
        indentations: 200,
        chain: 5_000,
    };

    /// On a thread with a stack of two megabytes.
    pub const HERE: Depth = Depth {
        brackets: 100,
        indentations: 100,
        chain: 400,
    };
}

/// Stack for reading a text and looking at its tree, in bytes. Only what is used of it is taken.
const STACK: usize = 256 << 20;

/// Does work that walks trees, where there is stack enough for the deepest that is read.
pub fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new()
            .name("reading".to_owned())
            .stack_size(STACK);
        match builder.spawn_scoped(scope, work)?.join() {
            Ok(done) => Ok(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Whether a text is nested more deeply than that.
pub fn is_deeper(text: &str, most: Depth) -> bool {
    let bytes = text.as_bytes();
    // Links of the chain in each open bracket, and outside of all.
    let mut chains: Vec<usize> = vec![0];
    let mut indentations: Vec<usize> = Vec::new();
    let mut at = 0;
    let mut is_line_start = true;
    while at < bytes.len() {
        if is_line_start && chains.len() == 1 {
            let blank = bytes[at..]
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t'));
            let width = blank.count();
            at += width;
            let is_blank = matches!(bytes.get(at), None | Some(b'\n' | b'\r' | b'#'));
            if !is_blank {
                while indentations.last().is_some_and(|last| *last >= width) {
                    indentations.pop();
                }
                indentations.push(width);
            }
            is_line_start = false;
            continue;
        }
        let byte = bytes[at];
        match byte {
            b'#' => {
                at += bytes[at..]
                    .iter()
                    .take_while(|byte| !matches!(byte, b'\n' | b'\r'))
                    .count();
                continue;
            }
            b'"' | b'\'' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => {
                at += 2;
                continue;
            }
            b'\n' => {
                is_line_start = true;
                if let [chain] = &mut chains[..] {
                    *chain = 0;
                }
            }
            b'(' | b'[' | b'{' => {
                // `f()()()` is a chain as well.
                chains.last_mut().into_iter().for_each(|chain| *chain += 1);
                chains.push(0);
            }
            b')' | b']' | b'}' if chains.len() > 1 => {
                chains.pop();
            }
            b',' | b';' => chains.last_mut().into_iter().for_each(|chain| *chain = 0),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'@' | b'~' | b'<' | b'>'
            | b'.' | b':' => {
                chains.last_mut().into_iter().for_each(|chain| *chain += 1);
            }
            // A word counts by the blank behind it, as in `not not x`.
            b' ' if at > 0 && bytes[at - 1].is_ascii_alphabetic() => {
                chains.last_mut().into_iter().for_each(|chain| *chain += 1);
            }
            _ => {}
        }
        let is_deep = chains.len() > most.brackets
            || indentations.len() > most.indentations
            || chains.last().is_some_and(|chain| *chain > most.chain);
        if is_deep {
            return true;
        }
        at += 1;
    }
    false
}

/// The offset behind a string that starts at `at`; one of a single quote ends with its line.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let is_triple = bytes[at..].starts_with(&[quote; 3]);
    let mut at = at + if is_triple { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote && !is_triple => return at + 1,
            _ if is_triple && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            b'\n' if !is_triple => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_too_deep(text: &str) -> bool {
        is_deeper(text, Depth::WITH_ROOM)
    }

    #[test]
    fn nesting_is_counted_and_width_is_not() {
        let nested = |n: usize| format!("{}{}\n", "(".repeat(n), ")".repeat(n));
        assert!(!is_too_deep(&nested(250)));
        assert!(is_too_deep(&nested(400)));
        assert!(is_too_deep(&format!("x = {}1\n", "1 + ".repeat(20_000))));
        assert!(is_too_deep(&format!(
            "x = (\n{}1)\n",
            "1\n+ ".repeat(20_000)
        )));
        assert!(is_too_deep(&format!("x = a{}\n", ".b()".repeat(20_000))));
        let steps = (0..300).map(|n| format!("{}if x:\n", " ".repeat(n)));
        assert!(is_too_deep(&steps.collect::<String>()));
        assert!(!is_too_deep(&format!(
            "x = [{}]\n",
            "f(1), ".repeat(50_000)
        )));
        assert!(!is_too_deep(
            &"x = a.b + c\nif x:\n    y(1)\n".repeat(10_000)
        ));
        assert!(!is_too_deep(
            &"x = '(((' # (((\ny = '''\n((('''\n".repeat(10_000)
        ));
    }
}
