//! Whether to ask the model, and for how much.

use crate::syntax::Place;

/// How far a completion goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// To the end of the line.
    Line,
    /// To the end of the statement or block that begins at the cursor.
    Block,
}

/// Whether to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Ask for this much.
    Ask(Extent),
    /// Stay silent; the text says why.
    Silent(&'static str),
}

/// Decides from the cursor's line, `before` and `after` the cursor, and the text it lies in.
///
/// `invoked` means that the user asked for a completion by hand: then silence needs a stronger
/// reason.
pub fn decide(before: &str, after: &str, place: Place, invoked: bool) -> Decision {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if before.chars().next_back().is_some_and(is_word) && after.chars().next().is_some_and(is_word)
    {
        return Decision::Silent("the cursor stands inside a word");
    }
    let closes_only = after
        .chars()
        .all(|c| c.is_whitespace() || ")]}\"',:;".contains(c));
    if !closes_only && !invoked && place != Place::Code {
        return Decision::Silent("the cursor stands inside a comment or string");
    }
    if !after.trim().is_empty() {
        return Decision::Ask(Extent::Line);
    }
    let head = before.trim();
    if head.is_empty() {
        return Decision::Ask(Extent::Block);
    }
    match place {
        Place::Code if head.ends_with(':') => Decision::Ask(Extent::Block),
        _ => Decision::Ask(Extent::Line),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(line: &str, place: Place, expected: Expect) {
        let (before, after) = line.split_once("$0").expect("the fixture has a cursor");
        expected.assert_eq(&format!("{:?}", decide(before, after, place, false)));
    }

    #[test]
    fn an_empty_line_asks_for_a_block_and_a_begun_line_for_its_rest() {
        check("    $0", Place::Code, expect!["Ask(Block)"]);
        check("    return $0", Place::Code, expect!["Ask(Line)"]);
        check("def f(x):$0", Place::Code, expect!["Ask(Block)"]);
        check("f(x, $0)", Place::Code, expect!["Ask(Line)"]);
        check("    # note:$0", Place::Comment, expect!["Ask(Line)"]);
    }

    #[test]
    fn words_are_not_broken_and_prose_is_not_pierced() {
        check(
            "ret$0urn x",
            Place::Code,
            expect![[r#"Silent("the cursor stands inside a word")"#]],
        );
        check(
            "# one $0 two",
            Place::Comment,
            expect![[r#"Silent("the cursor stands inside a comment or string")"#]],
        );
        check("print('hello $0')", Place::String, expect!["Ask(Line)"]);
    }
}
