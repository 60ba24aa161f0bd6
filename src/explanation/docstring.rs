//! Docstrings for functions that have none, in the [style] of the repository, as edits.
//!
//! What they say of parameters, results and exceptions is [read off the code](content); the first
//! line is a model's where one is at hand and what it says [holds](summary), else the
//! [name](name) in words. Every edit is tried on the text first: Python must read the docstring
//! that was meant.

mod content;
mod layout;
mod name;
mod room;
mod style;
mod summary;
#[cfg(test)]
mod tests;
mod voice;
mod wrapped;

pub(super) use content::exception;
pub(super) use name::words;
pub use room::Room;
pub use style::{Habit, Style};
pub use summary::Author;
pub(super) use voice::Voice;

use super::facts::{Docstring, Facts, Kind};
use super::source::Source;
use super::study::{Studied, Study};
use super::target::{self, NoTarget};
use crate::completion::Means;
use crate::model::ModelError;
use crate::session::{Edit, Snapshot};
use crate::syntax::depth;
use content::Content;
use layout::Page;

/// A docstring that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The function, such as `Cart.put`.
    pub name: String,
    /// The line of its name, before the edit.
    pub line: usize,
    /// The docstring as Python reads it.
    pub text: String,
    /// Who wrote its first line.
    pub author: Author,
    /// What puts it in.
    pub edit: Edit,
}

/// Why there is no docstring to write, in a sentence to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no function.
    #[error(transparent)]
    NoTarget(#[from] NoTarget),
    /// It has one.
    #[error("{name} has a docstring already (line {line}).")]
    AlreadyThere {
        /// The function.
        name: String,
        /// The docstring's first line.
        line: usize,
    },
    /// All of several have one.
    #[error("Every function here has a docstring already.")]
    AllThere,
    /// An overload speaks to type checkers alone.
    #[error("{name} is an overload; the docstring belongs to its implementation.")]
    Overload {
        /// The function.
        name: String,
    },
    /// The lines are joined, or half-typed.
    #[error(
        "The body of {name} (line {line}) has no line of its own to put a docstring before; put it \
         on the line behind the head."
    )]
    NoRoom {
        /// The function.
        name: String,
        /// Its line.
        line: usize,
    },
}

/// The functions of a study that a docstring can be written for.
///
/// # Errors
/// Where there is none.
pub fn wanted(study: &Study) -> Result<Vec<&Studied>, Refusal> {
    let mut refusals = Vec::new();
    let mut wanted = Vec::new();
    for studied in &study.functions {
        match refusal(studied) {
            Some(refusal) => refusals.push(refusal),
            None => wanted.push(studied),
        }
    }
    match (wanted.is_empty(), refusals.len()) {
        (true, 1) => Err(refusals.remove(0)),
        (true, _) => Err(Refusal::AllThere),
        (false, _) => Ok(wanted),
    }
}

fn refusal(studied: &Studied) -> Option<Refusal> {
    let signature = &studied.facts.signature;
    let name = signature.qualified_name.clone();
    let line = studied.facts.line;
    let is_overload = |text: &str| text.rsplit('.').next() == Some("overload");
    if let Some(docstring) = &studied.facts.docstring {
        let line = docstring.lines.first;
        Some(Refusal::AlreadyThere { name, line })
    } else if signature.decorators.iter().any(|it| is_overload(&it.text)) {
        Some(Refusal::Overload { name })
    } else {
        (studied.room.is_none()).then_some(Refusal::NoRoom { name, line })
    }
}

/// The docstring of a function, from the facts alone: its first line is its name in words.
///
/// # Errors
/// Where it has none to write.
pub fn from_facts(studied: &Studied, habit: &Habit) -> Result<Written, Refusal> {
    let style = style(studied, habit);
    let voice = Voice {
        tongue: &habit.tongue,
        style,
    };
    let summary = name::summary(&voice, &studied.facts);
    with_summary(studied, habit, &summary, Author::Name)
}

