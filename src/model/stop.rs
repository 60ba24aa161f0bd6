//! From tokens' bytes to text: whole characters only, and nothing of a stop string.

use std::collections::VecDeque;

use super::Confidence;

/// Text of one decoded token, or of several where a character lies across them, and how sure the
/// model was of what it took to write it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) confidence: Confidence,
}

/// Assembles an answer. Pieces come out as soon as they can neither be half a character nor the
/// beginning of a stop string. Their log-probabilities add up to that of the text.
#[derive(Clone)]
pub(crate) struct Assembly {
    stops: Vec<String>,
    /// Bytes of a character that is not complete yet.
    partial: Vec<u8>,
    /// Of the tokens whose text has not become a piece yet.
    confidence: Confidence,
    /// Pieces that may turn out to begin a stop string.
    held: VecDeque<Piece>,
    is_stopped: bool,
}

impl Assembly {
    /// An assembly that stops before the first of `stops`; empty strings are ignored.
    pub(crate) fn new(stops: &[String]) -> Assembly {
        Assembly {
            stops: stops
                .iter()
                .filter(|stop| !stop.is_empty())
                .cloned()
                .collect(),
            partial: Vec::new(),
            confidence: Confidence::EMPTY,
            held: VecDeque::new(),
            is_stopped: false,
        }
    }

    /// Takes the bytes of one token and returns the pieces that are ready.
    pub(crate) fn push(&mut self, bytes: &[u8], confidence: Confidence) -> Vec<Piece> {
        if self.is_stopped {
            return Vec::new();
        }
        self.partial.extend_from_slice(bytes);
        self.confidence = self.confidence.and(confidence);
        let text = take_whole_characters(&mut self.partial);
        if text.is_empty() {
            return Vec::new();
        }
        self.held.push_back(Piece {
            text,
            confidence: std::mem::replace(&mut self.confidence, Confidence::EMPTY),
        });

        let held: String = self.held.iter().map(|piece| piece.text.as_str()).collect();
        let found = self.stops.iter().filter_map(|stop| held.find(stop)).min();
        if let Some(offset) = found {
            self.is_stopped = true;
            return self.release(offset, true);
        }
        let n_doubtful = self
            .stops
            .iter()
            .map(|stop| longest_beginning(&held, stop))
            .max()
            .unwrap_or(0);
        self.release(held.len() - n_doubtful, false)
    }

    /// Whether a stop string came up.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// The pieces still held when the answer ends without a stop string. Bytes of a character
    /// that never became whole are dropped.
    pub(crate) fn finish(&mut self) -> Vec<Piece> {
        if self.is_stopped {
            return Vec::new();
        }
        self.held.drain(..).collect()
    }

    /// Lets go of the pieces that end within the first `n_bytes` of the held text; with `cut`,
    /// also of the part of the next piece that does, and forgets the rest.
    fn release(&mut self, mut n_bytes: usize, cut: bool) -> Vec<Piece> {
        let mut ready = Vec::new();
        while self
            .held
            .front()
            .is_some_and(|piece| piece.text.len() <= n_bytes)
        {
            let piece = self.held.pop_front().expect("there is a front");
            n_bytes -= piece.text.len();
            ready.push(piece);
        }
        if cut {
            if let Some(mut piece) = self.held.pop_front()
                && n_bytes > 0
            {
                piece.text.truncate(n_bytes);
                ready.push(piece);
            }
            self.held.clear();
        }
        ready
    }
}

/// Takes all whole characters out of `bytes`. Bytes that can never become a character are
/// replaced by U+FFFD; a beginning that still can stays.
fn take_whole_characters(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut taken = 0;
    loop {
        match std::str::from_utf8(&bytes[taken..]) {
            Ok(rest) => {
                text.push_str(rest);
                taken = bytes.len();
                break;
            }
            Err(error) => {
                let valid = &bytes[taken..taken + error.valid_up_to()];
                text.push_str(&String::from_utf8_lossy(valid));
                taken += valid.len();
                let Some(n_invalid) = error.error_len() else {
                    break;
                };
                text.push(char::REPLACEMENT_CHARACTER);
                taken += n_invalid;
            }
        }
    }
    bytes.drain(..taken);
    text
}

