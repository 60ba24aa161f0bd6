//! What a function changes and touches besides giving a result.

mod io;

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, ExprContext, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged as _, TextRange};
use serde::Serialize;

use super::super::source::Source;
use super::callee::root;
use super::names::{Bound, Names, Origin};
use super::own::{self, Own};
pub use io::{InputOutput, Medium};

/// What a function changes and touches, each list in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Effects {
    /// Changes of the module's variables.
    pub globals: Vec<Change>,
    /// Changes of variables of functions around.
    pub nonlocals: Vec<Change>,
    /// Changes of attributes of the method's object, by the name of the attribute.
    pub attributes: Vec<Change>,
    /// Attributes of the method's object that are read.
    pub attributes_read: Vec<Read>,
    /// Changes of what the caller passed in, by the name of the parameter.
    pub arguments: Vec<Change>,
    /// Files, network, processes and so on.
    pub io: Vec<InputOutput>,
}

/// A change of something that outlives the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What is changed.
    pub name: String,
    /// How.
    pub how: How,
    /// The method called, where it is changed by one: `append`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What is assigned to or called, as written: `xs[0]`, `row.append`.
    pub target: String,
    /// Its line.
    pub line: usize,
}

/// A way to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is assigned.
    Assigned,
    /// One of its items is assigned.
    ItemAssigned,
    /// One of its attributes is assigned.
    AttributeAssigned,
    /// It, an item or an attribute of it is deleted.
    Deleted,
    /// A method is called that changes lists, dictionaries, sets and the like.
    Method,
}

/// An attribute that is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Read {
    /// The attribute.
    pub name: String,
    /// The lines, each once.
    pub lines: Vec<usize>,
}

/// Methods of built-in collections that change them.
const CHANGING: [&str; 25] = [
    "append",
    "appendleft",
    "extend",
    "extendleft",
    "insert",
    "remove",
    "pop",
    "popleft",
    "popitem",
    "clear",
    "sort",
    "reverse",
    "rotate",
    "update",
    "setdefault",
    "add",
    "discard",
    "difference_update",
    "intersection_update",
    "symmetric_difference_update",
    "subtract",
    "move_to_end",
    "__setitem__",
    "__delitem__",
    "__setattr__",
];

/// Characters of a target, at most.
const MAX_TEXT: usize = 80;

impl Effects {
    pub(super) fn of(
        function: &StmtFunctionDef,
        source: &Source<'_>,
        names: &Names<'_, '_>,
    ) -> Effects {
        let mut search = Search {
            source,
            names,
            aliases: aliases(function, names),
            rebound: rebound(function, names),
            handled: HashSet::new(),
            found: Effects::default(),
        };
        own::visit(&function.body, &mut |part| match part {
            Own::Statement(statement) => search.statement(statement),
            Own::Expression(expression) => search.expression(expression),
        });
        search.found
    }
}

struct Search<'f, 's> {
    source: &'f Source<'f>,
    names: &'f Names<'f, 's>,
    /// Names of the function for an argument or a part of one, each with the parameter.
    aliases: HashMap<&'f str, &'f str>,
    /// Where parameters are first given another value.
    rebound: HashMap<&'f str, TextRange>,
    /// Attributes of the object that are no reading: written, or methods called.
    handled: HashSet<TextRange>,
    found: Effects,
}

