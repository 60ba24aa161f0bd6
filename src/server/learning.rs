//! From what is shown and what is typed to what this user takes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::json;
use tower_lsp::gen_lsp_types::LspAny;
use tower_lsp::jsonrpc::{Error, Result};

use crate::completion::Answer;
use crate::completion::taste::file::TasteFile;
use crate::completion::taste::watch::Watch;
use crate::completion::taste::{Ending, Shown, Taste, lock};
use crate::config::Config;
use crate::session::Edit;

/// Forgets what was learnt, on disk as well. Answers with what that was, in a sentence.
pub(super) const RESET_LEARNING: &str = "midfill.resetLearning";

/// How long something learnt may wait for the disk.
const SAVE_AFTER: Duration = Duration::from_secs(20);

/// What is learnt from all documents. Clones of the taste go with the requests.
pub(super) struct Learning {
    file: TasteFile,
    /// By document; one at most for each open one.
    watches: Mutex<HashMap<String, Watch>>,
    is_saving: Arc<AtomicBool>,
}

impl Learning {
    /// What was learnt before, where the config says where it is kept.
    pub(super) fn open(config: &Config) -> Learning {
        Learning {
            file: TasteFile::open(config.taste_file.clone()),
            watches: Mutex::default(),
            is_saving: Arc::default(),
        }
    }

    /// The taste, for answers.
    pub(super) fn taste(&self) -> Arc<Mutex<Taste>> {
        self.file.taste().clone()
    }

    /// An answer is about to be shown at an offset. One that somebody asked for by hand says
    /// nothing of what is wanted unasked, so nothing is watched then.
    pub(super) fn shows(&self, document: &str, offset: usize, answer: &Answer) {
        let mut watches = self.watches();
        let (Some(text), Some(shown)) = (&answer.text, answer.shown) else {
            if answer.text.is_some() {
                watches.remove(document);
            }
            return;
        };
        let watch = watches.entry(document.to_owned()).or_default();
        let ended = watch.shows(offset, text, shown);
        drop(watches);
        self.learn(ended);
    }

    /// A document was edited. The ranges are those before each edit.
    pub(super) fn edited(&self, document: &str, edits: &[Edit]) {
        let mut watches = self.watches();
        let Some(watch) = watches.get_mut(document) else {
            return;
        };
        let ended: Vec<_> = edits
            .iter()
            .filter_map(|edit| watch.edited(&edit.range, &edit.text))
            .collect();
        drop(watches);
        ended.into_iter().for_each(|ended| self.learn(Some(ended)));
    }

    /// A document is closed.
    pub(super) fn closed(&self, document: &str) {
        self.watches().remove(document);
    }

    /// Nothing that is on a screen now is learnt from.
    pub(super) fn stop_watching(&self) {
        self.watches().clear();
    }

    /// Writes what is new.
    pub(super) fn save(&self) {
        self.file.save();
    }

    /// Forgets everything.
    pub(super) fn reset(&self) -> Result<Option<LspAny>> {
        self.stop_watching();
        let what = self.file.reset().map_err(|error| {
            let mut failed = Error::internal_error();
            failed.message =
                format!("the file of what was learnt cannot be removed: {error}").into();
            failed
        })?;
        Ok(Some(json!(format!("forgotten: {what}"))))
    }

    fn learn(&self, ended: Option<(Shown, Ending)>) {
        let Some((shown, ending)) = ended else { return };
        lock(self.file.taste()).learn(shown, ending, Instant::now());
        if self.is_saving.swap(true, Ordering::SeqCst) {
            return;
        }
        let (file, is_saving) = (self.file.clone(), self.is_saving.clone());
        tokio::spawn(async move {
            tokio::time::sleep(SAVE_AFTER).await;
            is_saving.store(false, Ordering::SeqCst);
            // The disk may be slow, and this thread has answers to give.
            let _ = tokio::task::spawn_blocking(move || file.save()).await;
        });
    }

    fn watches(&self) -> MutexGuard<'_, HashMap<String, Watch>> {
        lock(&self.watches)
    }
}
