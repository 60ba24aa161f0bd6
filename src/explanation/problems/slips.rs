//! Expressions that do not say what was meant.

use ruff_python_ast::{CmpOp, Expr, ExprCompare, ExprFString, FStringPart, Stmt};

use super::super::facts::own::{self, Own};
use super::{Look, MAX_SUBJECT, Problem, Rule, Severity};

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut found = Vec::new();
    own::visit(&look.def.body, &mut |part| {
        let (rule, severity) = match part {
            Own::Expression(Expr::Compare(one)) => match compared(one) {
                Some(what) => what,
                None => return,
            },
            Own::Expression(Expr::FString(one)) if is_empty(one) => {
                (Rule::EmptyFString, Severity::Hint)
            }
            Own::Statement(Stmt::Assert(one)) => match &*one.test {
                Expr::Tuple(tuple) if !tuple.elts.is_empty() => {
                    (Rule::AssertTuple, Severity::Error)
                }
                _ => return,
            },
            _ => return,
        };
        let (line, subject) = match part {
            Own::Expression(one) => (
                look.source.line_of(one),
                look.source.brief(one, MAX_SUBJECT),
            ),
            Own::Statement(Stmt::Assert(one)) => {
                let subject = look.source.brief(&*one.test, MAX_SUBJECT);
                (look.source.line_of(one), subject)
            }
            Own::Statement(one) => (look.source.line_of(one), String::new()),
        };
        found.push(look.problem(rule, severity, line, &subject));
    });
    found
}

/// What is wrong with a comparison.
fn compared(one: &ExprCompare) -> Option<(Rule, Severity)> {
    let mut left = &*one.left;
    for (operator, right) in one.ops.iter().zip(&one.comparators) {
        let sides = [left, right];
        match operator {
            CmpOp::Is | CmpOp::IsNot if sides.into_iter().any(is_literal) => {
                return Some((Rule::IsLiteral, Severity::Error));
            }
            CmpOp::Eq | CmpOp::NotEq => {
                if sides.into_iter().any(|side| side.is_none_literal_expr()) {
                    return Some((Rule::ComparedToSingleton, Severity::Warning));
                }
                if sides.into_iter().any(|side| side.is_boolean_literal_expr()) {
                    return Some((Rule::ComparedToSingleton, Severity::Hint));
                }
            }
            _ => {}
        }
        left = right;
    }
    None
}

/// Whether an expression makes a value that no other is.
fn is_literal(side: &Expr) -> bool {
    matches!(
        side,
        Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::FString(_)
            | Expr::Tuple(_)
            | Expr::List(_)
            | Expr::Dict(_)
            | Expr::Set(_)
    )
}

fn is_empty(string: &ExprFString) -> bool {
    string.value.iter().all(|part| match part {
        FStringPart::Literal(_) => true,
        FStringPart::FString(part) => part.elements.iter().all(|one| one.is_literal()),
    })
}
