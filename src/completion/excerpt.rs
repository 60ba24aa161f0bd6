//! Lines around the cursor, nearest first, fitted to a token budget.

use crate::model::Tokenizer;
use crate::session::Snapshot;

/// The part of the open file that goes into the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Text before the cursor.
    pub prefix: String,
    /// Text after the cursor.
    pub suffix: String,
    /// Byte offset in the file where the prefix starts; a line start unless one line fills all.
    pub start: usize,
    /// Lines of the file before the excerpt.
    pub n_cut_before: usize,
    /// Lines of the file after the excerpt.
    pub n_cut_after: usize,
}

/// Tokens for each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// For the text before the cursor.
    pub prefix: usize,
    /// For the text after the cursor.
    pub suffix: usize,
}

/// The start of the prefix moves in steps of this share of its budget, so that typing at the end
/// of a long file does not shift the whole prompt at each new line and cost its KV cache.
const STEP_SHARE: usize = 4;

/// Cuts the lines around `offset` so that each side keeps to its budget.
///
/// Tokens are counted line by line: a tokenizer may merge across a line break but never needs
/// more tokens for two lines together than for each alone, so the count is an upper bound.
pub fn excerpt(
    snapshot: &Snapshot,
    offset: usize,
    budget: Budget,
    tokenizer: &dyn Tokenizer,
) -> Excerpt {
    let text = &snapshot.text;
    let cursor_line = text.byte_to_line(offset);
    let cursor_line_start = text.line_to_byte(cursor_line);
    let n_tokens = |range: std::ops::Range<usize>| {
        tokenizer
            .tokenize(&text.byte_slice(range).to_string())
            .len()
    };

    // Before the cursor: whole lines while they fit.
    let mut used = n_tokens(cursor_line_start..offset);
    let mut first = cursor_line;
    while first > 0 && used <= budget.prefix {
        let cost = n_tokens(text.line_to_byte(first - 1)..text.line_to_byte(first));
        if used + cost > budget.prefix {
            break;
        }
        used += cost;
        first -= 1;
    }
    let (start, n_cut_before) = if used > budget.prefix {
        // The cursor's own line is longer than the budget: its end is what counts.
        (
            tail(text, cursor_line_start, offset, budget.prefix, tokenizer),
            cursor_line,
        )
    } else {
        let first = step(first, cursor_line);
        (text.line_to_byte(first), first)
    };

    // After the cursor: the rest of the line, then whole lines while they fit.
    let n_lines = text.len_lines();
    let line_end = |line: usize| {
        if line + 1 < n_lines {
            text.line_to_byte(line + 1)
        } else {
            text.len_bytes()
        }
    };
    let mut end = line_end(cursor_line);
    let mut used = n_tokens(offset..end);
    let mut last = cursor_line;
    if used > budget.suffix {
        end = head(text, offset, end, budget.suffix, tokenizer);
    } else {
        while last + 1 < n_lines {
            let cost = n_tokens(end..line_end(last + 1));
            if used + cost > budget.suffix {
                break;
            }
            used += cost;
            last += 1;
            end = line_end(last);
        }
    }
    Excerpt {
        prefix: text.byte_slice(start..offset).to_string(),
        suffix: text.byte_slice(offset..end).to_string(),
        start,
        n_cut_before,
        n_cut_after: n_lines - 1 - last,
    }
}

/// Moves the first line to the next multiple of a step, unless the file's start fits anyway.
fn step(first: usize, cursor_line: usize) -> usize {
    if first == 0 {
        return 0;
    }
    let step = ((cursor_line - first) / STEP_SHARE)
        .next_power_of_two()
        .max(1);
    first.next_multiple_of(step).min(cursor_line)
}

/// The start of the longest tail of `from..to` that keeps to `budget`.
fn tail(
    text: &ropey::Rope,
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
fn head(
    text: &ropey::Rope,
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
