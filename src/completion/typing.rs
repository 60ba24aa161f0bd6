//! Ghost text while somebody types: what is remembered from one request to the next.
//!
//! The walk of a request: is one wanted here at all ([`trigger`](super::trigger))? Is the answer
//! there already ([`type_through`](super::type_through))? Is it just being written
//! ([`running`](super::running))? Else the model is asked, in a task that outlives the request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use super::origin::{Here, Origin};
use super::running::{Attached, Outcome, Running, Waited};
use super::trigger::{Decision, Extent};
use super::type_through::{Recalled, Remembered, TypeThrough};
use super::{Answer, Ask, Means, Source};
use crate::model::ModelError;
use crate::session::Snapshot;

/// What is remembered between the requests of one editor. Clones share it.
#[derive(Clone, Default)]
pub struct Typing {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    remembered: TypeThrough,
    /// By document; one at most for each.
    running: HashMap<u64, Running>,
    /// Counts changes of what a model would be shown besides the document.
    epoch: u64,
}

/// How many things are remembered and under way, for tests of the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Suggestions remembered.
    pub n_remembered: usize,
    /// Bytes in them.
    pub n_bytes: usize,
    /// Generations under way.
    pub n_running: usize,
}

/// A replaced range, as it is after the edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// Byte offset of its start.
    pub start: usize,
    /// Bytes that stand there now.
    pub n_inserted: usize,
}

impl Typing {
    /// Answers one request. `None` means that the generation it waited for was stopped because
    /// the text went another way, which happens only when a newer request is to come.
    ///
    /// Dropping the future lets go of the generation.
    ///
    /// # Errors
    /// When the model could not be loaded or cannot compute.
    pub async fn answer(
        &self,
        snapshot: &Snapshot,
        ask: Ask,
        means: &Means,
    ) -> Result<Option<Answer>, ModelError> {
        let extent = match super::extent(snapshot, ask) {
            Decision::Silent(why) => return Ok(Some(Answer::silent(why))),
            Decision::Ask(extent) => extent,
        };
        if let Some(answer) = self.recall(snapshot, ask, means, extent) {
            return Ok(Some(answer));
        }
        if let Some(attached) = self.attach(snapshot, ask, means) {
            match self.follow(attached, snapshot, ask, means, extent).await? {
                Followed::Answered(answer) => return Ok(Some(*answer)),
                Followed::Stopped => return Ok(None),
                Followed::InVain => {}
            }
        }
        // Messages that are already waiting are read first: in a burst of keystrokes all requests
        // but the last are superseded here, before anything was computed for them.
        tokio::task::yield_now().await;
        let attached = self.start(snapshot, ask, means);
        match attached {
            None => Ok(None),
            Some(mut attached) => match attached.wait().await {
                Waited::Over(outcome) => outcome.map(|answer| Some(Answer::clone(&answer))),
                Waited::Diverged | Waited::Stopped => Ok(None),
            },
        }
    }

    /// Tells of an edit. A generation that the new text does not go along with stops at once.
    pub fn edited(&self, snapshot: &Snapshot, touched: &[Touched]) {
        let mut state = self.lock();
        let Some(running) = state.running.get(&snapshot.document) else {
            return;
        };
        let start = running.origin().start();
        let goes_along = touched.iter().all(|touched| touched.start >= start)
            && touched.last().is_none_or(|last| {
                let end = last.start + last.n_inserted;
                snapshot
                    .text
                    .get_byte_slice(start..end)
                    .is_some_and(|typed| running.may_go_on_after(&typed.to_string()))
            });
        if !goes_along {
            state.running.remove(&snapshot.document);
        }
    }

    /// Tells that a document was closed: nothing is computed for it any more. What is remembered
    /// of it stays, for when it is opened again.
    pub fn closed(&self, document: u64) {
        self.lock().running.remove(&document);
    }

    /// Tells that a model would be shown something else now, or another model be asked: what is
    /// remembered holds no longer. Not for edits: the text is compared in any case.
    pub fn context_changed(&self) {
        let mut state = self.lock();
        state.epoch += 1;
        state.running.clear();
        state.remembered = TypeThrough::default();
    }

    /// What is held.
    pub fn size(&self) -> Size {
        let state = self.lock();
        let (n_remembered, n_bytes) = state.remembered.size();
        Size {
            n_remembered,
            n_bytes,
            n_running: state.running.len(),
        }
    }

