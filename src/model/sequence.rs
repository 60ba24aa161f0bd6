//! What the KV cache holds for one use, and how a new prompt makes the most of it.

mod adapter;
mod branches;
mod reuse;
mod saved;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::meter::Meter;
use super::worker::Engine;
use super::{ModelError, Reuse, Token};
use branches::Branches;
pub(crate) use branches::{Branch, MAX_BRANCHES};
pub(crate) use saved::Saved;

/// Positions left free before entries that are moved to the right, so that the next tokens need
/// no move. llama.cpp rotates the keys of all cells to move some: 19 ms for 4,096 cells of the
/// shipped model on one core, as long as 50 tokens take to read.
const SLACK: usize = 32;

/// Free positions that are left as they are: more than this and entries are moved to the left.
/// To the model, what stands on either side of them seems that much further apart.
const MOST_SLACK: usize = 64;

/// An engine's KV cache and the record of the tokens in it. The two agree at every moment, also
/// after an interrupted batch.
///
/// Reading a prompt is filling holes: [`prepare`](Sequence::prepare) keeps what the cache holds of
/// the prompt, [`fill`](Sequence::fill) computes what is missing, batch by batch. Whatever cuts
/// that short leaves a record with holes, from which the next prompt takes what it can use.
pub(crate) struct Sequence<E> {
    engine: E,
    /// The tokens in their order; `None` is a hole. The last one is never a hole.
    tokens: Vec<Option<Token>>,
    /// The position of each, holes included: they grow from one to the next, by one as long as
    /// nothing was moved. There is no free position behind a hole's predecessor or within a hole.
    positions: Vec<usize>,
    /// Tokens before the first hole.
    n_filled: usize,
    /// Tokens whose entries are those of a prompt computed whole. From here on they may be
    /// approximate: moved here, or computed after such that were.
    n_exact: usize,
    /// Set once the cache refused to be cut, as recurrent models' does: their state is one sum
    /// over all tokens. Such a sequence can only grow or be cleared.
    only_grows: bool,
    branches: Branches,
    /// The adapter that the entries were computed with.
    adapter: Option<PathBuf>,
    meter: Arc<Meter>,
}

impl<E: Engine> Sequence<E> {
    pub(crate) fn new(engine: E) -> Sequence<E> {
        Sequence {
            engine,
            tokens: Vec::new(),
            positions: Vec::new(),
            n_filled: 0,
            n_exact: 0,
            only_grows: false,
            branches: Branches::default(),
            adapter: None,
            meter: Arc::default(),
        }
    }

    /// Lets `meter` see how long batches take.
    pub(crate) fn measured_by(mut self, meter: Arc<Meter>) -> Sequence<E> {
        self.meter = meter;
        self
    }

    pub(crate) fn engine(&self) -> &E {
        &self.engine
    }

    pub(crate) fn engine_mut(&mut self) -> &mut E {
        &mut self.engine
    }

    /// Whether the cache is known to be one that cannot be cut.
    pub(crate) fn only_grows(&self) -> bool {
        self.only_grows
    }

    /// Number of tokens in the cache before the first hole.
    pub(crate) fn len(&self) -> usize {
        self.n_filled
    }

    /// The tokens in their order; `None` is a hole.
    pub(crate) fn tokens(&self) -> &[Option<Token>] {
        &self.tokens
    }

    /// Whether the tokens before the first hole hold entries that are only approximately those
    /// of a prompt computed whole.
    #[cfg(test)]
    pub(crate) fn is_approximate(&self) -> bool {
        self.n_exact < self.n_filled
    }

    /// What the record says that the cache holds: the token at each position.
    #[cfg(test)]
    pub(crate) fn record(&self) -> Vec<Option<Token>> {
        let mut cells = vec![None; self.positions.last().map_or(0, |last| last + 1)];
        for (&at, &token) in self.positions.iter().zip(&self.tokens) {
            cells[at] = token;
        }
        cells
    }

