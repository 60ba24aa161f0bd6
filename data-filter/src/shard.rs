//! Shards: records as JSON lines, in files compressed with Zstandard.
//!
//! A shard is one Zstandard frame, so every reader takes it whole.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::record::Record;

/// How the name of an unfinished file ends. [`ShardWriter::finish`] leaves the renaming to its
/// caller, who knows when all is well.
pub const PARTIAL: &str = ".partial";

/// Compression level: 3 is Zstandard's own default.
pub const LEVEL: i32 = 3;

/// One file of JSON lines under way, under its temporary name.
pub struct LineWriter {
    path: PathBuf,
    encoder: Option<zstd::Encoder<'static, File>>,
}

impl LineWriter {
    /// Starts `path` + [`PARTIAL`], compressing on `n_threads` threads (at least one).
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path, level: i32, n_threads: u32) -> Result<Self> {
        let partial = partial_path(path);
        let file = File::create(&partial)
            .with_context(|| format!("cannot create {}", partial.display()))?;
        let mut encoder = zstd::Encoder::new(file, level)?;
        // Also for one thread: without workers the encoder cuts its blocks elsewhere.
        encoder.multithread(n_threads.max(1))?;
        encoder.include_checksum(true)?;
        Ok(Self {
            path: path.to_owned(),
            encoder: Some(encoder),
        })
    }

    /// Writes one line; its line end is added.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn write_line(&mut self, line: &[u8]) -> Result<()> {
        let encoder = self.encoder.as_mut().expect("set until finish or drop");
        encoder
            .write_all(line)
            .and_then(|()| encoder.write_all(b"\n"))
            .with_context(|| format!("cannot write to {}", self.path.display()))
    }

    /// Ends the file and waits until it is on the disk. Gives back its final path, which it does
    /// not bear yet.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn finish(mut self) -> Result<PathBuf> {
        let encoder = self.encoder.take().expect("set until finish or drop");
        encoder
            .finish()
            .and_then(|file| file.sync_all())
            .with_context(|| format!("cannot write to {}", self.path.display()))?;
        Ok(self.path.clone())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        if self.encoder.take().is_some() {
            // Given up half way; nothing can be done if even this fails.
            let _ = fs::remove_file(partial_path(&self.path));
        }
    }
}

/// The temporary name of a file that is being written.
pub fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

/// Writes records to `kept-00000.jsonl.zst`, `kept-00001.jsonl.zst`, … in one directory.
pub struct ShardWriter {
    dir: PathBuf,
    level: i32,
    n_threads: u32,
    max_text_bytes: u64,
    current: Option<(LineWriter, Written)>,
    finished: Vec<Written>,
}

/// What a finished shard holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// File name inside the directory.
    pub name: String,
    /// Number of records.
    pub records: u64,
    /// Bytes of all their texts.
    pub text_bytes: u64,
}

impl ShardWriter {
    /// A writer into `dir` that starts a new shard after `max_text_bytes` bytes of text.
    pub fn new(dir: &Path, max_text_bytes: u64, level: i32, n_threads: u32) -> Self {
        Self {
            dir: dir.to_owned(),
            level,
            n_threads,
            max_text_bytes,
            current: None,
            finished: Vec::new(),
        }
    }

    /// Writes one record.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn write(&mut self, record: &Record) -> Result<()> {
        let line = serde_json::to_vec(record)?;
        self.write_line(&line, record.bytes)
    }

    /// Writes one record that is JSON already, with `text_bytes` bytes of text.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn write_line(&mut self, line: &[u8], text_bytes: u64) -> Result<()> {
        if let Some((writer, written)) = self
            .current
            .take_if(|(_, written)| written.text_bytes + text_bytes > self.max_text_bytes)
        {
            writer.finish()?;
            self.finished.push(written);
        }
        if self.current.is_none() {
            let name = format!("kept-{:05}.jsonl.zst", self.finished.len());
            let writer = LineWriter::create(&self.dir.join(&name), self.level, self.n_threads)?;
            let written = Written {
                name,
                records: 0,
                text_bytes: 0,
            };
            self.current = Some((writer, written));
        }
        let (writer, written) = self.current.as_mut().expect("started above");
        writer.write_line(line)?;
        written.records += 1;
        written.text_bytes += text_bytes;
        Ok(())
    }

    /// Ends the last shard. The files still bear their temporary names ([`partial_path`]).
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn finish(mut self) -> Result<Vec<Written>> {
        if let Some((writer, written)) = self.current.take() {
            writer.finish()?;
            self.finished.push(written);
        }
        Ok(self.finished)
    }
}

/// Reads records from shards, one after the other.
pub struct ShardReader {
    waiting: VecDeque<PathBuf>,
    current: Option<(PathBuf, Box<dyn BufRead>)>,
    line_idx: u64,
    line: Vec<u8>,
}

impl ShardReader {
    /// Opens a shard (`.jsonl.zst` or `.jsonl`), or all kept shards of a directory.
    ///
    /// # Errors
    /// When there is no such file, or the directory holds no kept shard.
    pub fn open(path: &Path) -> Result<Self> {
        let waiting = if path.is_dir() {
            let shards = shards_in(path)?;
            if shards.is_empty() {
                bail!(
                    "{} holds no kept-*.jsonl.zst; give the --out directory of a finished run",
                    path.display()
                );
            }
            shards
        } else {
            vec![path.to_owned()]
        };
        let mut reader = Self {
            waiting: waiting.into(),
            current: None,
            line_idx: 0,
            line: Vec::new(),
        };
        reader.open_next()?;
        Ok(reader)
    }

