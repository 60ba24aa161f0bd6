//! From arguments to a model.

use std::sync::Arc;

use anyhow::Result;

use super::args::ModelArgs;
use crate::config::ModelConfig;
use crate::config::format::Format;
use crate::model::Model;

impl ModelArgs {
    /// As the program uses them.
    pub(super) fn config(&self) -> ModelConfig {
        ModelConfig {
            path: self.model.clone(),
            n_ctx: self.context,
            n_threads: self.threads,
            gpu_layers: self.gpu_layers,
        }
    }

    /// The format given for filling in the middle.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub(super) fn read_format(&self) -> Result<Option<Arc<Format>>> {
        let format = self.format.as_deref().map(Format::read).transpose();
        Ok(format.map_err(anyhow::Error::msg)?.map(Arc::new))
    }

    /// As arguments for another process of ours.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut put = |name: &str, value: Option<String>| {
            arguments.extend(
                value
                    .map(|value| [name.to_owned(), value])
                    .into_iter()
                    .flatten(),
            );
        };
        put(
            "--model",
            self.model
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
        );
        put("--context", self.context.map(|n| n.to_string()));
        put("--threads", self.threads.map(|n| n.to_string()));
        put("--gpu-layers", self.gpu_layers.map(|n| n.to_string()));
        put(
            "--format",
            self.format
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
        );
        arguments
    }
}

/// Starts loading a model.
///
/// # Errors
/// When the shipped model is wanted and cannot be unpacked.
#[cfg(feature = "llama")]
pub(super) fn open(config: &ModelConfig) -> Result<Model> {
    let path = match &config.path {
        Some(path) => path.clone(),
        None => crate::shipped::path()?,
    };
    Ok(Model::open(crate::model::LoadOptions {
        path,
        n_ctx: config.n_ctx,
        n_threads: config.n_threads,
        gpu_layers: config.gpu_layers,
    }))
}

/// Without llama.cpp there is no model to load.
#[cfg(not(feature = "llama"))]
pub(super) fn open(_: &ModelConfig) -> Result<Model> {
    anyhow::bail!(
        "this program was built without llama.cpp; build it with the default features: \
         cargo build --release"
    )
}

/// Devices that can compute here.
#[cfg(feature = "llama")]
pub(super) fn devices() -> Vec<String> {
    crate::model::devices()
}

/// Without llama.cpp there is none.
#[cfg(not(feature = "llama"))]
pub(super) fn devices() -> Vec<String> {
    Vec::new()
}
