//! Functions made in a loop that look at its variable when they are called: by then it has its last
//! value.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall, ExprLambda, Stmt, StmtFor, StmtFunctionDef};
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
        if let Own::Statement(Stmt::For(one)) = part {
            for (name, at) in late(one) {
                let line = look.source.line(at.start().to_usize());
                found.push(look.problem(Rule::LateBinding, Severity::Warning, line, &name));
            }
        }
    });
    found
}

/// Variables of a loop that functions made in it see, with the places where they look first.
fn late(one: &StmtFor) -> Vec<(String, TextRange)> {
    let mut variables = HashSet::new();
    own::visit_expression(&one.target, &mut |part| {
        if let Own::Expression(Expr::Name(name)) = part {
            variables.insert(name.id.as_str());
        }
    });
    let mut search = Search {
        variables,
        harmless: HashSet::new(),
        defined: Vec::new(),
        found: Vec::new(),
    };
    search.visit_body(&one.body);
    // A function that is only called in the loop sees the variable in time.
    for def in std::mem::take(&mut search.defined) {
        if is_kept(&one.body, def) {
            let seen = seen(|visitor| visitor.visit_body(&def.body));
            let own = Scope::of_function(def);
            for name in &search.variables {
                if let Some(at) = seen.get(name)
                    && own.get(name).is_none()
                {
                    search.found.push(((*name).to_owned(), *at));
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
    variables: HashSet<&'a str>,
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
            if let Some(at) = seen.get(name)
                && !bound.contains(name)
            {
                self.found.push(((*name).to_owned(), *at));
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
    let mut loads = Loads(HashMap::new());
    look(&mut loads);
    loads.0
}

struct Loads<'a>(HashMap<&'a str, TextRange>);

impl<'a> Visitor<'a> for Loads<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.ctx.is_load()
        {
            self.0.entry(name.id.as_str()).or_insert(name.range());
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
