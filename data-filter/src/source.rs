//! Where files come from: each input is listed first, then its files are read in any order.

mod directory;
mod git;

use std::path::PathBuf;

use anyhow::Result;
use gix::ObjectId;

use crate::plan::{Input, Kind, Plan};

/// The files of one input, sorted by the bytes of their paths.
pub struct Listing {
    /// Which input of the plan.
    pub input_idx: usize,
    /// Repository as `owner/name`, or a name for it.
    pub repo: String,
    /// The commit that is read, in hex; none for a directory.
    pub commit: Option<String>,
    /// SPDX expression, where known.
    pub licence: Option<String>,
    /// What a person should know of how the input was taken.
    pub note: Option<String>,
    /// Files with an extension asked for.
    pub entries: Vec<Entry>,
    /// Places that could not be listed: path and reason.
    pub problems: Vec<(String, String)>,
    store: Store,
}

/// One file of a listing.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Path in the repository or directory, `/` between its parts.
    pub path: String,
    /// Where its content is.
    pub at: Place,
}

/// Where a content is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file on disk.
    File(PathBuf),
    /// An object of the repository.
    Blob(ObjectId),
}

impl Place {
    /// The id of the content where it is known without reading.
    pub fn blob(&self) -> Option<ObjectId> {
        match self {
            Self::File(_) => None,
            Self::Blob(id) => Some(*id),
        }
    }
}

enum Store {
    Directory,
    Git(Box<gix::ThreadSafeRepository>),
}

impl Listing {
    /// Lists one input of the plan.
    ///
    /// # Errors
    /// When the input as a whole cannot be read.
    pub fn open(plan: &Plan, input_idx: usize) -> Result<Self> {
        let Input { path, kind } = &plan.inputs[input_idx];
        let mut listing = match kind {
            Kind::Directory => directory::list(plan, input_idx, path),
            Kind::Git => git::list(plan, input_idx, path),
        }?;
        listing.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listing)
    }

    /// A reader for the use of one thread.
    pub fn reader(&self) -> Reader {
        match &self.store {
            Store::Directory => Reader::Directory,
            Store::Git(repository) => Reader::Git(Box::new(repository.to_thread_local())),
        }
    }
}

/// Reads the contents of one listing, on one thread.
pub enum Reader {
    /// From the file system.
    Directory,
    /// From an object database.
    Git(Box<gix::Repository>),
}

impl Reader {
    /// Length of a content in bytes, without reading it.
    ///
    /// # Errors
    /// When it is not there or its header is damaged.
    pub fn size(&self, place: &Place) -> Result<u64> {
        match (self, place) {
            (Self::Git(repository), Place::Blob(id)) => git::size(repository, *id),
            (_, Place::File(path)) => directory::size(path),
            (Self::Directory, Place::Blob(_)) => unreachable!("a directory lists files"),
        }
    }

    /// A content, and its git blob id.
    ///
    /// # Errors
    /// When it is not there or damaged.
    pub fn read(&self, place: &Place) -> Result<(Vec<u8>, ObjectId)> {
        match (self, place) {
            (Self::Git(repository), Place::Blob(id)) => {
                git::read(repository, *id).map(|content| (content, *id))
            }
            (_, Place::File(path)) => directory::read(path),
            (Self::Directory, Place::Blob(_)) => unreachable!("a directory lists files"),
        }
    }
}

/// Whether a file name ends in one of the extensions.
fn has_extension(file_name: &[u8], extensions: &[String]) -> bool {
    extensions.iter().any(|extension| {
        file_name
            .strip_suffix(extension.as_bytes())
            .is_some_and(|stem| stem.ends_with(b"."))
    })
}

#[cfg(test)]
mod tests {
    use super::has_extension;

    #[test]
    fn an_extension_stands_after_a_dot() {
        let extensions = ["py".to_owned(), "pyi".to_owned()];
        let answers = ["a.py", "a.pyi", "apy", "a.pyc", ".py"]
            .map(|name| has_extension(name.as_bytes(), &extensions));
        assert_eq!(answers, [true, true, false, false, true]);
    }
}
