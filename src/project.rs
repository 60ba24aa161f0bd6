//! What is known of the repository around the open documents: files, modules, names.
//!
//! Read in the background, bounded in files and bytes, kept up to date as files change. Nothing
//! here ever waits for the reading: before it is done, less is known. The text of an open document
//! always wins over the disk.

pub mod builtins;
mod changes;
mod definitions;
pub mod environment;
mod files;
mod keeper;
pub mod lookup;
mod modules;
mod place;
pub mod snippets;
pub mod symbols;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use ropey::Rope;

use changes::Changes;
use definitions::Definitions;
use environment::Environment;
pub use files::{File, Files, Fit, may_be_shown};
use keeper::Notice;
use modules::Modules;
use snippets::Snippets;
pub use walk::Limits;

/// A repository. Shared by all that ask; cheap to ask.
#[derive(Debug)]
pub struct Project {
    shared: Arc<Shared>,
    /// The thread that reads; it ends when this is dropped. `None` where nothing is kept.
    keeper: Option<Sender<Notice>>,
}

/// What the project and its thread both hold.
#[derive(Debug)]
struct Shared {
    root: PathBuf,
    limits: Limits,
    files: RwLock<Arc<Files>>,
    open: RwLock<HashMap<Arc<str>, Open>>,
    changes: Mutex<Changes>,
    snippets: Snippets,
    is_read: AtomicBool,
    modules: Modules,
    definitions: RwLock<Definitions>,
    /// The environment that was asked for, and the one that was found.
    environment_given: Option<PathBuf>,
    environment: Mutex<Option<(Arc<Environment>, environment::Stamp)>>,
}

/// An open document.
#[derive(Debug)]
struct Open {
    text: Rope,
    /// Edits so far, of all documents together: no two texts of a path have the same number.
    edits: u64,
}

impl Shared {
    fn new(root: &Path, limits: Limits, environment: Option<&Path>) -> Shared {
        Shared {
            root: root.to_owned(),
            limits,
            files: RwLock::default(),
            open: RwLock::default(),
            changes: Mutex::default(),
            snippets: Snippets::default(),
            is_read: AtomicBool::new(false),
            modules: Modules::default(),
            definitions: RwLock::default(),
            environment_given: environment.map(Path::to_owned),
            environment: Mutex::default(),
        }
    }

    fn files(&self) -> Arc<Files> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&files)
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the files by what the disk holds now and notes which differ.
    fn read(&self) {
        let before = self.files();
        let after = walk::walk(&self.root, self.limits, &before);
        let changed = before.differing(&after);
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        *files = Arc::new(after);
        drop(files);
        self.changes().note(changed.clone());
        self.refresh_environment();
        self.is_read.store(true, Ordering::Release);
        for path in &changed {
            // Read before the lock is taken: a question never waits for the disk.
            let text = self.text(path);
            let mut definitions =
                (self.definitions.write()).unwrap_or_else(PoisonError::into_inner);
            definitions.update(path, text.as_deref());
        }
    }

    /// The rope of an open document.
    fn open_text(&self, path: &str) -> Option<Rope> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(path).map(|open| open.text.clone())
    }

    /// The number of the last edit of an open document.
    fn edits(&self, path: &str) -> Option<u64> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(path).map(|open| open.edits)
    }

    fn text(&self, path: &str) -> Option<String> {
        if let Some(rope) = self.open_text(path) {
            return Some(rope.to_string());
        }
        let file = self.files().get(path)?.clone();
        files::read(&self.root.join(&*file.path), self.limits.file_bytes)
    }
}

impl Project {
    /// The project under a folder, read now and on this thread, and not kept up to date by
    /// itself. For tools and tests.
    pub fn read(root: &Path, limits: Limits) -> Project {
        let shared = Arc::new(Shared::new(root, limits, None));
        shared.read();
        Project {
            shared,
            keeper: None,
        }
    }

