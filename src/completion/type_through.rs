//! What was shown is remembered, and served again without the model while the user types along
//! with it, backspaces into it, or accepts it piece by piece.
//!
//! One entry a suggestion, not one a character: each entry is looked back to from the cursor, see
//! [`Origin::typed`]. Bounded in entries and bytes; the least recently used goes first.

use std::collections::VecDeque;

use super::Answer;
use super::origin::{Here, Origin};
use super::taste::Shown;
use super::trim::MissingImport;
use crate::model::StopReason;

/// Suggestions kept.
const MAX_ENTRIES: usize = 256;

/// Bytes of text kept in them.
const MAX_BYTES: usize = 256 * 1024;

/// Suggestions, the most recently used first.
#[derive(Default)]
pub struct TypeThrough {
    entries: VecDeque<Entry>,
    n_bytes: usize,
}

struct Entry {
    origin: Origin,
    shown: Remembered,
}

/// A suggestion, or that there was none.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// The text, or why there was none. The latter holds for exactly the same place only.
    pub text: Result<String, String>,
    /// Mean natural log-probability of its tokens.
    pub score: Option<f32>,
    /// Whether the text ends of its own accord: the model would add nothing to the line.
    pub is_whole: bool,
    /// The import that the whole text needs.
    pub import: Option<MissingImport>,
    /// What may be learnt from how it ends.
    pub learnable: Option<Shown>,
}

/// What is known of a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Recalled {
    /// The rest of a suggestion; its text is there and not empty.
    Rest(Remembered),
    /// Nothing is to be shown, and why.
    Nothing(String),
    /// A suggestion was taken whole and had ended of its own accord.
    Whole,
}

impl Remembered {
    /// All that is worth remembering of an answer, what is shown first; nothing where it was broken
    /// off.
    pub fn all_of(answer: &Answer) -> Vec<Remembered> {
        let Some(shown) = Remembered::of(answer) else {
            return Vec::new();
        };
        let others = answer.others.iter().map(|other| Remembered {
            text: Ok(other.text.clone()),
            score: other.score,
            is_whole: other.is_whole,
            import: other.import.clone(),
            learnable: None,
        });
        std::iter::once(shown).chain(others).collect()
    }

    /// What is shown of an answer, or that nothing is; `None` where it was broken off.
    pub fn of(answer: &Answer) -> Option<Remembered> {
        if answer.stop == Some(StopReason::Interrupted) {
            return None;
        }
        let text = match (&answer.text, &answer.why_nothing) {
            (Some(text), _) => Ok(text.clone()),
            (None, why) => Err(why.clone().unwrap_or_default()),
        };
        Some(Remembered {
            text,
            score: answer.score,
            is_whole: answer.is_whole,
            import: answer.import.clone(),
            learnable: answer.shown,
        })
    }

    fn n_bytes(&self) -> usize {
        match &self.text {
            Ok(text) | Err(text) => text.len(),
        }
    }
}

impl TypeThrough {
    /// Keeps the suggestions that began at `origin`, what is shown first, in place of any that were
    /// kept for it.
    pub fn remember(&mut self, origin: Origin, shown: Vec<Remembered>) {
        while let Some(idx) = self.entries.iter().position(|entry| entry.origin == origin) {
            self.forget(idx);
        }
        for shown in shown.into_iter().rev() {
            self.n_bytes += shown.n_bytes();
            self.entries.push_front(Entry { origin, shown });
        }
        while self.entries.len() > MAX_ENTRIES || self.n_bytes > MAX_BYTES {
            self.forget(self.entries.len() - 1);
        }
    }

