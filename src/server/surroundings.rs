//! What is known around a document when a completion is asked for there.

use super::Started;
use crate::completion::{Edited, OpenFile, Surroundings};
use crate::session::{Region, Session};

/// Lines of an edited region that are kept.
const REGION_LINES: usize = 24;

/// Other open documents that are kept.
const N_FILES: usize = 8;

pub(super) fn around(started: &Started, session: &Session, uri: &str) -> Surroundings {
    let mut surroundings = started.projects.around(uri);
    let recent = session.recent();
    surroundings.n_regions = recent.n_regions();
    surroundings.open_files = recent
        .documents()
        .filter(|other| *other != uri)
        .filter_map(|other| session.document(other))
        .take(N_FILES)
        .map(|document| OpenFile {
            path: document.path().to_owned(),
            text: document.text().clone(),
        })
        .collect();
    surroundings.edits = recent
        .regions()
        .filter_map(|region| edited(session, region, uri))
        .collect();
    surroundings.diagnostics = session.diagnostics().of(uri).cloned().collect();
    surroundings
}

/// A region's text as it is now; `None` where nothing is left of it.
fn edited(session: &Session, region: &Region, uri: &str) -> Option<Edited> {
    let document = session.document(&region.uri)?;
    let text = document.text();
    let first = region.lines.start.min(text.len_lines());
    let last = region
        .lines
        .end
        .min(first + REGION_LINES)
        .min(text.len_lines());
    let range = text.line_to_byte(first)..text.line_to_byte(last);
    let shown = text.byte_slice(range.clone()).to_string();
    (!shown.trim().is_empty()).then(|| Edited {
        path: document.path().to_owned(),
        text: shown,
        own: (region.uri == uri).then_some(range),
    })
}
