//! A run with everything checked that can be checked before the first file is read.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::args::{PresetName, RunArgs};
use crate::filter::{Filters, LineCount, Preset};
use crate::repositories::Repositories;

/// What to do, and with what.
pub struct Plan {
    /// In the order given.
    pub inputs: Vec<Input>,
    /// Revision asked for, for all git inputs.
    pub rev: Option<String>,
    /// The list of `--repos`; empty without one.
    pub repositories: Repositories,
    /// Extensions without their dot.
    pub extensions: Vec<String>,
    /// Preset the filters come from.
    pub preset: Preset,
    /// The rules in order.
    pub filters: Filters,
    /// Number of threads, at least one.
    pub n_threads: usize,
    /// Zstandard level.
    pub level: i32,
    /// Directory of the results.
    pub out: PathBuf,
    /// Whether results in it may be replaced.
    pub replaces: bool,
}

/// An existing input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// As given.
    pub path: PathBuf,
    /// How it is read.
    pub kind: Kind,
}

/// The kinds of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plain directory of files.
    Directory,
    /// A git repository, bare or with a work tree.
    Git,
}

impl Plan {
    /// Checks what was typed.
    ///
    /// # Errors
    /// When an input or the list is missing or malformed, or `--out` cannot be used.
    pub fn check(args: RunArgs) -> Result<Self> {
        let inputs = args
            .inputs
            .into_iter()
            .map(Input::check)
            .collect::<Result<Vec<_>>>()?;
        let repositories = match &args.repos {
            Some(list) => Repositories::read(list)?,
            None => Repositories::default(),
        };
        let extensions = args
            .ext
            .iter()
            .map(|extension| extension.trim().trim_start_matches('.').to_owned())
            .collect::<Vec<_>>();
        if extensions.iter().any(String::is_empty) {
            bail!("--ext wants extensions such as py or py,pyw");
        }
        let preset = match args.preset {
            PresetName::Codex => Preset::Codex,
        };
        let mut filters = preset.filters();
        if let Some(max) = args.max_lines {
            filters = filters.with(LineCount { max });
        }
        let n_threads = match args.threads {
            Some(0) => bail!("--threads wants 1 or more"),
            Some(n_threads) => n_threads,
            None => thread::available_parallelism().map_or(1, usize::from),
        };
        Ok(Self {
            inputs,
            rev: args.rev,
            repositories,
            extensions,
            preset,
            filters,
            n_threads,
            level: args.level,
            out: args.out,
            replaces: args.force,
        })
    }
}

impl Input {
    fn check(path: PathBuf) -> Result<Self> {
        let metadata = fs::metadata(&path)
            .with_context(|| format!("cannot read the input {}", path.display()))?;
        if !metadata.is_dir() {
            bail!(
                "{} is a file; an input is a directory of sources or a git repository",
                path.display()
            );
        }
        let kind = if is_git(&path) || path.join(".git").exists() {
            Kind::Git
        } else {
            Kind::Directory
        };
        Ok(Self { path, kind })
    }
}

/// Whether a directory is itself a git directory, such as a bare repository.
fn is_git(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir()
}

#[cfg(test)]
mod tests {
    use super::{Input, Kind};
    use std::fs;

    #[test]
    fn inputs_are_told_apart_by_what_they_hold() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("plain")).expect("writable");
        fs::create_dir_all(at("clone/.git")).expect("writable");
        fs::create_dir_all(at("bare.git/objects")).expect("writable");
        fs::write(at("bare.git/HEAD"), "ref: refs/heads/main\n").expect("writable");
        let kinds = ["plain", "clone", "bare.git"]
            .map(|name| Input::check(at(name)).expect("it exists").kind);
        assert_eq!(kinds, [Kind::Directory, Kind::Git, Kind::Git]);
    }

    #[test]
    fn a_missing_input_or_a_single_file_is_refused_by_name() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("one.py");
        fs::write(&file, "").expect("writable");
        for path in [file, dir.path().join("nowhere")] {
            let error = Input::check(path.clone()).expect_err("not an input");
            let message = error.to_string();
            assert!(message.contains(&path.display().to_string()), "{message}");
        }
    }
}
