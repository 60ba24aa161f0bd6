//! What the KV cache held, on disk: the first suggestion after a restart finds its prompt there.
//!
//! One file a document, named by the model's fingerprint and the document's slot, readable by its
//! owner only, for it holds the tokens of the user's text. Written beside its place and renamed;
//! checked by a checksum before anything of it is used. Whatever is wrong with one, the worst that
//! comes of it is a prompt that is read again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::Token;
use super::sequence::Saved;

/// Bytes of all snapshots together.
const MOST_BYTES: u64 = 512 << 20;
/// A file that was being written when the program died is removed after this time.
const STALE: Duration = Duration::from_secs(3600);
const MAGIC: &[u8; 8] = b"midfilKV";
const VERSION: u32 = 1;

/// A folder of snapshots for one model.
#[derive(Debug, Clone)]
pub(crate) struct Snapshots {
    folder: PathBuf,
    fingerprint: u64,
    most_bytes: u64,
}

impl Snapshots {
    /// Snapshots of a model in a folder, which need not be there yet. Equal fingerprints read each
    /// other's entries.
    pub(crate) fn new(folder: PathBuf, fingerprint: u64) -> Snapshots {
        Snapshots {
            folder,
            fingerprint,
            most_bytes: MOST_BYTES,
        }
    }

    /// Writes a document's snapshot over the one before. A disk that is full or cannot be written
    /// is no reason to bother anybody.
    pub(crate) fn write(&self, slot: u64, saved: &Saved) {
        let bytes = encode(self.fingerprint, saved);
        if bytes.len() as u64 > self.most_bytes {
            return;
        }
        if let Err(error) = self.write_file(slot, &bytes) {
            tracing::info!(%error, "no snapshot of the KV cache was written");
        }
        self.shrink();
    }

