//! The words around the cursor, to look for.

use std::hash::{DefaultHasher, Hash, Hasher};

use ropey::Rope;

use crate::completion::Surroundings;
use crate::syntax::words;

/// Lines above the cursor's that are asked about.
const N_LINES: usize = 12;

/// Distinct words of the last lines before the cursor, the nearest first. The word being typed is
/// not among them: it is half a word, and a query that changed at each key would be asked at each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Query(pub Vec<String>);

impl Query {
    /// The query at a place.
    pub fn at(text: &Rope, offset: usize) -> Query {
        let line = text.byte_to_line(offset).saturating_sub(N_LINES);
        let before = text.byte_slice(text.line_to_byte(line)..offset).to_string();
        let typed = before
            .trim_end_matches(|c: char| c.is_alphanumeric() || c == '_')
            .len();
        let mut found: Vec<&str> = words(&before[..typed]).collect();
        found.reverse();
        let mut seen = std::collections::HashSet::new();
        found.retain(|word| seen.insert(*word));
        Query(found.into_iter().map(str::to_owned).collect())
    }

    /// A number that is the same while the same is asked of the same surroundings.
    pub(super) fn key(&self, surroundings: &Surroundings) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let project = surroundings.project.as_ref();
        project
            .map(|project| project.generation())
            .hash(&mut hasher);
        surroundings.n_regions.hash(&mut hasher);
        surroundings.diagnostics.hash(&mut hasher);
        hasher.finish()
    }
}
