//! What it gives back.

use super::{Teller, code, say, several};
use crate::explanation::facts::{Facts, Results};

pub(super) fn tell(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let Results {
        returns,
        yields,
        reaches_end,
    } = &facts.results;
    let mut told: Vec<String> = Vec::new();
    for one in yields {
        let line = teller.line(one.line);
        let value = match &one.value {
            Some(value) => code(value),
            None => code("None"),
        };
        told.push(match one.is_from {
            true => say!(
                teller,
                "all of {value} ({line})",
                "{value} 的全部（{line}）"
            ),
            false => say!(teller, "{value} ({line})", "{value}（{line}）"),
        });
    }
    if !told.is_empty() {
        let all = several(teller, told);
        return Some(say!(teller, "**Yields** {all}", "**产出**：{all}"));
    }
    let is_none = |value: &Option<String>| value.as_deref().is_none_or(|value| value == "None");
    for one in returns {
        let line = teller.line(one.line);
        let value = code(one.value.as_deref().unwrap_or("None"));
        told.push(say!(teller, "{value} ({line})", "{value}（{line}）"));
    }
    let gives_only_none = returns.iter().all(|one| is_none(&one.value));
    match (*reaches_end, gives_only_none) {
        (true, true) => Some(say!(teller, "**Returns** nothing", "**返回**：无")),
        (true, false) => {
            told.push(say!(
                teller,
                "{} where its end is reached",
                "执行到末尾时为 {}",
                code("None")
            ));
            let all = several(teller, told);
            Some(say!(teller, "**Returns** {all}", "**返回**：{all}"))
        }
        // It always raises, or never ends.
        (false, _) if told.is_empty() => None,
        (false, _) => {
            let all = several(teller, told);
            Some(say!(teller, "**Returns** {all}", "**返回**：{all}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::explanation::part::Part;
    use crate::explanation::telling::tests::check;

    #[test]
    fn what_is_returned_or_yielded_is_told() {
        check(
            Part::Purpose,
            "
def f(x):
    if x:
        return x + 1

def g():
    yield
    yield from xs

def h(): raise X

def i():
    return
",
            expect![[r#"
                ### `f`, lines 1–3

                - **Takes** `x`
                - **Returns** `x + 1` (line 3); `None` where its end is reached

                ### `g`, lines 5–7

                - **Takes** no parameters
                - **Yields** `None` (line 6); all of `xs` (line 7)

                ### `h`, line 9

                - **Takes** no parameters
                - **Raises** `X` (line 9)

                ### `i`, lines 11–12

                - **Takes** no parameters
                - **Returns** `None` (line 12)

                ### `f`，第 1–3 行

                - **参数**：`x`
                - **返回**：`x + 1`（第 3 行）；执行到末尾时为 `None`

                ### `g`，第 5–7 行

                - **参数**：无
                - **产出**：`None`（第 6 行）；`xs` 的全部（第 7 行）

                ### `h`，第 9 行

                - **参数**：无
                - **引发**：`X`（第 9 行）

                ### `i`，第 11–12 行

                - **参数**：无
                - **返回**：`None`（第 12 行）
            "#]],
        );
    }
}
