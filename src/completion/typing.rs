//! Ghost text while somebody types: what is remembered from one request to the next.
//!
//! The walk of a request: is one wanted here at all ([`trigger`](super::trigger))? Is the answer
//! there already ([`type_through`](super::type_through))? Is it just being written
//! ([`running`](super::running))? Else the model is asked, once the typing
//! [`rhythm`](super::rhythm) allows, in a task that outlives the request. What comes next is
//! computed [`ahead`](super::ahead).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_64;

use super::ahead::{self, Ahead};
use super::origin::{Here, Origin};
use super::rhythm::{Moment, Rhythm};
use super::running::{Attached, Outcome, Running, Waited};
use super::trigger::{Decision, Extent};
use super::type_through::{Recalled, Remembered, TypeThrough};
use super::{Answer, Ask, Means, Source};
use crate::model::ModelError;
use crate::session::Snapshot;

/// A shorter wait is none: timers are no finer than a millisecond.
const LEAST_WAIT: Duration = Duration::from_millis(3);

/// Bytes that one key inserts at most: a character, and a bracket that the editor closes.
const MAX_KEY: usize = 8;

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
    rhythm: Rhythm,
    ahead: Option<Ahead>,
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
    /// Generations under way for a request.
    pub n_running: usize,
    /// Tasks ahead of the user under way.
    pub n_ahead: usize,
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
    /// Answers a request whose answer is not there yet, see [`Typing::recall`]. `None` means that
    /// the generation it waited for was stopped because the text went another way, which happens
    /// only when a newer request is to come.
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
        if let Decision::Silent(why) = super::extent(snapshot, ask, &means.config) {
            return Ok(Some(Answer::silent(why)));
        }
        let answer = self.ask(snapshot, ask, means).await?;
        if let Some(answer) = &answer {
            self.look_ahead(snapshot, ask, means, answer);
        }
        Ok(answer)
    }

    /// The answer to a request, where it is there already. Needs the text and not the tree.
    pub fn recall(&self, snapshot: &Snapshot, ask: Ask, means: &Means) -> Option<Answer> {
        let answer = self.remembered(snapshot, ask, means)?;
        self.look_ahead(snapshot, ask, means, &answer);
        Some(answer)
    }

    async fn ask(
        &self,
        snapshot: &Snapshot,
        ask: Ask,
        means: &Means,
    ) -> Result<Option<Answer>, ModelError> {
        if let Some(attached) = self.attach(snapshot, ask, means) {
            match self.follow(attached, snapshot, ask, means).await? {
                Followed::Answered(answer) => return Ok(Some(*answer)),
                Followed::Stopped => return Ok(None),
                Followed::InVain => {}
            }
        }
        let waited = self.wait(snapshot, ask).await;
        let Some(mut attached) = self.start(snapshot, ask, means) else {
            return Ok(None);
        };
        match attached.wait().await {
            Waited::Over(outcome) => {
                let mut answer = Answer::clone(&*outcome?);
                answer.timings.waited = waited;
                Ok(Some(answer))
            }
            Waited::Diverged | Waited::Stopped => Ok(None),
        }
    }

    /// Waits for as long as the next key may be near. Returns how long that was.
    async fn wait(&self, snapshot: &Snapshot, ask: Ask) -> Duration {
        // Messages that are already waiting are read first: in a burst of keystrokes all requests
        // but the last are superseded here, before anything was computed for them.
        tokio::task::yield_now().await;
        if ask.invoked {
            return Duration::ZERO;
        }
        let (before, _) = snapshot.line_around(ask.offset);
        let begun = Instant::now();
        let wait = self.lock().rhythm.wait(begun, Moment::of(&before));
        if wait < LEAST_WAIT {
            return Duration::ZERO;
        }
        tokio::time::sleep(wait).await;
        begun.elapsed()
    }

    /// Tells of an edit. A generation that the new text does not go along with stops at once.
    pub fn edited(&self, snapshot: &Snapshot, touched: &[Touched]) {
        let now = Instant::now();
        let mut state = self.lock();
        // What a key inserts, its auto-closed bracket included; the rest is pasted or accepted.
        if let [one] = touched
            && one.n_inserted <= MAX_KEY
        {
            state.rhythm.key(now);
        }
        let (Some(start), Some(last)) = (
            touched.iter().map(|touched| touched.start).min(),
            touched.last(),
        ) else {
            return;
        };
        let end = last.start + last.n_inserted;
        let holds = |ahead: &Ahead| ahead.holds(snapshot, start, end);
        if !state.ahead.as_ref().is_some_and(holds) {
            state.ahead = None;
        }
        let Some(running) = state.running.get(&snapshot.document) else {
            return;
        };
        let from = running.origin().start();
        let goes_along = start >= from
            && snapshot
                .text
                .get_byte_slice(from..end)
                .is_some_and(|typed| running.may_go_on_after(&typed.to_string()));
        if !goes_along {
            state.give_up(snapshot.document);
        }
    }

    /// Reads the prompt of a place ahead, once nothing was typed or asked for `after` so long.
    pub fn read_ahead(&self, snapshot: &Snapshot, offset: usize, means: &Means, after: Duration) {
        let mut state = self.lock();
        let is_under_way = |ahead: &Ahead| !ahead.is_over();
        if state.is_answering() || state.ahead.as_ref().is_some_and(is_under_way) {
            return;
        }
        let (snapshot, means) = (snapshot.clone(), means.clone());
        state.ahead = Some(Ahead::start(None, async move {
            tokio::time::sleep(after).await;
            // A model that cannot be loaded is told of where somebody waits for it.
            let _ = ahead::read(&snapshot, offset, &means, false).await;
        }));
    }

    /// Writes ahead what follows a suggestion that is being shown.
    fn look_ahead(&self, snapshot: &Snapshot, ask: Ask, means: &Means, answer: &Answer) {
        let mut state = self.lock();
        let Some(shown) = answer.text.clone().filter(|_| means.config.prefetch) else {
            return;
        };
        let is_writing = |ahead: &Ahead| ahead.writes() && !ahead.is_over();
        if state.is_answering() || state.ahead.as_ref().is_some_and(is_writing) {
            return;
        }
        let setting = state.setting(means);
        let origin = Here::new(snapshot, ask.offset, setting).origin();
        let is_whole = answer.is_whole;
        let reckons_with = Some((origin, shown.clone()));
        let (typing, snapshot, means) = (self.clone(), snapshot.clone(), means.clone());
        state.ahead = Some(Ahead::start(reckons_with, async move {
            tokio::time::sleep(ahead::SHOWN).await;
            if let Some(next) = ahead::next(&snapshot, ask.offset, &shown, is_whole, &means) {
                let origin = next.origin(setting);
                if !typing.lock().remembered.knows(origin)
                    && let Ok(Some(shown)) = next.write(&means).await
                {
                    typing.lock().remembered.remember(origin, vec![shown]);
                }
            }
            tokio::time::sleep(ahead::PAUSE).await;
            let _ = ahead::read(&snapshot, ask.offset, &means, true).await;
        }));
    }

    /// Tells that a document was closed: nothing is computed for it any more. What is remembered
    /// of it stays, for when it is opened again.
    pub fn closed(&self, document: u64) {
        let mut state = self.lock();
        state.running.remove(&document);
        state.ahead = None;
    }

    /// Tells that a model would be shown something else now, or another model be asked: what is
    /// remembered holds no longer. Not for edits: the text is compared in any case.
    pub fn context_changed(&self) {
        let mut state = self.lock();
        state.epoch += 1;
        state.running.clear();
        state.ahead = None;
        state.remembered = TypeThrough::default();
    }

    /// What is held.
    pub fn size(&self) -> Size {
        let state = self.lock();
        let (n_remembered, n_bytes) = state.remembered.size();
        Size {
            n_remembered,
            n_bytes,
            n_running: state.running.values().filter(|one| !one.is_over()).count(),
            n_ahead: usize::from(state.ahead.as_ref().is_some_and(|ahead| !ahead.is_over())),
        }
    }

    fn remembered(&self, snapshot: &Snapshot, ask: Ask, means: &Means) -> Option<Answer> {
        if ask.invoked {
            // Whoever asks by hand wants something else than what is shown.
            return None;
        }
        let mut state = self.lock();
        let here = Here::new(snapshot, ask.offset, state.setting(means));
        let recalled = state.remembered.recall(&here)?;
        drop(state);
        let mut answer = match recalled {
            Recalled::Rest(shown) => Answer {
                text: shown.text.ok(),
                why_nothing: None,
                score: shown.score,
                is_whole: shown.is_whole,
                import: shown.import,
                shown: shown.learnable,
                ..Answer::silent("")
            },
            Recalled::Nothing(why) => Answer::silent(why),
            // A body may follow where a header was taken whole.
            Recalled::Whole
                if super::extent(snapshot, ask, &means.config) == Decision::Ask(Extent::Block) =>
            {
                return None;
            }
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
            state.give_up(snapshot.document);
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
    ) -> Result<Followed, ModelError> {
        let answer = match attached.wait().await {
            Waited::Over(outcome) => outcome?,
            Waited::Diverged => return Ok(Followed::InVain),
            Waited::Stopped => return Ok(Followed::Stopped),
        };
        let mut followed = match attached.is_at_its_start() {
            true => Answer::clone(&answer),
            // What is left of it was remembered the moment it was there.
            false => match self.remembered(snapshot, ask, means) {
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
        state.give_up(snapshot.document);
        state.running.insert(snapshot.document, running);
        state.ahead = None;
        attached
    }

    fn finish(&self, origin: Origin, outcome: &Outcome) {
        let mut state = self.lock();
        let is_current = state
            .running
            .get(&origin.document())
            .is_some_and(|running| running.origin() == origin);
        if is_current && let Some(running) = state.running.remove(&origin.document()) {
            state.rhythm.answered(running.begun().elapsed());
        }
        if let Ok(answer) = outcome {
            let shown = Remembered::all_of(answer);
            if !shown.is_empty() {
                state.remembered.remember(origin, shown);
            }
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
    /// Stops what is written for a document.
    fn give_up(&mut self, document: u64) {
        if let Some(running) = self.running.remove(&document)
            && !running.is_over()
        {
            self.rhythm.given_up(running.begun().elapsed());
        }
    }

    /// Whether somebody's request is being answered.
    fn is_answering(&self) -> bool {
        self.running.values().any(|running| !running.is_over())
    }

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
