//! The language server: translates, and nothing else. The only room that knows LSP.
//!
//! tower-lsp polls all handlers on one task. They *start* in the order of the wire, but anything
//! behind a handler's first `.await` may be overtaken. Hence two rules: a notification handler
//! changes the state before it awaits anything, and a request takes its snapshot before it does.
//! A cancelled request is a dropped future, which drops the generation, which stops the model.

mod capabilities;
mod code_action;
mod convert;
mod diagnostics;
mod docstring;
mod documents;
mod explain;
mod guard;
mod hover;
mod imports;
mod inline_completion;
mod learning;
mod notebooks;
mod power;
mod progress;
mod projects;
mod protocol;
mod pytests;
mod surroundings;
mod switch;
mod why;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tower_lsp::gen_lsp_types::{
    CodeActionParams, CodeActionResponse, CompletionParams, CompletionResponse,
    DidChangeConfigurationParams, DidChangeNotebookDocumentParams, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidCloseNotebookDocumentParams, DidCloseTextDocumentParams,
    DidOpenNotebookDocumentParams, DidOpenTextDocumentParams, DidSaveNotebookDocumentParams,
    ExecuteCommandParams, Hover, HoverParams, InitializeParams, InitializeResult,
    InitializedParams, InlineCompletionParams, InlineCompletionResponse, LspAny, ServerInfo,
};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::{Client, LanguageServer, LspService};

use crate::completion::budget::Pace;
use crate::completion::{Layouts, Typing};
use crate::config::{self, Config};
use crate::model::Model;
use crate::serving::{Open, Serving};
use crate::session::Session;
use capabilities::ClientTraits;
use learning::Learning;
use power::Power;
use projects::Projects;
use protocol::DiagnosticsParams;
use why::LastAnswers;

/// Requests handled at once. A cancel is itself a message that needs a place: with tower-lsp's
/// default of four, four slow requests would keep every cancel waiting until one has ended.
const CONCURRENCY: usize = 128;

/// The language server of one editor.
pub struct Server {
    client: Client,
    session: Mutex<Session>,
    typing: Typing,
    config: Mutex<Config>,
    /// What the command line gave; the client's options come on top.
    given: Config,
    open: Open,
    /// What the last prompt of each document was laid from.
    layouts: Arc<Layouts>,
    pace: Pace,
    learning: Learning,
    power: Power,
    last_answers: LastAnswers,
    /// What `initialize` settles.
    started: OnceLock<Started>,
    saw_shutdown: Arc<AtomicBool>,
}

/// What is known once the client has introduced itself.
struct Started {
    traits: ClientTraits,
    serving: Arc<Serving>,
    projects: Projects,
    problems: Vec<String>,
}

/// Serves one client until it says goodbye or hangs up. Returns whether it said goodbye as the
/// specification wants: `shutdown` before `exit`. Options of the client go before those `given`;
/// `open` is how it comes to its model once it knows both.
pub async fn serve<I, O>(input: I, output: O, given: Config, open: Open) -> bool
where
    I: AsyncRead + Unpin,
    O: AsyncWrite,
{
    serve_remembering(input, output, given, open, Typing::default()).await
}

/// [`serve`], with what is remembered between requests at hand for the caller to look at.
pub async fn serve_remembering<I, O>(
    input: I,
    output: O,
    given: Config,
    open: Open,
    typing: Typing,
) -> bool
where
    I: AsyncRead + Unpin,
    O: AsyncWrite,
{
    let saw_shutdown = Arc::new(AtomicBool::new(false));
    let (service, socket) = LspService::build(|client| Server {
        client,
        session: Mutex::default(),
        typing: typing.clone(),
        config: Mutex::default(),
        given: given.clone(),
        open: open.clone(),
        layouts: Arc::default(),
        pace: Pace::default(),
        learning: Learning::open(&given),
        power: Power::default(),
        last_answers: LastAnswers::default(),
        started: OnceLock::new(),
        saw_shutdown: saw_shutdown.clone(),
    })
    .custom_method(protocol::DIAGNOSTICS, Server::diagnostics)
    .finish();
    tower_lsp::Server::new(input, output, socket)
        .concurrency_level(CONCURRENCY)
        .serve(service)
        .await;
    saw_shutdown.load(Ordering::SeqCst)
}

