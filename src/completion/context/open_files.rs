//! The documents that are open besides, as far as they are like the place.

use super::{Ask, Item, LEAST_WEIGHT, own_file};
use crate::project::may_be_shown;

/// Documents that are looked at, those used last first.
const N_FILES: usize = 4;

/// The piece of each open document that is most like the lines before the cursor, documents used
/// last first. Project files are found by the index as well; these need not be of the project.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let files = ask.surroundings.open_files.iter().take(N_FILES);
    files
        .filter(|file| file.path != ask.snapshot.path)
        .filter_map(|file| {
            let text = file.text.to_string();
            if !may_be_shown(&file.path, &text) {
                return None;
            }
            let best = own_file::likest(&[&text], &file.path, &ask.query.0, 1).pop();
            best.filter(|item| item.weight >= LEAST_WEIGHT)
        })
        .collect()
}
