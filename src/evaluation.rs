//! Drives completion over test sets, never the other way round.
//!
//! Everything here is reproducible: the same files, seed and model give the same figures.

pub mod ablation;
pub mod bits;
mod bootstrap;
pub mod calibration;
pub mod copy;
mod cross_file;
pub mod cursors;
pub mod known_names;
pub mod replay;
pub mod repositories;
pub mod rest_of_line;
pub mod typing;

use std::path::Path;

use anyhow::{Context as _, Result};
use data_filter::shard::ShardReader;

/// A file to evaluate on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Repository, or the directory it came from.
    pub repo: String,
    /// Path inside it.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Reads the sources under `input`: a shard or output directory of `data-filter`, or a directory
/// of `.py` files. Files that are not UTF-8 are left out and counted.
///
/// # Errors
/// When there is nothing to read.
pub fn sources(input: &Path) -> Result<(Vec<Source>, usize)> {
    let name = input.to_string_lossy();
    let is_shard = name.ends_with(".jsonl.zst") || name.ends_with(".jsonl");
    if is_shard || input.is_dir() && ShardReader::open(input).is_ok() {
        let mut reader = ShardReader::open(input)?;
        let mut sources = Vec::new();
        while let Some(record) = reader.next_record()? {
            sources.push(Source {
                repo: record.repo,
                path: record.path,
                text: record.text,
            });
        }
        return Ok((sources, 0));
    }
    let mut paths = Vec::new();
    python_files(input, &mut paths).with_context(|| {
        format!(
            "cannot read {}; give a directory or a shard",
            input.display()
        )
    })?;
    paths.sort();
    let repo = input
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut sources = Vec::new();
    let mut n_unreadable = 0;
    for path in paths {
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let path = path.strip_prefix(input).unwrap_or(&path);
                let path = path.to_string_lossy().into_owned();
                sources.push(Source {
                    repo: repo.clone(),
                    path,
                    text,
                });
            }
            Err(_) => n_unreadable += 1,
        }
    }
    Ok((sources, n_unreadable))
}

fn python_files(dir: &Path, found: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        // The entry's own type: a link is not followed, so a loop of links cannot hang this.
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            // A folder that cannot be read is passed over like an unreadable file.
            let _ = python_files(&path, found);
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
    Ok(())
}

/// A share of hits with its 95 % interval after Wilson (1927), which holds near 0 and 1 too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Hits.
    pub n_hits: usize,
    /// Trials.
    pub n: usize,
}

impl Share {
    /// The share in percent; 0 of 0 is 0.
    pub fn percent(self) -> f64 {
        100.0 * self.n_hits as f64 / self.n.max(1) as f64
    }

    /// The interval's ends in percent.
    pub fn interval(self) -> (f64, f64) {
        let (hits, n, z) = (self.n_hits as f64, self.n.max(1) as f64, 1.96_f64);
        let share = hits / n;
        let denominator = 1.0 + z * z / n;
        let middle = (share + z * z / (2.0 * n)) / denominator;
        let half = z / denominator * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        (100.0 * (middle - half), 100.0 * (middle + half))
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.interval();
        write!(f, "{:5.1} %  [{low:4.1}, {high:4.1}]", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilson_s() {
        // 15 of 100: 9.3 % to 23.3 %.
        let (low, high) = Share { n_hits: 15, n: 100 }.interval();
        assert!(
            (low - 9.31).abs() < 0.01 && (high - 23.28).abs() < 0.01,
            "{low} {high}"
        );
        assert!(Share { n_hits: 0, n: 10 }.interval().0.abs() < 1e-9);
    }

    #[test]
    fn sources_are_read_in_order_and_bad_files_counted() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(dir.path().join("b")).expect("fresh");
        std::fs::write(dir.path().join("b/x.py"), "x = 1\n").expect("fresh");
        std::fs::write(dir.path().join("a.py"), "y = 2\n").expect("fresh");
        std::fs::write(dir.path().join("bad.py"), b"\xff\xfe").expect("fresh");
        std::fs::write(dir.path().join("notes.txt"), "no").expect("fresh");
        let (sources, n_unreadable) = sources(dir.path()).expect("readable");
        let paths: Vec<_> = sources.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["a.py", "b/x.py"]);
        assert_eq!(n_unreadable, 1);
    }
}
