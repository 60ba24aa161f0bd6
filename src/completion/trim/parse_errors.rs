//! A completion must not break the file.

mod fillers;

use std::sync::atomic::{AtomicUsize, Ordering};

use fillers::{FILLERS, QUOTES, headers};

use super::{Draft, Verdict, closers};
use crate::syntax::{Open, Opened};

/// Places that are tried to cut back to, at most.
const MAX_CUTS: usize = 8;

/// What may stand behind the closers of what is open at the cursor.
const TAILS: [&str; 4] = ["", ",", ":", ": ..."];

/// Index of the filler that fitted last.
static LAST: AtomicUsize = AtomicUsize::new(0);

/// Cuts back to the last place that adds no syntax error to the text around the cursor; drops the
/// answer where there is none.
///
/// Python's own rules decide. What the person left unfinished is not held against the answer: the
/// errors of the text without it, a docstring open at the cursor, brackets open there where the line
/// visibly goes on, the body of a header begun before it. What else is open when the line ends must be
/// closed by what follows.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let text = draft.text.trim_end();
    if text.is_empty()
        || draft
            .language
            .is_none_or(|language| language.id != "python")
        || draft.is_prose() && !leaves_string_open(draft)
    {
        return Verdict::Keep;
    }
    let refused = refusals(draft, text, "");
    // A text without errors needs no comparison; most answers end here.
    if refused.is_empty() {
        return Verdict::Keep;
    }
    let found;
    let place = match draft.memo {
        Some(memo) => memo.unfinished.get_or_init(|| Place::of(draft)),
        None => {
            found = Place::of(draft);
            &found
        }
    };
    if refused.len() <= place.n_errors || place.fits_finished(draft, text) {
        return Verdict::Keep;
    }
    let first_error = refused
        .iter()
        .find_map(|at| at.checked_sub(draft.before.len()))
        .unwrap_or(text.len());
    let mut ends = ends(text, place);
    ends.retain(|end| *end <= first_error);
    for end in ends.into_iter().rev().take(MAX_CUTS) {
        if place.fits(draft, &text[..end]) {
            return Verdict::Cut(end);
        }
    }
    Verdict::Drop("it would break the syntax")
}

/// Whether the line ends in a string that has to end with it.
fn leaves_string_open(draft: &Draft<'_>) -> bool {
    let mut open = closers::at_cursor(draft);
    open.read(draft.line_after());
    open.stack.iter().any(|open| {
        matches!(
            open,
            Opened::Quote {
                is_triple: false,
                ..
            }
        )
    })
}

/// The text around the cursor without the answer.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Errors that are not the answer's.
    n_errors: usize,
    /// What is open at the cursor.
    open: Open,
    /// What of it the rest of the line does not close.
    unclosed: Vec<Opened>,
}

impl Place {
    fn of(draft: &Draft<'_>) -> Place {
        let open = closers::at_cursor(draft);
        let mut unclosed = open.stack.clone();
        closers::close(&mut unclosed, draft.line_after());
        let closers = closers_of(&unclosed);
        // In a string no filler but a quote is code; each costs a parse.
        let (n_fillers, n_finished, headers) = match open.is_in_text() {
            true => (1, 1, Vec::new()),
            false => (FILLERS.len(), 2, headers(draft.line_before())),
        };
        let as_it_is = FILLERS[..n_fillers]
            .iter()
            .copied()
            .chain(QUOTES)
            .chain(headers.iter().map(String::as_str))
            .map(|filler| [filler, "", ""]);
        let finished = FILLERS[..n_finished]
            .iter()
            .flat_map(|filler| TAILS.map(|tail| [*filler, closers.as_str(), tail]));
        let finished = finished.filter(|_| !closers.is_empty());
        let fillers: Vec<[&str; 3]> = as_it_is.chain(finished).collect();
        let with = |filler: &[&str; 3]| refusals(draft, &filler.concat(), "").len();
        // What fitted at the last key mostly fits at this one. The order changes nothing else.
        let last = LAST.load(Ordering::Relaxed);
        let mut n_errors = fillers.get(last).map_or(usize::MAX, with);
        if n_errors > 0 {
            n_errors = n_errors.min(blank_line(draft));
        }
        for (idx, filler) in fillers.iter().enumerate() {
            if n_errors == 0 {
                break;
            }
            n_errors = n_errors.min(with(filler));
            if n_errors == 0 {
                LAST.store(idx, Ordering::Relaxed);
            }
        }
        Place {
            n_errors,
            open,
            unclosed,
        }
    }

