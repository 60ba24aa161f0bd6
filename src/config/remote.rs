//! A model on a server, as the options name it.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// A server, and how it is spoken to. Nothing is ever sent to a server that is not named here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Remote {
    /// Where it is, such as `http://127.0.0.1:8012` or `https://host/v1`.
    pub url: String,
    /// What it speaks.
    #[serde(default)]
    pub kind: Kind,
    /// The model's name there; servers with one model need none.
    pub model: Option<String>,
    /// The fill-in-the-middle family of the model, for servers that know prompts but no suffix: a
    /// name of the built-in table. Without it the suffix is sent beside the prompt.
    pub family: Option<String>,
    /// The environment variable that holds the API key.
    pub api_key_env: Option<String>,
    /// The file that holds the API key.
    pub api_key_file: Option<PathBuf>,
    /// Seconds without a word from the server after which a request is given up.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u32,
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `POST /infill` of llama-server.
    #[default]
    LlamaServer,
    /// `POST /v1/completions`, OpenAI's older interface: vLLM, Ollama, llama-server and others.
    OpenAi,
}

fn half_a_minute() -> u32 {
    30
}

impl Remote {
    /// A server at this address, everything else as is usual.
    pub fn at(url: String, kind: Kind) -> Remote {
        Remote {
            url,
            kind,
            model: None,
            family: None,
            api_key_env: None,
            api_key_file: None,
            timeout_seconds: half_a_minute(),
        }
    }

    /// The option `remote`: an object, or the address of a llama-server.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_option(value: &Value) -> Result<Remote, String> {
        let remote = match value {
            Value::String(url) => Remote::at(url.clone(), Kind::default()),
            other => Remote::deserialize(other)
                .map_err(|error| format!("the option `remote` is not understood: {error}"))?,
        };
        let is_http = ["http://", "https://"]
            .iter()
            .any(|scheme| remote.url.starts_with(scheme));
        match is_http {
            true => Ok(remote),
            false => Err(format!(
                "the address of the option `remote` is `{}`, which begins with neither http:// \
                 nor https://",
                remote.url
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(option: Value, expected: Expect) {
        let shown = match Remote::from_option(&option) {
            Ok(remote) => format!("{} {:?} {:?}", remote.url, remote.kind, remote.model),
            Err(problem) => problem,
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_server_is_an_address_or_an_object() {
        check(
            json!("http://127.0.0.1:8012"),
            expect!["http://127.0.0.1:8012 LlamaServer None"],
        );
        check(
            json!({"url": "https://host/v1", "kind": "open-ai", "model": "codestral", "apiKeyEnv": "KEY"}),
            expect![[r#"https://host/v1 OpenAi Some("codestral")"#]],
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        check(
            json!("host:80"),
            expect![
                "the address of the option `remote` is `host:80`, which begins with neither http:// nor https://"
            ],
        );
        check(
            json!({"kind": "open-ai"}),
            expect!["the option `remote` is not understood: missing field `url`"],
        );
        check(
            json!({"url": "http://h", "apiKey": "secret"}),
            expect![
                "the option `remote` is not understood: unknown field `apiKey`, expected one of `url`, `kind`, `model`, `family`, `apiKeyEnv`, `apiKeyFile`, `timeoutSeconds`"
            ],
        );
    }
}
