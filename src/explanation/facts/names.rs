//! What the names in a function stand for: by the scopes of its file, and by the project around it
//! where there is one.

mod classes;
mod repository;
mod scope;

use std::cell::Cell;
use std::collections::HashMap;

use ruff_python_ast::{Expr, StmtClassDef};
use serde::Serialize;

use super::super::source::Source;
use super::super::target::{Around, Function};
use super::callee::path;
use super::library::is_library;
use crate::project::Project;
use crate::project::builtins::is_builtin;
use classes::receiver;
use repository::Repository;
pub(in super::super) use scope::{Bound, Imported, Scope};

/// A file around functions: its text, the names at its margin, and the project around it.
#[derive(Debug)]
pub struct Surroundings<'s> {
    pub(in super::super) source: &'s Source<'s>,
    pub(super) module: Scope<'s>,
    pub(super) repository: Option<Repository<'s>>,
}

/// Where something comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A function or class of the same file.
    File,
    /// Another file of the project.
    Project,
    /// Python's standard library.
    Library,
    /// An installed package, or a module that was not found.
    Installed,
    /// Built into Python.
    Builtin,
    /// A parameter: the caller decides.
    Parameter,
    /// A variable of the function, or of one around it.
    Local,
    /// A variable of the module.
    Variable,
    /// It cannot be told from the text.
    Unknown,
}

/// Where something is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its dotted name, with its module's where it is of another file: `os.path.join`.
    pub name: String,
    /// The file, relative to the project's folder; `None` for the same file and outside the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl<'s> Surroundings<'s> {
    /// Those of a file of which nothing else is known.
    pub fn of(source: &'s Source<'s>) -> Surroundings<'s> {
        Surroundings {
            source,
            module: Scope::of_body(source.body()),
            repository: None,
        }
    }

    /// Those of a file of a project, by its path relative to the project's folder.
    pub fn within(source: &'s Source<'s>, project: &'s Project, path: &'s str) -> Surroundings<'s> {
        Surroundings {
            repository: Some(Repository::new(project, path)),
            ..Surroundings::of(source)
        }
    }
}

/// The names that a function sees.
pub(in super::super) struct Names<'f, 's> {
    surroundings: &'f Surroundings<'s>,
    /// Scopes of the function and of those around it, the innermost first.
    scopes: Vec<Scope<'s>>,
    /// The class whose method the function is, and the name of its first parameter.
    receiver: Option<(&'s StmtClassDef, &'s str)>,
    /// Variables that are being followed to what they are bound to.
    depth: Cell<usize>,
}

impl<'f, 's> Names<'f, 's> {
    pub(in super::super) fn of(
        function: &Function<'s>,
        surroundings: &'f Surroundings<'s>,
    ) -> Names<'f, 's> {
        let around = function
            .around
            .iter()
            .rev()
            .filter_map(|around| match around {
                Around::Function(function) => Some(*function),
                Around::Class(_) => None,
            });
        let scopes = std::iter::once(function.def).chain(around);
        Names {
            surroundings,
            scopes: scopes.map(Scope::of_function).collect(),
            receiver: receiver(function),
            depth: Cell::new(0),
        }
    }

    /// The names that statements at a module's margin see.
    pub(in super::super) fn of_module(surroundings: &'f Surroundings<'s>) -> Names<'f, 's> {
        Names {
            surroundings,
            scopes: vec![Scope::default()],
            receiver: None,
            depth: Cell::new(0),
        }
    }

