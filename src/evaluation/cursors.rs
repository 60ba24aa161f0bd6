//! Random cursors in code, by task.

use std::collections::BTreeMap;
use std::ops::Range;

use grammars::Language;
use serde::Serialize;

use super::Source;
use super::cross_file::{self, Definitions};
use crate::completion::trigger::Extent;
use crate::seeded::Seeded;
use crate::syntax;

/// Lines a file must have to be drawn from.
const MIN_LINES: usize = 10;

/// What is asked at a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// From a random character of a code line: the rest of the line.
    Line,
    /// On an empty line, behind its indentation: a statement of one line.
    Next,
    /// On an empty line, behind its indentation: a statement of two to eight lines.
    Block,
    /// From a character at or before a name that another file of the repository defines: the rest
    /// of the line.
    CrossFile,
}

/// A cursor and what the author wrote there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// What is asked.
    pub task: Task,
    /// Index of the source.
    pub source_idx: usize,
    /// Byte offset of the cursor in the source's text.
    pub offset: usize,
    /// What stands from the cursor to the end of the line or statement, without blanks at the end.
    pub gold: String,
}

impl Cursor {
    /// The text as it is while the author types: what is asked for is not there yet.
    pub fn text(&self, source: &Source) -> String {
        let gold_end = self.offset + self.gold.len();
        let line_end = source.text[gold_end..]
            .find('\n')
            .map_or(source.text.len(), |at| gold_end + at);
        format!(
            "{}{}",
            &source.text[..self.offset],
            &source.text[line_end..]
        )
    }

    /// How far an answer goes.
    pub fn extent(&self) -> Extent {
        match self.task {
            Task::Line | Task::CrossFile => Extent::Line,
            Task::Next | Task::Block => Extent::Block,
        }
    }
}

/// Draws `n` cursors of the rest-of-line task; see [`draw_for`].
pub fn draw(sources: &[Source], n: usize, seed: u64) -> Vec<Cursor> {
    draw_for(Task::Line, sources, n, seed)
}

/// Draws `n` cursors: the repositories in turn, so that a large one does not outweigh the others; a
/// file in it; a place in the file that suits the task. Blank lines and pure comments are passed
/// over; at least one character that is not blank is left to write. Files under 10 lines are
/// passed over. Fewer than `n` come back where there are no more to be had.
pub fn draw_for(task: Task, sources: &[Source], n: usize, seed: u64) -> Vec<Cursor> {
    let mut by_repo: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (source_idx, source) in sources.iter().enumerate() {
        if source.text.lines().count() >= MIN_LINES {
            by_repo.entry(&source.repo).or_default().push(source_idx);
        }
    }
    let definitions = (task == Task::CrossFile).then(|| Definitions::of(sources));
    let mut seeded = Seeded::new(seed);
    let mut cursors = Vec::with_capacity(n);
    // A draw may land on a blank line or a comment; real code fails far less often than this.
    for (_, in_repo) in by_repo.iter().cycle().take(n * 100) {
        if cursors.len() == n {
            break;
        }
        // A repository whose draw fails has its turn again at once.
        cursors.extend((0..20).find_map(|_| {
            let source_idx = in_repo[seeded.below(in_repo.len())];
            match (task, &definitions) {
                (Task::CrossFile, Some(definitions)) => {
                    cross_file::draw(sources, source_idx, definitions, &mut seeded)
                }
                (Task::Next | Task::Block, _) => {
                    statement(task, &sources[source_idx], source_idx, &mut seeded)
                }
                _ => in_source(sources, source_idx, &mut seeded),
            }
        }));
    }
    cursors
}

