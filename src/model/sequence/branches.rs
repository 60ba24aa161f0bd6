//! Several ways for one sequence to go on, computed side by side: what a beam search needs.

use super::Sequence;
use crate::model::worker::Engine;
use crate::model::{ModelError, Token};

/// A way to go on. Branch 0 is the sequence itself; the others begin as a copy of another and
/// share its entries in the KV cache, so that a copy costs nothing.
pub(crate) type Branch = usize;

/// Branches there may be at once, the sequence itself included.
pub(crate) const MAX_BRANCHES: usize = 8;

/// The tokens of each branch but the first that it does not share with the sequence's record at
/// the time of the first fork.
#[derive(Default)]
pub(super) struct Branches {
    /// Length of the sequence when the first branch was made.
    stem: usize,
    tips: [Option<Vec<Token>>; MAX_BRANCHES],
}

impl<E: Engine> Sequence<E> {
    /// Branches there may be at once, the sequence itself included: 1 where the memory cannot
    /// share entries.
    pub(crate) fn n_branches(&self) -> usize {
        self.engine.n_branches()
    }

    /// Number of tokens in a branch.
    pub(crate) fn branch_len(&self, branch: Branch) -> usize {
        match &self.branches.tips[branch] {
            Some(tip) => self.branches.stem + tip.len(),
            None => self.n_filled,
        }
    }

    /// Makes `to` a copy of `from`. What `to` held is dropped; `to` must not be 0. The logits of
    /// the last batch stay readable.
    pub(crate) fn fork(&mut self, from: Branch, to: Branch) {
        debug_assert!(to != 0 && from != to && to < self.engine.n_branches());
        debug_assert_eq!(self.n_filled, self.tokens.len(), "the prompt is read");
        if self.branches.tips.iter().all(Option::is_none) {
            self.branches.stem = self.n_filled;
        }
        let tip = match &self.branches.tips[from] {
            Some(tip) => tip.clone(),
            None => self.tail(self.branches.stem),
        };
        self.engine.fork_branch(from, to);
        self.branches.tips[to] = Some(tip);
    }

    /// Drops a branch: of the first, which the others begin with, what it does not share with
    /// them.
    pub(crate) fn drop_branch(&mut self, branch: Branch) {
        if branch == 0 {
            if self.branches.tips.iter().any(Option::is_some) {
                self.remove(self.branches.stem, self.tokens.len());
            }
        } else if self.branches.tips[branch].take().is_some() {
            self.engine.drop_branch(branch);
        }
    }

    /// Cells of the KV cache in use by all branches together; there are as many as positions.
    /// Branches with equal beginnings are copies up to there: no two of them are made to write
    /// the same.
    pub(crate) fn n_cells(&self) -> usize {
        let mut tips: Vec<&[Token]> = self
            .branches
            .tips
            .iter()
            .flatten()
            .map(Vec::as_slice)
            .collect();
        let n_read = self.tokens.iter().flatten().count();
        if tips.is_empty() {
            return n_read;
        }
        let first = self.tail(self.branches.stem);
        tips.push(&first);
        tips.sort_unstable();
        let n_shared = tips.windows(2).map(|pair| {
            let both = pair[0].iter().zip(pair[1]);
            both.take_while(|(one, other)| one == other).count()
        });
        let n_tips: usize = tips.iter().map(|tip| tip.len()).sum();
        n_read - first.len() + n_tips - n_shared.sum::<usize>()
    }

    /// Computes one token at the end of each of several branches, in one batch. Afterwards row n
    /// of the logits belongs to the n-th of `steps`. False, with nothing changed, when
    /// `interrupted` said so.
    ///
    /// # Errors
    /// As [`Sequence::advance`]; all branches are gone then.
    pub(crate) fn step(
        &mut self,
        steps: &[(Branch, Token)],
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, ModelError> {
        let placed: Vec<_> = steps
            .iter()
            .map(|&(branch, token)| (branch, token, self.branch_position(branch)))
            .collect();
        match self.engine.step(&placed, interrupted) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => {
                self.clear();
                return Err(error);
            }
        }
        for &(branch, token) in steps {
            match &mut self.branches.tips[branch] {
                Some(tip) => tip.push(token),
                None => {
                    if self.n_exact == self.n_filled {
                        self.n_exact += 1;
                    }
                    self.positions.push(self.next_position());
                    self.tokens.push(Some(token));
                    self.n_filled += 1;
                }
            }
        }
        Ok(true)
    }

    /// Lets the sequence go on as `branch` did, and drops all branches.
    pub(crate) fn adopt(&mut self, branch: Branch) {
        if let Some(tip) = self.branches.tips[branch].take() {
            self.engine.adopt_branch(branch);
            let was_exact = self.n_exact >= self.branches.stem;
            self.tokens.truncate(self.branches.stem);
            self.positions.truncate(self.branches.stem);
            self.n_filled = self.branches.stem;
            let next = self.next_position();
            self.positions.extend(next..next + tip.len());
            self.tokens.extend(tip.into_iter().map(Some));
            self.n_filled = self.tokens.len();
            self.n_exact = match was_exact {
                true => self.n_filled,
                false => self.n_exact,
            };
        }
        self.drop_branches();
    }

    /// Where a branch's next token is computed.
    fn branch_position(&self, branch: Branch) -> usize {
        // Nothing is moved behind the first fork.
        let since = self.branch_len(branch) as isize - self.n_filled as isize;
        self.next_position().saturating_add_signed(since)
    }

    fn tail(&self, start: usize) -> Vec<Token> {
        let tail = self.tokens.get(start..).unwrap_or_default();
        tail.iter().copied().flatten().collect()
    }
}

impl<E: Engine> Sequence<E> {
    pub(super) fn drop_branches(&mut self) {
        for branch in 1..MAX_BRANCHES {
            if self.branches.tips[branch].take().is_some() {
                self.engine.drop_branch(branch);
            }
        }
    }
}
