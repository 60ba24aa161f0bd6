//! Similar places elsewhere in the open file: what its text says now, outside the window.

use std::collections::{HashMap, HashSet};

use super::{Ask, Item};
use crate::project::snippets::{Weigher, pieces};
use crate::syntax::words;

/// Pieces that are shown at most.
const N_PIECES: usize = 3;

/// Bytes of a file that are looked at, on each side of the window.
const REACH: usize = 200_000;

/// A piece of the file, and which of the words asked for it has.
struct Candidate {
    text: String,
    shared: Vec<usize>,
    n_words: usize,
}

/// The pieces that share most words with the lines before the cursor; a word counts the more the
/// fewer pieces have it.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let text = &ask.snapshot.text;
    let around = [
        ask.window.start.saturating_sub(REACH)..ask.window.start,
        ask.window.end..text.len_bytes().min(ask.window.end + REACH),
    ];
    let asked: HashMap<&str, usize> = (ask.query.0.iter().enumerate())
        .map(|(at, word)| (word.as_str(), at))
        .collect();
    let mut candidates: Vec<Candidate> = Vec::new();
    for range in around {
        // From a line's start on, and in whole characters.
        let line = text.byte_to_line(range.start);
        let start = match text.line_to_byte(line) {
            start if start == range.start => start,
            _ => text
                .line_to_byte((line + 1).min(text.len_lines()))
                .min(range.end),
        };
        let end = text.line_to_byte(text.byte_to_line(range.end)).max(start);
        let end = if range.end == text.len_bytes() {
            range.end
        } else {
            end
        };
        let part = text.byte_slice(start..end).to_string();
        for piece in pieces(&part) {
            let text = part[piece].to_owned();
            let distinct: HashSet<&str> = words(&text).collect();
            let mut shared: Vec<usize> = distinct
                .iter()
                .filter_map(|word| asked.get(word).copied())
                .collect();
            shared.sort_unstable();
            let n_words = distinct.len();
            candidates.push(Candidate {
                text,
                shared,
                n_words,
            });
        }
    }
    let n_words = candidates.iter().map(|candidate| candidate.n_words);
    let mean_words = n_words.sum::<usize>() as f32 / candidates.len().max(1) as f32;
    let weigher = Weigher::new(candidates.len(), mean_words);
    let n_with: Vec<usize> = (0..ask.query.0.len())
        .map(|word| {
            candidates
                .iter()
                .filter(|with| with.shared.contains(&word))
                .count()
        })
        .collect();
    let best: f32 = n_with.iter().map(|n_with| weigher.best(*n_with)).sum();
    let weight = |candidate: &Candidate| -> f32 {
        let shared = candidate.shared.iter();
        shared
            .map(|word| weigher.weight(n_with[*word], candidate.n_words))
            .sum()
    };
    let mut items: Vec<Item> = candidates
        .iter()
        .map(|candidate| Item {
            path: ask.snapshot.path.clone(),
            text: candidate.text.clone(),
            weight: weight(candidate) / best.max(1.0),
        })
        .filter(|item| item.weight >= super::LEAST_WEIGHT)
        .collect();
    items.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    items.truncate(N_PIECES);
    items
}
