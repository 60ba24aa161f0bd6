//! Which adapter the entries of a cache were computed with.

use std::path::Path;

use super::Sequence;
use crate::model::ModelError;
use crate::model::worker::Engine;

impl<E: Engine> Sequence<E> {
    /// Computes with this adapter from now on, or with the model alone. Entries hold only under
    /// the adapter they were computed with, so a change clears the cache.
    ///
    /// # Errors
    /// [`ModelError::Adapter`] when it cannot be loaded; the model then computes alone.
    pub(crate) fn adapt(&mut self, adapter: Option<&Path>) -> Result<(), ModelError> {
        if self.adapter.as_deref() == adapter {
            return Ok(());
        }
        self.clear();
        self.adapter = None;
        self.engine.adapt(adapter)?;
        self.adapter = adapter.map(Path::to_owned);
        Ok(())
    }
}