impl<'f> Search<'f, '_> {
    fn statement(&mut self, statement: &'f Stmt) {
        match statement {
            Stmt::Assign(one) => {
                for target in &one.targets {
                    self.assigned(target, false);
                }
            }
            Stmt::AugAssign(one) => {
                let is_list = matches!(&*one.value, Expr::List(_) | Expr::ListComp(_));
                self.assigned(&one.target, is_list);
            }
            Stmt::AnnAssign(one) if one.value.is_some() => self.assigned(&one.target, false),
            Stmt::For(one) => self.assigned(&one.target, false),
            Stmt::With(one) => {
                let targets = one
                    .items
                    .iter()
                    .filter_map(|item| item.optional_vars.as_deref());
                targets.for_each(|target| self.assigned(target, false));
            }
            Stmt::Delete(one) => {
                for target in &one.targets {
                    match target {
                        Expr::Name(_) => self.assigned(target, false),
                        _ => self.changed(target, How::Deleted, None),
                    }
                }
            }
            _ => {}
        }
    }

    /// `in_place` where an augmented assignment changes the list itself.
    fn assigned(&mut self, target: &'f Expr, in_place: bool) {
        match target {
            Expr::Tuple(all) => all.elts.iter().for_each(|one| self.assigned(one, false)),
            Expr::List(all) => all.elts.iter().for_each(|one| self.assigned(one, false)),
            Expr::Starred(one) => self.assigned(&one.value, false),
            Expr::Attribute(_) => self.changed(target, How::AttributeAssigned, None),
            Expr::Subscript(_) => self.changed(target, How::ItemAssigned, None),
            Expr::Name(name) => {
                let written = name.id.as_str();
                let own = self.names.own();
                if own.is_global(written) || own.is_nonlocal(written) {
                    self.changed(target, How::Assigned, None);
                } else if in_place && self.names.is_parameter(written) {
                    self.changed(target, How::Method, Some("+="));
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, expression: &'f Expr) {
        match expression {
            Expr::Call(call) => {
                self.found
                    .io
                    .extend(io::of_call(call, self.source, self.names));
                let Expr::Attribute(attribute) = &*call.func else {
                    return;
                };
                let method = attribute.attr.as_str();
                if CHANGING.contains(&method) {
                    self.changed(&attribute.value, How::Method, Some(method));
                }
                if self.is_receiver(&attribute.value) {
                    self.handled.insert(attribute.range());
                }
            }
            Expr::Attribute(attribute) => {
                let is_read = attribute.ctx == ExprContext::Load
                    && self.is_receiver(&attribute.value)
                    && !self.handled.contains(&attribute.range());
                if is_read {
                    self.read(attribute.attr.as_str(), self.source.line_of(attribute));
                }
                self.found
                    .io
                    .extend(io::of_attribute(attribute, self.source, self.names));
            }
            _ => {}
        }
    }

    fn is_receiver(&self, expression: &Expr) -> bool {
        matches!(expression, Expr::Name(name) if self.names.receiver() == Some(name.id.as_str()))
    }

    fn read(&mut self, name: &str, line: usize) {
        let known = self.found.attributes_read.iter_mut();
        match known.into_iter().find(|read| read.name == name) {
            Some(read) if read.lines.last() == Some(&line) => {}
            Some(read) => read.lines.push(line),
            None => self.found.attributes_read.push(Read {
                name: name.to_owned(),
                lines: vec![line],
            }),
        }
    }

    /// Notes a change of whatever outlives the call; of what does not, nothing.
    fn changed(&mut self, target: &'f Expr, how: How, method: Option<&str>) {
        let Some(first) = root(target) else { return };
        let text = self.source.brief(target, MAX_TEXT);
        let line = self.source.line_of(target);
        let change = |name: &str, how: How| Change {
            name: name.to_owned(),
            how,
            method: method.map(str::to_owned),
            target: match method {
                Some(method) if method != "+=" => format!("{text}.{method}"),
                _ => text.clone(),
            },
            line,
        };
        if self.names.receiver() == Some(first) {
            if let Some(attribute) = attribute_of(target, first) {
                self.handled.insert(attribute.range());
                let is_whole = attribute.range() == target.range();
                let how = match how {
                    How::AttributeAssigned if is_whole => How::Assigned,
                    how => how,
                };
                self.found.attributes.push(change(&attribute.attr, how));
            }
            return;
        }
        let own = self.names.own();
        if own.is_nonlocal(first) {
            return self.found.nonlocals.push(change(first, how));
        }
        if own.is_global(first) {
            return self.found.globals.push(change(first, how));
        }
        match own.get(first) {
            Some(Bound::Parameter(_)) => {
                let is_other =
                    (self.rebound.get(first)).is_some_and(|before| before.start() < target.start());
                if !is_other {
                    self.found.arguments.push(change(first, how));
                }
            }
            Some(_) => {
                if let Some(parameter) = self.aliases.get(first) {
                    self.found.arguments.push(change(parameter, how));
                }
            }
            None => match self.names.origin_of(first) {
                Origin::Variable => self.found.globals.push(change(first, how)),
                Origin::Local | Origin::Parameter => {
                    self.found.nonlocals.push(change(first, how));
                }
                _ => {}
            },
        }
    }
}

/// The attribute of the object that a target is, or is a part of: `self.a` of `self.a.b[0]`.
fn attribute_of<'e>(
    target: &'e Expr,
    receiver: &str,
) -> Option<&'e ruff_python_ast::ExprAttribute> {
    match target {
        Expr::Attribute(attribute) => match &*attribute.value {
            Expr::Name(name) if name.id == receiver => Some(attribute),
            inner => attribute_of(inner, receiver),
        },
        Expr::Subscript(subscript) => attribute_of(&subscript.value, receiver),
        _ => None,
    }
}

