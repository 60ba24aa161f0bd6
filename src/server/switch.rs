//! Changed settings and the command that switches the model: no restart for either.

use serde_json::json;
use tower_lsp::gen_lsp_types::{ExecuteCommandParams, LspAny};
use tower_lsp::jsonrpc::{Error, Result};

use super::{PoisonError, Server};
use crate::config::{Config, ModelConfig};

/// Switches to the model named by the first argument, which is a name of the option `models`, the
/// path of a GGUF file, or `shipped`. Answers with what there is to switch to; without an argument
/// it only does that.
pub(super) const SWITCH_MODEL: &str = "midfill.switchModel";

/// The name of the model that came with the program.
const SHIPPED: &str = "shipped";

/// The name of the model on the server of the option `remote`, where there is one.
const REMOTE: &str = "remote";

/// Takes over new settings. The model is loaded anew only where its own settings changed: one that
/// was chosen by command stays when something else is set.
pub(super) fn configure(server: &Server, config: Config) {
    let Some(started) = server.started() else {
        return;
    };
    let mut current = server.config.lock().unwrap_or_else(PoisonError::into_inner);
    if current.model != config.model {
        started.serving.switch(config.model.clone());
    }
    started.serving.limit(config.serving.clone());
    if !config.completion.learn {
        server.learning.stop_watching();
    }
    if current.completion != config.completion {
        server.typing.context_changed();
    }
    *current = config;
}

/// `workspace/executeCommand`.
pub(super) fn execute(server: &Server, params: ExecuteCommandParams) -> Result<Option<LspAny>> {
    if params.command != SWITCH_MODEL {
        let problem = format!("there is no command `{}`", params.command);
        return Err(Error::invalid_params(problem));
    }
    let Some(started) = server.started() else {
        return Ok(None);
    };
    let config = server.config();
    let arguments = params.arguments.unwrap_or_default();
    if let Some(argument) = arguments.first() {
        let name = argument.as_str().ok_or_else(|| {
            Error::invalid_params(format!("{argument} is not the name of a model"))
        })?;
        let wanted = find(&config, name).map_err(Error::invalid_params)?;
        started.serving.switch(wanted);
    }
    let mut names: Vec<&str> = config.serving.models.keys().map(String::as_str).collect();
    if !names.contains(&SHIPPED) {
        names.push(SHIPPED);
    }
    if config.model.remote.is_some() {
        names.push(REMOTE);
    }
    let wanted = started.serving.wanted();
    let serving = match (wanted.remote, wanted.path) {
        (Some(remote), _) => remote.url,
        (None, Some(path)) => path.to_string_lossy().into_owned(),
        (None, None) => SHIPPED.to_owned(),
    };
    Ok(Some(json!({"models": names, "serving": serving})))
}

/// The settings with another model.
fn find(config: &Config, name: &str) -> std::result::Result<ModelConfig, String> {
    if name == REMOTE && config.model.remote.is_some() {
        return Ok(config.model.clone());
    }
    let path = match config.serving.models.get(name) {
        Some(path) => Some(path.clone()),
        None if name == SHIPPED => None,
        None if name.ends_with(".gguf") => Some(name.into()),
        None => {
            let known: Vec<_> = config.serving.models.keys().cloned().collect();
            let known = match known.is_empty() {
                true => "none is set there".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            return Err(format!(
                "there is no model `{name}`: give a name of the option `models` ({known}), the \
                 path of a .gguf file, or `{SHIPPED}`"
            ));
        }
    };
    Ok(ModelConfig {
        path,
        remote: None,
        ..config.model.clone()
    })
}
