//! The second half of a run: judged files in order, duplicates decided, results written.

use std::collections::HashSet;
use std::sync::mpsc::Receiver;

use anyhow::{Result, bail, ensure};
use gix::ObjectId;
use indicatif::ProgressBar;

use super::{File, Judged, Message, Outcome, judge};
use crate::dedup::Seen;
use crate::filter::{Measured, Verdict};
use crate::output::{Dropped, Output, Unreadable};
use crate::plan::Plan;
use crate::report::{InputCount, Summary};
use crate::source::Listing;

/// Takes judged files in order, decides duplicates, counts and writes.
pub struct Merger<'a> {
    plan: &'a Plan,
    output: Output,
    progress: &'a ProgressBar,
    summary: Summary,
    seen: Seen,
    /// Blobs that could not be read where they were met first: another copy may be sound.
    failed: HashSet<ObjectId>,
}

impl<'a> Merger<'a> {
    /// A merger that has seen nothing yet.
    pub fn new(plan: &'a Plan, output: Output, progress: &'a ProgressBar) -> Self {
        Self {
            plan,
            output,
            progress,
            summary: Summary::new(plan.preset.name(), &plan.filters, &plan.extensions),
            seen: Seen::default(),
            failed: HashSet::new(),
        }
    }

    /// Settles every file that comes, then publishes the results.
    ///
    /// # Errors
    /// When no input could be read, or the results cannot be written; nothing is left of them then.
    pub fn merge(mut self, judged: Receiver<Message>) -> Result<Summary> {
        match self.merge_all(judged) {
            Ok(()) => {
                let mut summary = self.summary;
                self.output.publish(|shards| {
                    summary.shards = shards;
                    ensure!(
                        summary.adds_up(),
                        "the counts do not add up: this is an error in data-filter, please report it"
                    );
                    Ok(summary)
                })
            }
            Err(error) => {
                self.output.abandon();
                Err(error)
            }
        }
    }

    fn merge_all(&mut self, judged: Receiver<Message>) -> Result<()> {
        for message in judged {
            match message {
                Message::Opened(listing) => self.open(&listing)?,
                Message::Failed { input_idx, reason } => self.fail(input_idx, reason)?,
                Message::Batch(batch) => {
                    for Judged { file, outcome } in batch {
                        self.settle(&file, outcome)?;
                    }
                }
            }
            let read = self.summary.read;
            self.progress.set_message(format!(
                "{} files, {} MB",
                read.files,
                read.bytes / 1_000_000
            ));
        }
        if self.summary.unreadable_inputs == self.plan.inputs.len() as u64 {
            let problem = self
                .summary
                .inputs
                .iter()
                .find_map(|input| Some(format!("{}: {}", input.repo, input.problem.as_ref()?)));
            bail!(
                "no input could be read; {}",
                problem.unwrap_or_else(|| "there was none".into())
            );
        }
        Ok(())
    }

    fn open(&mut self, listing: &Listing) -> Result<()> {
        self.summary.inputs.push(InputCount {
            repo: listing.repo.clone(),
            commit: listing.commit.clone(),
            licence: listing.licence.clone(),
            note: listing.note.clone(),
            problem: None,
            read: Default::default(),
            kept: Default::default(),
        });
        for (path, reason) in &listing.problems {
            self.summary.unreadable(listing.input_idx, 0);
            self.output.unreadable(&Unreadable {
                repo: &listing.repo,
                commit: listing.commit.as_deref(),
                path: Some(path),
                reason,
            })?;
        }
        self.progress.inc(1);
        Ok(())
    }

    fn fail(&mut self, input_idx: usize, reason: String) -> Result<()> {
        let repo = self.plan.inputs[input_idx].path.display().to_string();
        self.output.unreadable(&Unreadable {
            repo: &repo,
            commit: None,
            path: None,
            reason: &reason,
        })?;
        self.summary.unreadable_inputs += 1;
        self.summary.inputs.push(InputCount {
            repo,
            commit: None,
            licence: None,
            note: None,
            problem: Some(reason),
            read: Default::default(),
            kept: Default::default(),
        });
        self.progress.inc(1);
        Ok(())
    }

    fn settle(&mut self, file: &File, outcome: Outcome) -> Result<()> {
        let blob = file.entry().at.blob();
        match outcome {
            Outcome::Unreadable { bytes, reason } => {
                self.failed.extend(blob);
                self.unreadable(file, bytes, &reason)
            }
            Outcome::Oversized {
                bytes,
                rule,
                measured,
            } => self.drop_file(file, blob, bytes, rule, Some(measured)),
            Outcome::KnownBlob { bytes } => match blob {
                Some(id) if self.failed.remove(&id) => {
                    let outcome = judge(self.plan, &file.listing.reader(), file, bytes);
                    self.settle(file, outcome)
                }
                _ => self.drop_file(file, blob, bytes, "duplicate", None),
            },
            Outcome::Read {
                bytes,
                blob,
                content,
                verdict,
                line,
            } => {
                if !self.seen.is_first(content) {
                    return self.drop_file(file, Some(blob), bytes, "duplicate", None);
                }
                match verdict {
                    Verdict::Keep => {
                        self.summary.keep(file.listing.input_idx, bytes);
                        self.output.keep(&line, bytes)
                    }
                    Verdict::Drop { rule, measured } => {
                        self.drop_file(file, Some(blob), bytes, rule, Some(measured))
                    }
                    Verdict::Unreadable { reason } => self.unreadable(file, bytes, &reason),
                }
            }
        }
    }

    fn drop_file(
        &mut self,
        file: &File,
        blob: Option<ObjectId>,
        bytes: u64,
        rule: &str,
        measured: Option<Measured>,
    ) -> Result<()> {
        self.summary.drop_by(file.listing.input_idx, rule, bytes);
        self.output.drop_file(&Dropped {
            repo: &file.listing.repo,
            commit: file.listing.commit.as_deref(),
            path: &file.entry().path,
            blob: blob.map(|id| id.to_string()),
            licence: file.listing.licence.as_deref(),
            bytes,
            rule,
            measured,
        })
    }

    fn unreadable(&mut self, file: &File, bytes: u64, reason: &str) -> Result<()> {
        self.summary.unreadable(file.listing.input_idx, bytes);
        self.output.unreadable(&Unreadable {
            repo: &file.listing.repo,
            commit: file.listing.commit.as_deref(),
            path: Some(&file.entry().path),
            reason,
        })
    }
}
