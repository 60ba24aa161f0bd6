//! Random cursors in code lines.

use std::collections::BTreeMap;

use super::Source;
use crate::seeded::Seeded;

/// Lines a file must have to be drawn from.
const MIN_LINES: usize = 10;

/// A cursor and what the author wrote there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Index of the source.
    pub source_idx: usize,
    /// Byte offset of the cursor in the source's text.
    pub offset: usize,
    /// What stands from the cursor to the line's end, without blanks at the end.
    pub gold: String,
}

impl Cursor {
    /// The text as it is while the author types: the rest of the line is not there yet.
    pub fn text(&self, source: &Source) -> String {
        let line_end = source.text[self.offset..]
            .find('\n')
            .map_or(source.text.len(), |at| self.offset + at);
        format!(
            "{}{}",
            &source.text[..self.offset],
            &source.text[line_end..]
        )
    }
}

/// Draws `n` cursors: the repositories in turn, so that a large one does not outweigh the others; a
/// file in it; a code line in the file; a character in the line. Blank lines and pure comments are
/// passed over; at least one character that is not blank is left to write. Files under 10 lines
/// are passed over.
pub fn draw(sources: &[Source], n: usize, seed: u64) -> Vec<Cursor> {
    let mut by_repo: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (source_idx, source) in sources.iter().enumerate() {
        if source.text.lines().count() >= MIN_LINES {
            by_repo.entry(&source.repo).or_default().push(source_idx);
        }
    }
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
            in_source(sources, source_idx, &mut seeded)
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
        source_idx,
        offset: line_start + column,
        gold,
    })
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
}
