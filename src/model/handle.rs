//! The handle to the model thread, from async code and plain threads alike.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::queue::Queue;
use super::snapshots::Snapshots;
use super::worker::{self, Counters, Engine, Work};
use super::{
    Event, Job, ModelError, ModelInfo, Priority, Speed, Status, Token, TokenTotals, Tokenizer,
    Weighed,
};

/// The model. Clones share one thread, one set of weights and one KV cache; the thread ends with
/// the last of them.
#[derive(Clone)]
pub struct Model {
    room: Arc<Room>,
}

/// Counts models, to tell one from another.
static N_SPAWNED: AtomicU64 = AtomicU64::new(1);

/// What the handles own together.
struct Room {
    identity: u64,
    board: Arc<Board>,
    queue: Arc<Queue<Work>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the model thread tells the handles.
struct Board {
    status: watch::Sender<Status>,
    /// Guards nothing but the wait for the end of loading.
    waiting: Mutex<()>,
    settled: Condvar,
    ready: OnceLock<(Arc<ModelInfo>, Arc<dyn Tokenizer>)>,
    failure: OnceLock<ModelError>,
    counters: Arc<Counters>,
}

/// A loaded model, as the loading function returns it.
pub(crate) struct Loaded<E> {
    pub(crate) engine: E,
    pub(crate) info: ModelInfo,
    pub(crate) tokenizer: Arc<dyn Tokenizer>,
    /// Where what the KV cache holds is kept over a restart.
    pub(crate) snapshots: Option<Snapshots>,
}

/// What a loading function may ask and tell.
pub(crate) struct Loading<'a> {
    #[cfg_attr(not(feature = "llama"), expect(dead_code))]
    board: &'a Board,
    queue: &'a Queue<Work>,
}

impl Loading<'_> {
    /// Tells how much is done, in `0.0..=1.0`.
    #[cfg(feature = "llama")]
    pub(crate) fn progress(&self, fraction: f32) {
        self.board.status.send_replace(Status::Loading(fraction));
    }

    /// Whether the last handle is gone, so that loading may stop.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.queue.is_closed()
    }

    /// Loads on this thread, for tests that drive an engine by hand.
    #[cfg(all(test, feature = "llama"))]
    pub(crate) fn by_hand<T>(load: impl FnOnce(&Loading) -> T) -> T {
        load(&Loading {
            board: &Board::new(),
            queue: &Queue::new(),
        })
    }
}

/// Where a model that computes elsewhere takes its work from.
#[cfg(feature = "remote")]
pub(crate) struct Desk<'a> {
    board: &'a Board,
    queue: &'a Queue<Work>,
}

#[cfg(feature = "remote")]
impl Desk<'_> {
    /// The model is ready for jobs.
    pub(crate) fn succeed(&self, info: ModelInfo, tokenizer: Arc<dyn Tokenizer>) {
        self.board.succeed(info, tokenizer);
    }

    /// There will be no model.
    pub(crate) fn fail(&self, error: ModelError) {
        self.board.fail(error);
    }

    /// Waits for work; `None` once nobody holds the model any more.
    pub(crate) fn next(&self) -> Option<Work> {
        self.queue.pop(Duration::MAX, || {})
    }
}

impl Model {
    /// A model that computes elsewhere: `relay` takes its work on the model thread and sees to the
    /// answers.
    #[cfg(feature = "remote")]
    pub(crate) fn relayed(relay: impl FnOnce(&Desk) + Send + 'static) -> Model {
        Model::on_thread(move |board, queue| {
            let _last_words = LastWords { board, queue };
            relay(&Desk { board, queue });
        })
    }

    /// Starts the model thread; loading happens on it.
    pub(crate) fn spawn<E, L>(load: L) -> Model
    where
        E: Engine,
        L: FnOnce(&Loading) -> Result<Loaded<E>, ModelError> + Send + 'static,
    {
        Model::on_thread(move |board, queue| serve(load, board, queue))
    }

    fn on_thread(life: impl FnOnce(&Board, &Queue<Work>) + Send + 'static) -> Model {
        let board = Arc::new(Board::new());
        let queue = Arc::new(Queue::new());
        let thread = std::thread::Builder::new().name("model".to_owned()).spawn({
            let (board, queue) = (board.clone(), queue.clone());
            move || life(&board, &queue)
        });
        let thread = match thread {
            Ok(thread) => Some(thread),
            Err(error) => {
                queue.close();
                board.fail(ModelError::Gone(format!("no thread for it: {error}")));
                None
            }
        };
        Model {
            room: Arc::new(Room {
                identity: N_SPAWNED.fetch_add(1, Ordering::Relaxed),
                board,
                queue,
                thread: Mutex::new(thread),
            }),
        }
    }

