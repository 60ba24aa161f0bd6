//! Words in the place of tokens.
//!
//! What a server's vocabulary is like is not known here, and does not have to be: a prompt is put
//! together from tokens, measured in tokens, and sent as text. Pieces of about the size of a real
//! token do for both, as long as the text comes back whole.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::model::{FimTokens, Token, Tokenizer};

/// Distinct words remembered. Further ones are spelled in bytes, so that memory stays bounded.
const MAX_WORDS: usize = 1 << 16;
/// Ids below are single bytes.
const FIRST_WORD: usize = 256;
const FIRST_SPECIAL: usize = FIRST_WORD + MAX_WORDS;
/// Bytes of a word, at most: identifiers are cut about where a real vocabulary cuts them.
const MAX_LEN: usize = 9;

static BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut idx = 0;
    while idx < 256 {
        bytes[idx] = idx as u8;
        idx += 1;
    }
    bytes
};

/// A vocabulary that grows with what it is given.
pub(super) struct Words {
    words: Box<[OnceLock<Box<[u8]>>]>,
    known: Mutex<HashMap<Box<[u8]>, Token>>,
    specials: Vec<String>,
}

impl Words {
    pub(super) fn new(specials: Vec<String>) -> Words {
        Words {
            words: (0..MAX_WORDS).map(|_| OnceLock::new()).collect(),
            known: Mutex::default(),
            specials,
        }
    }

    /// The spelling of a special token.
    pub(super) fn spelling(&self, token: Token) -> Option<&str> {
        let idx = usize::try_from(token).ok()?.checked_sub(FIRST_SPECIAL)?;
        self.specials.get(idx).map(String::as_str)
    }

    fn remember(&self, word: &[u8], tokens: &mut Vec<Token>) {
        if let [byte] = word {
            return tokens.push(Token::from(*byte));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&token) = known.get(word) {
            return tokens.push(token);
        }
        let idx = known.len();
        match self.words.get(idx) {
            Some(place) if place.set(word.into()).is_ok() => {
                let token = (FIRST_WORD + idx) as Token;
                known.insert(word.into(), token);
                tokens.push(token);
            }
            _ => tokens.extend(word.iter().map(|&byte| Token::from(byte))),
        }
    }
}

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(text.len() / 3);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (word, after) = rest.split_at(word_len(rest));
            self.remember(word, &mut tokens);
            rest = after;
        }
        tokens
    }

    fn bytes(&self, token: Token) -> &[u8] {
        match usize::try_from(token) {
            Ok(byte) if byte < FIRST_WORD => &BYTES[byte..=byte],
            Ok(id) if id < FIRST_SPECIAL => {
                let word = self.words[id - FIRST_WORD].get();
                word.map_or(&[], |word| word)
            }
            _ => &[],
        }
    }

    fn special(&self, spelling: &str) -> Option<Token> {
        let idx = self.specials.iter().position(|known| known == spelling)?;
        Some((FIRST_SPECIAL + idx) as Token)
    }

    fn fim_tokens(&self) -> FimTokens {
        FimTokens::default()
    }

    fn bos(&self) -> Option<Token> {
        None
    }
}

/// Bytes of the word that a text begins with: letters and digits with a space before them, a run
/// of white space, or a run of one kind of anything else.
fn word_len(text: &[u8]) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let run =
        |text: &[u8], is: &dyn Fn(&u8) -> bool| text.iter().take_while(|byte| is(byte)).count();
    match text {
        [b' ', next, ..] if is_word(next) => 1 + run(&text[1..], &is_word).min(MAX_LEN),
        [first, ..] if is_word(first) => run(text, &is_word).min(MAX_LEN),
        // An indentation is one token in every vocabulary made for code; the space before a word
        // stays with the word.
        [first, ..] if is_space(first) => {
            let n = run(text, &is_space);
            let leaves_space = n > 1 && text.get(n).is_some_and(is_word) && text[n - 1] == b' ';
            n - usize::from(leaves_space)
        }
        [first, ..] => run(text, &|byte| byte == first).min(4),
        [] => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &Words, tokens: &[Token]) -> Vec<u8> {
        let bytes = tokens.iter().flat_map(|&token| words.bytes(token));
        bytes.copied().collect()
    }

    #[test]
    fn text_comes_back_whole_and_has_about_as_many_words_as_tokens() {
        let words = Words::new(vec!["<P>".to_owned()]);
        for source in [include_str!("words.rs"), "é漢🙂\r\n\t x\0<P>", ""] {
            let tokens = words.tokenize(source);
            assert_eq!(text(&words, &tokens), source.as_bytes());
            assert!(!tokens.contains(&words.special("<P>").unwrap_or(-1)));
        }
        let tokens = words.tokenize(include_str!("words.rs")).len();
        let per_token = include_str!("words.rs").len() as f64 / tokens as f64;
        // Vocabularies made for code have 3.3 to 4.4.
        assert!((2.8..4.5).contains(&per_token), "{per_token}");
    }

    #[test]
    fn a_full_vocabulary_spells_in_bytes() {
        let words = Words::new(Vec::new());
        for n in 0..=MAX_WORDS {
            words.tokenize(&format!("{n:05}"));
        }
        let tokens = words.tokenize("unseen");
        assert_eq!(tokens.len(), 6);
        assert_eq!(text(&words, &tokens), b"unseen");
    }
}
