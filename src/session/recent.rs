//! Which documents were used last, and where they were edited last.

use std::collections::VecDeque;
use std::ops::Range;

/// Edits that lie within so many lines of one another are one region.
const NEAR: usize = 8;

/// Regions remembered.
const REGIONS: usize = 12;

/// Documents remembered.
const DOCUMENTS: usize = 16;

/// A change to whole lines of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The first line it touches.
    pub line: usize,
    /// Line breaks that went.
    pub n_removed: usize,
    /// Line breaks that came.
    pub n_inserted: usize,
}

/// Lines of a document that were edited together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The document's URI.
    pub uri: String,
    /// Its lines, as they are numbered now; never empty.
    pub lines: Range<usize>,
}

/// What was used and edited last.
#[derive(Debug, Default)]
pub struct Recent {
    /// Newest last.
    regions: VecDeque<Region>,
    /// Used last comes last.
    documents: VecDeque<String>,
    n_regions: u64,
}

impl Recent {
    /// A document was opened, edited or asked about.
    pub fn used(&mut self, uri: &str) {
        if self.documents.back().is_some_and(|last| last == uri) {
            return;
        }
        self.documents.retain(|known| known != uri);
        self.documents.push_back(uri.to_owned());
        if self.documents.len() > DOCUMENTS {
            self.documents.pop_front();
        }
    }

    /// A document was edited.
    pub fn edited(&mut self, uri: &str, change: Change) {
        self.used(uri);
        let old_end = change.line + change.n_removed + 1;
        let mut edited = change.line..change.line + change.n_inserted + 1;
        for region in self.regions.iter_mut().filter(|region| region.uri == uri) {
            region.lines = shifted(&region.lines, change, old_end);
        }
        // The newest region goes on if it is this document's and near; an older one that is near
        // becomes the newest.
        let is_near = |region: &Region| {
            region.uri == uri
                && region.lines.start <= edited.end + NEAR
                && edited.start <= region.lines.end + NEAR
        };
        let is_newest = self.regions.back().is_some_and(is_near);
        if let Some(at) = self.regions.iter().rposition(is_near)
            && let Some(region) = self.regions.remove(at)
        {
            edited.start = edited.start.min(region.lines.start);
            edited.end = edited.end.max(region.lines.end);
        }
        self.n_regions += u64::from(!is_newest);
        self.regions.push_back(Region {
            uri: uri.to_owned(),
            lines: edited,
        });
        if self.regions.len() > REGIONS {
            self.regions.pop_front();
        }
    }

    /// A document was replaced or closed: its regions are gone.
    pub fn forget(&mut self, uri: &str) {
        self.regions.retain(|region| region.uri != uri);
    }

    /// A document was closed.
    pub fn closed(&mut self, uri: &str) {
        self.forget(uri);
        self.documents.retain(|known| known != uri);
    }

    /// Edited regions, newest first.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        self.regions.iter().rev()
    }

    /// Documents, used last first.
    pub fn documents(&self) -> impl Iterator<Item = &str> {
        self.documents.iter().rev().map(String::as_str)
    }

    /// A number that grows when edits begin in another region. Within one it stays, so that what
    /// is made of the regions can stay as well while a person types.
    pub fn n_regions(&self) -> u64 {
        self.n_regions
    }
}

/// Where lines lie after a change; those that the change replaced become what came for them.
fn shifted(lines: &Range<usize>, change: Change, old_end: usize) -> Range<usize> {
    let new_end = change.line + change.n_inserted + 1;
    let at = |line: usize| match line {
        line if line <= change.line => line,
        line if line >= old_end => line - old_end + new_end,
        line => line.min(new_end),
    };
    let start = at(lines.start);
    start..at(lines.end).max(start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes as (document, line, removed, inserted), and the regions then, newest first.
    #[track_caller]
    fn check(changes: &[(&str, usize, usize, usize)], expected: &[(&str, Range<usize>)]) {
        let mut recent = Recent::default();
        for &(uri, line, n_removed, n_inserted) in changes {
            let change = Change {
                line,
                n_removed,
                n_inserted,
            };
            recent.edited(uri, change);
        }
        let regions: Vec<_> = recent
            .regions()
            .map(|region| (region.uri.as_str(), region.lines.clone()))
            .collect();
        assert_eq!(regions, expected);
    }

    #[test]
    fn edits_near_one_another_are_one_region() {
        check(
            &[
                ("a", 10, 0, 0),
                ("a", 10, 0, 1),
                ("a", 15, 0, 0),
                ("a", 90, 0, 0),
            ],
            &[("a", 90..91), ("a", 10..16)],
        );
        check(
            &[("a", 10, 0, 0), ("b", 3, 0, 0), ("a", 12, 0, 0)],
            &[("a", 10..13), ("b", 3..4)],
        );
    }

    #[test]
    fn regions_move_with_the_lines_above_them() {
        check(
            &[("a", 100, 0, 2), ("a", 0, 0, 5), ("b", 0, 0, 9)],
            &[("b", 0..10), ("a", 0..6), ("a", 105..108)],
        );
        check(
            &[("a", 100, 0, 2), ("a", 40, 20, 0)],
            &[("a", 40..41), ("a", 80..83)],
        );
    }

    #[test]
    fn memory_is_bounded_and_the_last_used_comes_first() {
        let mut recent = Recent::default();
        for n in 0..1_000 {
            let change = Change {
                line: n * 50,
                n_removed: 0,
                n_inserted: 0,
            };
            recent.edited(&format!("d{}", n % 40), change);
        }
        assert_eq!(recent.regions().count(), REGIONS);
        assert_eq!(recent.documents().count(), DOCUMENTS);
        assert_eq!(recent.documents().next(), Some("d39"));
        recent.closed("d39");
        assert_eq!(recent.documents().next(), Some("d38"));
        assert!(recent.regions().all(|region| region.uri != "d39"));
        let n_regions = recent.n_regions();
        let same = Change {
            line: 0,
            n_removed: 0,
            n_inserted: 0,
        };
        recent.edited("x", same);
        recent.edited("x", same);
        assert_eq!(recent.n_regions(), n_regions + 1);
    }
}
