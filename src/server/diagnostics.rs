//! What the client passes on of other tools' diagnostics.

use super::Server;
use super::protocol::DiagnosticsParams;
use crate::session::Diagnostic;

/// The least that counts: a warning. Hints are about style.
const WARNING: u32 = 2;

pub(super) fn receive(server: &Server, params: DiagnosticsParams) {
    let mut session = server.session();
    let place = session.place(&params.uri);
    let Some((place, document)) = place.and_then(|place| {
        let document = session.document(&place.document)?;
        Some((place, document))
    }) else {
        tracing::debug!("diagnostics for a document that is not open were left out");
        return;
    };
    // Prose is not shown line by line, and of other languages nothing is.
    let is_python = session.silence(&params.uri, 0).is_none();
    // A cell's lines are those of its part of the notebook, one to one.
    let start = place.start.min(document.text().len_bytes());
    let first = document.text().byte_to_line(start);
    let counts = |severity: Option<u32>| severity.is_none_or(|severity| severity <= WARNING);
    let found = params.diagnostics.into_iter();
    let found = found
        .filter(|one| {
            is_python
                && counts(one.severity)
                && (one.range.start.line as usize) < place.text.len_lines()
        })
        .map(|one| Diagnostic::new(first + one.range.start.line as usize, &one.message))
        .collect();
    (session.diagnostics_mut()).tell(&place.document, &params.uri, found);
}