/// A random cursor in one source; `None` where the line drawn is blank or a comment.
fn in_source(sources: &[Source], source_idx: usize, seeded: &mut Seeded) -> Option<Cursor> {
    let lines: Vec<&str> = sources[source_idx].text.split('\n').collect();
    let line_idx = seeded.below(lines.len());
    let line = lines[line_idx].trim_end();
    let code = line.trim_start();
    if code.is_empty() || code.starts_with('#') {
        return None;
    }
    let indent = line.len() - code.len();
    let places: Vec<usize> = code.char_indices().map(|(at, _)| indent + at).collect();
    let column = places[seeded.below(places.len())];
    let gold = line[column..].to_owned();
    if gold.trim().is_empty() {
        return None;
    }
    let line_start: usize = lines[..line_idx].iter().map(|line| line.len() + 1).sum();
    Some(Cursor {
        task: Task::Line,
        source_idx,
        offset: line_start + column,
        gold,
    })
}

/// A random statement that fills whole lines, as many as the task wants.
fn statement(
    task: Task,
    source: &Source,
    source_idx: usize,
    seeded: &mut Seeded,
) -> Option<Cursor> {
    let python = Language::from_id("python")?;
    let text = &source.text;
    let tree = syntax::parse_str(python, text)?;
    let n_lines = match task {
        Task::Next => 1..=1,
        _ => 2..=8,
    };
    let mut found = Vec::new();
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        let mut walk = node.walk();
        for child in node.children(&mut walk) {
            let is_statement = matches!(node.kind(), "module" | "block")
                && child.is_named()
                && child.kind() != "comment"
                && !child.has_error();
            let range = child.byte_range();
            let lines = text[range.clone()].trim_end().lines().count();
            if is_statement && n_lines.contains(&lines) && fills_its_lines(text, &range) {
                found.push(range);
            }
            open.push(child);
        }
    }
    // The walk's order is the tree's; sorted, a draw does not hang on it.
    found.sort_by_key(|range| (range.start, range.end));
    let range = found.get(seeded.below(found.len().max(1)))?.clone();
    Some(Cursor {
        task,
        source_idx,
        offset: range.start,
        gold: text[range].trim_end().to_owned(),
    })
}

/// Whether only blanks stand before a range on its first line and behind it on its last.
fn fills_its_lines(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].rsplit('\n').next().unwrap_or_default();
    let after = text[range.end..].split('\n').next().unwrap_or_default();
    before.trim().is_empty() && (after.trim().is_empty() || text[range.clone()].ends_with('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_and_its_gold_make_the_file_again() {
        let text = "import os\n\n# note\ndef f(é):\n    return é  \n".repeat(4);
        let sources = [Source {
            repo: "r".into(),
            path: "a.py".into(),
            text: text.clone(),
        }];
        let cursors = draw(&sources, 50, 7);
        assert_eq!(cursors.len(), 50);
        for cursor in &cursors {
            let blanked = cursor.text(&sources[0]);
            let whole = format!(
                "{}{}{}",
                &text[..cursor.offset],
                cursor.gold,
                &blanked[cursor.offset..]
            );
            assert_eq!(whole.replace("  \n", "\n"), text.replace("  \n", "\n"));
            let line = text[..cursor.offset]
                .rsplit('\n')
                .next()
                .unwrap_or_default();
            assert!(
                !format!("{line}{}", cursor.gold)
                    .trim_start()
                    .starts_with('#')
            );
        }
        assert_eq!(cursors, draw(&sources, 50, 7));
        assert_ne!(cursors, draw(&sources, 50, 8));
    }

    #[test]
    fn a_statement_s_cursor_stands_on_its_emptied_line() {
        let text =
            "import os\n\ndef f(x):\n    y = g(\n        x,\n    )\n    return y\n".repeat(3);
        let sources = [Source {
            repo: "r".into(),
            path: "a.py".into(),
            text: text.clone(),
        }];
        for (task, n_lines) in [(Task::Next, 1..=1), (Task::Block, 2..=8)] {
            let cursors = draw_for(task, &sources, 30, 7);
            assert_eq!(cursors.len(), 30);
            for cursor in cursors {
                assert!(n_lines.contains(&cursor.gold.lines().count()), "{cursor:?}");
                let blanked = cursor.text(&sources[0]);
                let (before, after) = blanked.split_at(cursor.offset);
                assert_eq!(before.rsplit('\n').next().unwrap_or_default().trim(), "");
                assert_eq!(format!("{before}{}{after}", cursor.gold), text);
            }
        }
    }
}
