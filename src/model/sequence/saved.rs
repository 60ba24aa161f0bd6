//! A sequence taken out of the KV cache, to be put back later.

use std::path::PathBuf;

use super::{Sequence, shared_prefix};
use crate::model::Token;
use crate::model::worker::Engine;

/// What a sequence held: the record, and the entries as the engine wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saved {
    /// As in [`Sequence`].
    pub(crate) tokens: Vec<Option<Token>>,
    /// As in [`Sequence`].
    pub(crate) positions: Vec<usize>,
    /// As in [`Sequence`].
    pub(crate) n_exact: usize,
    /// As in [`Sequence`].
    pub(crate) adapter: Option<PathBuf>,
    /// The entries, readable by an engine with the same weights and shape only.
    pub(crate) entries: Vec<u8>,
}

impl Saved {
    /// Memory it takes, in bytes.
    pub(crate) fn n_bytes(&self) -> usize {
        self.entries.len() + self.tokens.len() * (size_of::<Option<Token>>() + size_of::<usize>())
    }

    /// How many tokens a prompt has in common with it from the start.
    pub(crate) fn n_shared(&self, prompt: &[Token]) -> usize {
        shared_prefix(&self.tokens, prompt)
    }
}

impl<E: Engine> Sequence<E> {
    /// How many tokens a prompt has in common with it from the start.
    pub(crate) fn n_shared(&self, prompt: &[Token]) -> usize {
        shared_prefix(&self.tokens, prompt)
    }

    /// A copy of all it holds; `None` where the engine cannot give it away.
    pub(crate) fn save(&mut self) -> Option<Saved> {
        self.drop_branches();
        let n_positions = self.positions.last().map_or(0, |last| last + 1);
        if n_positions == 0 || self.only_grows {
            return None;
        }
        Some(Saved {
            entries: self.engine.save(n_positions)?,
            tokens: self.tokens.clone(),
            positions: self.positions.clone(),
            n_exact: self.n_exact,
            adapter: self.adapter.clone(),
        })
    }

    /// Holds what was saved, and nothing else. Where the engine refuses it, nothing.
    pub(crate) fn restore(&mut self, saved: &Saved) {
        self.clear();
        // An adapter that has gone in the meantime is reported when a job asks for it.
        if self.adapt(saved.adapter.as_deref()).is_err() {
            return;
        }
        if !self.engine.restore(&saved.entries) {
            tracing::warn!("a saved KV cache does not fit the model and is left out");
            self.clear();
            return;
        }
        self.tokens.clone_from(&saved.tokens);
        self.positions.clone_from(&saved.positions);
        self.n_exact = saved.n_exact;
        self.note_holes();
    }
}
