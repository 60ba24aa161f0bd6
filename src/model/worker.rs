//! The model thread: takes work from the queue, keeps the KV caches, writes answers.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::documents::Documents;
use super::drafts::Worth;
use super::meter::Meter;
use super::queue::Queue;
use super::sampling::{self, Sampler};
use super::sequence::{Branch, Outputs, Sequence};
use super::snapshots::Snapshots;
use super::vocabulary::Vocabulary;
use super::weighing;
use super::writer::{Turn, Writer};
use super::{
    Event, Job, ModelError, Priority, Speed, StopReason, Token, TokenTotals, Usage, Weighed,
};

/// Something that computes logits and keeps a KV cache of one sequence, which may have holes
/// and several ways to go on.
pub(crate) trait Engine: Sized {
    /// The vocabulary the logits are over.
    fn vocabulary(&self) -> &Vocabulary;
    /// Whether the vocabulary says that this token ends an answer.
    fn is_end(&self, token: Token) -> bool;
    /// Positions in the KV cache.
    fn n_ctx(&self) -> usize;
    /// Tokens computed at once, at most.
    fn n_batch(&self) -> usize;
    /// Drops the positions in `range`, and all after it if `to_the_end`; false, with nothing
    /// changed, where this cannot be done.
    fn remove(&mut self, range: Range<usize>, to_the_end: bool) -> bool;
    /// Drops all positions and branches.
    fn clear(&mut self);
    /// Why entries cannot be moved to other positions; `None` where they can.
    fn why_no_shift(&self) -> Option<&str>;
    /// How many tokens can be computed in the time it takes to move entries, however few.
    fn shift_cost(&self) -> usize;
    /// Moves the entries in `range` to positions from `to` on, which are holes or in `range`.
    fn shift(&mut self, range: Range<usize>, to: usize);
    /// Computes with this adapter from now on, or with the model alone; the latter also after a
    /// failure. The cache is empty when this is called.
    ///
    /// # Errors
    /// [`ModelError::Adapter`] when it cannot be loaded.
    fn adapt(&mut self, adapter: Option<&Path>) -> Result<(), ModelError>;
    /// A job's prompt is computed; its answer begins with the next logits.
    fn begin_answer(&mut self, job: &Job) -> Result<(), ModelError> {
        let _ = job;
        Ok(())
    }
    /// Computes `tokens` at positions from `at` on, which are holes; they see what lies before
    /// them only. Returns how many of them are in the cache afterwards: all, or fewer where
    /// `interrupted` turned true on the way.
    fn decode(
        &mut self,
        tokens: &[Token],
        at: usize,
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError>;
    /// A row of logits of the last batch, one number a token of the vocabulary.
    fn logits(&self, row: usize) -> &[f32];
    /// Branches there may be at once, the sequence itself (branch 0) included: from 1 to
    /// [`MAX_BRANCHES`](super::sequence::MAX_BRANCHES).
    fn n_branches(&self) -> usize;
    /// Makes `to`, which is not 0, a copy of `from`.
    fn fork_branch(&mut self, from: Branch, to: Branch);
    /// Drops a branch other than 0.
    fn drop_branch(&mut self, branch: Branch);
    /// Makes the sequence a copy of `branch`, and drops that.
    fn adopt_branch(&mut self, branch: Branch);
    /// Computes one token in each of several branches, at the position that is next there; row n
    /// of the logits is the n-th one's. False, with nothing changed, when `interrupted` turned
    /// true.
    fn step(
        &mut self,
        steps: &[(Branch, Token, usize)],
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, ModelError>;
    /// The entries of the sequence, which has this many positions, for [`Engine::restore`] of
    /// an engine with the same weights and shape; `None` where they cannot be given away.
    fn save(&mut self, n_positions: usize) -> Option<Vec<u8>>;
    /// Puts saved entries into an empty cache; false where they do not fit.
    fn restore(&mut self, entries: &[u8]) -> bool;
    /// Memory that the entries of one position take, in bytes.
    fn bytes_per_position(&self) -> usize;
    /// Another KV cache over the same weights.
    fn fork(&self) -> Result<Self, ModelError>;
}

/// One thing to do.
pub(crate) enum Work {
    Answer {
        job: Job,
        events: mpsc::UnboundedSender<Event>,
        asked: Instant,
    },
    Score {
        tokens: Vec<Token>,
        reply: oneshot::Sender<Result<Vec<f32>, ModelError>>,
    },
    Weigh {
        job: Job,
        given: Vec<Token>,
        reply: oneshot::Sender<Result<Option<Weighed>, ModelError>>,
    },
    Close {
        slot: u64,
    },
    Measure {
        budget: Duration,
        reply: oneshot::Sender<Result<Speed, ModelError>>,
    },
}

impl Work {
    /// Answers that it could not be done.
    pub(crate) fn fail(self, error: ModelError) {
        // Whoever asked may be gone by now; then there is nobody to tell.
        match self {
            Work::Answer { events, .. } => drop(events.send(Event::Failed(error))),
            Work::Score { reply, .. } => drop(reply.send(Err(error))),
            Work::Weigh { reply, .. } => drop(reply.send(Err(error))),
            Work::Close { .. } => {}
            Work::Measure { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

/// Tokens since the model was loaded, read by any thread.
#[derive(Default)]
pub(crate) struct Counters {
    n_reused: AtomicU64,
    n_computed: AtomicU64,
    n_decoded: AtomicU64,
    n_accepted: AtomicU64,
    /// How long batches take.
    pub(crate) meter: Arc<Meter>,
}

impl Counters {
    pub(crate) fn totals(&self) -> TokenTotals {
        TokenTotals {
            n_reused: self.n_reused.load(Ordering::Relaxed),
            n_computed: self.n_computed.load(Ordering::Relaxed),
            n_decoded: self.n_decoded.load(Ordering::Relaxed),
            n_accepted: self.n_accepted.load(Ordering::Relaxed),
        }
    }

    /// Counts tokens of an answer.
    pub(crate) fn decoded(&self, n: usize) {
        Counters::add(&self.n_decoded, n);
    }

    /// Counts tokens of an answer that were guessed ahead.
    pub(crate) fn accepted(&self, n: usize) {
        Counters::add(&self.n_accepted, n);
    }

    fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Ordering::Relaxed);
    }
}

/// What is kept for documents that are not in the KV cache takes as much memory as so many full
/// contexts. A prompt seldom fills a quarter of one.
pub(crate) const SHELF_CONTEXTS: usize = 4;

/// Works until the queue is closed.
pub(crate) fn run<E: Engine>(
    engine: E,
    queue: &Queue<Work>,
    counters: Arc<Counters>,
    snapshots: Option<Snapshots>,
) {
    let n_bytes = SHELF_CONTEXTS * engine.n_ctx() * engine.bytes_per_position();
    let mut worker = Worker {
        documents: Documents::new(n_bytes, snapshots),
        completion: Some(Sequence::new(engine).measured_by(counters.meter.clone())),
        explanation: None,
        worth: Rc::default(),
        queue,
        counters,
    };
    while let Some(work) = queue.pop(IDLE, || worker.write_snapshots()) {
        worker.work(work);
    }
    worker.write_snapshots();
}

/// Without work for so long, what the KV cache holds is written to disk.
const IDLE: Duration = Duration::from_secs(20);

struct Worker<'a, E> {
    /// Each use has a KV cache of its own, so that an explanation costs the next completion
    /// nothing. A sequence is taken out while it is worked on.
    completion: Option<Sequence<E>>,
    documents: Documents,
    /// Made when the first explanation is asked for.
    explanation: Option<Sequence<E>>,
    /// What guessing ahead has brought so far. A completion that passes an explanation learns
    /// from it, and adds to it, while that one's writer has it too.
    worth: Rc<RefCell<Worth>>,
    queue: &'a Queue<Work>,
    counters: Arc<Counters>,
}

impl<E: Engine> Worker<'_, E> {
    fn work(&mut self, work: Work) {
        match work {
            // A job nobody waits for any more is skipped before it costs anything.
            Work::Answer { events, .. } if events.is_closed() => {}
            Work::Answer { job, events, asked } => {
                let outcome = self.with_sequence(job.priority, |worker, sequence| {
                    worker.turn_to(sequence, &job);
                    worker.answer(sequence, &job, &events, asked)
                });
                if let Err(error) = outcome {
                    drop(events.send(Event::Failed(error)));
                }
            }
            Work::Score { tokens, reply } => {
                let scores = self.with_sequence(Priority::Completion, |worker, sequence| {
                    worker.documents.put_away(sequence);
                    worker.score(sequence, &tokens, &|| {
                        reply.is_closed() || worker.queue.is_closed()
                    })
                });
                drop(reply.send(scores));
            }
            Work::Weigh { reply, .. } if reply.is_closed() => {}
            Work::Weigh { job, given, reply } => {
                let weighed = self.with_sequence(job.priority, |worker, sequence| {
                    worker.turn_to(sequence, &job);
                    let has_gone = || reply.is_closed() || worker.queue.is_closed();
                    let counted = |n_reused, n_computed| {
                        Counters::add(&worker.counters.n_reused, n_reused);
                        Counters::add(&worker.counters.n_computed, n_computed);
                    };
                    weighing::weigh(sequence, &job, &given, &has_gone, &counted)
                });
                drop(reply.send(weighed));
            }
            Work::Close { slot } => {
                if let Some(sequence) = &mut self.completion {
                    self.documents.close(sequence, slot);
                }
            }
            Work::Measure { budget, reply } => {
                let speed = self.with_sequence(Priority::Completion, |worker, sequence| {
                    worker.documents.put_away(sequence);
                    measure(sequence, budget)
                });
                drop(reply.send(speed));
            }
        }
    }

    fn with_sequence<T>(
        &mut self,
        priority: Priority,
        act: impl FnOnce(&mut Self, &mut Sequence<E>) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let taken = match priority {
            Priority::Completion | Priority::Background => self.completion.take(),
            Priority::Explanation => match self.explanation.take() {
                Some(sequence) => Some(sequence),
                None => {
                    let engine = self
                        .completion
                        .as_ref()
                        .map(|sequence| sequence.engine().fork());
                    engine.transpose()?.map(Sequence::new)
                }
            },
        };
        let mut sequence = taken.expect("a sequence is put back when its work is done");
        let outcome = act(self, &mut sequence);
        match priority {
            Priority::Completion | Priority::Background => self.completion = Some(sequence),
            Priority::Explanation => self.explanation = Some(sequence),
        }
        outcome
    }

    fn write_snapshots(&mut self) {
        if let Some(sequence) = &mut self.completion {
            self.documents.write(sequence);
        }
    }

    /// Puts the job's document into the KV cache.
    fn turn_to(&mut self, sequence: &mut Sequence<E>, job: &Job) {
        // Explanations have a cache of their own and no document.
        if job.priority != Priority::Explanation {
            self.documents.turn_to(sequence, job.slot, &job.prompt);
        }
    }

    /// Lets completions pass in front of an explanation.
    fn make_way(&mut self, priority: Priority) {
        if priority == Priority::Explanation {
            while let Some(work) = self.queue.pop_completion() {
                self.work(work);
            }
        }
    }

    /// Runs one job. Returns early, without an event, once nobody listens.
    fn answer(
        &mut self,
        sequence: &mut Sequence<E>,
        job: &Job,
        events: &mpsc::UnboundedSender<Event>,
        asked: Instant,
    ) -> Result<(), ModelError> {
        let started = Instant::now();
        let mut usage = Usage {
            waited: started - asked,
            ..Usage::default()
        };
        let n_ctx = sequence.engine().n_ctx();
        if job.prompt.is_empty() {
            return Err(ModelError::Compute("the prompt is empty".to_owned()));
        }
        if job.prompt.len() + 1 > n_ctx {
            return Err(ModelError::ContextFull {
                needed: job.prompt.len() + 1,
                available: n_ctx,
            });
        }

        let queue = self.queue;
        let has_gone = || events.is_closed() || queue.is_closed();
        let must_yield = || match job.priority {
            Priority::Completion => false,
            Priority::Explanation => queue.has_completion(),
            Priority::Background => queue.has_foreground(),
        };
        let interrupted = || has_gone() || must_yield();
        // An explanation waits until the way is free again; a background job ends.
        let gives_up = || job.priority == Priority::Background && must_yield();
        let only_reads = job.max_tokens == 0;

        let n_fresh = usize::from(!only_reads);
        sequence.adapt(job.adapter.as_deref())?;
        usage.n_reused = sequence.prepare(&job.prompt, n_fresh, job.reuse);
        Counters::add(&self.counters.n_reused, usage.n_reused);
        while sequence.len() < job.prompt.len() {
            self.make_way(job.priority);
            if has_gone() {
                return Ok(());
            }
            if gives_up() {
                let reason = StopReason::Interrupted;
                usage.prefill = started.elapsed();
                let _ = events.send(Event::Done {
                    reason,
                    ending: None,
                    usage,
                });
                return Ok(());
            }
            let outputs = match only_reads {
                true => Outputs::None,
                false => Outputs::Last,
            };
            let n = sequence.fill(&job.prompt, outputs, &interrupted)?;
            usage.n_computed += n;
            Counters::add(&self.counters.n_computed, n);
        }
        if !only_reads {
            sequence.engine_mut().begin_answer(job)?;
        }
        usage.prefill = started.elapsed();
        let _ = events.send(Event::Started {
            n_reused: usage.n_reused,
            n_computed: usage.n_computed,
        });

        let counters = self.counters.clone();
        let worth = self.worth.clone();
        let mut turn = || {
            self.make_way(job.priority);
            match (has_gone(), gives_up()) {
                (true, _) => Turn::Gone,
                (false, true) => Turn::GiveUp,
                (false, false) => Turn::Go,
            }
        };
        let writer = Writer {
            sequence,
            job,
            events,
            counters: &counters,
            worth: &worth,
            turn: &mut turn,
            interrupted: &interrupted,
        };
        writer.write(usage)
    }

    /// The natural log-probability of each token but the first.
    fn score(
        &self,
        sequence: &mut Sequence<E>,
        tokens: &[Token],
        has_gone: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<f32>, ModelError> {
        if tokens.len() > sequence.engine().n_ctx() {
            return Err(ModelError::ContextFull {
                needed: tokens.len(),
                available: sequence.engine().n_ctx(),
            });
        }
        let mut scores = Vec::with_capacity(tokens.len().saturating_sub(1));
        // Every token's logits are wanted, so nothing can be reused.
        sequence.clear();
        while sequence.len() + 1 < tokens.len() {
            if has_gone() {
                return Err(ModelError::Gone("nobody waits for the scores".to_owned()));
            }
            let start = sequence.len();
            let left = &tokens[start..tokens.len() - 1];
            let n = sequence.advance(left, Outputs::Each, has_gone)?;
            Counters::add(&self.counters.n_computed, n);
            for row in 0..n {
                let next = tokens[start + row + 1];
                scores.push(sampling::logprob(sequence.engine().logits(row), next));
            }
        }
        Ok(scores)
    }
}

/// Reads, then writes, for half of the budget each, or until half of the context is full each.
fn measure<E: Engine>(sequence: &mut Sequence<E>, budget: Duration) -> Result<Speed, ModelError> {
    let n_vocab = sequence.engine().vocabulary().len();
    let ordinary: Vec<Token> = (0..n_vocab as Token)
        .filter(|&token| !sequence.engine().vocabulary().bytes(token).is_empty())
        .collect();
    if ordinary.is_empty() {
        return Err(ModelError::Compute("the vocabulary is empty".to_owned()));
    }
    // Tokens from all over the vocabulary, because a real prompt does not stay in one cache line.
    let mut prompt = ordinary
        .iter()
        .copied()
        .cycle()
        .step_by(97.min(ordinary.len()));
    let n_half = sequence.engine().n_ctx() / 2;
    let n_batch = sequence.engine().n_batch().min(n_half.max(1));
    let mut next_batch = || -> Vec<Token> { prompt.by_ref().take(n_batch).collect() };

    // The first batch pays for buffers and page faults and is not counted.
    sequence.clear();
    sequence.advance(&next_batch(), Outputs::Last, &|| false)?;
    let started = Instant::now();
    let mut n_read = 0;
    while n_read == 0 || (started.elapsed() < budget / 2 && sequence.len() + n_batch <= n_half) {
        n_read += sequence.advance(&next_batch(), Outputs::Last, &|| false)?;
    }
    let prefill = started.elapsed();

    let started = Instant::now();
    let mut greedy = Sampler::new(super::Sampling::Greedy);
    let mut n_written = 0;
    while n_written == 0 || (started.elapsed() < budget / 2 && sequence.len() < 2 * n_half) {
        let choice = greedy.choose(sequence.engine().logits(0), None);
        let token = choice.map_or(ordinary[0], |choice| choice.token);
        n_written += sequence.advance(&[token], Outputs::Last, &|| false)?;
    }
    let decode = started.elapsed();
    sequence.clear();
    Ok(Speed {
        prefill_tokens_per_s: n_read as f64 / prefill.as_secs_f64().max(1e-9),
        decode_tokens_per_s: n_written as f64 / decode.as_secs_f64().max(1e-9),
    })
}

#[cfg(test)]
pub(crate) mod tests;
