//! One open document: text, tree and version, edited together.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use grammars::Language;
use grammars::tree_sitter::Tree;
use ropey::Rope;

use super::Snapshot;
use crate::syntax;

/// A change to a document, in byte offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go; empty for an insertion. Must lie on character boundaries.
    pub range: Range<usize>,
    /// The text that comes.
    pub text: String,
}

/// Steps of the parser that a key may cost on average; see [`syntax::parse_within`].
const QUICK: usize = 20;

/// Bytes of edits that are worth a parse, whatever it costs: somebody pasted.
const MANY: usize = 4096;

/// An open document.
pub struct Document {
    path: String,
    language_id: Arc<str>,
    language: Option<&'static Language>,
    text: Rope,
    tree: Option<Tree>,
    version: i32,
    /// Whether the tree is that of the text; else it was only told of the edits.
    is_parsed: bool,
    /// Bytes that came and went since the tree was parsed.
    n_unparsed: usize,
    /// Edits since the tree was parsed, and how many they were when a parse was given up last; 0
    /// where none was.
    n_edits: usize,
    given_up_at: usize,
    /// A lone carriage return is a line break to LSP but not to tree-sitter, so the rows of an
    /// incremental edit would be wrong: such a document is parsed anew at each change.
    has_lone_cr: bool,
}

impl Document {
    /// A document as an editor opened it. Without `language_id` the path's extension decides.
    pub fn new(path: String, language_id: Option<&str>, text: &str, version: i32) -> Document {
        let language = language_id
            .and_then(Language::from_id)
            .or_else(|| Language::from_path(Path::new(&path)));
        let text = Rope::from_str(text);
        let language_id = language_id.or(language.map(|language| language.id));
        let mut document = Document {
            path,
            language_id: language_id.unwrap_or_default().into(),
            language,
            text,
            tree: None,
            version,
            is_parsed: false,
            n_unparsed: 0,
            n_edits: 0,
            given_up_at: 0,
            has_lone_cr: false,
        };
        document.reparse();
        document
    }

    /// The text.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// The path to show a model.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The version the client gave last.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Replaces a part of the text. The tree is patched here and, where that is not enough, parsed
    /// by [`Document::commit`].
    pub fn apply(&mut self, edit: &Edit) {
        let Edit { range, text } = edit;
        let is_kept = |tree| keeps_structure(tree, &self.text, edit);
        self.is_parsed &= self.tree.as_ref().is_some_and(is_kept) && !self.has_lone_cr;
        // A carriage return that comes, or goes, may make or break a `\r\n` pair.
        let touches_cr = text.contains('\r')
            || range
                .start
                .checked_sub(1)
                .is_some_and(|at| self.text.byte(at) == b'\r')
            || self
                .text
                .byte_slice(range.clone())
                .chunks()
                .any(|chunk| chunk.contains('\r'));
        if let Some(tree) = &mut self.tree {
            tree.edit(&syntax::edit(&self.text, range.start, range.end, text));
        }
        let (from, to) = (
            self.text.byte_to_char(range.start),
            self.text.byte_to_char(range.end),
        );
        self.text.remove(from..to);
        self.text.insert(from, text);
        self.n_unparsed += range.len() + text.len();
        self.n_edits += 1;
        if touches_cr && (self.has_lone_cr || has_lone_cr(&self.text)) {
            self.has_lone_cr = true;
            self.tree = None;
        }
    }

    /// Replaces the whole text.
    pub fn replace(&mut self, text: &str) {
        self.text = Rope::from_str(text);
        self.tree = None;
        self.is_parsed = false;
    }

    /// Ends a group of edits and leaves the tree for when it is asked for: most keys need none.
    pub fn defer(&mut self, version: i32) {
        self.version = version;
    }

    /// Ends a group of edits: the tree is parsed again, incrementally where that is sound.
    pub fn commit(&mut self, version: i32) {
        self.defer(version);
        self.settle();
    }

    /// Parses what was edited since.
    pub fn settle(&mut self) {
        if self.is_parsed {
            return;
        }
        if self.tree.is_none() || self.has_lone_cr {
            self.reparse();
        } else if let Some(language) = self.language {
            self.tree = syntax::parse(language, &self.text, self.tree.as_ref());
            self.parsed();
        }
    }

    /// [`Document::settle`], but for keys that would cost a parse of much of the file, such as those
    /// of a quote that changes all that follows: then the tree of the code before them stays, moved
    /// along with the edits, and a parse is tried again after twice as many, for twice as long. So a
    /// key costs little on average, and what is typed is parsed in the end.
    pub fn settle_quickly(&mut self) {
        let (Some(language), Some(tree)) = (self.language, &self.tree) else {
            return self.settle();
        };
        if self.is_parsed || self.has_lone_cr || self.n_unparsed > MANY {
            return self.settle();
        }
        if self.n_edits < 2 * self.given_up_at {
            return;
        }
        let n_steps = QUICK * self.n_edits.max(1);
        match syntax::parse_within(language, &self.text, Some(tree), n_steps) {
            Some(tree) => {
                self.tree = Some(tree);
                self.parsed();
            }
            None => self.given_up_at = self.n_edits.max(1),
        }
    }

