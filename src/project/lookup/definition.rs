//! Where what an import brings is written: in which file, and under which name there.

use std::sync::Arc;

use super::{From, MAX_DEPTH};
use crate::project::place::{Folder, Place, parent};
use crate::project::symbols::{Class, ImportPath, Module, Symbol};
use crate::project::{Project, Shared};
use crate::syntax::import_block::Origin;
use crate::syntax::names::Import;

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Whose it is.
    pub origin: Origin,
    /// The file of the project.
    pub path: Option<Arc<str>>,
    /// The dotted name of the module; empty where it was not found.
    pub module: String,
    /// The dotted name in the module: `f`, `Class.method`; empty for the module itself.
    pub name: String,
}

/// A module's place, and names in it.
type Site = (Place, Vec<String>);

impl Project {
    /// Where what an import brings is written, or an attribute of it: imports that pass it on,
    /// other names for it and the bases of classes are followed. `None` where it is not found.
    pub fn definition(
        &self,
        import: Import<'_>,
        attributes: &[&str],
        from: From<'_>,
    ) -> Option<Definition> {
        let import: ImportPath = import.into();
        let names: Vec<String> = attributes.iter().map(|&name| name.to_owned()).collect();
        let (place, names) = self.shared.site_of(&import, &names, from, 0)?;
        let origin = self.shared.origin_of(&place);
        let path = match &place {
            Place::Project(path) => Some(Arc::clone(path)),
            _ => None,
        };
        Some(Definition {
            origin,
            module: match &path {
                Some(path) => self.shared.dotted_name(path),
                None => String::new(),
            },
            path,
            name: names.join("."),
        })
    }
}

impl Shared {
    fn origin_of(&self, place: &Place) -> Origin {
        match place {
            Place::Project(_) | Place::Namespace(Folder::Project(_)) => Origin::Project,
            Place::Table(_) => Origin::Library,
            Place::Disk(path) | Place::Namespace(Folder::Disk(path)) => {
                let library = self.environment().library.clone();
                let is_library = library.is_some_and(|library| path.starts_with(&library))
                    && !path.iter().any(|part| part == "site-packages");
                match is_library {
                    true => Origin::Library,
                    false => Origin::Installed,
                }
            }
            Place::Compiled => Origin::Installed,
        }
    }

    fn site_of(
        &self,
        import: &ImportPath,
        rest: &[String],
        from: From<'_>,
        depth: usize,
    ) -> Option<Site> {
        let mut names: Vec<String> = import.name.iter().map(|name| name.to_string()).collect();
        names.extend_from_slice(rest);
        let place = self.place_of(import, from)?;
        self.site(&place, &names, depth + 1)
    }

    /// The module that an import names.
    fn place_of(&self, import: &ImportPath, from: From<'_>) -> Option<Place> {
        let start = self.start(from);
        if import.level == 0 {
            return self.find_absolute(start.absolute.as_ref(), &import.module);
        }
        let mut folder = start.relative?;
        for _ in 1..import.level {
            folder = folder.parent()?;
        }
        if !import.module.is_empty() {
            return self.find_dotted(&folder, &import.module);
        }
        match &folder {
            Folder::Project(path) if path.is_empty() => Some(Place::Namespace(folder)),
            Folder::Project(path) => {
                let last = path.rsplit('/').next().unwrap_or_default();
                self.find_in(&Folder::Project(parent(path).into()), last)
            }
            Folder::Disk(path) => {
                let last = path.file_name()?.to_string_lossy().into_owned();
                self.find_in(&Folder::Disk(path.parent()?.into()), &last)
            }
        }
    }

    /// Follows names from a module to where the last of them is written.
    fn site(&self, place: &Place, names: &[String], depth: usize) -> Option<Site> {
        let Some((first, rest)) = names.split_first() else {
            return Some((place.clone(), Vec::new()));
        };
        if depth > MAX_DEPTH {
            return None;
        }
        let module = self.module_at(place, "");
        let here = || Some((place.clone(), names.to_vec()));
        match module.symbols.get(first.as_str()).map(meant) {
            Some(Symbol::Import(import)) => {
                self.site_of(import, rest, From::Module(&module), depth + 1)
            }
            Some(Symbol::Alias(to)) if !to.split('.').any(|part| part == first) => {
                let mut names: Vec<String> = to.split('.').map(|part| part.trim().into()).collect();
                names.extend_from_slice(rest);
                self.site(place, &names, depth + 1)
            }
            Some(Symbol::Class(class)) => match rest {
                [] => here(),
                [member] => self.site_of_member(place, class, member, depth + 1),
                _ => None,
            },
            Some(_) => rest.is_empty().then(here).flatten(),
            None => self.site_beyond(place, &module, names, depth + 1),
        }
    }

