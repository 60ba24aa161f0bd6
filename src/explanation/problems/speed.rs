//! Loops whose rounds take longer the more of them there were.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{CmpOp, Expr, Operator, Stmt};

use super::super::facts::callee::dotted;
use super::super::facts::names::Bound;
use super::super::facts::own::{self, Own, walk};
use super::{Look, Problem, Rule, Severity};

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let mut search = Search {
        look,
        strings: strings(look),
        lists: lists(look),
        n_loops: 0,
        found: Vec::new(),
    };
    search.visit_body(&look.def.body);
    search.found
}

struct Search<'f, 's, 'l> {
    look: &'l Look<'f, 's>,
    /// Variables that hold a string at some place.
    strings: HashSet<&'s str>,
    /// Variables that hold a list at every place.
    lists: HashSet<&'s str>,
    n_loops: usize,
    found: Vec<Problem>,
}

impl<'s> Search<'_, 's, '_> {
    fn note(&mut self, rule: Rule, at: &impl ruff_text_size::Ranged, subject: &str) {
        let is_known = |one: &Problem| one.rule == rule && one.subject == subject;
        if self.n_loops > 0 && !self.found.iter().any(is_known) {
            let line = self.look.source.line_of(at);
            let problem = self.look.problem(rule, Severity::Hint, line, subject);
            self.found.push(problem);
        }
    }

    fn in_loop(&mut self, go: impl FnOnce(&mut Self)) {
        self.n_loops += 1;
        go(self);
        self.n_loops -= 1;
    }
}

impl<'s> Visitor<'s> for Search<'_, 's, '_> {
    fn visit_stmt(&mut self, statement: &'s Stmt) {
        match statement {
            Stmt::For(one) => {
                self.visit_expr(&one.iter);
                self.in_loop(|search| search.visit_body(&one.body));
                self.visit_body(&one.orelse);
            }
            Stmt::While(one) => {
                self.in_loop(|search| {
                    search.visit_expr(&one.test);
                    search.visit_body(&one.body);
                });
                self.visit_body(&one.orelse);
            }
            Stmt::AugAssign(one) => {
                if let (Expr::Name(name), Operator::Add) = (&*one.target, one.op)
                    && self.strings.contains(name.id.as_str())
                {
                    self.note(Rule::StringInLoop, one, name.id.as_str());
                }
                self.visit_expr(&one.value);
            }
            Stmt::Assign(one) => {
                // `text = text + …`
                if let ([Expr::Name(name)], Expr::BinOp(sum)) = (&one.targets[..], &*one.value)
                    && sum.op == Operator::Add
                    && matches!(&*sum.left, Expr::Name(left) if left.id == name.id)
                    && self.strings.contains(name.id.as_str())
                {
                    self.note(Rule::StringInLoop, one, name.id.as_str());
                }
                walk(self, statement);
            }
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => walk(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'s Expr) {
        let generators = match expression {
            Expr::ListComp(one) => &one.generators,
            Expr::SetComp(one) => &one.generators,
            Expr::DictComp(one) => &one.generators,
            Expr::Generator(one) => &one.generators,
            Expr::Compare(one) => {
                for (operator, right) in one.ops.iter().zip(&one.comparators) {
                    if let (CmpOp::In | CmpOp::NotIn, Expr::Name(name)) = (operator, right)
                        && self.lists.contains(name.id.as_str())
                    {
                        self.note(Rule::ListMembership, one, name.id.as_str());
                    }
                }
                return walk_expr(self, expression);
            }
            Expr::Lambda(_) => return,
            _ => return walk_expr(self, expression),
        };
        if let Some((first, _)) = generators.split_first() {
            self.visit_expr(&first.iter);
        }
        self.in_loop(|search| walk_expr(search, expression));
    }
}

/// Variables that are given a string literal somewhere.
fn strings<'s>(look: &Look<'_, 's>) -> HashSet<&'s str> {
    let mut found = HashSet::new();
    own::visit(&look.def.body, &mut |part| {
        if let Own::Statement(Stmt::Assign(one)) = part
            && matches!(&*one.value, Expr::StringLiteral(_) | Expr::FString(_))
        {
            for target in &one.targets {
                if let Expr::Name(name) = target {
                    found.insert(name.id.as_str());
                }
            }
        }
    });
    found
}

/// Variables that are given a list and nothing else, and parameters that are declared so.
fn lists<'s>(look: &Look<'_, 's>) -> HashSet<&'s str> {
    let mut candidates: HashSet<&'s str> = HashSet::new();
    for parameter in look.def.parameters.iter() {
        let parameter = parameter.as_parameter();
        if parameter.annotation.as_deref().is_some_and(is_list_type) {
            candidates.insert(parameter.name.as_str());
        }
    }
    own::visit(&look.def.body, &mut |part| {
        if let Own::Statement(Stmt::Assign(one)) = part
            && let [Expr::Name(name)] = &one.targets[..]
            && is_list(&one.value)
        {
            candidates.insert(name.id.as_str());
        }
    });
    // Bound once: what else it may hold is not looked into.
    candidates.retain(|name| match look.names.own().get(name) {
        Some(Bound::Parameter(_)) => !look.names.own().is_rebound(name),
        Some(Bound::Value(value)) => value.is_some(),
        _ => false,
    });
    candidates
}

fn is_list(value: &Expr) -> bool {
    match value {
        // A short literal is searched as fast as a set.
        Expr::List(one) => one.elts.is_empty() || one.elts.len() > 8,
        Expr::ListComp(_) => true,
        Expr::Call(call) => matches!(dotted(&call.func).as_str(), "list" | "sorted"),
        _ => false,
    }
}

fn is_list_type(annotation: &Expr) -> bool {
    let annotation = match annotation {
        Expr::Subscript(one) => &*one.value,
        one => one,
    };
    matches!(dotted(annotation).as_str(), "list" | "List" | "typing.List")
}
