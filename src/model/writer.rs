//! The answer of a job, token by token, once its prompt is in the KV cache.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Instant;

use tokio::sync::mpsc;

use super::beam::Search;
use super::drafts::{self, Worth};
use super::healing::Healing;
use super::sampling::{self, Sampler};
use super::sequence::{Outputs, Sequence};
use super::stop::{Assembly, Piece};
use super::worker::{Counters, Engine};
use super::{Confidence, Event, Job, ModelError, Sampling, StopReason, Token, Usage};

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
    /// Whether guessing ahead pays.
    pub(super) worth: &'a RefCell<Worth>,
    /// Asked before each batch; lets others pass in the meantime.
    pub(super) turn: &'a mut dyn FnMut() -> Turn,
    /// Asked inside a batch: whether to come out of it early.
    pub(super) interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// Guesses that were computed behind the last token.
#[derive(Default)]
struct Flight {
    /// Those in the cache whose turn has yet to come.
    left: VecDeque<Token>,
    /// Those that were right so far; the next token is decided by this row of logits.
    n_right: usize,
}

impl Flight {
    fn is_empty(&self) -> bool {
        self.n_right == 0 && self.left.is_empty()
    }
}

impl<E: Engine> Writer<'_, E> {
    /// Writes until the answer is complete and sends `Done`; ends without an event once nobody
    /// listens. The logits behind the prompt have just been computed.
    pub(super) fn write(mut self, mut usage: Usage) -> Result<(), ModelError> {
        let started = Instant::now();
        let ended = match self.job.sampling {
            Sampling::Beam { width, n_lines } if self.sequence.n_branches() > 1 => {
                self.lines(width, n_lines, &mut usage)?
            }
            _ => self.answer(&mut usage)?,
        };
        let Some((reason, ending)) = ended else {
            return Ok(());
        };
        usage.decode = started.elapsed();
        let _ = self.events.send(Event::Done {
            reason,
            ending,
            usage,
        });
        Ok(())
    }

    /// Searches for lines and sends the best; `None` once nobody listens.
    fn lines(
        &mut self,
        width: usize,
        n_lines: usize,
        usage: &mut Usage,
    ) -> Result<Option<Ended>, ModelError> {
        let mut search = Search {
            sequence: self.sequence,
            job: self.job,
            turn: self.turn,
            interrupted: self.interrupted,
            width,
            n_lines,
            n_decoded: 0,
        };
        let lines = search.run()?;
        usage.n_decoded = search.n_decoded;
        self.counters.decoded(search.n_decoded);
        let Some(lines) = lines else {
            return Ok(None);
        };
        let mut lines = lines.into_iter();
        let Some(best) = lines.next() else {
            return Ok(Some((StopReason::HealingFailed, None)));
        };
        self.send(best.pieces);
        for line in lines {
            let pieces = line.pieces.into_iter();
            let _ = self.events.send(Event::Candidate {
                pieces: pieces.map(|piece| (piece.text, piece.confidence)).collect(),
                ending: line.ending,
            });
        }
        Ok(Some((best.reason, best.ending)))
    }

    /// Writes token after token; `None` once nobody listens.
    fn answer(&mut self, usage: &mut Usage) -> Result<Option<Ended>, ModelError> {
        let mut assembly = Assembly::new(&self.job.stop);
        let mut flight = Flight::default();
        let ended = self.tokens(&mut assembly, &mut flight, usage)?;
        // The end of an answer is where guesses are right most often.
        self.land(&mut flight);
        if ended.is_some() {
            self.send(assembly.finish());
        }
        Ok(ended)
    }

    fn tokens(
        &mut self,
        assembly: &mut Assembly,
        flight: &mut Flight,
        usage: &mut Usage,
    ) -> Result<Option<Ended>, ModelError> {
        let job = self.job;
        let n_ctx = self.sequence.engine().n_ctx();
        let mut healing = Healing::new(job.heal.clone());
        let mut sampler = Sampler::new(job.sampling);
        let mut n_answered = 0;
        // Prompt and answer, to guess from.
        let mut text = job.prompt.clone();
        let guesses = job.guess
            && !matches!(job.sampling, Sampling::Seeded { .. })
            // What was guessed wrong is cut off again. A memory that cannot be cut cannot be
            // shared either, and that is known from the start.
            && self.sequence.n_branches() > 1
            && !self.sequence.only_grows();
        loop {
            let n_read = self.sequence.len() - flight.left.len();
            if n_answered >= job.max_tokens || n_read >= n_ctx {
                return Ok(Some((StopReason::MaxTokens, None)));
            }
            let engine = self.sequence.engine();
            let candidates = healing.candidates(engine.vocabulary());
            if candidates.as_ref().is_some_and(Vec::is_empty) {
                return Ok(Some((StopReason::HealingFailed, None)));
            }
            let choice = sampler
                .choose(engine.logits(flight.n_right), candidates.as_deref())
                .ok_or_else(sampling::overflow)?;
            usage.n_decoded += 1;
            self.counters.decoded(1);
            let token = choice.token;
            if engine.is_end(token) || job.stop_tokens.contains(&token) {
                let ending = Some(choice.confidence);
                return Ok(Some((StopReason::EndOfGeneration, ending)));
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
                return Ok(Some((StopReason::StopString, Some(choice.confidence))));
            }
            if n_answered >= job.max_tokens {
                return Ok(Some((StopReason::MaxTokens, None)));
            }
            text.push(token);
            if flight.left.front() == Some(&token) {
                flight.left.pop_front();
                flight.n_right += 1;
                usage.n_accepted += 1;
                self.counters.accepted(1);
                // Between two batches others may pass; within one, at least a wish to end counts.
                if self.events.is_closed() {
                    return Ok(None);
                }
                continue;
            }
            if !flight.is_empty() {
                self.land(flight);
                self.sequence.cut(n_read);
            }
            let draft = match guesses {
                true => drafts::draft(&text),
                false => &[],
            };
            let room = n_ctx - n_read - 1;
            let most = room.min(job.max_tokens - n_answered);
            let most = most.min(self.sequence.engine().n_batch() - 1);
            let mut draft = &draft[..draft.len().min(most)];
            if !draft.is_empty() && !self.worth.borrow_mut().wants() {
                draft = &[];
            }
            if let Some(turn) = self.compute(token, draft)? {
                return Ok(turn);
            }
            usage.n_drafted += draft.len();
            flight.left.extend(draft);
        }
    }

    /// Notes what the guesses of a batch have brought.
    fn land(&self, flight: &mut Flight) {
        let landed = std::mem::take(flight);
        if !landed.is_empty() {
            self.worth.borrow_mut().were_right(landed.n_right);
        }
    }

    /// Computes a token and the guesses behind it. What it returns ends the answer.
    fn compute(
        &mut self,
        token: Token,
        draft: &[Token],
    ) -> Result<Option<Option<Ended>>, ModelError> {
        let batch = [&[token], draft].concat();
        let outputs = match draft {
            [] => Outputs::Last,
            _ => Outputs::Each,
        };
        loop {
            match (self.turn)() {
                Turn::Go => {}
                Turn::Gone => return Ok(Some(None)),
                Turn::GiveUp => return Ok(Some(Some((StopReason::Interrupted, None)))),
            }
            let start = self.sequence.len();
            let started = Instant::now();
            let n_done = self.sequence.advance(&batch, outputs, self.interrupted)?;
            if n_done == batch.len() {
                let mut worth = self.worth.borrow_mut();
                worth.took(draft.len(), started.elapsed());
                return Ok(None);
            }
            // Interrupted between the guesses: what is there lacks some of its logits.
            self.sequence.cut(start);
        }
    }

    fn send(&self, pieces: Vec<Piece>) {
        for Piece { text, confidence } in pieces {
            let _ = self.events.send(Event::Piece { text, confidence });
        }
    }
}

/// Why an answer ended, and how sure the model was of that.
type Ended = (StopReason, Option<Confidence>);

#[cfg(test)]
mod tests;
