//! The clean-up rules: what a model wrote becomes what a person would accept.
//!
//! One rule, one file, its test beneath. The rules run in the order of [`RULES`]; the first that
//! drops ends it, a cut goes on with the shorter text.

mod block_end;
mod closers;
mod indentation;
pub mod names;
mod parse_errors;
mod repeated_suffix;
mod repetition;
mod trivial;
mod whitespace;

use std::sync::OnceLock;

use grammars::Language;
use serde::Serialize;

use crate::completion::Surroundings;
use crate::completion::trigger::Extent;
use crate::session::Snapshot;
use crate::syntax;

pub use block_end::Watch;
pub use names::MissingImport;

/// An answer as it stands, with what surrounds it.
#[derive(Clone)]
pub struct Draft<'a> {
    /// Text before the cursor, from a line start.
    pub before: &'a str,
    /// Text after the cursor.
    pub after: &'a str,
    /// What the model wrote so far.
    pub text: String,
    /// Bytes of the text up to where a [`Watch`] saw it end.
    pub seen_end: Option<usize>,
    /// How far it may go.
    pub extent: Extent,
    /// The language, if known.
    pub language: Option<&'static Language>,
    /// The document and what is known beyond it; `None` where there is only the excerpt.
    pub around: Option<Around<'a>>,
    /// What the rules have found out about the place, for all drafts at it.
    pub memo: Option<&'a Memo>,
}

/// What is known of a place once one draft at it was judged.
#[derive(Debug, Clone, Default)]
pub struct Memo {
    unfinished: OnceLock<parse_errors::Place>,
}

/// Where a draft stands, for rules that need more than the excerpt.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The whole document, without the draft.
    pub snapshot: &'a Snapshot,
    /// Byte offset of the cursor in it.
    pub offset: usize,
    /// What is known beyond it.
    pub surroundings: &'a Surroundings,
}

impl Draft<'_> {
    /// The cursor's line before the cursor.
    pub fn line_before(&self) -> &str {
        self.before.rsplit('\n').next().unwrap_or_default()
    }

    /// Whether it goes on with a string or a comment and does not leave it: whatever it says is no
    /// code.
    fn is_prose(&self) -> bool {
        let leaves = |c: char| "\"'\\{}\n\r".contains(c);
        !self.text.contains(leaves) && closers::at_cursor(self).is_in_text()
    }

    /// The cursor's line after the cursor.
    pub fn line_after(&self) -> &str {
        self.after.lines().next().unwrap_or_default()
    }

    /// Where Python, or a notebook of it, refuses a text that stands where this draft does.
    pub fn refusals(&self, text: &str) -> Vec<usize> {
        let is_notebook = (self.around.as_ref())
            .is_some_and(|around| syntax::ipython::is_notebook(&around.snapshot.path));
        syntax::refusals_as(text, is_notebook)
    }
}

/// What a rule says of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// Leave it.
    Keep,
    /// Keep so many bytes of it.
    Cut(usize),
    /// Leave it, and bring in what it needs.
    Import(MissingImport),
    /// Show nothing; the text says why.
    Drop(&'static str),
}

/// A clean-up rule.
pub struct Rule {
    /// Its name, as `midfill complete --json` shows it.
    pub name: &'static str,
    judge: fn(&Draft<'_>) -> Verdict,
}

/// The rules, in order.
pub static RULES: [Rule; 9] = [
    Rule {
        name: "block_end",
        judge: block_end::judge,
    },
    Rule {
        name: "repeated_suffix",
        judge: repeated_suffix::judge,
    },
    Rule {
        name: "repetition",
        judge: repetition::judge,
    },
    Rule {
        name: "indentation",
        judge: indentation::judge,
    },
    Rule {
        name: "closers",
        judge: closers::judge,
    },
    Rule {
        name: "parse_errors",
        judge: parse_errors::judge,
    },
    Rule {
        name: "names",
        judge: names::judge,
    },
    Rule {
        name: "whitespace",
        judge: whitespace::judge,
    },
    Rule {
        name: "trivial",
        judge: trivial::judge,
    },
];

/// A rule that changed the answer, and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// The rule's name.
    pub rule: &'static str,
    /// What it said.
    pub verdict: Verdict,
}

/// Runs all rules. The draft's text is what is left of it; `false` means that nothing is to be
/// shown. The rules that said something are listed.
///
/// `uses` tells of a rule's name whether it is in use.
pub fn trim(draft: &mut Draft<'_>, uses: impl Fn(&str) -> bool) -> (bool, Vec<Applied>) {
    let mut applied = Vec::new();
    for rule in RULES.iter().filter(|rule| uses(rule.name)) {
        let verdict = (rule.judge)(draft);
        match verdict {
            Verdict::Keep => continue,
            Verdict::Cut(end) => draft.text.truncate(end),
            Verdict::Import(_) | Verdict::Drop(_) => {}
        }
        let dropped = matches!(verdict, Verdict::Drop(_));
        applied.push(Applied {
            rule: rule.name,
            verdict,
        });
        if dropped {
            return (false, applied);
        }
    }
    (true, applied)
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// `before$0after` and what the model says; shows the line the way an editor would, the
    /// completion between ⟦ ⟧, or why there is none.
    pub(crate) fn judged(
        judge: fn(&Draft<'_>) -> Verdict,
        fixture: &str,
        extent: Extent,
        says: &str,
    ) -> String {
        let (before, after) = fixture.split_once("$0").expect("the fixture has a cursor");
        let draft = Draft {
            before,
            after,
            text: says.to_owned(),
            seen_end: None,
            extent,
            language: Language::from_id("python"),
            around: None,
            memo: None,
        };
        match judge(&draft) {
            Verdict::Keep => format!("{before}⟦{says}⟧{after}"),
            Verdict::Import(missing) => {
                format!("{before}⟦{says}⟧{after}and {}", missing.statement)
            }
            Verdict::Cut(end) => format!("{before}⟦{}⟧{after}", &says[..end]),
            Verdict::Drop(why) => format!("nothing: {why}"),
        }
    }
}
