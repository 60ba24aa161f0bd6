//! Pieces of the project's files, found by the words they share with a place.
//!
//! An inverted index over words, ranked by BM25 (Robertson and Zaragoza, 2009, §3) with every word
//! counted once a piece. Built in the background, brought up to date file by file, bounded in
//! bytes. A look-up never waits: while the index is being written, it finds nothing.

mod index;
mod pieces;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Fit, Project, Shared, files};
use index::Index;
pub use index::{Snippet, Weigher};
pub use pieces::pieces;

/// The index of one project.
#[derive(Debug, Default)]
pub(super) struct Snippets {
    index: RwLock<Index>,
    /// The generation of the project that the index has.
    generation: AtomicU64,
    is_built: AtomicBool,
    is_busy: AtomicBool,
}

impl Project {
    /// The pieces of other files than `path` that are most like a place with these words, the
    /// likest first, at most `n`. None that says almost the same as one before it.
    ///
    /// Never waits: it works with what is known, and has what changed looked at in the background.
    pub fn similar(&self, words: &[String], path: &str, n: usize) -> Vec<Snippet> {
        self.refresh();
        let index = self.shared.snippets.index.try_read();
        index.map_or_else(|_| Vec::new(), |index| index.find(words, path, n))
    }

    /// Pieces indexed, and bytes of text they are in.
    pub fn n_indexed(&self) -> (usize, usize) {
        let index = self.shared.snippets.index.read();
        let index = index.unwrap_or_else(PoisonError::into_inner);
        (index.n_pieces(), index.n_bytes())
    }

    /// Has the index brought up to date: in the background where the project is kept, else now.
    fn refresh(&self) {
        let snippets = &self.shared.snippets;
        let is_old = snippets.generation.load(Ordering::Acquire) != self.generation();
        let is_built = snippets.is_built.load(Ordering::Acquire);
        if !self.is_read() || is_built && !is_old || snippets.is_busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        if self.keeper.is_none() {
            return update(&shared);
        }
        let thread = std::thread::Builder::new().name("midfill-snippets".to_owned());
        if let Err(error) = thread.spawn(move || update(&shared)) {
            tracing::warn!(%error, "no thread to index the project");
            snippets.is_busy.store(false, Ordering::Release);
        }
    }
}

/// Brings the index up to date, one file at a time.
fn update(shared: &Shared) {
    let snippets = &shared.snippets;
    let had = snippets.generation.load(Ordering::Acquire);
    let (generation, changed) = shared.changes().since(had);
    let is_built = snippets.is_built.load(Ordering::Acquire);
    let paths = match changed {
        Some(changed) if is_built => changed,
        _ => {
            let all = shared.files();
            all.iter().map(|file| Arc::clone(&file.path)).collect()
        }
    };
    for path in paths {
        let text = shared.text(&path);
        let text = text.filter(|text| files::fit(text) == Fit::Show);
        let mut index = snippets
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        index.replace(&path, text.as_deref());
    }
    snippets.generation.store(generation, Ordering::Release);
    snippets.is_built.store(true, Ordering::Release);
    snippets.is_busy.store(false, Ordering::Release);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Limits, fixture};
    use crate::syntax::words;

    fn asked(text: &str) -> Vec<String> {
        words(text).map(str::to_owned).collect()
    }

    #[test]
    fn the_index_follows_the_files() {
        let dir = fixture::folder(
            "//- a.py\ndef fetch_rows(cursor):\n    return cursor.rows()\n//- b.py\nx = 1\n\
             //- key.py\nfetch_rows = '-----BEGIN PRIVATE KEY-----'\n",
        );
        let project = Project::read(dir.path(), Limits::default());
        let paths = |query: &str, own: &str| -> Vec<String> {
            let found = project.similar(&asked(query), own, 3);
            found
                .iter()
                .map(|snippet| snippet.path.to_string())
                .collect()
        };
        assert_eq!(paths("rows = fetch_rows(cursor)", "main.py"), ["a.py"]);
        assert!(paths("rows = fetch_rows(cursor)", "a.py").is_empty());
        fixture::write(
            dir.path(),
            "//- b.py\nfetch_rows(cursor, 3)\n//- a.py\ny = 2\n",
        );
        project.disk_changed();
        assert_eq!(paths("rows = fetch_rows(cursor)", "main.py"), ["b.py"]);
        std::fs::remove_file(dir.path().join("b.py")).expect("it is there");
        project.disk_changed();
        assert!(paths("rows = fetch_rows(cursor)", "main.py").is_empty());
    }

    #[test]
    fn the_index_is_built_in_the_background() {
        let dir = fixture::folder("//- a.py\ndef fetch_rows(cursor):\n    return cursor.rows()\n");
        let project = Project::start(dir.path(), Limits::default(), None);
        while project
            .similar(&asked("fetch_rows(cursor)"), "b.py", 1)
            .is_empty()
        {
            std::thread::yield_now();
        }
        assert_eq!(project.n_indexed().0, 1);
    }
}
