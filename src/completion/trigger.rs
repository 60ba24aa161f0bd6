//! Whether to ask the model, and for how much.

use crate::config::CompletionConfig;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Ask for this much.
    Ask(Extent),
    /// Stay silent; the text says why.
    Silent(String),
}

/// The cursor's line, and what it lies in.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The line's text before the cursor.
    pub before: &'a str,
    /// The line's text from the cursor on.
    pub after: &'a str,
    /// The kind of text the cursor lies in.
    pub place: Place,
    /// Whether the user asked by hand: then silence needs a stronger reason.
    pub invoked: bool,
}

/// Decides.
pub fn decide(line: Line<'_>, config: &CompletionConfig) -> Decision {
    let Line {
        before,
        after,
        place,
        invoked,
    } = line;
    if ends_in_word(before) && after.chars().next().is_some_and(is_word) {
        return silent("the cursor stands inside a word");
    }
    if !invoked {
        match place {
            Place::Comment if !config.in_comments => {
                return silent("it is switched off in comments (`inComments`)");
            }
            Place::String if !config.in_strings => {
                return silent("it is switched off in strings (`inStrings`)");
            }
            _ => {}
        }
    }
    let closes_only = after
        .chars()
        .all(|c| c.is_whitespace() || ")]}\"',:;".contains(c));
    if !closes_only && !invoked && place != Place::Code {
        return silent("the cursor stands inside a comment or string");
    }
    if !closes_only && !invoked && is_closed(before, after) {
        return silent("the statement before the cursor is closed");
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

fn silent(why: &str) -> Decision {
    Decision::Silent(why.to_owned())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_word)
}

/// Whether the statement before the cursor is over, with something of its own behind: a comment,
/// or another statement. `f(x)▏  # note`, `pass▏  # note` and `x = 1;▏ y = 2` are closed;
/// `f(x)▏.y` and `x = ▏  # note` are not.
fn is_closed(before: &str, after: &str) -> bool {
    let head = before.trim();
    let follows = after.trim_start();
    if head.ends_with(';') {
        return true;
    }
    let over = head.ends_with([')', ']', '}', '"', '\''])
        || matches!(head, "pass" | "break" | "continue" | "return");
    over && (follows.starts_with('#') || follows.starts_with(';'))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check_with(config: &CompletionConfig, line: &str, place: Place, expected: Expect) {
        let (before, after) = line.split_once("$0").expect("the fixture has a cursor");
        let line = Line {
            before,
            after,
            place,
            invoked: false,
        };
        expected.assert_eq(&match decide(line, config) {
            Decision::Ask(extent) => format!("{extent:?}"),
            Decision::Silent(why) => format!("silent: {why}"),
        });
    }

    #[track_caller]
    fn check(line: &str, place: Place, expected: Expect) {
        check_with(&CompletionConfig::default(), line, place, expected);
    }

    #[test]
    fn an_empty_line_asks_for_a_block_and_a_begun_line_for_its_rest() {
        check("    $0", Place::Code, expect!["Block"]);
        check("    return $0", Place::Code, expect!["Line"]);
        check("def f(x):$0", Place::Code, expect!["Block"]);
        check("f(x, $0)", Place::Code, expect!["Line"]);
        check("    # note:$0", Place::Comment, expect!["Line"]);
    }

    #[test]
    fn words_are_not_broken_and_prose_is_not_pierced() {
        check(
            "ret$0urn x",
            Place::Code,
            expect!["silent: the cursor stands inside a word"],
        );
        check(
            "# one $0 two",
            Place::Comment,
            expect!["silent: the cursor stands inside a comment or string"],
        );
        check("print('hello $0')", Place::String, expect!["Line"]);
    }

    #[test]
    fn nothing_is_put_between_a_closed_statement_and_what_follows_it() {
        let closed = || expect!["silent: the statement before the cursor is closed"];
        check("total(x)$0  # with tax", Place::Code, closed());
        check("    pass $0 # for now", Place::Code, closed());
        check("x = 1;$0 y = 2", Place::Code, closed());
        check("total = $0  # with tax", Place::Code, expect!["Line"]);
        check("total = su$0  # with tax", Place::Code, expect!["Line"]);
        check("f(x)$0.name", Place::Code, expect!["Line"]);
        check("total(x)$0", Place::Code, expect!["Line"]);
    }

    #[test]
    fn comments_and_strings_can_be_switched_off() {
        let config = CompletionConfig {
            in_comments: false,
            in_strings: false,
            ..CompletionConfig::default()
        };
        check_with(
            &config,
            "# one $0",
            Place::Comment,
            expect!["silent: it is switched off in comments (`inComments`)"],
        );
        check_with(
            &config,
            "print('hello $0')",
            Place::String,
            expect!["silent: it is switched off in strings (`inStrings`)"],
        );
        check_with(&config, "print($0)", Place::Code, expect!["Line"]);
    }
}
