//! What is known of the repository around the open documents: files, modules, names.
//!
//! Read in the background, bounded in files and bytes, kept up to date as files change.

use std::path::{Path, PathBuf};

/// A repository.
#[derive(Debug, Default)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The project under a folder. Nothing is read yet.
    pub fn new(root: &Path) -> Project {
        Project {
            root: root.to_owned(),
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
