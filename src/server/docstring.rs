//! `midfill.docstring`: a docstring for the function at a place, written into the document.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;
use tower_lsp::gen_lsp_types::{
    ExecuteCommandParams, LspAny, Range, TextDocumentIdentifier, TextEdit, WorkspaceEdit,
};
use tower_lsp::jsonrpc::{Error, Result};

use super::explain::{Asked, failed, model};
use super::{Server, Started, convert};
use crate::explanation::docstring::{self, Habit, Written};
use crate::explanation::study::Study;
use crate::explanation::tongue::Tongue;

/// Writes docstrings for the functions at a place that have none. Its argument is a [`Place`]. The
/// answer is `{"applied", "docstrings": [{"name", "author"}]}`, where `author` is `model`,
/// `continuation` or `name`: who wrote the first line. Where there is none to write, it is an error
/// whose message is a sentence to show.
pub(super) const DOCSTRING: &str = "midfill.docstring";

/// Functions that a model is asked about, at most; of more the facts are told alone.
const MOST_ASKED: usize = 8;

/// The place that is meant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    pub(super) text_document: TextDocumentIdentifier,
    /// A selection; an empty one is the cursor.
    pub(super) range: Range,
}

impl Place {
    /// The argument of a command.
    pub(super) fn of(command: &str, params: ExecuteCommandParams) -> Result<Place> {
        let argument = params.arguments.unwrap_or_default().into_iter().next();
        serde_json::from_value(argument.unwrap_or_default()).map_err(|error| {
            Error::invalid_params(format!(
                "{command} takes an object with `textDocument` and `range`: {error}"
            ))
        })
    }
}

/// Runs the command: asks the client to make the edits.
pub(super) async fn execute(
    server: &Server,
    params: ExecuteCommandParams,
) -> Result<Option<LspAny>> {
    let Some(started) = server.started() else {
        return Ok(None);
    };
    let place = Place::of(DOCSTRING, params)?;
    let uri = place.text_document.uri.0.clone();
    let asked = Asked::open(server, &uri, place.range)?;
    let study = asked.study(false).await?;
    let habit = habit(server, &asked).await?;
    let written = write(server, started, &asked, &study, &habit).await?;
    let text = asked.snapshot.text.to_string();
    let applied = tokio::task::spawn_blocking(move || docstring::applied(&text, written));
    let (_, written, mut lost) = applied.await.map_err(|_| Error::internal_error())?;
    if written.is_empty() {
        let why = lost.pop().map(|why| why.to_string());
        return Err(failed(&why.unwrap_or_default()));
    }
    // What a model took long to write must not be put into another text.
    let now = Asked::of(server, &uri, place.range);
    if now.is_none_or(|now| now.snapshot.text != asked.snapshot.text) {
        return Err(failed(
            "The document was changed before the docstring was written; ask again.",
        ));
    }
    let edits = written.iter().map(|one| edit(started, &asked, one));
    let Some(edits) = edits.collect::<Option<Vec<TextEdit>>>() else {
        return Err(failed("These functions lie in several cells; choose one."));
    };
    let edit = WorkspaceEdit {
        changes: Some(HashMap::from([(place.text_document.uri, edits)])),
        ..WorkspaceEdit::default()
    };
    let result = server.client.apply_edit(edit).await?;
    let docstrings = written
        .iter()
        .map(|one| json!({"name": one.name, "author": one.author}));
    Ok(Some(json!({
        "applied": result.applied,
        "docstrings": docstrings.collect::<Vec<_>>(),
    })))
}

/// How the document and its project write docstrings; the option `language` decides on the words.
async fn habit(server: &Server, asked: &Asked) -> Result<Habit> {
    let snapshot = asked.snapshot.clone();
    let project = asked.project.clone();
    let habit = tokio::task::spawn_blocking(move || {
        let around = project.as_deref();
        let around = around.map(|project| (project, snapshot.path.as_str()));
        Habit::of(&snapshot.text.to_string(), around)
    });
    let mut habit = habit.await.map_err(|_| Error::internal_error())?;
    if let Some(language) = &server.config().language {
        habit.tongue = Tongue::of(language);
    }
    Ok(habit)
}

async fn write(
    server: &Server,
    started: &Started,
    asked: &Asked,
    study: &Study,
    habit: &Habit,
) -> Result<Vec<Written>> {
    let refused = |why: docstring::Refusal| failed(&why.to_string());
    let wanted = docstring::wanted(study).map_err(refused)?;
    let means = model(server, started, asked);
    let asks = wanted.len() <= MOST_ASKED;
    let mut all = Vec::new();
    for studied in wanted {
        all.push(match asks {
            true => {
                let by_model = docstring::by_model(study, studied, &asked.snapshot, &means, habit);
                let (written, trouble) = by_model.await.map_err(refused)?;
                if let Some(trouble) = trouble {
                    tracing::info!(%trouble, "the first line of a docstring is the name's");
                }
                written
            }
            false => docstring::from_facts(studied, habit).map_err(refused)?,
        });
    }
    Ok(all)
}

/// An edit of the document that the client asked about; `None` where it lies in another cell of its
/// notebook.
fn edit(started: &Started, asked: &Asked, written: &Written) -> Option<TextEdit> {
    let text = &asked.own.text;
    let range = &written.edit.range;
    let start = range.start.checked_sub(asked.own.start)?;
    let end = range.end - asked.own.start;
    let position = |offset| convert::position(text, offset, started.traits.encoding);
    (end <= text.len_bytes()).then(|| TextEdit {
        range: Range {
            start: position(start),
            end: position(end),
        },
        new_text: written.edit.text.clone(),
    })
}
