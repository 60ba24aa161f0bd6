//! What an expression of a document stands for, as far as names alone tell.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use grammars::tree_sitter::Node;

use super::Around;
use crate::project::Project;
use crate::project::lookup::{Entity, Found, From};
use crate::project::symbols::{
    Base, Class, Function, Nature, Parameter, ParameterKind, Symbol, bases_of, nature_of,
};
use crate::syntax::names::{How, Import, Scopes, class_of, from_module, text_of};

/// What an expression stands for.
#[derive(Debug, Clone)]
pub(super) enum Thing<'t> {
    /// A class of the document.
    Class(Node<'t>),
    /// An instance of a class of the document: `self`.
    Instance(Node<'t>),
    /// A function of the document.
    Function(Node<'t>),
    /// Something of another module, or a builtin.
    Entity(Entity),
    /// Something of which no more is known.
    Value,
}

/// Gives meaning to the expressions of one document.
pub(super) struct Meaning<'a, 't> {
    scopes: &'a Scopes<'t>,
    project: Option<&'a Project>,
    path: &'a str,
    classes: RefCell<HashMap<usize, Arc<Class>>>,
}

/// Assignments and bases followed in a row, at most.
const MAX_DEPTH: usize = 12;

/// What makes names at run time.
const MAKES_NAMES: [&str; 4] = ["globals()", "exec(", "execfile(", "install_aliases("];

impl<'a, 't> Meaning<'a, 't> {
    pub(super) fn new(scopes: &'a Scopes<'t>, around: Around<'a>) -> Meaning<'a, 't> {
        Meaning {
            scopes,
            project: around.surroundings.project.as_deref(),
            path: &around.snapshot.path,
            classes: RefCell::default(),
        }
    }

    /// Whether neither builtins nor star imports have a name that no scope binds, as far as that
    /// can be known.
    pub(super) fn is_unbound(&self, name: &str) -> bool {
        if crate::project::builtins::is_builtin(name) {
            return false;
        }
        let text = self.scopes.text();
        if MAKES_NAMES.iter().any(|words| text.contains(words)) {
            return false;
        }
        let module = self.scopes.bindings(self.scopes.root());
        module.stars.iter().all(|star| {
            let found = self.import(Import {
                name: Some(name),
                ..*star
            });
            matches!(found, Found::Missing)
        })
    }

    fn import(&self, import: Import<'_>) -> Found {
        match self.project {
            Some(project) => project.import(import, From::File(self.path)),
            None => Found::Unknown,
        }
    }

    /// What `name` stands for in a `from … import name` of the document.
    pub(super) fn imported(&self, statement: Node<'t>, name: &str) -> Found {
        match from_module(statement, self.scopes.text()) {
            Some(module) => self.import(Import {
                name: Some(name),
                ..module
            }),
            None => Found::Unknown,
        }
    }

    /// What an expression stands for.
    pub(super) fn of(&self, expression: Node<'t>) -> Thing<'t> {
        self.at_depth(expression, 0)
    }

    fn at_depth(&self, expression: Node<'t>, depth: usize) -> Thing<'t> {
        if depth > MAX_DEPTH {
            return Thing::Value;
        }
        match expression.kind() {
            "identifier" => self.name(expression, depth),
            "attribute" => {
                let object = expression.child_by_field_name("object");
                let name = expression.child_by_field_name("attribute");
                let (Some(object), Some(name)) = (object, name) else {
                    return Thing::Value;
                };
                let object = self.at_depth(object, depth + 1);
                self.attribute_thing(&object, text_of(name, self.scopes.text()), depth)
            }
            "parenthesized_expression" => match expression.named_child(0) {
                Some(inner) => self.at_depth(inner, depth + 1),
                None => Thing::Value,
            },
            _ => Thing::Value,
        }
    }

    fn name(&self, node: Node<'t>, depth: usize) -> Thing<'t> {
        let name = text_of(node, self.scopes.text());
        let Some(resolved) = self.scopes.resolve(name, node) else {
            let builtin = self.project.map(|project| project.builtin(name));
            return match builtin {
                Some(Found::Is(entity)) => Thing::Entity(entity),
                _ => Thing::Value,
            };
        };
        // All places that bind it, also those behind this one: a loop may come back.
        let bound = self.scopes.bindings(resolved.scope);
        let [place] = bound.of(name) else {
            return Thing::Value;
        };
        match place.how {
            How::Class(class) => Thing::Class(class),
            How::Function(function) => Thing::Function(function),
            How::Import(import) => match self.import(import) {
                Found::Is(entity) => Thing::Entity(entity),
                Found::Missing | Found::Unknown => Thing::Value,
            },
            How::Parameter(parameter) => self.receiver(resolved.scope, parameter),
            How::Value {
                annotation: None,
                value: Some(value),
            } if matches!(value.kind(), "identifier" | "attribute") => {
                self.at_depth(value, depth + 1)
            }
            How::Value { .. } => Thing::Value,
        }
    }

    /// What `self` or `cls` is.
    fn receiver(&self, function: Node<'t>, parameter: Node<'t>) -> Thing<'t> {
        let parameters = function.child_by_field_name("parameters");
        let is_first = parameters.and_then(|all| all.named_child(0)) == Some(parameter);
        let Some(class) = class_of(function).filter(|_| is_first) else {
            return Thing::Value;
        };
        let name = function.child_by_field_name("name");
        let name = name.map_or("", |name| text_of(name, self.scopes.text()));
        match nature_of(function, self.scopes.text()) {
            _ if parameter.kind() != "identifier" => Thing::Value,
            Nature::Plain if name == "__new__" || name == "__init_subclass__" => {
                Thing::Class(class)
            }
            Nature::Plain | Nature::Property => Thing::Instance(class),
            Nature::OfClass => Thing::Class(class),
            // A validator's or fixture's first parameter is as its decorator likes.
            Nature::Static | Nature::Changed => Thing::Value,
        }
    }

    fn attribute_thing(&self, object: &Thing<'t>, name: &str, depth: usize) -> Thing<'t> {
        match object {
            Thing::Class(class) | Thing::Instance(class) => {
                match self.own_member(*class, name, depth) {
                    Found::Is(entity) => Thing::Entity(entity),
                    _ => Thing::Value,
                }
            }
            _ => match self.attribute(object, name) {
                Found::Is(entity) => Thing::Entity(entity),
                _ => Thing::Value,
            },
        }
    }

    /// What an attribute of a thing stands for.
    pub(super) fn attribute(&self, object: &Thing<'t>, name: &str) -> Found {
        let Some(project) = self.project else {
            return Found::Unknown;
        };
        match object {
            Thing::Class(class) | Thing::Instance(class) => self.own_member(*class, name, 0),
            Thing::Entity(Entity::Module(module)) => project.member(module, name),
            Thing::Entity(Entity::Class(class, module)) => {
                // Attributes of the metaclass `type` are attributes of every class.
                match name {
                    "mro" => Found::Unknown,
                    _ => project.class_member(class, module, name),
                }
            }
            _ => Found::Unknown,
        }
    }

    fn summary(&self, class: Node<'t>) -> Arc<Class> {
        let mut classes = self.classes.borrow_mut();
        let summary = || Arc::new(Class::of(class, self.scopes.text()));
        Arc::clone(classes.entry(class.id()).or_insert_with(summary))
    }

    /// A member of a class of the document, its own or inherited.
    fn own_member(&self, class: Node<'t>, name: &str, depth: usize) -> Found {
        if depth > MAX_DEPTH {
            return Found::Unknown;
        }
        let summary = self.summary(class);
        if let Some(symbol) = summary.members.get(name) {
            return Found::Is(match symbol {
                Symbol::Function(function) => Entity::Function(Arc::clone(function)),
                _ => Entity::Value,
            });
        }
        if name.starts_with("__") {
            return Found::Is(Entity::Value);
        }
        let mut is_open = summary.is_open;
        for base in bases_of(class) {
            let Base::Plain(base) = base else { continue };
            let found = match self.at_depth(base, depth + 1) {
                Thing::Class(base) if base == class => Found::Unknown,
                Thing::Class(base) => self.own_member(base, name, depth + 1),
                thing @ Thing::Entity(Entity::Class(..)) => self.attribute(&thing, name),
                _ => Found::Unknown,
            };
            match found {
                Found::Is(entity) => return Found::Is(entity),
                Found::Unknown => is_open = true,
                Found::Missing => {}
            }
        }
        if is_open {
            Found::Unknown
        } else {
            Found::Missing
        }
    }

    /// Names by which a function can be given arguments; `None` where they cannot be known.
    pub(super) fn parameters(&self, function: Node<'t>) -> Option<Vec<Box<str>>> {
        let summary = match self.of(function) {
            Thing::Function(node) => Arc::new(Function::of(node, self.scopes.text())),
            Thing::Entity(Entity::Function(function)) => function,
            Thing::Class(class) => match self.own_member(class, "__init__", 0) {
                Found::Is(Entity::Function(init))
                    if !self.summary(class).members.contains_key("__new__") =>
                {
                    init
                }
                _ => return None,
            },
            Thing::Entity(Entity::Class(class, module)) if !class.is_open => {
                let found = self.project?.class_member(&class, &module, "__init__");
                match found {
                    Found::Is(Entity::Function(init)) if !class.members.contains_key("__new__") => {
                        init
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let takes_any = |one: &Parameter| one.kind == ParameterKind::Keywords;
        let is_sure = matches!(
            summary.nature,
            Nature::Plain | Nature::Static | Nature::OfClass
        );
        if !is_sure || summary.parameters.iter().any(takes_any) {
            return None;
        }
        let named = summary
            .parameters
            .iter()
            .filter(|one| one.kind == ParameterKind::Named);
        Some(named.map(|one| one.name.clone()).collect())
    }
}