    /// Drops what `prompt` has no use for, moves what it has elsewhere where `reuse` allows it,
    /// and returns how many of its tokens are there. The last `n_fresh` tokens of the prompt are
    /// left to compute in any case: one where its logits are needed.
    pub(crate) fn prepare(&mut self, prompt: &[Token], n_fresh: usize, reuse: Reuse) -> usize {
        self.drop_branches();
        let n_most = prompt.len().saturating_sub(n_fresh);
        let wanted = &prompt[..n_most];
        let mut n_shared = shared_prefix(&self.tokens, wanted);
        if reuse == Reuse::Exact {
            n_shared = n_shared.min(self.n_exact);
        }
        let moves = match reuse {
            Reuse::Shifted if self.engine.why_no_shift().is_none() && !self.only_grows => {
                reuse::moves(&self.tokens, wanted, n_shared)
            }
            _ => Vec::new(),
        };
        let moves = self.worthwhile(n_shared, moves);
        self.rearrange(n_shared, &moves);
        self.tokens.iter().flatten().count()
    }

    /// The moves, if making them takes less time than computing their tokens.
    fn worthwhile(&self, n_keep: usize, moves: Vec<reuse::Move>) -> Vec<reuse::Move> {
        let n_saved: usize = moves.iter().map(|run| run.len).sum();
        let is_free = self
            .layout(n_keep, &moves, MOST_SLACK, SLACK)
            .shifts
            .is_empty();
        match is_free || n_saved > self.engine.shift_cost() {
            true => moves,
            false => Vec::new(),
        }
    }

    /// Keeps the first `n_keep` tokens and what `moves` takes elsewhere.
    fn rearrange(&mut self, n_keep: usize, moves: &[reuse::Move]) {
        let mut end = self.tokens.len();
        for run in moves.iter().rev() {
            self.remove(run.from + run.len, end);
            end = run.from;
        }
        self.remove(n_keep, end);
        if moves.is_empty() || self.tokens.is_empty() {
            return;
        }

        let mut layout = self.layout(n_keep, moves, MOST_SLACK, SLACK);
        if layout.n_free() > MOST_SLACK {
            layout = self.layout(n_keep, moves, 0, 0);
        }
        let Layout {
            tokens,
            positions,
            shifts,
        } = layout;
        // Entries that go to the left go first, the leftmost of them first, and the others from
        // the right: so none lands on one that has yet to go.
        let goes_left = |(range, to): &(Range<usize>, usize)| *to < range.start;
        let (left, right): (Vec<_>, Vec<_>) = shifts.into_iter().partition(goes_left);
        for (range, to) in left.into_iter().chain(right.into_iter().rev()) {
            self.engine.shift(range, to);
        }
        (self.tokens, self.positions) = (tokens, positions);
        self.note_holes();
        self.n_exact = self.n_exact.min(n_keep);
    }

    /// Where tokens are after `moves`, with up to `most_slack` free positions before a run that
    /// stays and `slack` before one that goes and has a hole before it.
    fn layout(
        &self,
        n_keep: usize,
        moves: &[reuse::Move],
        most_slack: usize,
        slack: usize,
    ) -> Layout {
        let mut tokens = self.tokens[..n_keep].to_vec();
        let mut positions = self.positions[..n_keep].to_vec();
        let mut shifts = Vec::new();
        for &reuse::Move { from, to, len } in moves {
            let next = positions.last().map_or(0, |last| last + 1);
            let mut n_holes = to - tokens.len();
            tokens.resize(to, None);
            tokens.extend_from_slice(&self.tokens[from..from + len]);
            positions.extend(next..next + n_holes);
            // A run may lie on both sides of free positions.
            for part in self.positions[from..from + len].chunk_by(|a, b| a + 1 == *b) {
                let first = positions.last().map_or(0, |last| last + 1);
                let at = part[0];
                let goes_to = match n_holes {
                    _ if (first..=first + most_slack).contains(&at) => at,
                    0 => first,
                    _ => first + slack,
                };
                if at != goes_to {
                    shifts.push((at..at + part.len(), goes_to));
                }
                positions.extend(goes_to..goes_to + part.len());
                n_holes = 0;
            }
        }
        Layout {
            tokens,
            positions,
            shifts,
        }
    }

    /// Drops the tokens in `start..end`.
    fn remove(&mut self, start: usize, end: usize) {
        let end = end.min(self.tokens.len());
        if start >= end || self.tokens[start..end].iter().all(Option::is_none) {
            return;
        }
        let range = self.positions[start]..self.positions[end - 1] + 1;
        let is_tail = end == self.tokens.len();
        if !self.only_grows && self.engine.remove(range, is_tail) {
            self.tokens[start..end].fill(None);
            self.note_holes();
        } else {
            if !self.only_grows && start > 0 {
                self.only_grows = true;
                tracing::info!(
                    "this model's memory cannot be cut: prompts that do not continue the last one \
                     are read from the start"
                );
            }
            self.clear();
        }
    }

