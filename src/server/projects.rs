//! The projects of the workspace's folders, and which of them a document belongs to.

use std::path::Path;
use std::sync::Arc;

use ropey::Rope;
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{
    DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher, GlobPattern, Registration,
};

use super::convert;
use crate::completion::Surroundings;
use crate::project::{Limits, Project};

/// One project per workspace folder.
pub(super) struct Projects {
    projects: Vec<Arc<Project>>,
    /// Whether the client tells of changes on disk.
    is_told: bool,
}

impl Projects {
    /// Starts reading the folders, each on a thread of its own.
    pub(super) fn start(roots: &[String], is_told: bool, environment: Option<&Path>) -> Projects {
        let mut roots: Vec<&str> = roots
            .iter()
            .map(|root| root.trim_end_matches('/'))
            .collect();
        roots.sort_unstable();
        roots.dedup();
        // A workspace at the root of the file system is a mistake and no project.
        roots.retain(|root| !root.is_empty());
        let start = |root: &str| {
            let project = Project::start(Path::new(root), Limits::default(), environment);
            Arc::new(project)
        };
        Projects {
            projects: roots.into_iter().map(start).collect(),
            is_told,
        }
    }

    /// What is known around a document.
    pub(super) fn around(&self, uri: &str) -> Surroundings {
        Surroundings {
            project: self.of(uri).map(|(project, _)| Arc::clone(project)),
            ..Surroundings::default()
        }
    }

    /// The innermost project that holds a document, and the document's path in it.
    fn of(&self, uri: &str) -> Option<(&Arc<Project>, String)> {
        let path = convert::path(uri);
        let inside = |project: &Arc<Project>| {
            let root = project.root().to_str()?;
            let path = path.strip_prefix(root)?.strip_prefix('/')?;
            Some(path.to_owned())
        };
        let found = self
            .projects
            .iter()
            .filter_map(|project| Some((project, inside(project)?)));
        found.min_by_key(|(_, path)| path.len())
    }

    /// A document was opened or changed.
    pub(super) fn edited(&self, uri: &str, text: &Rope) {
        if let Some((project, path)) = self.of(uri) {
            project.edited(&path, text);
        }
    }

    /// A document was closed.
    pub(super) fn closed(&self, uri: &str) {
        if let Some((project, path)) = self.of(uri) {
            project.closed(&path);
        }
    }

    /// The client saw files change.
    pub(super) fn disk_changed(&self) {
        self.projects
            .iter()
            .for_each(|project| project.disk_changed());
    }

    /// A good time to look at the disk, if the client does not tell of changes.
    pub(super) fn rest(&self) {
        if !self.is_told {
            self.projects.iter().for_each(|project| project.rest());
        }
    }
}

/// Asks the client to tell of changes on disk.
pub(super) async fn watch(client: Client) {
    // The files themselves, and those that say which files count.
    let patterns = ["**/*.{py,pyi,pyw}", "**/.gitignore", "**/pyvenv.cfg"];
    let watcher = |pattern: &&str| FileSystemWatcher {
        glob_pattern: GlobPattern::Pattern((*pattern).to_owned()),
        kind: None,
    };
    let options = DidChangeWatchedFilesRegistrationOptions {
        watchers: patterns.iter().map(watcher).collect(),
    };
    let registration = Registration {
        id: "midfill/files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: serde_json::to_value(options).ok(),
    };
    if let Err(error) = client.register_capability(vec![registration]).await {
        tracing::warn!(%error, "the client does not watch files after all");
    }
}
