//! Ghost text: translate, ask, translate.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tower_lsp::gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, CompletionList, CompletionParams,
    CompletionResponse, InlineCompletionItem, InlineCompletionParams, InlineCompletionResponse,
    InlineCompletionTriggerKind, InsertText, Position, Range, TextDocumentPositionParams, TextEdit,
};
use tower_lsp::jsonrpc::Result;

use super::{Server, Started, convert, surroundings};
use super::{imports, progress};
use crate::completion::trim::MissingImport;
use crate::completion::{Answer, Ask, Means};
use crate::session::{Session, Snapshot};

/// `textDocument/inlineCompletion`. Exactly one answer comes of each request: ghost text, an empty
/// list when there is none, `null` when a newer request has taken over, or tower-lsp's own answer
/// to a cancel. The difference matters: Neovim keeps the old ghost text at `null` and hides it at
/// an empty list.
pub(super) async fn inline(
    server: &Server,
    params: InlineCompletionParams,
) -> Result<Option<InlineCompletionResponse>> {
    let invoked = params.context.trigger_kind == InlineCompletionTriggerKind::Invoked;
    let uri = params
        .text_document_position_params
        .text_document
        .uri
        .0
        .clone();
    let items = match ghost_text(server, params.text_document_position_params, invoked).await {
        Outcome::Superseded => return Ok(None),
        Outcome::Nothing => Vec::new(),
        // An explicit empty range at the cursor: without a range VS Code replaces the word and
        // Neovim inserts, with a wider one Neovim hides the text behind the cursor.
        Outcome::Found(found) => {
            let range = Range {
                start: found.position,
                end: found.position,
            };
            let texts = std::iter::once((found.text, found.import)).chain(found.others);
            texts
                .map(|(text, import)| InlineCompletionItem {
                    insert_text: InsertText::String(text),
                    filter_text: None,
                    range: Some(range),
                    command: import.map(|missing| imports::command(&uri, &missing)),
                })
                .collect()
        }
    };
    Ok(Some(InlineCompletionResponse::InlineCompletionItemList(
        items,
    )))
}

/// `textDocument/completion`, for editors without ghost text: one item, always to be asked anew.
pub(super) async fn popup(
    server: &Server,
    params: CompletionParams,
) -> Result<Option<CompletionResponse>> {
    let uri = params
        .text_document_position_params
        .text_document
        .uri
        .0
        .clone();
    let items = match ghost_text(server, params.text_document_position_params, false).await {
        Outcome::Superseded => return Ok(None),
        Outcome::Nothing => Vec::new(),
        Outcome::Found(found) => {
            let missing = found.import.clone();
            let import =
                missing.and_then(|missing| Some((imports::edit(server, &uri, &missing)?, missing)));
            let mut item = popup_item(found);
            match import {
                Some((edit, _)) if edit.uri == uri => {
                    item.additional_text_edits = Some(vec![edit.edit]);
                }
                // An item's edits are of its own document; this one goes into another cell.
                Some((_, missing)) => item.command = Some(imports::command(&uri, &missing)),
                None => {}
            }
            vec![item]
        }
    };
    Ok(Some(CompletionResponse::CompletionList(CompletionList {
        is_incomplete: true,
        items,
        ..CompletionList::default()
    })))
}

/// Editors filter items by the word before the cursor, so the item repeats and replaces it.
fn popup_item(found: Found) -> CompletionItem {
    let word = found.word;
    let start = Position {
        line: found.position.line,
        character: found.position.character - word.n_units,
    };
    let whole = format!("{}{}", word.text, found.text);
    CompletionItem {
        label: whole.trim().lines().next().unwrap_or_default().to_owned(),
        kind: Some(CompletionItemKind::Text),
        detail: Some("Midfill".to_owned()),
        filter_text: Some(whole.clone()),
        sort_text: Some("\u{1}".to_owned()),
        text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit {
            range: Range {
                start,
                end: found.position,
            },
            new_text: whole,
        })),
        ..CompletionItem::default()
    }
}

/// What came of a request.
enum Outcome {
    /// There is ghost text.
    Found(Found),
    /// There is none to show.
    Nothing,
    /// A newer request for the same document has taken over.
    Superseded,
}

/// Ghost text and where it goes.
struct Found {
    text: String,
    position: Position,
    word: Word,
    /// The import it needs.
    import: Option<MissingImport>,
    /// Other texts to choose from, with the imports that they need; for a request by hand.
    others: Vec<(String, Option<MissingImport>)>,
}

/// The word before the cursor. Identifiers of ASCII letters have as many units as bytes; others
/// are not repeated.
struct Word {
    text: String,
    n_units: u32,
}

