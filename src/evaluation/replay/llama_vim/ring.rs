//! llama.vim's ring: chunks of lines from elsewhere, sent along as extra context.

use std::collections::{HashSet, VecDeque};

use serde_json::{Value, json};

use super::super::buffer::Buffer;
use crate::seeded::Seeded;

/// Chunks in the ring, and chunks waiting for it, at most.
const MOST: usize = 16;
/// Lines a chunk is drawn from; it has half as many.
const CHUNK: usize = 64;
/// Chunks are drawn from this many lines away.
const SCOPE: usize = 1024;
/// Once the cursor has moved by more lines than this, chunks are drawn.
const MOVED: usize = 32;

pub(super) struct Ring {
    chunks: VecDeque<Vec<String>>,
    queued: VecDeque<Vec<String>>,
    /// The line at which chunks were drawn last.
    drawn_at: Option<usize>,
    seeded: Seeded,
}

impl Ring {
    pub(super) fn new() -> Ring {
        Ring {
            chunks: VecDeque::new(),
            queued: VecDeque::new(),
            drawn_at: None,
            seeded: Seeded::new(1),
        }
    }

    /// As the server wants it.
    pub(super) fn extra(&self) -> Value {
        let chunk = |lines: &Vec<String>| json!({"text": format!("{}\n", lines.join("\n")), "filename": ""});
        self.chunks.iter().map(chunk).collect()
    }

    /// Moves what waits into the ring; `true` when there was something.
    pub(super) fn update(&mut self) -> bool {
        let any = !self.queued.is_empty();
        self.chunks.append(&mut self.queued);
        while self.chunks.len() > MOST {
            self.chunks.pop_front();
        }
        any
    }

    /// Draws a chunk from the lines around the cursor.
    pub(super) fn pick_around(&mut self, buffer: &Buffer) {
        let at = buffer.spot().line;
        self.pick(lines(
            buffer,
            at.saturating_sub(CHUNK / 2),
            at + CHUNK / 2 + 1,
        ));
    }

    /// Draws chunks from far before and behind the cursor, if it has come far.
    pub(super) fn moved_to(&mut self, buffer: &Buffer) {
        let at = buffer.spot().line;
        if self.drawn_at.is_some_and(|last| last.abs_diff(at) <= MOVED) {
            return;
        }
        self.drawn_at = Some(at);
        self.pick(lines(
            buffer,
            at.saturating_sub(SCOPE),
            (at + 1).saturating_sub(256),
        ));
        self.pick(lines(buffer, at + 64, at + 64 + CHUNK + 1));
    }

    /// Takes out what is like the text around the cursor: the model would copy it.
    pub(super) fn evict_like(&mut self, buffer: &Buffer) {
        if self.chunks.is_empty() {
            return;
        }
        let at = buffer.spot().line;
        let around = lines(buffer, at.saturating_sub(CHUNK / 2), at + CHUNK / 2 + 1);
        let around = self.half_of(around);
        self.chunks.retain(|chunk| likeness(chunk, &around) <= 0.5);
    }

    fn pick(&mut self, text: Vec<String>) {
        if text.len() < 3 {
            return;
        }
        let chunk = if text.len() + 1 < CHUNK {
            text
        } else {
            self.half_of(text)
        };
        if self.chunks.contains(&chunk) || self.queued.contains(&chunk) {
            return;
        }
        self.queued.retain(|old| likeness(old, &chunk) <= 0.9);
        self.chunks.retain(|old| likeness(old, &chunk) <= 0.9);
        if self.queued.len() == MOST {
            self.queued.pop_front();
        }
        self.queued.push_back(chunk);
    }

    fn half_of(&mut self, mut text: Vec<String>) -> Vec<String> {
        let half = CHUNK / 2;
        let start = self.seeded.below(text.len().saturating_sub(half) + 1);
        text.drain(..start);
        text.truncate(half);
        text
    }
}

fn lines(buffer: &Buffer, from: usize, to: usize) -> Vec<String> {
    let n = to.saturating_sub(from);
    buffer
        .text
        .split('\n')
        .skip(from)
        .take(n)
        .map(str::to_owned)
        .collect()
}

/// How alike two chunks are by their words (Dice): 0 not at all, 1 the same.
fn likeness(one: &[String], other: &[String]) -> f64 {
    fn words(lines: &[String]) -> impl Iterator<Item = &str> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        lines
            .iter()
            .flat_map(move |line| line.split(move |c| !is_word(c)))
            .filter(|word| !word.is_empty())
    }
    let known: HashSet<&str> = words(one).collect();
    let total = words(one).count() + words(other).count();
    let shared = words(other).filter(|word| known.contains(word)).count();
    if total == 0 {
        1.0
    } else {
        2.0 * shared as f64 / total as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(n: usize, word: &str) -> Buffer {
        let text: String = (0..n).map(|n| format!("{word}{n} = {n}\n")).collect();
        Buffer::new(text, 0)
    }

    #[test]
    fn chunks_come_from_afar_and_wait_for_a_pause() {
        let mut ring = Ring::new();
        ring.moved_to(&numbered(500, "a"));
        assert_eq!(ring.extra(), json!([]));
        assert!(ring.update() && !ring.update());
        let extra = ring.extra();
        let text = extra[0]["text"].as_str().expect("a chunk");
        assert_eq!(
            (extra.as_array().map(Vec::len), text.lines().count()),
            (Some(1), 32)
        );
        // The cursor has not moved.
        ring.moved_to(&numbered(500, "b"));
        assert!(!ring.update());
    }

    #[test]
    fn chunks_like_the_text_around_the_cursor_go() {
        let mut ring = Ring::new();
        ring.pick_around(&numbered(20, "a"));
        ring.pick_around(&numbered(20, "b"));
        ring.update();
        assert_eq!(ring.chunks.len(), 2);
        ring.evict_like(&numbered(20, "a"));
        assert_eq!(ring.chunks.len(), 1);
    }
}
