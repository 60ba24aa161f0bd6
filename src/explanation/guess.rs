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
    let mut means = Means {
        priority: Priority::Explanation,
        ..means.clone()
    };
    // What stands elsewhere says nothing of this function.
    means.config.without.push("copy".to_owned());
    for (open, close) in PLACES {
        let opened = format!("{before}{open}");
        let with_place = snapshot.inserting(start, &format!("{opened}{close}\n"));
        let offset = start + opened.len();
        let answer = completion::complete_by_hand(&with_place, offset, 1, &means).await?;
        let text = answer.text.unwrap_or_default();
        let text = text.split("\"\"\"").next().unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().trim();
        let is_sure = answer.score.is_some_and(|score| score >= LEAST_SURE);
        if is_sure && is_prose(first) {
            return Ok(Some(first.to_owned()));
        }
    }
    Ok(None)
}

/// Mean natural log-probability of a token in a guess that is worth showing, at least.
const LEAST_SURE: f32 = -1.0;

/// Where the model is asked to say what the function does: a docstring, and where that brings
/// nothing, a comment. Small models end an opened docstring at once, since most go on in the next
/// line.
const PLACES: [(&str, &str); 2] = [("\"\"\"", "\"\"\""), ("# ", "")];

/// What stands in code and in directives, and hardly in a sentence.
const OF_CODE: [&str; 9] = [
    "=", "{", "[", "\"", "pylint", "type:", "noqa", "TODO", "FIXME",
];

/// Whether a text is a sentence rather than code that a comment was filled with.
fn is_prose(text: &str) -> bool {
    let n_words = text.split_whitespace().count();
    text.chars().count() >= LEAST
        && n_words >= 3
        && !text.ends_with([':', ',', '('])
        && !OF_CODE.iter().any(|mark| text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_no_prose() {
        assert!(is_prose("load the file path"));
        assert!(is_prose("Return the sum of all items."));
        for code in [
            "with open(path) as file:",
            "x = y + 1",
            "TODO",
            "",
            "pylint: disable=no-member",
        ] {
            assert!(!is_prose(code), "{code}");
        }
    }
}
