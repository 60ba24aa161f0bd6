//! Stops where the statement or block ends in the tree, or at the end of the line.

use grammars::Language;
use grammars::tree_sitter::Tree;
use ropey::Rope;

use super::{Draft, Verdict};
use crate::completion::trigger::Extent;
use crate::session::Snapshot;
use crate::syntax;

/// The rule: cut behind the end.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let end = match draft.extent {
        Extent::Line => draft.text.find('\n'),
        Extent::Block => draft.seen_end,
    };
    match end {
        Some(end) if end < draft.text.len() => Verdict::Cut(end),
        _ => Verdict::Keep,
    }
}

/// Watches an answer while it is written and sees where it ends.
///
/// It keeps one tree, of the document up to the cursor and the answer behind it. The tree begins
/// as the document's own, so what stands before the cursor is not parsed again; what is written is
/// edited in, and parsed only where a line has ended or the first word of one may have.
pub struct Watch {
    extent: Extent,
    language: Option<&'static Language>,
    /// The document up to the cursor, and what of the answer the tree knows.
    known: Rope,
    tree: Option<Tree>,
    /// Byte offset of the cursor.
    offset: usize,
    /// Indentation of the cursor's line in bytes, and whether anything else stands before the
    /// cursor.
    indent: usize,
    is_behind_header: bool,
    text: String,
    /// Times the tree was parsed.
    n_parses: usize,
}

impl Watch {
    /// A watch over an answer at `offset`.
    pub fn new(snapshot: &Snapshot, offset: usize, extent: Extent) -> Watch {
        let (line, _) = snapshot.line_around(offset);
        let mut known = snapshot.text.clone();
        let mut tree = snapshot.tree.clone();
        if extent == Extent::Block {
            let end = known.len_bytes();
            if let Some(tree) = &mut tree {
                tree.edit(&syntax::edit(&known, offset, end, ""));
            }
            known.remove(known.byte_to_char(offset)..);
        }
        Watch {
            extent,
            language: snapshot.language,
            known,
            tree,
            offset,
            indent: line.len() - line.trim_start().len(),
            is_behind_header: !line.trim().is_empty(),
            text: String::new(),
            n_parses: 0,
        }
    }

    /// What was written so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Times the tree was parsed.
    pub fn n_parses(&self) -> usize {
        self.n_parses
    }

    /// Takes what comes next. Returns the bytes of the answer up to where it should end, once that
    /// can be seen.
    pub fn push(&mut self, piece: &str) -> Option<usize> {
        self.text.push_str(piece);
        match self.extent {
            Extent::Line => self.text.find('\n'),
            Extent::Block => self.block(piece),
        }
    }

