//! A completion must not break the file.

use super::{Draft, Verdict, closers};
use crate::syntax::{self, Open, Opened};

/// Places that are tried to cut back to, at most.
const MAX_CUTS: usize = 8;

/// What may stand at the cursor of a file that is whole, the most common first: a text that lets the
/// line go on, with what follows as it is, shows which errors are not the answer's.
#[rustfmt::skip]
const FILLERS: [&str; 27] = [
    "", "_", "_,", "_(", "(", "_ = _", "_: ...", "_(): ...", "_ in _: ...", ": ...", ":", "_:", " _:",
    "_():", "_ in _:", " in _:", "f _():", "_ in _(", "_ = (", "_ = [", "_ = {", "try:", "]", ")", "}",
    "\"\"\"", "_ = \"\"\"",
];
/// What may stand behind the closers of what is open at the cursor.
const TAILS: [&str; 4] = ["", ",", ":", ": ..."];

/// Cuts back to the last place that adds no syntax error to the text around the cursor; drops the
/// answer where there is none.
///
/// Python's own rules decide. What the person left unfinished is not held against the answer: the
/// errors of the text without it, a docstring open at the cursor, brackets open there where the line
/// visibly goes on, the body of a header begun before it. What else is open when the line ends must be
/// closed by what follows.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let text = draft.text.trim_end();
    if text.is_empty()
        || draft
            .language
            .is_none_or(|language| language.id != "python")
    {
        return Verdict::Keep;
    }
    let refused = refusals(draft, text, "");
    // A text without errors needs no comparison; most answers end here.
    if refused.is_empty() {
        return Verdict::Keep;
    }
    let place = Place::of(draft);
    if refused.len() <= place.n_errors || place.fits_finished(draft, text) {
        return Verdict::Keep;
    }
    let first_error = refused
        .iter()
        .find_map(|at| at.checked_sub(draft.before.len()))
        .unwrap_or(text.len());
    let mut ends = ends(text, &place);
    ends.retain(|end| *end <= first_error);
    for end in ends.into_iter().rev().take(MAX_CUTS) {
        if place.fits(draft, &text[..end]) {
            return Verdict::Cut(end);
        }
    }
    Verdict::Drop("it would break the syntax")
}

/// The text around the cursor without the answer.
struct Place {
    /// Errors that are not the answer's.
    n_errors: usize,
    /// What is open at the cursor.
    open: Open,
    /// What of it the rest of the line does not close.
    unclosed: Vec<Opened>,
}

impl Place {
    fn of(draft: &Draft<'_>) -> Place {
        let open = closers::at_cursor(draft);
        let mut unclosed = open.stack.clone();
        closers::close(&mut unclosed, draft.line_after());
        let closers = closers_of(&unclosed);
        let mut n_errors = blank_line(draft);
        let as_it_is = FILLERS.iter().map(|filler| [filler, "", ""]);
        // In a string no filler but a quote is code.
        let n_finished = if open.is_in_text() { 1 } else { 2 };
        let finished = FILLERS[..n_finished]
            .iter()
            .flat_map(|filler| TAILS.iter().map(|tail| [filler, closers.as_str(), tail]));
        let finished = finished.filter(|_| !closers.is_empty());
        for filler in as_it_is.chain(finished) {
            if n_errors == 0 {
                break;
            }
            n_errors = n_errors.min(refusals(draft, &filler.concat(), "").len());
        }
        Place {
            n_errors,
            open,
            unclosed,
        }
    }

    /// Whether `text` adds no error.
    fn fits(&self, draft: &Draft<'_>, text: &str) -> bool {
        refusals(draft, text, "").len() <= self.n_errors || self.fits_finished(draft, text)
    }

    /// Whether `text` adds no error once what the person began is finished behind it.
    fn fits_finished(&self, draft: &Draft<'_>, text: &str) -> bool {
        let mut open = self.open.clone();
        open.read(text);
        closers::close(&mut open.stack, draft.line_after());
        let goes_on = text.ends_with([',', '(', '[', '{']);
        let is_block = |open: &Opened| {
            matches!(
                open,
                Opened::Quote {
                    is_triple: true,
                    ..
                }
            )
        };
        if !self.unclosed.starts_with(&open.stack)
            || !open.stack.iter().all(|open| goes_on || is_block(open))
        {
            return false;
        }
        let mut finish = closers_of(&open.stack);
        let before = draft.line_before();
        let is_header = text.ends_with(':') || text.is_empty() && before.trim_end().ends_with(':');
        if finish.is_empty()
            && is_header
            && !text.contains('\n')
            && !before.trim().is_empty()
            && draft.line_after().trim().is_empty()
        {
            let indent = &before[..before.len() - before.trim_start().len()];
            finish = format!("\n{indent} ...");
        }
        !finish.is_empty() && refusals(draft, text, &finish).len() <= self.n_errors
    }
}

/// Where Python refuses the site with `text` and `finish` at the cursor.
fn refusals(draft: &Draft<'_>, text: &str, finish: &str) -> Vec<usize> {
    let whole = [draft.before, text, finish, draft.after].concat();
    syntax::refusals(&whole)
}

/// Errors that stay when the line being typed is blank, or a finished statement.
fn blank_line(draft: &Draft<'_>) -> usize {
    let line = draft.line_before();
    let before = &draft.before[..draft.before.len() - line.len()];
    let indent = &line[..line.len() - line.trim_start().len()];
    let after = draft.after.find('\n').map_or("", |at| &draft.after[at..]);
    let mut n_errors = usize::MAX;
    for statement in ["", "pass"] {
        if n_errors > 0 {
            let whole = [before, indent, statement, after].concat();
            n_errors = n_errors.min(syntax::refusals(&whole).len());
        }
    }
    n_errors
}

