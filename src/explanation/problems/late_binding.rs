//! Functions made in a loop that look at a variable of it when they are called: by then it has the
//! value of the last round.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall, ExprLambda, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged as _, TextRange};

use super::super::facts::callee::dotted;
use super::super::facts::names::Scope;
use super::super::facts::own::{self, Own, walk};
use super::{Look, Problem, Rule, Severity};

/// What calls a function that it is given at once, and does not keep it.
const CALLS_AT_ONCE: [&str; 11] = [
    "sorted", "min", "max", "map", "filter", "any", "all", "sum", "sort", "reduce", "sub",
];

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    own::visit(&look.def.body, &mut |part| {
        let late = match part {
            Own::Statement(Stmt::For(one)) => late(Some(&one.target), &one.body),
            Own::Statement(Stmt::While(one)) => late(None, &one.body),
            _ => return,
        };
        for (name, at) in late {
            let line = look.source.line(at.start().to_usize());
            found.push(look.problem(Rule::LateBinding, Severity::Warning, line, &name));
        }
    });
    found
}

/// Variables that each round of a loop binds anew and that functions made in it see, with the
/// places where they look first.
fn late(target: Option<&Expr>, body: &[Stmt]) -> Vec<(String, TextRange)> {
    let mut variables = HashSet::new();
    let mut bind = |part: Own<'_>| {
        if let Own::Expression(Expr::Name(name)) = part
            && name.ctx.is_store()
        {
            variables.insert(name.id.to_string());
        }
    };
    target
        .into_iter()
        .for_each(|target| own::visit_expression(target, &mut bind));
    own::visit(body, &mut bind);
    let mut search = Search {
        variables,
        harmless: HashSet::new(),
        defined: Vec::new(),
        found: Vec::new(),
    };
    search.visit_body(body);
    // A function that is only called in the loop sees the variable in time.
    for def in std::mem::take(&mut search.defined) {
        if is_kept(body, def) {
            let seen = seen(|visitor| visitor.visit_body(&def.body));
            let own = Scope::of_function(def);
            for name in &search.variables {
                if let Some(at) = seen.get(name.as_str())
                    && own.get(name).is_none()
                    && !own.is_nonlocal(name)
                {
                    search.found.push((name.clone(), *at));
                }
            }
        }
    }
    search
        .found
        .sort_by_key(|(name, at)| (at.start(), name.clone()));
    search.found
}

struct Search<'a> {
    variables: HashSet<String>,
    /// Functions that are called before the loop goes on.
    harmless: HashSet<TextRange>,
    defined: Vec<&'a StmtFunctionDef>,
    found: Vec<(String, TextRange)>,
}

impl<'a> Search<'a> {
    fn lambda(&mut self, lambda: &'a ExprLambda) {
        let parameters = lambda.parameters.iter().flat_map(|all| all.iter());
        let bound: HashSet<&str> = parameters
            .map(|parameter| parameter.as_parameter().name.as_str())
            .collect();
        let seen = seen(|visitor| visitor.visit_expr(&lambda.body));
        for name in &self.variables {
            if let Some(at) = seen.get(name.as_str())
                && !bound.contains(name.as_str())
            {
                self.found.push((name.clone(), *at));
            }
        }
    }

    fn call(&mut self, call: &'a ExprCall) {
        self.harmless.insert(call.func.range());
        let name = dotted(&call.func);
        if CALLS_AT_ONCE.contains(&name.rsplit('.').next().unwrap_or_default()) {
            let keywords = call.arguments.keywords.iter().map(|one| one.value.range());
            self.harmless
                .extend(call.arguments.args.iter().map(|one| one.range()));
            self.harmless.extend(keywords);
        }
    }
}

impl<'a> Visitor<'a> for Search<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => self.defined.push(def),
            // What is returned leaves the loop with it.
            Stmt::Return(_) => {}
            _ => walk(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(lambda) if !self.harmless.contains(&lambda.range()) => {
                self.lambda(lambda);
            }
            Expr::Call(call) => self.call(call),
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// Names that a function looks at when it is called, and where first; its defaults are looked at
/// before.
fn seen<'a>(look: impl FnOnce(&mut Loads<'a>)) -> HashMap<&'a str, TextRange> {
    let mut loads = Loads::default();
    look(&mut loads);
    loads.seen.retain(|name, _| !loads.bound.contains(name));
    loads.seen
}

#[derive(Default)]
struct Loads<'a> {
    seen: HashMap<&'a str, TextRange>,
    /// Names that it binds itself, as comprehensions do.
    bound: HashSet<&'a str>,
}

impl<'a> Visitor<'a> for Loads<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) if name.ctx.is_load() => {
                self.seen.entry(name.id.as_str()).or_insert(name.range());
            }
            Expr::Name(name) => {
                self.bound.insert(name.id.as_str());
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// Whether a function defined in a block is used there other than by calling it.
fn is_kept(body: &[Stmt], def: &StmtFunctionDef) -> bool {
    let name = def.name.as_str();
    let mut called = HashSet::new();
    let mut is_kept = !def.decorator_list.is_empty();
    own::visit(body, &mut |part| match part {
        Own::Expression(Expr::Call(call)) => {
            called.insert(call.func.range());
        }
        Own::Expression(Expr::Name(one)) if one.id == name && one.ctx.is_load() => {
            is_kept |= !called.contains(&one.range());
        }
        _ => {}
    });
    is_kept
}
