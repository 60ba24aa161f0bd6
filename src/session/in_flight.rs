//! Newest wins: at most one completion in flight per document.

use std::collections::HashMap;

use tokio::sync::oneshot;

/// Who is newest, by document.
#[derive(Default)]
pub struct InFlight {
    newest: HashMap<String, oneshot::Sender<()>>,
}

/// One request's place in flight.
#[derive(Debug)]
pub struct Ticket {
    superseded: oneshot::Receiver<()>,
}

impl InFlight {
    /// Takes the place of the newest request for a document and wakes the one before.
    pub fn begin(&mut self, uri: &str) -> Ticket {
        // Places whose requests are done are dropped here, so the map holds only live ones.
        self.newest.retain(|_, sender| !sender.is_closed());
        let (sender, superseded) = oneshot::channel();
        if let Some(older) = self.newest.insert(uri.to_owned(), sender) {
            // The older request may have been answered already; then nobody listens.
            let _ = older.send(());
        }
        Ticket { superseded }
    }

    /// Wakes whatever is in flight for a document.
    pub fn supersede(&mut self, uri: &str) {
        if let Some(older) = self.newest.remove(uri) {
            let _ = older.send(());
        }
    }
}

impl Ticket {
    /// Returns when a newer request has taken this one's place.
    pub async fn superseded(&mut self) {
        // An error means that the place was dropped without a word, which happens only when the
        // session is gone; the request is then as good as superseded.
        let _ = (&mut self.superseded).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_request_wakes_the_older_of_the_same_document_only() {
        let mut in_flight = InFlight::default();
        let mut first = in_flight.begin("a");
        let mut other = in_flight.begin("b");
        assert!(first.superseded.try_recv().is_err());
        let mut second = in_flight.begin("a");
        assert_eq!(first.superseded.try_recv(), Ok(()));
        assert!(second.superseded.try_recv().is_err());
        assert!(other.superseded.try_recv().is_err());
        in_flight.supersede("b");
        assert_eq!(other.superseded.try_recv(), Ok(()));
    }

    #[test]
    fn places_of_answered_requests_are_given_back() {
        let mut in_flight = InFlight::default();
        for n in 0..100 {
            drop(in_flight.begin(&format!("file{n}")));
        }
        let _last = in_flight.begin("last");
        assert_eq!(in_flight.newest.len(), 1);
    }
}
