//! What classes of the file have, and what their bases give them.

use ruff_python_ast::{Expr, Stmt, StmtClassDef};

use super::super::super::target::{Function, blocks};
use super::super::callee::path;
use super::{Bound, Names, Origin, Place};

/// Bases of bases that are followed, at most: they may lead in circles.
const MAX_BASES: usize = 16;

impl<'s> Names<'_, 's> {
    /// The class of this file that a name stands for.
    pub(super) fn class(&self, names: &[&str]) -> Option<&'s StmtClassDef> {
        let [name] = names else { return None };
        let scopes = self.scopes.iter().chain([&self.surroundings.module]);
        match scopes.into_iter().find_map(|scope| scope.get(name))? {
            Bound::Class(class) => Some(class),
            _ => None,
        }
    }

    /// A member of a class of this file.
    pub(super) fn member(&self, class: &'s StmtClassDef, name: &str) -> (Origin, Option<Place>) {
        match self.written_in(class, name) {
            Some(found) => found,
            None => self.inherited(class, name, 0),
        }
    }

    fn written_in(&self, class: &'s StmtClassDef, name: &str) -> Option<(Origin, Option<Place>)> {
        let statement = member_of(&class.body, name)?;
        let full = format!("{}.{name}", class.name);
        Some(match statement {
            Stmt::FunctionDef(def) => (Origin::File, Some(self.here(full, &def.name))),
            Stmt::ClassDef(inner) => (Origin::File, Some(self.here(full, &inner.name))),
            _ => (Origin::Unknown, None),
        })
    }

    /// A member that the bases of a class give it.
    pub(super) fn inherited(
        &self,
        class: &'s StmtClassDef,
        name: &str,
        depth: usize,
    ) -> (Origin, Option<Place>) {
        if depth > MAX_BASES {
            return (Origin::Unknown, None);
        }
        for base in class.bases() {
            let Some(names) = path(base) else { continue };
            if let Some(base) = self
                .class(&names)
                .filter(|base| !std::ptr::eq(*base, class))
            {
                if let Some(found) = self.written_in(base, name) {
                    return found;
                }
                let found = self.inherited(base, name, depth + 1);
                if found.1.is_some() {
                    return found;
                }
                continue;
            }
            // Outside of the project, what a class has is not looked up.
            let mut member = names;
            member.push(name);
            if let (Origin::Project, Some(place)) = self.resolve_path(&member)
                && place.line.is_some()
            {
                return (Origin::Project, Some(place));
            }
        }
        (Origin::Unknown, None)
    }
}

/// The class of a method, and what the method calls its object.
pub(super) fn receiver<'s>(function: &Function<'s>) -> Option<(&'s StmtClassDef, &'s str)> {
    let class = function.class()?;
    let is_static = function.def.decorator_list.iter().any(|decorator| {
        path(&decorator.expression).is_some_and(|names| names.last() == Some(&"staticmethod"))
    });
    let parameters = &function.def.parameters;
    let first = parameters.posonlyargs.first().or(parameters.args.first())?;
    (!is_static).then_some((class, first.parameter.name.as_str()))
}

/// The last statement of a class's body that binds a name by `def`, `class` or assignment,
/// those under `if` and `try` included.
fn member_of<'s>(body: &'s [Stmt], name: &str) -> Option<&'s Stmt> {
    let is_it = |target: &Expr| matches!(target, Expr::Name(target) if target.id == name);
    body.iter().rev().find_map(|statement| match statement {
        Stmt::FunctionDef(def) => (def.name.as_str() == name).then_some(statement),
        Stmt::ClassDef(class) => (class.name.as_str() == name).then_some(statement),
        Stmt::Assign(assign) => assign.targets.iter().any(is_it).then_some(statement),
        Stmt::AnnAssign(assign) => is_it(&assign.target).then_some(statement),
        _ => blocks(statement)
            .into_iter()
            .find_map(|block| member_of(block, name)),
    })
}
