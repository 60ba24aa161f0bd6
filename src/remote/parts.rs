//! From a prompt in tokens back to its parts in text.

use super::words::Words;
use crate::config::format::Format;
use crate::model::{Token, Tokenizer};

/// A prompt in text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Other files, by name; a text without a name has an empty one.
    pub(super) files: Vec<(String, String)>,
    /// The file being completed, where its name is known.
    pub(super) path: Option<String>,
    /// The text before the cursor.
    pub(super) prefix: String,
    /// The text behind the cursor.
    pub(super) suffix: String,
    /// All of it, sentinels as they are spelled. Text that spells a sentinel is broken by a space,
    /// since a server would read it as one.
    pub(super) whole: String,
}

/// Splits a prompt at its sentinels.
pub(super) fn split(words: &Words, format: &Format, prompt: &[Token]) -> Parts {
    let mut parts = Parts::default();
    let header = |header: &Option<crate::config::format::Header>| {
        header.as_ref().and_then(|header| header.token.clone())
    };
    let (repo, file) = (header(&format.repo_header), header(&format.file_header));
    for (special, text) in segments(words, prompt) {
        parts.whole.push_str(special);
        parts.whole.push_str(&defused(&text, format));
        if special == format.prefix {
            parts.prefix = text;
        } else if special == format.suffix {
            parts.suffix = text;
        } else if Some(special) == repo.as_deref() || text.is_empty() {
            // Servers that know files know no repository, or name it themselves.
        } else if Some(special) == file.as_deref() {
            let (name, content) = text.split_once('\n').unwrap_or((&text, ""));
            match content.is_empty() {
                true => parts.path = Some(name.to_owned()),
                false => parts.files.push((name.to_owned(), content.to_owned())),
            }
        } else {
            parts.files.push((String::new(), text));
        }
    }
    parts
}

/// Special tokens and the text behind each; the text before the first has none.
fn segments<'a>(words: &'a Words, prompt: &[Token]) -> Vec<(&'a str, String)> {
    let mut segments: Vec<(&str, Vec<u8>)> = vec![("", Vec::new())];
    for &token in prompt {
        match words.spelling(token) {
            Some(special) => segments.push((special, Vec::new())),
            None => {
                if let Some((_, text)) = segments.last_mut() {
                    text.extend_from_slice(words.bytes(token));
                }
            }
        }
    }
    let segments = segments.into_iter();
    segments
        // Cut in the middle of a character, a text begins or ends with a replacement for it.
        .map(|(special, text)| (special, String::from_utf8_lossy(&text).into_owned()))
        .collect()
}

fn defused(text: &str, format: &Format) -> String {
    let mut text = text.to_owned();
    for special in format.specials() {
        if text.contains(special) {
            let n_first = special.chars().next().map_or(0, char::len_utf8);
            let broken = format!("{} {}", &special[..n_first], &special[n_first..]);
            text = text.replace(special, &broken);
        }
    }
    text
}