    fn parsed(&mut self) {
        self.is_parsed = true;
        self.n_unparsed = 0;
        (self.n_edits, self.given_up_at) = (0, 0);
    }

    /// A frozen copy for one request. It has a tree unless that was deferred.
    pub fn snapshot(&self) -> Snapshot {
        let is_approximate = !self.is_parsed && self.given_up_at > 0;
        let has_tree = self.is_parsed || is_approximate;
        Snapshot {
            path: self.path.clone(),
            language_id: self.language_id.clone(),
            language: self.language,
            text: self.text.clone(),
            tree: self.tree.clone().filter(|_| has_tree),
            is_approximate,
            stale: self.tree.clone().filter(|_| !has_tree),
            version: self.version,
            document: 0,
        }
    }

    /// A document that goes on from a snapshot.
    pub(super) fn resume(snapshot: &Snapshot) -> Document {
        Document {
            path: snapshot.path.clone(),
            language_id: snapshot.language_id.clone(),
            language: snapshot.language,
            has_lone_cr: has_lone_cr(&snapshot.text),
            text: snapshot.text.clone(),
            tree: snapshot.tree.clone().or_else(|| snapshot.stale.clone()),
            version: snapshot.version,
            is_parsed: snapshot.tree.is_some() && !snapshot.is_approximate,
            n_unparsed: 0,
            n_edits: 0,
            given_up_at: 0,
        }
    }

    fn reparse(&mut self) {
        self.has_lone_cr = has_lone_cr(&self.text);
        self.tree = self
            .language
            .and_then(|language| syntax::parse(language, &self.text, None));
        self.parsed();
    }
}

/// Whether an edit changes nothing of the tree but the length of a string or a comment: plain text
/// comes, or goes, in the middle of it. A docstring that is just being written, which swallows the
/// code below it, would else be the slowest of all places to type in.
fn keeps_structure(tree: &Tree, text: &Rope, edit: &Edit) -> bool {
    // Nothing that may end a string, escape in one, or hold code in one.
    let is_plain = |c: char| c.is_alphanumeric() || " ,.;:-_()[]/".contains(c);
    let Range { start, end } = edit.range;
    // An escape sequence has ten characters at most, unless braces show how long it is.
    let begins = text.byte_to_char(start).saturating_sub(10);
    let near = text.slice(begins..text.byte_to_char(end));
    let removed = text.byte_slice(edit.range.clone());
    if !edit.text.chars().chain(removed.chars()).all(is_plain)
        || near.chars().any(|c| "\\{}".contains(c))
    {
        return false;
    }
    let node = tree.root_node().descendant_for_byte_range(start, end);
    node.is_some_and(|node| {
        let inside = node.start_byte() < start && end < node.end_byte();
        inside && matches!(node.kind(), "string_content" | "comment")
    })
}