    /// Names that a module does not bind itself: of what it imports everything from, or modules of
    /// a package.
    fn site_beyond(
        &self,
        place: &Place,
        module: &Arc<Module>,
        names: &[String],
        depth: usize,
    ) -> Option<Site> {
        let submodule = Self::inside(place).and_then(|folder| self.find_in(&folder, &names[0]));
        if let Some(submodule) = submodule {
            return self.site(&submodule, &names[1..], depth + 1);
        }
        module.stars.iter().find_map(|star| {
            let starred = self.place_of(star, From::Module(module))?;
            self.site(&starred, names, depth + 1)
        })
    }

    fn site_of_member(
        &self,
        place: &Place,
        class: &Class,
        member: &str,
        depth: usize,
    ) -> Option<Site> {
        if depth > MAX_DEPTH {
            return None;
        }
        if class.members.contains_key(member) {
            return Some((
                place.clone(),
                vec![class.name.to_string(), member.to_owned()],
            ));
        }
        class.bases.iter().find_map(|base| {
            let names: Vec<String> = base.split('.').map(|part| part.trim().into()).collect();
            let (at, names) = self.site(place, &names, depth + 1)?;
            let [name] = &names[..] else { return None };
            let module = self.module_at(&at, "");
            match module.symbols.get(name.as_str()).map(meant)? {
                Symbol::Class(base) if !std::ptr::eq(&**base, class) => {
                    self.site_of_member(&at, base, member, depth + 1)
                }
                _ => None,
            }
        })
    }
}

/// Of a name bound in several ways, the one to look at: what is written here before what is
/// imported.
fn meant(symbol: &Symbol) -> &Symbol {
    let Symbol::Several(all) = symbol else {
        return symbol;
    };
    let is_written = |one: &&Symbol| matches!(one, Symbol::Function(_) | Symbol::Class(_));
    let is_imported = |one: &&Symbol| matches!(one, Symbol::Import(_));
    let found = all.iter().find(is_written).or(all.iter().find(is_imported));
    found.unwrap_or(symbol)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::project::Limits;
    use crate::project::fixture::folder;

    /// Tells where `module name attribute …` leads, each asked for in `app/main.py`.
    #[track_caller]
    fn check(fixture: &str, asked: &[&str], expected: Expect) {
        let dir = folder(fixture);
        let project = Project::read(dir.path(), Limits::default());
        let mut told = String::new();
        for one in asked {
            let mut words = one.split(' ');
            let module = words.next().unwrap_or_default();
            let level = module.len() - module.trim_start_matches('.').len();
            let import = Import {
                level,
                module: &module[level..],
                name: words.next().filter(|name| *name != "-"),
            };
            let attributes: Vec<&str> = words.collect();
            let found = project.definition(import, &attributes, From::File("app/main.py"));
            let found = match found {
                Some(found) => format!(
                    "{:?} {} {}",
                    found.origin,
                    found.path.as_deref().unwrap_or("-"),
                    found.name
                ),
                None => "nowhere".to_owned(),
            };
            told.push_str(&format!("{one}: {found}\n"));
        }
        expected.assert_eq(&told);
    }

    #[test]
    fn what_is_passed_on_is_found_where_it_is_written() {
        check(
            "//- app/__init__.py\nfrom .core import run as start\nfrom .models import *\n\
             //- app/core.py\ndef run(): pass\nother = run\n\
             //- app/models.py\nfrom .base import Base\nclass User(Base):\n    def rename(self): pass\n\
             //- app/base.py\nclass Base:\n    def save(self): pass\n\
             //- app/main.py\n",
            &[
                ".core run",
                ".core other",
                "app start",
                ". start",
                ".. app start",
                "app User",
                ".models User rename",
                ".models User save",
                ".models User delete",
                "app - models User save",
                "app.models -",
                ".core missing",
                "nowhere x",
            ],
            expect![[r#"
                .core run: Project app/core.py run
                .core other: Project app/core.py run
                app start: Project app/core.py run
                . start: Project app/core.py run
                .. app start: Project app/core.py run
                app User: Project app/models.py User
                .models User rename: Project app/models.py User.rename
                .models User save: Project app/base.py Base.save
                .models User delete: nowhere
                app - models User save: Project app/base.py Base.save
                app.models -: Project app/models.py 
                .core missing: nowhere
                nowhere x: nowhere
            "#]],
        );
    }
}
