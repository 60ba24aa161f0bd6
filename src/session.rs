//! The only mutable state: the open documents and what is being computed for them.
//!
//! It changes only through synchronous methods, under a lock that no `.await` crosses. A request
//! takes a [`Snapshot`] and lets go.

mod document;
mod in_flight;
mod recent;
mod snapshot;

use std::collections::HashMap;

pub use document::{Document, Edit};
pub use in_flight::{InFlight, Ticket};
pub use recent::{Change, Recent, Region};
pub use snapshot::Snapshot;
use xxhash_rust::xxh3::xxh3_64;

/// Open documents by URI, and one place in flight for each.
#[derive(Default)]
pub struct Session {
    documents: HashMap<String, Document>,
    in_flight: InFlight,
    recent: Recent,
}

impl Session {
    /// Opens a document, or replaces the one that had this URI.
    pub fn open(&mut self, uri: String, document: Document) {
        self.recent.closed(&uri);
        self.recent.used(&uri);
        self.documents.insert(uri, document);
    }

    /// Forgets a document and gives up what is computed for it.
    pub fn close(&mut self, uri: &str) {
        self.documents.remove(uri);
        self.recent.closed(uri);
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
        self.documents.get_mut(uri)?.settle();
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

/// A number for a document that outlives its being closed. Never 0.
pub fn identity(uri: &str) -> u64 {
    xxh3_64(uri.as_bytes()).max(1)
}