    /// What is known of a place. A suggestion that goes on goes before one that is used up, and
    /// the most recently used before the others: what is shown stays.
    pub fn recall(&mut self, here: &Here<'_>) -> Option<Recalled> {
        let mut fallback = None;
        for idx in 0..self.entries.len() {
            let Entry { origin, shown } = &self.entries[idx];
            let Some(typed) = origin.typed(here, shown.n_bytes()) else {
                continue;
            };
            let text = match &shown.text {
                Ok(text) => text,
                Err(why) => {
                    if typed.text.is_empty() {
                        fallback = fallback.or_else(|| Some(Recalled::Nothing(why.clone())));
                    }
                    continue;
                }
            };
            match typed.rest(text) {
                Some("") if typed.is_closed_behind => {
                    fallback = Some(Recalled::Nothing("the editor has closed it".to_owned()));
                }
                Some("") if shown.is_whole => fallback = Some(Recalled::Whole),
                Some("") | None => {}
                Some(rest) => {
                    let found = Recalled::Rest(Remembered {
                        text: Ok(rest.to_owned()),
                        is_whole: shown.is_whole && !typed.is_closed_behind,
                        import: shown.import.clone(),
                        ..*shown
                    });
                    if let Some(entry) = self.entries.remove(idx) {
                        self.entries.push_front(entry);
                    }
                    return Some(found);
                }
            }
        }
        fallback
    }

    /// Whether something is kept for just this origin.
    pub fn knows(&self, origin: Origin) -> bool {
        self.entries.iter().any(|entry| entry.origin == origin)
    }

