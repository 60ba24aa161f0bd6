//! The source files of a project, and what may be shown of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use data_filter::filter::{Filters, Preset, Secret, Verdict};

use super::place::{join, parent};

/// A source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path relative to the root, parts separated by `/`.
    pub path: Arc<str>,
    /// Its size in bytes.
    pub n_bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// Whether a text may be shown to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It may.
    Show,
    /// It is generated, minified, data, or holds secrets; names in it exist all the same.
    Hide,
}

/// Source files by path.
#[derive(Debug, Clone, Default)]
pub struct Files {
    by_path: BTreeMap<Arc<str>, File>,
    /// Folders that hold top-level packages.
    roots: BTreeSet<Arc<str>>,
    n_bytes: u64,
}

impl Files {
    /// The file with this path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.by_path.get(path)
    }

    /// All files, in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = &File> {
        self.by_path.values()
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.by_path.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_path.is_empty()
    }

    /// Bytes in all files together.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Whether some file lies below a folder, given with a `/` at its end.
    pub fn has_below(&self, folder: &str) -> bool {
        let from = (Bound::Included(folder), Bound::Unbounded);
        let first = self.by_path.range::<str, _>(from).next();
        first.is_some_and(|(path, _)| path.starts_with(folder))
    }

    /// Folders that packages are imported from: those around the outermost `__init__.py`.
    pub(super) fn roots(&self) -> &BTreeSet<Arc<str>> {
        &self.roots
    }

    /// Finds the roots, once all files are there.
    pub(super) fn find_roots(&mut self) {
        let is_package = |folder: &str| self.get(&join(folder, "__init__.py")).is_some();
        let inits = self
            .by_path
            .keys()
            .filter(|path| path.ends_with("/__init__.py"));
        let packages = inits
            .map(|path| parent(path))
            .filter(|package| !package.is_empty());
        self.roots = packages
            .map(parent)
            .filter(|around| around.is_empty() || !is_package(around))
            .map(Into::into)
            .collect();
    }

    pub(super) fn insert(&mut self, file: File) {
        self.n_bytes += file.n_bytes;
        if let Some(before) = self.by_path.insert(Arc::clone(&file.path), file) {
            self.n_bytes -= before.n_bytes;
        }
    }

    /// Paths that one of the two has not, or has otherwise.
    pub(super) fn differing(&self, other: &Files) -> Vec<Arc<str>> {
        let gone = self.iter().filter(|file| other.get(&file.path).is_none());
        let new = other
            .iter()
            .filter(|file| self.get(&file.path) != Some(file));
        gone.chain(new).map(|file| Arc::clone(&file.path)).collect()
    }
}

/// What `data-filter` keeps out of training stays out of prompts as well.
static RULES: LazyLock<Filters> = LazyLock::new(|| Preset::Codex.filters().with(Secret::new()));

/// Whether a text may be shown to a model.
pub(super) fn fit(text: &str) -> Fit {
    match RULES.verdict(text.as_bytes()) {
        Verdict::Keep => Fit::Show,
        Verdict::Drop { .. } | Verdict::Unreadable { .. } => Fit::Hide,
    }
}

/// Whether a document that need not be of the project may be shown to a model. Files whose names
/// are used for secrets are never shown, whatever they hold.
pub fn may_be_shown(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let starts = [
        ".env",
        ".netrc",
        ".pypirc",
        "id_rsa",
        "id_ed25519",
        "credentials",
        "secrets",
    ];
    let ends = [".pem", ".key", ".p12", ".pfx", ".kdbx"];
    let is_secret = starts.iter().any(|start| name.starts_with(start))
        || ends.iter().any(|end| name.ends_with(end));
    !is_secret && fit(text) == Fit::Show
}

/// The text of a file that is UTF-8 and has at most `max_bytes`. A byte order mark is left out.
pub(super) fn read(path: &Path, max_bytes: u64) -> Option<String> {
    if std::fs::metadata(path).ok()?.len() > max_bytes {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Some(rest.to_owned()),
        None => Some(text),
    }
}
