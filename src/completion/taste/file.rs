//! The file in which what was learnt outlives the program.
//!
//! Answers and edits need the taste at once and the disk may be slow, so nothing here holds the
//! taste while it waits for the disk.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{Learnt, MAX_BIAS, MAX_WEIGHT, Taste, VERSION, lock};

/// Bytes of the file, at most; a longer one is none of ours.
const MAX_BYTES: u64 = 4096;

/// A taste and its file. Clones share both.
#[derive(Debug, Clone)]
pub struct TasteFile {
    taste: Arc<Mutex<Taste>>,
    /// Held while the disk is at work, so that one after the other writes. Locked before the taste.
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug)]
struct Disk {
    /// `None` keeps the taste in memory.
    path: Option<PathBuf>,
    /// Whether the file was there when it was last looked at.
    had_file: bool,
}

impl TasteFile {
    /// What was learnt so far. A file that is missing, damaged or of another version is nothing
    /// learnt; it is replaced when something is learnt.
    pub fn open(path: Option<PathBuf>) -> TasteFile {
        let taste = Taste {
            learnt: path.as_deref().and_then(read).unwrap_or_default(),
            ..Taste::default()
        };
        let disk = Disk {
            had_file: path.as_ref().is_some_and(|path| path.exists()),
            path,
        };
        TasteFile {
            taste: Arc::new(Mutex::new(taste)),
            disk: Arc::new(Mutex::new(disk)),
        }
    }

    /// Where the taste of this user is kept.
    pub fn default_path() -> Option<PathBuf> {
        let dir = dirs::state_dir().or_else(dirs::data_local_dir)?;
        Some(dir.join("midfill/taste.json"))
    }

    /// The taste, to ask and to teach.
    pub fn taste(&self) -> &Arc<Mutex<Taste>> {
        &self.taste
    }

    /// What was learnt, in a sentence.
    pub fn describe(&self) -> String {
        lock(&self.taste).describe()
    }

    /// Writes what is new, for the owner's eyes only. The file appears whole or not at all; what a
    /// disk refuses is written the next time. Where the file has gone, another program was told to
    /// forget, and this one forgets too.
    pub fn save(&self) {
        let mut disk = lock(&self.disk);
        let Disk { path, had_file } = &mut *disk;
        let Some(path) = path.as_deref() else { return };
        let Some(learnt) = lock(&self.taste).take_unsaved() else {
            return;
        };
        // A folder that cannot be looked into says nothing of the file.
        if *had_file && matches!(path.try_exists(), Ok(false)) {
            *had_file = false;
            *lock(&self.taste) = Taste::default();
            return;
        }
        match replace(path, &learnt) {
            Ok(()) => *had_file = true,
            Err(error) => {
                lock(&self.taste).is_unsaved = true;
                tracing::warn!(
                    "what was learnt could not be written to {}: {error}",
                    path.display()
                );
            }
        }
    }

    /// Forgets everything, on disk as well. Returns what that was, in a sentence.
    ///
    /// # Errors
    /// When the file is there and cannot be removed.
    pub fn reset(&self) -> std::io::Result<String> {
        let mut disk = lock(&self.disk);
        let what = std::mem::take(&mut *lock(&self.taste)).describe();
        disk.had_file = false;
        match disk.path.as_ref().map(std::fs::remove_file) {
            Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(what),
        }
    }
}

fn read(path: &Path) -> Option<Learnt> {
    let mut text = Vec::new();
    let mut file = std::fs::File::open(path).ok()?.take(MAX_BYTES);
    file.read_to_end(&mut text).ok()?;
    let learnt: Learnt = serde_json::from_slice(&text).ok()?;
    let mut weights = learnt.weights.iter();
    let is_sane = learnt.version == VERSION
        && learnt.bias.abs() <= MAX_BIAS
        && weights.all(|weight| weight.abs() <= MAX_WEIGHT);
    is_sane.then_some(learnt)
}

/// Where a file is written before it is whole. Two servers that write at once each write a file of
/// their own; the last rename holds.
fn partial(path: &Path) -> PathBuf {
    path.with_extension(format!("{}.partial", std::process::id()))
}

