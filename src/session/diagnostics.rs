//! What other tools said is wrong with the open documents. A language server is not told of the
//! diagnostics of others, so an editor's client passes them on.

use std::collections::HashMap;

use super::Change;

/// Diagnostics kept of one document.
const MOST: usize = 256;

/// Bytes kept of a message.
const MESSAGE: usize = 160;

/// Something wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// The line, counted from 0, as it is numbered now.
    pub line: usize,
    /// What is wrong; one line.
    pub message: String,
}

impl Diagnostic {
    /// The first line of a message, as far as it is worth showing.
    pub fn new(line: usize, message: &str) -> Diagnostic {
        let first = message.trim().lines().next().unwrap_or_default();
        let mut end = first.len().min(MESSAGE);
        while !first.is_char_boundary(end) {
            end -= 1;
        }
        Diagnostic {
            line,
            message: first[..end].to_owned(),
        }
    }
}

/// The diagnostics of all documents.
#[derive(Debug, Default)]
pub struct Diagnostics {
    by_document: HashMap<String, Vec<Told>>,
    /// The document and line that were typed in last.
    typed: Option<(String, usize)>,
}

/// A diagnostic, and the URI it was told for: the document itself, or a cell of it.
#[derive(Debug)]
struct Told {
    of: String,
    diagnostic: Diagnostic,
}

impl Diagnostics {
    /// Takes what is wrong with a text now, in place of what was; `of` is its URI, and `document`
    /// that of the document it lies in, whose lines are meant. Of the line being typed nothing is
    /// taken: what is wrong with it is that it is not done.
    pub fn tell(&mut self, document: &str, of: &str, found: Vec<Diagnostic>) {
        let told = self.by_document.entry(document.to_owned()).or_default();
        told.retain(|told| told.of != of);
        let typed = self.typed.as_ref().filter(|(uri, _)| uri == document);
        let typed = typed.map(|(_, line)| *line);
        let news = found
            .into_iter()
            .filter(|diagnostic| typed != Some(diagnostic.line) && !diagnostic.message.is_empty())
            .map(|diagnostic| Told {
                of: of.to_owned(),
                diagnostic,
            });
        told.extend(news);
        told.sort_by_key(|told| told.diagnostic.line);
        told.truncate(MOST);
    }

    /// Lines were edited: what was wrong with them may be so no longer, and others move.
    pub fn edited(&mut self, document: &str, change: Change) {
        self.typed = Some((document.to_owned(), change.line + change.n_inserted));
        let Some(told) = self.by_document.get_mut(document) else {
            return;
        };
        let edited = change.line..=change.line + change.n_removed;
        told.retain(|told| !edited.contains(&told.diagnostic.line));
        for told in told {
            let line = &mut told.diagnostic.line;
            if *line > change.line {
                *line = *line - change.n_removed + change.n_inserted;
            }
        }
    }

    /// Forgets a document.
    pub fn forget(&mut self, document: &str) {
        self.by_document.remove(document);
    }

    /// What is known to be wrong with a document, from the top.
    pub fn of(&self, document: &str) -> impl Iterator<Item = &Diagnostic> {
        let told = self.by_document.get(document).into_iter().flatten();
        told.map(|told| &told.diagnostic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(line: usize, n_removed: usize, n_inserted: usize) -> Change {
        Change {
            line,
            n_removed,
            n_inserted,
        }
    }

    fn tell(diagnostics: &mut Diagnostics, of: &str, lines: &[usize]) {
        let found = lines.iter().map(|line| Diagnostic::new(*line, "bad"));
        diagnostics.tell("a", of, found.collect());
    }

    #[track_caller]
    fn check(diagnostics: &Diagnostics, expected: &[usize]) {
        let lines: Vec<_> = diagnostics.of("a").map(|found| found.line).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn they_move_with_their_lines_and_go_when_those_are_edited() {
        let mut diagnostics = Diagnostics::default();
        tell(&mut diagnostics, "a", &[1, 4, 5, 9]);
        diagnostics.edited("a", change(2, 0, 3));
        check(&diagnostics, &[1, 7, 8, 12]);
        diagnostics.edited("a", change(7, 1, 0));
        check(&diagnostics, &[1, 11]);
        diagnostics.edited("b", change(0, 0, 5));
        check(&diagnostics, &[1, 11]);
        diagnostics.forget("a");
        check(&diagnostics, &[]);
    }

    #[test]
    fn the_line_being_typed_is_not_done_rather_than_wrong() {
        let mut diagnostics = Diagnostics::default();
        diagnostics.edited("a", change(3, 0, 0));
        tell(&mut diagnostics, "a", &[2, 3]);
        check(&diagnostics, &[2]);
        diagnostics.edited("a", change(8, 0, 0));
        tell(&mut diagnostics, "a", &[2, 3]);
        check(&diagnostics, &[2, 3]);
    }

    #[test]
    fn each_cell_has_its_own() {
        let mut diagnostics = Diagnostics::default();
        tell(&mut diagnostics, "cell 2", &[6]);
        tell(&mut diagnostics, "cell 1", &[0, 1]);
        check(&diagnostics, &[0, 1, 6]);
        tell(&mut diagnostics, "cell 1", &[]);
        check(&diagnostics, &[6]);
    }

    #[test]
    fn a_message_is_one_short_line() {
        let message = format!("  {}\nmore", "é".repeat(200));
        assert_eq!(Diagnostic::new(0, &message).message, "é".repeat(80));
        assert_eq!(Diagnostic::new(0, "").message, "");
    }
}