    fn recall(
        &self,
        snapshot: &Snapshot,
        ask: Ask,
        means: &Means,
        extent: Extent,
    ) -> Option<Answer> {
        if ask.invoked {
            // Whoever asks by hand wants something else than what is shown.
            return None;
        }
        let mut state = self.lock();
        let here = Here::new(snapshot, ask.offset, state.setting(means));
        let recalled = state.remembered.recall(&here)?;
        drop(state);
        let mut answer = match recalled {
            Recalled::Rest(text, score) => {
                let mut answer = Answer::silent("");
                (answer.text, answer.why_nothing, answer.score) = (Some(text), None, score);
                answer
            }
            Recalled::Nothing(why) => Answer::silent(why),
            // A body may follow where a header was taken whole.
            Recalled::Whole if extent == Extent::Block => return None,
            Recalled::Whole => Answer::silent("the suggestion taken here was whole"),
        };
        answer.source = Source::Remembered;
        Some(answer)
    }

    /// Attaches to the generation under way for this document, or stops it.
    fn attach(&self, snapshot: &Snapshot, ask: Ask, means: &Means) -> Option<Attached> {
        let mut state = self.lock();
        let here = Here::new(snapshot, ask.offset, state.setting(means));
        let attached = state
            .running
            .get(&snapshot.document)?
            .attach(&here, ask.invoked);
        if attached.is_none() {
            state.running.remove(&snapshot.document);
        }
        attached
    }

    /// Waits for a generation that was begun for an earlier request.
    async fn follow(
        &self,
        mut attached: Attached,
        snapshot: &Snapshot,
        ask: Ask,
        means: &Means,
        extent: Extent,
    ) -> Result<Followed, ModelError> {
        let answer = match attached.wait().await {
            Waited::Over(outcome) => outcome?,
            Waited::Diverged => return Ok(Followed::InVain),
            Waited::Stopped => return Ok(Followed::Stopped),
        };
        let mut followed = match attached.is_at_its_start() {
            true => Answer::clone(&answer),
            // What is left of it was remembered the moment it was there.
            false => match self.recall(snapshot, ask, means, extent) {
                None => return Ok(Followed::InVain),
                Some(rest) => Answer {
                    usage: answer.usage,
                    timings: answer.timings,
                    prompt: answer.prompt.clone(),
                    stop: answer.stop,
                    applied: answer.applied.clone(),
                    ..rest
                },
            },
        };
        followed.source = Source::Running;
        Ok(Followed::Answered(Box::new(followed)))
    }

    /// Lets the model answer, in place of what it was doing for this document.
    fn start(&self, snapshot: &Snapshot, ask: Ask, means: &Means) -> Option<Attached> {
        let mut state = self.lock();
        let here = Here::new(snapshot, ask.offset, state.setting(means));
        let origin = here.origin();
        let work = {
            let (snapshot, mut means) = (snapshot.clone(), means.clone());
            |listener| {
                means.listener = Some(listener);
                async move { super::complete(&snapshot, ask, &means).await }
            }
        };
        let done = {
            let typing = self.clone();
            move |outcome: &Outcome| typing.finish(origin, outcome)
        };
        let running = Running::start(origin, ask.invoked, work, done);
        let attached = running.attach(&here, ask.invoked);
        state.running.insert(snapshot.document, running);
        attached
    }

    fn finish(&self, origin: Origin, outcome: &Outcome) {
        let mut state = self.lock();
        let is_current = state
            .running
            .get(&origin.document())
            .is_some_and(|running| running.origin() == origin);
        if is_current {
            state.running.remove(&origin.document());
        }
        if let Ok(answer) = outcome
            && let Some(shown) = Remembered::of(answer)
        {
            state.remembered.remember(origin, shown);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of waiting for a generation begun earlier.
enum Followed {
    Answered(Box<Answer>),
    /// It was of no use.
    InVain,
    Stopped,
}

impl State {
    /// Stands for all that shapes an answer besides the document.
    fn setting(&mut self, means: &Means) -> u64 {
        // Abandoned ones are swept here, so that only live ones stay.
        self.running.retain(|_, running| !running.is_over());
        let project = means.surroundings.project.as_ref();
        // Not the project's generation, which counts every edit of every file: forgetting all at
        // each of them would cost more than a suggestion that does not know of one.
        let is_read = project.is_some_and(|project| project.is_read());
        let parts = [self.epoch, means.model.identity(), u64::from(is_read)];
        xxh3_64(&parts.map(u64::to_le_bytes).concat())
    }
}