fn replace(path: &Path, learnt: &Learnt) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let partial = partial(path);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&partial)
        .and_then(|mut file| file.write_all(&serde_json::to_vec(learnt)?))
        .and_then(|()| std::fs::rename(&partial, path))
        .inspect_err(|_| drop(std::fs::remove_file(&partial)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::completion::show::Origin;
    use crate::completion::taste::{Ending, Shown, TRAITS, traits};

    const PLAIN: Shown = Shown {
        kept: 0.5,
        traits: [false; TRAITS.len()],
    };

    fn learn(file: &TasteFile, shown: Shown, ending: Ending) {
        lock(&file.taste).learn(shown, ending, Instant::now());
    }

    fn learnt(file: &TasteFile) -> Learnt {
        lock(&file.taste).learnt.clone()
    }

    #[test]
    fn what_was_learnt_is_there_again_and_can_be_forgotten() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("deep/taste.json");
        let shown = Shown {
            kept: 0.5,
            traits: traits("x\ny", Origin::Copy, false, "", false),
        };
        let file = TasteFile::open(Some(path.clone()));
        for _ in 0..8 {
            learn(&file, shown, Ending::Accepted);
        }
        assert!(!path.exists(), "it was written before it was to be saved");
        file.save();
        let again = TasteFile::open(Some(path.clone()));
        assert_eq!(learnt(&again), learnt(&file));
        assert!(lock(&again.taste).kept(shown) > 0.5);
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.len() < 300, "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("it is there").permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
        again.reset().expect("removable");
        assert!(!path.exists());
        assert_eq!(learnt(&again), Learnt::default());
        again.reset().expect("nothing left to remove");
        learn(&file, shown, Ending::Accepted);
        file.save();
        assert!(!path.exists(), "what was forgotten came back");
        assert_eq!(learnt(&file), Learnt::default());
        learn(&file, shown, Ending::TypedAway);
        file.save();
        assert!(path.exists(), "nothing is learnt any more");
        for damaged in ["{\"version\":1,\"bias\":1e9}", "", &" ".repeat(9000)] {
            std::fs::write(&path, damaged).expect("writable");
            let file = TasteFile::open(Some(path.clone()));
            assert_eq!(learnt(&file), Learnt::default());
        }
    }

    #[test]
    fn what_a_disk_refuses_is_written_the_next_time() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let folder = dir.path().join("midfill");
        std::fs::write(&folder, "a file where the folder should be").expect("writable");
        let path = folder.join("taste.json");
        let file = TasteFile::open(Some(path.clone()));
        learn(&file, PLAIN, Ending::Accepted);
        file.save();
        learn(&file, PLAIN, Ending::Accepted);
        file.save();
        assert_eq!(learnt(&file).n_taken, 2);
        std::fs::remove_file(&folder).expect("removable");
        file.save();
        assert_eq!(learnt(&TasteFile::open(Some(path))).n_taken, 2);
    }

    #[test]
    fn what_faded_is_written_too() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("taste.json");
        let file = TasteFile::open(Some(path.clone()));
        learn(&file, PLAIN, Ending::TypedAway);
        file.save();
        lock(&file.taste).hid(PLAIN);
        file.save();
        assert_eq!(learnt(&TasteFile::open(Some(path))), learnt(&file));
    }

    /// A pipe that nobody reads is the slowest disk there is.
    #[cfg(unix)]
    #[test]
    fn while_the_disk_is_slow_the_taste_can_be_asked() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("taste.json");
        let pipe = partial(&path);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo is there").success());
        let file = TasteFile::open(Some(path));
        learn(&file, PLAIN, Ending::Accepted);
        let saving = std::thread::spawn({
            let file = file.clone();
            move || file.save()
        });
        // Once it counts as saved it is on its way to the disk.
        let is_asked = (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            (file.taste.try_lock()).is_ok_and(|taste| !taste.is_unsaved)
        });
        let is_saving = !saving.is_finished();
        // Whatever came of that, the writer is let go.
        std::fs::read(&pipe).expect("the writer is there");
        saving.join().expect("saved");
        assert!(is_saving, "the disk was not slow");
        assert!(is_asked, "the taste was held while the disk was waited for");
    }
}
