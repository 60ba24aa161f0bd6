//! What a name stands for once imports, bases and stars have been followed.

mod definition;

use std::sync::Arc;

use ruff_python_ast::Expr;
use ruff_python_parser::parse_expression;

use super::place::{Folder, Place};
use super::symbols::{Class, Function, ImportPath, Module, Symbol};
use super::{Project, Shared, builtins};
use crate::syntax::import_block::Origin;
use crate::syntax::names::Import;
pub use definition::Definition;

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Entity {
    /// A module or package.
    Module(Arc<Module>),
    /// A class, and the module whose names its bases are.
    Class(Arc<Class>, Arc<Module>),
    /// A function.
    Function(Arc<Function>),
    /// Something of which no more is known.
    Value,
}

/// The outcome of a look-up.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is there.
    Is(Entity),
    /// All that could hold it is known, and it is not there.
    Missing,
    /// Not all that could hold it is known.
    Unknown,
}

impl Found {
    /// What was found.
    pub fn entity(self) -> Option<Entity> {
        match self {
            Found::Is(entity) => Some(entity),
            Found::Missing | Found::Unknown => None,
        }
    }
}

/// Imports, stars and bases followed in a row, at most: they may lead in circles.
const MAX_DEPTH: usize = 24;

/// Where an import is written.
#[derive(Debug, Clone, Copy)]
pub enum From<'a> {
    /// In a file of the project, by its path.
    File(&'a str),
    /// In a module.
    Module(&'a Module),
}

/// What a module starts its imports from: the folder of relative ones, and of absolute ones.
struct Start {
    relative: Option<Folder>,
    absolute: Option<Folder>,
}

impl Project {
    /// The module of a dotted name, as an absolute import from the project's root finds it.
    pub fn module(&self, dotted: &str) -> Option<Arc<Module>> {
        let place = self.shared.find_absolute(None, dotted)?;
        Some(self.shared.module_at(&place, dotted))
    }

    /// The module that a file of the project is.
    pub fn module_of(&self, path: &str) -> Option<Arc<Module>> {
        let is_known = self.shared.files().get(path).is_some() || self.shared.edits(path).is_some();
        let place = Place::Project(path.into());
        is_known.then(|| {
            self.shared
                .module_at(&place, &self.shared.dotted_name(path))
        })
    }

    /// The dotted name that the file `here` imports the file `path` of the project by: the shortest
    /// that finds this very file. Folders without `__init__.py` are packages too (PEP 420), which
    /// end nowhere; hence the search.
    pub fn name_of(&self, path: &str, here: &str) -> Option<String> {
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        let parts: Vec<&str> = stem.split('/').collect();
        let n_least = self.shared.dotted_name(path).split('.').count();
        let start = self.shared.import_root(here);
        let is_it = |name: &String| match self.shared.find_absolute(Some(&start), name) {
            // A stub beside it stands for it.
            Some(Place::Project(found)) => {
                found.trim_end_matches('i') == path.trim_end_matches('i')
            }
            _ => false,
        };
        let names = (0..=parts.len().saturating_sub(n_least)).rev();
        let mut names = names.map(|from| &parts[from..]);
        names
            .by_ref()
            .take_while(|parts| parts.iter().all(|part| is_identifier(part)))
            .map(|parts| parts.join("."))
            .find(is_it)
    }

    /// What an import stands for.
    pub fn import(&self, import: Import<'_>, from: From<'_>) -> Found {
        self.shared.import(&import.into(), from, 0)
    }

    /// Where the module of an absolute import in a file comes from.
    pub fn origin(&self, dotted: &str, from: &str) -> Origin {
        let start = self.shared.import_root(from);
        let first = dotted.split('.').next().unwrap_or_default();
        let library = self.shared.environment().library.clone();
        match self.shared.find_absolute(Some(&start), first) {
            Some(Place::Project(_) | Place::Namespace(Folder::Project(_))) => Origin::Project,
            Some(Place::Table(_)) => Origin::Library,
            Some(Place::Disk(path) | Place::Namespace(Folder::Disk(path)))
                if library
                    .as_ref()
                    .is_some_and(|library| path.starts_with(library))
                    && !path.iter().any(|part| part == "site-packages") =>
            {
                Origin::Library
            }
            _ => Origin::Installed,
        }
    }

    /// What a name of a module stands for, seen from outside.
    pub fn member(&self, module: &Arc<Module>, name: &str) -> Found {
        self.shared.member(module, name, 0)
    }

    /// What an attribute of a class, or of its instances, stands for. Bases are followed in the
    /// order they are written, which finds what Python's method resolution order finds but for
    /// diamonds.
    pub fn class_member(&self, class: &Class, module: &Arc<Module>, name: &str) -> Found {
        self.shared.class_member(class, module, name, 0)
    }

    /// What `a` or `a.b` stands for inside a module.
    pub fn evaluate(&self, expression: &str, module: &Arc<Module>) -> Found {
        self.shared.evaluate(expression, module, 0)
    }

    /// A builtin.
    pub fn builtin(&self, name: &str) -> Found {
        self.shared.builtin(name, 0)
    }
}

/// Whether a folder's or file's name can stand in an import: Python reads it as one name, which
/// `lambda` and `my-scripts` are not.
fn is_identifier(name: &str) -> bool {
    let read = parse_expression(name);
    read.is_ok_and(|read| matches!(read.expr(), Expr::Name(read) if read.id == name))
}

impl Shared {
    pub(super) fn dotted_name(&self, path: &str) -> String {
        let inside = match self.import_root(path) {
            Folder::Project(root) if !root.is_empty() => path
                .strip_prefix(&*root)
                .unwrap_or(path)
                .trim_start_matches('/')
                .to_owned(),
            _ => path.to_owned(),
        };
        let stem = inside
            .rsplit_once('.')
            .map_or(inside.as_str(), |(stem, _)| stem);
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        stem.replace('/', ".")
    }

    fn start(&self, from: From<'_>) -> Start {
        match from {
            From::File(path) => Start {
                relative: Some(Folder::Project(super::place::parent(path).into())),
                absolute: Some(self.import_root(path)),
            },
            From::Module(module) => Start {
                relative: module.folder.clone(),
                absolute: match &module.folder {
                    // Any path in the folder has the same root.
                    Some(Folder::Project(folder)) => {
                        Some(self.import_root(&super::place::join(folder, "_")))
                    }
                    _ => None,
                },
            },
        }
    }

    fn import(&self, import: &ImportPath, from: From<'_>, depth: usize) -> Found {
        if depth > MAX_DEPTH {
            return Found::Unknown;
        }
        let start = self.start(from);
        let place = if import.level == 0 {
            self.find_absolute(start.absolute.as_ref(), &import.module)
        } else {
            let mut folder = start.relative;
            for _ in 1..import.level {
                folder = folder.and_then(|folder| folder.parent());
            }
            let Some(folder) = folder else {
                return Found::Unknown;
            };
            if import.module.is_empty() {
                return self.import_from_folder(&folder, import, depth);
            }
            self.find_dotted(&folder, &import.module)
        };
        // A module that is not found may be installed where nobody looked, or be made by a package
        // as it runs.
        let Some(place) = place else {
            return Found::Unknown;
        };
        let module = self.module_at(&place, &import.module);
        match &import.name {
            None => Found::Is(Entity::Module(module)),
            Some(name) => self.member(&module, name, depth + 1),
        }
    }

    /// `from . import name`: of the package itself, or a module beside.
    fn import_from_folder(&self, folder: &Folder, import: &ImportPath, depth: usize) -> Found {
        let Some(name) = &import.name else {
            return Found::Unknown;
        };
        if let Some(place) = self.find_in(folder, name) {
            return Found::Is(Entity::Module(self.module_at(&place, name)));
        }
        let around = match folder {
            Folder::Project(path) => {
                let path: &str = path;
                let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
                self.find_in(&Folder::Project(above.into()), last)
            }
            Folder::Disk(path) => {
                let last = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                path.parent()
                    .and_then(|above| self.find_in(&Folder::Disk(above.into()), &last))
            }
        };
        match around {
            Some(place) => {
                let module = self.module_at(&place, "");
                self.member(&module, name, depth + 1)
            }
            None => Found::Unknown,
        }
    }

    fn member(&self, module: &Arc<Module>, name: &str, depth: usize) -> Found {
        if depth > MAX_DEPTH {
            return Found::Unknown;
        }
        if let Some(symbol) = module.symbols.get(name) {
            return Found::Is(self.meaning(symbol, module, depth));
        }
        if name.starts_with("__") {
            return Found::Is(Entity::Value);
        }
        let mut is_open = module.is_open;
        for star in &module.stars {
            match self.import(star, From::Module(module), depth + 1) {
                Found::Is(Entity::Module(starred)) => {
                    match self.member(&starred, name, depth + 1) {
                        Found::Is(entity) => return Found::Is(entity),
                        Found::Unknown => is_open = true,
                        Found::Missing => {}
                    }
                }
                // Of Windows alone; `os` imports it there.
                _ if &*star.module == "nt" => {}
                _ => is_open = true,
            }
        }
        if module.is_package
            && let Some(folder) = &module.folder
            && let Some(place) = self.find_in(folder, name)
        {
            return Found::Is(Entity::Module(self.module_at(&place, name)));
        }
        if is_open {
            Found::Unknown
        } else {
            Found::Missing
        }
    }

    /// What a symbol of a module stands for. It is bound, so it is at least a value.
    fn meaning(&self, symbol: &Symbol, module: &Arc<Module>, depth: usize) -> Entity {
        match symbol {
            Symbol::Function(function) => Entity::Function(Arc::clone(function)),
            Symbol::Class(class) => Entity::Class(Arc::clone(class), Arc::clone(module)),
            Symbol::Import(import) => {
                let found = self.import(import, From::Module(module), depth + 1);
                found.entity().unwrap_or(Entity::Value)
            }
            Symbol::Alias(expression) => {
                let found = self.evaluate(expression, module, depth + 1);
                found.entity().unwrap_or(Entity::Value)
            }
            Symbol::Value(_) | Symbol::Several(_) => Entity::Value,
        }
    }

    fn evaluate(&self, expression: &str, module: &Arc<Module>, depth: usize) -> Found {
        if depth > MAX_DEPTH {
            return Found::Unknown;
        }
        let mut names = expression.split('.').map(str::trim);
        let first = names.next().unwrap_or_default();
        let mut found = match self.member(module, first, depth + 1) {
            Found::Missing => self.builtin(first, depth),
            found => found,
        };
        for name in names {
            found = match found {
                Found::Is(entity) => self.attribute(&entity, name, depth + 1),
                _ => return Found::Unknown,
            };
        }
        found
    }

    fn attribute(&self, entity: &Entity, name: &str, depth: usize) -> Found {
        match entity {
            Entity::Module(module) => self.member(module, name, depth),
            Entity::Class(class, module) => self.class_member(class, module, name, depth),
            Entity::Function(_) | Entity::Value => Found::Unknown,
        }
    }

    fn builtin(&self, name: &str, depth: usize) -> Found {
        if !builtins::is_builtin(name) {
            return Found::Missing;
        }
        let module = self.module_at(&Place::Table("builtins"), "builtins");
        match self.member(&module, name, depth + 1) {
            Found::Is(entity) => Found::Is(entity),
            _ => Found::Is(Entity::Value),
        }
    }

    fn class_member(&self, class: &Class, module: &Arc<Module>, name: &str, depth: usize) -> Found {
        if depth > MAX_DEPTH {
            return Found::Unknown;
        }
        if let Some(symbol) = class.members.get(name) {
            return Found::Is(match symbol {
                Symbol::Function(function) => Entity::Function(Arc::clone(function)),
                Symbol::Class(inner) => Entity::Class(Arc::clone(inner), Arc::clone(module)),
                _ => Entity::Value,
            });
        }
        if name.starts_with("__") {
            return Found::Is(Entity::Value);
        }
        let mut is_open = class.is_open;
        for base in &class.bases {
            match self.evaluate(base, module, depth + 1) {
                // A class that is its own base is a re-definition of the one before.
                Found::Is(Entity::Class(base, _)) if std::ptr::eq(&*base, class) => is_open = true,
                Found::Is(Entity::Class(base, at)) => {
                    match self.class_member(&base, &at, name, depth + 1) {
                        Found::Is(entity) => return Found::Is(entity),
                        Found::Unknown => is_open = true,
                        Found::Missing => {}
                    }
                }
                _ => is_open = true,
            }
        }
        if is_open {
            Found::Unknown
        } else {
            Found::Missing
        }
    }
}
