//! What stands behind the cursor is not written a second time.

use super::{Draft, Verdict};
use crate::syntax;

/// Similarity from which two lines in a row count as said again, in `0.0..=1.0`.
const SIMILAR: f64 = 0.9;
/// Shortest line that is looked at alone: below that, equal lines are ordinary.
const MIN_LINE: usize = 5;

/// Cuts the end of the answer that repeats the rest of the line, and everything from a line on
/// that repeats the next lines of the file: one exactly, or two nearly. Drops an answer that begins
/// so on a line of its own.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let text = draft.text.as_str();
    let mut end = repeated_lines(draft).unwrap_or(text.len());

    let rest = draft.line_after().trim_end();
    if !rest.is_empty() && !text[..end].contains('\n') {
        // The longest start of the rest of the line that the answer ends with.
        let overlap = (1..=rest.len())
            .rev()
            .filter(|length| rest.is_char_boundary(*length))
            .filter(|length| text[..end].ends_with(&rest[..*length]))
            .find(|length| !takes_its_closer(&text[..end - length], &rest[..*length]));
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

/// Where the lines of the answer begin to be the next lines of the file, without the blanks before.
fn repeated_lines(draft: &Draft<'_>) -> Option<usize> {
    let mut below = draft
        .after
        .lines()
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let next = below.next()?;
    let after_next = below.next();
    let mut offset = 0;
    let mut lines = draft.text.split_inclusive('\n').peekable();
    let is_own_line = draft.line_before().trim().is_empty();
    let mut is_first = true;
    while let Some(line) = lines.next() {
        // The rest of a line begun by hand is not a line of the answer.
        if !is_first || is_own_line {
            let trimmed = line.trim();
            let following = lines.clone().map(str::trim).find(|line| !line.is_empty());
            let is_same =
                trimmed == next && (trimmed.len() >= MIN_LINE || !is_first && trimmed.len() > 2);
            if is_same || is_similar(trimmed, next) && both(following, after_next, is_similar) {
                return Some(draft.text[..offset].trim_end().len());
            }
        }
        offset += line.len();
        is_first = false;
    }
    None
}

fn both(one: Option<&str>, other: Option<&str>, agree: fn(&str, &str) -> bool) -> bool {
    one.zip(other).is_some_and(|(one, other)| agree(one, other))
}

fn is_similar(one: &str, other: &str) -> bool {
    one.len() >= MIN_LINE && strsim::normalized_levenshtein(one, other) >= SIMILAR
}

/// Whether an overlap of closers has one that closes what the answer itself opened: `f(x)` before
/// `)` is whole.
fn takes_its_closer(kept: &str, overlap: &str) -> bool {
    let (n_open, _) = syntax::brackets(kept);
    n_open > 0 && overlap.chars().all(|c| ")]}".contains(c))
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
    fn what_the_answer_opened_it_may_close() {
        check(
            "x = ($0)\n",
            "f(a)",
            expect![[r#"
            x = (⟦f(a)⟧)
        "#]],
        );
        check(
            "x = (y[$0])\n",
            "f(a)])",
            expect![[r#"
            x = (y[⟦f(a)⟧])
        "#]],
        );
        check(
            "x = g(h($0))\n",
            "f(a))",
            expect![[r#"
            x = g(h(⟦f(a)⟧))
        "#]],
        );
        check(
            "x = g($0)\n",
            "[a, (b, c)])",
            expect![[r#"
            x = g(⟦[a, (b, c)]⟧)
        "#]],
        );
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
        check(
            "a = 1\n$0\nreturn a + b\n",
            "return a + b",
            expect!["nothing: it repeats what stands behind the cursor"],
        );
        // On a line begun by hand the same may be meant.
        check(
            "a = 1\nreturn $0\nreturn a + b\n",
            "a + b",
            expect![[r#"
                a = 1
                return ⟦a + b⟧
                return a + b
            "#]],
        );
        // Short lines are alike everywhere.
        check(
            "if a:\n    $0\n    x\n",
            "x\n    y()",
            expect![[r#"
            if a:
                ⟦x
                y()⟧
                x
        "#]],
        );
    }

    #[test]
    fn two_lines_that_are_nearly_the_next_ones_are_not_doubled() {
        check(
            "$0\n\nself.width = width\nself.height = height\n",
            "self.depth = 1\nself.widths = width\nself.height = heights\n",
            expect![[r#"
                ⟦self.depth = 1⟧

                self.width = width
                self.height = height
            "#]],
        );
        // One alone may be meant.
        check(
            "$0\n\nself.width = width\nself.height = height\n",
            "self.depth = 1\nself.widths = widths\nself.colour = colour\n",
            expect![[r#"
                ⟦self.depth = 1
                self.widths = widths
                self.colour = colour
                ⟧

                self.width = width
                self.height = height
            "#]],
        );
    }
}
