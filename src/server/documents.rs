//! Open, change, close. Synchronous throughout: nothing here may be overtaken.

use std::ops::Range;
use std::sync::MutexGuard;
use std::time::Duration;

use ropey::Rope;
use tower_lsp::gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    TextDocumentContentChangeEvent,
};

use super::convert::Encoding;
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
    let mut session = server.session();
    session.open(opened.uri.0.clone(), document);
    begun(server, started, session, &opened.uri.0);
}

/// A document has come: whatever part of the prompt does not depend on where the user will type is
/// read, and the weights are in memory.
pub(super) fn begun(
    server: &Server,
    started: &Started,
    mut session: MutexGuard<'_, Session>,
    uri: &str,
) {
    started.projects.rest();
    if let Some(snapshot) = session.snapshot(uri) {
        let offset = snapshot.text.len_bytes();
        read_ahead(
            server,
            started,
            &session,
            uri,
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
    let mut edits = Edits::default();
    for change in params.content_changes {
        edits.apply(
            document,
            client_edit(document.text(), change, started.traits.encoding),
        );
    }
    document.defer(version);
    edits.done(server, started, session, &uri);
}

/// What a client says of a change, in bytes.
pub(super) fn client_edit(
    text: &Rope,
    change: TextDocumentContentChangeEvent,
    encoding: Encoding,
) -> Edit {
    match change {
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => Edit {
            range: convert::range(text, change.range, encoding),
            text: change.text,
        },
        TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(change) => Edit {
            range: 0..text.len_bytes(),
            text: change.text,
        },
    }
}

/// Edits of one document that came together.
#[derive(Default)]
pub(super) struct Edits {
    touched: Vec<Touched>,
    changes: Vec<Change>,
    edits: Vec<Edit>,
    is_new: bool,
}

impl Edits {
    /// Makes one.
    pub(super) fn apply(&mut self, document: &mut Document, edit: Edit) {
        self.touched.push(Touched {
            start: edit.range.start,
            n_inserted: edit.text.len(),
        });
        if !edit.range.is_empty() && edit.range == (0..document.text().len_bytes()) {
            // All of it is new: a place that was edited there is no more.
            document.replace(&edit.text);
            self.edits.push(edit);
            self.is_new = true;
            return;
        }
        (self.changes).push(line_change(document.text(), &edit.range, &edit.text));
        document.apply(&edit);
        self.edits.push(edit);
    }

    /// Tells all who want to know.
    pub(super) fn done(
        self,
        server: &Server,
        started: &Started,
        mut session: MutexGuard<'_, Session>,
        uri: &str,
    ) {
        if let Some(document) = session.document(uri) {
            started.projects.edited(uri, document.text());
        }
        server.learning.edited(uri, &self.edits);
        if self.is_new {
            session.diagnostics_mut().forget(uri);
        }
        for change in self.changes {
            session.recent_mut().edited(uri, change);
            session.diagnostics_mut().edited(uri, change);
        }
        if let Some(snapshot) = session.glimpse(uri) {
            server.typing.edited(&snapshot, &self.touched);
            if let Some(last) = self.touched.last() {
                let offset = last.start + last.n_inserted;
                read_ahead(server, started, &session, uri, &snapshot, offset, PAUSE);
            }
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
    forget(server, &params.text_document.uri.0);
}

/// Forgets a document, its model's memory and what is computed for it.
pub(super) fn forget(server: &Server, uri: &str) {
    if let Some(started) = server.started() {
        started.serving.close(identity(uri));
        started.projects.closed(uri);
        started.projects.rest();
    }
    server.session().close(uri);
    server.typing.closed(identity(uri));
    server.learning.closed(uri);
    server.last_answers.forget(uri);
}