    /// The project under a folder, read in the background by a thread of its own and kept up to
    /// date as notices come, see [`Project::disk_changed`] and [`Project::rest`].
    /// `environment` is the folder of a virtual environment; without one it is looked for.
    pub fn start(root: &Path, limits: Limits, environment: Option<&Path>) -> Project {
        let shared = Arc::new(Shared::new(root, limits, environment));
        let (sender, notices) = channel();
        let keeper = keeper::spawn(Arc::clone(&shared), notices).then_some(sender);
        Project { shared, keeper }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.shared.root
    }

    /// Whether the files have been listed.
    pub fn is_read(&self) -> bool {
        self.shared.is_read.load(Ordering::Acquire)
    }

    /// The source files, by path relative to the root, as last read.
    pub fn files(&self) -> Arc<Files> {
        self.shared.files()
    }

    /// The text of a source file of the project: of the open document, else of the disk as it is
    /// now. `None` for paths that are no file of the project, too large or not UTF-8.
    pub fn text(&self, path: &str) -> Option<String> {
        self.shared.text(path)
    }

    /// The texts that may be shown to a model: files that `data-filter`'s rules do not call
    /// generated, minified, secret or data, in the order of their paths. Files are read one by
    /// one as the iterator is asked for them.
    pub fn texts(&self) -> impl Iterator<Item = (Arc<str>, String)> + use<> {
        let shared = Arc::clone(&self.shared);
        let files = shared.files();
        let paths: Vec<Arc<str>> = files.iter().map(|file| Arc::clone(&file.path)).collect();
        paths.into_iter().filter_map(move |path| {
            let text = shared.text(&path)?;
            (files::fit(&text) == Fit::Show).then_some((path, text))
        })
    }

    /// A number that grows whenever a file of the project changes, on disk or in an editor. Edits
    /// of one document count once another is edited: while a person types in a document, what is
    /// known around it stays as it is.
    pub fn generation(&self) -> u64 {
        self.shared.changes().generation()
    }

    /// Paths that changed after `generation`, each once, and the generation they lead to. `None`
    /// when it is too long ago to tell.
    pub fn changed_since(&self, generation: u64) -> (u64, Option<Vec<Arc<str>>>) {
        self.shared.changes().since(generation)
    }

    /// An editor opened this path of the project, or changed its text.
    pub fn edited(&self, path: &str, text: &Rope) {
        let mut open = (self.shared.open.write()).unwrap_or_else(PoisonError::into_inner);
        static EDITS: AtomicU64 = AtomicU64::new(0);
        let now = Open {
            text: text.clone(),
            edits: EDITS.fetch_add(1, Ordering::Relaxed),
        };
        match open.get_mut(path) {
            Some(open) => *open = now,
            None => {
                open.insert(path.into(), now);
            }
        }
        drop(open);
        self.shared.changes().edited(path);
    }

    /// An editor closed this path of the project: the disk counts again.
    pub fn closed(&self, path: &str) {
        let mut open = (self.shared.open.write()).unwrap_or_else(PoisonError::into_inner);
        if open.remove(path).is_some() {
            drop(open);
            self.shared.changes().note(vec![path.into()]);
        }
    }

    /// Files changed on disk, as an editor that watches them tells. They are looked at in the
    /// background.
    pub fn disk_changed(&self) {
        self.tell(Notice::DiskChanged);
    }

    /// The user rests: a good time to look for changes on disk, for editors that watch no files.
    pub fn rest(&self) {
        self.tell(Notice::Rest);
    }

    /// The path of the only file, tests aside, that defines a public function or class of this
    /// name at its margin.
    pub fn defined_in(&self, name: &str) -> Option<Arc<str>> {
        let definitions = self.shared.definitions.read();
        definitions
            .unwrap_or_else(PoisonError::into_inner)
            .only(name)
    }

    /// The environment: installed packages and the standard library.
    pub fn environment(&self) -> Arc<Environment> {
        self.shared.environment()
    }

