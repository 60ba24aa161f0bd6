//! The names that one scope binds.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{
    AnyParameterRef, ExceptHandler, Expr, ExprContext, Pattern, Stmt, StmtClassDef, StmtFunctionDef,
};

use super::super::own::walk;
use super::Bindings;

/// What a name is bound to.
#[derive(Debug, Clone, Copy)]
pub(in super::super::super) enum Bound<'s> {
    /// A parameter, with its annotation.
    Parameter(Option<&'s Expr>),
    /// A function.
    Function(&'s StmtFunctionDef),
    /// A class.
    Class(&'s StmtClassDef),
    /// Something of another module.
    Import(Imported<'s>),
    /// A value: the expression where it is bound once, and to all of it.
    Value(Option<&'s Expr>),
}

/// An import as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super::super) struct Imported<'s> {
    /// Leading dots.
    pub(in super::super::super) level: u32,
    /// Dotted name of the module; may be empty behind dots.
    pub(in super::super::super) module: &'s str,
    /// The name in it, of `from module import name`; `None` where the module itself is bound.
    pub(in super::super::super) name: Option<&'s str>,
}

impl Imported<'_> {
    /// The dotted name of what is imported, and of an attribute of it.
    pub(in super::super::super) fn dotted(&self, rest: &[&str]) -> String {
        let mut dotted = ".".repeat(self.level as usize);
        let names = [self.module]
            .into_iter()
            .filter(|module| !module.is_empty())
            .chain(self.name)
            .chain(rest.iter().copied());
        for (n, name) in names.enumerate() {
            if n > 0 {
                dotted.push('.');
            }
            dotted.push_str(name);
        }
        dotted
    }
}

/// A scope.
#[derive(Debug, Default)]
pub(in super::super::super) struct Scope<'s> {
    bound: Bindings<'s>,
    /// Parameters that are bound again.
    rebound: HashSet<&'s str>,
    /// Names that `global` takes from the module.
    globals: HashSet<&'s str>,
    /// Names that `nonlocal` takes from a function around.
    nonlocals: HashSet<&'s str>,
}

impl<'s> Scope<'s> {
    /// The scope of a module or class.
    pub(super) fn of_body(body: &'s [Stmt]) -> Scope<'s> {
        let mut scope = Scope::default();
        scope.visit_body(body);
        scope
    }

    /// The scope of a function.
    pub(in super::super::super) fn of_function(function: &'s StmtFunctionDef) -> Scope<'s> {
        let mut scope = Scope::default();
        for parameter in function
            .parameters
            .iter()
            .map(AnyParameterRef::as_parameter)
        {
            let annotation = parameter.annotation.as_deref();
            let bound = Bound::Parameter(annotation);
            scope.bound.insert(parameter.name.as_str(), bound);
        }
        scope.visit_body(&function.body);
        for name in scope.globals.iter().chain(&scope.nonlocals) {
            scope.bound.remove(name);
        }
        scope
    }

    pub(in super::super::super) fn get(&self, name: &str) -> Option<&Bound<'s>> {
        self.bound.get(name)
    }

    /// Names that are imported under another name: the name here, and the name there.
    pub(in super::super::super) fn renamed(&self) -> impl Iterator<Item = (&'s str, &'s str)> {
        self.bound.iter().filter_map(|(here, bound)| match bound {
            Bound::Import(import) => {
                Some((*here, import.name?)).filter(|(here, there)| here != there)
            }
            _ => None,
        })
    }

    /// Whether a name is the module's although the function writes it.
    pub(in super::super::super) fn is_global(&self, name: &str) -> bool {
        self.globals.contains(name)
    }

    /// Whether a name is of a function around although this one writes it.
    pub(in super::super::super) fn is_nonlocal(&self, name: &str) -> bool {
        self.nonlocals.contains(name)
    }

    /// Whether a parameter is bound to something else as well.
    pub(in super::super::super) fn is_rebound(&self, name: &str) -> bool {
        self.rebound.contains(name)
    }

    fn bind(&mut self, name: &'s str, bound: Bound<'s>) {
        match self.bound.get_mut(name) {
            // A parameter stays one when it is given another value; who asks can tell.
            Some(Bound::Parameter(_)) => {
                self.rebound.insert(name);
            }
            // An import under `try` and the fallback under `except`: the first is meant.
            Some(Bound::Import(_)) if matches!(bound, Bound::Import(_) | Bound::Value(_)) => {}
            Some(before) => *before = merged(*before, bound),
            None => {
                self.bound.insert(name, bound);
            }
        }
    }

    /// Binds the names of an assignment's target.
    fn bind_target(&mut self, target: &'s Expr, value: Option<&'s Expr>) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), Bound::Value(value)),
            _ => self.visit_expr(target),
        }
    }
}

