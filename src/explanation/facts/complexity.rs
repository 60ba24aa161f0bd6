//! How many ways lead through a function.

use ruff_python_ast::visitor::{Visitor, walk_comprehension, walk_expr};
use ruff_python_ast::{Comprehension, StmtFunctionDef};
use ruff_python_ast::{Expr, Pattern, Stmt};
use serde::Serialize;

use super::super::target::blocks;
use super::own::walk;

/// How complex a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Complexity {
    /// McCabe's number, counted as radon's `cc_visit` does: see [`cyclomatic`].
    pub cyclomatic: usize,
    /// Blocks within blocks, at most: 0 for a function without branches, loops and so on. An
    /// `elif` is as deep as its `if`.
    pub nesting: usize,
}

impl Complexity {
    pub(super) fn of(function: &StmtFunctionDef) -> Complexity {
        Complexity {
            cyclomatic: cyclomatic(function),
            nesting: nesting(&function.body),
        }
    }
}

/// The cyclomatic complexity by the rules of radon 6: one, and one more for each `if`, `elif`,
/// conditional expression, `assert`, loop, `else` of a loop, `except`, `else` of a `try`, `case` but
/// for one that catches all, operand of `and` and `or` after the first, `for` and `if` of a
/// comprehension. What stands in an `assert`, in functions and classes within, and the handlers of
/// `except*` count nothing.
pub fn cyclomatic(function: &StmtFunctionDef) -> usize {
    let mut count = Count(1);
    count.visit_body(&function.body);
    count.0
}

struct Count(usize);

impl<'a> Visitor<'a> for Count {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            Stmt::Assert(_) => {
                self.0 += 1;
                return;
            }
            Stmt::If(one) => {
                let clauses = one.elif_else_clauses.iter();
                self.0 += 1 + clauses.filter(|clause| clause.test.is_some()).count();
            }
            Stmt::For(one) => self.0 += 1 + usize::from(!one.orelse.is_empty()),
            Stmt::While(one) => self.0 += 1 + usize::from(!one.orelse.is_empty()),
            Stmt::Try(one) if !one.is_star => {
                self.0 += one.handlers.len() + usize::from(!one.orelse.is_empty());
            }
            Stmt::Match(one) => {
                let catches_all = one.cases.iter().any(
                    |case| matches!(&case.pattern, Pattern::MatchAs(one) if one.pattern.is_none()),
                );
                self.0 += one.cases.len() - usize::from(catches_all);
            }
            _ => {}
        }
        walk(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::BoolOp(one) => self.0 += one.values.len().saturating_sub(1),
            Expr::If(_) => self.0 += 1,
            _ => {}
        }
        walk_expr(self, expression);
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        self.0 += 1 + comprehension.ifs.len();
        walk_comprehension(self, comprehension);
    }
}

/// Blocks within blocks of a body, functions and classes in it left out.
fn nesting(body: &[Stmt]) -> usize {
    let depth = |statement: &Stmt| match statement {
        Stmt::FunctionDef(_) | Stmt::ClassDef(_) => 0,
        Stmt::Match(one) => {
            let inner = one.cases.iter().map(|case| nesting(&case.body)).max();
            // A `case` is a block of its own within its `match`.
            2 + inner.unwrap_or(0)
        }
        _ => {
            let inner = blocks(statement).into_iter().map(nesting).max();
            inner.map_or(0, |inner| 1 + inner)
        }
    };
    body.iter().map(depth).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::{source::Source, target};
    use super::*;

    #[track_caller]
    fn check(body: &str, cyclomatic: usize, nesting: usize) {
        let text: String = body.lines().map(|line| format!("    {line}\n")).collect();
        let text = format!("def f(x, y=a or b):\n{text}");
        let source = Source::parse(&text);
        let functions = target::functions(&source);
        let found = Complexity::of(functions[0].def);
        assert_eq!(
            (found.cyclomatic, found.nesting),
            (cyclomatic, nesting),
            "{text}"
        );
    }

    #[test]
    fn branches_count_as_radon_counts_them() {
        check("pass", 1, 0);
        check("if x:\n    a\nelif y:\n    b\nelse:\n    c", 3, 1);
        check("if x:\n    a\nelif y and z:\n    b", 4, 1);
        check("return x if y and z and w else u", 4, 0);
        check(
            "for a in x:\n    if a:\n        break\nelse:\n    pass",
            4,
            2,
        );
        check("while x:\n    pass", 2, 1);
        check("return [a for a in x if a if b for b in y]", 5, 0);
        check("return f'{x if y else z}'", 2, 0);
        check("with a or b:\n    pass", 2, 1);
    }

    #[test]
    fn handlers_asserts_and_cases_count_as_radon_counts_them() {
        check(
            "try:\n    a\nexcept A:\n    b\nexcept B:\n    c\nelse:\n    d\nfinally:\n    e",
            4,
            1,
        );
        check("try:\n    a\nexcept* A:\n    b", 1, 1);
        check("assert x and y or z", 2, 0);
        check(
            "match x:\n    case 1 if a or b:\n        c\n    case _:\n        d",
            3,
            2,
        );
        check(
            "match x:\n    case 1:\n        c\n    case [2, _]:\n        d",
            3,
            2,
        );
    }

    #[test]
    fn functions_within_count_for_themselves() {
        check("def g(z=a or b):\n    if z:\n        pass\nreturn g", 1, 0);
        check(
            "class C:\n    x = a or b\n    def g(self):\n        if x: pass",
            1,
            0,
        );
        check("return lambda: a or b", 2, 0);
    }
}
