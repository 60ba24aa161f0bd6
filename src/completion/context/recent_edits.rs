//! What was edited last elsewhere, as it is now.

use std::ops::Range;

use super::{Ask, Item};
use crate::completion::Edited;
use crate::project::may_be_shown;

/// Regions that are shown at most.
const N_REGIONS: usize = 4;

/// Regions outside the window, the newest first.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let is_elsewhere = |edit: &&Edited| {
        let within =
            |range: &Range<usize>| range.start < ask.window.end && ask.window.start < range.end;
        edit.own.as_ref().is_none_or(|range| !within(range))
    };
    let edits = ask.surroundings.edits.iter().filter(is_elsewhere);
    edits
        .filter(|edit| may_be_shown(&edit.path, &edit.text))
        .take(N_REGIONS)
        .enumerate()
        .map(|(at, edit)| Item {
            path: edit.path.clone(),
            text: edit.text.clone(),
            weight: 1.0 / (at + 1) as f32,
        })
        .collect()
}
