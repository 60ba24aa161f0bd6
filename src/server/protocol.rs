//! Our own messages, beyond LSP. The editors' clients mirror them.

use serde::{Deserialize, Serialize};
use tower_lsp::gen_lsp_types::{LspNotificationMethod, MessageDirection, Notification, Range};

use crate::completion::Source;

/// `midfill/status`, server to client: what the status line shows.
#[derive(Debug)]
pub(super) enum StatusNotification {}

impl Notification for StatusNotification {
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::Custom("midfill/status");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
    type Params = StatusParams;
}

/// The state of the server in one glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StatusParams {
    /// The state.
    pub(super) state: State,
    /// One sentence for a person.
    pub(super) message: String,
    /// Percent loaded, while loading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) percent: Option<u32>,
}

/// What a status line needs to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// The model is being loaded.
    Loading,
    /// Ready for requests.
    Ready,
    /// The model was given back for want of keys; the next key brings it back.
    Asleep,
    /// Something is wrong; the message says what to do.
    Error,
}

/// `midfill/usage`, server to client: what the last completion cost. Sent before the answer, to
/// clients that announce `experimental.midfillUsage`.
#[derive(Debug)]
pub(super) enum UsageNotification {}

impl Notification for UsageNotification {
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::Custom("midfill/usage");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
    type Params = UsageParams;
}

/// Counts and times of one completion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageParams {
    /// Prompt tokens found in the KV cache.
    pub(super) reused: usize,
    /// Prompt tokens computed.
    pub(super) computed: usize,
    /// Tokens written.
    pub(super) decoded: usize,
    /// Whether ghost text came of it.
    pub(super) shown: bool,
    /// Why none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why_nothing: Option<String>,
    /// Where the answer came from: `model`, `running`, `remembered` or `silence`.
    pub(super) source: Source,
    /// Milliseconds waited on purpose, for the next key.
    pub(super) waited_ms: f64,
    /// Milliseconds to make the prompt.
    pub(super) prepare_ms: f64,
    /// Milliseconds to clean up and decide.
    pub(super) judge_ms: f64,
    /// Milliseconds the model took, from the job's being handed over to the end of the answer.
    pub(super) model_ms: f64,
    /// Of those, milliseconds to read the prompt.
    pub(super) prefill_ms: f64,
    /// Of those, milliseconds to write.
    pub(super) decode_ms: f64,
    /// The parts of the prompt in their order; empty where the model was not asked.
    pub(super) sections: Vec<SectionUsage>,
    /// Milliseconds from taking the request to the answer, all in all.
    pub(super) whole_ms: f64,
    /// Prompt tokens computed since the model was loaded, for whatever purpose.
    pub(super) total_computed: u64,
    /// Tokens written since then.
    pub(super) total_decoded: u64,
}

/// What a part of the prompt cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SectionUsage {
    /// Its name, as in the options `with` and `without`.
    pub(super) name: String,
    /// Tokens of it found in the KV cache.
    pub(super) reused: usize,
    /// Tokens of it computed.
    pub(super) computed: usize,
}

/// `midfill/diagnostics`, client to server: what other tools say is wrong with a text, in place of
/// what they said before.
pub(super) const DIAGNOSTICS: &str = "midfill/diagnostics";

/// Has the shape of the parameters of `textDocument/publishDiagnostics`, so that a client can pass
/// those on as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DiagnosticsParams {
    /// The text's URI: of a document or a cell.
    pub(super) uri: String,
    /// All that is wrong with it.
    pub(super) diagnostics: Vec<DiagnosticItem>,
}

/// One diagnostic, as far as it is of use here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DiagnosticItem {
    /// Where; its first line counts.
    pub(super) range: Range,
    /// 1 is an error, 2 a warning, above are hints. An error where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<u32>,
    /// What.
    pub(super) message: String,
}
