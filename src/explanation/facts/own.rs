//! What a function executes itself: everything in its body but the bodies of the functions in it,
//! which are executed when those are called. Their decorators, defaults and annotations are its
//! own, as are lambdas, comprehensions and the bodies of classes.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};

/// A part of a function.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Own<'a> {
    /// A statement.
    Statement(&'a Stmt),
    /// An expression.
    Expression(&'a Expr),
}

/// Visits what a body executes itself; a whole before its parts.
pub(in super::super) fn visit<'a>(body: &'a [Stmt], visit: &mut dyn FnMut(Own<'a>)) {
    Walk(visit).visit_body(body);
}

/// Visits an expression and its parts; a whole before its parts.
pub(in super::super) fn visit_expression<'a>(expression: &'a Expr, visit: &mut dyn FnMut(Own<'a>)) {
    Walk(visit).visit_expr(expression);
}

/// Visits the parts of a statement, each once: ruff's own `walk_stmt` visits the test of an `elif`
/// twice.
pub(in super::super) fn walk<'a>(visitor: &mut impl Visitor<'a>, statement: &'a Stmt) {
    let Stmt::If(one) = statement else {
        return walk_stmt(visitor, statement);
    };
    visitor.visit_expr(&one.test);
    visitor.visit_body(&one.body);
    for clause in &one.elif_else_clauses {
        if let Some(test) = &clause.test {
            visitor.visit_expr(test);
        }
        visitor.visit_body(&clause.body);
    }
}

struct Walk<'v, 'a>(&'v mut dyn FnMut(Own<'a>));

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        (self.0)(Own::Statement(statement));
        let Stmt::FunctionDef(function) = statement else {
            return walk(self, statement);
        };
        for decorator in &function.decorator_list {
            self.visit_decorator(decorator);
        }
        if let Some(type_params) = &function.type_params {
            self.visit_type_params(type_params);
        }
        self.visit_parameters(&function.parameters);
        if let Some(returns) = &function.returns {
            self.visit_annotation(returns);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        (self.0)(Own::Expression(expression));
        walk_expr(self, expression);
    }
}
