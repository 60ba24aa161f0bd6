//! Text around the cursor.

use std::ops::Range;

use ropey::Rope;

use crate::model::Tokenizer;

/// The part of the open file that goes into the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Text before the cursor.
    pub prefix: String,
    /// Text after the cursor.
    pub suffix: String,
    /// Byte offset in the file where the prefix starts; a line start unless one line fills all.
    pub start: usize,
}

/// The text of a window around `offset`.
pub fn excerpt(text: &Rope, offset: usize, window: &Range<usize>) -> Excerpt {
    Excerpt {
        prefix: text.byte_slice(window.start..offset).to_string(),
        suffix: text.byte_slice(offset..window.end).to_string(),
        start: window.start,
    }
}

/// The start of the longest tail of `from..to` that keeps to `budget`.
pub(super) fn tail(
    text: &Rope,
    from: usize,
    to: usize,
    budget: usize,
    tokenizer: &dyn Tokenizer,
) -> usize {
    let slice = text.byte_slice(from..to).to_string();
    let tokens = tokenizer.tokenize(&slice);
    let n_bytes: usize = tokens
        .iter()
        .rev()
        .take(budget)
        .map(|token| tokenizer.bytes(*token).len())
        .sum();
    let mut start = slice.len().saturating_sub(n_bytes);
    while !slice.is_char_boundary(start) {
        start += 1;
    }
    from + start
}

/// The end of the longest head of `from..to` that keeps to `budget`.
pub(super) fn head(
    text: &Rope,
    from: usize,
    to: usize,
    budget: usize,
    tokenizer: &dyn Tokenizer,
) -> usize {
    let slice = text.byte_slice(from..to).to_string();
    let tokens = tokenizer.tokenize(&slice);
    let n_bytes: usize = tokens
        .iter()
        .take(budget)
        .map(|token| tokenizer.bytes(*token).len())
        .sum();
    let mut end = n_bytes.min(slice.len());
    while !slice.is_char_boundary(end) {
        end -= 1;
    }
    from + end
}
