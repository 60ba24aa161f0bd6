//! The walk over a workspace: which files belong to the project.

use std::path::Path;
use std::time::{Duration, Instant};

use grammars::Language;
use ignore::{DirEntry, WalkBuilder};

use super::files::{File, Files};

/// Bounds of what is read. Beyond them the project is known in part, which is better than a
/// machine kept busy by a home folder opened by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Source files, at most.
    pub n_files: usize,
    /// Entries of any kind looked at, at most.
    pub n_entries: usize,
    /// Bytes in one file, at most; as in the Codex recipe.
    pub file_bytes: u64,
    /// Bytes in all files, at most.
    pub n_bytes: u64,
    /// How long one walk may take.
    pub time: Duration,
    /// Bytes of module summaries held in memory, at most, estimated.
    pub module_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            n_files: 20_000,
            n_entries: 500_000,
            file_bytes: 1_000_000,
            n_bytes: 256 << 20,
            time: Duration::from_secs(20),
            module_bytes: 96 << 20,
        }
    }
}

/// Folders that hold other people's code or none, wherever they stand and whatever .gitignore
/// says.
const PASSED_BY: [&str; 6] = [
    "node_modules",
    "__pycache__",
    "site-packages",
    "__pypackages__",
    "bower_components",
    "conda-meta",
];

/// Lists the source files below `root`. .gitignore and its kin hold, hidden files and folders are
/// passed by, links are not followed, virtual environments are left out.
///
/// `before` is what the last walk found: where a limit on time ends this one early, its files in
/// the part not walked are kept.
pub(super) fn walk(root: &Path, limits: Limits, before: &Files) -> Files {
    let start = Instant::now();
    let mut files = Files::default();
    let mut walk = WalkBuilder::new(root);
    // A .gitignore says what it says in a folder that is no repository yet, too.
    walk.require_git(false).follow_links(false);
    walk.sort_by_file_name(|a, b| a.cmp(b));
    walk.filter_entry(is_ours);
    let mut is_cut_short = false;
    for (n, entry) in walk.build().enumerate() {
        if n >= limits.n_entries || start.elapsed() > limits.time {
            is_cut_short = true;
            break;
        }
        // What cannot be read is passed by: a folder without permission is no reason to stop.
        let Ok(entry) = entry else { continue };
        let Some(file) = source_file(root, &entry, limits) else {
            continue;
        };
        if files.len() >= limits.n_files || files.n_bytes() + file.n_bytes > limits.n_bytes {
            is_cut_short = true;
            break;
        }
        files.insert(file);
    }
    if is_cut_short {
        tracing::warn!(
            files = files.len(),
            bytes = files.n_bytes(),
            "the project is large; what lies behind these files is not known"
        );
        let last = files.iter().last().map(|file| file.path.clone());
        let behind = before
            .iter()
            .filter(|file| Some(&file.path) > last.as_ref());
        let kept: Vec<File> = behind.take(limits.n_files - files.len()).cloned().collect();
        kept.into_iter().for_each(|file| files.insert(file));
    }
    files.find_roots();
    files
}

fn is_ours(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    if !is_folder || entry.depth() == 0 {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    !PASSED_BY.contains(&&*name) && !entry.path().join("pyvenv.cfg").exists()
}

fn source_file(root: &Path, entry: &DirEntry, limits: Limits) -> Option<File> {
    if !entry.file_type()?.is_file() {
        return None;
    }
    Language::from_path(entry.path())?;
    let metadata = entry.metadata().ok()?;
    if metadata.len() > limits.file_bytes {
        return None;
    }
    let relative = entry.path().strip_prefix(root).ok()?.to_str()?;
    let path = match std::path::MAIN_SEPARATOR {
        '/' => relative.into(),
        separator => relative.replace(separator, "/").into(),
    };
    Some(File {
        path,
        n_bytes: metadata.len(),
        modified: metadata.modified().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::fixture::folder;
    use super::*;

    #[track_caller]
    fn check(fixture: &str, limits: Limits, expected: Expect) {
        let dir = folder(fixture);
        let files = walk(dir.path(), limits, &Files::default());
        let paths: Vec<_> = files.iter().map(|file| &*file.path).collect();
        expected.assert_eq(&paths.join(" "));
    }

    #[test]
    fn source_files_are_found_and_the_rest_is_passed_by() {
        check(
            "//- .gitignore\nbuild/\n*_local.py\n//- a.py\n//- b.pyi\n//- notes.md\n//- build/c.py\n\
             //- d_local.py\n//- .hidden/e.py\n//- node_modules/f.py\n//- env/pyvenv.cfg\n//- \
             env/lib/g.py\n//- pkg/__init__.py\n//- pkg/.gitignore\n/h.py\n//- pkg/h.py\n//- h.py\n",
            Limits::default(),
            expect!["a.py b.pyi h.py pkg/__init__.py"],
        );
    }

    #[test]
    fn limits_hold() {
        let many = "//- a.py\nx = 1\n//- b.py\nx = 12\n//- c.py\nx = 1\n";
        let limits = Limits {
            n_files: 2,
            ..Limits::default()
        };
        check(many, limits, expect!["a.py b.py"]);
        let limits = Limits {
            file_bytes: 6,
            ..Limits::default()
        };
        check(many, limits, expect!["a.py c.py"]);
        let limits = Limits {
            n_bytes: 13,
            ..Limits::default()
        };
        check(many, limits, expect!["a.py b.py"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let dir = folder("//- pkg/a.py\n");
        std::os::unix::fs::symlink(dir.path(), dir.path().join("pkg/loop")).expect("fresh");
        let files = walk(dir.path(), Limits::default(), &Files::default());
        assert_eq!(files.len(), 1);
    }
}
