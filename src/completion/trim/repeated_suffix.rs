//! What stands behind the cursor is not written a second time.

use super::{Draft, Verdict};

/// Cuts the end of the answer that repeats the rest of the line, and everything from a line on
/// that repeats the next line of the file.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let text = draft.text.as_str();
    let mut end = text.len();

    let next_line = draft
        .after
        .lines()
        .skip(1)
        .map(str::trim)
        .find(|line| !line.is_empty());
    if let Some(next_line) = next_line.filter(|line| line.len() > 2) {
        let mut offset = text.find('\n').map_or(text.len(), |at| at + 1);
        for line in text[offset..].split_inclusive('\n') {
            if line.trim() == next_line {
                end = text[..offset].trim_end().len();
                break;
            }
            offset += line.len();
        }
    }

    let rest = draft.line_after().trim_end();
    if !rest.is_empty() && !text[..end].contains('\n') {
        // The longest start of the rest of the line that the answer ends with.
        let overlap = (1..=rest.len())
            .rev()
            .filter(|length| rest.is_char_boundary(*length))
            .find(|length| text[..end].ends_with(&rest[..*length]));
        if let Some(length) =
            overlap.filter(|length| *length == rest.len() || adds_closer(draft, &rest[..*length]))
        {
            end -= length;
        }
    }
    match end {
        0 if !text.is_empty() => Verdict::Drop("it repeats what stands behind the cursor"),
        end if end < text.len() => Verdict::Cut(end),
        _ => Verdict::Keep,
    }
}

/// Whether an overlap shorter than the rest of the line is made of closers that the answer itself
/// did not open, so that leaving it would double them.
fn adds_closer(draft: &Draft<'_>, overlap: &str) -> bool {
    overlap.chars().all(|c| ")]}".contains(c))
        && overlap.chars().all(|closer| {
            let opener = match closer {
                ')' => '(',
                ']' => '[',
                _ => '{',
            };
            draft.text.matches(closer).count() > draft.text.matches(opener).count()
        })
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
    fn the_rest_of_the_line_is_not_doubled() {
        check(
            "print(f(x$0))\n",
            ", y))",
            expect![[r#"
            print(f(x⟦, y⟧))
        "#]],
        );
        check(
            "f($0)\n",
            ")",
            expect!["nothing: it repeats what stands behind the cursor"],
        );
        check(
            "x = [$0]\n",
            "f(1)",
            expect![[r#"
            x = [⟦f(1)⟧]
        "#]],
        );
    }

    #[test]
    fn the_next_line_is_not_doubled() {
        check(
            "a = 1\n$0\nreturn a + b\n",
            "b = 2\nreturn a + b\n",
            expect![[r#"
            a = 1
            ⟦b = 2⟧
            return a + b
        "#]],
        );
    }
}
