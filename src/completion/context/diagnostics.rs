//! What is wrong with lines near the cursor: who stands there most likely mends it, or should not
//! do the same again. A line is shown with what a tool said of it in a comment behind.

use super::{Ask, Item};
use crate::session::Diagnostic;

/// Lines before and behind the cursor's that are near.
const NEAR: usize = 12;

/// Diagnostics that are shown at most.
const N_SHOWN: usize = 4;

/// The diagnostics near the cursor, the nearest first.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let here = ask.snapshot.text.byte_to_line(ask.offset);
    let away = |found: &Diagnostic| found.line.abs_diff(here);
    let all = ask.surroundings.diagnostics.iter();
    let mut near: Vec<&Diagnostic> = all.filter(|found| away(found) <= NEAR).collect();
    near.sort_by_key(|found| away(found));
    let shown = near.into_iter().filter_map(|found| {
        Some(Item {
            path: ask.snapshot.path.clone(),
            text: shown(ask, found)?,
            weight: 1.0 / (1 + away(found)) as f32,
        })
    });
    shown.take(N_SHOWN).collect()
}

/// Whether a piece that is shown is still so: what was mended must not be called wrong.
pub(super) fn holds(ask: &Ask<'_>, item: &Item) -> bool {
    let mut all = ask.surroundings.diagnostics.iter();
    all.any(|found| shown(ask, found).as_ref() == Some(&item.text))
}

fn shown(ask: &Ask<'_>, found: &Diagnostic) -> Option<String> {
    let line = ask.snapshot.text.get_line(found.line)?.to_string();
    let line = line.trim();
    (!line.is_empty()).then(|| format!("{line}  # error: {}\n", found.message))
}
