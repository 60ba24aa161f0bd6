//! Similar places elsewhere in the open file: what its text says now, outside the window.

use std::collections::{HashMap, HashSet};

use super::{Ask, Item};
use crate::project::snippets::{Weigher, pieces};
use crate::syntax::words;

/// Pieces that are shown at most.
const N_PIECES: usize = 3;

/// A few pieces cannot tell which words are rare: they are weighed as if they were so many.
const FEWEST: usize = 100;

/// Bytes of a file that are looked at, on each side of the window.
const REACH: usize = 200_000;

/// A piece of the file, and which of the words asked for it has.
struct Candidate<'t> {
    text: &'t str,
    shared: Vec<usize>,
    n_words: usize,
}

/// The pieces outside the window that are most like the lines before the cursor.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let text = &ask.snapshot.text;
    let around = [
        ask.window.start.saturating_sub(REACH)..ask.window.start,
        ask.window.end..text.len_bytes().min(ask.window.end + REACH),
    ];
    let parts: Vec<String> = around
        .into_iter()
        .map(|range| {
            // From a line's start to a line's start, and so in whole characters.
            let line = text.byte_to_line(range.start);
            let start = match text.line_to_byte(line) {
                start if start == range.start => start,
                _ => text.line_to_byte((line + 1).min(text.len_lines())),
            };
            let end = match range.end == text.len_bytes() {
                true => range.end,
                false => text.line_to_byte(text.byte_to_line(range.end)),
            };
            text.byte_slice(start..end.max(start)).to_string()
        })
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let mut items = likest(&parts, &ask.snapshot.path, &ask.query.0, N_PIECES);
    items.retain(|item| item.weight >= super::LEAST_WEIGHT);
    items
}

/// The pieces of texts that are most like these words, the likest first.
pub(super) fn likest(texts: &[&str], path: &str, asked: &[String], n: usize) -> Vec<Item> {
    let numbers: HashMap<&str, usize> = (asked.iter().enumerate())
        .map(|(number, word)| (word.as_str(), number))
        .collect();
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for text in texts {
        for piece in pieces(text) {
            let piece = &text[piece];
            let distinct: HashSet<&str> = words(piece).collect();
            let shared = distinct.iter().filter_map(|word| numbers.get(word));
            let mut shared: Vec<usize> = shared.copied().collect();
            // The order of a set is not the same twice, and sums hang on it.
            shared.sort_unstable();
            candidates.push(Candidate {
                text: piece,
                shared,
                n_words: distinct.len(),
            });
        }
    }
    let mut n_with = vec![0; asked.len()];
    for word in candidates.iter().flat_map(|candidate| &candidate.shared) {
        n_with[*word] += 1;
    }
    let n_words: usize = candidates.iter().map(|candidate| candidate.n_words).sum();
    let weigher = Weigher::new(
        candidates.len().max(FEWEST),
        n_words as f32 / candidates.len().max(1) as f32,
    );
    let best: f32 = n_with.iter().map(|n_with| weigher.best(*n_with)).sum();
    let weight = |candidate: &Candidate<'_>| -> f32 {
        let shared = candidate.shared.iter();
        let weights = shared.map(|word| weigher.weight(n_with[*word], candidate.n_words));
        weights.sum::<f32>() / best
    };
    let mut ranked: Vec<(f32, &Candidate<'_>)> = candidates
        .iter()
        .filter(|candidate| !candidate.shared.is_empty())
        .map(|candidate| (weight(candidate), candidate))
        .collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked
        .into_iter()
        .take(n)
        .map(|(weight, candidate)| Item {
            path: path.to_owned(),
            text: candidate.text.to_owned(),
            weight,
        })
        .collect()
}
