//! The repositories that sources come from, as completion knows them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Source;
use crate::completion::Surroundings;
use crate::project::{Limits, Project};

/// Projects by the name that [`sources`](super::sources) gives to a directory. Sources of shards
/// have none: nothing is known around them.
///
/// The disk holds what a cursor's author wrote, so nothing may come from the file under the cursor
/// but its text with the hole. Copies of it under other paths are fair: a user has them as well.
#[derive(Default)]
pub struct Repositories(HashMap<String, Arc<Surroundings>>);

impl Repositories {
    /// Reads the projects among the inputs.
    pub fn read(inputs: &[PathBuf]) -> Repositories {
        let projects = inputs.iter().filter(|input| input.is_dir()).map(|input| {
            let name = input.file_name().unwrap_or_default().to_string_lossy();
            let surroundings = Surroundings {
                project: Some(Arc::new(Project::read(input, Limits::default()))),
            };
            (name.into_owned(), Arc::new(surroundings))
        });
        Repositories(projects.collect())
    }

    /// What is known around a source.
    pub fn around(&self, source: &Source) -> Arc<Surroundings> {
        self.0.get(&source.repo).cloned().unwrap_or_default()
    }
}
