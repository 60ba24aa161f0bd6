//! Random cursors in code lines.

use super::{Seeded, Source};

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
        format!("{}{}", &source.text[..self.offset], &source.text[line_end..])
    }
}

/// Draws `n` cursors: a source with chance proportional to its size, a code line in it, a
/// character in the line. Blank lines and pure comments are passed over; at least one character
/// that is not blank is left to write. Files under 10 lines are passed over.
pub fn draw(sources: &[Source], n: usize, seed: u64) -> Vec<Cursor> {
    let mut ends = Vec::with_capacity(sources.len());
    let mut total = 0;
    for source in sources {
        if source.text.lines().count() >= 10 {
            total += source.text.len();
        }
        ends.push(total);
    }
    let mut seeded = Seeded::new(seed);
    let mut cursors = Vec::with_capacity(n);
    if total == 0 {
        return cursors;
    }
    // Every draw may land on a blank line or comment; real code fails far less often than this.
    for _ in 0..n * 100 {
        if cursors.len() == n {
            break;
        }
        let at = seeded.below(total);
        let source_idx = ends.partition_point(|end| *end <= at);
        let text = &sources[source_idx].text;
        let lines: Vec<&str> = text.split('\n').collect();
        let line_idx = seeded.below(lines.len());
        let line = lines[line_idx].trim_end();
        let code = line.trim_start();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let indent = line.len() - code.len();
        let places: Vec<usize> = code.char_indices().map(|(at, _)| indent + at).collect();
        let column = places[seeded.below(places.len())];
        let gold = line[column..].to_owned();
        if gold.trim().is_empty() {
            continue;
        }
        let line_start: usize = lines[..line_idx].iter().map(|line| line.len() + 1).sum();
        cursors.push(Cursor { source_idx, offset: line_start + column, gold });
    }
    cursors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_and_its_gold_make_the_file_again() {
        let text = "import os\n\n# note\ndef f(é):\n    return é  \n".repeat(4);
        let sources = [Source { repo: "r".into(), path: "a.py".into(), text: text.clone() }];
        let cursors = draw(&sources, 50, 7);
        assert_eq!(cursors.len(), 50);
        for cursor in &cursors {
            let blanked = cursor.text(&sources[0]);
            let whole =
                format!("{}{}{}", &text[..cursor.offset], cursor.gold, &blanked[cursor.offset..]);
            assert_eq!(whole.replace("  \n", "\n"), text.replace("  \n", "\n"));
            let line = text[..cursor.offset].rsplit('\n').next().unwrap_or_default();
            assert!(!format!("{line}{}", cursor.gold).trim_start().starts_with('#'));
        }
        assert_eq!(cursors, draw(&sources, 50, 7));
        assert_ne!(cursors, draw(&sources, 50, 8));
    }
}
