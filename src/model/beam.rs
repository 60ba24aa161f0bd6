//! A small beam search over whole lines.
//!
//! A greedy answer goes wrong at one token and never comes back. Here several hypotheses are kept
//! side by side, computed in one batch, and those that end at the line's end are collected; the most
//! probable of them is the answer (as in JetBrains' Full Line Code Completion, arXiv 2405.08704).
//! Healing works inside it: a hypothesis owes its bytes until it has paid them.

use super::healing::Healing;
use super::sampling::{self, Choice};
use super::sequence::{Branch, MAX_BRANCHES, Sequence};
use super::stop::{Assembly, Piece};
use super::worker::Engine;
use super::writer::Turn;
use super::{Confidence, Job, ModelError, StopReason, Token};

/// How much less probable than the best finished line another may be and still be continued, in
/// nats, where several are wanted.
const MAX_BEHIND: f32 = 4.0;

/// A finished line.
pub(super) struct Line {
    pub(super) pieces: Vec<Piece>,
    pub(super) reason: StopReason,
    /// How sure the model was of what ended it.
    pub(super) ending: Option<Confidence>,
    tokens: Vec<Token>,
    /// Natural logarithm of its probability, that of its ending included.
    logprob: f32,
}

impl Line {
    fn text(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect()
    }
}

/// A search for the most probable lines.
pub(super) struct Search<'a, E> {
    pub(super) sequence: &'a mut Sequence<E>,
    pub(super) job: &'a Job,
    /// Asked before each batch; lets others pass in the meantime.
    pub(super) turn: &'a mut dyn FnMut() -> Turn,
    /// Asked inside a batch: whether to come out of it early.
    pub(super) interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Hypotheses kept side by side.
    pub(super) width: usize,
    /// Lines wanted, at most.
    pub(super) n_lines: usize,
    /// Tokens decoded so far.
    pub(super) n_decoded: usize,
}

/// A line being written.
#[derive(Clone)]
struct Hypothesis {
    branch: Branch,
    healing: Healing,
    assembly: Assembly,
    pieces: Vec<Piece>,
    tokens: Vec<Token>,
    n_answered: usize,
    logprob: f32,
}

