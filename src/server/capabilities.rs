//! What the client can do, and what we announce.

use tower_lsp::gen_lsp_types::{
    CodeActionProvider, CompletionOptions, ExecuteCommandOptions, HoverProvider, InitializeParams,
    InlineCompletionProvider, PositionEncodingKind, ServerCapabilities, TextDocumentSync,
    TextDocumentSyncKind, TextDocumentSyncOptions, WorkspaceFolders,
};

use super::convert::{self, Encoding};
use super::docstring::DOCSTRING;
use super::explain::EXPLAIN;
use super::imports::ADD_IMPORT;
use super::learning::RESET_LEARNING;
use super::notebooks;
use super::pytests::TESTS;
use super::switch::SWITCH_MODEL;
use super::why::WHY;

/// What we need to know of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClientTraits {
    /// The unit of its columns.
    pub(super) encoding: Encoding,
    /// Whether it shows ghost text of its own accord.
    pub(super) inline_completion: bool,
    /// Whether it shows the progress of long work.
    pub(super) work_done_progress: bool,
    /// Whether it wants `midfill/usage`, as benchmarks do: `experimental.midfillUsage`.
    pub(super) wants_usage: bool,
    /// Whether it tells of changes on disk once it is asked to.
    pub(super) watches_files: bool,
    /// Folders of the workspace, as paths.
    pub(super) roots: Vec<String>,
    /// The language of its user interface, such as `zh-cn`.
    pub(super) locale: Option<String>,
}

impl ClientTraits {
    pub(super) fn of(params: &InitializeParams) -> ClientTraits {
        let capabilities = &params.capabilities;
        let offered = capabilities
            .general
            .as_ref()
            .and_then(|general| general.position_encodings.as_deref())
            .unwrap_or_default();
        // UTF-8 costs nothing to convert. A client that offers nothing means UTF-16.
        let encoding = if offered.contains(&PositionEncodingKind::UTF8) {
            Encoding::Utf8
        } else if offered.contains(&PositionEncodingKind::UTF16) || offered.is_empty() {
            Encoding::Utf16
        } else {
            Encoding::Utf32
        };
        let mut roots = Vec::new();
        if let Some(WorkspaceFolders::WorkspaceFolderList(folders)) =
            &params.workspace_folders_initialize_params.workspace_folders
        {
            roots.extend(folders.iter().map(|folder| convert::path(&folder.uri.0)));
        }
        #[expect(deprecated, reason = "older clients send nothing else")]
        roots.extend(params.root_uri.iter().map(|uri| convert::path(&uri.0)));
        let text_document = capabilities.text_document.as_ref();
        ClientTraits {
            encoding,
            inline_completion: text_document
                .is_some_and(|features| features.inline_completion.is_some()),
            work_done_progress: capabilities
                .window
                .as_ref()
                .and_then(|window| window.work_done_progress)
                .unwrap_or(false),
            wants_usage: capabilities
                .experimental
                .as_ref()
                .is_some_and(|experimental| experimental["midfillUsage"] == true),
            watches_files: capabilities
                .workspace
                .as_ref()
                .and_then(|workspace| workspace.did_change_watched_files.as_ref())
                .and_then(|watching| watching.dynamic_registration)
                .unwrap_or(false),
            roots,
            locale: params.locale.clone(),
        }
    }

    /// The path of a document as a model should see it: relative to its workspace folder.
    pub(super) fn shown_path(&self, uri: &str) -> String {
        let path = convert::path(uri);
        self.roots
            .iter()
            .filter_map(|root| {
                path.strip_prefix(root.trim_end_matches('/'))?
                    .strip_prefix('/')
            })
            .min_by_key(|relative| relative.len())
            .map_or_else(
                || path.rsplit('/').next().unwrap_or_default().to_owned(),
                str::to_owned,
            )
    }
}

/// What we announce to such a client. Inline completion is always announced, since some clients
/// use it without saying so; the popup is for those that do not say they have ghost text.
pub(super) fn announced(traits: &ClientTraits) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(traits.encoding.kind()),
        text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            ..TextDocumentSyncOptions::default()
        })),
        notebook_document_sync: Some(notebooks::announced()),
        inline_completion_provider: Some(InlineCompletionProvider::Bool(true)),
        completion_provider: (!traits.inline_completion).then(|| CompletionOptions {
            trigger_characters: Some([".", "(", " ", "="].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        code_action_provider: Some(CodeActionProvider::Bool(true)),
        hover_provider: Some(HoverProvider::Bool(true)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: [
                SWITCH_MODEL,
                WHY,
                ADD_IMPORT,
                RESET_LEARNING,
                EXPLAIN,
                DOCSTRING,
                TESTS,
            ]
            .map(str::to_owned)
            .to_vec(),
            ..ExecuteCommandOptions::default()
        }),
        ..ServerCapabilities::default()
    }
}
