//! Parameters and variables that are not used.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{ExceptHandler, Expr, Stmt};

use super::super::facts::callee::dotted;
use super::super::facts::own::{self, Own, walk};
use super::{Look, Problem, Rule, Severity};

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut used = Used::default();
    used.visit_body(&look.def.body);
    if used.names.contains("locals") || used.names.contains("eval") || used.names.contains("exec") {
        return Vec::new();
    }
    let mut found = Vec::new();
    if may_choose_parameters(look) {
        for parameter in look.def.parameters.iter_non_variadic_params() {
            let name = parameter.parameter.name.as_str();
            let is_meant = name.starts_with('_') || look.names.receiver() == Some(name);
            if !is_meant && !used.names.contains(name) {
                let line = look.source.line_of(&parameter.parameter);
                found.push(look.problem(Rule::UnusedParameter, Severity::Hint, line, name));
            }
        }
    }
    let mut unused: Vec<(String, usize)> = Vec::new();
    let mut note = |name: &str, line: usize| {
        let own = look.names.own();
        let is_elsewhere = own.is_global(name) || own.is_nonlocal(name);
        let is_parameter = look.names.is_parameter(name);
        let is_meant = name.starts_with('_');
        if is_meant || is_elsewhere || is_parameter || used.names.contains(name) {
            return;
        }
        // Of several assignments, the last is told.
        match unused.iter_mut().find(|(known, _)| known == name) {
            Some((_, last)) => *last = line.max(*last),
            None => unused.push((name.to_owned(), line)),
        }
    };
    statements(look, &mut note);
    let problem = |(name, line): (String, usize)| {
        look.problem(Rule::UnusedVariable, Severity::Warning, line, &name)
    };
    found.extend(unused.into_iter().map(problem));
    found
}

/// Tells the names that statements bind for no other purpose than to use them.
fn statements(look: &Look<'_, '_>, note: &mut dyn FnMut(&str, usize)) {
    let mut bodies: Vec<&[Stmt]> = vec![&look.def.body];
    while let Some(body) = bodies.pop() {
        for statement in body {
            match statement {
                // What a class binds are its attributes.
                Stmt::ClassDef(_) | Stmt::FunctionDef(_) => continue,
                Stmt::Assign(one) => {
                    for target in &one.targets {
                        if let Expr::Name(name) = target {
                            note(name.id.as_str(), look.source.line_of(name));
                        }
                    }
                }
                Stmt::AnnAssign(one) if one.value.is_some() => {
                    if let Expr::Name(name) = &*one.target {
                        note(name.id.as_str(), look.source.line_of(name));
                    }
                }
                Stmt::With(one) => {
                    for target in one
                        .items
                        .iter()
                        .filter_map(|item| item.optional_vars.as_deref())
                    {
                        if let Expr::Name(name) = target {
                            note(name.id.as_str(), look.source.line_of(name));
                        }
                    }
                }
                Stmt::Try(one) => {
                    for handler in &one.handlers {
                        let ExceptHandler::ExceptHandler(handler) = handler;
                        if let Some(name) = &handler.name {
                            note(name.as_str(), look.source.line_of(name));
                        }
                    }
                }
                _ => {}
            }
            bodies.extend(super::super::target::blocks(statement));
        }
    }
}

/// Names that are read anywhere in a function, functions within it included.
#[derive(Default)]
struct Used<'a> {
    names: HashSet<&'a str>,
}

impl<'a> Visitor<'a> for Used<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // `n += 1` reads `n`.
            Stmt::AugAssign(one) => {
                if let Expr::Name(name) = &*one.target {
                    self.names.insert(name.id.as_str());
                }
            }
            Stmt::Nonlocal(one) => {
                self.names
                    .extend(one.names.iter().map(|name| name.as_str()));
            }
            _ => {}
        }
        walk(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && !name.ctx.is_store()
        {
            self.names.insert(name.id.as_str());
        }
        walk_expr(self, expression);
    }
}

/// Whether the parameters of a function are its own choice: not those of what it stands in for, as
/// of methods, and of functions that somebody else calls.
fn may_choose_parameters(look: &Look<'_, '_>) -> bool {
    let def = look.def;
    let is_method = look
        .function
        .class()
        .is_some_and(|class| !class.bases().is_empty());
    let is_special = def.name.starts_with("__") && def.name.ends_with("__");
    if is_method || is_special || !def.decorator_list.is_empty() || !look.function.around.is_empty()
    {
        // A method of a class without bases is called by its own code; one within a function is a
        // callback.
        let is_own_method = look
            .function
            .class()
            .is_some_and(|class| class.bases().is_empty())
            && look.function.around.len() == 1;
        if !is_own_method || is_special || !def.decorator_list.is_empty() {
            return false;
        }
    }
    !is_stub(&def.body)
}

/// Whether a body only says that there is none.
fn is_stub(body: &[Stmt]) -> bool {
    let mut is_stub = true;
    for statement in body {
        is_stub &= match statement {
            Stmt::Pass(_) => true,
            Stmt::Expr(one) => {
                matches!(
                    &*one.value,
                    Expr::StringLiteral(_) | Expr::EllipsisLiteral(_)
                )
            }
            Stmt::Raise(one) => one.exc.as_deref().is_some_and(|exception| {
                let name = match exception {
                    Expr::Call(call) => dotted(&call.func),
                    other => dotted(other),
                };
                name.contains("NotImplemented")
            }),
            Stmt::Return(one) => one.value.as_deref().is_none_or(|value| {
                let mut has_names = false;
                own::visit_expression(value, &mut |part| {
                    has_names |= matches!(part, Own::Expression(Expr::Name(_) | Expr::Call(_)));
                });
                !has_names
            }),
            _ => false,
        };
    }
    is_stub
}
