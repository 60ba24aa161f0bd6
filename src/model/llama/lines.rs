//! Text tokenized line by line, where that gives the same tokens, so that lines can be remembered.
//!
//! llama.cpp needs about 0.7 µs a byte, three milliseconds for a prompt, of which one line has
//! changed since the last keystroke.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::Token;
use crate::model::vocabulary::Vocabulary;

/// Bytes of text that are remembered; beyond that, all is forgotten.
const CAPACITY: usize = 4 << 20;

/// Where a text may be cut without a change to its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Before every newline: no token has one after its first byte.
    BeforeNewlines,
    /// After the last newline before a line's indentation: the pre-tokenizer ends a word there.
    BeforeIndentation,
    /// Nowhere that we know of.
    Nowhere,
}

impl Cut {
    /// What is safe for a pre-tokenizer, by its name in llama.cpp.
    ///
    /// The regular expressions of the second group end a word after newlines: punctuation takes
    /// the newlines after it along (`[\r\n]*`), other whitespace the newlines at its end
    /// (`\s*[\r\n]+`, tried before `\s+`), and no other branch has a newline in it.
    pub(super) fn of(pre_tokenizer: &str, vocabulary: &Vocabulary) -> Cut {
        let is_cut_off = |token| !vocabulary.bytes(token).iter().skip(1).any(|&b| b == b'\n');
        match pre_tokenizer {
            "superbpe" if (0..vocabulary.len() as Token).all(is_cut_off) => Cut::BeforeNewlines,
            "qwen2" | "deepseek-r1-qwen" | "llama-bpe" | "llama3" | "llama-v3" => {
                // A token of its own kind is looked for before words are.
                let is_across = |(text, _): (&str, Token)| text.contains('\n');
                match vocabulary.specials().any(is_across) {
                    true => Cut::Nowhere,
                    false => Cut::BeforeIndentation,
                }
            }
            _ => Cut::Nowhere,
        }
    }

    /// The text in parts.
    fn parts(self, text: &str) -> Vec<&str> {
        let bytes = text.as_bytes();
        let mut parts = Vec::new();
        let mut start = 0;
        for (newline, _) in text.match_indices('\n') {
            let end = match self {
                Cut::BeforeNewlines => newline,
                Cut::BeforeIndentation => {
                    let rest = &bytes[newline + 1..];
                    let first = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
                    if !first.is_some_and(u8::is_ascii_graphic) {
                        continue;
                    }
                    newline + 1
                }
                Cut::Nowhere => break,
            };
            if end > start {
                parts.push(&text[start..end]);
                start = end;
            }
        }
        if start < text.len() {
            parts.push(&text[start..]);
        }
        parts
    }
}

/// Lines and their tokens.
#[derive(Default)]
pub(super) struct Lines(Mutex<Known>);

#[derive(Default)]
struct Known {
    tokens: HashMap<Box<str>, Box<[Token]>>,
    n_bytes: usize,
}

impl Lines {
    /// The tokens of `text`, with `tokenize` called for those parts that are not known yet.
    pub(super) fn tokenize(
        &self,
        text: &str,
        cut: Cut,
        tokenize: impl Fn(&str) -> Vec<Token>,
    ) -> Vec<Token> {
        if cut == Cut::Nowhere {
            return tokenize(text);
        }
        let mut tokens = Vec::with_capacity(text.len() / 3);
        for part in cut.parts(text) {
            if let Some(known) = self.lock().tokens.get(part) {
                tokens.extend_from_slice(known);
                continue;
            }
            // Not under the lock: another thread may tokenize meanwhile.
            let new = tokenize(part);
            tokens.extend_from_slice(&new);
            let mut known = self.lock();
            if known.n_bytes + part.len() > CAPACITY {
                *known = Known::default();
            }
            known.n_bytes += part.len();
            known.tokens.insert(part.into(), new.into());
        }
        tokens
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        // Entries are put in whole, so a panic elsewhere leaves the map whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check_parts(cut: Cut, text: &str, expected: Expect) {
        expected.assert_eq(&format!("{:?}", cut.parts(text)));
        assert_eq!(cut.parts(text).concat(), text);
    }

    #[test]
    fn every_newline_begins_a_part() {
        check_parts(
            Cut::BeforeNewlines,
            "a\n\n    b\r\nc\n",
            expect![[r#"["a", "\n", "\n    b\r", "\nc", "\n"]"#]],
        );
    }

    #[test]
    fn indentation_begins_a_part_if_the_line_has_text_that_is_surely_no_space() {
        check_parts(
            Cut::BeforeIndentation,
            "a\n\n    b\r\nc\n  \n\té\n x\n",
            expect![[r#"["a\n\n", "    b\r\n", "c\n  \n\té\n", " x\n"]"#]],
        );
    }

    #[test]
    fn a_line_is_tokenized_once() {
        let lines = Lines::default();
        let calls = std::cell::RefCell::new(Vec::new());
        let tokenize = |text: &str| {
            calls.borrow_mut().push(text.to_owned());
            vec![text.len() as Token]
        };
        let cut = Cut::BeforeNewlines;
        assert_eq!(lines.tokenize("ab\nc\nab", cut, tokenize), [2, 2, 3]);
        assert_eq!(lines.tokenize("ab\ncd\nab", cut, tokenize), [2, 3, 3]);
        assert_eq!(*calls.borrow(), ["ab", "\nc", "\nab", "\ncd"]);
    }
}