/// What a completion in a document works with; `None` while ghost text is switched off.
pub(super) fn means(
    server: &Server,
    started: &Started,
    session: &Session,
    uri: &str,
) -> Option<Means> {
    let mut means = Means::new(started.model(), server.config().completion);
    if !means.config.enabled {
        return None;
    }
    let document = convert::path(uri);
    means.adapter = means
        .config
        .adapters
        .of(Path::new(&document))
        .map(Path::to_owned);
    means.surroundings = Arc::new(surroundings::around(started, session, uri));
    means.layouts = Arc::clone(&server.layouts);
    means.taste = means.config.learn.then(|| server.learning.taste());
    if let Some(mut budget) = means.config.budget {
        if server.power.is_on_battery() {
            budget = budget.halved();
            means.config.prefetch = false;
        }
        let most = means.config.prompt_tokens;
        let speed = means.model.speed();
        means.allowance = server
            .pace
            .allow(budget, means.model.identity(), speed, most);
    }
    Some(means)
}

async fn ghost_text(server: &Server, place: TextDocumentPositionParams, invoked: bool) -> Outcome {
    let asked = Instant::now();
    // Everything up to the first await sees the state as the message order made it.
    let Some(started) = server.started() else {
        return Outcome::Nothing;
    };
    let encoding = started.traits.encoding;
    let uri = &place.text_document.uri.0;
    let (means, ask, mut snapshot, mut ticket, position, whole) = {
        let mut session = server.session();
        let Some(own) = session.place(uri) else {
            return Outcome::Nothing;
        };
        let Some(snapshot) = session.glimpse(&own.document) else {
            return Outcome::Nothing;
        };
        let in_own = convert::offset(&own.text, place.position, encoding);
        if let Some(why) = session.silence(uri, in_own) {
            let offset = own.start.min(snapshot.text.len_bytes());
            let answer = Answer::silent(why);
            (server.last_answers).keep(uri, snapshot, Ask { offset, invoked }, answer);
            return Outcome::Nothing;
        }
        let offset = own.start + in_own;
        let ask = Ask { offset, invoked };
        let Some(means) = means(server, started, &session, &own.document) else {
            let answer = Answer::silent("ghost text is switched off by the option `enabled`");
            server.last_answers.keep(uri, snapshot, ask, answer);
            return Outcome::Nothing;
        };
        let ticket = session.begin(&own.document);
        let position = convert::position(&own.text, in_own, encoding);
        (means, ask, snapshot, ticket, position, own.document)
    };
    let answer = match server.typing.recall(&snapshot, ask, &means) {
        Some(answer) => Ok(Some(answer)),
        None => {
            // Parsed only now: whoever types along with what is shown needs no tree.
            if let Some(parsed) = server.session().snapshot(&whole) {
                snapshot = parsed;
            }
            tokio::select! {
                biased;
                () = ticket.superseded() => return Outcome::Superseded,
                answer = server.typing.answer(&snapshot, ask, &means) => answer,
            }
        }
    };
    let answer = match answer {
        Ok(Some(answer)) => answer,
        Ok(None) => return Outcome::Superseded,
        Err(error) => {
            progress::model_error(&server.client, &error).await;
            let answer = Answer::silent(error.to_string());
            server.last_answers.keep(uri, snapshot, ask, answer);
            return Outcome::Nothing;
        }
    };
    tracing::debug!(
        path = snapshot.path,
        reused = answer.usage.n_reused,
        computed = answer.usage.n_computed,
        decoded = answer.usage.n_decoded,
        why_nothing = answer.why_nothing,
        source = ?answer.source,
        "completion"
    );
    if started.traits.wants_usage {
        let totals = means.model.usage_total();
        progress::usage(&server.client, &answer, asked.elapsed(), totals).await;
    }
    let outcome = match &answer.text {
        None => Outcome::Nothing,
        Some(text) => Outcome::Found(Found {
            text: text.clone(),
            position,
            word: word_before(&snapshot, ask.offset),
            import: answer.import.clone(),
            others: answer
                .others
                .iter()
                .map(|other| (other.text.clone(), other.import.clone()))
                .collect(),
        }),
    };
    // An answer to a text that has changed since is not shown.
    let is_current = |now: Snapshot| now.version == snapshot.version;
    if means.taste.is_some() && server.session().glimpse(&whole).is_some_and(is_current) {
        server.learning.shows(&whole, ask.offset, &answer);
    }
    server.last_answers.keep(uri, snapshot, ask, answer);
    outcome
}

fn word_before(snapshot: &Snapshot, offset: usize) -> Word {
    let (before, _) = snapshot.line_around(offset);
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let n_units = before.chars().rev().take_while(is_word).count();
    Word {
        text: before[before.len() - n_units..].to_owned(),
        n_units: n_units as u32,
    }
}
