//! What imports bring, by the project around a file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::super::source::Source;
use super::super::super::target::definitions;
use super::{Imported, Origin, Place};
use crate::project::Project;
use crate::project::lookup::From;
use crate::syntax::import_block;
use crate::syntax::names::Import;

/// A project, seen from one of its files.
#[derive(Debug)]
pub(in super::super) struct Repository<'s> {
    pub(in super::super) project: &'s Project,
    /// The file, relative to the project's folder.
    pub(in super::super) path: &'s str,
    /// Lines of the functions and classes of files that were asked for, by qualified name.
    lines: Mutex<HashMap<Arc<str>, Lines>>,
}

type Lines = Arc<HashMap<String, usize>>;

impl<'s> Repository<'s> {
    pub(super) fn new(project: &'s Project, path: &'s str) -> Repository<'s> {
        Repository {
            project,
            path,
            lines: Mutex::default(),
        }
    }

    /// What an import brings, or an attribute of it. `None` where nothing was found.
    pub(super) fn resolve(
        &self,
        import: &Imported<'_>,
        attributes: &[&str],
    ) -> Option<(Origin, Option<Place>)> {
        let asked = Import {
            level: import.level as usize,
            module: import.module,
            name: import.name,
        };
        let found = self
            .project
            .definition(asked, attributes, From::File(self.path));
        let Some(found) = found else {
            return self.origin(import).map(|origin| {
                let name = import.dotted(attributes);
                (origin, Some(super::named(name)))
            });
        };
        let origin = match found.origin {
            import_block::Origin::Project => Origin::Project,
            import_block::Origin::Library => Origin::Library,
            _ => Origin::Installed,
        };
        let Some(path) = found.path else {
            return Some((origin, Some(super::named(import.dotted(attributes)))));
        };
        let line = self.lines(&path).get(&found.name).copied();
        if *path == *self.path && line.is_some() {
            let (name, path) = (found.name, None);
            return Some((Origin::File, Some(Place { name, path, line })));
        }
        let dotted = [found.module.as_str(), found.name.as_str()];
        let dotted = dotted.into_iter().filter(|part| !part.is_empty());
        Some((
            origin,
            Some(Place {
                name: dotted.collect::<Vec<_>>().join("."),
                path: Some(path.to_string()),
                line,
            }),
        ))
    }

    /// Whose a module is of which no more is known.
    fn origin(&self, import: &Imported<'_>) -> Option<Origin> {
        if import.level > 0 {
            return Some(Origin::Project);
        }
        match self.project.origin(import.module, self.path) {
            import_block::Origin::Project => Some(Origin::Project),
            import_block::Origin::Library => Some(Origin::Library),
            // It was not found, or not looked for.
            _ => None,
        }
    }

    fn lines(&self, path: &Arc<str>) -> Lines {
        let lock = || self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = lock().get(path) {
            return Arc::clone(lines);
        }
        let text = self.project.text(path).unwrap_or_default();
        let lines = Arc::new(definitions::lines(&Source::parse(&text)));
        lock().insert(Arc::clone(path), Arc::clone(&lines));
        lines
    }
}