    /// The end of the statement that starts at the cursor, or of the body whose header ends there.
    fn block(&mut self, piece: &str) -> Option<usize> {
        // Nothing can be seen before a line has ended.
        let first = self.first_code();
        if !self.text[first..].contains('\n') {
            return None;
        }
        if self.is_behind_header {
            // The body of a header: it ends where a line stands no deeper than the header.
            return dedent(&self.text, self.indent);
        }
        let by_indent = match self.indent.checked_sub(1) {
            Some(above) => dedent(&self.text, above),
            None => None,
        };
        let statement = match self.may_have_ended(piece) {
            true => self.statement(first),
            false => None,
        };
        match (by_indent, statement) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Where the answer's first line begins that is neither blank nor a comment.
    fn first_code(&self) -> usize {
        let comment = self.language.map_or("#", |language| language.line_comment);
        let mut offset = 0;
        for line in self.text.split_inclusive('\n') {
            let code = line.trim_start();
            if !code.is_empty() && !code.starts_with(comment) {
                return offset + (line.len() - code.len());
            }
            offset += line.len();
        }
        offset
    }

    /// Whether the piece just pushed ended a line or may have finished the first word of one.
    fn may_have_ended(&self, piece: &str) -> bool {
        let line = self.text.rsplit('\n').next().unwrap_or_default();
        let before = line.len().saturating_sub(piece.len());
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_early = || {
            line[..floor(line, before)]
                .trim_start()
                .chars()
                .all(is_word)
        };
        piece.contains('\n') || !line.trim().is_empty() && is_early()
    }

    /// The end of the first statement of the answer, by the tree.
    fn statement(&mut self, first: usize) -> Option<usize> {
        let language = self.language?;
        let fresh = &self.text[self.known.len_bytes() - self.offset..];
        let end = self.known.len_bytes();
        let tree = self.tree.as_mut()?;
        tree.edit(&syntax::edit(&self.known, end, end, fresh));
        self.known.insert(self.known.len_chars(), fresh);
        self.n_parses += 1;
        *tree = syntax::parse(language, &self.known, Some(tree))?;
        let start = self.offset + first;
        let end = syntax::statement_end(language, tree, &self.known, start)?;
        end.checked_sub(self.offset).filter(|end| *end > first)
    }
}

/// The last character boundary at or before `at`.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the first line that stands at `indent` or less begins, without the blank lines before it.
fn dedent(text: &str, indent: usize) -> Option<usize> {
    let mut offset = text.find('\n')? + 1;
    let mut end = offset - 1;
    for line in text[offset..].split_inclusive('\n') {
        let column = line.len() - line.trim_start().len();
        if !line.trim().is_empty() {
            if column <= indent {
                return Some(end);
            }
            end = offset + line.trim_end().len();
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Writes letter by letter until the end is seen; what was written behind the end stands
    /// behind a `⟧`. The tree must be what a tree parsed from nothing is.
    #[track_caller]
    fn check(fixture: &str, extent: Extent, says: &str, expected: Expect) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let snapshot = Snapshot::of("a.py", &fixture.replacen("$0", "", 1));
        let mut watch = Watch::new(&snapshot, offset, extent);
        let end = says.chars().find_map(|c| watch.push(&c.to_string()));
        if let (Some(language), Some(tree)) = (watch.language, &watch.tree)
            && watch.n_parses > 0
        {
            let fresh = syntax::parse(language, &watch.known, None).expect("parses");
            assert_eq!(tree.root_node().to_sexp(), fresh.root_node().to_sexp());
        }
        let before = &fixture[..offset];
        let written = watch.text();
        let shown = match end {
            Some(end) => format!("{before}⟦{}⟧{}", &written[..end], &written[end..]),
            None => format!("{before}⟦{written}…"),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_line_ends_at_its_line_break() {
        check(
            "x = $0\n",
            Extent::Line,
            "1\ny = 2",
            expect![[r#"
                x = ⟦1⟧
            "#]],
        );
    }

    #[test]
    fn a_blank_line_gets_one_statement() {
        check(
            "def f(xs):\n    $0\n\ndef g():\n    pass\n",
            Extent::Block,
            "for x in xs:\n        print(x)\n    return xs\n",
            expect![[r#"
                def f(xs):
                    ⟦for x in xs:
                        print(x)⟧
                    r"#]],
        );
        check(
            "$0\n",
            Extent::Block,
            "import os\nimport sys\n",
            expect![[r#"
                ⟦import os⟧
            "#]],
        );
        check(
            "x = 1\n$0\ny = 2\n",
            Extent::Block,
            "z = [\n    1,\n]\nprint(z)\n",
            expect![[r#"
                x = 1
                ⟦z = [
                    1,
                ]⟧
            "#]],
        );
    }

    #[test]
    fn a_comment_belongs_to_what_follows() {
        check(
            "def f():\n    $0\n",
            Extent::Block,
            "# One.\n    x = 1\n    y = 2\n",
            expect![[r#"
                def f():
                    ⟦# One.
                    x = 1⟧
            "#]],
        );
    }

    #[test]
    fn a_header_gets_its_body() {
        check(
            "class A:\n    def f(self):$0\n",
            Extent::Block,
            "\n        self.x = 1\n\n        return self\n\n    def g(self):\n",
            expect![[r#"
                class A:
                    def f(self):⟦
                        self.x = 1

                        return self⟧

                    d"#]],
        );
    }

    #[test]
    fn what_may_still_go_on_is_kept() {
        check(
            "$0\n",
            Extent::Block,
            "if a:\n    b()\nel",
            expect![[r#"
                ⟦if a:
                    b()
                el…"#]],
        );
        check(
            "try:\n    a()\n$0\n",
            Extent::Block,
            "except B:\n    c()\nfinally:\n    d()\ne()\n",
            expect![[r#"
                try:
                    a()
                ⟦except B:
                    c()
                finally:
                    d()⟧
                e("#]],
        );
    }

    #[test]
    fn the_tree_is_parsed_where_a_line_ends_and_not_at_each_piece() {
        let snapshot = Snapshot::of("a.py", "");
        let mut watch = Watch::new(&snapshot, 0, Extent::Block);
        let pieces = [
            "for x",
            " in xs",
            ":\n",
            "    ",
            "print",
            "(x",
            ", 1)",
            "\n",
            "    y = 1",
        ];
        assert!(pieces.iter().all(|piece| watch.push(piece).is_none()));
        assert_eq!(watch.n_parses(), 5);
    }
}
