//! What is known beyond the open document when a completion is asked for.

use std::sync::Arc;

use crate::project::Project;

/// Gathered by the session at the start of a request; nothing in it changes afterwards.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The repository that the document belongs to.
    pub project: Option<Arc<Project>>,
}