    /// Tells this model from any other of this process; its clones have the same.
    pub fn identity(&self) -> u64 {
        self.room.identity
    }

    /// The state right now.
    pub fn status(&self) -> Status {
        self.room.board.status.borrow().clone()
    }

    /// Follows the state.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.room.board.status.subscribe()
    }

    /// Waits until the model is loaded.
    ///
    /// # Errors
    /// Why it could not be loaded, or that its thread has ended since.
    pub async fn ready(&self) -> Result<Arc<ModelInfo>, ModelError> {
        let mut status = self.watch();
        // The sender lives as long as this handle, so the wait cannot fail.
        let _ = status
            .wait_for(|status| !matches!(status, Status::Loading(_)))
            .await;
        self.room.board.outcome()
    }

    /// [`ready`](Model::ready) for plain threads.
    ///
    /// # Errors
    /// As [`ready`](Model::ready).
    pub fn ready_blocking(&self) -> Result<Arc<ModelInfo>, ModelError> {
        let board = &self.room.board;
        let mut waiting = board.lock();
        while matches!(*board.status.borrow(), Status::Loading(_)) {
            waiting = board
                .settled
                .wait(waiting)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        drop(waiting);
        board.outcome()
    }

    /// The tokenizer, once the model is loaded.
    pub fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        let (_, tokenizer) = self.room.board.ready.get()?;
        Some(tokenizer.clone())
    }

    /// Puts a job in the queue. Never blocks; a model that is still loading answers later.
    pub fn generate(&self, job: Job) -> Generation {
        let (events, receiver) = mpsc::unbounded_channel();
        let priority = job.priority;
        self.push(
            priority,
            Work::Answer {
                job,
                events,
                asked: Instant::now(),
            },
        );
        Generation {
            events: receiver,
            is_over: false,
        }
    }

    /// The natural log-probability of each token but the first, given those before it:
    /// `tokens.len() - 1` numbers. What the KV cache holds for completions is replaced.
    ///
    /// # Errors
    /// [`ModelError::ContextFull`] for more tokens than the context holds, and whatever keeps the
    /// model from computing.
    pub async fn score(&self, tokens: Vec<Token>) -> Result<Vec<f32>, ModelError> {
        let (reply, scores) = oneshot::channel();
        self.push(Priority::Completion, Work::Score { tokens, reply });
        scores.await.unwrap_or_else(|_| Err(self.room.board.gone()))
    }

    /// [`score`](Model::score) for plain threads.
    ///
    /// # Errors
    /// As [`score`](Model::score).
    pub fn score_blocking(&self, tokens: Vec<Token>) -> Result<Vec<f32>, ModelError> {
        let (reply, scores) = oneshot::channel();
        self.push(Priority::Completion, Work::Score { tokens, reply });
        scores
            .blocking_recv()
            .unwrap_or_else(|_| Err(self.room.board.gone()))
    }

    /// How probable `given` is as the answer to a job's prompt, healing included: then `given`
    /// begins with the healed bytes. One batch where the prompt is in the KV cache, which it leaves
    /// there. `None` for models whose cache cannot be cut.
    ///
    /// # Errors
    /// [`ModelError::ContextFull`] for more tokens than the context holds, and whatever keeps the
    /// model from computing.
    pub async fn weigh(&self, job: Job, given: Vec<Token>) -> Result<Option<Weighed>, ModelError> {
        let (reply, weighed) = oneshot::channel();
        self.push(job.priority, Work::Weigh { job, given, reply });
        weighed
            .await
            .unwrap_or_else(|_| Err(self.room.board.gone()))
    }

    /// [`weigh`](Model::weigh) for plain threads.
    ///
    /// # Errors
    /// As [`weigh`](Model::weigh).
    pub fn weigh_blocking(
        &self,
        job: Job,
        given: Vec<Token>,
    ) -> Result<Option<Weighed>, ModelError> {
        let (reply, weighed) = oneshot::channel();
        self.push(job.priority, Work::Weigh { job, given, reply });
        weighed
            .blocking_recv()
            .unwrap_or_else(|_| Err(self.room.board.gone()))
    }

    /// Measures reading and writing for about `budget` in all. What the KV cache holds for
    /// completions is dropped.
    ///
    /// # Errors
    /// Whatever keeps the model from computing.
    pub async fn measure(&self, budget: Duration) -> Result<Speed, ModelError> {
        let (reply, speed) = oneshot::channel();
        self.push(Priority::Completion, Work::Measure { budget, reply });
        speed.await.unwrap_or_else(|_| Err(self.room.board.gone()))
    }

    /// The document in this slot is closed: what the KV cache holds for it goes to disk, if
    /// snapshots are on, and its memory is given back. Never blocks.
    pub fn close(&self, slot: u64) {
        self.push(Priority::Background, Work::Close { slot });
    }

    /// How fast completions are read and written now, averaged over the last batches; `None`
    /// until some were.
    pub fn speed(&self) -> Option<Speed> {
        self.room.board.counters.meter.speed()
    }

    /// Tokens reused, computed and decoded since the model was loaded.
    pub fn usage_total(&self) -> TokenTotals {
        self.room.board.counters.totals()
    }

    fn push(&self, priority: Priority, work: Work) {
        if let Err(work) = self.room.queue.push(priority, work) {
            work.fail(self.room.board.gone());
        }
    }
}

