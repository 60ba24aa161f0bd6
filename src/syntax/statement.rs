//! Where a statement ends.

use grammars::Language;
use grammars::tree_sitter::{Node, Tree};

/// Byte offset where the statement that begins at `start` (or encloses it most tightly) ends, if
/// the text behind it shows that it is over: something follows it that is not one of its clauses.
///
/// `start` must be the first byte of a token.
pub fn statement_end(language: &Language, tree: &Tree, text: &str, start: usize) -> Option<usize> {
    let mut node = tree
        .root_node()
        .descendant_for_byte_range(start, start + 1)?;
    while !is_statement(node) {
        node = node.parent()?;
    }
    let end = node.end_byte().min(text.len());
    let rest = text.get(end..)?;
    let next = rest.lines().find(|line| !line.trim().is_empty())?;
    // The newline must be there: a statement at the very end of the text may still go on.
    let closed = rest
        .trim_start_matches([' ', '\t'])
        .starts_with(['\n', '\r']);
    let column = |line: &str| line.len() - line.trim_start().len();
    let line_start = text[..node.start_byte()].rfind('\n').map_or(0, |at| at + 1);
    let own = node.start_byte() - line_start;
    let word: String = next
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let clause = column(next) == own && language.clause_keywords.contains(&word.as_str());
    // A clause keyword may still be half written.
    let half = column(next) == own
        && !rest.ends_with('\n')
        && language
            .clause_keywords
            .iter()
            .any(|keyword| keyword.starts_with(word.as_str()));
    (closed && column(next) <= own && !clause && !half).then_some(end)
}

/// Whether a node stands in a block or at the top of a module.
fn is_statement(node: Node<'_>) -> bool {
    node.is_named()
        && node.kind() != "comment"
        && node
            .parent()
            .is_some_and(|parent| matches!(parent.kind(), "module" | "block"))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// The statement starts at the first `$0`; the result shows where it ends.
    #[track_caller]
    fn check(fixture: &str, expected: Expect) {
        let start = fixture.find("$0").expect("the fixture has a cursor");
        let text = fixture.replacen("$0", "", 1);
        let python = Language::from_id("python").expect("python is a known language");
        let tree = crate::syntax::parse_str(python, &text).expect("parses");
        let shown = match statement_end(python, &tree, &text, start) {
            Some(end) => format!("{}▏", &text[start..end]),
            None => "open".to_owned(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_simple_statement_ends_when_another_follows() {
        check("def f():\n    $0x = 1\n    y = 2\n", expect!["x = 1▏"]);
        check("def f():\n    $0x = 1\n", expect!["open"]);
        check("$0x = [\n    1,\n", expect!["open"]);
    }

    #[test]
    fn a_compound_statement_keeps_its_clauses() {
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
