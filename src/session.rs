//! The only mutable state: the open documents and what is being computed for them.
//!
//! It changes only through synchronous methods, under a lock that no `.await` crosses. A request
//! takes a [`Snapshot`] and lets go.

mod diagnostics;
mod document;
mod in_flight;
mod notebook;
mod recent;
mod snapshot;

use std::collections::HashMap;

pub use diagnostics::{Diagnostic, Diagnostics};
pub use document::{Document, Edit};
pub use in_flight::{InFlight, Ticket};
pub use notebook::{CellText, Listed, Notebook};
pub use recent::{Change, Recent, Region};
use ropey::Rope;
pub use snapshot::Snapshot;
use xxhash_rust::xxh3::xxh3_64;

/// Open documents by URI, and one place in flight for each. A notebook is a document as well: the
/// text that its cells make together.
#[derive(Default)]
pub struct Session {
    documents: HashMap<String, Document>,
    notebooks: HashMap<String, Notebook>,
    /// The notebook of each cell, by their URIs.
    cells: HashMap<String, String>,
    in_flight: InFlight,
    recent: Recent,
    diagnostics: Diagnostics,
}

impl Session {
    /// Opens a document, or replaces the one that had this URI.
    pub fn open(&mut self, uri: String, document: Document) {
        self.recent.closed(&uri);
        self.diagnostics.forget(&uri);
        self.recent.used(&uri);
        self.documents.insert(uri, document);
    }

    /// Opens a notebook, whose joined text is `document`.
    pub fn open_notebook(&mut self, uri: String, notebook: Notebook, document: Document) {
        self.notebooks.insert(uri.clone(), notebook);
        self.list_cells(&uri);
        self.open(uri, document);
    }

    /// Changes a notebook and then its joined text, by the edits that the change comes with, each
    /// handed to `apply`. `None` if there is no such notebook.
    pub fn change_notebook(
        &mut self,
        uri: &str,
        change: impl FnOnce(&mut Notebook) -> Vec<Edit>,
        mut apply: impl FnMut(&mut Document, Edit),
    ) -> Option<()> {
        let notebook = self.notebooks.get_mut(uri)?;
        let document = self.documents.get_mut(uri)?;
        for edit in change(notebook) {
            apply(document, edit);
        }
        Some(())
    }

    /// Learns anew which cells a notebook has.
    pub fn list_cells(&mut self, uri: &str) {
        self.cells.retain(|_, of| of != uri);
        let cells = self.notebooks.get(uri).into_iter().flat_map(Notebook::uris);
        (self.cells).extend(cells.map(|cell| (cell.to_owned(), uri.to_owned())));
    }

    /// The open notebook with this URI.
    pub fn notebook(&self, uri: &str) -> Option<&Notebook> {
        self.notebooks.get(uri)
    }

    /// Where the text that a client knows by this URI lies: a document in itself, or a cell.
    pub fn place(&self, uri: &str) -> Option<Place> {
        let Some(notebook) = self.cells.get(uri) else {
            return Some(Place {
                document: uri.to_owned(),
                start: 0,
                text: self.documents.get(uri)?.text().clone(),
            });
        };
        let cell = self.notebooks.get(notebook)?.place(uri)?;
        Some(Place {
            document: notebook.clone(),
            start: cell.start,
            text: cell.text,
        })
    }

    /// Why nothing is to be completed at a byte offset of the text with this URI, if so.
    pub fn silence(&self, uri: &str, offset: usize) -> Option<&'static str> {
        let notebook = self.notebooks.get(self.cells.get(uri)?)?;
        notebook.silence(uri, offset)
    }

    /// Forgets a document and gives up what is computed for it.
    pub fn close(&mut self, uri: &str) {
        if self.notebooks.remove(uri).is_some() {
            self.cells.retain(|_, of| of != uri);
        }
        self.documents.remove(uri);
        self.recent.closed(uri);
        self.diagnostics.forget(uri);
        self.in_flight.supersede(uri);
    }

    /// The open document with this URI.
    pub fn document(&self, uri: &str) -> Option<&Document> {
        self.documents.get(uri)
    }

    /// The open document with this URI, to be changed.
    pub fn document_mut(&mut self, uri: &str) -> Option<&mut Document> {
        self.documents.get_mut(uri)
    }

    /// A frozen copy for one request.
    pub fn snapshot(&mut self, uri: &str) -> Option<Snapshot> {
        self.documents.get_mut(uri)?.settle_quickly();
        self.glimpse(uri)
    }

    /// A frozen copy that may lack its tree: it costs nothing but counting references.
    pub fn glimpse(&self, uri: &str) -> Option<Snapshot> {
        let mut snapshot = self.documents.get(uri)?.snapshot();
        snapshot.document = identity(uri);
        Some(snapshot)
    }

    /// What was used and edited last.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// What was used and edited last, to be changed.
    pub fn recent_mut(&mut self) -> &mut Recent {
        &mut self.recent
    }

    /// What is wrong with the open documents.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// What is wrong with the open documents, to be changed.
    pub fn diagnostics_mut(&mut self) -> &mut Diagnostics {
        &mut self.diagnostics
    }

    /// Makes the caller the newest request for a document; the one before is superseded.
    pub fn begin(&mut self, uri: &str) -> Ticket {
        self.recent.used(uri);
        self.in_flight.begin(uri)
    }

    /// Number of open documents.
    pub fn n_documents(&self) -> usize {
        self.documents.len()
    }
}

/// Where a text lies that a client knows by a URI.
#[derive(Debug, Clone)]
pub struct Place {
    /// URI of the document that holds it.
    pub document: String,
    /// Byte offset of its start in the document.
    pub start: usize,
    /// The text as the client has it.
    pub text: Rope,
}

/// A number for a document that outlives its being closed. Never 0.
pub fn identity(uri: &str) -> u64 {
    xxh3_64(uri.as_bytes()).max(1)
}
