//! What of a file is worth showing a model from far away: its imports.

use std::ops::Range;

use grammars::Language;
use grammars::tree_sitter::{Node, QueryCursor, Tree};
use ropey::Rope;
use streaming_iterator::StreamingIterator as _;

/// Byte ranges of the import statements at module level, in the order of the file.
pub fn imports(language: &Language, tree: &Tree, text: &Rope) -> Vec<Range<usize>> {
    let query = language.outline();
    let mut cursor = QueryCursor::new();
    // All patterns begin at the root: no other node needs to be looked into for a beginning.
    cursor.set_max_start_depth(Some(0));
    let mut captures = cursor.captures(query, tree.root_node(), |node: Node<'_>| {
        text.byte_slice(node.byte_range())
            .chunks()
            .map(str::as_bytes)
    });
    let mut ranges = Vec::new();
    while let Some((found, index)) = captures.next() {
        ranges.push(found.captures()[*index].node.byte_range());
    }
    ranges.sort_by_key(|range| range.start);
    ranges.dedup();
    ranges
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let python = Language::from_id("python").expect("python is a known language");
        let rope = Rope::from_str(text);
        let tree = crate::syntax::parse(python, &rope, None).expect("parses");
        let found: Vec<_> = imports(python, &tree, &rope)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        expected.assert_eq(&found.join("\n"));
    }

    #[test]
    fn imports_are_found_at_module_level_only() {
        check(
            "from __future__ import annotations\nimport os, sys\ntry:\n    import tomllib\nexcept ImportError:\n    tomllib = None\ndef f():\n    import json\n",
            expect![[r#"
                from __future__ import annotations
                import os, sys
                import tomllib"#]],
        );
    }
}
