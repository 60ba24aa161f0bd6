//! A notebook: its cells in order, and the one text that they make together.
//!
//! Completion knows nothing of cells. It works on the joined text, a [`Document`](super::Document)
//! like any other; every change here comes with the edits that make the old joined text the new
//! one, as small as they can be, so that tree and KV cache stay.
//!
//! Code cells are joined as Python reads them, see [`ipython`]. Markdown cells
//! become comments, as in the scripts that notebooks are exported to and that code models were
//! trained on: a heading above a cell is the best description of the code in it. Of a long one the
//! end stands, next to the code. Cells in other languages are left out.

use std::collections::HashMap;
use std::ops::Range;

use ropey::Rope;

use super::Edit;
use crate::syntax::ipython;

/// Between two cells, as between two paragraphs of a script.
const BETWEEN: &str = "\n\n";

/// Lines of a Markdown cell that are shown, its last.
const MARKDOWN_LINES: usize = 8;

/// A cell in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The URI of its text.
    pub uri: String,
    /// Whether it holds code, and not text to read.
    pub is_code: bool,
}

/// The text of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellText {
    /// The language identifier that the client gave.
    pub language_id: String,
    /// As the user sees it.
    pub text: Rope,
}

/// A cell's part of the joined text.
#[derive(Debug, Default)]
struct Part {
    /// `None` for a cell that is left out.
    shown: Option<String>,
    /// Where there is nothing to complete.
    commands: Vec<Range<usize>>,
    takes_code: bool,
    /// From which byte on lines of Python can be inserted: behind the cell's magic. `None` where
    /// that makes something else of the whole cell, as `%%bash` does.
    lines_from: Option<usize>,
}

/// Where a cell lies in the joined text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellPlace {
    /// Byte offset of its start.
    pub start: usize,
    /// The text as the user sees it: as long as its part of the joined text if it is code.
    pub text: Rope,
}

/// A notebook.
#[derive(Default)]
pub struct Notebook {
    order: Vec<Listed>,
    /// One for each cell of `order`.
    parts: Vec<Part>,
    /// A cell that moves is gone for a moment, and its text is not: hence by URI.
    texts: HashMap<String, CellText>,
}

impl Notebook {
    /// A notebook as an editor opened it.
    pub fn new(
        order: Vec<Listed>,
        texts: impl IntoIterator<Item = (String, CellText)>,
    ) -> Notebook {
        let mut notebook = Notebook {
            order,
            parts: Vec::new(),
            texts: texts.into_iter().collect(),
        };
        notebook.render();
        notebook
    }

    /// The text of all cells.
    pub fn joined(&self) -> String {
        let shown: Vec<&str> = self.shown().map(|(_, text)| text).collect();
        match shown.is_empty() {
            true => String::new(),
            false => format!("{}\n", shown.join(BETWEEN)),
        }
    }

    /// URIs of all cells that have a text.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Replaces cells of the list, after texts were `opened` and before others are `closed`. A range
    /// beyond the list's end is brought back into it. Returns the edit of the joined text.
    pub fn restructure(
        &mut self,
        replaced: Range<usize>,
        cells: Vec<Listed>,
        opened: Vec<(String, CellText)>,
        closed: &[String],
    ) -> Option<Edit> {
        self.updated(|notebook| {
            let n_cells = notebook.order.len();
            let start = replaced.start.min(n_cells);
            let end = replaced.end.clamp(start, n_cells);
            if (start..end) != replaced {
                tracing::warn!(
                    ?replaced,
                    n_cells,
                    "the client replaced cells that the notebook does not have"
                );
            }
            notebook.order.splice(start..end, cells);
            for uri in closed {
                notebook.texts.remove(uri);
            }
            notebook.texts.extend(opened);
        })
    }

    /// Tells what kinds cells are of now; most often nothing of that has changed, for a client also
    /// tells of a cell that was run. Returns the edit of the joined text.
    pub fn set_kinds(&mut self, cells: &[Listed]) -> Option<Edit> {
        let kind = |listed: &Listed| {
            let new = cells.iter().find(|cell| cell.uri == listed.uri);
            new.map_or(listed.is_code, |cell| cell.is_code)
        };
        if self
            .order
            .iter()
            .all(|listed| kind(listed) == listed.is_code)
        {
            return None;
        }
        self.updated(|notebook| {
            for listed in &mut notebook.order {
                listed.is_code = kind(listed);
            }
        })
    }

    /// The text of a cell, as the user sees it.
    pub fn text(&self, uri: &str) -> Option<&Rope> {
        self.texts.get(uri).map(|cell| &cell.text)
    }

    /// Edits a cell. Returns the edits of the joined text, each for the text that the one before
    /// leaves: most often the very same edit.
    pub fn edit(&mut self, uri: &str, edit: &Edit) -> Vec<Edit> {
        let Some(cell) = self.texts.get_mut(uri) else {
            return Vec::new();
        };
        let Range { start, end } = edit.range;
        let (from, to) = (cell.text.byte_to_char(start), cell.text.byte_to_char(end));
        cell.text.remove(from..to);
        cell.text.insert(from, &edit.text);
        let Some(at) = self.order.iter().position(|listed| listed.uri == uri) else {
            return Vec::new();
        };
        if !self.parts[at].takes_code {
            // Prose may begin to be shown, or cease to be.
            return self.updated(|_| ()).into_iter().collect();
        }
        let base = self.start(at);
        let part = render(&self.order[at], self.texts.get(uri));
        let before = std::mem::replace(&mut self.parts[at], part).shown;
        let mut before = before.unwrap_or_default();
        let after = self.parts[at].shown.as_deref().unwrap_or_default();
        // The same edit first, so that the place of the typing is known exactly, and then what else
        // came of it: a line that has become a command.
        let mut edits = Vec::new();
        let is_boundary = before.is_char_boundary(start) && before.is_char_boundary(end);
        if let Some(text) = after.get(start..start + edit.text.len())
            && is_boundary
        {
            before.replace_range(start..end, text);
            edits.push(Edit {
                range: start..end,
                text: text.to_owned(),
            });
        }
        edits.extend(difference(&before, after));
        for edit in &mut edits {
            edit.range = edit.range.start + base..edit.range.end + base;
        }
        edits
    }

