//! Blank ends are not shown, and neither is an answer of nothing else.

use super::{Draft, Verdict};

/// Cuts trailing whitespace; drops what has no letter in it that is worth a keystroke.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let end = draft.text.trim_end().len();
    match end {
        0 => Verdict::Drop("the model had nothing to add"),
        end if end < draft.text.len() => Verdict::Cut(end),
        _ => Verdict::Keep,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::fixture::judged;
    use super::*;
    use crate::completion::trigger::Extent;

    #[test]
    fn blank_ends_are_cut() {
        expect!["x = ⟦1⟧"].assert_eq(&judged(judge, "x = $0", Extent::Line, "1  \n\n"));
        expect!["nothing: the model had nothing to add"].assert_eq(&judged(
            judge,
            "x = $0",
            Extent::Line,
            "  \n",
        ));
    }
}