fn closers_of(stack: &[Opened]) -> String {
    stack.iter().rev().map(|open| open.closer()).collect()
}

/// Places where a text may be cut, in its order: ends of lines and, in the first of them, of words,
/// brackets and strings, that leave nothing open but what was open at the cursor.
fn ends(text: &str, place: &Place) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut open = place.open.clone();
    let mut ends = Vec::new();
    let mut read = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let next = text[end..].chars().next();
        let ends_word = is_word(c) && !next.is_some_and(is_word);
        if !ends_word && !")]}'\":".contains(c) {
            continue;
        }
        open.read(&text[read..end]);
        read = end;
        let in_text = open.is_in_text() && !place.open.is_in_text();
        // Half a line below the first is of no use to anybody.
        let is_whole = next.is_none_or(|c| c == '\n') || !text[..end].contains('\n');
        if is_whole && !in_text && place.open.stack.starts_with(&open.stack) {
            ends.push(end);
        }
    }
    ends
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
    fn whole_code_passes() {
        check(
            "def f(a):\n    $0\n",
            "return a + 1",
            expect![[r#"
                def f(a):
                    ⟦return a + 1⟧
            "#]],
        );
    }

    #[test]
    fn a_header_the_person_began_may_wait_for_its_body() {
        check(
            "class A:\n    def f$0\n",
            "(self, x):",
            expect![[r#"
            class A:
                def f⟦(self, x):⟧
        "#]],
        );
        check(
            "def f(a):\n    $0\n\nf(1)\n",
            "if a:",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "def f(a):\n    $0\n        g()\n",
            "if a:",
            expect![[r#"
                def f(a):
                    ⟦if a:⟧
                        g()
            "#]],
        );
    }

    #[test]
    fn what_the_person_opened_may_stay_open_where_the_line_goes_on() {
        check(
            "x = [$0\n",
            "1, 2,",
            expect![[r#"
            x = [⟦1, 2,⟧
        "#]],
        );
        check(
            "x = [$0\n",
            "1, 2",
            expect!["nothing: it would break the syntax"],
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
        check(
            "x = f'{a$0\n",
            ".b",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "\"\"\"$0\n",
            "Reads a file.",
            expect![[r#"
            """⟦Reads a file.⟧
        "#]],
        );
        check(
            "def f():\n    x = {$0\n    return x\n",
            "'a': 1",
            expect!["nothing: it would break the syntax"],
        );
    }

    #[test]
    fn what_the_answer_opens_it_closes() {
        check(
            "print(f(a,$0\n\ny = 1\n",
            " g(b",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "x = $0\ny = 1\n",
            "foo(a, 'b",
            expect![[r#"
            x = ⟦foo⟧
            y = 1
        "#]],
        );
        check(
            "x = $0\n    'a': 1,\n}\n",
            "{",
            expect![[r#"
            x = ⟦{⟧
                'a': 1,
            }
        "#]],
        );
    }

    #[test]
    fn what_follows_counts() {
        check(
            "x = f(a, $0\n      c)\n",
            "b)",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "x = f(a, $0\n      c)\n",
            "b,",
            expect![[r#"
            x = f(a, ⟦b,⟧
                  c)
        "#]],
        );
        check(
            "def f():\n    $0\n    return 1\n",
            "if x:\n        y()",
            expect![[r#"
                def f():
                    ⟦if x:
                        y()⟧
                    return 1
            "#]],
        );
    }

    #[test]
    fn lines_below_that_wait_for_the_beginning_of_theirs_count() {
        let call = "conf.add_r$0\n    'a',\n    b=1,\n)\n";
        check(
            call,
            "oute(",
            expect![[r#"
            conf.add_r⟦oute(⟧
                'a',
                b=1,
            )
        "#]],
        );
        check(
            call,
            "oute('a')",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "if(a$0\n    b()\n",
            " == 1)",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "if(a$0\n    b()\n",
            " == 1):",
            expect![[r#"
            if(a⟦ == 1):⟧
                b()
        "#]],
        );
        check(
            "if '=$0\n    b()\n",
            "= '",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "def cl$0\n    b()\n",
            "ock_action",
            expect!["nothing: it would break the syntax"],
        );
        let block = "def f():\n    $0\n        g()\n    except E:\n        pass\n";
        check(
            block,
            "raise E",
            expect!["nothing: it would break the syntax"],
        );
        check(
            block,
            "try:",
            expect![[r#"
            def f():
                ⟦try:⟧
                    g()
                except E:
                    pass
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
        check(
            "def broken(:\n    pass\n\nx = $0\n",
            "1 +",
            expect![[r#"
                def broken(:
                    pass

                x = ⟦1⟧
            "#]],
        );
    }

    #[test]
    fn broken_code_is_cut_back_to_whole_code() {
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
            "f(a) g(b)",
            expect![[r#"
            x = ⟦f(a)⟧
        "#]],
        );
        check(
            "x += 1$0\n",
            " += 1",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "x = $0\n",
            "= 2",
            expect!["nothing: it would break the syntax"],
        );
    }

    #[test]
    fn what_only_the_compiler_refuses_is_refused_too() {
        check(
            "def f():\n    x()\n$0\n",
            "return 1",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "def f():\n    x = $0\n",
            "await g()",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "f(a=1, $0)\n",
            "b",
            expect!["nothing: it would break the syntax"],
        );
        check(
            "async def f():\n    x = $0\n",
            "await g()",
            expect![[r#"
                async def f():
                    x = ⟦await g()⟧
            "#]],
        );
    }
}
