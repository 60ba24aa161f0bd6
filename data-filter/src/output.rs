//! The results of a run: written under temporary names, renamed when all of them are whole.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::filter::Measured;
use crate::plan::Plan;
use crate::shard::{LineWriter, PARTIAL, ShardWriter, Written, partial_path};

const DROPPED: &str = "dropped.jsonl.zst";
const UNREADABLE: &str = "unreadable.jsonl";
const SUMMARY: &str = "summary.json";

/// A shard is rolled before its texts pass this many bytes.
const SHARD_TEXT_BYTES: u64 = 256_000_000;

/// A line of `dropped.jsonl.zst`.
#[derive(Debug, Serialize)]
pub struct Dropped<'a> {
    /// Repository.
    pub repo: &'a str,
    /// Commit, in hex.
    pub commit: Option<&'a str>,
    /// Path in the repository.
    pub path: &'a str,
    /// Blob id; none for a file too large to have been read.
    pub blob: Option<String>,
    /// SPDX expression.
    pub licence: Option<&'a str>,
    /// Length of the content.
    pub bytes: u64,
    /// Name of the rule.
    pub rule: &'a str,
    /// What the rule measured; none for a duplicate (the kept one bears the same blob id).
    pub measured: Option<Measured>,
}

/// A line of `unreadable.jsonl`.
#[derive(Debug, Serialize)]
pub struct Unreadable<'a> {
    /// Repository, or the input where nothing is known of it.
    pub repo: &'a str,
    /// Commit, in hex.
    pub commit: Option<&'a str>,
    /// Path in the repository; none if the whole input could not be read.
    pub path: Option<&'a str>,
    /// In plain words.
    pub reason: &'a str,
}

/// The open results of one run.
pub struct Output {
    dir: PathBuf,
    kept: ShardWriter,
    dropped: LineWriter,
    unreadable: BufWriter<File>,
}

impl Output {
    /// Opens the results in the directory of the plan, making it if need be.
    ///
    /// # Errors
    /// When the directory holds results already and must not lose them, or cannot be written.
    pub fn open(plan: &Plan) -> Result<Self> {
        let dir = plan.out.clone();
        fs::create_dir_all(&dir)
            .with_context(|| format!("cannot make the directory {}", dir.display()))?;
        let present = results_in(&dir)?;
        if !plan.replaces && present.iter().any(|name| !name.ends_with(PARTIAL)) {
            bail!(
                "{} holds results already; add --force to replace them, or choose another --out",
                dir.display()
            );
        }
        for name in present.iter().filter(|name| name.ends_with(PARTIAL)) {
            // Left by a run that was killed.
            fs::remove_file(dir.join(name))
                .with_context(|| format!("cannot remove {name} in {}", dir.display()))?;
        }
        let n_threads = u32::try_from(plan.n_threads).unwrap_or(u32::MAX);
        let dropped = LineWriter::create(&dir.join(DROPPED), plan.level, 1)?;
        let unreadable = partial_path(&dir.join(UNREADABLE));
        let unreadable = File::create(&unreadable)
            .with_context(|| format!("cannot create {}", unreadable.display()))?;
        Ok(Self {
            kept: ShardWriter::new(&dir, SHARD_TEXT_BYTES, plan.level, n_threads),
            dropped,
            unreadable: BufWriter::new(unreadable),
            dir,
        })
    }

    /// A kept record, as JSON, with `text_bytes` bytes of text.
    ///
    /// # Errors
    /// When the disk is full or gone; so below.
    pub fn keep(&mut self, line: &[u8], text_bytes: u64) -> Result<()> {
        self.kept.write_line(line, text_bytes)
    }

    /// A dropped file.
    ///
    /// # Errors
    /// As [`Output::keep`].
    pub fn drop_file(&mut self, dropped: &Dropped<'_>) -> Result<()> {
        self.dropped.write_line(&serde_json::to_vec(dropped)?)
    }

    /// A file or input that could not be read.
    ///
    /// # Errors
    /// As [`Output::keep`].
    pub fn unreadable(&mut self, unreadable: &Unreadable<'_>) -> Result<()> {
        let mut line = serde_json::to_vec(unreadable)?;
        line.push(b'\n');
        self.unreadable
            .write_all(&line)
            .with_context(|| format!("cannot write {UNREADABLE} in {}", self.dir.display()))
    }

    /// Ends every file, gives the shards to `summarise`, and lets old results give way to new
    /// ones. The summary goes first and comes last: a directory with one is whole.
    ///
    /// # Errors
    /// As [`Output::keep`]; the old results are then still there.
    pub fn publish<S: Serialize>(
        self,
        summarise: impl FnOnce(Vec<Written>) -> Result<S>,
    ) -> Result<S> {
        let Self {
            dir,
            kept,
            dropped,
            unreadable,
        } = self;
        let result = (|| {
            let shards = kept.finish()?;
            dropped.finish()?;
            let mut names: Vec<_> = shards.iter().map(|shard| shard.name.clone()).collect();
            names.extend([DROPPED.to_owned(), UNREADABLE.to_owned()]);
            let cannot_write = || format!("cannot write in {}", dir.display());
            let file = unreadable
                .into_inner()
                .map_err(|error| error.into_error())
                .with_context(cannot_write)?;
            file.sync_all().with_context(cannot_write)?;

            let summary = summarise(shards)?;
            let mut json = serde_json::to_vec_pretty(&summary)?;
            json.push(b'\n');
            fs::write(partial_path(&dir.join(SUMMARY)), json).with_context(cannot_write)?;

            let mut old = results_in(&dir)?;
            old.retain(|name| !name.ends_with(PARTIAL));
            old.sort_by_key(|name| name != SUMMARY);
            for name in old {
                fs::remove_file(dir.join(name)).with_context(cannot_write)?;
            }
            names.push(SUMMARY.to_owned());
            for name in names {
                let path = dir.join(name);
                fs::rename(partial_path(&path), &path).with_context(cannot_write)?;
            }
            Ok(summary)
        })();
        if result.is_err() {
            remove_partial(&dir);
        }
        result
    }

    /// Gives up: removes what was written so far.
    pub fn abandon(self) {
        let dir = self.dir.clone();
        drop(self);
        remove_partial(&dir);
    }
}

/// File names in a directory that are results of a run, finished or not.
fn results_in(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let name = entry
            .with_context(|| format!("cannot read {}", dir.display()))?
            .file_name()
            .to_string_lossy()
            .into_owned();
        let finished = name.strip_suffix(PARTIAL).unwrap_or(&name);
        let is_shard = finished.starts_with("kept-") && finished.ends_with(".jsonl.zst");
        if is_shard || [DROPPED, UNREADABLE, SUMMARY].contains(&finished) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn remove_partial(dir: &Path) {
    // The run has failed already; what cannot be removed is removed by the next one.
    for name in results_in(dir).unwrap_or_default() {
        if name.ends_with(PARTIAL) {
            let _ = fs::remove_file(dir.join(name));
        }
    }
}