    /// Whether `text` adds no error.
    fn fits(&self, draft: &Draft<'_>, text: &str) -> bool {
        refusals(draft, text, "").len() <= self.n_errors || self.fits_finished(draft, text)
    }

    /// Whether `text` adds no error once what the person began is finished behind it.
    fn fits_finished(&self, draft: &Draft<'_>, text: &str) -> bool {
        let mut open = self.open.clone();
        open.read(text);
        closers::close(&mut open.stack, draft.line_after());
        let goes_on = text.ends_with([',', '(', '[', '{']);
        let is_block = |open: &Opened| {
            matches!(
                open,
                Opened::Quote {
                    is_triple: true,
                    ..
                }
            )
        };
        if !self.unclosed.starts_with(&open.stack)
            || !open.stack.iter().all(|open| goes_on || is_block(open))
        {
            return false;
        }
        let mut finish = closers_of(&open.stack);
        let before = draft.line_before();
        let is_header = text.ends_with(':') || text.is_empty() && before.trim_end().ends_with(':');
        if finish.is_empty()
            && is_header
            && !text.contains('\n')
            && !before.trim().is_empty()
            && draft.line_after().trim().is_empty()
        {
            let indent = &before[..before.len() - before.trim_start().len()];
            finish = format!("\n{indent} ...");
        }
        !finish.is_empty() && refusals(draft, text, &finish).len() <= self.n_errors
    }
}

/// Where Python refuses the site with `text` and `finish` at the cursor.
fn refusals(draft: &Draft<'_>, text: &str, finish: &str) -> Vec<usize> {
    let whole = [draft.before, text, finish, draft.after].concat();
    draft.refusals(&whole)
}

/// Errors that stay when the line being typed is blank, or a finished statement.
fn blank_line(draft: &Draft<'_>) -> usize {
    let line = draft.line_before();
    let before = &draft.before[..draft.before.len() - line.len()];
    let indent = &line[..line.len() - line.trim_start().len()];
    let after = draft.after.find('\n').map_or("", |at| &draft.after[at..]);
    let mut n_errors = usize::MAX;
    for statement in ["", "pass"] {
        if n_errors > 0 {
            let whole = [before, indent, statement, after].concat();
            n_errors = n_errors.min(draft.refusals(&whole).len());
        }
    }
    n_errors
}

fn closers_of(stack: &[Opened]) -> String {
    stack.iter().rev().map(|open| open.closer()).collect()
}

/// Places where a text may be cut, in its order: ends of lines and, in the first of them, of words,
/// brackets and strings, that leave nothing open but what was open at the cursor.
fn ends(text: &str, place: &Place) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut open = place.open.clone();
    let mut ends = Vec::new();
    let mut read = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let next = text[end..].chars().next();
        let ends_word = is_word(c) && !next.is_some_and(is_word);
        if !ends_word && !")]}'\":".contains(c) {
            continue;
        }
        open.read(&text[read..end]);
        read = end;
        let in_text = open.is_in_text() && !place.open.is_in_text();
        // Half a line below the first is of no use to anybody.
        let is_whole = next.is_none_or(|c| c == '\n') || !text[..end].contains('\n');
        if is_whole && !in_text && place.open.stack.starts_with(&open.stack) {
            ends.push(end);
        }
    }
    ends
}

#[cfg(test)]
mod tests;
