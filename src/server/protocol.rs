//! Our own messages, beyond LSP. The editors' clients mirror them.

use serde::{Deserialize, Serialize};
use tower_lsp::gen_lsp_types::{LspNotificationMethod, MessageDirection, Notification};

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
}
