//! The bytes of every token, and the tokens in byte order.
//!
//! Byte order makes two questions cheap: does any token begin with these bytes, and which
//! tokens agree with text that must come next. Token healing asks both at every keystroke.

use std::collections::HashMap;

use super::Token;

/// The bytes of a vocabulary's tokens. Special tokens have no bytes; they are found by spelling.
#[derive(Debug, Default)]
pub struct Vocabulary {
    bytes: Vec<u8>,
    /// Token `t` owns `bytes[ends[t - 1]..ends[t]]`.
    ends: Vec<usize>,
    /// Tokens that have bytes, ordered by them, then by id.
    sorted: Vec<Token>,
    specials: HashMap<String, Token>,
}

impl Vocabulary {
    /// A vocabulary from each token's bytes, in order of id, and the spellings of special tokens.
    pub fn new(
        tokens: impl IntoIterator<Item = impl AsRef<[u8]>>,
        specials: impl IntoIterator<Item = (String, Token)>,
    ) -> Vocabulary {
        let mut vocabulary = Vocabulary {
            specials: specials.into_iter().collect(),
            ..Vocabulary::default()
        };
        for token in tokens {
            vocabulary.bytes.extend_from_slice(token.as_ref());
            vocabulary.ends.push(vocabulary.bytes.len());
        }
        let mut sorted: Vec<Token> = (0..vocabulary.len() as Token)
            .filter(|&token| !vocabulary.bytes(token).is_empty())
            .collect();
        sorted.sort_by(|&a, &b| (vocabulary.bytes(a), a).cmp(&(vocabulary.bytes(b), b)));
        vocabulary.sorted = sorted;
        vocabulary
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of one token; empty for special tokens and for ids outside the vocabulary.
    pub fn bytes(&self, token: Token) -> &[u8] {
        let Ok(idx) = usize::try_from(token) else {
            return &[];
        };
        let Some(&end) = self.ends.get(idx) else {
            return &[];
        };
        let start = if idx == 0 { 0 } else { self.ends[idx - 1] };
        &self.bytes[start..end]
    }

    /// The special token spelled so.
    pub fn special(&self, spelling: &str) -> Option<Token> {
        self.specials.get(spelling).copied()
    }

    /// The spellings of all special tokens, in no particular order.
    pub fn specials(&self) -> impl Iterator<Item = (&str, Token)> {
        self.specials
            .iter()
            .map(|(text, &token)| (text.as_str(), token))
    }

    /// Whether some token begins with `bytes` and goes on after them.
    pub fn extends(&self, bytes: &[u8]) -> bool {
        self.starting_with(bytes)
            .iter()
            .any(|&token| self.bytes(token).len() > bytes.len())
    }

    /// The tokens that agree with text that must begin with `rest`: those that begin with `rest`,
    /// and those that `rest` begins with. Empty only when the text cannot be written at all.
    pub fn agreeing(&self, rest: &[u8]) -> Vec<Token> {
        let mut tokens = Vec::new();
        for len in 1..rest.len() {
            tokens.extend_from_slice(self.exactly(&rest[..len]));
        }
        tokens.extend_from_slice(self.starting_with(rest));
        tokens
    }

    /// The longest token that `text` begins with, the one of lowest id among equals.
    pub fn longest_prefix(&self, text: &[u8]) -> Option<Token> {
        // A shorter text sorts before a longer one it begins, so the candidates for ever longer
        // prefixes lie further right; the last one found is the longest.
        let mut longest = None;
        for len in 1..=text.len() {
            if self.starting_with(&text[..len]).is_empty() {
                break;
            }
            longest = self.exactly(&text[..len]).first().copied().or(longest);
        }
        longest
    }

    fn starting_with(&self, bytes: &[u8]) -> &[Token] {
        let start = self
            .sorted
            .partition_point(|&token| self.bytes(token) < bytes);
        let n = self.sorted[start..].partition_point(|&token| self.bytes(token).starts_with(bytes));
        &self.sorted[start..start + n]
    }

    fn exactly(&self, bytes: &[u8]) -> &[Token] {
        let same = self.starting_with(bytes);
        &same[..same.partition_point(|&token| self.bytes(token).len() == bytes.len())]
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(
            ["r", "re", "return", "", "ret", "urn", "x", "re"],
            [("<|fim_middle|>".to_owned(), 3)],
        )
    }

    #[track_caller]
    fn check_agreeing(rest: &str, expected: Expect) {
        let vocabulary = vocabulary();
        let tokens: Vec<_> = vocabulary
            .agreeing(rest.as_bytes())
            .into_iter()
            .map(|token| {
                let text = String::from_utf8_lossy(vocabulary.bytes(token)).into_owned();
                format!("{token}:{text}")
            })
            .collect();
        expected.assert_eq(&tokens.join(" "));
    }

    #[test]
    fn tokens_agree_that_begin_the_text_or_go_beyond_it() {
        check_agreeing("ret", expect!["0:r 1:re 7:re 4:ret 2:return"]);
        check_agreeing("u", expect!["5:urn"]);
        check_agreeing("returned", expect!["0:r 1:re 7:re 4:ret 2:return"]);
    }

    #[test]
    fn nothing_agrees_with_text_the_vocabulary_cannot_write() {
        check_agreeing("zebra", expect![""]);
    }

    #[test]
    fn a_token_is_no_extension_of_itself() {
        let vocabulary = vocabulary();
        assert!(vocabulary.extends(b"ret"));
        assert!(!vocabulary.extends(b"return"));
        assert!(!vocabulary.extends(b"x"));
    }

    #[test]
    fn the_longest_token_wins_and_gaps_are_crossed() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.longest_prefix(b"return x"), Some(2));
        // No token is spelled `retu`, so `ret` stands.
        assert_eq!(vocabulary.longest_prefix(b"retum"), Some(4));
        assert_eq!(vocabulary.longest_prefix(b"zebra"), None);
    }

    #[test]
    fn a_special_token_has_a_spelling_and_no_bytes() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.special("<|fim_middle|>"), Some(3));
        assert_eq!(vocabulary.bytes(3), b"");
        assert_eq!(vocabulary.bytes(-1), b"");
        assert_eq!(vocabulary.bytes(99), b"");
    }
}
