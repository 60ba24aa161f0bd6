//! Code that is nested so deeply that reading it would take more stack than there is.

/// Brackets within brackets, and indentations, of code that is read. Python itself reads no more
/// than 200 and 100.
const MAX_BRACKETS: usize = 300;
const MAX_INDENTATIONS: usize = 200;

/// Operators, dots and keywords in a row of one expression: `a + b + c` is nested, too. Python's
/// compiler gives up at some thousands.
const MAX_CHAIN: usize = 5_000;

/// Stack for reading a text and looking at its tree, in bytes. Only what is used of it is taken.
const STACK: usize = 256 << 20;

/// Does work that walks trees, where there is stack enough for the deepest that is read.
pub fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new()
            .name("explanation".to_owned())
            .stack_size(STACK);
        match builder.spawn_scoped(scope, work)?.join() {
            Ok(done) => Ok(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Whether a text is nested too deeply to be read.
pub(super) fn is_too_deep(text: &str) -> bool {
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
        let is_deep = chains.len() > MAX_BRACKETS
            || indentations.len() > MAX_INDENTATIONS
            || chains.last().is_some_and(|chain| *chain > MAX_CHAIN);
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
    use super::super::source::Source;
    use super::super::target;
    use super::*;

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

    #[test]
    fn the_deepest_that_is_read_leaves_room() {
        let brackets = format!("{}{}", "(".repeat(290), ")".repeat(290));
        let text = format!(
            "def f():\n    x = {}1\n    {brackets}\n",
            "1+".repeat(4_900)
        );
        assert!(!is_too_deep(&text));
        let n = with_room(|| target::functions(&Source::parse(&text)).len());
        assert_eq!(n.expect("a thread"), 1);
    }
}
