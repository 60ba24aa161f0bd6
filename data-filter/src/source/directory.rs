//! A plain directory: every regular file below it. Symbolic links are not followed, so loops do
//! no harm and no file is met twice; `.git` directories are passed by.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use gix::ObjectId;
use walkdir::WalkDir;

use super::{Entry, Listing, Place, Store, has_extension};
use crate::licence;
use crate::plan::Plan;
use crate::repositories::name_of;

pub fn list(plan: &Plan, input_idx: usize, root: &Path) -> Result<Listing> {
    let listed = plan.repositories.find(root, None);
    let mut listing = Listing {
        input_idx,
        repo: listed.map_or_else(|| name_of(root, None), |row| row.repo.clone()),
        commit: None,
        licence: listed.and_then(|row| row.licence.clone()),
        note: plan.repositories.note_if_unlisted(listed),
        entries: Vec::new(),
        problems: Vec::new(),
        store: Store::Directory,
    };
    fs::read_dir(root).with_context(|| format!("cannot read {}", root.display()))?;
    let mut licences = Vec::new();
    let walk = WalkDir::new(root)
        .follow_root_links(true)
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git");
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error
                    .path()
                    .map_or_else(String::new, |path| relative(path, root));
                let reason = error
                    .into_io_error()
                    .map_or_else(|| "cannot be listed".into(), |error| error.to_string());
                listing.problems.push((path, reason));
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.file_name().as_encoded_bytes();
        if entry.depth() == 1
            && let Some(rank) = licence::rank(&entry.file_name().to_string_lossy())
        {
            licences.push((rank, entry.path().to_owned()));
        }
        if has_extension(name, &plan.extensions) {
            listing.entries.push(Entry {
                path: relative(entry.path(), root),
                at: Place::File(entry.into_path()),
            });
        }
    }
    if listing.licence.is_none() {
        licences.sort();
        listing.licence = licences.iter().find_map(|(_, path)| {
            let text = fs::read(path).ok()?;
            licence::detect(&String::from_utf8_lossy(&text))
        });
    }
    listing.problems.sort();
    Ok(listing)
}

pub fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path)?.len())
}

pub fn read(path: &Path) -> Result<(Vec<u8>, ObjectId)> {
    let content = fs::read(path)?;
    let blob = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, &content)
        .map_err(|error| anyhow::anyhow!("cannot be hashed: {error}"))?;
    Ok((content, blob))
}

/// A path below the root, with `/` between its parts on every system.
fn relative(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
