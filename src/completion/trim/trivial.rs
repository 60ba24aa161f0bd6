//! What is as quickly typed as accepted is not shown.

use super::{Draft, Verdict};

/// Drops a single character that neither is a letter or digit nor ends something. A closer is as
/// short, but the shipped model is right with six of seven, and a person would have to count.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let ends = |c: char| c.is_alphanumeric() || ")]}'\":".contains(c);
    let mut characters = draft.text.trim().chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) if !ends(only) => Verdict::Drop("it is one keystroke"),
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
    fn one_keystroke_is_not_offered() {
        expect!["nothing: it is one keystroke"].assert_eq(&judged(
            judge,
            "f(x$0",
            Extent::Line,
            ",",
        ));
        expect!["f(x⟦)⟧"].assert_eq(&judged(judge, "f(x$0", Extent::Line, ")"));
        expect!["x = ⟦1⟧"].assert_eq(&judged(judge, "x = $0", Extent::Line, "1"));
    }
}
