//! What the name check says of code that people wrote: it should have nothing to say.

use crate::completion::trim::names::{Finding, Kind, check};
use crate::completion::trim::{Around, Draft};
use crate::evaluation::cursors::Cursor;
use crate::evaluation::repositories::{Repositories, open};
use crate::evaluation::{Share, Source};
use crate::session::Snapshot;

/// What the check says of many true lines.
#[derive(Debug, Clone)]
pub struct Report {
    /// Lines of which some name was called missing.
    pub flagged: Share,
    /// Names looked up, in all lines.
    pub n_lookups: usize,
    /// The cursors flagged, each with what was found.
    pub cases: Vec<(Cursor, Finding)>,
}

impl Report {
    /// Lines with a missing name of one kind.
    pub fn of_kind(&self, kind: Kind) -> usize {
        let has = |finding: &Finding| finding.unknown.iter().any(|one| one.kind == kind);
        self.cases
            .iter()
            .filter(|(_, finding)| has(finding))
            .count()
    }
}

/// Checks at each cursor what its author wrote there, as if a model had written it.
pub fn check_true_code(
    sources: &[Source],
    cursors: &[Cursor],
    repositories: &Repositories,
    mut done: impl FnMut(),
) -> Report {
    let (mut cases, mut n_lookups) = (Vec::new(), 0);
    for cursor in cursors {
        let source = &sources[cursor.source_idx];
        let text = cursor.text(source);
        let snapshot = Snapshot::of(&source.path, &text);
        let surroundings = repositories.around(source);
        let _opened = open(&snapshot, &surroundings);
        let draft = Draft {
            before: &text[..cursor.offset],
            after: &text[cursor.offset..],
            text: cursor.gold.clone(),
            seen_end: None,
            extent: cursor.extent(),
            language: snapshot.language,
            around: Some(Around {
                snapshot: &snapshot,
                offset: cursor.offset,
                surroundings: &surroundings,
            }),
            memo: None,
        };
        let finding = check(&draft);
        n_lookups += finding.n_lookups;
        if !finding.unknown.is_empty() {
            cases.push((cursor.clone(), finding));
        }
        done();
    }
    Report {
        flagged: Share {
            n_hits: cases.len(),
            n: cursors.len(),
        },
        n_lookups,
        cases,
    }
}
