//! Carrying out a plan: list, read and judge on all cores, write in input order.
//!
//! One thread plans batches and judges them with the pool; another takes the judged batches in
//! order, decides duplicates and writes. Batches are cut by bytes, so memory stays bounded, and
//! where they are cut leaves no trace in the results.

mod merge;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, Result, anyhow};
use gix::ObjectId;
use indicatif::{ProgressBar, ProgressStyle};
use merge::Merger;
use rayon::prelude::*;

use crate::dedup::Content;
use crate::filter::{Measured, Verdict};
use crate::output::Output;
use crate::plan::Plan;
use crate::record::Record;
use crate::report::Summary;
use crate::source::{Entry, Listing, Reader};

/// Inputs listed at a time.
const INPUTS_AT_ONCE: usize = 32;
/// Files whose sizes are asked for at a time.
const FILES_AT_ONCE: usize = 8192;
/// Bytes of text read before they are written.
const BATCH_BYTES: u64 = 64_000_000;

/// Runs the plan to its end.
///
/// # Errors
/// When no input can be read, or the results cannot be written. A single file or input that
/// cannot be read is counted instead.
pub fn run(plan: &Plan) -> Result<Summary> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.n_threads)
        .build()
        .context("cannot start threads")?;
    let output = Output::open(plan)?;
    let progress = progress_bar(plan.inputs.len());
    let (batches, judged) = sync_channel(1);
    let merged = thread::scope(|scope| {
        let merger = scope.spawn(|| Merger::new(plan, output, &progress).merge(judged));
        // A failed send means that the merger has failed, and its error says more.
        let _ = pool.install(|| judge_all(plan, &batches));
        drop(batches);
        merger
            .join()
            .unwrap_or_else(|_| Err(anyhow!("internal error while writing")))
    });
    progress.finish_and_clear();
    merged
}

fn progress_bar(n_inputs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{bar:30} {pos}/{len} inputs, {msg}, {elapsed} passed, about {eta} left",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(n_inputs as u64).with_style(style)
}

/// From the judging thread to the merging one, in input order.
enum Message {
    /// The files that follow belong to this input.
    Opened(Arc<Listing>),
    /// An input that cannot be read at all.
    Failed { input_idx: usize, reason: String },
    /// Judged files, in order.
    Batch(Vec<Judged>),
}

struct Judged {
    file: File,
    outcome: Outcome,
}

/// One file of one input.
#[derive(Clone)]
struct File {
    listing: Arc<Listing>,
    entry_idx: usize,
}

impl File {
    fn entry(&self) -> &Entry {
        &self.listing.entries[self.entry_idx]
    }
}

/// What is known of a file before it is compared with those before it.
enum Outcome {
    /// Not to be had; `bytes` is 0 where even the size is unknown.
    Unreadable { bytes: u64, reason: String },
    /// Over the size limit; not read.
    Oversized {
        bytes: u64,
        rule: &'static str,
        measured: Measured,
    },
    /// A file before it in this run has the same blob id; not read.
    KnownBlob { bytes: u64 },
    /// Read and judged; `line` is its record as JSON if it was kept.
    Read {
        bytes: u64,
        blob: ObjectId,
        content: Content,
        verdict: Verdict,
        line: Vec<u8>,
    },
}

/// The merger has gone; it knows why.
struct Gone;

fn judge_all(plan: &Plan, batches: &SyncSender<Message>) -> Result<(), Gone> {
    let send = |message| batches.send(message).map_err(|_| Gone);
    let mut blob_sizes = HashMap::new();
    let input_idxs: Vec<_> = (0..plan.inputs.len()).collect();
    for group in input_idxs.chunks(INPUTS_AT_ONCE) {
        let listings: Vec<_> = group
            .par_iter()
            .with_max_len(1)
            .map(|&input_idx| (input_idx, Listing::open(plan, input_idx)))
            .collect();
        let mut files = Vec::new();
        for (input_idx, listing) in listings {
            match listing {
                Ok(listing) => {
                    let listing = Arc::new(listing);
                    send(Message::Opened(listing.clone()))?;
                    files.extend((0..listing.entries.len()).map(|entry_idx| File {
                        listing: listing.clone(),
                        entry_idx,
                    }));
                }
                Err(error) => {
                    let reason = format!("{error:#}");
                    send(Message::Failed { input_idx, reason })?;
                }
            }
        }
        for files in files.chunks(FILES_AT_ONCE) {
            for batch in cut(plan, files, &mut blob_sizes) {
                let judged = batch
                    .into_par_iter()
                    .with_min_len(16)
                    .map_init(Readers::default, |readers, (file, step)| {
                        let outcome = match step {
                            Step::Settled(outcome) => outcome,
                            Step::Read { bytes } => judge(plan, readers.of(&file), &file, bytes),
                        };
                        Judged { file, outcome }
                    })
                    .collect();
                send(Message::Batch(judged))?;
            }
        }
    }
    Ok(())
}

