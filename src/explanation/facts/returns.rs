//! What a function gives back.

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged as _, TextRange};
use serde::Serialize;

use super::super::source::Source;
use super::own::{self, Own};
use super::reach::reaches_end;

/// What a function gives back, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Results {
    /// Its `return` statements.
    pub returns: Vec<Return>,
    /// Its `yield`s.
    pub yields: Vec<Yield>,
    /// Whether its end can be reached without a `return`; it gives `None` then.
    pub reaches_end: bool,
}

/// A `return`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Return {
    /// What is returned, on one line; `None` for a bare `return`.
    pub value: Option<String>,
    /// Its line.
    pub line: usize,
}

/// A `yield`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Yield {
    /// What is yielded, on one line; `None` for a bare `yield`.
    pub value: Option<String>,
    /// Whether it is a `yield from`.
    pub is_from: bool,
    /// Its line.
    pub line: usize,
}

/// Characters of a value, at most.
const MAX_TEXT: usize = 120;

impl Results {
    pub(super) fn of(function: &StmtFunctionDef, source: &Source<'_>) -> Results {
        let mut found = Results {
            reaches_end: reaches_end(&function.body),
            ..Results::default()
        };
        let text = |value: &Expr| source.brief(value, MAX_TEXT);
        // A lambda that yields is a generator of its own.
        let mut lambdas: Vec<TextRange> = Vec::new();
        let is_own = |lambdas: &[TextRange], at: TextRange| {
            !lambdas.iter().any(|lambda| lambda.contains_range(at))
        };
        own::visit(&function.body, &mut |part| match part {
            Own::Expression(Expr::Lambda(one)) => lambdas.push(one.body.range()),
            Own::Statement(Stmt::Return(one)) => found.returns.push(Return {
                value: one.value.as_deref().map(text),
                line: source.line_of(one),
            }),
            Own::Expression(Expr::Yield(one)) if is_own(&lambdas, one.range()) => {
                found.yields.push(Yield {
                    value: one.value.as_deref().map(text),
                    is_from: false,
                    line: source.line_of(one),
                })
            }
            Own::Expression(Expr::YieldFrom(one)) if is_own(&lambdas, one.range()) => {
                found.yields.push(Yield {
                    value: Some(text(&one.value)),
                    is_from: true,
                    line: source.line_of(one),
                })
            }
            _ => {}
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::super::target;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let source = Source::parse(text);
        let functions = target::functions(&source);
        let found = Results::of(functions[0].def, &source);
        let value = |value: &Option<String>| value.clone().unwrap_or("nothing".to_owned());
        let mut told: Vec<String> = Vec::new();
        for one in &found.returns {
            told.push(format!("{}: returns {}", one.line, value(&one.value)));
        }
        for one in &found.yields {
            let from = if one.is_from { " from" } else { "" };
            told.push(format!("{}: yields{from} {}", one.line, value(&one.value)));
        }
        if found.reaches_end {
            told.push("reaches its end".to_owned());
        }
        expected.assert_eq(&told.join("\n"));
    }

    #[test]
    fn what_is_given_back_is_told_with_its_line() {
        check(
            "
def f(x):
    if x:
        return
    yield x
    yield from [
        x,
    ]
    def g():
        return 2
    h = lambda: (yield 3)
    return {
        'a': 1,
    }
",
            expect![[r#"
                4: returns nothing
                12: returns {'a': 1,}
                5: yields x
                6: yields from [x,]"#]],
        );
        check(
            "def f(x):\n    if x: return 1\n",
            expect![[r#"
            2: returns 1
            reaches its end"#]],
        );
    }
}
