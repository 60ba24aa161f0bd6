//! How a shown suggestion ended, read off the edits that every editor sends.

use std::ops::Range;

use super::{Ending, Shown};

/// Characters below which an insertion is taken for typing: an editor that closes a bracket or a
/// quote inserts two.
const MIN_INSERTED: usize = 3;

/// One suggestion on the screen.
#[derive(Debug, Clone, PartialEq)]
struct OnScreen {
    /// Where it begins, in bytes.
    offset: usize,
    text: String,
    /// How much of it has been typed, in bytes.
    n_typed: usize,
    shown: Shown,
}

/// Watches one document. Remembers one suggestion at a time, and no text beyond it.
#[derive(Debug, Default)]
pub struct Watch {
    on_screen: Option<OnScreen>,
}

impl Watch {
    /// A suggestion is shown at an offset. Returns how the one before it ended, where that says
    /// something: the rest of a suggestion being typed is still the same one, and a better one in
    /// the same place says nothing of the other.
    pub fn shows(&mut self, offset: usize, text: &str, shown: Shown) -> Option<(Shown, Ending)> {
        if let Some(old) = &self.on_screen {
            let here = old.offset + old.n_typed;
            let rest = &old.text[old.n_typed..];
            if here == offset && (rest.starts_with(text) || text.starts_with(rest)) {
                return None;
            }
        }
        let old = self.on_screen.replace(OnScreen {
            offset,
            text: text.to_owned(),
            n_typed: 0,
            shown,
        });
        let old = old.filter(|old| old.offset + old.n_typed != offset);
        old.map(|old| (old.shown, Ending::Left))
    }

    /// A part of the document was replaced. Returns how the suggestion on the screen ended, if it
    /// did.
    pub fn edited(&mut self, range: &Range<usize>, inserted: &str) -> Option<(Shown, Ending)> {
        let on_screen = self.on_screen.as_mut()?;
        let here = on_screen.offset + on_screen.n_typed;
        let rest = &on_screen.text[on_screen.n_typed..];
        let is_at_cursor = range.start == here && range.end == here;
        // Who typed most of it was glad of it for a while: its end is no lesson either way.
        let was_of_use = on_screen.n_typed * 2 > on_screen.text.len();
        let ending = if is_at_cursor && !inserted.is_empty() {
            let is_rest = inserted.trim_end() == rest.trim_end();
            match is_rest || rest.starts_with(inserted) {
                true if is_at_once(inserted, is_rest) => Some(Ending::Accepted),
                true if is_rest => Some(Ending::TypedThrough),
                true => {
                    on_screen.n_typed += inserted.len();
                    None
                }
                false => match closed_ahead(inserted).filter(|typed| rest.starts_with(typed)) {
                    Some(typed) => {
                        on_screen.n_typed += typed.len();
                        None
                    }
                    None if was_of_use => {
                        self.on_screen = None;
                        return None;
                    }
                    None => Some(Ending::TypedAway),
                },
            }
        } else if inserted.is_empty() && range.end == here && range.start >= on_screen.offset {
            // Backspace into what was typed of it.
            on_screen.n_typed = range.start - on_screen.offset;
            None
        } else if was_of_use {
            self.on_screen = None;
            return None;
        } else {
            Some(Ending::Left)
        };
        let ending = ending?;
        let on_screen = self.on_screen.take()?;
        Some((on_screen.shown, ending))
    }
}

/// Whether no key inserts so much. An indentation is what the line break key inserts.
fn is_at_once(inserted: &str, is_rest: bool) -> bool {
    let n_chars = inserted.chars().count();
    !inserted.trim().is_empty() && (n_chars >= MIN_INSERTED || is_rest && n_chars > 1)
}

/// What was typed where the editor has put its closer behind.
fn closed_ahead(inserted: &str) -> Option<&str> {
    ["()", "[]", "{}", "\"\"", "''"]
        .contains(&inserted)
        .then(|| &inserted[..1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::taste::Traits;

    const SHOWN: Shown = Shown {
        kept: 0.5,
        traits: [false; 6] as Traits,
    };

    /// A suggestion at offset 10, then edits, each an offset and what is inserted there (`⌫` is a
    /// backspace before it).
    #[track_caller]
    fn check(suggestion: &str, edits: &[(usize, &str)], expected: Option<Ending>) {
        let mut watch = Watch::default();
        assert_eq!(watch.shows(10, suggestion, SHOWN), None);
        let endings: Vec<_> = edits
            .iter()
            .filter_map(|(at, text)| match *text {
                "⌫" => watch.edited(&(at - 1..*at), ""),
                text => watch.edited(&(*at..*at), text),
            })
            .collect();
        let endings: Vec<_> = endings.into_iter().map(|(_, ending)| ending).collect();
        assert_eq!(
            endings,
            Vec::from_iter(expected),
            "{suggestion:?} {edits:?}"
        );
    }

    #[test]
    fn one_insertion_of_it_or_of_a_word_or_line_is_an_accept() {
        check(
            "self.read(n)",
            &[(10, "self.read(n)")],
            Some(Ending::Accepted),
        );
        check("self.read(n)", &[(10, "self")], Some(Ending::Accepted));
        check("x = 1\n    y = 2", &[(10, "x = 1")], Some(Ending::Accepted));
        check(
            "self.read",
            &[(10, "s"), (11, "elf.read")],
            Some(Ending::Accepted),
        );
        check("()", &[(10, "()")], Some(Ending::Accepted));
    }

    #[test]
    fn typing_goes_along_with_it_or_away_from_it() {
        check(
            "abc",
            &[(10, "a"), (11, "b"), (12, "c")],
            Some(Ending::TypedThrough),
        );
        check("abcdef", &[(10, "a"), (11, "x")], Some(Ending::TypedAway));
        check("abcdef", &[(10, "a"), (11, "b")], None);
        check(
            "abcdef",
            &[(10, "a"), (11, "⌫"), (10, "a"), (11, "z")],
            Some(Ending::TypedAway),
        );
        check("abcd", &[(10, "a"), (11, "b"), (12, "c"), (13, "x")], None);
        check("abcd", &[(10, "a"), (11, "b"), (12, "c"), (50, "x")], None);
    }

    #[test]
    fn blanks_and_line_breaks_are_typed_like_letters() {
        check("a", &[(10, " ")], Some(Ending::TypedAway));
        check("a", &[(10, "\n")], Some(Ending::TypedAway));
        check(
            "\n    return x",
            &[(10, "\n    "), (15, "return x")],
            Some(Ending::Accepted),
        );
        check("é🦀", &[(10, "é"), (12, "🦀")], Some(Ending::TypedThrough));
    }

    #[test]
    fn a_bracket_that_the_editor_closes_is_one_that_was_typed() {
        check(
            "(a)",
            &[(10, "()"), (11, "a"), (12, ")")],
            Some(Ending::TypedThrough),
        );
        check("[a]", &[(10, "()")], Some(Ending::TypedAway));
    }

    #[test]
    fn an_edit_elsewhere_leaves_it() {
        check("abc", &[(50, "x")], Some(Ending::Left));
        check("abc", &[(10, "⌫")], Some(Ending::Left));
        let mut watch = Watch::default();
        watch.shows(10, "abcdef", SHOWN);
        watch.edited(&(10..10), "a");
        assert_eq!(watch.shows(11, "bcdef", SHOWN), None, "still the same one");
        assert_eq!(
            watch.shows(11, "other", SHOWN),
            None,
            "replaced where it stood"
        );
        assert_eq!(watch.shows(90, "x", SHOWN), Some((SHOWN, Ending::Left)));
    }
}
