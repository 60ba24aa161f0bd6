//! Where a statement ends.

use grammars::Language;
use grammars::tree_sitter::{Node, Tree};
use ropey::Rope;

/// Byte offset where the statement that begins at `start` (or encloses it most tightly) ends, if
/// the text behind it shows that it is over: a simple statement's line has ended, or something
/// follows that is not one of its clauses.
///
/// `start` must be the first byte of a token.
pub fn statement_end(language: &Language, tree: &Tree, text: &Rope, start: usize) -> Option<usize> {
    let mut node = tree
        .root_node()
        .descendant_for_byte_range(start, start + 1)?;
    while !is_statement(node) {
        node = node.parent()?;
    }
    let end = node.end_byte().min(text.len_bytes());
    let rest = text.byte_slice(end..).to_string();
    // The newline must be there: a statement at the very end of the text may still go on.
    let closed = rest
        .trim_start_matches([' ', '\t'])
        .starts_with(['\n', '\r', '#']);
    if !closed {
        return None;
    }
    if node.start_byte() == start && !is_compound(node) && !node.has_error() {
        return rest.contains('\n').then_some(end);
    }
    let next = rest.lines().skip(1).find(|line| !line.trim().is_empty())?;
    let column = |line: &str| line.len() - line.trim_start().len();
    let own = node.start_position().column;
    let word: String = next
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let clause = column(next) == own && language.clause_keywords.contains(&word.as_str());
    // A clause keyword may still be half written.
    let half = column(next) == own
        && next.trim_start() == word
        && !rest.ends_with('\n')
        && language
            .clause_keywords
            .iter()
            .any(|keyword| keyword.starts_with(word.as_str()));
    (column(next) <= own && !clause && !half).then_some(end)
}

/// Whether a node stands in a block or at the top of a module.
fn is_statement(node: Node<'_>) -> bool {
    node.is_named()
        && node.kind() != "comment"
        && node
            .parent()
            .is_some_and(|parent| matches!(parent.kind(), "module" | "block"))
}

/// Whether more of a statement may follow on further lines: it has a body, or waits for one.
fn is_compound(node: Node<'_>) -> bool {
    let mut walk = node.walk();
    node.is_error()
        || node.kind().ends_with("_definition")
        || node
            .children(&mut walk)
            .any(|child| matches!(child.kind(), "block" | ":"))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// The statement starts at the first `$0`; the result shows where it ends.
    #[track_caller]
    fn check(fixture: &str, expected: Expect) {
        let start = fixture.find("$0").expect("the fixture has a cursor");
        let text = Rope::from_str(&fixture.replacen("$0", "", 1));
        let python = Language::from_id("python").expect("python is a known language");
        let tree = crate::syntax::parse(python, &text, None).expect("parses");
        let shown = match statement_end(python, &tree, &text, start) {
            Some(end) => format!("{}▏", &text.to_string()[start..end]),
            None => "open".to_owned(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_simple_statement_ends_with_its_line() {
        check("def f():\n    $0x = 1\n    y = 2\n", expect!["x = 1▏"]);
        check("def f():\n    $0x = 1\n", expect!["x = 1▏"]);
        check("def f():\n    $0x = 1  # one\n", expect!["x = 1▏"]);
        check("def f():\n    $0x = 1", expect!["open"]);
        check("$0x = [\n    1,\n", expect!["open"]);
        check("$0x = 1 + \\\n", expect!["open"]);
        check("$0'''Says\n", expect!["open"]);
        check("$0@property\n", expect!["open"]);
        check("$0return\n", expect!["return▏"]);
    }

    #[test]
    fn a_compound_statement_keeps_its_clauses() {
        check("$0if a:\n", expect!["open"]);
        check("$0if a: b()\n", expect!["open"]);
        check("$0with a as b:\n    c()\n", expect!["open"]);
        check(
            "$0if a:\n    b()\nelse:\n    c()\nd()\n",
            expect![[r#"
            if a:
                b()
            else:
                c()▏"#]],
        );
        check("$0if a:\n    b()\nel", expect!["open"]);
        check(
            "$0if a:\n    b()\n\nprint(",
            expect![[r#"
            if a:
                b()▏"#]],
        );
    }
}