/// What a name stands for that is bound in two ways.
fn merged<'s>(before: Bound<'s>, now: Bound<'s>) -> Bound<'s> {
    match (before, now) {
        // Overloads, and versions of a function under `if`: the last is called.
        (Bound::Function(_), Bound::Function(_)) | (Bound::Class(_), Bound::Class(_)) => now,
        _ => Bound::Value(None),
    }
}

impl<'s> Visitor<'s> for Scope<'s> {
    fn visit_stmt(&mut self, statement: &'s Stmt) {
        match statement {
            Stmt::FunctionDef(def) => self.bind(def.name.as_str(), Bound::Function(def)),
            Stmt::ClassDef(class) => self.bind(class.name.as_str(), Bound::Class(class)),
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    let first = module.split('.').next().unwrap_or_default();
                    let (name, module) = match &alias.asname {
                        Some(name) => (name.as_str(), module),
                        None => (first, first),
                    };
                    let import = Imported {
                        level: 0,
                        module,
                        name: None,
                    };
                    self.bind(name, Bound::Import(import));
                }
            }
            Stmt::ImportFrom(from) => {
                let module = from.module.as_ref().map_or("", |module| module.as_str());
                for alias in from.names.iter().filter(|alias| &alias.name != "*") {
                    let import = Imported {
                        level: from.level,
                        module,
                        name: Some(alias.name.as_str()),
                    };
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.bind(name.as_str(), Bound::Import(import));
                }
            }
            Stmt::Global(global) => {
                let names = global.names.iter().map(|name| name.as_str());
                self.globals.extend(names);
            }
            Stmt::Nonlocal(nonlocal) => {
                let names = nonlocal.names.iter().map(|name| name.as_str());
                self.nonlocals.extend(names);
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.bind_target(target, Some(&assign.value));
                }
                self.visit_expr(&assign.value);
            }
            Stmt::AnnAssign(assign) => {
                self.bind_target(&assign.target, assign.value.as_deref());
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                }
            }
            Stmt::With(with) => {
                for item in &with.items {
                    if let Some(target) = &item.optional_vars {
                        self.bind_target(target, Some(&item.context_expr));
                    }
                    self.visit_expr(&item.context_expr);
                }
                self.visit_body(&with.body);
            }
            _ => walk(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'s Expr) {
        match expression {
            Expr::Name(name) if name.ctx == ExprContext::Store => {
                self.bind(name.id.as_str(), Bound::Value(None));
            }
            Expr::Lambda(lambda) => {
                for parameter in lambda.parameters.iter().flat_map(|all| all.iter()) {
                    self.bind(parameter.as_parameter().name.as_str(), Bound::Value(None));
                }
                walk_expr(self, expression);
            }
            _ => walk_expr(self, expression),
        }
    }

    fn visit_except_handler(&mut self, handler: &'s ExceptHandler) {
        let ExceptHandler::ExceptHandler(one) = handler;
        if let Some(name) = &one.name {
            self.bind(name.as_str(), Bound::Value(None));
        }
        ruff_python_ast::visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'s Pattern) {
        let name = match pattern {
            Pattern::MatchAs(one) => one.name.as_ref(),
            Pattern::MatchStar(one) => one.name.as_ref(),
            Pattern::MatchMapping(one) => one.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name.as_str(), Bound::Value(None));
        }
        ruff_python_ast::visitor::walk_pattern(self, pattern);
    }
}
