//! Which statements are followed by the next one.

use ruff_python_ast::{ExceptHandler, Expr, Pattern, Stmt, StmtWith};

use super::super::target::blocks;
use super::callee::dotted;

/// Whether the end of a block can be reached: not behind `return`, `raise`, an endless loop and so
/// on. What a called function does is not known, but for the few that end the program.
pub(in super::super) fn reaches_end(block: &[Stmt]) -> bool {
    block.iter().all(goes_on)
}

/// Whether what follows a statement can be reached.
pub(in super::super) fn goes_on(statement: &Stmt) -> bool {
    match statement {
        Stmt::Return(_) | Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_) => false,
        Stmt::Assert(one) => !is_false(&one.test),
        Stmt::Expr(one) => !ends_program(&one.value),
        Stmt::If(one) => {
            let clauses = &one.elif_else_clauses;
            let has_else = clauses.last().is_some_and(|clause| clause.test.is_none());
            !has_else
                || reaches_end(&one.body)
                || clauses.iter().any(|clause| reaches_end(&clause.body))
        }
        Stmt::While(one) => has_break(&one.body) || !is_true(&one.test) && reaches_end(&one.orelse),
        Stmt::For(one) => has_break(&one.body) || reaches_end(&one.orelse),
        Stmt::With(one) => may_swallow(one) || reaches_end(&one.body),
        Stmt::Match(one) => {
            let catches_all = one
                .cases
                .iter()
                .any(|case| case.guard.is_none() && is_irrefutable(&case.pattern));
            !catches_all || one.cases.iter().any(|case| reaches_end(&case.body))
        }
        Stmt::Try(one) => {
            let handled = one.handlers.iter().any(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                reaches_end(&handler.body)
            });
            let done = reaches_end(&one.body) && reaches_end(&one.orelse);
            reaches_end(&one.finalbody) && (done || handled)
        }
        _ => true,
    }
}

/// Whether a loop with this body may be left by `break`; one in a loop within leaves that.
fn has_break(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Break(_) => true,
        Stmt::For(one) => has_break(&one.orelse),
        Stmt::While(one) => has_break(&one.orelse),
        Stmt::FunctionDef(_) | Stmt::ClassDef(_) => false,
        _ => blocks(statement).into_iter().any(has_break),
    })
}

/// Whether an expression is always true, as in `while True`.
fn is_true(test: &Expr) -> bool {
    match test {
        Expr::BooleanLiteral(one) => one.value,
        Expr::NumberLiteral(one) => {
            matches!(&one.value, ruff_python_ast::Number::Int(n) if *n != ruff_python_ast::Int::ZERO)
        }
        _ => false,
    }
}

fn is_false(test: &Expr) -> bool {
    match test {
        Expr::BooleanLiteral(one) => !one.value,
        Expr::NumberLiteral(one) => {
            matches!(&one.value, ruff_python_ast::Number::Int(n) if *n == ruff_python_ast::Int::ZERO)
        }
        _ => false,
    }
}

fn is_irrefutable(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::MatchAs(one) => one.pattern.as_deref().is_none_or(is_irrefutable),
        Pattern::MatchOr(one) => one.patterns.iter().any(is_irrefutable),
        _ => false,
    }
}

/// Whether a context manager may end its block's exceptions.
fn may_swallow(with: &StmtWith) -> bool {
    with.items.iter().any(|item| {
        let Expr::Call(call) = &item.context_expr else {
            return false;
        };
        let name = dotted(&call.func);
        let last = name.rsplit('.').next().unwrap_or_default();
        last == "suppress" || last.to_lowercase().contains("raises")
    })
}

fn ends_program(expression: &Expr) -> bool {
    let Expr::Call(call) = expression else {
        return false;
    };
    let name = dotted(&call.func);
    ["sys.exit", "exit", "quit", "os._exit", "os.abort"].contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::super::{source::Source, target};
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: bool) {
        let text: String = body.lines().map(|line| format!("    {line}\n")).collect();
        let text = format!("def f(x):\n{text}");
        let source = Source::parse(&text);
        let functions = target::functions(&source);
        assert_eq!(reaches_end(&functions[0].def.body), expected, "{text}");
    }

    #[test]
    fn branches_go_on_where_one_of_them_does() {
        check("pass", true);
        check("return", false);
        check("if x:\n    return 1", true);
        check("if x:\n    return 1\nelse:\n    raise E", false);
        check(
            "if x:\n    return 1\nelif y:\n    pass\nelse:\n    return 2",
            true,
        );
        check(
            "match x:\n    case 1:\n        return\n    case _:\n        return",
            false,
        );
        check("match x:\n    case 1:\n        return", true);
        check("sys.exit(1)", false);
        check("assert False", false);
    }

    #[test]
    fn a_loop_goes_on_unless_it_is_endless() {
        check("while True:\n    x()", false);
        check("while True:\n    if x:\n        break", true);
        check("while True:\n    for y in x:\n        break", false);
        check("while x:\n    return", true);
        check("for y in x:\n    return y", true);
        check("for y in x:\n    pass\nelse:\n    return", false);
    }

    #[test]
    fn a_try_goes_on_where_its_body_or_a_handler_does() {
        check("try:\n    return x\nexcept E:\n    pass", true);
        check("try:\n    return x\nexcept E:\n    raise", false);
        check(
            "try:\n    x()\nexcept E:\n    raise\nelse:\n    return",
            false,
        );
        check("try:\n    x()\nfinally:\n    return", false);
        check("with open(x) as y:\n    return y", false);
        check("with contextlib.suppress(E):\n    return x()", true);
    }
}
