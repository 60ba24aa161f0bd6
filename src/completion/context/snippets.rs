//! Similar pieces of the repository's other files.

use super::{Ask, Item, LEAST_WEIGHT};

/// Pieces that are shown at most.
const N_PIECES: usize = 3;

/// The pieces most like the lines before the cursor. The open file itself is never among them: the
/// disk may have the very text that is being written.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let Some(project) = &ask.surroundings.project else {
        return Vec::new();
    };
    project
        .similar(&ask.query.0, &ask.snapshot.path, N_PIECES)
        .into_iter()
        .filter(|snippet| snippet.weight >= LEAST_WEIGHT)
        .map(|snippet| Item {
            path: snippet.path.to_string(),
            text: snippet.text,
            weight: snippet.weight,
        })
        .collect()
}
