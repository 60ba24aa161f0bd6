//! A text, its tree and its lines.

use std::ops::Range;

use ruff_python_ast::{ModModule, PySourceType, Stmt};
use ruff_python_parser::{ParseOptions, Parsed, parse_unchecked};
use ruff_text_size::Ranged;

use crate::syntax::depth::{self, Depth};

/// A Python text with its tree. Half-typed code has a tree as well: what cannot be read is left
/// out of it, and the rest is as if it were not there.
#[derive(Debug)]
pub struct Source<'t> {
    text: &'t str,
    module: Option<Parsed<ModModule>>,
    /// Byte offset of the start of each line; lines end at `\n`, `\r\n` and a lone `\r`, as
    /// Python's do.
    starts: Vec<usize>,
    is_too_deep: bool,
}

impl<'t> Source<'t> {
    /// Reads a text.
    pub fn parse(text: &'t str) -> Source<'t> {
        let options = ParseOptions::from(PySourceType::Python);
        let bytes = text.as_bytes();
        let ends = (0..bytes.len()).filter(|at| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let is_too_deep = depth::is_deeper(text, Depth::WITH_ROOM);
        Source {
            text,
            module: match is_too_deep {
                true => None,
                false => parse_unchecked(text, options).try_into_module(),
            },
            is_too_deep,
            starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect(),
        }
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Whether it was not read, because it is nested too deeply.
    pub fn is_too_deep(&self) -> bool {
        self.is_too_deep
    }

    /// The statements at the margin.
    pub fn body(&self) -> &[Stmt] {
        self.module.as_ref().map_or(&[], |module| module.suite())
    }

    /// Number of lines; an empty one behind the last line break counts.
    pub fn n_lines(&self) -> usize {
        self.starts.len()
    }

    /// The line that a byte offset lies on, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The line that a node starts on, from 1.
    pub fn line_of(&self, node: &impl Ranged) -> usize {
        self.line(node.start().to_usize())
    }

    /// The first and the last line of a node.
    pub fn lines_of(&self, node: &impl Ranged) -> Lines {
        self.lines_in(&range_of(node))
    }

    /// The first and the last line that a range of bytes has something of.
    pub fn lines_in(&self, range: &Range<usize>) -> Lines {
        Lines {
            first: self.line(range.start),
            last: self.line(range.end.saturating_sub(1).max(range.start)),
        }
    }

    /// Bytes of a line, its line break included. Empty behind the last line.
    pub fn range_of_line(&self, line: usize) -> Range<usize> {
        let start = |at: usize| self.starts.get(at).copied().unwrap_or(self.text.len());
        start(line.saturating_sub(1))..start(line)
    }

    /// The text of a line, its line break included.
    pub fn text_of_line(&self, line: usize) -> &'t str {
        self.slice(self.range_of_line(line))
    }

    /// The text between two offsets.
    pub fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// The text of a node.
    pub fn text_of(&self, node: &impl Ranged) -> &'t str {
        self.slice(range_of(node))
    }

    /// The text of a node on one line, cut at `max` characters.
    pub fn brief(&self, node: &impl Ranged, max: usize) -> String {
        brief(self.text_of(node), max)
    }
}

/// Lines of a text, from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Lines {
    /// The first.
    pub first: usize,
    /// The last.
    pub last: usize,
}

/// Byte offsets of a node.
pub(super) fn range_of(node: &impl Ranged) -> Range<usize> {
    node.start().to_usize()..node.end().to_usize()
}

/// Words joined by single spaces, comments left out, cut at `max` characters with `…`.
fn brief(text: &str, max: usize) -> String {
    let is_quoted = text.contains(['"', '\'']);
    let mut line = String::new();
    for part in text.lines() {
        // A `#` in a string is none of a comment; where there may be a string, all stays.
        let part = match part.split_once('#') {
            Some((code, _)) if !is_quoted => code,
            _ => part,
        };
        let part = part.trim().trim_end_matches('\\').trim_end();
        if part.is_empty() {
            continue;
        }
        let is_tight =
            line.is_empty() || line.ends_with(['(', '[', '{']) || part.starts_with([')', ']', '}']);
        if !is_tight {
            line.push(' ');
        }
        line.push_str(part);
    }
    match line.char_indices().nth(max) {
        None => line,
        Some(_) => {
            let kept = line.char_indices().nth(max.saturating_sub(1));
            line.truncate(kept.map_or(line.len(), |(at, _)| at));
            line.push('…');
            line
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_python_counts_them() {
        let source = Source::parse("a = 1\r\nb = 2\rc = 3\n");
        assert_eq!([0, 6, 7, 13, 19].map(|at| source.line(at)), [1, 1, 2, 3, 4]);
        assert_eq!(source.text_of_line(2), "b = 2\r");
        assert_eq!(source.n_lines(), 4);
    }

    #[test]
    fn an_expression_of_several_lines_is_told_on_one() {
        assert_eq!(brief("f(\n    a,  # first\n    b,\n)", 40), "f(a, b,)");
        assert_eq!(brief("'#1' + \\\n  x", 40), "'#1' + x");
        assert_eq!(brief("abcdef", 4), "abc…");
    }

    #[test]
    fn the_deepest_that_is_read_leaves_room() {
        let brackets = format!("{}{}", "(".repeat(290), ")".repeat(290));
        let text = format!(
            "def f():\n    x = {}1\n    {brackets}\n",
            "1+".repeat(4_900)
        );
        assert!(!depth::is_deeper(&text, Depth::WITH_ROOM));
        let n = depth::with_room(|| super::super::target::functions(&Source::parse(&text)).len());
        assert_eq!(n.expect("a thread"), 1);
    }
}
