//! The projects of the files that are evaluated on, with nothing of the answer in them.
//!
//! The file under the cursor is an open document without the line that is to be written: its text
//! on disk, which holds the answer, is never read while it is open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::completion::{Means, Surroundings};
use crate::evaluation::Source;
use crate::project::{Limits, Project};
use crate::session::Snapshot;

/// Projects by the name of their repository.
#[derive(Debug, Default)]
pub struct Repositories {
    by_name: HashMap<String, Arc<Project>>,
}

impl Repositories {
    /// Reads the directories among the inputs of an evaluation. Shards have no repository around
    /// their files.
    pub fn read(inputs: &[PathBuf]) -> Repositories {
        let directories = inputs.iter().filter(|input| input.is_dir());
        let read = |input: &PathBuf| {
            let name = input.file_name().unwrap_or_default().to_string_lossy();
            let project = Project::read(Path::new(input), Limits::default());
            (name.into_owned(), Arc::new(project))
        };
        Repositories {
            by_name: directories.map(read).collect(),
        }
    }

    /// What is known around a source.
    pub fn around(&self, source: &Source) -> Arc<Surroundings> {
        Arc::new(Surroundings {
            project: self.by_name.get(&source.repo).cloned(),
            ..Surroundings::default()
        })
    }

    /// The same means, with what is known around a source.
    pub fn means(&self, means: &Means, source: &Source) -> Means {
        Means {
            surroundings: self.around(source),
            ..means.clone()
        }
    }
}

/// A document that is open in its project until this is dropped.
#[derive(Debug)]
pub struct Opened {
    project: Option<Arc<Project>>,
    path: String,
}

/// Opens the document in its project: while it is open, its text on disk does not count.
pub fn open(snapshot: &Snapshot, surroundings: &Surroundings) -> Opened {
    let project = surroundings.project.clone();
    if let Some(project) = &project {
        project.edited(&snapshot.path, &snapshot.text);
    }
    Opened {
        project,
        path: snapshot.path.clone(),
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(project) = &self.project {
            project.closed(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{cursors, sources};
    use crate::project::fixture::folder;

    #[test]
    fn the_answer_is_nowhere_in_the_project_while_its_file_is_open() {
        let lines: String = (0..12)
            .map(|n| format!("name_{n} = 'answer_{n}'\n"))
            .collect();
        let dir = folder(&format!("//- a.py\n{lines}//- b.py\nimport a\n"));
        let inputs = [dir.path().to_owned()];
        let (found, _) = sources(dir.path()).expect("readable");
        let repositories = Repositories::read(&inputs);
        let cursors = cursors::draw(&found, 40, 3);
        assert_eq!(cursors.len(), 40);
        for cursor in &cursors {
            let source = &found[cursor.source_idx];
            let line_start = source.text[..cursor.offset]
                .rfind('\n')
                .map_or(0, |at| at + 1);
            let line = source.text[line_start..].lines().next().unwrap_or_default();
            let snapshot = Snapshot::of(&source.path, &cursor.text(source));
            let surroundings = repositories.around(source);
            let opened = open(&snapshot, &surroundings);
            let project = surroundings
                .project
                .as_ref()
                .expect("a directory has a project");
            for (path, text) in project.texts() {
                assert!(!text.contains(line), "{path} holds {line:?}");
            }
            assert!(
                project
                    .text("a.py")
                    .is_some_and(|text| !text.contains(line))
            );
            if cursor.offset == line_start {
                let module = project.module("a").expect("a.py is there");
                let name = line.split(' ').next().unwrap_or_default();
                assert!(!module.symbols.contains_key(name));
            }
            drop(opened);
            assert!(project.text("a.py").is_some_and(|text| text.contains(line)));
        }
    }
}
