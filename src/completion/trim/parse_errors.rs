//! A completion must not break the file.

use super::{Draft, Verdict};
use crate::syntax;

/// Cuts back to the last place that adds no syntax error to the text around the cursor; drops the
/// answer where there is none.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let Some(errors) = Errors::of(draft) else {
        return Verdict::Keep;
    };
    let text = draft.text.as_str();
    if !errors.adds(text) {
        return Verdict::Keep;
    }
    // The last line end first.
    let line_ends = text
        .match_indices('\n')
        .map(|(at, _)| text[..at].trim_end().len())
        .rev();
    for end in line_ends {
        if !text[..end].trim().is_empty() && !errors.adds(&text[..end]) {
            return Verdict::Cut(end);
        }
    }
    Verdict::Drop("it would break the syntax")
}

/// The number of errors that stand in the text anyway.
struct Errors<'a> {
    draft: &'a Draft<'a>,
    without: usize,
}

impl<'a> Errors<'a> {
    fn of(draft: &'a Draft<'a>) -> Option<Self> {
        let without = count(draft, "")?;
        Some(Errors { draft, without })
    }

    fn adds(&self, text: &str) -> bool {
        count(self.draft, text).is_some_and(|with| with > self.without)
    }
}

/// Errors of the excerpt with `text` at the cursor. A header without its body, and a bracket that
/// the person has yet to close, are unfinished and not wrong, so both are finished here first.
fn count(draft: &Draft<'_>, text: &str) -> Option<usize> {
    let language = draft.language?;
    let mut whole = format!("{}{text}", draft.before);
    let line = whole.rsplit('\n').next().unwrap_or_default();
    if line.trim_end().ends_with(':') && draft.line_after().trim().is_empty() {
        let indent = line.len() - line.trim_start().len();
        whole.push('\n');
        whole.extend(std::iter::repeat_n(' ', indent + 4));
        whole.push_str("...");
    }
    whole.push_str(draft.after);
    syntax::parse_str(language, &whole).map(|tree| syntax::count_errors(&tree))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::fixture::judged;
    use super::*;
    use crate::completion::trigger::Extent;

    #[track_caller]
    fn check(fixture: &str, says: &str, expected: Expect) {
        expected.assert_eq(&judged(judge, fixture, Extent::Block, says));
    }

    #[test]
    fn whole_code_passes_and_a_header_may_wait_for_its_body() {
        check(
            "def f(a):\n    $0\n",
            "return a + 1",
            expect![[r#"
            def f(a):
                ⟦return a + 1⟧
        "#]],
        );
        check(
            "def f(a):\n    $0\n\nf(1)\n",
            "if a:",
            expect![[r#"
            def f(a):
                ⟦if a:⟧

            f(1)
        "#]],
        );
        check(
            "class A:\n    def f$0\n",
            "(self, x):",
            expect![[r#"
            class A:
                def f⟦(self, x):⟧
        "#]],
        );
    }

    #[test]
    fn broken_lines_are_cut_off() {
        check(
            "def f(a):\n    $0\n    return b\n",
            "b = a\n    c = = 2",
            expect![[r#"
            def f(a):
                ⟦b = a⟧
                return b
        "#]],
        );
        check(
            "x = $0\n",
            "y = = 2",
            expect![[r#"
            x = ⟦y = = 2⟧
        "#]],
        );
    }
}
