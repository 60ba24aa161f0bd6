//! The answer of a job, token by token, once its prompt is in the KV cache.

use std::time::Instant;

use tokio::sync::mpsc;

use super::healing::Healing;
use super::sampling::Sampler;
use super::sequence::{Outputs, Sequence};
use super::stop::{Assembly, Piece};
use super::worker::{Counters, Engine};
use super::{Confidence, Event, Job, ModelError, StopReason, Usage};

/// What holds between two batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Go on.
    Go,
    /// Nobody listens any more.
    Gone,
    /// The job gives way to another and does not come back.
    GiveUp,
}

/// Writes one answer.
pub(super) struct Writer<'a, E> {
    pub(super) sequence: &'a mut Sequence<E>,
    pub(super) job: &'a Job,
    pub(super) events: &'a mpsc::UnboundedSender<Event>,
    pub(super) counters: &'a Counters,
    /// Asked before each batch; lets others pass in the meantime.
    pub(super) turn: &'a mut dyn FnMut() -> Turn,
    /// Asked inside a batch: whether to come out of it early.
    pub(super) interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl<E: Engine> Writer<'_, E> {
    /// Writes until the answer is complete and sends `Done`; ends without an event once nobody
    /// listens. The logits behind the prompt have just been computed.
    pub(super) fn write(mut self, mut usage: Usage) -> Result<(), ModelError> {
        let started = Instant::now();
        let mut assembly = Assembly::new(&self.job.stop);
        let mut ending = None;
        let Some(reason) = self.tokens(&mut assembly, &mut usage, &mut ending)? else {
            return Ok(());
        };
        self.send(assembly.finish());
        usage.decode = started.elapsed();
        let _ = self.events.send(Event::Done {
            reason,
            ending,
            usage,
        });
        Ok(())
    }

    /// Decodes token after token; `None` once nobody listens.
    fn tokens(
        &mut self,
        assembly: &mut Assembly,
        usage: &mut Usage,
        ending: &mut Option<Confidence>,
    ) -> Result<Option<StopReason>, ModelError> {
        let job = self.job;
        let n_ctx = self.sequence.engine().n_ctx();
        let mut healing = Healing::new(job.heal.clone());
        let mut sampler = Sampler::new(job.sampling);
        let mut n_answered = 0;
        loop {
            if n_answered >= job.max_tokens || self.sequence.len() >= n_ctx {
                return Ok(Some(StopReason::MaxTokens));
            }
            let engine = self.sequence.engine();
            let candidates = healing.candidates(engine.vocabulary());
            if candidates.as_ref().is_some_and(Vec::is_empty) {
                return Ok(Some(StopReason::HealingFailed));
            }
            let choice = sampler
                .choose(engine.logits(0), candidates.as_deref())
                .ok_or_else(|| {
                    ModelError::Compute(
                        "its numbers overflow; the weights may be damaged".to_owned(),
                    )
                })?;
            usage.n_decoded += 1;
            self.counters.decoded(1);
            let token = choice.token;
            if engine.is_end(token) || job.stop_tokens.contains(&token) {
                *ending = Some(choice.confidence);
                return Ok(Some(StopReason::EndOfGeneration));
            }
            let bytes = engine.vocabulary().bytes(token);
            let fresh = healing.pay(bytes);
            // A token that only pays a debt writes none of the answer, so it does not count.
            if bytes.is_empty() || !fresh.is_empty() {
                n_answered += 1;
            }
            let pieces = assembly.push(fresh, choice.confidence);
            self.send(pieces);
            if assembly.is_stopped() {
                *ending = Some(choice.confidence);
                return Ok(Some(StopReason::StopString));
            }
            if n_answered >= job.max_tokens {
                return Ok(Some(StopReason::MaxTokens));
            }
            loop {
                match (self.turn)() {
                    Turn::Go => {}
                    Turn::Gone => return Ok(None),
                    Turn::GiveUp => return Ok(Some(StopReason::Interrupted)),
                }
                if self
                    .sequence
                    .advance(&[token], Outputs::Last, self.interrupted)?
                    == 1
                {
                    break;
                }
            }
        }
    }

    fn send(&self, pieces: Vec<Piece>) {
        for Piece { text, confidence } in pieces {
            let _ = self.events.send(Event::Piece { text, confidence });
        }
    }
}