    /// Drops all tokens from `n_keep` on, such as those of a guess that was wrong. Where the
    /// memory cannot be cut, all tokens.
    pub(crate) fn cut(&mut self, n_keep: usize) {
        self.drop_branches();
        self.remove(n_keep, self.tokens.len());
    }

    fn note_holes(&mut self) {
        while self.tokens.last() == Some(&None) {
            self.tokens.pop();
        }
        self.positions.truncate(self.tokens.len());
        let hole = self.tokens.iter().position(Option::is_none);
        self.n_filled = hole.unwrap_or(self.tokens.len());
        self.n_exact = self.n_exact.min(self.n_filled);
    }

    /// Computes the next batch of a prompt that was [prepared](Sequence::prepare), with the
    /// logits of its last token where `outputs` wants them. Returns how many tokens were
    /// computed: fewer than the batch when `interrupted` said so inside it, none when it said so
    /// at once.
    pub(crate) fn fill(
        &mut self,
        prompt: &[Token],
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError> {
        let start = self.n_filled;
        let behind = &self.tokens[start..];
        let n_hole = behind.iter().take_while(|token| token.is_none()).count();
        let end = match n_hole < behind.len() {
            true => start + n_hole,
            false => prompt.len(),
        };
        let end = end.min(start + self.engine.n_batch());
        // Only the last batch ends with a token whose logits are looked at.
        let outputs = match end < prompt.len() {
            true => Outputs::None,
            false => outputs,
        };
        self.advance(&prompt[start..end], outputs, interrupted)
    }

    /// Computes the next batch of `tokens`, which go on where the cache ends or has its first
    /// hole, and returns how many of them are in the cache now: fewer than the batch when
    /// `interrupted` said so inside it, none when it said so at once.
    pub(crate) fn advance(
        &mut self,
        tokens: &[Token],
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError> {
        let start = self.n_filled;
        let at = self.next_position();
        let batch = &tokens[..tokens.len().min(self.engine.n_batch())];
        let started = Instant::now();
        match self.engine.decode(batch, at, outputs, interrupted) {
            Ok(n_done) => {
                if n_done == batch.len() {
                    self.meter.note(n_done, started.elapsed());
                }
                let end = start + n_done;
                if self.tokens.len() < end {
                    self.tokens.resize(end, None);
                    let n_new = end - self.positions.len();
                    let next = at + n_done - n_new;
                    self.positions.extend(next..at + n_done);
                }
                for (cell, &token) in self.tokens[start..end].iter_mut().zip(batch) {
                    debug_assert_eq!(*cell, None, "a token is computed into a hole");
                    *cell = Some(token);
                }
                if start == self.n_exact {
                    self.n_exact = end;
                }
                let behind = self.tokens[end..].iter();
                self.n_filled = end + behind.take_while(|token| token.is_some()).count();
                Ok(n_done)
            }
            Err(error) => {
                // What a failed batch left behind is not known: start over next time.
                self.clear();
                Err(error)
            }
        }
    }

    /// Where the next token is computed.
    fn next_position(&self) -> usize {
        match self.positions.get(self.n_filled) {
            Some(&hole) => hole,
            None => self.positions.last().map_or(0, |last| last + 1),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.engine.clear();
        self.tokens.clear();
        self.positions.clear();
        self.n_filled = 0;
        self.n_exact = 0;
        self.branches = Branches::default();
    }
}

/// Where tokens are to be.
struct Layout {
    tokens: Vec<Option<Token>>,
    positions: Vec<usize>,
    /// Positions whose entries go elsewhere, and where the first of them goes.
    shifts: Vec<(Range<usize>, usize)>,
}

impl Layout {
    /// Positions that are free for good.
    fn n_free(&self) -> usize {
        self.positions.last().map_or(0, |last| last + 1) - self.positions.len()
    }
}

/// Of which tokens of a batch the logits are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outputs {
    /// None: the tokens are only read.
    None,
    /// The last one's, at index 0.
    Last,
    /// Every token's, at its index in the batch.
    Each,
}

fn shared_prefix(tokens: &[Option<Token>], prompt: &[Token]) -> usize {
    let pairs = tokens.iter().zip(prompt);
    pairs
        .take_while(|(known, token)| **known == Some(**token))
        .count()
}

#[cfg(test)]
mod tests;
