//! Stops where the statement or block ends in the tree, or at the end of the line.

use super::{Draft, Verdict};
use crate::completion::trigger::Extent;
use crate::syntax;

/// The rule: cut behind the end.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    match block_end(draft) {
        Some(end) if end < draft.text.len() => Verdict::Cut(end),
        _ => Verdict::Keep,
    }
}

/// Bytes of the answer up to where it should end, once that can be seen. Asked after every piece
/// while the model writes, so that it stops early.
pub fn block_end(draft: &Draft<'_>) -> Option<usize> {
    match draft.extent {
        Extent::Line => draft.text.find('\n'),
        Extent::Block => block(draft),
    }
}

/// The end of the statement that starts at the cursor, or of the body whose header ends there.
fn block(draft: &Draft<'_>) -> Option<usize> {
    // Nothing can be seen before a line has ended and another has begun.
    if !draft.text.trim_end().contains('\n') {
        return None;
    }
    let header = draft.line_before();
    let indent = header.len() - header.trim_start().len();
    if !header.trim().is_empty() {
        // The body of a header: it ends where a line stands no deeper than the header.
        return dedent(&draft.text, indent);
    }
    let by_indent = dedent(&draft.text, indent.saturating_sub(1)).filter(|_| indent > 0);
    let statement = statement(draft);
    match (by_indent, statement) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
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

/// The end of the first statement of the answer, by the tree.
fn statement(draft: &Draft<'_>) -> Option<usize> {
    let language = draft.language?;
    let lead = draft.text.len() - draft.text.trim_start().len();
    let whole = format!("{}{}", draft.before, draft.text);
    let tree = syntax::parse_str(language, &whole)?;
    let start = draft.before.len() + lead;
    let end = syntax::statement_end(language, &tree, &whole, start)?;
    end.checked_sub(draft.before.len())
        .filter(|end| *end > lead)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::fixture::judged;
    use super::*;

    #[track_caller]
    fn check(fixture: &str, extent: Extent, says: &str, expected: Expect) {
        expected.assert_eq(&judged(judge, fixture, extent, says));
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
            "def f(xs):\n    $0\n",
            Extent::Block,
            "for x in xs:\n        print(x)\n    return xs\n",
            expect![[r#"
                def f(xs):
                    ⟦for x in xs:
                        print(x)⟧
            "#]],
        );
        check(
            "$0\n",
            Extent::Block,
            "import os\nimport sys\n",
            expect![[r#"
            ⟦import os⟧
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
            "#]],
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
            el⟧
        "#]],
        );
    }
}