/// Whether some `\r` is not followed by `\n`.
fn has_lone_cr(text: &Rope) -> bool {
    if !text.chunks().any(|chunk| chunk.contains('\r')) {
        return false;
    }
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' && bytes.peek() != Some(&b'\n') {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies edits one by one; after each the tree must be the tree of a fresh parse.
    #[track_caller]
    fn check_edits(before: &str, edits: &[(Range<usize>, &str)], after: &str) {
        let mut document = Document::new("a.py".to_owned(), None, before, 1);
        for (n, (range, text)) in edits.iter().enumerate() {
            document.apply(&Edit {
                range: range.clone(),
                text: (*text).to_owned(),
            });
            document.commit(n as i32 + 2);
            let language = document.language.expect("a .py file is Python");
            let fresh = syntax::parse(language, document.text(), None).expect("parses");
            let kept = document.tree.as_ref().expect("has a tree");
            assert_eq!(
                kept.root_node().to_sexp(),
                fresh.root_node().to_sexp(),
                "after edit {n}"
            );
        }
        assert_eq!(document.text().to_string(), after);
        assert_eq!(document.version(), edits.len() as i32 + 1);
    }

    #[test]
    fn text_and_tree_change_together() {
        check_edits(
            "def f():\n    pass\n",
            &[
                (13..17, "return 'é'"),
                (0..0, "import os\n"),
                (10..18, "def g():"),
            ],
            "import os\ndef g():\n    return 'é'\n",
        );
    }

    /// Types into a document at `$0`, and tells whether the tree was right without a parse. Right
    /// or not, it must come out as that of a fresh parse, positions included.
    #[track_caller]
    fn check_typed(fixture: &str, text: &str, expected: bool) {
        let at = fixture.find("$0").expect("the fixture has a cursor");
        let before = fixture.replacen("$0", "", 1);
        let mut document = Document::new("a.py".to_owned(), None, &before, 1);
        document.apply(&Edit {
            range: at..at,
            text: text.to_owned(),
        });
        assert_eq!(document.is_parsed, expected, "{fixture:?} + {text:?}");
        document.commit(2);
        let language = document.language.expect("a .py file is Python");
        let fresh = syntax::parse(language, document.text(), None).expect("parses");
        let kept = document.tree.as_ref().expect("has a tree");
        assert_eq!(nodes(kept), nodes(&fresh), "{fixture:?} + {text:?}");
    }

    fn nodes(tree: &Tree) -> Vec<(u16, Range<usize>, usize)> {
        let mut nodes = Vec::new();
        let mut walk = tree.walk();
        loop {
            let node = walk.node();
            nodes.push((node.kind_id(), node.byte_range(), node.end_position().row));
            if walk.goto_first_child() || walk.goto_next_sibling() {
                continue;
            }
            loop {
                if !walk.goto_parent() {
                    return nodes;
                }
                if walk.goto_next_sibling() {
                    break;
                }
            }
        }
    }

    #[test]
    fn plain_text_inside_a_string_needs_no_parse() {
        check_typed("x = 'ab$0cd'\ny = 1\n", "é (1)", true);
        check_typed("# ab$0cd\ny = 1\n", "e", true);
        let open =
            "def f():\n    \"\"\"Rea$0ds.\n    x = 1\n\ndef g():\n    \"\"\"B.\"\"\"\n    y = 2\n";
        check_typed(open, "d", true);
        check_typed(open, "\"", false);
        check_typed("x = f'ab$0cd'\n", "e", true);
        check_typed("x = f'ab$0cd'\n", "{", false);
        check_typed("x = f'{ab$0cd}'\n", "e", false);
        check_typed("x = 'a\\x4$0cd'\n", "1", false);
        check_typed("x = 'ab$0cd'\n", "\n", false);
        check_typed("x = ab$0cd\n", "e", false);
        check_typed("x = '$0'\n", "e", false);
        check_typed("# ab$0\n", "e", false);
    }

    /// A file in which an opened docstring changes all that follows.
    fn long() -> String {
        let function =
            "def f(a):\n    \"\"\"Reads.\"\"\"\n    b = a.c(1, 'd')\n    return [b, a]\n\n";
        function.repeat(1000)
    }

    #[test]
    fn keys_that_change_all_that_follows_are_parsed_seldom() {
        let mut document = Document::new("a.py".to_owned(), None, &long(), 1);
        let mut at = document.text.line_to_byte(2502);
        let mut seen = String::new();
        for key in "    x = \"\"\"Writes a value.\"\"\"\n".chars() {
            document.apply(&Edit {
                range: at..at,
                text: key.to_string(),
            });
            at += 1;
            document.settle_quickly();
            let snapshot = document.snapshot();
            seen.push(if snapshot.is_approximate { '-' } else { 'P' });
            let tree = snapshot.tree.as_ref().expect("there always is one");
            assert_eq!(tree.root_node().end_byte(), document.text.len_bytes());
            let settled = snapshot.settled();
            assert!(!settled.is_approximate);
            let exact = settled.tree.as_ref().expect("parses");
            // To the grammar a quote that nothing closes yet is an error and no string.
            if key != '"' {
                assert_eq!(
                    syntax::place_in_text(&snapshot.text, at),
                    syntax::place(exact, at),
                    "behind {key:?}"
                );
            }
        }
        // Inside the string plain text needs no parse.
        assert_eq!(seen, "---------------PPPPPPPPPPPP---");
    }

    #[test]
    fn what_is_pasted_is_parsed() {
        let mut document = Document::new("a.py".to_owned(), None, "x = 1\n", 1);
        document.apply(&Edit {
            range: 0..0,
            text: long(),
        });
        document.settle_quickly();
        assert!(!document.snapshot().is_approximate);
    }

    #[test]
    fn lone_carriage_returns_do_not_spoil_the_tree() {
        check_edits(
            "a = 1\r\nif a:\r\n    b = 2\r\n",
            &[(6..7, ""), (0..0, "\r"), (3..4, "\n\rx")],
            "\ra \n\rx 1\rif a:\r\n    b = 2\r\n",
        );
    }

    #[test]
    fn an_unknown_language_has_text_but_no_tree() {
        let document = Document::new("notes.txt".to_owned(), Some("plaintext"), "hello", 1);
        assert!(document.snapshot().tree.is_none());
        assert_eq!(
            document.snapshot().line_around(2),
            ("he".to_owned(), "llo".to_owned())
        );
    }
}
