//! Ways through a function that lead nowhere, or to no result.

use ruff_python_ast::{Expr, Stmt};

use super::super::facts::own::{self, Own};
use super::super::facts::reach::goes_on;
use super::super::target::blocks;
use super::{Look, MAX_SUBJECT, Problem, Rule, Severity};

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut found = Vec::new();
    unreachable(look, &look.def.body, &mut found);
    found.extend(missing_return(look));
    found
}

/// The first statement of each block that is never reached.
fn unreachable(look: &Look<'_, '_>, body: &[Stmt], found: &mut Vec<Problem>) {
    let after = body.iter().position(|statement| !goes_on(statement));
    let dead = after.and_then(|at| body.get(at + 1..)).unwrap_or_default();
    if let Some(first) = dead.first()
        && !is_marker(dead)
    {
        let subject = look.source.brief(first, MAX_SUBJECT);
        let line = look.source.line_of(first);
        found.push(look.problem(Rule::Unreachable, Severity::Warning, line, &subject));
    }
    let n_alive = body.len() - dead.len();
    for statement in &body[..n_alive] {
        if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            for block in blocks(statement) {
                unreachable(look, block, found);
            }
        }
    }
}

/// Whether dead statements are there on purpose: a `yield` that makes the function a generator, or
/// an assertion that they are dead.
fn is_marker(dead: &[Stmt]) -> bool {
    let mut has_yield = false;
    own::visit(dead, &mut |part| {
        has_yield |= matches!(part, Own::Expression(Expr::Yield(_) | Expr::YieldFrom(_)));
    });
    let is_guard =
        |statement: &Stmt| matches!(statement, Stmt::Raise(_) | Stmt::Assert(_) | Stmt::Pass(_));
    has_yield || dead.iter().all(is_guard)
}

/// Where a value is returned on some ways and nothing on others, unless it is declared so.
fn missing_return(look: &Look<'_, '_>) -> Option<Problem> {
    let facts = look.facts;
    let gives = |value: &Option<String>| value.as_deref().is_some_and(|value| value != "None");
    let has_value = facts.results.returns.iter().any(|one| gives(&one.value));
    // A `return None` says that nothing is an answer as well.
    let says_none = (facts.results.returns.iter()).any(|one| one.value.as_deref() == Some("None"));
    let annotation = facts
        .signature
        .return_annotation
        .as_deref()
        .unwrap_or_default();
    let is_declared = annotation.contains("None") || annotation.contains("Optional");
    if !has_value || facts.signature.is_generator || is_declared {
        return None;
    }
    let bare = facts.results.returns.iter().find(|one| one.value.is_none());
    let line = match bare {
        Some(bare) => bare.line,
        None if facts.results.reaches_end => look.source.lines_of(look.def.body.last()?).last,
        None => return None,
    };
    let severity = match says_none || annotation.is_empty() {
        true => Severity::Hint,
        false => Severity::Warning,
    };
    Some(look.problem(Rule::MissingReturn, severity, line, ""))
}
