//! Ghost text: translate, ask, translate.

use tower_lsp::gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, CompletionList, CompletionParams,
    CompletionResponse, InlineCompletionItem, InlineCompletionParams, InlineCompletionResponse,
    InlineCompletionTriggerKind, InsertText, Position, Range, TextDocumentPositionParams, TextEdit,
};
use tower_lsp::jsonrpc::Result;

use super::progress;
use super::{Server, convert};
use crate::completion::{self, Ask};
use crate::session::Snapshot;

/// `textDocument/inlineCompletion`. Exactly one answer comes of each request: ghost text, `null`
/// when there is none or a newer request has taken over, or tower-lsp's own answer to a cancel.
pub(super) async fn inline(
    server: &Server,
    params: InlineCompletionParams,
) -> Result<Option<InlineCompletionResponse>> {
    let invoked = params.context.trigger_kind == InlineCompletionTriggerKind::Invoked;
    let Some(found) = ghost_text(server, params.text_document_position_params, invoked).await
    else {
        return Ok(None);
    };
    // An explicit empty range at the cursor: without a range VS Code replaces the word and
    // Neovim inserts, with a wider one Neovim hides the text behind the cursor.
    let item = InlineCompletionItem {
        insert_text: InsertText::String(found.text),
        filter_text: None,
        range: Some(Range {
            start: found.position,
            end: found.position,
        }),
        command: None,
    };
    Ok(Some(InlineCompletionResponse::InlineCompletionItemList(
        vec![item],
    )))
}

/// `textDocument/completion`, for editors without ghost text: one item, always to be asked anew.
pub(super) async fn popup(
    server: &Server,
    params: CompletionParams,
) -> Result<Option<CompletionResponse>> {
    let Some(found) = ghost_text(server, params.text_document_position_params, false).await else {
        return Ok(None);
    };
    // Editors filter items by the word before the cursor, so the item repeats and replaces it.
    let word = found.word;
    let start = Position {
        line: found.position.line,
        character: found.position.character - word.n_units,
    };
    let whole = format!("{}{}", word.text, found.text);
    let label = whole.lines().next().unwrap_or_default().trim().to_owned();
    let item = CompletionItem {
        label,
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
    };
    Ok(Some(CompletionResponse::CompletionList(CompletionList {
        is_incomplete: true,
        items: vec![item],
        ..CompletionList::default()
    })))
}

/// Ghost text and where it goes.
struct Found {
    text: String,
    position: Position,
    word: Word,
}

/// The word before the cursor. Identifiers of ASCII letters have as many units as bytes; others
/// are not repeated.
struct Word {
    text: String,
    n_units: u32,
}

async fn ghost_text(
    server: &Server,
    place: TextDocumentPositionParams,
    invoked: bool,
) -> Option<Found> {
    // Everything up to the first await sees the state as the message order made it.
    let started = server.started()?;
    let encoding = started.traits.encoding;
    let config = server.config().completion;
    if !config.enabled {
        return None;
    }
    let (snapshot, mut ticket) = {
        let uri = &place.text_document.uri.0;
        let mut session = server.session();
        (session.snapshot(uri)?, session.begin(uri))
    };
    let offset = convert::offset(&snapshot.text, place.position, encoding);
    // Messages that are already waiting are read first: in a burst of keystrokes all requests
    // but the last are superseded here, before anything was computed for them.
    tokio::task::yield_now().await;
    let ask = Ask { offset, invoked };
    let answer = tokio::select! {
        biased;
        () = ticket.superseded() => return None,
        answer = completion::complete(&snapshot, ask, &started.model, &config) => answer,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            progress::model_error(&server.client, &error).await;
            return None;
        }
    };
    tracing::debug!(
        path = snapshot.path,
        reused = answer.usage.n_reused,
        computed = answer.usage.n_computed,
        decoded = answer.usage.n_decoded,
        why_nothing = answer.why_nothing,
        "completion"
    );
    if started.traits.wants_usage {
        progress::usage(&server.client, &answer).await;
    }
    let text = answer.text?;
    Some(Found {
        text,
        position: convert::position(&snapshot.text, offset, encoding),
        word: word_before(&snapshot, offset),
    })
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
