//! What the KV cache holds for one use, and how a new prompt makes the most of it.

mod branches;
mod reuse;

use super::worker::Engine;
use super::{ModelError, Reuse, Token};
use branches::Branches;
pub(crate) use branches::{Branch, MAX_BRANCHES};

/// An engine's KV cache and the record of the tokens in it. The two agree at every moment, also
/// after an interrupted batch.
///
/// Reading a prompt is filling holes: [`prepare`](Sequence::prepare) keeps what the cache holds of
/// the prompt, [`fill`](Sequence::fill) computes what is missing, batch by batch. Whatever cuts
/// that short leaves a record with holes, from which the next prompt takes what it can use.
pub(crate) struct Sequence<E> {
    engine: E,
    /// The token at each position; `None` is a hole. The last one is never a hole.
    cells: Vec<Option<Token>>,
    /// Positions before the first hole.
    n_filled: usize,
    /// Positions whose entries are those of a prompt computed whole. From here on they may be
    /// approximate: moved here, or computed after such that were.
    n_exact: usize,
    /// Set once the cache refused to be cut, as recurrent models' does: their state is one sum
    /// over all tokens. Such a sequence can only grow or be cleared.
    only_grows: bool,
    branches: Branches,
}

impl<E: Engine> Sequence<E> {
    pub(crate) fn new(engine: E) -> Sequence<E> {
        Sequence {
            engine,
            cells: Vec::new(),
            n_filled: 0,
            n_exact: 0,
            only_grows: false,
            branches: Branches::default(),
        }
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

    /// Number of tokens in the cache before the first hole: the next one goes there.
    pub(crate) fn len(&self) -> usize {
        self.n_filled
    }

    /// Whether the tokens before the first hole hold entries that are only approximately those
    /// of a prompt computed whole.
    #[cfg(test)]
    pub(crate) fn is_approximate(&self) -> bool {
        self.n_exact < self.n_filled
    }

    /// Drops what `prompt` has no use for, moves what it has elsewhere where `reuse` allows it,
    /// and returns how many of its tokens are there. The last `n_fresh` tokens of the prompt are
    /// left to compute in any case: one where its logits are needed.
    pub(crate) fn prepare(&mut self, prompt: &[Token], n_fresh: usize, reuse: Reuse) -> usize {
        self.drop_branches();
        let n_most = prompt.len().saturating_sub(n_fresh);
        let wanted = &prompt[..n_most];
        let mut n_shared = shared_prefix(&self.cells, wanted);
        if reuse == Reuse::Exact {
            n_shared = n_shared.min(self.n_exact);
        }
        let moves = match reuse {
            Reuse::Shifted if self.engine.why_no_shift().is_none() && !self.only_grows => {
                reuse::moves(&self.cells, wanted, n_shared)
            }
            _ => Vec::new(),
        };
        self.rearrange(n_shared, &moves);
        self.cells.iter().flatten().count()
    }

    /// Keeps the first `n_keep` tokens and what `moves` takes elsewhere.
    fn rearrange(&mut self, n_keep: usize, moves: &[reuse::Move]) {
        let mut end = self.cells.len();
        for kept in moves.iter().rev() {
            self.remove(kept.from + kept.len, end);
            end = kept.from;
        }
        self.remove(n_keep, end);
        if self.cells.is_empty() {
            return;
        }
        // Entries that go to the left go first, the leftmost of them first, and the others from
        // the right: so none lands on one that has yet to go.
        let (left, right): (Vec<_>, Vec<_>) = moves.iter().partition(|m| m.to < m.from);
        for entries in left.into_iter().chain(right.into_iter().rev()) {
            self.shift(entries);
        }
        self.note_holes();
        self.n_exact = self.n_exact.min(n_keep);
    }

    fn shift(&mut self, entries: &reuse::Move) {
        let reuse::Move { from, to, len } = *entries;
        if from == to {
            return;
        }
        self.engine.shift(from..from + len, to);
        let tokens: Vec<_> = self.cells[from..from + len].to_vec();
        self.cells[from..from + len].fill(None);
        if self.cells.len() < to + len {
            self.cells.resize(to + len, None);
        }
        self.cells[to..to + len].copy_from_slice(&tokens);
    }

    /// Drops the tokens at positions in `start..end`.
    fn remove(&mut self, start: usize, end: usize) {
        let end = end.min(self.cells.len());
        if start >= end || self.cells[start..end].iter().all(Option::is_none) {
            return;
        }
        let is_tail = end == self.cells.len();
        let is_done = !self.only_grows && self.engine.remove(start..end, is_tail);
        if is_done {
            self.cells[start..end].fill(None);
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
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) fn cut(&mut self, n_keep: usize) {
        self.drop_branches();
        self.remove(n_keep, self.cells.len());
    }

    fn note_holes(&mut self) {
        while self.cells.last() == Some(&None) {
            self.cells.pop();
        }
        let hole = self.cells.iter().position(Option::is_none);
        self.n_filled = hole.unwrap_or(self.cells.len());
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
        let behind = self.cells.get(start..).unwrap_or_default();
        let n_hole = behind.iter().take_while(|cell| cell.is_none()).count();
        let end = match n_hole < behind.len() {
            true => start + n_hole,
            false => prompt.len(),
        };
        let end = end.min(start + self.engine.n_batch()).min(prompt.len());
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
        let batch = &tokens[..tokens.len().min(self.engine.n_batch())];
        match self.engine.decode(batch, start, outputs, interrupted) {
            Ok(n_done) => {
                let end = start + n_done;
                if self.cells.len() < end {
                    self.cells.resize(end, None);
                }
                for (cell, &token) in self.cells[start..end].iter_mut().zip(batch) {
                    debug_assert_eq!(*cell, None, "a token is computed into a hole");
                    *cell = Some(token);
                }
                if start == self.n_exact {
                    self.n_exact = end;
                }
                let behind = self.cells[end..].iter();
                self.n_filled = end + behind.take_while(|cell| cell.is_some()).count();
                Ok(n_done)
            }
            Err(error) => {
                // What a failed batch left behind is not known: start over next time.
                self.clear();
                Err(error)
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.engine.clear();
        self.cells.clear();
        self.n_filled = 0;
        self.n_exact = 0;
        self.branches = Branches::default();
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

fn shared_prefix(cells: &[Option<Token>], prompt: &[Token]) -> usize {
    let pairs = cells.iter().zip(prompt);
    pairs
        .take_while(|(cell, token)| **cell == Some(**token))
        .count()
}

#[cfg(test)]
mod tests;
