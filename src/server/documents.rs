//! Open, change, close. Synchronous throughout: nothing here may be overtaken.

use tower_lsp::gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    TextDocumentContentChangeEvent,
};

use super::{Server, convert};
use crate::completion::Touched;
use crate::session::{self, Document, Edit};

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
    server.session().open(opened.uri.0, document);
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
    for change in params.content_changes {
        match change {
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
                let range = convert::range(document.text(), change.range, started.traits.encoding);
                touched.push(Touched {
                    start: range.start,
                    n_inserted: change.text.len(),
                });
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
    document.commit(version);
    started.projects.edited(&uri, document.text());
    if let Some(snapshot) = session.snapshot(&uri) {
        server.typing.edited(&snapshot, &touched);
    }
}

pub(super) fn close(server: &Server, params: &DidCloseTextDocumentParams) {
    let uri = &params.text_document.uri.0;
    if let Some(started) = server.started() {
        started.projects.closed(uri);
        started.projects.rest();
    }
    server.session().close(uri);
    server.typing.closed(session::identity(uri));
}
