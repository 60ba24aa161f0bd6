//! Parameters: defaults that all calls share, and names of builtins.

use ruff_python_ast::{Expr, Stmt};

use super::super::facts::callee::dotted;
use super::super::facts::names::Bound;
use super::super::facts::own::{self, Own};
use super::{Look, Problem, Rule, Severity};
use crate::project::builtins::is_builtin;

/// What makes a collection that can be changed.
const MAKES: [&str; 8] = [
    "list",
    "dict",
    "set",
    "bytearray",
    "defaultdict",
    "OrderedDict",
    "Counter",
    "deque",
];

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut found = Vec::new();
    for parameter in look.def.parameters.iter_non_variadic_params() {
        let name = parameter.parameter.name.as_str();
        if parameter.default.as_deref().is_some_and(is_mutable) {
            let is_changed = look
                .facts
                .effects
                .arguments
                .iter()
                .any(|change| change.name == name);
            let severity = match is_changed {
                true => Severity::Error,
                false => Severity::Warning,
            };
            let line = look.source.line_of(&parameter.parameter);
            found.push(look.problem(Rule::MutableDefault, severity, line, name));
        }
    }
    found.extend(shadowed(look));
    found
}

fn is_mutable(default: &Expr) -> bool {
    match default {
        Expr::List(_) | Expr::Dict(_) | Expr::Set(_) => true,
        Expr::ListComp(_) | Expr::DictComp(_) | Expr::SetComp(_) => true,
        Expr::Call(call) => {
            let name = dotted(&call.func);
            MAKES.contains(&name.rsplit('.').next().unwrap_or_default())
        }
        _ => false,
    }
}

/// Names that hide a builtin: parameters, and variables where they are first bound.
fn shadowed(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    let mut note = |name: &str, line: usize| {
        if hides(name) && !found.iter().any(|problem| problem.subject == name) {
            found.push(look.problem(Rule::ShadowedBuiltin, Severity::Hint, line, name));
        }
    };
    for parameter in look.def.parameters.iter() {
        let parameter = parameter.as_parameter();
        note(parameter.name.as_str(), look.source.line_of(parameter));
    }
    own::visit(&look.def.body, &mut |part| match part {
        Own::Expression(Expr::Name(name)) if name.ctx.is_store() => {
            // A `global` is the module's matter.
            if matches!(
                look.names.own().get(name.id.as_str()),
                Some(Bound::Value(_))
            ) {
                note(name.id.as_str(), look.source.line_of(name));
            }
        }
        Own::Statement(Stmt::FunctionDef(def)) => {
            note(def.name.as_str(), look.source.line_of(&def.name));
        }
        _ => {}
    });
    found
}

/// Builtins that nobody misses: those of the interactive console, and names of modules' own.
const UNMISSED: [&str; 6] = ["copyright", "credits", "exit", "quit", "license", "help"];

fn hides(name: &str) -> bool {
    is_builtin(name) && !name.starts_with('_') && !UNMISSED.contains(&name)
}