    /// Suggestions kept, and bytes in them.
    pub fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.n_bytes)
    }

    fn forget(&mut self, idx: usize) {
        if let Some(entry) = self.entries.remove(idx) {
            self.n_bytes -= entry.shown.n_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::session::Snapshot;

    const SETTING: u64 = 1;

    fn place(fixture: &str) -> (Snapshot, usize) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let mut snapshot = Snapshot::of("a.py", &fixture.replacen("$0", "", 1));
        snapshot.document = 1;
        (snapshot, offset)
    }

    fn suggestion(text: &str) -> Remembered {
        Remembered {
            text: Ok(text.to_owned()),
            score: None,
            is_whole: true,
            import: None,
            learnable: None,
        }
    }

    /// Suggestions at the places where they began; then what is shown at another place.
    #[track_caller]
    fn check(shown: &[(&str, &str)], then: &str, expected: Expect) {
        let mut store = TypeThrough::default();
        for (fixture, text) in shown {
            let (snapshot, offset) = place(fixture);
            let origin = Here::new(&snapshot, offset, SETTING).origin();
            let remembered = match text.strip_prefix("nothing: ") {
                Some(why) => Remembered {
                    text: Err(why.to_owned()),
                    score: None,
                    is_whole: true,
                    import: None,
                    learnable: None,
                },
                None => suggestion(text),
            };
            store.remember(origin, vec![remembered]);
        }
        let (snapshot, offset) = place(then);
        let shown = match store.recall(&Here::new(&snapshot, offset, SETTING)) {
            Some(Recalled::Rest(Remembered { text: Ok(rest), .. })) => {
                then.replacen("$0", &format!("⟦{rest}⟧"), 1)
            }
            Some(Recalled::Nothing(why)) => format!("nothing: {why}"),
            Some(Recalled::Whole) => "whole".to_owned(),
            Some(Recalled::Rest(_)) => unreachable!("a rest has a text"),
            None => "unknown".to_owned(),
        };
        expected.assert_eq(&shown);
    }

    const ASKED: [(&str, &str); 1] = [("import os\nx = $0\ny = 2\n", "total(a, b)")];

    #[test]
    fn it_survives_typing_and_backspacing_and_ends_with_its_last_character() {
        check(
            &ASKED,
            "import os\nx = to$0\ny = 2\n",
            expect![[r#"
            import os
            x = to⟦tal(a, b)⟧
            y = 2
        "#]],
        );
        check(
            &ASKED,
            "import os\nx = $0\ny = 2\n",
            expect![[r#"
            import os
            x = ⟦total(a, b)⟧
            y = 2
        "#]],
        );
        check(
            &ASKED,
            "import os\nx = total(a, b)$0\ny = 2\n",
            expect!["whole"],
        );
    }

    #[test]
    fn other_letters_another_prefix_or_suffix_and_places_before_it_know_nothing() {
        check(&ASKED, "import os\nx = tu$0\ny = 2\n", expect!["unknown"]);
        check(&ASKED, "import re\nx = to$0\ny = 2\n", expect!["unknown"]);
        check(&ASKED, "import os\nx = to$0\ny = 3\n", expect!["unknown"]);
        check(&ASKED, "import os\nx =$0\ny = 2\n", expect!["unknown"]);
        check(&ASKED, "im$0\n", expect!["unknown"]);
    }

    #[test]
    fn backspacing_before_its_start_finds_the_older_one() {
        let both = [("x$0\n", " = total()"), ("x = t$0\n", "uple()")];
        check(
            &both,
            "x = tu$0\n",
            expect![[r#"
            x = tu⟦ple()⟧
        "#]],
        );
        check(
            &both,
            "x =$0\n",
            expect![[r#"
            x =⟦ total()⟧
        "#]],
        );
    }

    #[test]
    fn what_goes_on_goes_before_what_is_used_up() {
        let both = [("x = $0\n", "[1]"), ("x = [1]$0\n", "\ny = 2")];
        check(
            &both,
            "x = [1]$0\n",
            expect![[r#"
            x = [1]⟦
            y = 2⟧
        "#]],
        );
    }

    #[test]
    fn brackets_and_quotes_that_the_editor_closed_are_no_change() {
        let call = [("x = $0\n", "f(a, g(1)) + 1")];
        check(
            &call,
            "x = f($0)\n",
            expect![[r#"
            x = f(⟦a, g(1)⟧)
        "#]],
        );
        check(
            &call,
            "x = f(a, g($0))\n",
            expect![[r#"
            x = f(a, g(⟦1⟧))
        "#]],
        );
        check(
            &call,
            "x = f(a, g(1)$0)\n",
            expect!["nothing: the editor has closed it"],
        );
        check(
            &call,
            "x = f(a, g(1))$0\n",
            expect![[r#"
            x = f(a, g(1))⟦ + 1⟧
        "#]],
        );
        check(
            &[("x = $0\n", "d['key'] or 1")],
            "x = d['k$0']\n",
            expect![[r#"
            x = d['k⟦ey⟧']
        "#]],
        );
    }

    #[test]
    fn silence_holds_for_exactly_the_same_place() {
        let silent = [("x = $0\n", "nothing: the model is not sure enough")];
        check(
            &silent,
            "x = $0\n",
            expect!["nothing: the model is not sure enough"],
        );
        check(&silent, "x = n$0\n", expect!["unknown"]);
    }

    #[test]
    fn text_that_is_no_longer_on_a_character_boundary_is_no_place() {
        check(&[("x = a$0\n", "b")], "x = 🦀b$0\n", expect!["unknown"]);
        check(
            &[("x = $0\n", "'é🦀'")],
            "x = 'é$0\n",
            expect![[r#"
            x = 'é⟦🦀'⟧
        "#]],
        );
    }

    #[test]
    fn another_document_or_setting_knows_nothing() {
        let (snapshot, offset) = place("x = $0\n");
        let mut store = TypeThrough::default();
        let origin = Here::new(&snapshot, offset, SETTING).origin();
        store.remember(origin, vec![suggestion("1")]);
        assert_eq!(
            store.recall(&Here::new(&snapshot, offset, SETTING + 1)),
            None
        );
        let mut other = snapshot.clone();
        other.document = 2;
        assert_eq!(store.recall(&Here::new(&other, offset, SETTING)), None);
        assert!(
            store
                .recall(&Here::new(&snapshot, offset, SETTING))
                .is_some()
        );
    }

    #[test]
    fn it_is_bounded_in_entries_and_bytes() {
        let mut store = TypeThrough::default();
        for n in 0..2000 {
            let (snapshot, offset) = place(&format!("x{n} = $0\n"));
            let text = "x".repeat(n % 7 * 1000);
            let origin = Here::new(&snapshot, offset, SETTING).origin();
            store.remember(origin, vec![suggestion(&text)]);
            let (n_entries, n_bytes) = store.size();
            assert!(n_entries <= MAX_ENTRIES && n_bytes <= MAX_BYTES);
            let counted: usize = store
                .entries
                .iter()
                .map(|entry| entry.shown.n_bytes())
                .sum();
            assert_eq!(n_bytes, counted);
        }
    }
}