    /// The scope of the function itself.
    pub(in super::super) fn own(&self) -> &Scope<'s> {
        &self.scopes[0]
    }

    /// The name of the first parameter of a method, through which its object is reached.
    pub(in super::super) fn receiver(&self) -> Option<&'s str> {
        self.receiver.map(|(_, name)| name)
    }

    /// Whether a name is a parameter of the function itself.
    pub(in super::super) fn is_parameter(&self, name: &str) -> bool {
        matches!(self.own().get(name), Some(Bound::Parameter(_)))
    }

    /// Where a name that stands alone comes from.
    pub(in super::super) fn origin_of(&self, name: &str) -> Origin {
        self.resolve_path(&[name]).0
    }

    /// Whether it is known what an expression stands for, were it only its full name.
    pub(in super::super) fn is_known(&self, expression: &Expr) -> bool {
        self.resolve(expression)
            .1
            .is_some_and(|place| place.line.is_none())
    }

    /// The full name of an attribute of something imported.
    pub(in super::super) fn full_name_of_attribute(
        &self,
        value: &Expr,
        attribute: &str,
    ) -> Option<String> {
        let mut names = path(value)?;
        names.push(attribute);
        let (origin, place) = self.resolve_path(&names);
        matches!(origin, Origin::Library | Origin::Installed)
            .then(|| place.map(|place| place.name))?
    }

    /// What a called expression stands for.
    pub(in super::super) fn resolve(&self, expression: &Expr) -> (Origin, Option<Place>) {
        if let Some(names) = path(expression) {
            return self.resolve_path(&names);
        }
        if let Expr::Attribute(attribute) = expression {
            let method = attribute.attr.as_str();
            if let Some(kind) = literal(&attribute.value) {
                return (Origin::Builtin, Some(named(format!("{kind}.{method}"))));
            }
            if let Expr::Call(call) = &*attribute.value {
                return self.resolve_method_of(&call.func, method);
            }
        }
        (Origin::Unknown, None)
    }

    fn resolve_path(&self, names: &[&str]) -> (Origin, Option<Place>) {
        let Some((first, rest)) = names.split_first() else {
            return (Origin::Unknown, None);
        };
        if let (Some((class, receiver)), [attribute, further @ ..]) = (self.receiver, rest)
            && receiver == *first
            && !self.own().is_rebound(first)
        {
            return match further {
                [] => self.member(class, attribute),
                _ => (Origin::Unknown, None),
            };
        }
        for (depth, scope) in self.scopes.iter().enumerate() {
            if depth == 0 && scope.is_global(first) {
                break;
            }
            if let Some(bound) = scope.get(first) {
                let (origin, place) = self.resolve_bound(bound, first, rest, Origin::Local);
                // Of a parameter that is given another value, the annotation says nothing.
                return (origin, place.filter(|_| !scope.is_rebound(first)));
            }
        }
        match self.surroundings.module.get(first) {
            Some(bound) => self.resolve_bound(bound, first, rest, Origin::Variable),
            None if is_builtin(first) => (Origin::Builtin, Some(named(names.join(".")))),
            None => (Origin::Unknown, None),
        }
    }

    fn resolve_bound(
        &self,
        bound: &Bound<'s>,
        first: &str,
        rest: &[&str],
        of_values: Origin,
    ) -> (Origin, Option<Place>) {
        match (bound, rest) {
            (Bound::Function(def), []) => {
                (Origin::File, Some(self.here(first.to_owned(), &def.name)))
            }
            (Bound::Class(class), []) => {
                (Origin::File, Some(self.here(first.to_owned(), &class.name)))
            }
            (Bound::Class(class), [member]) => self.member(class, member),
            (Bound::Function(_) | Bound::Class(_), _) => (Origin::Unknown, None),
            (Bound::Import(import), _) => self.imported(import, rest),
            (Bound::Parameter(annotation), [method]) => {
                let known =
                    annotation.map(|annotation| self.method_of_annotated(annotation, method));
                (Origin::Parameter, known.flatten())
            }
            (Bound::Parameter(_), _) => (Origin::Parameter, None),
            (Bound::Value(Some(Expr::Call(call))), [method]) => {
                let known = self.resolve_method_of(&call.func, method).1;
                (of_values, known)
            }
            (Bound::Value(Some(value)), [method]) if literal(value).is_some() => {
                let kind = literal(value).unwrap_or_default();
                (of_values, Some(named(format!("{kind}.{method}"))))
            }
            (Bound::Value(_), _) => (of_values, None),
        }
    }

    /// The method of what calling something gives, where that is a class: by the convention that
    /// only classes are written `LikeThis`, or because it is seen.
    fn resolve_method_of(&self, called: &Expr, method: &str) -> (Origin, Option<Place>) {
        if self.depth.get() > MAX_STEPS {
            return (Origin::Unknown, None);
        }
        self.depth.set(self.depth.get() + 1);
        let found = self.resolve_method_within(called, method);
        self.depth.set(self.depth.get() - 1);
        found
    }

    fn resolve_method_within(&self, called: &Expr, method: &str) -> (Origin, Option<Place>) {
        let Some(names) = path(called) else {
            return (Origin::Unknown, None);
        };
        if names == ["super"] {
            return match self.receiver {
                Some((class, _)) => self.inherited(class, method, 0),
                None => (Origin::Unknown, None),
            };
        }
        if let Some(class) = self.class(&names) {
            return self.member(class, method);
        }
        if let Some(found) = self.method_of_imported(&names, method) {
            return found;
        }
        match self.resolve_path(&names) {
            (Origin::Builtin, Some(place))
                if [
                    "str",
                    "list",
                    "dict",
                    "set",
                    "bytes",
                    "bytearray",
                    "tuple",
                    "frozenset",
                    "int",
                    "float",
                ]
                .contains(&place.name.as_str()) =>
            {
                (
                    Origin::Builtin,
                    Some(named(format!("{}.{method}", place.name))),
                )
            }
            (Origin::Library, Some(place)) if place.name == "logging.getLogger" => (
                Origin::Library,
                Some(named(format!("logging.Logger.{method}"))),
            ),
            (Origin::Builtin, Some(place)) if place.name == "open" => {
                (Origin::Builtin, Some(named(format!("io.IOBase.{method}"))))
            }
            _ => (Origin::Unknown, None),
        }
    }

    fn method_of_annotated(&self, annotation: &Expr, method: &str) -> Option<Place> {
        let names = path(annotation)?;
        if let Some(class) = self.class(&names) {
            return self.member(class, method).1;
        }
        if let Some((_, place)) = self.method_of_imported(&names, method) {
            return place;
        }
        match self.resolve_path(&names) {
            (Origin::Builtin, Some(place)) => Some(named(format!("{}.{method}", place.name))),
            _ => None,
        }
    }

    /// A method of an imported class, by the convention that only classes are written `LikeThis`.
    fn method_of_imported(&self, names: &[&str], method: &str) -> Option<(Origin, Option<Place>)> {
        let is_class = names.last().is_some_and(|name| is_class_name(name));
        let mut longer = names.to_vec();
        longer.push(method);
        let found = self.resolve_path(&longer);
        let is_imported = matches!(
            found.0,
            Origin::Library | Origin::Installed | Origin::Project
        );
        (is_class && is_imported).then_some(found)
    }

    /// What an import brings, and attributes of it.
    fn imported(&self, import: &Imported<'s>, rest: &[&str]) -> (Origin, Option<Place>) {
        let repository = self.surroundings.repository.as_ref();
        if let Some(found) = repository.and_then(|repository| repository.resolve(import, rest)) {
            return found;
        }
        let name = import.dotted(rest);
        let origin = match import.level {
            0 if is_library(&name) => Origin::Library,
            0 => Origin::Installed,
            _ => Origin::Project,
        };
        (origin, Some(named(name)))
    }

    /// Something of this file.
    fn here(&self, name: String, at: &impl ruff_text_size::Ranged) -> Place {
        Place {
            name,
            path: None,
            line: Some(self.surroundings.source.line_of(at)),
        }
    }
}

/// Variables that are followed from one to the next, at most: `a = b.f()`, `b = a.g()`.
const MAX_STEPS: usize = 4;

fn named(name: String) -> Place {
    Place {
        name,
        path: None,
        line: None,
    }
}

/// Whether the last part of a dotted name is written like a class's.
fn is_class_name(dotted: &str) -> bool {
    let last = dotted.rsplit('.').next().unwrap_or_default();
    last.starts_with(|first: char| first.is_uppercase())
        && last.contains(|letter: char| letter.is_lowercase())
}

/// The type of a literal.
fn literal(expression: &Expr) -> Option<&'static str> {
    match expression {
        Expr::StringLiteral(_) | Expr::FString(_) => Some("str"),
        Expr::BytesLiteral(_) => Some("bytes"),
        Expr::List(_) | Expr::ListComp(_) => Some("list"),
        Expr::Dict(_) | Expr::DictComp(_) => Some("dict"),
        Expr::Set(_) | Expr::SetComp(_) => Some("set"),
        _ => None,
    }
}

/// Names by what they are bound to.
type Bindings<'s> = HashMap<&'s str, Bound<'s>>;
