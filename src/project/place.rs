//! Where modules lie: in the project, elsewhere on the disk, or in Python itself.

use std::path::Path;
use std::sync::Arc;

/// A folder that modules are looked for in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Folder {
    /// Of the project, relative to its root, without a `/` at the end; the root is empty.
    Project(Arc<str>),
    /// Of an environment, absolute.
    Disk(Arc<Path>),
}

impl Folder {
    /// The folder around this one; `None` for the project's root.
    pub(super) fn parent(&self) -> Option<Folder> {
        match self {
            Folder::Project(path) if path.is_empty() => None,
            Folder::Project(path) => Some(Folder::Project(parent(path).into())),
            Folder::Disk(path) => Some(Folder::Disk(path.parent()?.into())),
        }
    }
}

/// Where one module comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A file of the project, by its path.
    Project(Arc<str>),
    /// A file elsewhere.
    Disk(Arc<Path>),
    /// The table of Python's own compiled modules.
    Table(&'static str),
    /// Compiled code that cannot be read.
    Compiled,
    /// A folder without `__init__.py`.
    Namespace(Folder),
}

/// `folder/name`, for a folder that may be the root.
pub(super) fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// The folder of a path; empty for a path in the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
