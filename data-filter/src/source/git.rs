//! A git repository: the regular files of one commit, read from the object database alone.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::Find;

use super::{Entry, Listing, Place, Store, has_extension};
use crate::licence;
use crate::plan::Plan;
use crate::repositories::name_of;

pub fn list(plan: &Plan, input_idx: usize, path: &Path) -> Result<Listing> {
    // Isolated: what is read must not depend on the settings of whoever reads it.
    let shared = gix::open::Options::isolated()
        .open(path)
        .map_err(|error| anyhow!("cannot open the git repository: {}", chain(&error)))?;
    let repository = shared.to_thread_local();
    let remote = repository
        .config_snapshot()
        .string("remote.origin.url")
        .map(|url| url.to_string());
    let listed = plan.repositories.find(path, remote.as_deref());
    let listed_commit = listed.and_then(|row| row.commit.as_deref());
    let (commit, note) = resolve(&repository, plan.rev.as_deref(), listed_commit)?;
    let tree = repository
        .find_commit(commit)
        .and_then(|commit| commit.tree())
        .map_err(|error| anyhow!("cannot read commit {commit}: {}", chain(&error)))?;
    let files = tree
        .traverse()
        .breadthfirst
        .files()
        .map_err(|error| anyhow!("cannot list commit {commit}: {}", chain(&error)))?;

    let mut entries = Vec::new();
    let mut licences = Vec::new();
    for file in files {
        // Neither directories nor symbolic links nor submodules.
        if !file.mode.is_blob() {
            continue;
        }
        let name = file.filepath.rsplit(|byte| *byte == b'/').next();
        if has_extension(name.unwrap_or_default(), &plan.extensions) {
            entries.push(Entry {
                path: file.filepath.to_str_lossy().into_owned(),
                at: Place::Blob(file.oid),
            });
        } else if let Some(rank) = licence::rank(&file.filepath.to_str_lossy()) {
            licences.push((rank, file.oid));
        }
    }
    let licence = match listed.and_then(|row| row.licence.clone()) {
        Some(licence) => Some(licence),
        None => {
            licences.sort();
            licences.iter().find_map(|(_, id)| {
                let text = read(&repository, *id).ok()?;
                licence::detect(&String::from_utf8_lossy(&text))
            })
        }
    };
    Ok(Listing {
        input_idx,
        repo: listed.map_or_else(|| name_of(path, remote.as_deref()), |row| row.repo.clone()),
        commit: Some(commit.to_string()),
        licence,
        note: note.or_else(|| plan.repositories.note_if_unlisted(listed)),
        entries,
        problems: Vec::new(),
        store: Store::Git(Box::new(shared)),
    })
}

/// The commit to read: the revision asked for, else the listed commit if it is there, else HEAD,
/// with a note where that is not what the list says.
fn resolve(
    repository: &gix::Repository,
    rev: Option<&str>,
    listed: Option<&str>,
) -> Result<(ObjectId, Option<String>)> {
    if let Some(rev) = rev {
        let commit = peel(repository, rev).with_context(|| format!("no commit `{rev}`"))?;
        return Ok((commit, None));
    }
    let mut note = None;
    if let Some(listed) = listed {
        match peel(repository, listed) {
            Ok(commit) => return Ok((commit, None)),
            Err(_) => {
                note = Some(format!(
                    "the listed commit {listed} is not there; HEAD was read"
                ))
            }
        }
    }
    let head = peel(repository, "HEAD")
        .context("HEAD leads to no commit (an empty or damaged repository?)")?;
    Ok((head, note))
}

fn peel(repository: &gix::Repository, rev: &str) -> Result<ObjectId> {
    let commit = repository
        .rev_parse_single(format!("{rev}^{{commit}}").as_str())
        .map_err(|error| anyhow!("{}", chain(&error)))?;
    Ok(commit.detach())
}

pub fn size(repository: &gix::Repository, id: ObjectId) -> Result<u64> {
    match repository.try_find_header(id) {
        Ok(Some(header)) => Ok(header.size()),
        Ok(None) => bail!("the repository lacks its content (a partial clone?)"),
        Err(error) => Err(anyhow!("damaged object: {}", chain(&error))),
    }
}

pub fn read(repository: &gix::Repository, id: ObjectId) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    match repository.objects.try_find(&id, &mut content) {
        Ok(Some(_)) => Ok(content),
        Ok(None) => bail!("the repository lacks its content (a partial clone?)"),
        Err(error) => Err(anyhow!("damaged object: {}", chain(&error))),
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !message.ends_with(&next) {
            message = format!("{message}: {next}");
        }
        cause = error.source();
    }
    message.replace('\n', " ")
}