impl Server {
    /// The session. A handler that panicked while it held the lock left it whole: every change is
    /// one method call, so the state is used on rather than given up.
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn config(&self) -> Config {
        self.config
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// `midfill/diagnostics`.
    async fn diagnostics(&self, params: DiagnosticsParams) {
        guard::sync(protocol::DIAGNOSTICS, || {
            diagnostics::receive(self, params);
        });
    }

    /// What `initialize` settled. tower-lsp lets no other message through before it.
    fn started(&self) -> Option<&Started> {
        self.started.get()
    }
}

impl Started {
    /// The model that serves now, woken where it sleeps.
    fn model(&self) -> Model {
        self.serving.model()
    }
}

impl LanguageServer for Server {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let traits = ClientTraits::of(&params);
        let options = params.initialization_options.unwrap_or_default();
        let (config, problems) = config::from_options_over(&self.given, &options);
        let started = Instant::now();
        let serving = Arc::new(Serving::new(
            self.open.clone(),
            Arc::new(move || started.elapsed()),
            config.model.clone(),
            config.serving.clone(),
        ));
        let environment = config.project.environment.clone();
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        let projects = Projects::start(&traits.roots, traits.watches_files, environment.as_deref());
        let capabilities = capabilities::announced(&traits);
        // tower-lsp answers a second `initialize` itself, so this is set once.
        let _ = self.started.set(Started {
            traits,
            serving,
            projects,
            problems,
        });
        Ok(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo {
                name: "midfill".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let Some(started) = self.started() else {
            return;
        };
        progress::report_problems(&self.client, &started.problems).await;
        if started.traits.watches_files {
            tokio::spawn(projects::watch(self.client.clone()));
        }
        let serving = started.serving.clone();
        tokio::spawn(async move { serving.keep().await });
        tokio::spawn(progress::follow(
            self.client.clone(),
            started.serving.watch(),
            started.traits.work_done_progress,
        ));
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        guard::sync("didOpen", || documents::open(self, params));
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.text_document_identifier.uri.0.clone();
        if guard::sync("didChange", || documents::change(self, params)).is_none() {
            // Half an edit may have been made. Rather no document than a wrong one: the client
            // opens it again sooner or later.
            self.session().close(&uri);
        }
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        guard::sync("didClose", || documents::close(self, &params));
    }

    async fn notebook_did_open(&self, params: DidOpenNotebookDocumentParams) {
        guard::sync("notebookDocument/didOpen", || notebooks::open(self, params));
    }

    async fn notebook_did_change(&self, params: DidChangeNotebookDocumentParams) {
        let uri = params.notebook_document.uri.0.clone();
        let change = || notebooks::change(self, params);
        if guard::sync("notebookDocument/didChange", change).is_none() {
            // As with any document.
            self.session().close(&uri);
        }
    }

    async fn notebook_did_save(&self, _: DidSaveNotebookDocumentParams) {
        guard::sync("notebookDocument/didSave", || notebooks::save(self));
    }

    async fn notebook_did_close(&self, params: DidCloseNotebookDocumentParams) {
        guard::sync("notebookDocument/didClose", || {
            notebooks::close(self, &params);
        });
    }

    async fn did_change_watched_files(&self, _: DidChangeWatchedFilesParams) {
        if let Some(started) = self.started() {
            started.projects.disk_changed();
        }
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        // Some clients wrap the settings in a section of our name, some do not.
        let settings = params.settings.get("midfill").unwrap_or(&params.settings);
        let (config, problems) = config::from_options_over(&self.given, settings);
        guard::sync("didChangeConfiguration", || switch::configure(self, config));
        progress::report_problems(&self.client, &problems).await;
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LspAny>> {
        if params.command == explain::EXPLAIN {
            let answer = guard::future("executeCommand", explain::execute(self, params));
            return answer.await.unwrap_or_else(|| Err(Error::internal_error()));
        }
        if params.command == docstring::DOCSTRING {
            let answer = guard::future("executeCommand", docstring::execute(self, params));
            return answer.await.unwrap_or_else(|| Err(Error::internal_error()));
        }
        if params.command == pytests::TESTS {
            let answer = guard::future("executeCommand", pytests::execute(self, params));
            return answer.await.unwrap_or_else(|| Err(Error::internal_error()));
        }
        if params.command == imports::ADD_IMPORT {
            let answer = guard::future("executeCommand", imports::execute(self, params));
            return answer.await.unwrap_or_else(|| Err(Error::internal_error()));
        }
        let execute = || match params.command.as_str() {
            why::WHY => why::execute(self, &params),
            learning::RESET_LEARNING => {
                let forgotten = self.learning.reset();
                // Silences are remembered too, and some came of what was learnt.
                self.typing.context_changed();
                forgotten
            }
            _ => switch::execute(self, params),
        };
        guard::sync("executeCommand", execute).unwrap_or_else(|| Err(Error::internal_error()))
    }

    async fn code_action(
        &self,
        params: CodeActionParams,
    ) -> Result<Option<Vec<CodeActionResponse>>> {
        let answer = code_action::actions(self, params);
        guard::future("codeAction", answer)
            .await
            .unwrap_or(Ok(None))
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let answer = hover::hover(self, params);
        guard::future("hover", answer).await.unwrap_or(Ok(None))
    }

    async fn inline_completion(
        &self,
        params: InlineCompletionParams,
    ) -> Result<Option<InlineCompletionResponse>> {
        let answer = inline_completion::inline(self, params);
        guard::future("inlineCompletion", answer)
            .await
            .unwrap_or(Ok(None))
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let answer = inline_completion::popup(self, params);
        guard::future("completion", answer)
            .await
            .unwrap_or(Ok(None))
    }

    async fn shutdown(&self) -> Result<()> {
        self.learning.save();
        self.saw_shutdown.store(true, Ordering::SeqCst);
        Ok(())
    }
}
