//! Questions about code, answered from a tree-sitter tree. No IO, no locks, no LSP.

pub mod depth;
mod errors;
pub mod import_block;
mod indentation;
pub mod ipython;
pub mod names;
mod open;
mod outline;
mod python;
mod scope;
mod statement;
mod words;

use std::ops::ControlFlow;

use grammars::Language;
use grammars::tree_sitter::{InputEdit, ParseOptions, ParseState, Parser, Point, Tree};
use ropey::Rope;

pub use errors::count_errors;
pub use indentation::{indent, indent_unit};
pub use open::{Open, Opened, brackets, place_in_text};
pub use outline::imports;
pub use python::{refusals, refusals_as};
pub use scope::{Kind, Place, Scope, enclosing_scopes, place};
pub use statement::statement_end;
pub use words::{identifiers, words};

/// Parses `text`, reusing what of `old` still holds. `old` must have been told of the edits.
pub fn parse(language: &Language, text: &Rope, old: Option<&Tree>) -> Option<Tree> {
    parse_with(language, text, old, None)
}

/// [`parse`], given up after so many steps of the parser, a hundred operations each: some 20 µs.
/// Steps and not time, so that the same text always gets the same tree.
pub fn parse_within(
    language: &Language,
    text: &Rope,
    old: Option<&Tree>,
    n_steps: usize,
) -> Option<Tree> {
    let mut n_left = n_steps;
    let mut goes_on = |_: &ParseState| match n_left.checked_sub(1) {
        Some(left) => {
            n_left = left;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut goes_on);
    parse_with(language, text, old, Some(options))
}

fn parse_with(
    language: &Language,
    text: &Rope,
    old: Option<&Tree>,
    options: Option<ParseOptions<'_>>,
) -> Option<Tree> {
    let mut parser = parser(language)?;
    let n_bytes = text.len_bytes();
    let mut read = |offset: usize, _: Point| -> &[u8] {
        if offset >= n_bytes {
            return &[];
        }
        let (chunk, chunk_start, _, _) = text.chunk_at_byte(offset);
        &chunk.as_bytes()[offset - chunk_start..]
    };
    parser.parse_with_options(&mut read, old, options)
}

/// Parses a string from nothing.
pub fn parse_str(language: &Language, text: &str) -> Option<Tree> {
    parser(language)?.parse(text, None)
}

fn parser(language: &Language) -> Option<Parser> {
    let mut parser = Parser::new();
    // The grammar's ABI is fixed at build time and a test parses with it, so this cannot fail
    // in a build that passed its tests.
    parser.set_language(&language.grammar()).ok()?;
    Some(parser)
}

/// The edit that replaces `start..old_end` (byte offsets into `before`) with `inserted`, in the
/// form tree-sitter wants. Columns are bytes.
pub fn edit(before: &Rope, start: usize, old_end: usize, inserted: &str) -> InputEdit {
    let start_position = point(before, start);
    let newlines = inserted.bytes().filter(|byte| *byte == b'\n').count();
    let new_end_position = match inserted.rfind('\n') {
        None => Point::new(start_position.row, start_position.column + inserted.len()),
        Some(last) => Point::new(start_position.row + newlines, inserted.len() - last - 1),
    };
    InputEdit {
        start_byte: start,
        old_end_byte: old_end,
        new_end_byte: start + inserted.len(),
        start_position,
        old_end_position: point(before, old_end),
        new_end_position,
    }
}

/// Row and byte column of an offset. Rows end at `\n` alone, as tree-sitter counts them.
fn point(text: &Rope, offset: usize) -> Point {
    let line = text.byte_to_line(offset);
    Point::new(line, offset - text.line_to_byte(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python() -> &'static Language {
        Language::from_id("python").expect("python is a known language")
    }

    /// Applies one edit both ways and checks that the incremental tree is the fresh tree.
    #[track_caller]
    fn check_edit(before: &str, start: usize, old_end: usize, inserted: &str) {
        let mut rope = Rope::from_str(before);
        let mut tree = parse(python(), &rope, None).expect("parses");
        tree.edit(&edit(&rope, start, old_end, inserted));
        let (from, to) = (rope.byte_to_char(start), rope.byte_to_char(old_end));
        rope.remove(from..to);
        rope.insert(from, inserted);
        let incremental = parse(python(), &rope, Some(&tree)).expect("parses");
        let fresh = parse(python(), &rope, None).expect("parses");
        assert_eq!(
            incremental.root_node().to_sexp(),
            fresh.root_node().to_sexp()
        );
        assert_eq!(
            incremental.root_node().end_position(),
            fresh.root_node().end_position()
        );
    }

    #[test]
    fn an_edited_tree_is_the_tree_of_the_edited_text() {
        check_edit("def f(x):\n    return x\n", 21, 22, "x + 1");
        check_edit("a = 1\nb = 2\n", 5, 6, "\nc = 'é'\n");
        check_edit("# ünï\nx = (1,\n", 9, 9, "y");
        check_edit("if a:\n    b()\nelse:\n    c()\n", 0, 14, "");
    }
}
