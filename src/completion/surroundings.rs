//! What is known beyond the open document when a completion is asked for.

use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;

use crate::project::Project;
use crate::session::Diagnostic;

/// Gathered by the session at the start of a request; nothing in it changes afterwards.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The repository that the document belongs to.
    pub project: Option<Arc<Project>>,
    /// The other open documents, used last first.
    pub open_files: Vec<OpenFile>,
    /// What was edited last, the newest first.
    pub edits: Vec<Edited>,
    /// What other tools say is wrong with the document.
    pub diagnostics: Vec<Diagnostic>,
    /// Grows when edits begin in another place; see [`Recent`](crate::session::Recent).
    pub n_regions: u64,
}

/// Another open document.
#[derive(Debug, Clone)]
pub struct OpenFile {
    /// Its path, as a model should see it.
    pub path: String,
    /// Its text now.
    pub text: Rope,
}

/// Lines that were edited, as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// Path of the document, as a model should see it.
    pub path: String,
    /// Whole lines.
    pub text: String,
    /// Where they lie in the document that a completion is asked for, if they are of it.
    pub own: Option<Range<usize>>,
}
