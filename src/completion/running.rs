//! A generation in a task of its own, so that it outlives the request it was started for: the
//! user may be typing along with what it writes, and then a newer request takes it over.
//!
//! Whoever waits for it is attached. It stops at once when the [`Running`] is dropped, and a grace
//! after the last one who waited has let go: a client that cancels at every key asks again soon.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::origin::{Here, Origin, Typed};
use super::{Answer, Listener};
use crate::model::ModelError;

/// How long a generation goes on when nobody waits for it any more.
pub const GRACE: Duration = Duration::from_millis(150);

/// Bytes that may be typed along with a generation that has written nothing yet.
const MAX_TYPED: usize = 512;

/// A generation under way. Dropping it stops the model.
pub struct Running {
    origin: Origin,
    invoked: bool,
    begun: Instant,
    progress: watch::Receiver<Progress>,
    n_attached: Arc<watch::Sender<usize>>,
    task: AbortHandle,
}

/// How far it is.
#[derive(Clone, Default)]
struct Progress {
    /// All that was written so far.
    written: String,
    outcome: Option<Outcome>,
}

/// What comes of a generation.
pub type Outcome = Result<Arc<Answer>, ModelError>;

/// One who waits for a generation. Dropping it lets go.
pub struct Attached {
    progress: watch::Receiver<Progress>,
    n_attached: Arc<watch::Sender<usize>>,
    typed: Typed,
}

/// How a wait ended.
pub enum Waited {
    /// The answer is there, or the model could not give one.
    Over(Outcome),
    /// It wrote something else than was typed.
    Diverged,
    /// It was stopped.
    Stopped,
}

impl Running {
    /// Starts a task. `work` makes the answer and tells the listener what it has written so far;
    /// `done` sees the answer before anybody else.
    pub fn start<F>(
        origin: Origin,
        invoked: bool,
        work: impl FnOnce(Listener) -> F,
        done: impl FnOnce(&Outcome) + Send + 'static,
    ) -> Running
    where
        F: Future<Output = Result<Answer, ModelError>> + Send + 'static,
    {
        let (sender, progress) = watch::channel(Progress::default());
        let sender = Arc::new(sender);
        let work = work(Arc::new({
            let sender = sender.clone();
            move |written: &str| {
                sender.send_modify(|progress| written.clone_into(&mut progress.written));
            }
        }));
        let n_attached = Arc::new(watch::Sender::new(0));
        let attached = n_attached.subscribe();
        let task = tokio::spawn(async move {
            tokio::select! {
                biased;
                outcome = work => {
                    let outcome = outcome.map(Arc::new);
                    done(&outcome);
                    sender.send_modify(|progress| progress.outcome = Some(outcome));
                }
                () = abandoned(attached) => {}
            }
        });
        Running {
            origin,
            invoked,
            begun: Instant::now(),
            progress,
            n_attached,
            task: task.abort_handle(),
        }
    }

    /// Where what it writes begins.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// When it was begun.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Whether it has ended, one way or the other.
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Attaches a request at a place that goes along with what is written; `None` where it does
    /// not.
    pub fn attach(&self, here: &Here<'_>, invoked: bool) -> Option<Attached> {
        let typed = self.origin.typed(here, MAX_TYPED)?;
        let goes_along = typed.may_begin(&self.progress.borrow().written);
        (self.invoked == invoked && goes_along && !self.is_over()).then(|| {
            self.n_attached.send_modify(|n| *n += 1);
            Attached {
                progress: self.progress.clone(),
                n_attached: self.n_attached.clone(),
                typed,
            }
        })
    }

    /// Whether a text that has `typed` at its start may still be what it writes. Closers at the
    /// end of what was typed may be the editor's.
    pub fn may_go_on_after(&self, typed: &str) -> bool {
        let written = &self.progress.borrow().written;
        let typed = typed.trim_end_matches([')', ']', '}', '"', '\'']);
        typed.len() <= MAX_TYPED
            && (written.starts_with(typed) || typed.starts_with(written.as_str()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Attached {
    /// Whether anything was typed since the generation began.
    pub fn is_at_its_start(&self) -> bool {
        self.typed.text.is_empty()
    }

    /// Waits for the answer, or until the text written is another than the text typed.
    pub async fn wait(&mut self) -> Waited {
        let typed = &self.typed;
        let changed = self
            .progress
            .wait_for(|progress| progress.outcome.is_some() || !typed.may_begin(&progress.written));
        match changed.await {
            Err(_) => Waited::Stopped,
            Ok(progress) => match &progress.outcome {
                Some(outcome) => Waited::Over(outcome.clone()),
                None => Waited::Diverged,
            },
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.n_attached.send_modify(|n| *n -= 1);
    }
}

/// Returns when nobody has been attached for a grace.
async fn abandoned(mut n_attached: watch::Receiver<usize>) {
    loop {
        // The sender lives in the `Running`, whose drop ends this task in any case.
        if n_attached.wait_for(|n| *n == 0).await.is_err() {
            return;
        }
        let back = n_attached.wait_for(|n| *n > 0);
        if tokio::time::timeout(GRACE, back).await.is_err() {
            return;
        }
    }
}
