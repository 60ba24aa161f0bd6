//! What stands around an offset: the functions and classes that enclose it, and whether it lies
//! in code, in a comment or in a string.

use std::ops::Range;

use grammars::Language;
use grammars::tree_sitter::{Node, QueryCursor, Tree};
use ropey::Rope;
use streaming_iterator::StreamingIterator as _;

/// What a scope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A function or method.
    Function,
    /// A class.
    Class,
}

/// A definition that encloses an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Byte range from its first line to the end of its body.
    pub range: Range<usize>,
    /// Byte range of the header: from the keyword to the colon.
    pub signature: Range<usize>,
}

/// The definitions around `offset`, outermost first. An offset inside a header counts as outside.
pub fn enclosing_scopes(
    language: &Language,
    tree: &Tree,
    text: &Rope,
    offset: usize,
) -> Vec<Scope> {
    let query = language.scopes();
    let names = query.capture_names();
    let mut cursor = QueryCursor::new();
    cursor.set_byte_range(offset.saturating_sub(1)..offset + 1);
    let mut matches = cursor.matches(query, tree.root_node(), |node: Node<'_>| {
        text.byte_slice(node.byte_range())
            .chunks()
            .map(str::as_bytes)
    });
    let mut scopes = Vec::new();
    while let Some(found) = matches.next() {
        let (mut kind, mut range, mut body, mut name) = (None, 0..0, None, String::new());
        for capture in found.captures() {
            match names[capture.index as usize] {
                "function" => (kind, range) = (Some(Kind::Function), capture.node.byte_range()),
                "class" => (kind, range) = (Some(Kind::Class), capture.node.byte_range()),
                "body" => body = Some(capture.node.byte_range()),
                "name" => name = text.byte_slice(capture.node.byte_range()).to_string(),
                _ => {}
            }
        }
        let (Some(kind), Some(body)) = (kind, body) else {
            continue;
        };
        if !(body.start..=body.end).contains(&offset) {
            continue;
        }
        let header = text.byte_slice(range.start..body.start).to_string();
        let signature = range.start..range.start + header.trim_end().len();
        scopes.push(Scope {
            kind,
            name,
            range,
            signature,
        });
    }
    scopes.sort_by_key(|scope| scope.range.start);
    scopes
}

/// What kind of text an offset lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Ordinary code.
    Code,
    /// Inside a comment, or at its end.
    Comment,
    /// Between the quotes of a string.
    String,
}

/// The kind of text `offset` lies in. Interpolations inside an f-string count as code.
pub fn place(tree: &Tree, offset: usize) -> Place {
    let before = offset.saturating_sub(1);
    let Some(mut node) = tree.root_node().descendant_for_byte_range(before, before) else {
        return Place::Code;
    };
    loop {
        match node.kind() {
            "comment" if node.start_byte() < offset => return Place::Comment,
            "interpolation" => return Place::Code,
            "string" => {
                let inside = node.child_count() < 2
                    || (node.child(0).is_some_and(|open| open.end_byte() <= offset)
                        && (offset < node.end_byte()));
                return if inside { Place::String } else { Place::Code };
            }
            _ => {}
        }
        match node.parent() {
            Some(parent) => node = parent,
            None => return Place::Code,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn parsed(fixture: &str) -> (Rope, Tree, usize) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let text = fixture.replacen("$0", "", 1);
        let rope = Rope::from_str(&text);
        let python = Language::from_id("python").expect("python is a known language");
        let tree = crate::syntax::parse(python, &rope, None).expect("parses");
        (rope, tree, offset)
    }

    #[track_caller]
    fn check_scopes(fixture: &str, expected: Expect) {
        let (rope, tree, offset) = parsed(fixture);
        let python = Language::from_id("python").expect("python is a known language");
        let lines: Vec<_> = enclosing_scopes(python, &tree, &rope, offset)
            .iter()
            .map(|scope| {
                format!(
                    "{:?} {} | {}",
                    scope.kind,
                    scope.name,
                    rope.byte_slice(scope.signature.clone())
                )
            })
            .collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn a_method_lies_in_its_class() {
        check_scopes(
            "class A(B):\n    def first(self): pass\n\n    def second(self,\n               x=1) -> int:\n        return $0x\n",
            expect![[r#"
                Class A | class A(B):
                Function second | def second(self,
                               x=1) -> int:"#]],
        );
    }

    #[test]
    fn module_level_lies_in_nothing() {
        check_scopes("import os\n$0\ndef f():\n    pass\n", expect![""]);
    }

    #[track_caller]
    fn check_place(fixture: &str, expected: Place) {
        let (_, tree, offset) = parsed(fixture);
        assert_eq!(place(&tree, offset), expected, "{fixture:?}");
    }

    #[test]
    fn comments_and_strings_are_told_from_code() {
        check_place("x = 1  # a com$0ment\n", Place::Comment);
        check_place("x = 1 $0 # a comment\n", Place::Code);
        check_place("x = 'a st$0ring'\n", Place::String);
        check_place("x = 'a'$0\n", Place::Code);
        check_place("x = f'{na$0me}'\n", Place::Code);
        check_place("def f():\n    \"\"\"Does $0\n    \"\"\"\n", Place::String);
    }
}
