//! Similar places elsewhere in the open file: what its text says now, outside the window.

use std::collections::HashSet;

use super::{Ask, Item};
use crate::project::snippets::pieces;
use crate::syntax::words;

/// Pieces that are shown at most.
const N_PIECES: usize = 3;

/// Bytes of a file that are looked at, on each side of the window.
const REACH: usize = 200_000;

/// The pieces that share most words with the lines before the cursor; a word counts the more the
/// fewer pieces have it.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let text = &ask.snapshot.text;
    let around = [
        ask.window.start.saturating_sub(REACH)..ask.window.start,
        ask.window.end..text.len_bytes().min(ask.window.end + REACH),
    ];
    let asked: HashSet<&str> = ask.query.0.iter().map(String::as_str).collect();
    let mut candidates: Vec<(String, Vec<&str>)> = Vec::new();
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
            let piece = &part[piece];
            let found: HashSet<&str> = words(piece).filter(|word| asked.contains(word)).collect();
            let found = asked
                .iter()
                .copied()
                .filter(|word| found.contains(word))
                .collect();
            candidates.push((piece.to_owned(), found));
        }
    }
    let n_pieces = candidates.len() as f32;
    let rarity = |word: &str| {
        let n_with = candidates
            .iter()
            .filter(|(_, words)| words.contains(&word))
            .count();
        (n_pieces / n_with.max(1) as f32).ln()
    };
    let rarities: Vec<(&str, f32)> = asked.iter().map(|word| (*word, rarity(word))).collect();
    let weight = |words: &[&str]| -> f32 {
        let shared = rarities.iter().filter(|(word, _)| words.contains(word));
        shared.map(|(_, rarity)| rarity).sum()
    };
    let all: f32 = rarities.iter().map(|(_, rarity)| rarity).sum();
    let mut items: Vec<Item> = candidates
        .iter()
        .map(|(piece, words)| Item {
            path: ask.snapshot.path.clone(),
            text: piece.clone(),
            weight: weight(words) / all.max(1.0),
        })
        .filter(|item| item.weight >= super::LEAST_WEIGHT)
        .collect();
    items.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    items.truncate(N_PIECES);
    items
}
