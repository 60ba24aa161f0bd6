//! A completion must not break the file.

use super::{Draft, Verdict, closers};
use crate::syntax;

/// Cuts back to the last place that adds no syntax error to the text around the cursor; drops the
/// answer where there is none.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let text = draft.text.as_str();
    if text.trim().is_empty() {
        return Verdict::Keep;
    }
    let Some(with) = with(draft, text) else {
        return Verdict::Keep;
    };
    // A text without errors needs no comparison; most answers end here.
    if with == 0 {
        return Verdict::Keep;
    }
    let without = without(draft);
    if with <= without {
        return Verdict::Keep;
    }
    // The last line end first.
    let line_ends = text
        .match_indices('\n')
        .map(|(at, _)| text[..at].trim_end().len());
    for end in line_ends.rev() {
        let kept = &text[..end];
        if !kept.trim().is_empty() && self::with(draft, kept).is_some_and(|with| with <= without) {
            return Verdict::Cut(end);
        }
    }
    Verdict::Drop("it would break the syntax")
}

/// Errors of the excerpt with `text` at the cursor. A header without its body, and a bracket that
/// the person has yet to close, are unfinished and not wrong, so both are finished here first.
fn with(draft: &Draft<'_>, text: &str) -> Option<usize> {
    let as_it_is = count(
        draft,
        &format!("{}{}", body_after(draft, text), draft.after),
    )?;
    if as_it_is == 0 {
        return Some(0);
    }
    let closed = format!("{text}{}", closers::missing(draft, text));
    let closed = count(
        draft,
        &format!("{}{}", body_after(draft, &closed), draft.after),
    )?;
    Some(as_it_is.min(closed))
}

/// Errors that are not the answer's: those that stay when the line being typed is blank, or a
/// finished statement.
fn without(draft: &Draft<'_>) -> usize {
    let line_start = draft.before.len() - draft.line_before().len();
    let rest = draft.after.find('\n').map_or("", |at| &draft.after[at..]);
    let indent = draft.line_before();
    let indent = &indent[..indent.len() - indent.trim_start().len()];
    [String::new(), format!("{indent}pass")]
        .iter()
        .filter_map(|line| {
            let language = draft.language?;
            let whole = format!("{}{line}{rest}", &draft.before[..line_start]);
            let tree = syntax::parse_str(language, &whole)?;
            Some(syntax::count_errors(language, &tree, &whole))
        })
        .min()
        .unwrap_or(usize::MAX)
}

/// `text`, with a body of `...` if it ends with the colon of a header.
fn body_after(draft: &Draft<'_>, text: &str) -> String {
    let whole = format!("{}{text}", draft.before);
    let line = whole.rsplit('\n').next().unwrap_or_default();
    let has_body = !line.trim_end().ends_with(':') || !draft.line_after().trim().is_empty();
    match has_body {
        true => text.to_owned(),
        false => {
            let indent = line.len() - line.trim_start().len();
            format!("{text}\n{}...", " ".repeat(indent + 4))
        }
    }
}

/// Errors of the text before the cursor with `rest` behind it.
fn count(draft: &Draft<'_>, rest: &str) -> Option<usize> {
    let language = draft.language?;
    let whole = format!("{}{rest}", draft.before);
    let tree = syntax::parse_str(language, &whole)?;
    Some(syntax::count_errors(language, &tree, &whole))
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
    fn what_the_person_has_yet_to_close_is_not_broken() {
        check(
            "x = [$0\n",
            "1, 2",
            expect![[r#"
                x = [⟦1, 2⟧
            "#]],
        );
        check(
            "print(f(a,$0\n\ny = 1\n",
            " g(b",
            expect![[r#"
                print(f(a,⟦ g(b⟧

                y = 1
            "#]],
        );
        check(
            "f(\n    a,\n    $0\n)\n",
            "b=1,",
            expect![[r#"
                f(
                    a,
                    ⟦b=1,⟧
                )
            "#]],
        );
    }

    #[test]
    fn errors_elsewhere_are_not_held_against_it() {
        check(
            "def broken(:\n    pass\n\nx = $0\n",
            "1",
            expect![[r#"
                def broken(:
                    pass

                x = ⟦1⟧
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
            "x += 1$0\n",
            " += 1",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "x = $0\n",
            "y = = 2",
            expect!["nothing: it would break the syntax"],
        );
    }
}
