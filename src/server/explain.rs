//! `midfill.explain`: what the functions at a place do, told piece by piece.

use std::path::Path;
use std::sync::Arc;

use futures_util::future;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tower_lsp::gen_lsp_types::{
    ExecuteCommandParams, LspAny, ProgressNotification, ProgressParams, ProgressToken, Range,
    TextDocumentIdentifier,
};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::{Client, NotCancellable, OngoingProgress, Unbounded};

use super::{Server, Started, convert, surroundings};
use crate::completion;
use crate::explanation::narrator::Told;
use crate::explanation::problems::ruff::Ruff;
use crate::explanation::study::{Meant, Study, must_be_python};
use crate::explanation::target::NoTarget;
use crate::explanation::telling::Links;
use crate::explanation::tongue::Tongue;
use crate::explanation::{self, Means};
use crate::project::Project;
use crate::session::Snapshot;

/// Explains the function at a place, or the functions of a selection. Its argument is a
/// [`Question`]; what comes on the way are values `{"append": Markdown}` of its
/// `partialResultToken`. The answer is `{"title", "markdown", "range"}`. Where there is nothing to
/// explain, it is an error whose message is a sentence to show.
pub(super) const EXPLAIN: &str = "midfill.explain";

/// LSP's `RequestFailed`: a request that was understood and cannot be served.
pub(super) const REQUEST_FAILED: ErrorCode = ErrorCode::ServerError(-32803);

/// What the client wants explained.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    text_document: TextDocumentIdentifier,
    /// A selection; an empty one is the cursor.
    range: Range,
    /// The language to tell it in; without it that of the option `language`, or of the editor.
    language: Option<String>,
    partial_result_token: Option<ProgressToken>,
}

/// A document, and the place in it that is asked about.
pub(super) struct Asked {
    pub(super) snapshot: Snapshot,
    /// Its bytes.
    pub(super) range: std::ops::Range<usize>,
    pub(super) links: Links,
    pub(super) project: Option<Arc<Project>>,
    /// The document that the client calls so, which may be a cell of a notebook, and where its text
    /// starts in the snapshot.
    pub(super) own: crate::session::Place,
}

impl Asked {
    /// What a command asks about.
    ///
    /// # Errors
    /// Where the document is not open, in a sentence to show.
    pub(super) fn open(server: &Server, uri: &str, range: Range) -> Result<Asked> {
        let asked = Asked::of(server, uri, range);
        asked.ok_or_else(|| failed("This document is not open in the editor."))
    }

    /// What the client asks about; `None` where the document is not open.
    pub(super) fn of(server: &Server, uri: &str, range: Range) -> Option<Asked> {
        let started = server.started()?;
        let session = server.session();
        let own = session.place(uri)?;
        let snapshot = session.glimpse(&own.document)?;
        let range = convert::range(&own.text, range, started.traits.encoding);
        let project = surroundings::around(started, &session, &own.document).project;
        let is_notebook = own.document != uri;
        Some(Asked {
            range: own.start + range.start..own.start + range.end,
            // A line of a notebook's joined text is no place in one of its cells.
            links: match is_notebook {
                true => Links::Plain,
                false => Links::To {
                    uri: uri.to_owned(),
                    root: (project.as_ref()).and_then(|project| convert::uri(project.root())),
                },
            },
            snapshot,
            project,
            own,
        })
    }

    /// All that is known of it without a model, on a thread that may take its time; also by ruff
    /// where it may be asked.
    pub(super) async fn study(&self, asks_ruff: bool) -> Result<Study> {
        let language = self.snapshot.language;
        must_be_python(&self.snapshot.path, language).map_err(|why| failed(&why.to_string()))?;
        let snapshot = self.snapshot.clone();
        let range = self.range.clone();
        let project = self.project.clone();
        let file = convert::path(&self.own.document);
        let study = tokio::task::spawn_blocking(move || {
            let text = snapshot.text.to_string();
            let path = snapshot.path.as_str();
            let inside = project.as_deref().map(|project| (project, path));
            let mut study = Study::within(inside, path, &text, &Meant::At(range))?;
            let root = project.as_deref().map(Project::root);
            let path = std::env::var_os("PATH").filter(|_| asks_ruff);
            if let Some(ruff) = Ruff::find(path.as_deref(), root) {
                study.ask(&ruff, &text, Path::new(&file));
            }
            Ok::<Study, NoTarget>(study)
        });
        match study.await {
            Ok(study) => study.map_err(|why| failed(&why.to_string())),
            Err(_) => Err(Error::internal_error()),
        }
    }

