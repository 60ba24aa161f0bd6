//! From arguments to a model.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use super::args::ModelArgs;
use crate::config::adapters::Adapters;
use crate::config::format::Format;
use crate::config::remote::Remote;
use crate::config::{CompletionConfig, ModelConfig};
use crate::model::Model;

impl ModelArgs {
    /// As the program uses them.
    ///
    /// # Errors
    /// When the server's address or kind is none.
    pub(super) fn config(&self) -> Result<ModelConfig> {
        Ok(ModelConfig {
            path: self.model.clone(),
            n_ctx: self.context,
            n_threads: self.threads,
            gpu_layers: self.gpu_layers,
            snapshots: None,
            remote: self.remote()?,
        })
    }

    fn remote(&self) -> Result<Option<Remote>> {
        let Some(url) = &self.remote else {
            return Ok(None);
        };
        let mut option = serde_json::Map::new();
        let given = [
            ("url", Some(url)),
            ("kind", self.remote_kind.as_ref()),
            ("model", self.remote_model.as_ref()),
            ("family", self.remote_family.as_ref()),
            ("apiKeyEnv", self.remote_key_env.as_ref()),
        ];
        for (key, value) in given {
            option.extend(value.map(|value| (key.to_owned(), value.clone().into())));
        }
        let remote = Remote::from_option(&option.into()).map_err(anyhow::Error::msg)?;
        Ok(Some(remote))
    }

    /// How to complete with it.
    ///
    /// # Errors
    /// When the format's file cannot be read or understood.
    pub(super) fn completion(&self) -> Result<CompletionConfig> {
        let mut config = CompletionConfig::default();
        if let Some(path) = &self.format {
            let format = Format::read(path).map_err(anyhow::Error::msg)?;
            config.format = Some(Arc::new(format));
        }
        if let Some(adapter) = &self.adapter {
            config.adapters = Arc::new(Adapters::everywhere(adapter.clone()));
        }
        Ok(config)
    }

    /// As arguments for another process of ours.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut put = |name: &str, value: Option<String>| {
            let pair = value.map(|value| [name.to_owned(), value]);
            arguments.extend(pair.into_iter().flatten());
        };
        let path = |path: &Option<PathBuf>| Some(path.as_ref()?.to_string_lossy().into_owned());
        put("--model", path(&self.model));
        put("--context", self.context.map(|n| n.to_string()));
        put("--threads", self.threads.map(|n| n.to_string()));
        put("--gpu-layers", self.gpu_layers.map(|n| n.to_string()));
        put("--remote", self.remote.clone());
        put("--remote-kind", self.remote_kind.clone());
        put("--remote-model", self.remote_model.clone());
        put("--remote-family", self.remote_family.clone());
        put("--remote-key-env", self.remote_key_env.clone());
        put("--format", path(&self.format));
        put("--adapter", path(&self.adapter));
        arguments
    }
}

/// The GGUF that would be loaded.
///
/// # Errors
/// When the shipped model is wanted and cannot be unpacked.
#[cfg(feature = "llama")]
pub(super) fn path(config: &ModelConfig) -> Result<PathBuf> {
    match &config.path {
        Some(path) => Ok(path.clone()),
        None => crate::shipped::path(),
    }
}

/// Without llama.cpp no model comes with the program.
#[cfg(not(feature = "llama"))]
pub(super) fn path(config: &ModelConfig) -> Result<PathBuf> {
    let path = config.path.clone();
    path.ok_or_else(|| anyhow::anyhow!("this program was built without its model; give --model"))
}

/// Starts loading a model, or opens one on a server where the options name one.
///
/// # Errors
/// When the shipped model is wanted and cannot be unpacked, or this program was built without what
/// it takes.
pub(super) fn open(config: &ModelConfig) -> Result<Model> {
    match &config.remote {
        Some(remote) => open_remote(remote, config.n_ctx),
        None => open_here(config),
    }
}

#[cfg(feature = "remote")]
fn open_remote(remote: &Remote, n_ctx: Option<u32>) -> Result<Model> {
    Ok(crate::remote::open(remote.clone(), n_ctx))
}

#[cfg(not(feature = "remote"))]
fn open_remote(_: &Remote, _: Option<u32>) -> Result<Model> {
    anyhow::bail!(
        "this program was built without models on servers; build it with them: \
         cargo build --release --features remote"
    )
}

#[cfg(feature = "llama")]
fn open_here(config: &ModelConfig) -> Result<Model> {
    let path = path(config)?;
    Ok(Model::open(crate::model::LoadOptions {
        path,
        n_ctx: config.n_ctx,
        n_threads: config.n_threads,
        gpu_layers: config.gpu_layers,
        snapshots: match config.snapshots.unwrap_or(true) {
            true => dirs::cache_dir().map(|dir| dir.join("midfill/documents")),
            false => None,
        },
    }))
}

#[cfg(not(feature = "llama"))]
fn open_here(_: &ModelConfig) -> Result<Model> {
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