/// What is left to do for a file once sizes and blob ids are known.
enum Step {
    Settled(Outcome),
    Read { bytes: u64 },
}

/// Asks for the sizes of files, settles what needs no reading, and cuts the rest into batches.
/// `blob_sizes` holds every blob that was or will be read.
fn cut(
    plan: &Plan,
    files: &[File],
    blob_sizes: &mut HashMap<ObjectId, u64>,
) -> Vec<Vec<(File, Step)>> {
    let sizes: Vec<Result<u64>> = files
        .par_iter()
        .with_min_len(64)
        .map_init(Readers::default, |readers, file| {
            let place = &file.entry().at;
            match place.blob().and_then(|blob| blob_sizes.get(&blob)) {
                Some(bytes) => Ok(*bytes),
                None => readers.of(file).size(place),
            }
        })
        .collect();
    let mut batches = vec![Vec::new()];
    let mut batch_bytes = 0;
    for (file, size) in files.iter().zip(sizes) {
        let step = match size {
            Err(error) => Step::Settled(Outcome::Unreadable {
                bytes: 0,
                reason: format!("{error:#}"),
            }),
            Ok(bytes) => match plan.filters.verdict_on_size(bytes) {
                Verdict::Drop { rule, measured } => Step::Settled(Outcome::Oversized {
                    bytes,
                    rule,
                    measured,
                }),
                _ => match file.entry().at.blob() {
                    Some(blob) if blob_sizes.insert(blob, bytes).is_some() => {
                        Step::Settled(Outcome::KnownBlob { bytes })
                    }
                    _ => Step::Read { bytes },
                },
            },
        };
        if let Step::Read { bytes } = step {
            if batch_bytes + bytes > BATCH_BYTES {
                batches.push(Vec::new());
                batch_bytes = 0;
            }
            batch_bytes += bytes;
        }
        batches
            .last_mut()
            .expect("never empty")
            .push((file.clone(), step));
    }
    batches
}

/// The reader of the input that a thread is at.
#[derive(Default)]
struct Readers(Option<(usize, Reader)>);

impl Readers {
    fn of(&mut self, file: &File) -> &Reader {
        let input_idx = file.listing.input_idx;
        if self.0.as_ref().is_none_or(|(open, _)| *open != input_idx) {
            self.0 = Some((input_idx, file.listing.reader()));
        }
        &self.0.as_ref().expect("set above").1
    }
}

/// Reads a file and asks every rule. `listed_bytes` stands in where it cannot be read.
fn judge(plan: &Plan, reader: &Reader, file: &File, listed_bytes: u64) -> Outcome {
    let entry = file.entry();
    let (content, blob) = match reader.read(&entry.at) {
        Ok(read) => read,
        Err(error) => {
            return Outcome::Unreadable {
                bytes: listed_bytes,
                reason: format!("{error:#}"),
            };
        }
    };
    let bytes = content.len() as u64;
    if let Verdict::Drop { rule, measured } = plan.filters.verdict_on_size(bytes) {
        // It grew between the listing and the reading.
        return Outcome::Oversized {
            bytes,
            rule,
            measured,
        };
    }
    let identity = Content::of(&content);
    let verdict = plan.filters.verdict(&content);
    let line = match &verdict {
        Verdict::Keep => {
            let record = Record {
                repo: file.listing.repo.clone(),
                commit: file.listing.commit.clone(),
                path: entry.path.clone(),
                blob: blob.to_string(),
                licence: file.listing.licence.clone(),
                bytes,
                text: String::from_utf8(content).expect("what is kept has been decoded"),
            };
            serde_json::to_vec(&record).expect("a record is plain data")
        }
        _ => Vec::new(),
    };
    Outcome::Read {
        bytes,
        blob,
        content: identity,
        verdict,
        line,
    }
}
