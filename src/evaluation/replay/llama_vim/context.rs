//! What llama.vim sends of the text around the cursor, and what it shows of an answer.

use super::super::buffer::Buffer;

/// Lines before the cursor's, at most.
const N_PREFIX: usize = 256;
/// Lines behind it, at most.
const N_SUFFIX: usize = 64;

/// The text around a cursor as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Context {
    /// Whole lines before the cursor's.
    pub(super) prefix: String,
    /// The cursor's line before the cursor; nothing for a blank line.
    pub(super) middle: String,
    /// The rest of the cursor's line, and whole lines behind it.
    pub(super) suffix: String,
    /// Indentation of the cursor's line.
    pub(super) indent: usize,
    /// Bytes behind the cursor on its line.
    pub(super) rest_of_line: usize,
}

impl Context {
    pub(super) fn at(buffer: &Buffer) -> Context {
        let (before, after) = (buffer.line_before(), buffer.line_after());
        let above = &buffer.before()[..buffer.cursor - before.len()];
        let mut above: Vec<&str> = above.split('\n').collect();
        above.pop();
        let above = &above[above.len().saturating_sub(N_PREFIX)..];
        let below = buffer.after()[after.len()..].strip_prefix('\n');
        let below: Vec<&str> =
            below.map_or_else(Vec::new, |below| below.split('\n').take(N_SUFFIX).collect());
        let is_blank = before.trim().is_empty() && after.trim().is_empty();
        let (middle, rest) = if is_blank { ("", "") } else { (before, after) };
        let line = format!("{middle}{rest}");
        Context {
            prefix: format!("{}\n", above.join("\n")),
            middle: middle.to_owned(),
            suffix: format!("{rest}\n{}\n", below.join("\n")),
            indent: line.len() - line.trim_start().len(),
            rest_of_line: rest.len(),
        }
    }
}

/// What is shown of an answer; nothing where it repeats what is there.
pub(super) fn shown(buffer: &Buffer, content: &str) -> Option<String> {
    let mut content = content.trim_end_matches('\n');
    let line = buffer.line_before();
    if line.trim().is_empty() && buffer.line_after().trim().is_empty() {
        // The answer to a blank line brings the indentation that is there already.
        let indent = content.len() - content.trim_start_matches([' ', '\t']).len();
        content = &content[indent.min(line.len())..];
    }
    let lines: Vec<&str> = content.split('\n').collect();
    let below = buffer.after()[buffer.line_after().len()..].strip_prefix('\n');
    let below: Vec<&str> = below.unwrap_or_default().split('\n').collect();
    let repeats_below = |lines: &[&str], below: &[&str]| {
        !lines.is_empty() && below.len() >= lines.len() && below[..lines.len()] == *lines
    };
    if lines[0].is_empty() && repeats_below(&lines[1..], &below) {
        return None;
    }
    if lines.len() == 1 && lines[0] == buffer.line_after() {
        return None;
    }
    let first = below.iter().position(|line| !line.trim().is_empty());
    let below = &below[first.unwrap_or(below.len())..];
    if below.first() == Some(&&*format!("{line}{}", lines[0])) {
        let repeats = match lines.len() {
            1 => true,
            2 => below
                .get(1)
                .is_some_and(|below| below.starts_with(lines[1])),
            _ => repeats_below(&lines[1..], &below[1..]),
        };
        if repeats {
            return None;
        }
    }
    (!content.trim().is_empty()).then(|| content.to_owned())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn buffer(fixture: &str) -> Buffer {
        let cursor = fixture.find("$0").expect("the fixture has a cursor");
        Buffer::new(fixture.replacen("$0", "", 1), cursor)
    }

    #[track_caller]
    fn check(fixture: &str, expected: Expect) {
        let context = Context::at(&buffer(fixture));
        expected.assert_eq(&format!(
            "{:?} {:?} {:?} {} {}",
            context.prefix, context.middle, context.suffix, context.indent, context.rest_of_line
        ));
    }

    #[test]
    fn whole_lines_before_and_behind_and_the_line_itself_as_prompt() {
        check(
            "import os\n\nif a:\n    b = $0(1)\n\nc\n",
            expect![[r#""import os\n\nif a:\n" "    b = " "(1)\n\nc\n\n" 4 3"#]],
        );
        check("a\n    $0\nb", expect![[r#""a\n" "" "\nb\n" 0 0"#]]);
    }

    #[test]
    fn far_lines_are_left_out() {
        let lines: Vec<String> = (0..700).map(|n| n.to_string()).collect();
        let context = Context::at(&buffer(&format!(
            "{}\n$0x\n{}",
            lines.join("\n"),
            lines.join("\n")
        )));
        assert_eq!(context.prefix.lines().next(), Some("444"));
        assert_eq!(context.suffix.lines().last(), Some("63"));
    }

    #[track_caller]
    fn check_shown(fixture: &str, content: &str, expected: Option<&str>) {
        assert_eq!(shown(&buffer(fixture), content).as_deref(), expected);
    }

    #[test]
    fn answers_that_repeat_what_is_there_are_not_shown() {
        check_shown("x = $0\ny = 2\n", "1\n", Some("1"));
        check_shown("    $0\ny = 2\n", "    return 1", Some("return 1"));
        check_shown("x = $0)\n", ")", None);
        check_shown("$0\n\ny = 2\n", "y = 2", None);
        check_shown("x = 1$0\ny = 2\n", "\ny = 2", None);
        check_shown("x = $0\ny = 2\n", "\n\n", None);
        check_shown("x = $0\n", "1", Some("1"));
    }
}