impl<E: Engine> Search<'_, E> {
    /// The most probable lines, best first. The logits behind the prompt have just been computed.
    /// `None` once nobody listens; no line where healing failed.
    ///
    /// # Errors
    /// As [`Sequence::step`].
    pub(super) fn run(&mut self) -> Result<Option<Vec<Line>>, ModelError> {
        // Branch 0 cannot be made a copy of another, so it may be lost to the search.
        let n_others = self.sequence.n_branches().min(MAX_BRANCHES) - 1;
        self.width = self.width.clamp(1, n_others.max(1));
        self.n_lines = self.n_lines.max(1);
        self.n_decoded = 1;
        let mut live = vec![Hypothesis {
            branch: 0,
            healing: Healing::new(self.job.heal.clone()),
            assembly: Assembly::new(&self.job.stop),
            pieces: Vec::new(),
            tokens: Vec::new(),
            n_answered: 0,
            logprob: 0.0,
        }];
        let mut lines: Vec<Line> = Vec::new();
        loop {
            let mut next = self.grow(&live, &mut lines)?;
            next.retain(|hypothesis| !self.is_beaten(hypothesis.logprob, &lines));
            if next.is_empty() {
                break;
            }
            self.place(&live, &mut next);
            self.fit(&mut next);
            let steps: Vec<(Branch, Token)> = next
                .iter()
                .filter_map(|hypothesis| Some((hypothesis.branch, *hypothesis.tokens.last()?)))
                .collect();
            loop {
                match (self.turn)() {
                    Turn::Go => {}
                    Turn::Gone => return Ok(None),
                    Turn::GiveUp => {
                        let best = next.swap_remove(0);
                        lines.push(best.finished(StopReason::Interrupted, None));
                        return Ok(Some(lines));
                    }
                }
                if self.sequence.step(&steps, self.interrupted)? {
                    break;
                }
            }
            self.n_decoded += steps.len();
            live = next;
        }
        if let Some(best) = lines.first() {
            // The next prompt may well go on where this answer went.
            let nearest = live.iter().max_by_key(|hypothesis| {
                let shared = hypothesis.tokens.iter().zip(&best.tokens);
                shared.take_while(|(one, other)| one == other).count()
            });
            self.sequence
                .adopt(nearest.map_or(0, |hypothesis| hypothesis.branch));
        }
        Ok(Some(lines))
    }

    /// The best ways on from all hypotheses. Those that end a line are kept in `lines`.
    fn grow(
        &self,
        live: &[Hypothesis],
        lines: &mut Vec<Line>,
    ) -> Result<Vec<Hypothesis>, ModelError> {
        let engine = self.sequence.engine();
        let mut ways: Vec<(usize, f32, Choice)> = Vec::new();
        for (row, hypothesis) in live.iter().enumerate() {
            let allowed = hypothesis.healing.candidates(engine.vocabulary());
            let choices = sampling::best(engine.logits(row), allowed.as_deref(), 2 * self.width);
            if choices.is_empty() && allowed.is_none() {
                return Err(sampling::overflow());
            }
            ways.extend(
                choices
                    .into_iter()
                    .map(|choice| (row, hypothesis.logprob + choice.confidence.logprob, choice)),
            );
        }
        // Stable, so that of equals the one of the better hypothesis comes first.
        ways.sort_by(|one, other| other.1.total_cmp(&one.1));
        let mut next = Vec::new();
        for (row, logprob, choice) in ways {
            if next.len() == self.width || self.is_beaten(logprob, lines) {
                break;
            }
            let mut child = live[row].clone();
            child.logprob = logprob;
            match child.write(
                choice,
                self.job,
                engine,
                self.sequence.branch_len(child.branch),
            ) {
                None => next.push(child),
                Some((reason, ending)) => self.keep(lines, child.finished(reason, ending)),
            }
        }
        Ok(next)
    }

    /// Whether nothing that begins so can become a line that is wanted: probabilities only fall.
    fn is_beaten(&self, logprob: f32, lines: &[Line]) -> bool {
        let is_full = lines.len() >= self.n_lines;
        is_full && lines.last().is_some_and(|line| logprob <= line.logprob)
            || lines
                .first()
                .is_some_and(|best| logprob < best.logprob - MAX_BEHIND)
    }

    /// Puts a line in its place among the best. Of lines with one text the more probable counts.
    fn keep(&self, lines: &mut Vec<Line>, line: Line) {
        let text = line.text();
        if let Some(same) = lines.iter().position(|other| other.text() == text) {
            if lines[same].logprob >= line.logprob {
                return;
            }
            lines.remove(same);
        }
        let place = lines.partition_point(|other| other.logprob >= line.logprob);
        lines.insert(place, line);
        lines.truncate(self.n_lines);
    }

    /// Gives up the least probable of `next` until a token of each has room: all branches share
    /// the cells of one context. The most probable one always has, or its line had ended.
    fn fit(&mut self, next: &mut Vec<Hypothesis>) {
        let n_ctx = self.sequence.engine().n_ctx();
        while next.len() > 1 && self.sequence.n_cells() + next.len() > n_ctx {
            if let Some(least) = next.pop() {
                self.sequence.drop_branch(least.branch);
            }
        }
    }

    /// Gives each of `next` a branch that holds all its tokens but the last: the first child its
    /// parent's, the others a copy of it.
    fn place(&mut self, live: &[Hypothesis], next: &mut [Hypothesis]) {
        let mut is_used = [false; MAX_BRANCHES];
        for hypothesis in next.iter() {
            is_used[hypothesis.branch] = true;
        }
        for dead in live.iter().filter(|parent| !is_used[parent.branch]) {
            self.sequence.drop_branch(dead.branch);
        }
        let mut is_taken = [false; MAX_BRANCHES];
        for hypothesis in next {
            if std::mem::replace(&mut is_taken[hypothesis.branch], true) {
                let free = (1..MAX_BRANCHES).find(|&branch| !is_used[branch]);
                let free = free.expect("there are more branches than hypotheses");
                is_used[free] = true;
                is_taken[free] = true;
                self.sequence.fork(hypothesis.branch, free);
                hypothesis.branch = free;
            }
        }
    }
}

impl Hypothesis {
    /// Writes a token. Where that ends the line: why, and how sure the model was of the end.
    fn write<E: Engine>(
        &mut self,
        choice: Choice,
        job: &Job,
        engine: &E,
        n_before: usize,
    ) -> Option<(StopReason, Option<Confidence>)> {
        let Choice { token, confidence } = choice;
        if engine.is_end(token) || job.stop_tokens.contains(&token) {
            return Some((StopReason::EndOfGeneration, Some(confidence)));
        }
        self.tokens.push(token);
        let bytes = engine.vocabulary().bytes(token);
        let fresh = self.healing.pay(bytes);
        if bytes.is_empty() || !fresh.is_empty() {
            self.n_answered += 1;
        }
        self.pieces.extend(self.assembly.push(fresh, confidence));
        if self.assembly.is_stopped() {
            return Some((StopReason::StopString, Some(confidence)));
        }
        let is_full = self.n_answered >= job.max_tokens || n_before + 1 >= engine.n_ctx();
        is_full.then_some((StopReason::MaxTokens, None))
    }

    fn finished(mut self, reason: StopReason, ending: Option<Confidence>) -> Line {
        self.pieces.extend(self.assembly.finish());
        Line {
            pieces: self.pieces,
            reason,
            ending,
            tokens: self.tokens,
            logprob: self.logprob,
        }
    }
}
