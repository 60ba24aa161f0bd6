//! A closing bracket needs an opening one that is still open.

use super::{Draft, Verdict};
use crate::syntax::{Open, Opened};

/// Cuts before the first closer that closes nothing: neither what the answer opened, nor what the
/// text before the cursor left open and the rest of the line does not close.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let mut open = at_cursor(draft);
    // In a string a bracket is a character like any other.
    if open.is_in_text() {
        return Verdict::Keep;
    }
    // What the rest of the line closes is not the answer's to close.
    close(&mut open.stack, draft.line_after());
    match open.read(&draft.text) {
        None => Verdict::Keep,
        Some(at) if draft.text[..at].trim().is_empty() => {
            Verdict::Drop("it closes a bracket that is not open")
        }
        Some(at) => Verdict::Cut(at),
    }
}

/// What is open at the cursor.
pub(super) fn at_cursor(draft: &Draft<'_>) -> Open {
    Open::at_end_of(draft.before)
}

/// Takes from `stack` what the rest of a line closes.
pub(super) fn close(stack: &mut Vec<Opened>, rest: &str) {
    let mut rest = rest.trim_start();
    while let Some(open) = stack.last() {
        if let Some(behind) = rest.strip_prefix(open.closer().as_str()) {
            rest = behind;
            stack.pop();
        } else if rest.starts_with([',', ':', ';']) {
            rest = &rest[1..];
        } else {
            break;
        }
        rest = rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::fixture::judged;
    use super::*;
    use crate::completion::trigger::Extent;

    #[track_caller]
    fn check(fixture: &str, says: &str, expected: Expect) {
        expected.assert_eq(&judged(judge, fixture, Extent::Line, says));
    }

    #[test]
    fn what_is_open_may_be_closed() {
        check(
            "print(f($0\n",
            "x))",
            expect![[r#"
            print(f(⟦x))⟧
        "#]],
        );
        check(
            "x = $0\n",
            "f(a[0])",
            expect![[r#"
            x = ⟦f(a[0])⟧
        "#]],
        );
    }

    #[test]
    fn what_is_not_open_is_not_closed() {
        check(
            "print(x$0\n",
            "))",
            expect![[r#"
            print(x⟦)⟧
        "#]],
        );
        check(
            "f(a, $0)\n",
            "b))",
            expect![[r#"
            f(a, ⟦b⟧)
        "#]],
        );
        check(
            "x = 1$0\n",
            ")",
            expect!["nothing: it closes a bracket that is not open"],
        );
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        check(
            "\"\"\"It's (open\"\"\"\nx = '(' + \"a\\\"(\"$0\n",
            ")",
            expect!["nothing: it closes a bracket that is not open"],
        );
        check(
            "f(  # why)\n    $0\n",
            "'')",
            expect![[r#"
            f(  # why)
                ⟦'')⟧
        "#]],
        );
    }
}
