//! How broken a tree is.

use grammars::Language;
use grammars::tree_sitter::{Node, QueryCursor, Tree};
use streaming_iterator::StreamingIterator as _;

/// Number of `ERROR` and `MISSING` nodes, and of places where the grammar is more lenient than the
/// language.
pub fn count_errors(language: &Language, tree: &Tree, text: &str) -> usize {
    let mut cursor = QueryCursor::new();
    let lenient = cursor
        .matches(language.invalid(), tree.root_node(), text.as_bytes())
        .count();
    lenient + error_nodes(tree)
}

/// Subtrees without errors are not walked.
fn error_nodes(tree: &Tree) -> usize {
    fn count(node: Node<'_>) -> usize {
        if !node.has_error() {
            return 0;
        }
        let own = usize::from(node.is_error() || node.is_missing());
        let mut cursor = node.walk();
        own + node.children(&mut cursor).map(count).sum::<usize>()
    }
    count(tree.root_node())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, errors: bool) {
        let python = Language::from_id("python").expect("python is a known language");
        let tree = crate::syntax::parse_str(python, text).expect("parses");
        assert_eq!(count_errors(python, &tree, text) > 0, errors, "{text:?}");
    }

    #[test]
    fn whole_code_has_no_errors_and_broken_code_has_some() {
        check("x = [1, 2]\n", false);
        check("x = [1, 2\n", true);
        check("def f(:\n    pass\n", true);
        check("", false);
        check("x += 1\ny = z = 2\n", false);
        check("x += y += 1\n", true);
        check("x = y -= 1\n", true);
    }
}
