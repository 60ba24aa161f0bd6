//! A small model can get caught in a loop; the loop is not shown.

use super::{Draft, Verdict};

/// Lines that may be the same in a row before it counts as a loop.
const MAX_SAME_LINES: usize = 2;
/// Times a run of characters within a line may repeat before it counts as a loop.
const MAX_SAME_RUNS: usize = 4;
/// Shortest run of characters looked at: below that, `....` and `0000` are ordinary.
const MIN_RUN: usize = 3;

/// Cuts a run of equal lines to its first, drops an answer that repeats within a line or says the
/// line above again.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let text = draft.text.as_str();
    if loops_within_a_line(text) {
        return Verdict::Drop("it repeats itself");
    }
    let mut offset = 0;
    let mut previous: Option<(&str, usize)> = None;
    let mut n_same = 1;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let end = offset + line.trim_end().len();
        match previous {
            Some((same, first_end)) if same == trimmed && !trimmed.is_empty() => {
                n_same += 1;
                if n_same > MAX_SAME_LINES {
                    return Verdict::Cut(first_end);
                }
            }
            _ if trimmed.is_empty() => {}
            _ => {
                previous = Some((trimmed, end));
                n_same = 1;
            }
        }
        offset += line.len();
    }
    // A whole new line that is the line above once more.
    let above = draft.before.trim_end_matches([' ', '\t']);
    if draft.line_before().trim().is_empty() && above.ends_with('\n') {
        let above = above
            .trim_end()
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .trim();
        let first = text.lines().next().unwrap_or_default().trim();
        if above.len() > MIN_RUN && above == first {
            return Verdict::Drop("it repeats the line above");
        }
    }
    Verdict::Keep
}

/// Whether some run of three characters or more stands five times in a row.
fn loops_within_a_line(text: &str) -> bool {
    text.lines().any(|line| {
        let bytes = line.as_bytes();
        (MIN_RUN..=bytes.len() / (MAX_SAME_RUNS + 1)).any(|length| {
            let mut same = 0;
            for at in length..bytes.len() {
                same = if bytes[at] == bytes[at - length] {
                    same + 1
                } else {
                    0
                };
                if same >= length * MAX_SAME_RUNS {
                    // A row of one and the same character is a ruler, not a loop.
                    return bytes[at - length + 1..=at]
                        .iter()
                        .any(|byte| *byte != bytes[at]);
                }
            }
            false
        })
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
        expected.assert_eq(&judged(judge, fixture, Extent::Block, says));
    }

    #[test]
    fn loops_are_not_shown() {
        check(
            "x = $0\n",
            "a, a, a, a, a, a, a",
            expect!["nothing: it repeats itself"],
        );
        check(
            "# $0\n",
            "-----------------------",
            expect![[r#"
            # ⟦-----------------------⟧
        "#]],
        );
        check(
            "$0\n",
            "f()\nf()\nf()\nf()",
            expect![[r#"
            ⟦f()⟧
        "#]],
        );
    }

    #[test]
    fn the_line_above_is_not_said_again() {
        check(
            "self.x = x\n$0\n",
            "self.x = x",
            expect!["nothing: it repeats the line above"],
        );
        check(
            "self.x = x\n$0\n",
            "self.y = y",
            expect![[r#"
            self.x = x
            ⟦self.y = y⟧
        "#]],
        );
    }
}
