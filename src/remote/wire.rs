//! HTTP, and its failures in plain words.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use super::response::message;
use crate::config::remote::{Kind, Remote};

/// Time to connect, name look-up and TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an error's body that are read.
const MAX_ERROR: usize = 1 << 16;

/// A client for one server.
pub(super) struct Wire {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    key: Option<HeaderValue>,
    key_place: String,
    model: Option<String>,
    timeout: Duration,
}

/// A request that was not answered with a stream.
pub(super) struct Refusal {
    pub(super) reason: String,
    /// How long the server asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal {
            reason,
            retry_after: None,
        }
    }
}

impl Wire {
    /// # Errors
    /// When the address or the key cannot be sent.
    pub(super) fn new(remote: &Remote, key: Option<String>) -> Result<Wire, String> {
        let uri: Uri = address(remote)
            .parse()
            .map_err(|error| format!("has an address that is none: {error}"))?;
        let key = key
            .map(|key| {
                let value = HeaderValue::from_str(&format!("Bearer {key}"));
                let mut value = value
                    .map_err(|_| "has a key with characters that cannot be sent".to_owned())?;
                // Never shown, not even by a debug log of the client.
                value.set_sensitive(true);
                Ok::<_, String>(value)
            })
            .transpose()?;
        let key_place = match (&remote.api_key_env, &remote.api_key_file) {
            (Some(name), _) => format!("the environment variable `{name}`"),
            (None, Some(path)) => format!("the file {}", path.display()),
            (None, None) => "`remote.apiKeyEnv` or `remote.apiKeyFile`".to_owned(),
        };
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        let https = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| {
                format!("cannot be trusted: the system has no certificates ({error})")
            })?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .build(https);
        Ok(Wire {
            client,
            uri,
            key,
            key_place,
            model: remote.model.clone(),
            timeout: Duration::from_secs(u64::from(remote.timeout_seconds.max(1))),
        })
    }

    /// Where requests go.
    pub(super) fn endpoint(&self) -> String {
        self.uri.to_string()
    }

    /// Sends a body and returns the stream that answers it.
    pub(super) async fn post(&self, body: &Value) -> Result<Stream, Refusal> {
        let mut request = Request::post(&self.uri)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream")
            .header(USER_AGENT, concat!("midfill/", env!("CARGO_PKG_VERSION")));
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key);
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|error| format!("cannot be asked: {error}"))?;
        let response = tokio::time::timeout(self.timeout, self.client.request(request))
            .await
            .map_err(|_| self.silence())?
            .map_err(|error| unreachable(&error))?;
        match response.status() {
            StatusCode::OK => Ok(Stream {
                body: response.into_body(),
                timeout: self.timeout,
            }),
            _ => Err(self.refused(response).await),
        }
    }

    fn silence(&self) -> String {
        format!(
            "said nothing for {} seconds. It may be loading a model, or be busy; \
             `remote.timeoutSeconds` sets how long is waited",
            self.timeout.as_secs()
        )
    }

    async fn refused(&self, response: Response<Incoming>) -> Refusal {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = Limited::new(response.into_body(), MAX_ERROR).collect();
        let body = tokio::time::timeout(self.timeout, body).await;
        let body = body.ok().and_then(Result::ok).map(|body| body.to_bytes());
        let said = body
            .and_then(|body| serde_json::from_slice(&body).ok())
            .map_or(String::new(), |answer: Value| {
                format!(": {}", message(&answer))
            });
        let code = status.as_u16();
        let reason = match code {
            401 | 403 => format!(
                "does not accept the key ({code}{said}). Set a valid one in {}",
                self.key_place
            ),
            404 => format!(
                "knows nothing at {}{} ({code}{said}). Check `remote.url`, `remote.kind` and \
                 `remote.model`",
                self.uri.path(),
                self.model
                    .as_ref()
                    .map_or(String::new(), |model| format!(", or no model `{model}`")),
            ),
            429 => match retry_after {
                Some(wait) => format!(
                    "has been asked too often ({code}{said}). It is asked again in {} seconds",
                    wait.as_secs()
                ),
                None => format!("has been asked too often ({code}{said})"),
            },
            400 | 422 => format!(
                "does not understand the request ({code}{said}). If it knows no `suffix`, name \
                 the model's family in `remote.family`"
            ),
            500.. => format!("failed ({code}{said}). Its own log tells more"),
            _ => format!("answered {code}{said}"),
        };
        // Only who is asked too often, or is being restarted, says when to come back.
        let retry_after = retry_after.filter(|_| matches!(code, 429 | 503));
        Refusal {
            reason,
            retry_after,
        }
    }
}

/// The answer as it comes. Dropping it closes the connection.
pub(super) struct Stream {
    body: Incoming,
    timeout: Duration,
}

impl Stream {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks or falls silent.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            let frame = tokio::time::timeout(self.timeout, self.body.frame())
                .await
                .map_err(|_| format!("fell silent for {} seconds", self.timeout.as_secs()))?;
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // Trailers say nothing here.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(format!("broke off its answer: {error}")),
            }
        }
    }
}

/// The full address of the endpoint, whichever part of it the user gave.
fn address(remote: &Remote) -> String {
    let base = remote.url.trim_end_matches('/');
    match remote.kind {
        Kind::LlamaServer if base.ends_with("/infill") => base.to_owned(),
        Kind::LlamaServer => format!("{base}/infill"),
        Kind::OpenAi if base.ends_with("/completions") => base.to_owned(),
        Kind::OpenAi if base.ends_with("/v1") => format!("{base}/completions"),
        Kind::OpenAi => format!("{base}/v1/completions"),
    }
}

/// Why there is no connection: the innermost cause says it best.
fn unreachable(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    match error.is_connect() {
        true => format!("cannot be reached: {text}. Start it, or correct `remote.url`"),
        false => format!("broke off the connection: {text}"),
    }
}