    /// Where a cell lies in the joined text. One that is left out lies where it would.
    pub fn place(&self, uri: &str) -> Option<CellPlace> {
        let at = self.order.iter().position(|listed| listed.uri == uri)?;
        Some(CellPlace {
            start: self.start(at),
            text: self.texts.get(uri)?.text.clone(),
        })
    }

    /// Why nothing is to be completed at a byte offset of a cell, if so.
    pub fn silence(&self, uri: &str, offset: usize) -> Option<&'static str> {
        let at = self.order.iter().position(|listed| listed.uri == uri)?;
        let part = &self.parts[at];
        if !part.takes_code {
            return Some("this cell holds no Python");
        }
        part.commands
            .iter()
            .any(|command| command.start < offset && offset <= command.end)
            .then_some("here stands a command of IPython")
    }

    /// The edit of a code cell that does what an edit of the joined text would do that inserts whole
    /// lines. Lines between cells go behind the code before them, and from prose to the code behind
    /// it. `None` if there is no code.
    pub fn insertion(&self, edit: Edit) -> Option<(&str, Edit)> {
        let Range { start: from, end } = edit.range;
        let lines = edit.text.trim_matches(['\r', '\n']);
        let insert = |at: usize, text: String| Edit {
            range: at..at,
            text,
        };
        let mut behind = None;
        for (at, text) in self.shown() {
            let Some(first) = self.parts[at].lines_from else {
                continue;
            };
            let (uri, start) = (self.order[at].uri.as_str(), self.start(at));
            let own = start + text.len();
            if from < start + first {
                let is_empty = text[first..].trim().is_empty();
                let gap = if is_empty { "" } else { "\n" };
                return Some((uri, insert(first, format!("{lines}\n{gap}"))));
            }
            if from <= own {
                let range = from - start..end.min(own) - start;
                let text = edit.text;
                return Some((uri, Edit { range, text }));
            }
            let text_behind = format!("\n{}", edit.text.trim_end_matches(['\r', '\n']));
            behind = Some((uri, insert(text.len(), text_behind)));
            if from == own + 1 {
                break;
            }
        }
        behind
    }

    /// Parts that are shown, with their places in the list.
    fn shown(&self) -> impl Iterator<Item = (usize, &str)> {
        let parts = self.parts.iter().enumerate();
        parts.filter_map(|(at, part)| Some((at, part.shown.as_deref()?)))
    }

    /// The byte offset at which a cell's part starts.
    fn start(&self, at: usize) -> usize {
        let before = self.shown().take_while(|(n, _)| *n < at);
        before.map(|(_, text)| text.len() + BETWEEN.len()).sum()
    }

    fn render(&mut self) {
        let part = |listed: &Listed| render(listed, self.texts.get(&listed.uri));
        self.parts = self.order.iter().map(part).collect();
    }

    fn updated(&mut self, change: impl FnOnce(&mut Notebook)) -> Option<Edit> {
        let before = self.joined();
        change(self);
        self.render();
        difference(&before, &self.joined())
    }
}

/// A cell's part of the joined text. Of a cell whose text the client did not send there is none.
fn render(listed: &Listed, cell: Option<&CellText>) -> Part {
    let Some(cell) = cell else {
        return Part::default();
    };
    match (listed.is_code, cell.language_id.as_str()) {
        (true, "python") => {
            let rewritten = ipython::as_python(&cell.text.to_string());
            Part {
                shown: Some(rewritten.text),
                commands: rewritten.commands,
                takes_code: true,
                lines_from: rewritten.lines_from,
            }
        }
        (true, _) => Part::default(),
        (false, _) => Part {
            shown: comment(&cell.text.to_string()),
            ..Part::default()
        },
    }
}

/// The end of a Markdown text as a comment; `None` if there is nothing in it.
fn comment(markdown: &str) -> Option<String> {
    let lines: Vec<&str> = markdown
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let end = &lines[lines.len().saturating_sub(MARKDOWN_LINES)..];
    let commented: Vec<String> = end.iter().map(|line| format!("# {line}")).collect();
    (!commented.is_empty()).then(|| commented.join("\n"))
}

/// The one edit that makes `before` into `after`.
fn difference(before: &str, after: &str) -> Option<Edit> {
    if before == after {
        return None;
    }
    let same = |(a, b): &(u8, u8)| a == b;
    let mut start = before.bytes().zip(after.bytes()).take_while(same).count();
    while !(before.is_char_boundary(start) && after.is_char_boundary(start)) {
        start -= 1;
    }
    let (old, new) = (&before[start..], &after[start..]);
    let mut n_same = old
        .bytes()
        .rev()
        .zip(new.bytes().rev())
        .take_while(same)
        .count();
    while !(old.is_char_boundary(old.len() - n_same) && new.is_char_boundary(new.len() - n_same)) {
        n_same -= 1;
    }
    Some(Edit {
        range: start..before.len() - n_same,
        text: new[..new.len() - n_same].to_owned(),
    })
}

#[cfg(test)]
mod tests;