    /// Lines of the study as a range of the client's document.
    fn range_of(&self, started: &Started, study: &Study) -> Range {
        let text = &self.snapshot.text;
        let start = |line: usize| text.line_to_byte(line.min(text.len_lines()));
        let range = start(study.lines.first - 1)..start(study.lines.last);
        let in_own = |at: usize| {
            let at = at
                .saturating_sub(self.own.start)
                .min(self.own.text.len_bytes());
            convert::position(&self.own.text, at, started.traits.encoding)
        };
        Range {
            start: in_own(range.start),
            end: in_own(range.end),
        }
    }
}

/// An answer that is a sentence to show.
pub(super) fn failed(why: &str) -> Error {
    Error {
        code: REQUEST_FAILED,
        message: why.to_owned().into(),
        data: None,
    }
}

/// The language to speak to the user in.
pub(super) fn tongue(server: &Server, asked: Option<&str>) -> Tongue {
    let config = server.config();
    let locale = server
        .started()
        .and_then(|started| started.traits.locale.as_deref());
    asked
        .or(config.language.as_deref())
        .or(locale)
        .map_or(Tongue::English, Tongue::of)
}

/// The model, and how it fills in.
pub(super) fn model(server: &Server, started: &Started, asked: &Asked) -> completion::Means {
    let mut means = completion::Means::new(started.model(), server.config().completion);
    let document = convert::path(&asked.own.document);
    let adapters = &means.config.adapters;
    means.adapter = adapters.of(Path::new(&document)).map(Path::to_owned);
    means
}

/// Runs the command.
pub(super) async fn execute(
    server: &Server,
    params: ExecuteCommandParams,
) -> Result<Option<LspAny>> {
    let Some(started) = server.started() else {
        return Ok(None);
    };
    let argument = params.arguments.unwrap_or_default().into_iter().next();
    let question: Question =
        serde_json::from_value(argument.unwrap_or_default()).map_err(|error| {
            Error::invalid_params(format!(
                "{EXPLAIN} takes an object with `textDocument` and `range`: {error}"
            ))
        })?;
    let uri = question.text_document.uri.0.clone();
    let asked = Asked::open(server, &uri, question.range)?;
    let means = Means {
        model: Some(model(server, started, &asked)),
        project: asked.project.clone(),
        tongue: tongue(server, question.language.as_deref()),
        links: asked.links.clone(),
    };
    let study = asked.study(server.config().ruff).await?;
    let (tell, told) = mpsc::unbounded_channel();
    let work_done = params.work_done_progress_params.work_done_token;
    let forward = forward(
        &server.client,
        told,
        question.partial_result_token,
        work_done.map(|token| (token, format!("Midfill: {}", study.name()))),
    );
    let explained = async {
        let mut send = |told: Told<'_>| {
            // Nobody listens any more once the request was cancelled.
            let _ = tell.send(match told {
                Told::Markdown(piece) => Forwarded::Append(piece.to_owned()),
                Told::Read(n, of) => Forwarded::Read(n, of),
            });
        };
        let explained = explanation::explain(&study, &asked.snapshot, &means, &mut send).await;
        drop(tell);
        explained
    };
    let (explained, ()) = future::join(explained, forward).await;
    // Notifications and answers reach the wire by two ways, whichever is ready first: what was told
    // on the way is let go ahead.
    tokio::task::yield_now().await;
    Ok(Some(json!({
        "title": explained.title,
        "markdown": explained.markdown,
        "range": asked.range_of(started, &study),
    })))
}

/// What goes to the client on the way.
enum Forwarded {
    Append(String),
    Read(usize, usize),
}

/// Sends on what is told, pieces that wait together as one.
async fn forward(
    client: &Client,
    mut told: mpsc::UnboundedReceiver<Forwarded>,
    partial: Option<ProgressToken>,
    work_done: Option<(ProgressToken, String)>,
) {
    let bar: Option<OngoingProgress<Unbounded, NotCancellable>> = match work_done {
        Some((token, title)) => Some(client.progress(token, title).begin().await),
        None => None,
    };
    while let Some(first) = told.recv().await {
        let mut append = String::new();
        let mut read = None;
        let mut next = Some(first);
        while let Some(one) = next {
            match one {
                Forwarded::Append(piece) => append.push_str(&piece),
                Forwarded::Read(n, of) => read = Some((n, of)),
            }
            next = told.try_recv().ok();
        }
        if let (Some(token), false) = (&partial, append.is_empty()) {
            let value = json!({"append": append});
            let token = token.clone();
            let params = ProgressParams { token, value };
            client
                .send_notification::<ProgressNotification>(params)
                .await;
        }
        if let (Some(bar), Some((n, of))) = (&bar, read) {
            bar.report(format!("{n} of {of} parts read")).await;
        }
    }
    if let Some(bar) = bar {
        bar.finish().await;
    }
}