    /// Bytes of module summaries in memory, estimated, and how many there are.
    pub fn summaries(&self) -> (usize, usize) {
        self.shared.modules.n_bytes()
    }

    fn tell(&self, notice: Notice) {
        match &self.keeper {
            // A thread that is gone has told why; what is known stays.
            Some(keeper) => drop(keeper.send(notice)),
            None => self.shared.read(),
        }
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// Writes files given as `//- path` lines, each followed by its text, into a fresh folder.
    pub(crate) fn folder(fixture: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        write(dir.path(), fixture);
        dir
    }

    /// Writes files given as `//- path` lines, each followed by its text.
    pub(crate) fn write(root: &Path, fixture: &str) {
        for file in fixture.split("//- ").skip(1) {
            let (path, text) = file.split_once('\n').expect("a path line ends");
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("below the root")).expect("writable");
            std::fs::write(path, text).expect("writable");
        }
    }
}

#[cfg(test)]
mod name_tests;

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const SMALL: &str = "//- a.py\nx = 1\n//- pkg/b.py\ny = 2\n";

    #[track_caller]
    fn check_texts(project: &Project, expected: Expect) {
        let lines: Vec<_> = project
            .texts()
            .map(|(path, text)| format!("{path}: {}", text.lines().next().unwrap_or_default()))
            .collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn the_text_of_an_open_document_wins_over_the_disk_until_it_is_closed() {
        let dir = fixture::folder(SMALL);
        let project = Project::read(dir.path(), Limits::default());
        project.edited("a.py", &Rope::from_str("x = 'typed'\n"));
        check_texts(
            &project,
            expect![[r#"
                a.py: x = 'typed'
                pkg/b.py: y = 2"#]],
        );
        project.closed("a.py");
        assert_eq!(project.text("a.py").as_deref(), Some("x = 1\n"));
        assert_eq!(project.text("nowhere.py"), None);
    }

    #[test]
    fn what_should_not_be_shown_to_a_model_is_not_among_the_texts() {
        let dir = fixture::folder(
            "//- a.py\nx = 1\n//- made.py\n# Autogenerated, do not edit.\nx = 1\n//- key.py\n\
             KEY = '-----BEGIN PRIVATE KEY-----'\n",
        );
        let project = Project::read(dir.path(), Limits::default());
        check_texts(&project, expect!["a.py: x = 1"]);
        assert_eq!(project.files().len(), 3);
    }

    #[test]
    fn typing_in_one_document_does_not_change_what_is_around_it() {
        let dir = fixture::folder(SMALL);
        let project = Project::read(dir.path(), Limits::default());
        let typed = |path: &str| project.edited(path, &Rope::from_str("z = 3\n"));
        typed("a.py");
        let generation = project.generation();
        typed("a.py");
        typed("a.py");
        assert_eq!(project.generation(), generation);
        typed("pkg/b.py");
        assert!(project.generation() > generation);
        let (now, changed) = project.changed_since(generation);
        assert_eq!(now, project.generation());
        assert_eq!(changed, Some(vec!["a.py".into()]));
        typed("pkg/b.py");
        assert_eq!(project.changed_since(now), (now, Some(Vec::new())));
    }

    #[test]
    fn changes_on_disk_are_found_in_the_background() {
        let dir = fixture::folder(SMALL);
        let project = Project::start(dir.path(), Limits::default(), None);
        let wait_for = |path: &str| {
            while project.files().get(path).is_none() {
                std::thread::yield_now();
            }
        };
        wait_for("pkg/b.py");
        fixture::write(dir.path(), "//- pkg/c.py\nz = 3\n");
        project.disk_changed();
        wait_for("pkg/c.py");
        std::fs::remove_file(dir.path().join("a.py")).expect("it is there");
        project.disk_changed();
        while project.files().get("a.py").is_some() {
            std::thread::yield_now();
        }
    }
}
