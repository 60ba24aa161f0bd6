//! LoRA adapters (Hu et al., 2021): small sets of weights that a model was tuned with, added to it
//! while it computes.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::Arc;

use llama_cpp_sys_2 as sys;

use super::log;
use super::weights::Weights;
use crate::model::ModelError;

/// Adapters kept in memory at once; more repositories than that are rarely open.
const MAX_LOADED: usize = 4;

/// An adapter of one model.
pub(super) struct Adapter {
    adapter: NonNull<sys::llama_adapter_lora>,
    /// An adapter belongs to its model and must not outlive it.
    _weights: Arc<Weights>,
}

impl Adapter {
    fn load(weights: &Arc<Weights>, path: &Path) -> Result<Adapter, ModelError> {
        let refused = |reason: String| ModelError::Adapter {
            path: path.to_owned(),
            reason,
        };
        if let Err(error) = std::fs::metadata(path) {
            return Err(refused(error.to_string()));
        }
        let text = path.to_str().and_then(|path| CString::new(path).ok());
        let text = text.ok_or_else(|| refused("its path is not valid Unicode".to_owned()))?;
        log::take_errors();
        // SAFETY: the model is loaded and `text` is NUL-terminated. llama.cpp notes the adapter in
        // the model, in a set that nothing but the loading and freeing of adapters touches, and
        // both happen on the thread of the model alone.
        let adapter = unsafe { sys::llama_adapter_lora_init(weights.as_ptr(), text.as_ptr()) };
        let adapter =
            NonNull::new(adapter).ok_or_else(|| refused(log::reason(&log::take_errors())))?;
        Ok(Adapter {
            adapter,
            _weights: weights.clone(),
        })
    }

    pub(super) fn as_ptr(&self) -> *mut sys::llama_adapter_lora {
        self.adapter.as_ptr()
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        // SAFETY: the model lives, and no context uses the adapter: `Adapters` keeps the one in
        // use, and a context is dropped before its adapters.
        unsafe { sys::llama_adapter_lora_free(self.as_ptr()) }
    }
}

/// The adapters that were loaded, the one used last at the end.
#[derive(Default)]
pub(super) struct Adapters {
    loaded: Vec<(PathBuf, Result<Adapter, ModelError>)>,
}

impl Adapters {
    /// The adapter of a file. One that could not be loaded is not tried again.
    ///
    /// # Errors
    /// [`ModelError::Adapter`] when the file cannot be read or belongs to another model.
    pub(super) fn get(
        &mut self,
        weights: &Arc<Weights>,
        path: &Path,
    ) -> Result<&Adapter, ModelError> {
        let known = self.loaded.iter().position(|(known, _)| known == path);
        let found = match known {
            Some(at) => self.loaded.remove(at),
            None => (path.to_owned(), Adapter::load(weights, path)),
        };
        self.loaded.push(found);
        let (_, found) = &self.loaded[self.loaded.len() - 1];
        found.as_ref().map_err(ModelError::clone)
    }

    /// Lets go of what has not been used for longest.
    pub(super) fn shrink(&mut self) {
        let n_extra = self.loaded.len().saturating_sub(MAX_LOADED);
        self.loaded.drain(..n_extra);
    }
}
