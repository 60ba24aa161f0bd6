//! What a function does, in a few lines, over its name or a call of it.

use tower_lsp::gen_lsp_types::{
    Contents, Hover, HoverParams, MarkupContent, MarkupKind, Range, TextDocumentPositionParams,
};
use tower_lsp::jsonrpc::Result;

use super::explain::{Asked, tongue};
use super::{Server, convert};
use crate::explanation::study::must_be_python;
use crate::explanation::summary::{self, Summary};
use crate::explanation::telling::Teller;

/// `textDocument/hover`. Nothing is said where nothing is known: other servers may know more.
pub(super) async fn hover(server: &Server, params: HoverParams) -> Result<Option<Hover>> {
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position_params;
    let here = Range {
        start: position,
        end: position,
    };
    let Some(started) = server.started() else {
        return Ok(None);
    };
    if !server.config().hover {
        return Ok(None);
    }
    let Some(asked) = Asked::of(server, &text_document.uri.0, here) else {
        return Ok(None);
    };
    if must_be_python(&asked.snapshot.path, asked.snapshot.language).is_err() {
        return Ok(None);
    }
    let tongue = tongue(server, None);
    let Asked {
        snapshot,
        range,
        links,
        project,
        own,
    } = asked;
    let offset = range.start;
    let summary = tokio::task::spawn_blocking(move || {
        let text = snapshot.text.to_string();
        let teller = Teller {
            tongue: &tongue,
            links: &links,
        };
        summary::at(&snapshot.path, &text, offset, project.as_deref(), &teller)
    });
    let Ok(Some(Summary { markdown, word })) = summary.await else {
        return Ok(None);
    };
    let position = |at: usize| {
        let in_own = at.saturating_sub(own.start).min(own.text.len_bytes());
        convert::position(&own.text, in_own, started.traits.encoding)
    };
    Ok(Some(Hover {
        contents: Contents::MarkupContent(MarkupContent {
            kind: MarkupKind::Markdown,
            value: markdown,
        }),
        range: Some(Range {
            start: position(word.start),
            end: position(word.end),
        }),
    }))
}