    /// The next line, without its end; `None` after the last.
    ///
    /// # Errors
    /// When a shard is damaged; the message names it and the line.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        while let Some((path, input)) = &mut self.current {
            self.line.clear();
            self.line_idx += 1;
            let n_bytes = input.read_until(b'\n', &mut self.line).with_context(|| {
                format!("{} is damaged at line {}", path.display(), self.line_idx)
            })?;
            if n_bytes > 0 {
                if self.line.last() == Some(&b'\n') {
                    self.line.pop();
                }
                return Ok(Some(&self.line));
            }
            self.open_next()?;
        }
        Ok(None)
    }

    /// The next record; `None` after the last.
    ///
    /// # Errors
    /// When a shard is damaged or a line is no record; the message names it and the line.
    pub fn next_record(&mut self) -> Result<Option<Record>> {
        let place = self
            .current
            .as_ref()
            .map(|(path, _)| path.display().to_string());
        match self.next_line()? {
            None => Ok(None),
            Some(line) => {
                let record = serde_json::from_slice(line).with_context(|| {
                    format!("not a record in {}", place.as_deref().unwrap_or("a shard"))
                })?;
                Ok(Some(record))
            }
        }
    }

    fn open_next(&mut self) -> Result<()> {
        self.line_idx = 0;
        self.current = match self.waiting.pop_front() {
            None => None,
            Some(path) => {
                let input = open_lines(&path)?;
                Some((path, input))
            }
        };
        Ok(())
    }
}

impl Iterator for ShardReader {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}

/// Kept shards of a directory, in order.
fn shards_in(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut shards = Vec::new();
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", dir.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("kept-") && name.ends_with(".jsonl.zst") {
            shards.push(entry.path());
        }
    }
    shards.sort();
    Ok(shards)
}

/// Opens a file of lines, compressed or plain: told by its first bytes, not by its name.
fn open_lines(path: &Path) -> Result<Box<dyn BufRead>> {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let open = || -> io::Result<Box<dyn BufRead>> {
        let mut head = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut head)?;
        let file = File::open(path)?;
        Ok(if head == MAGIC {
            Box::new(BufReader::with_capacity(1 << 17, zstd::Decoder::new(file)?))
        } else {
            Box::new(BufReader::with_capacity(1 << 17, file))
        })
    };
    open().with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{LEVEL, ShardReader, ShardWriter, partial_path};
    use crate::record::Record;
    use std::fs;
    use std::path::Path;

    fn record(path: &str, text: &str) -> Record {
        Record {
            repo: "owner/name".into(),
            commit: Some("c0ffee".into()),
            path: path.into(),
            blob: "b10b".into(),
            licence: Some("MIT".into()),
            bytes: text.len() as u64,
            text: text.into(),
        }
    }

    fn write(dir: &Path, records: &[Record], n_threads: u32) -> Vec<String> {
        let mut writer = ShardWriter::new(dir, 10, LEVEL, n_threads);
        for record in records {
            writer.write(record).expect("the directory is writable");
        }
        let written = writer.finish().expect("the directory is writable");
        let names: Vec<_> = written.into_iter().map(|shard| shard.name).collect();
        for name in &names {
            let path = dir.join(name);
            fs::rename(partial_path(&path), path).expect("just written");
        }
        names
    }

    #[test]
    fn records_come_back_in_order_across_shards() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let records = [
            record("a.py", "12345678"),
            record("b.py", "\"好\u{2028}\r\n"),
            record("c.py", "1"),
        ];
        let names = write(dir.path(), &records, 2);
        assert_eq!(names, ["kept-00000.jsonl.zst", "kept-00001.jsonl.zst"]);
        let read: Vec<_> = ShardReader::open(dir.path())
            .expect("shards are there")
            .map(|record| record.expect("a record"))
            .collect();
        assert_eq!(read, records);
    }

    #[test]
    fn an_unfinished_shard_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut writer = ShardWriter::new(dir.path(), 10, LEVEL, 1);
        writer.write(&record("a.py", "1")).expect("writable");
        drop(writer);
        assert_eq!(fs::read_dir(dir.path()).expect("still there").count(), 0);
    }

    #[test]
    fn a_damaged_shard_is_named() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let names = write(dir.path(), &[record("a.py", "12345678")], 1);
        let path = dir.path().join(&names[0]);
        let mut content = fs::read(&path).expect("just written");
        let middle = content.len() / 2;
        content[middle] ^= 0xff;
        fs::write(&path, content).expect("writable");
        let error = ShardReader::open(&path)
            .expect("the header is sound")
            .next_record()
            .expect_err("the content is damaged");
        assert!(
            error.to_string().contains("kept-00000.jsonl.zst"),
            "{error}"
        );
    }

    #[test]
    fn a_directory_without_shards_says_what_to_give() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let error = ShardReader::open(dir.path()).err().expect("nothing there");
        assert!(error.to_string().contains("--out directory"), "{error}");
    }
}
