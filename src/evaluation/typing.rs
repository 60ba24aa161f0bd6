//! Cursors as a typist reaches them: the prompts of the keys before are in the KV cache.

use super::cursors::Cursor;
use super::{Source, repositories};
use crate::completion::{self, Means};
use crate::model::{Event, Job, ModelError, Reuse};
use crate::session::Snapshot;

/// Lets the model read the prompts of the last `n_keys` characters before a cursor, one after the
/// other, each as it was when the next was not typed yet. The first is read exactly, as after a
/// pause; what the others reuse is up to the config.
///
/// # Errors
/// When the model cannot compute.
pub async fn read_before(
    source: &Source,
    cursor: &Cursor,
    n_keys: usize,
    means: &Means,
) -> Result<(), ModelError> {
    let text = cursor.text(source);
    let (before, after) = text.split_at(cursor.offset);
    let starts: Vec<usize> = before
        .char_indices()
        .rev()
        .map(|(at, _)| at)
        .take(n_keys)
        .collect();
    for (n, &offset) in starts.iter().rev().enumerate() {
        let snapshot = Snapshot::of(&source.path, &format!("{}{after}", &before[..offset]));
        let _opened = repositories::open(&snapshot, &means.surroundings);
        let request = completion::prepare(&snapshot, offset, cursor.extent(), means).await?;
        let mut job = Job {
            max_tokens: 0,
            ..request.job
        };
        if n == 0 {
            job.reuse = Reuse::Exact;
        }
        let mut reading = means.model.generate(job);
        while let Some(event) = reading.next().await {
            if let Event::Failed(error) = event {
                return Err(error);
            }
        }
    }
    Ok(())
}