/// Variables that are bound once, to a parameter, a part of one, or its elements in a loop.
fn aliases<'f>(function: &'f StmtFunctionDef, names: &Names<'_, '_>) -> HashMap<&'f str, &'f str> {
    let mut n_bound: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<(&'f str, &'f Expr)> = Vec::new();
    own::visit(&function.body, &mut |part| match part {
        Own::Statement(Stmt::Assign(one)) => {
            if let [Expr::Name(name)] = &one.targets[..] {
                found.push((name.id.as_str(), &one.value));
            }
        }
        Own::Statement(Stmt::For(one)) => {
            if let Expr::Name(name) = &*one.target {
                found.push((name.id.as_str(), &one.iter));
            }
        }
        Own::Expression(Expr::Name(name)) if name.ctx == ExprContext::Store => {
            *n_bound.entry(name.id.as_str()).or_default() += 1;
        }
        _ => {}
    });
    let mut aliases: HashMap<&str, &str> = HashMap::new();
    for (name, value) in found {
        let Some(first) = root(value).filter(|_| n_bound.get(name) == Some(&1)) else {
            continue;
        };
        if names.is_parameter(name) || names.receiver() == Some(first) {
            continue;
        }
        let parameter = match aliases.get(first) {
            Some(parameter) => *parameter,
            None if names.is_parameter(first) && !names.own().is_rebound(first) => first,
            None => continue,
        };
        aliases.insert(name, parameter);
    }
    aliases
}

/// Where parameters are first given a value that is not, or may not be, what was passed in.
fn rebound<'f>(
    function: &'f StmtFunctionDef,
    names: &Names<'_, '_>,
) -> HashMap<&'f str, TextRange> {
    let mut found = HashMap::new();
    let mut kept = Vec::new();
    own::visit(&function.body, &mut |part| match part {
        Own::Statement(Stmt::Assign(one)) => {
            if let [Expr::Name(name)] = &one.targets[..]
                && may_be_itself(&one.value, name.id.as_str())
            {
                kept.push(name.range());
            }
        }
        // `xs += …` changes lists in place.
        Own::Statement(Stmt::AugAssign(one)) => kept.push(one.target.range()),
        Own::Expression(Expr::Name(name))
            if name.ctx == ExprContext::Store
                && names.is_parameter(name.id.as_str())
                && !kept.contains(&name.range()) =>
        {
            found.entry(name.id.as_str()).or_insert(name.range());
        }
        _ => {}
    });
    found
}

/// Whether an expression such as `xs or []` may give the name's own value.
fn may_be_itself(value: &Expr, name: &str) -> bool {
    match value {
        Expr::Name(one) => one.id == name,
        Expr::BoolOp(one) => one.values.iter().any(|value| may_be_itself(value, name)),
        Expr::If(one) => may_be_itself(&one.body, name) || may_be_itself(&one.orelse, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