impl Drop for Room {
    /// Ends the thread and waits for it, so that no decode runs into the teardown of the
    /// process. An interrupted decode returns within milliseconds.
    fn drop(&mut self) {
        self.queue.close();
        let thread = self.thread.get_mut().map_or(None, Option::take);
        if let Some(thread) = thread {
            // A panic there was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Board {
    fn new() -> Board {
        Board {
            status: watch::Sender::new(Status::Loading(0.0)),
            waiting: Mutex::new(()),
            settled: Condvar::new(),
            ready: OnceLock::new(),
            failure: OnceLock::new(),
            counters: Arc::default(),
        }
    }

    fn succeed(&self, info: ModelInfo, tokenizer: Arc<dyn Tokenizer>) {
        let info = Arc::new(info);
        // Set once: a thread loads once.
        let _ = self.ready.set((info.clone(), tokenizer));
        self.settle(Status::Ready(info));
    }

    fn fail(&self, error: ModelError) {
        // The first failure is the reason for all later ones.
        let text = self.failure.get_or_init(|| error).to_string();
        self.settle(Status::Failed(text));
    }

    fn settle(&self, status: Status) {
        let _waiting = self.lock();
        self.status.send_replace(status);
        self.settled.notify_all();
    }

    fn outcome(&self) -> Result<Arc<ModelInfo>, ModelError> {
        match (self.failure.get(), self.ready.get()) {
            (Some(error), _) => Err(error.clone()),
            (None, Some((info, _))) => Ok(info.clone()),
            (None, None) => Err(self.gone()),
        }
    }

    fn gone(&self) -> ModelError {
        let error = self.failure.get().cloned();
        error.unwrap_or_else(|| ModelError::Gone("it was closed".to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.waiting
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The life of the model thread.
fn serve<E: Engine>(
    load: impl FnOnce(&Loading) -> Result<Loaded<E>, ModelError>,
    board: &Board,
    queue: &Queue<Work>,
) {
    // However the thread ends, nobody is left waiting.
    let _last_words = LastWords { board, queue };
    match load(&Loading { board, queue }) {
        Ok(loaded) => {
            board.succeed(loaded.info, loaded.tokenizer);
            let counters = board.counters.clone();
            worker::run(loaded.engine, queue, counters, loaded.snapshots);
        }
        Err(error) => board.fail(error),
    }
}

struct LastWords<'a> {
    board: &'a Board,
    queue: &'a Queue<Work>,
}

impl Drop for LastWords<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = "an error inside the program, which the log shows";
            self.board.fail(ModelError::Gone(reason.to_owned()));
        }
        self.queue.close();
        for work in self.queue.drain() {
            work.fail(self.board.gone());
        }
    }
}

/// The answer to one job, event by event. Dropping it cancels the job.
pub struct Generation {
    events: mpsc::UnboundedReceiver<Event>,
    is_over: bool,
}

impl Generation {
    /// The next event; `None` after `Done` or `Failed`. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let event = self.events.recv().await;
        Some(self.note(event))
    }

    /// All of the answer's text, once it is complete.
    ///
    /// # Errors
    /// Why the job could not be run.
    pub async fn text(mut self) -> Result<String, ModelError> {
        let mut text = String::new();
        while let Some(event) = self.next().await {
            match event {
                Event::Piece { text: more, .. } => text.push_str(&more),
                Event::Failed(error) => return Err(error),
                Event::Started { .. } | Event::Candidate { .. } | Event::Done { .. } => {}
            }
        }
        Ok(text)
    }

    /// [`next`](Generation::next) for plain threads.
    pub fn next_blocking(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let event = self.events.blocking_recv();
        Some(self.note(event))
    }

    /// Every answer has an end, also when the thread dies in the middle of it.
    fn note(&mut self, event: Option<Event>) -> Event {
        let event = event.unwrap_or_else(|| {
            Event::Failed(ModelError::Gone(
                "it ended in the middle of an answer".to_owned(),
            ))
        });
        self.is_over = matches!(event, Event::Done { .. } | Event::Failed(_));
        event
    }
}
