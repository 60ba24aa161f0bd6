//! Open, change, close. Synchronous throughout: nothing here may be overtaken.

use std::ops::Range;
use std::time::Duration;

use ropey::Rope;
use tower_lsp::gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    TextDocumentContentChangeEvent,
};

use super::{Server, Started, convert, inline_completion};
use crate::completion::{PAUSE, Touched};
use crate::session::{Change, Document, Edit, Session, Snapshot, identity};

pub(super) fn open(server: &Server, params: DidOpenTextDocumentParams) {
    let Some(started) = server.started() else {
        return;
    };
    let opened = params.text_document;
    let path = started.traits.shown_path(&opened.uri.0);
    let language = String::from(opened.language_id);
    let document = Document::new(path, Some(&language), &opened.text, opened.version);
    started.projects.edited(&opened.uri.0, document.text());
    started.projects.rest();
    let uri = opened.uri.0;
    let mut session = server.session();
    session.open(uri.clone(), document);
    if let Some(snapshot) = session.snapshot(&uri) {
        // Where the user will type is not known yet. Whatever part of the prompt does not depend
        // on it is read, and the weights are in memory.
        let offset = snapshot.text.len_bytes();
        read_ahead(
            server,
            started,
            &session,
            &uri,
            &snapshot,
            offset,
            Duration::ZERO,
        );
    }
}

pub(super) fn change(server: &Server, params: DidChangeTextDocumentParams) {
    let Some(started) = server.started() else {
        return;
    };
    started.serving.wake();
    let uri = params.text_document.text_document_identifier.uri.0;
    let mut session = server.session();
    let Some(document) = session.document_mut(&uri) else {
        tracing::warn!("a change for a document that is not open was left out");
        return;
    };
    let version = params.text_document.version;
    if version <= document.version() {
        tracing::warn!(
            version,
            had = document.version(),
            "the version did not grow"
        );
    }
    let mut touched = Vec::new();
    let mut changes = Vec::new();
    for change in params.content_changes {
        match change {
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
                let range = convert::range(document.text(), change.range, started.traits.encoding);
                touched.push(Touched {
                    start: range.start,
                    n_inserted: change.text.len(),
                });
                changes.push(line_change(document.text(), &range, &change.text));
                document.apply(&Edit {
                    range,
                    text: change.text,
                });
            }
            TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(change) => {
                document.replace(&change.text);
                touched.push(Touched {
                    start: 0,
                    n_inserted: change.text.len(),
                });
            }
        }
    }
    document.defer(version);
    started.projects.edited(&uri, document.text());
    let recent = session.recent_mut();
    (changes.into_iter()).for_each(|change| recent.edited(&uri, change));
    if let Some(snapshot) = session.glimpse(&uri) {
        server.typing.edited(&snapshot, &touched);
        if let Some(last) = touched.last() {
            let offset = last.start + last.n_inserted;
            read_ahead(server, started, &session, &uri, &snapshot, offset, PAUSE);
        }
    }
}

/// Reads the prompt of a place, once nothing has happened for so long.
fn read_ahead(
    server: &Server,
    started: &Started,
    session: &Session,
    uri: &str,
    snapshot: &Snapshot,
    offset: usize,
    after: Duration,
) {
    if let Some(means) = inline_completion::means(server, started, session, uri)
        && means.config.prefetch
    {
        server.typing.read_ahead(snapshot, offset, &means, after);
    }
}

/// The lines that an edit touches.
fn line_change(text: &Rope, range: &Range<usize>, inserted: &str) -> Change {
    let line = text.byte_to_line(range.start);
    Change {
        line,
        n_removed: text.byte_to_line(range.end) - line,
        n_inserted: inserted.matches('\n').count(),
    }
}

pub(super) fn close(server: &Server, params: &DidCloseTextDocumentParams) {
    let uri = &params.text_document.uri.0;
    if let Some(started) = server.started() {
        started.serving.close(identity(uri));
        started.projects.closed(uri);
        started.projects.rest();
    }
    server.session().close(uri);
    server.typing.closed(identity(uri));
    server.last_answers.forget(uri);
}