/// Length in bytes of the longest proper beginning of `stop` that `text` ends with.
fn longest_beginning(text: &str, stop: &str) -> usize {
    (1..stop.len().min(text.len() + 1))
        .rev()
        .find(|&len| stop.is_char_boundary(len) && text.ends_with(&stop[..len]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// One line a token: its bytes, then the pieces it lets out. `⏹` marks a stop string.
    #[track_caller]
    fn check_pieces(stops: &[&str], tokens: &[&[u8]], expected: Expect) {
        let stops: Vec<String> = stops.iter().map(|&stop| stop.to_owned()).collect();
        let mut assembly = Assembly::new(&stops);
        let mut transcript = String::new();
        let mut line = |name: String, pieces: Vec<Piece>, is_stopped: bool| {
            let pieces: Vec<_> = pieces
                .iter()
                .map(|piece| format!("{:?} {}", piece.text, piece.confidence.logprob))
                .collect();
            let mark = if is_stopped { " ⏹" } else { "" };
            transcript.push_str(&format!("{name} → [{}]{mark}\n", pieces.join(", ")));
        };
        let confidence = Confidence {
            logprob: -1.0,
            ..Confidence::EMPTY
        };
        for token in tokens {
            let pieces = assembly.push(token, confidence);
            line(
                token.escape_ascii().to_string(),
                pieces,
                assembly.is_stopped(),
            );
        }
        let pieces = assembly.finish();
        line("end".to_owned(), pieces, assembly.is_stopped());
        expected.assert_eq(&transcript);
    }

    #[test]
    fn without_stop_strings_every_token_is_a_piece() {
        check_pieces(
            &[],
            &[b"a", b"bc"],
            expect![[r#"
            a → ["a" -1]
            bc → ["bc" -1]
            end → []
        "#]],
        );
    }

    #[test]
    fn a_character_across_tokens_comes_out_whole_with_the_probability_of_both() {
        check_pieces(
            &[],
            &[b"x\xE4", b"\xB8", b"\xADy"],
            expect![[r#"
            x\xe4 → ["x" -1]
            \xb8 → []
            \xady → ["中y" -2]
            end → []
        "#]],
        );
    }

    #[test]
    fn bytes_that_are_no_text_become_replacement_characters() {
        check_pieces(
            &[],
            &[b"a\xFFb"],
            expect![[r#"
            a\xffb → ["a�b" -1]
            end → []
        "#]],
        );
    }

    #[test]
    fn a_character_that_never_becomes_whole_is_dropped() {
        check_pieces(
            &[],
            &[b"a", b"\xE4\xB8"],
            expect![[r#"
            a → ["a" -1]
            \xe4\xb8 → []
            end → []
        "#]],
        );
    }

    #[test]
    fn text_before_a_stop_string_comes_out_and_nothing_after_it() {
        check_pieces(
            &["\n\n"],
            &[b"a\n", b"\nb", b"c"],
            expect![[r#"
            a\n → []
            \nb → ["a" -1] ⏹
            c → [] ⏹
            end → [] ⏹
        "#]],
        );
    }

    #[test]
    fn a_stop_string_across_tokens_is_held_back_until_it_is_known() {
        check_pieces(
            &["\ndef "],
            &[b"a", b"\n", b"de", b"f", b" f"],
            expect![[r#"
            a → ["a" -1]
            \n → []
            de → []
            f → []
             f → [] ⏹
            end → [] ⏹
        "#]],
        );
        check_pieces(
            &["\ndef "],
            &[b"a", b"\n", b"de", b"l x"],
            expect![[r#"
            a → ["a" -1]
            \n → []
            de → []
            l x → ["\n" -1, "de" -1, "l x" -1]
            end → []
        "#]],
        );
    }

    #[test]
    fn what_was_held_comes_out_at_the_end() {
        check_pieces(
            &["\ndef "],
            &[b"a\nde"],
            expect![[r#"
            a\nde → []
            end → ["a\nde" -1]
        "#]],
        );
    }

    #[test]
    fn the_first_of_several_stop_strings_wins() {
        check_pieces(
            &["\n", "b"],
            &[b"a", b"cb\n"],
            expect![[r#"
            a → ["a" -1]
            cb\n → ["c" -1] ⏹
            end → [] ⏹
        "#]],
        );
    }

    #[test]
    fn a_false_start_inside_a_stop_string_is_no_reason_to_miss_it() {
        check_pieces(
            &["aab"],
            &[b"a", b"a", b"a", b"b"],
            expect![[r#"
            a → []
            a → []
            a → ["a" -1]
            b → [] ⏹
            end → [] ⏹
        "#]],
        );
    }
}
