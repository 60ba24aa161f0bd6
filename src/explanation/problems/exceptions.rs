//! `except` clauses that catch too much.

use ruff_python_ast::{ExceptHandler, Expr, Stmt};

use super::super::facts::callee::dotted;
use super::super::facts::own::{self, Own};
use super::{Look, Problem, Rule, Severity};

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut found = Vec::new();
    own::visit(&look.def.body, &mut |part| {
        let Own::Statement(Stmt::Try(one)) = part else {
            return;
        };
        for handler in &one.handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            let caught = handler.type_.as_deref().map(dotted);
            let is_broad = match (caught.as_deref(), handler.type_.as_deref()) {
                (_, Some(Expr::Tuple(several))) => {
                    several.elts.iter().any(|one| is_everything(&dotted(one)))
                }
                (Some(name), _) => is_everything(name),
                (None, _) => true,
            };
            if !is_broad || raises(&handler.body) {
                continue;
            }
            let subject = match handler.type_.as_deref() {
                Some(written) => look.source.brief(written, super::MAX_SUBJECT),
                None => String::new(),
            };
            let (rule, severity) = match caught {
                _ if does_nothing(&handler.body) => (Rule::SwallowedException, Severity::Warning),
                None => (Rule::BareExcept, Severity::Warning),
                Some(_) if tells(&handler.body) => continue,
                Some(_) => (Rule::BroadExcept, Severity::Hint),
            };
            let line = look.source.line_of(handler);
            found.push(look.problem(rule, severity, line, &subject));
        }
    });
    found
}

fn is_everything(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("Exception" | "BaseException"))
}

/// Whether a block raises, in some branch of it.
fn raises(body: &[Stmt]) -> bool {
    let mut raises = false;
    own::visit(body, &mut |part| {
        raises |= matches!(part, Own::Statement(Stmt::Raise(_)));
    });
    raises
}

/// Whether a block tells somebody: the log, with the exception.
fn tells(body: &[Stmt]) -> bool {
    let mut tells = false;
    own::visit(body, &mut |part| {
        if let Own::Expression(Expr::Call(call)) = part {
            let name = dotted(&call.func);
            let has_info = call.arguments.find_keyword("exc_info").is_some();
            tells |= has_info || name.ends_with(".exception") || name.starts_with("traceback.");
        }
    });
    tells
}

fn does_nothing(body: &[Stmt]) -> bool {
    body.iter().all(|statement| match statement {
        Stmt::Pass(_) | Stmt::Continue(_) => true,
        Stmt::Expr(one) => matches!(
            &*one.value,
            Expr::EllipsisLiteral(_) | Expr::StringLiteral(_)
        ),
        _ => false,
    })
}
