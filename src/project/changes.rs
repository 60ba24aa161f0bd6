//! Which files changed, in order, and a number that grows with them.

use std::collections::VecDeque;
use std::sync::Arc;

/// Changes remembered. Who asks later than that looks at every file anew.
const REMEMBERED: usize = 4096;

/// The last changes, oldest first.
#[derive(Debug, Default)]
pub(super) struct Changes {
    generation: u64,
    /// Path and the generation that its change made.
    last: VecDeque<(u64, Arc<str>)>,
    /// The generation of the oldest change that was forgotten.
    forgotten: u64,
    /// The document being edited, whose edits do not count yet.
    typed_in: Option<Typed>,
}

/// A document being edited.
#[derive(Debug)]
struct Typed {
    path: Arc<str>,
    /// Whether it was edited again since its change was last noted.
    pending: bool,
}

impl Changes {
    /// Counts changes of these files.
    pub(super) fn note(&mut self, paths: Vec<Arc<str>>) {
        for path in paths {
            self.generation += 1;
            self.last.push_back((self.generation, path));
            if self.last.len() > REMEMBERED
                && let Some((generation, _)) = self.last.pop_front()
            {
                self.forgotten = generation;
            }
        }
    }

    /// An edit of an open document. It counts once another document is edited.
    pub(super) fn edited(&mut self, path: &str) {
        match &mut self.typed_in {
            Some(typed) if &*typed.path == path => typed.pending = true,
            before => {
                let next = Typed {
                    path: path.into(),
                    pending: true,
                };
                if let Some(left) = before.replace(next)
                    && left.pending
                {
                    self.note(vec![left.path]);
                }
            }
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The generation now, and the paths that changed after `generation`, each once.
    pub(super) fn since(&self, generation: u64) -> (u64, Option<Vec<Arc<str>>>) {
        if generation < self.forgotten {
            return (self.generation, None);
        }
        let newer = self.last.iter().filter(|(at, _)| *at > generation);
        let mut paths: Vec<Arc<str>> = newer.map(|(_, path)| Arc::clone(path)).collect();
        paths.sort();
        paths.dedup();
        (self.generation, Some(paths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_too_late_is_told_to_look_at_everything() {
        let mut changes = Changes::default();
        changes.note(vec!["first.py".into()]);
        let (early, _) = changes.since(0);
        assert_eq!(changes.since(0).1, Some(vec!["first.py".into()]));
        changes.note(vec!["other.py".into(); REMEMBERED + 5]);
        assert_eq!(changes.since(early).1, None);
        let (now, _) = changes.since(early);
        assert_eq!(changes.since(now), (now, Some(Vec::new())));
    }
}
