//! The language that a docstring is written in, and how it marks code.

use ruff_python_ast::{CmpOp, Expr, UnaryOp};
use ruff_python_parser::parse_expression;
use ruff_text_size::Ranged as _;

use super::super::facts::{Branch, Condition};
use super::super::telling::say;
use super::super::tongue::Tongue;
use super::style::Style;

/// Says what is known in words.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Voice<'a> {
    pub(in super::super) tongue: &'a Tongue,
    pub(in super::super) style: Style,
}

impl Voice<'_> {
    /// Code, in the marks of the style's markup: reStructuredText has two backquotes.
    pub(super) fn code(&self, text: &str) -> String {
        let mark = match self.style {
            Style::Google | Style::Line => "`",
            Style::Numpy | Style::Sphinx => "``",
        };
        format!("{mark}{text}{mark}")
    }

    /// Things as one sentence would list them.
    pub(super) fn either(&self, all: &[String]) -> String {
        match all {
            [] => String::new(),
            [one] => one.clone(),
            [one, other] => say!(self, "{one} or {other}", "{one} 或 {other}"),
            [first @ .., last] => {
                let first = first.join(if self.tongue.is_chinese() {
                    "、"
                } else {
                    ", "
                });
                say!(self, "{first}, or {last}", "{first} 或 {last}")
            }
        }
    }

    /// A sentence: its first letter a capital, a stop at its end.
    pub(super) fn sentence(&self, text: &str) -> String {
        let text = text.trim().trim_end_matches(['.', '。']);
        let mut rest = text.chars();
        let first = rest.next().map(|c| c.to_uppercase().collect::<String>());
        let first = first.unwrap_or_default();
        match self.tongue.is_chinese() {
            true => format!("{text}。"),
            false => format!("{first}{}.", rest.as_str()),
        }
    }

    /// When a branch is taken, as a clause.
    pub(in super::super) fn condition(&self, condition: &Condition) -> String {
        let quoted = self.code(&condition.text);
        // What was cut off says nothing in words.
        let test = match condition.text.ends_with('…') {
            true => None,
            false => self.test(&condition.text),
        };
        let test = test.unwrap_or_else(|| quoted.clone());
        match condition.branch {
            Branch::If | Branch::Elif => say!(self, "if {test}", "若 {test}"),
            Branch::Else => say!(self, "unless {test}", "除非 {test}"),
            Branch::While => say!(self, "while {test}", "当 {test} 时"),
            Branch::LoopElse => say!(
                self,
                "if the loop {quoted} ends without a break",
                "若循环 {quoted} 未被中断"
            ),
            Branch::Case => say!(self, "in the case {quoted}", "若匹配 {quoted}"),
            Branch::Except if condition.text.is_empty() => {
                say!(self, "if anything is raised", "若发生任何异常")
            }
            Branch::Except => say!(self, "if {quoted} is raised", "若发生 {quoted}"),
            Branch::TryElse => say!(self, "if nothing is raised", "若没有异常"),
        }
    }

    /// A test in words; `None` where code says it better.
    fn test(&self, text: &str) -> Option<String> {
        let parsed = parse_expression(text).ok()?;
        self.words(parsed.expr(), text)
    }

    fn words(&self, test: &Expr, text: &str) -> Option<String> {
        let code = |one: &Expr| self.code(&text[one.start().to_usize()..one.end().to_usize()]);
        match test {
            Expr::UnaryOp(one) if one.op == UnaryOp::Not => match &*one.operand {
                Expr::Call(_) => self.call(&one.operand, text, true),
                Expr::Name(_) | Expr::Attribute(_) => {
                    let it = code(&one.operand);
                    Some(say!(self, "{it} is empty or false", "{it} 为空或为假"))
                }
                _ => None,
            },
            Expr::Call(_) => self.call(test, text, false),
            Expr::Name(_) | Expr::Attribute(_) => {
                let it = code(test);
                Some(say!(self, "{it} is set", "{it} 已设置"))
            }
            Expr::Compare(one) => {
                let ([op], [right]) = (&*one.ops, &*one.comparators) else {
                    return None;
                };
                let (left, right) = (code(&one.left), code(right));
                Some(match op {
                    CmpOp::Eq => say!(self, "{left} equals {right}", "{left} 等于 {right}"),
                    CmpOp::NotEq => {
                        say!(self, "{left} is not {right}", "{left} 不等于 {right}")
                    }
                    CmpOp::Lt => say!(self, "{left} is less than {right}", "{left} 小于 {right}"),
                    CmpOp::LtE => {
                        say!(self, "{left} is at most {right}", "{left} 不大于 {right}")
                    }
                    CmpOp::Gt => {
                        say!(
                            self,
                            "{left} is greater than {right}",
                            "{left} 大于 {right}"
                        )
                    }
                    CmpOp::GtE => {
                        say!(self, "{left} is at least {right}", "{left} 不小于 {right}")
                    }
                    CmpOp::Is => say!(self, "{left} is {right}", "{left} 为 {right}"),
                    CmpOp::IsNot => say!(self, "{left} is not {right}", "{left} 不为 {right}"),
                    CmpOp::In => say!(self, "{left} is in {right}", "{left} 在 {right} 中"),
                    CmpOp::NotIn => {
                        say!(self, "{left} is not in {right}", "{left} 不在 {right} 中")
                    }
                })
            }
            _ => None,
        }
    }

    /// `isinstance` and `callable` in words.
    fn call(&self, test: &Expr, text: &str, is_not: bool) -> Option<String> {
        let Expr::Call(call) = test else { return None };
        let Expr::Name(name) = &*call.func else {
            return None;
        };
        let code = |one: &Expr| self.code(&text[one.start().to_usize()..one.end().to_usize()]);
        match (name.id.as_str(), &*call.arguments.args) {
            ("isinstance", [one, Expr::Tuple(kinds)]) => {
                let it = code(one);
                let kinds: Vec<String> = kinds.elts.iter().map(code).collect();
                let kinds = self.either(&kinds);
                Some(match is_not {
                    true => say!(
                        self,
                        "{it} is not of type {kinds}",
                        "{it} 不是 {kinds} 类型"
                    ),
                    false => say!(self, "{it} is of type {kinds}", "{it} 是 {kinds} 类型"),
                })
            }
            ("isinstance", [one, kind]) => {
                let (it, kind) = (code(one), code(kind));
                Some(match is_not {
                    true => say!(self, "{it} is not of type {kind}", "{it} 不是 {kind} 类型"),
                    false => say!(self, "{it} is of type {kind}", "{it} 是 {kind} 类型"),
                })
            }
            ("callable", [one]) => {
                let it = code(one);
                Some(match is_not {
                    true => say!(self, "{it} cannot be called", "{it} 不可调用"),
                    false => say!(self, "{it} can be called", "{it} 可调用"),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(tests: &[&str], tongue: &Tongue, expected: Expect) {
        let style = Style::Google;
        let voice = Voice { tongue, style };
        let said = tests.iter().map(|text| {
            let condition = Condition {
                branch: Branch::If,
                text: (*text).to_owned(),
                line: 1,
            };
            voice.sentence(&voice.condition(&condition)) + "\n"
        });
        expected.assert_eq(&said.collect::<String>());
    }

    #[test]
    fn a_test_is_told_in_words_where_they_say_it_as_well() {
        let tests = [
            "n < 1",
            "not self.items",
            "x is None",
            "key not in d",
            "not isinstance(x, (int, str))",
            "a and b",
            "(a) == f(b)",
        ];
        check(
            &tests,
            &Tongue::English,
            expect![[r#"
                If `n` is less than `1`.
                If `self.items` is empty or false.
                If `x` is `None`.
                If `key` is not in `d`.
                If `x` is not of type `int` or `str`.
                If `a and b`.
                If `a` equals `f(b)`.
            "#]],
        );
        check(
            &tests,
            &Tongue::Chinese,
            expect![[r#"
                若 `n` 小于 `1`。
                若 `self.items` 为空或为假。
                若 `x` 为 `None`。
                若 `key` 不在 `d` 中。
                若 `x` 不是 `int` 或 `str` 类型。
                若 `a and b`。
                若 `a` 等于 `f(b)`。
            "#]],
        );
    }
}
