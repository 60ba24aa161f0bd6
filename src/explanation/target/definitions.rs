//! The functions and classes of a text.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};

use super::super::source::Source;

/// A function, and what it is written in.
#[derive(Debug, Clone)]
pub struct Function<'s> {
    /// The function.
    pub def: &'s StmtFunctionDef,
    /// Functions and classes around it, the outermost first.
    pub around: Vec<Around<'s>>,
}

/// A function or class around another.
#[derive(Debug, Clone, Copy)]
pub enum Around<'s> {
    /// A class.
    Class(&'s StmtClassDef),
    /// A function.
    Function(&'s StmtFunctionDef),
}

impl<'s> Function<'s> {
    /// The class whose method this is.
    pub fn class(&self) -> Option<&'s StmtClassDef> {
        match self.around.last() {
            Some(Around::Class(class)) => Some(class),
            _ => None,
        }
    }

    /// Python's `__qualname__`: `Class.method`, `outer.<locals>.inner`.
    pub fn qualified_name(&self) -> String {
        qualified(&self.around, self.def.name.as_str())
    }
}

/// Every function of a text, in the order of the text; those within others follow them.
pub fn functions<'s>(source: &'s Source<'_>) -> Vec<Function<'s>> {
    Search::of(source).functions
}

/// The lines of the functions and classes of a text, by qualified name; of those that are there
/// several times, the last.
pub(in super::super) fn lines(source: &Source<'_>) -> HashMap<String, usize> {
    let search = Search::of(source);
    let functions = search.functions.iter().map(|function| {
        let line = source.line_of(&function.def.name);
        (function.qualified_name(), line)
    });
    let classes = search.classes.iter().map(|(class, around)| {
        let name = qualified(around, class.name.as_str());
        (name, source.line_of(&class.name))
    });
    functions.chain(classes).collect()
}

fn qualified(around: &[Around<'_>], own: &str) -> String {
    let mut name = String::new();
    for around in around {
        match around {
            Around::Class(class) => name.extend([class.name.as_str(), "."]),
            Around::Function(function) => name.extend([function.name.as_str(), ".<locals>."]),
        }
    }
    name + own
}

/// Whether a function is written within another.
pub(super) fn is_nested(function: &Function<'_>) -> bool {
    let is_function = |around: &Around<'_>| matches!(around, Around::Function(_));
    function.around.iter().any(is_function)
}

/// Collects functions, and classes with the definitions around them.
#[derive(Default)]
pub(super) struct Search<'s> {
    around: Vec<Around<'s>>,
    pub(super) functions: Vec<Function<'s>>,
    pub(super) classes: Vec<(&'s StmtClassDef, Vec<Around<'s>>)>,
}

impl<'s> Search<'s> {
    pub(super) fn of(source: &'s Source<'_>) -> Search<'s> {
        let mut search = Search::default();
        search.visit_body(source.body());
        search
    }
}

impl<'s> Visitor<'s> for Search<'s> {
    fn visit_stmt(&mut self, statement: &'s Stmt) {
        match statement {
            Stmt::FunctionDef(def) => {
                let around = self.around.clone();
                self.functions.push(Function { def, around });
                self.around.push(Around::Function(def));
                self.visit_body(&def.body);
                self.around.pop();
            }
            Stmt::ClassDef(class) => {
                self.classes.push((class, self.around.clone()));
                self.around.push(Around::Class(class));
                self.visit_body(&class.body);
                self.around.pop();
            }
            _ => walk_stmt(self, statement),
        }
    }

    /// No expression holds a statement.
    fn visit_expr(&mut self, _: &'s Expr) {}
}