/// The docstring of a function of a study, its first line by a model.
///
/// # Errors
/// Where it has none to write; the model's own failure beside what the facts give.
pub async fn by_model(
    study: &Study,
    studied: &Studied,
    snapshot: &Snapshot,
    means: &Means,
    habit: &Habit,
) -> Result<(Written, Option<ModelError>), Refusal> {
    let said = summary::of_model(study, studied, snapshot, means, &habit.tongue).await;
    match said {
        Ok(Some((summary, author))) => Ok((with_summary(studied, habit, &summary, author)?, None)),
        Ok(None) => Ok((from_facts(studied, habit)?, None)),
        Err(error) => Ok((from_facts(studied, habit)?, Some(error))),
    }
}

fn with_summary(
    studied: &Studied,
    habit: &Habit,
    summary: &str,
    author: Author,
) -> Result<Written, Refusal> {
    let facts = &studied.facts;
    let Some(room) = &studied.room else {
        let name = facts.signature.qualified_name.clone();
        let line = facts.line;
        return Err(Refusal::NoRoom { name, line });
    };
    let voice = Voice {
        tongue: &habit.tongue,
        style: style(studied, habit),
    };
    let page = Page {
        width: habit.width.saturating_sub(room.n_columns()).max(24),
        step: room.step(),
        tells_types: habit.tells_types,
    };
    let content = Content::of(&voice, facts);
    let lines = layout::lines(&voice, page, summary, &content);
    Ok(Written {
        name: facts.signature.qualified_name.clone(),
        line: facts.line,
        text: lines.join("\n"),
        author,
        edit: room.edit(&lines, habit.quotes, habit.width),
    })
}

/// The style for a function: the habit's, else a line for what is told by one.
fn style(studied: &Studied, habit: &Habit) -> Style {
    let facts = &studied.facts;
    let otherwise = match is_trivial(facts) {
        true => Style::Line,
        false => Style::Google,
    };
    habit.style.unwrap_or(otherwise)
}

/// Statements of a function that one line tells, at most.
const TRIVIAL: usize = 2;

fn is_trivial(facts: &Facts) -> bool {
    let is_property = facts.signature.kind == Kind::Property;
    let n_parameters = content::spoken_of(facts).count();
    facts.exceptions.raises.is_empty()
        && facts.n_statements <= TRIVIAL
        && (is_property || n_parameters == 0)
}

/// A text with its docstrings. Those that Python would not read as they were meant are left out,
/// and returned.
pub fn applied(text: &str, written: Vec<Written>) -> (String, Vec<Written>, Vec<Refusal>) {
    let whole = inserted(text, &written);
    if reads(&whole, &written) {
        return (whole, written, Vec::new());
    }
    let (kept, lost): (Vec<Written>, Vec<Written>) = written.into_iter().partition(|one| {
        reads(
            &inserted(text, std::slice::from_ref(one)),
            std::slice::from_ref(one),
        )
    });
    let refusals = lost.into_iter().map(|one| Refusal::NoRoom {
        name: one.name,
        line: one.line,
    });
    (inserted(text, &kept), kept, refusals.collect())
}

fn inserted(text: &str, written: &[Written]) -> String {
    let mut edits: Vec<&Edit> = written.iter().map(|one| &one.edit).collect();
    edits.sort_by_key(|edit| edit.range.start);
    let mut whole = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        whole.push_str(&text[at..edit.range.start]);
        whole.push_str(&edit.text);
        at = edit.range.end;
    }
    whole + &text[at..]
}

/// Whether each docstring is there, as it was meant.
fn reads(text: &str, written: &[Written]) -> bool {
    let read = depth::with_room(|| {
        let source = Source::parse(text);
        let functions = target::functions(&source);
        let mut found: Vec<(String, String)> = functions
            .iter()
            .filter_map(|one| {
                let docstring = Docstring::of(&one.def.body, &source)?;
                Some((one.qualified_name(), words_of(&docstring.text)))
            })
            .collect();
        written.iter().all(|one| {
            let meant = (one.name.clone(), words_of(&one.text));
            let at = found.iter().position(|it| *it == meant);
            at.map(|at| found.swap_remove(at)).is_some()
        })
    });
    read.unwrap_or(false)
}

/// Lines without what is before and behind them: tabs are read as blanks.
fn words_of(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}
