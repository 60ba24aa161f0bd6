//! An answer is indented as the file is, and takes nothing of what follows into its own block.

use super::{Draft, Verdict, closers};
use crate::syntax::{self, indent};

/// Cuts before the first line that is not indented as the file is, and before one that stands
/// shallower than the cursor while what follows does not; drops an answer whose first line is a
/// header that would take the lines below into its block.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let text = draft.text.trim_end();
    let base = indent(draft.line_before());
    let is_blank_line = draft.line_before().trim().is_empty();
    let next = draft
        .after
        .lines()
        .skip(1)
        .find(|line| !line.trim().is_empty())
        .map(indent);

    let mut open = closers::at_cursor(draft);
    let mut offset = 0;
    let mut above: Option<&str> = None;
    for (idx, line) in text.split_inclusive('\n').enumerate() {
        let own = if idx == 0 { base } else { indent(line) };
        // Inside brackets and strings a line stands where it likes.
        let is_code = open.stack.is_empty() && !line.trim().is_empty();
        if is_code {
            let keeps = idx == 0 || above.is_none_or(|above| keeps_step(draft, above, own));
            let leaves = idx > 0
                && is_blank_line
                && own.len() < base.len()
                && next.is_some_and(|next| next.len() >= base.len());
            if !keeps || leaves {
                return match text[..offset].trim().is_empty() {
                    true => Verdict::Drop("its indentation does not fit the file's"),
                    false => Verdict::Cut(text[..offset].trim_end().len()),
                };
            }
        }
        open.read(line);
        let is_header = open.stack.is_empty() && line.trim_end().ends_with(':');
        above = match (is_header, is_code) {
            (true, true) => Some(own),
            // A header over several lines began further up.
            (true, false) => above,
            _ if line.trim().is_empty() => above,
            _ => None,
        };
        offset += line.len();
    }

    let last = text.rsplit('\n').next().unwrap_or_default();
    let last_indent = if text.contains('\n') {
        indent(last)
    } else {
        base
    };
    let captures = is_blank_line
        && open.stack.is_empty()
        && text.ends_with(':')
        && next.is_some_and(|next| next.len() > last_indent.len())
        && has_home(draft);
    match captures {
        true => Verdict::Drop("it would take the lines below into its block"),
        false => Verdict::Keep,
    }
}

/// Whether a line at `own` behind a header at `header` is one step deeper, as the file has it.
fn keeps_step(draft: &Draft<'_>, header: &str, own: &str) -> bool {
    let Some(step) = own.strip_prefix(header).filter(|step| !step.is_empty()) else {
        return false;
    };
    let unit = syntax::indent_unit(draft.before).or_else(|| syntax::indent_unit(draft.after));
    match unit {
        Some(unit) => step == unit,
        // The cursor's own line may still tell tabs from spaces.
        None => !(draft.before.contains("\n\t") && step.contains(' ')),
    }
}

/// Whether the lines below belong to a block as it is.
fn has_home(draft: &Draft<'_>) -> bool {
    draft
        .refusals(&[draft.before, draft.after].concat())
        .is_empty()
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
    fn a_block_keeps_the_file_s_step() {
        let two = "def f():\n  if a:\n    b()\n  $0\n";
        check(
            two,
            "for x in xs:\n    g(x)",
            expect![[r#"
            def f():
              if a:
                b()
              ⟦for x in xs:
                g(x)⟧
        "#]],
        );
        check(
            two,
            "for x in xs:\n      g(x)",
            expect![[r#"
            def f():
              if a:
                b()
              ⟦for x in xs:⟧
        "#]],
        );
        check(
            two,
            "y = 1\n  for x in xs:\n      g(x)",
            expect![[r#"
            def f():
              if a:
                b()
              ⟦y = 1
              for x in xs:⟧
        "#]],
        );
        let tabs = "def f():\n\tif a:\n\t\tb()\n\t$0\n";
        check(
            tabs,
            "while x:\n\t\tg(x)",
            expect![[r#"
            def f():
            	if a:
            		b()
            	⟦while x:
            		g(x)⟧
        "#]],
        );
        check(
            tabs,
            "while x:\n        g(x)",
            expect![[r#"
            def f():
            	if a:
            		b()
            	⟦while x:⟧
        "#]],
        );
    }

    #[test]
    fn continued_lines_stand_where_they_like() {
        check(
            "def f():\n    $0\n",
            "x = g(a,\n          b)\n    y = [\n      1,\n    ]",
            expect![[r#"
                def f():
                    ⟦x = g(a,
                          b)
                    y = [
                      1,
                    ]⟧
            "#]],
        );
        check(
            "class A:\n    $0\n    y = 1\n",
            "def f(self,\n          b):\n        return b",
            expect![[r#"
                class A:
                    ⟦def f(self,
                          b):
                        return b⟧
                    y = 1
            "#]],
        );
    }

    #[test]
    fn nothing_leaves_the_block_that_goes_on_below() {
        check(
            "def f():\n    $0\n    return x\n",
            "x = 1\n\ndef g():\n    y = 2",
            expect![[r#"
                def f():
                    ⟦x = 1⟧
                    return x
            "#]],
        );
    }

    #[test]
    fn nothing_below_is_taken_into_a_new_block() {
        check(
            "def f():\n    x = 1\n$0\n    return x\n",
            "def g():",
            expect!["nothing: it would take the lines below into its block"],
        );
        // These lines have no home yet: their header was taken away.
        check(
            "x = 1\n$0\n    return x\n",
            "def g():",
            expect![[r#"
            x = 1
            ⟦def g():⟧
                return x
        "#]],
        );
    }
}
