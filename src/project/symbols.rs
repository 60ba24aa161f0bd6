//! What a module offers: functions with their signatures, classes with their members, imports
//! that it passes on, constants. A summary of one text, built with the tree-sitter grammar.

mod reading;

use std::collections::HashMap;
use std::sync::Arc;

use super::place::Folder;
use crate::syntax::names::Import;

pub use reading::{Base, bases_of, nature_of};

/// A module, summed up.
#[derive(Debug, Default)]
pub struct Module {
    /// Its dotted name, as far as it is known.
    pub name: Box<str>,
    /// What its names stand for.
    pub symbols: HashMap<Box<str>, Symbol>,
    /// Modules of which it imports everything.
    pub stars: Box<[ImportPath]>,
    /// `__all__`, where it is a plain list.
    pub all: Option<Box<[Box<str>]>>,
    /// First line of its docstring.
    pub doc: Option<Box<str>>,
    /// Whether it may offer names that cannot be read off: a module `__getattr__`, `globals()`,
    /// broken syntax, compiled code.
    pub is_open: bool,
    /// Where relative imports start from; its own folder for a package.
    pub(super) folder: Option<Folder>,
    /// Whether it is a package, so that its submodules are its attributes.
    pub is_package: bool,
}

/// What a name of a module or class stands for.
#[derive(Debug, Clone)]
pub enum Symbol {
    /// A function or method.
    Function(Arc<Function>),
    /// A class.
    Class(Arc<Class>),
    /// Something from another module.
    Import(ImportPath),
    /// Another name for `a` or `a.b`.
    Alias(Box<str>),
    /// A value; its annotation where it has one.
    Value(Option<Box<str>>),
    /// Bound in several ways, such as on two branches.
    Several(Box<[Symbol]>),
}

/// A function or method.
#[derive(Debug, Default)]
pub struct Function {
    /// From `def` to the colon on one line, cut at 300 bytes.
    pub signature: Box<str>,
    /// Its parameters in order.
    pub parameters: Box<[Parameter]>,
    /// First line of its docstring.
    pub doc: Option<Box<str>>,
    /// What its decorators make of it.
    pub nature: Nature,
}

/// What the decorators of a function make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nature {
    /// It is called with the parameters it has.
    #[default]
    Plain,
    /// A `staticmethod`.
    Static,
    /// A `classmethod`.
    OfClass,
    /// A property: its value is what it returns.
    Property,
    /// A decorator that is not known may have changed it.
    Changed,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: Box<str>,
    /// How it is given.
    pub kind: ParameterKind,
}

/// How a parameter is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// By position alone.
    Positional,
    /// By position or name, or by name alone.
    Named,
    /// `*args`.
    Rest,
    /// `**kwargs`.
    Keywords,
}

/// A class.
#[derive(Debug, Default)]
pub struct Class {
    /// Its name.
    pub name: Box<str>,
    /// Its bases as written, `a` or `a.b`; arguments in brackets are left out.
    pub bases: Box<[Box<str>]>,
    /// Names bound in its body, and attributes that its methods give to `self`.
    pub members: HashMap<Box<str>, Symbol>,
    /// First line of its docstring.
    pub doc: Option<Box<str>>,
    /// Whether it may have members that cannot be read off: unknown decorators or metaclass,
    /// `__getattr__`, `setattr(self, …)`, bases that are not plain names.
    pub is_open: bool,
}

/// An import, owned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportPath {
    /// Leading dots.
    pub level: usize,
    /// Dotted name of the module.
    pub module: Box<str>,
    /// The name in it; `None` where the module itself is bound.
    pub name: Option<Box<str>>,
}

impl From<Import<'_>> for ImportPath {
    fn from(import: Import<'_>) -> ImportPath {
        ImportPath {
            level: import.level,
            module: import.module.into(),
            name: import.name.map(Into::into),
        }
    }
}

impl Module {
    /// Bytes in memory, estimated.
    pub fn n_bytes(&self) -> usize {
        let symbols: usize = self
            .symbols
            .iter()
            .map(|(name, symbol)| entry_bytes(name, symbol))
            .sum();
        let all = self
            .all
            .iter()
            .flatten()
            .map(|name| name.len() + 16)
            .sum::<usize>();
        size_of::<Module>() + symbols + all + self.stars.len() * size_of::<ImportPath>()
    }
}

fn entry_bytes(name: &str, symbol: &Symbol) -> usize {
    // One byte of control and an eighth of spare room in the table.
    (size_of::<(Box<str>, Symbol)>() + 1) * 9 / 8 + name.len() + symbol.n_bytes()
}

impl Symbol {
    fn n_bytes(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        match self {
            Symbol::Function(function) => {
                let parameters = function.parameters.iter();
                size_of::<Function>()
                    + function.signature.len()
                    + text(&function.doc)
                    + parameters
                        .map(|one| size_of::<Parameter>() + one.name.len())
                        .sum::<usize>()
            }
            Symbol::Class(class) => {
                size_of::<Class>()
                    + text(&class.doc)
                    + class
                        .members
                        .iter()
                        .map(|(name, symbol)| entry_bytes(name, symbol))
                        .sum::<usize>()
                    + class
                        .bases
                        .iter()
                        .map(|base| base.len() + 16)
                        .sum::<usize>()
            }
            Symbol::Import(import) => import.module.len() + text(&import.name),
            Symbol::Alias(to) => to.len(),
            Symbol::Value(annotation) => text(annotation),
            Symbol::Several(all) => all
                .iter()
                .map(|one| size_of::<Symbol>() + one.n_bytes())
                .sum(),
        }
    }
}
