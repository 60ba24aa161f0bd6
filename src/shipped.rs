//! Where the shipped model is found: beside the program, or inside it.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The default model, as it was when the program was built.
static EMBEDDED: &[u8] = include_bytes!("../models/default.gguf");

/// The file name of a model that a package puts beside the program.
const BESIDE: &str = "midfill-default.gguf";

/// The path of the shipped model. llama.cpp reads files only, so the embedded one is written to
/// the user's cache once, under a name made of its content.
///
/// # Errors
/// When neither the cache nor the temporary directory can be written.
pub fn path() -> Result<PathBuf> {
    if let Some(beside) = std::env::current_exe().ok().and_then(|exe| beside(&exe)) {
        return Ok(beside);
    }
    let name = format!("default-{:016x}.gguf", fingerprint(EMBEDDED));
    let dirs = [
        dirs::cache_dir().map(|dir| dir.join("midfill")),
        Some(std::env::temp_dir().join("midfill")),
    ];
    let mut failure = None;
    for dir in dirs.into_iter().flatten() {
        match unpack(&dir, &name, EMBEDDED) {
            Ok(path) => return Ok(path),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| anyhow::anyhow!("there is no directory to write to")))
        .context("the shipped model cannot be unpacked; give a model file with --model FILE.gguf")
}

fn beside(exe: &Path) -> Option<PathBuf> {
    let dir = exe.parent()?;
    let places = [dir.join(BESIDE), dir.join("../share/midfill").join(BESIDE)];
    places.into_iter().find(|path| path.is_file())
}

/// Writes the model where it is not there yet. The file appears whole or not at all: two servers
/// that start together each write a file of their own and rename it.
fn unpack(dir: &Path, name: &str, content: &[u8]) -> Result<PathBuf> {
    let path = dir.join(name);
    // A file that somebody changed or cut short is written again.
    if std::fs::read(&path).is_ok_and(|found| found == content) {
        return Ok(path);
    }
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let partial = dir.join(format!("{name}.{}", std::process::id()));
    let written = std::fs::File::create(&partial)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| std::fs::rename(&partial, &path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&partial);
        return Err(error).with_context(|| format!("cannot write {}", path.display()));
    }
    Ok(path)
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits: enough to tell one build's model from another's.
fn fingerprint(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_unpacked_once_and_mended_when_damaged() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let inner = dir.path().join("a/b");
        let path = unpack(&inner, "m.gguf", b"weights").expect("writable");
        assert_eq!(std::fs::read(&path).expect("there"), b"weights");
        std::fs::write(&path, b"weigh").expect("writable");
        unpack(&inner, "m.gguf", b"weights").expect("writable");
        assert_eq!(std::fs::read(&path).expect("there"), b"weights");
        assert_eq!(std::fs::read_dir(&inner).expect("there").count(), 1);
    }

    #[test]
    fn the_weights_are_those_that_were_measured() {
        // The tensors are the end of the file; its header may gain keys.
        let tensors = &EMBEDDED[EMBEDDED.len() - 3_668_736..];
        assert_eq!(fingerprint(tensors), 0x1b69_50ba_31f1_aa18);
    }

    #[test]
    fn a_model_beside_the_program_comes_first() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let exe = dir.path().join("midfill");
        assert_eq!(beside(&exe), None);
        std::fs::write(dir.path().join(BESIDE), b"x").expect("writable");
        assert_eq!(beside(&exe), Some(dir.path().join(BESIDE)));
    }
}