    /// A document's snapshot. One that cannot be used is removed.
    pub(crate) fn read(&self, slot: u64) -> Option<Saved> {
        let path = self.path(slot);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::info!(%error, "a snapshot of the KV cache was not read");
                return None;
            }
        };
        match decode(self.fingerprint, &bytes) {
            Ok(saved) => {
                // The one used longest ago goes first.
                let used = File::options().write(true).open(&path);
                let _ = used.and_then(|file| file.set_modified(SystemTime::now()));
                Some(saved)
            }
            Err(reason) => {
                tracing::info!(reason, "a snapshot of the KV cache was removed");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    fn path(&self, slot: u64) -> PathBuf {
        self.folder
            .join(format!("{:016x}-{slot:016x}.kv", self.fingerprint))
    }

    fn write_file(&self, slot: u64, bytes: &[u8]) -> io::Result<()> {
        create_folder(&self.folder)?;
        let path = self.path(slot);
        let unfinished = path.with_extension(format!("{}.part", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&unfinished)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&unfinished, &path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Removes what was used longest ago until the rest fits.
    fn shrink(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("kv") => files.push((used, metadata.len(), path)),
                Some("part") if used.elapsed().is_ok_and(|age| age > STALE) => {
                    let _ = fs::remove_file(path);
                }
                _ => {}
            }
        }
        files.sort();
        let mut n_bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if n_bytes <= self.most_bytes {
                break;
            }
            let _ = fs::remove_file(path);
            n_bytes -= len;
        }
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Tells files of weights apart without reading all of them: length, and a mebibyte from either
/// end. `shape` is whatever else must agree.
///
/// # Errors
/// When the file cannot be read.
#[cfg_attr(not(feature = "llama"), expect(dead_code))]
pub(crate) fn fingerprint(weights: &Path, shape: &str) -> io::Result<u64> {
    use std::io::{Read as _, Seek as _, SeekFrom};

    const PART: u64 = 1 << 20;
    let mut file = File::open(weights)?;
    let len = file.metadata()?.len();
    let mut part = Vec::new();
    let mut hash = Xxh3::new();
    hash.update(shape.as_bytes());
    hash.update(&len.to_le_bytes());
    for start in [0, len.saturating_sub(PART)] {
        file.seek(SeekFrom::Start(start))?;
        part.clear();
        (&mut file).take(PART).read_to_end(&mut part)?;
        hash.update(&part);
    }
    Ok(hash.digest())
}

fn encode(fingerprint: u64, saved: &Saved) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(fingerprint.to_le_bytes());
    let adapter = saved.adapter.as_deref().map(stamp).unwrap_or_default();
    bytes.extend((adapter.len() as u64).to_le_bytes());
    bytes.extend(adapter.as_bytes());
    bytes.extend((saved.n_exact as u64).to_le_bytes());
    bytes.extend((saved.tokens.len() as u64).to_le_bytes());
    for (token, &position) in saved.tokens.iter().zip(&saved.positions) {
        bytes.extend(token.unwrap_or(-1).to_le_bytes());
        bytes.extend((position as u64).to_le_bytes());
    }
    bytes.extend((saved.entries.len() as u64).to_le_bytes());
    bytes.extend(&saved.entries);
    let checksum = xxh3_64(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// # Errors
/// Why it cannot be used.
fn decode(fingerprint: u64, bytes: &[u8]) -> Result<Saved, &'static str> {
    const SHORT: &str = "it is too short";
    let (mut rest, checksum) = bytes.split_last_chunk::<8>().ok_or(SHORT)?;
    if !rest.starts_with(MAGIC) {
        return Err("it is another kind of file");
    }
    if xxh3_64(rest) != u64::from_le_bytes(*checksum) {
        return Err("its checksum is wrong");
    }
    let rest = &mut rest;
    take(rest, MAGIC.len()).ok_or(SHORT)?;
    if take(rest, 4).ok_or(SHORT)? != VERSION.to_le_bytes() {
        return Err("another version of this program wrote it");
    }
    if number(rest).ok_or(SHORT)? != fingerprint {
        return Err("it belongs to another model");
    }
    let n = number(rest).ok_or(SHORT)?;
    let adapter = take(rest, n as usize).ok_or(SHORT)?;
    let adapter = match std::str::from_utf8(adapter) {
        Ok("") => None,
        Ok(text) => {
            let path = text.split_once('\n').map(|(_, path)| PathBuf::from(path));
            if path.as_deref().map(stamp).as_deref() != Some(text) {
                return Err("its adapter has changed");
            }
            path
        }
        Err(_) => return Err("the path of its adapter is no text"),
    };
    let n_exact = number(rest).ok_or(SHORT)? as usize;
    let n_tokens = number(rest).ok_or(SHORT)? as usize;
    let (mut tokens, mut positions) = (Vec::new(), Vec::new());
    for _ in 0..n_tokens {
        let token = take(rest, 4).and_then(|bytes| bytes.try_into().ok());
        let token = Token::from_le_bytes(token.ok_or(SHORT)?);
        tokens.push((token >= 0).then_some(token));
        positions.push(number(rest).ok_or(SHORT)? as usize);
    }
    let n = number(rest).ok_or(SHORT)?;
    let entries = take(rest, n as usize).ok_or(SHORT)?.to_vec();
    Ok(Saved {
        tokens,
        positions,
        n_exact,
        adapter,
        entries,
    })
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(n)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let bytes = take(rest, 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// An adapter as it is now: length and time of its file, then its path.
fn stamp(adapter: &Path) -> String {
    let metadata = fs::metadata(adapter).ok();
    let len = metadata.as_ref().map_or(0, fs::Metadata::len);
    let changed = metadata.and_then(|metadata| metadata.modified().ok());
    let changed = changed.and_then(|changed| changed.duration_since(SystemTime::UNIX_EPOCH).ok());
    let changed = changed.map_or(0, |since| since.as_nanos());
    format!("{len} {changed}\n{}", adapter.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(n_tokens: usize) -> Saved {
        let token = |n: usize| (n != 2).then_some(n as Token);
        Saved {
            tokens: (0..n_tokens).map(token).collect(),
            positions: (0..n_tokens).map(|n| n + n / 3).collect(),
            n_exact: 1,
            adapter: None,
            entries: (0..n_tokens * 7).map(|n| n as u8).collect(),
        }
    }

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        let mut names: Vec<_> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_written_comes_back_to_its_owner_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let snapshots = Snapshots::new(folder.path().join("deep/inside"), 5);
        assert_eq!(snapshots.read(1), None);
        snapshots.write(1, &saved(9));
        snapshots.write(1, &saved(10));
        assert_eq!(snapshots.read(1), Some(saved(10)));
        assert_eq!(snapshots.read(2), None);
        // Another model looks for other files, and believes none under a wrong name.
        let other = Snapshots::new(snapshots.folder.clone(), 6);
        assert_eq!(other.read(1), None);
        fs::copy(snapshots.path(1), other.path(1)).expect("it can be copied");
        assert_eq!(other.read(1), None);
        assert_eq!(
            files(&snapshots.folder),
            ["0000000000000005-0000000000000001.kv"]
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).map(|file| file.permissions().mode());
            let file = mode(&snapshots.path(1)).expect("it is there");
            assert_eq!(file & 0o777, 0o600);
            let folder = mode(&snapshots.folder).expect("it is there");
            assert_eq!(folder & 0o777, 0o700);
        }
    }

    #[test]
    fn one_that_is_not_whole_is_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let snapshots = Snapshots::new(folder.path().to_owned(), 5);
        snapshots.write(1, &saved(10));
        let whole = fs::read(snapshots.path(1)).expect("it is there");
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        let cut = |len: usize| whole[..len].to_vec();
        let broken = [
            Vec::new(),
            b"notes".to_vec(),
            cut(7),
            cut(30),
            cut(whole.len() - 1),
            flipped(0),
            flipped(9),
            flipped(60),
            flipped(whole.len() - 1),
        ];
        for bytes in broken {
            fs::write(snapshots.path(1), bytes).expect("the folder can be written");
            assert_eq!(snapshots.read(1), None);
            assert_eq!(files(folder.path()), [""; 0]);
        }
    }

    #[test]
    fn the_folder_is_bounded_and_the_one_used_longest_ago_goes_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let len = encode(5, &saved(100)).len() as u64;
        let snapshots = Snapshots {
            most_bytes: 2 * len,
            ..Snapshots::new(folder.path().to_owned(), 5)
        };
        let used_at = |slot, seconds| {
            let file = File::options().write(true).open(snapshots.path(slot));
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            file.and_then(|file| file.set_modified(time))
                .expect("it is there");
        };
        snapshots.write(1, &saved(100));
        used_at(1, 10);
        snapshots.write(2, &saved(100));
        used_at(2, 20);
        // Reading is use.
        assert!(snapshots.read(1).is_some());
        snapshots.write(3, &saved(100));
        assert!(snapshots.read(1).is_some());
        assert_eq!(snapshots.read(2), None);
        assert!(snapshots.read(3).is_some());
        snapshots.write(4, &saved(1000));
        assert_eq!(files(folder.path()).len(), 2);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, "in the way").expect("a temporary folder can be written");
        let snapshots = Snapshots::new(file, 5);
        snapshots.write(1, &saved(10));
        assert_eq!(snapshots.read(1), None);
    }

    #[test]
    fn an_adapter_that_changed_makes_it_worthless() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let adapter = folder.path().join("adapter.gguf");
        fs::write(&adapter, "one").expect("a temporary folder can be written");
        let snapshots = Snapshots::new(folder.path().join("kv"), 5);
        let tuned = Saved {
            adapter: Some(adapter.clone()),
            ..saved(10)
        };
        snapshots.write(1, &tuned);
        assert_eq!(snapshots.read(1), Some(tuned));
        fs::write(&adapter, "another").expect("a temporary folder can be written");
        assert_eq!(snapshots.read(1), None);
    }
}
