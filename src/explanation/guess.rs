//! What a model that only continues text can say of a function: its docstring, filled in.

use super::study::Studied;
use crate::completion::{self, Means};
use crate::model::{ModelError, Priority};
use crate::session::Snapshot;

/// Characters of a docstring that is worth showing, at least.
const LEAST: usize = 12;

/// The first line of the docstring that the model would write for a function that has none.
/// `None` where it has one, or where the model has nothing to say.
///
/// # Errors
/// Whatever keeps the model from answering.
pub async fn docstring(
    snapshot: &Snapshot,
    studied: &Studied,
    means: &Means,
) -> Result<Option<String>, ModelError> {
    let body = studied.body;
    if studied.facts.docstring.is_some() {
        return Ok(None);
    }
    let line = snapshot
        .text
        .byte_to_line(body.min(snapshot.text.len_bytes()));
    let start = snapshot.text.line_to_byte(line);
    let before = snapshot.text.byte_slice(start..body).to_string();
    // A body on the line of its head has no room for a docstring.
    if !before.trim().is_empty() {
        return Ok(None);
    }
    let opened = format!("{before}\"\"\"");
    let with_docstring = snapshot.inserting(start, &format!("{opened}\n"));
    let means = Means {
        priority: Priority::Explanation,
        ..means.clone()
    };
    let offset = start + opened.len();
    let answer = completion::complete_by_hand(&with_docstring, offset, 1, &means).await?;
    let text = answer.text.unwrap_or_default();
    let first = text.split("\"\"\"").next().unwrap_or_default();
    let first = first.lines().next().unwrap_or_default().trim();
    Ok((first.chars().count() >= LEAST).then(|| first.to_owned()))
}
