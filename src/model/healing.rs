//! Token healing: the text before the cursor rarely ends where a token ends.
//!
//! After `ret` the model would have to continue with `urn`, which it never learnt to do, because
//! its training text had `return` as one token. So tokens are taken back off the end of the
//! prompt, and the answer is made to begin with their bytes: each logit whose token disagrees
//! with the bytes still owed is left out, until nothing is owed any more.

use super::{Token, Tokenizer, vocabulary::Vocabulary};

/// Tokens that healing takes back at most.
const MAX_CUT: usize = 4;

/// Takes tokens off the end of `prefix` and returns their bytes, for [`Job::heal`](super::Job).
///
/// The rule: of the cuts of one to four tokens, the longest is made for whose bytes some token of
/// the vocabulary exists that begins with them and goes on. No cut reaches over a special token,
/// nor into the line above the cursor. A token that begins with the newline itself may go: there
/// are vocabularies with tokens such as `\n    return`. A cut through the middle of a character is
/// not made. Our own model is trained with holes that begin where this rule makes them begin.
pub fn heal(tokenizer: &dyn Tokenizer, prefix: &mut Vec<Token>) -> Vec<u8> {
    let mut tail: Vec<u8> = Vec::new();
    let mut cut = (0, Vec::new());
    for (n, &token) in prefix.iter().rev().take(MAX_CUT).enumerate() {
        let bytes = tokenizer.bytes(token);
        let newline = bytes.iter().rposition(|&byte| byte == b'\n');
        if bytes.is_empty() || newline.is_some_and(|idx| idx > 0) {
            break;
        }
        tail.splice(0..0, bytes.iter().copied());
        if tokenizer.extensions(&tail) {
            cut = (n + 1, tail.clone());
        }
        if newline.is_some() {
            break;
        }
    }
    if std::str::from_utf8(&cut.1).is_err() {
        return Vec::new();
    }
    prefix.truncate(prefix.len() - cut.0);
    cut.1
}

/// The bytes an answer still owes.
#[derive(Clone)]
pub(crate) struct Healing {
    rest: Vec<u8>,
}

impl Healing {
    pub(crate) fn new(rest: Vec<u8>) -> Healing {
        Healing { rest }
    }

    /// The tokens that may come next; `None` when nothing is owed and any may.
    pub(crate) fn candidates(&self, vocabulary: &Vocabulary) -> Option<Vec<Token>> {
        (!self.rest.is_empty()).then(|| vocabulary.agreeing(&self.rest))
    }

    /// Pays what is owed from a token's bytes and returns what is left of them.
    pub(crate) fn pay<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let n = self.rest.len().min(bytes.len());
        self.rest.drain(..n);
        &bytes[n..]
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::scripted;

    const WORDS: &[&str] = &[
        "return",
        " return",
        "ret",
        "self",
        "self._",
        "._n",
        ".",
        "_",
        "n",
        ":\n",
        "    ",
        "        ",
        "\n    ",
        "\n    return",
        "é",
    ];

    /// Text before the cursor in; tokens that stay, `▏`, bytes the answer must begin with.
    #[track_caller]
    fn check_heal(before: &str, expected: Expect) {
        let tokenizer = scripted::Tokens::new(WORDS);
        let mut prefix = tokenizer.tokenize(before);
        let healed = heal(&tokenizer, &mut prefix);
        let kept: Vec<_> = prefix
            .iter()
            .map(|&token| tokenizer.render(&[token]))
            .collect();
        expected.assert_eq(&format!(
            "{}▏{}",
            kept.join("·"),
            String::from_utf8_lossy(&healed)
        ));
    }

    #[test]
    fn half_a_word_is_taken_back() {
        check_heal("x ret", expect!["x▏ ret"]);
        check_heal("x retu", expect!["x▏ retu"]);
    }

    #[test]
    fn a_finished_word_stays() {
        check_heal("x return", expect!["x· return▏"]);
    }

    #[test]
    fn several_tokens_are_taken_back_when_one_token_spells_them_and_more() {
        check_heal("x self.", expect!["x· ▏self."]);
    }

    #[test]
    fn the_longest_cut_wins_even_past_a_shorter_one_that_fails() {
        // Nothing goes on from `_` alone, but `._n` goes on from `._`.
        check_heal("f._", expect!["f▏._"]);
    }

    #[test]
    fn no_cut_reaches_into_the_line_above() {
        check_heal("if x:\n", expect!["i·f· ·x·:\n▏"]);
        check_heal("if x:\n    ", expect!["i·f· ·x·:\n▏    "]);
    }

    #[test]
    fn a_newline_that_begins_a_token_is_taken_back_with_its_indentation() {
        check_heal("x\n    ", expect!["x▏\n    "]);
        check_heal("x\n    re", expect!["x▏\n    re"]);
    }

    #[test]
    fn no_cut_reaches_over_a_special_token() {
        let tokenizer = scripted::Tokens::new(WORDS);
        let sentinel = tokenizer.special("<|fim_prefix|>").expect("a Qwen name");
        let mut prefix = tokenizer.tokenize("re");
        prefix.insert(1, sentinel);
        prefix.push(sentinel);
        assert_eq!(heal(&tokenizer, &mut prefix.clone()), b"");
        prefix.pop();
        // `e` begins no longer token, and `r` lies behind the sentinel.
        assert_eq!(heal(&tokenizer, &mut prefix), b"");
        assert_eq!(prefix.len(), 3);
    }

    #[test]
    fn no_cut_goes_through_a_character() {
        // `à` is two bytes and two tokens; the longer token begins with its second byte.
        let tokenizer = scripted::Tokens::of_bytes(&[b"\xA0b"]);
        let mut prefix = tokenizer.tokenize("à");
        assert_eq!(heal(&tokenizer, &mut prefix), b"");
        assert_eq!(prefix.len(), 2);
    }

    #[test]
    fn half_a_character_may_be_owed() {
        let tokenizer = scripted::Tokens::new(WORDS);
        let mut healing = Healing::new(vec![0xC3]);
        let candidates = healing.candidates(tokenizer.vocabulary());
        let whole = tokenizer.tokenize("é")[0];
        assert!(candidates.is_some_and(|tokens| tokens.contains(&whole)));
        assert_eq!(healing.pay("é".as_bytes()), [0xA9]);
        assert!(healing.candidates(tokenizer.vocabulary()).is_none());
    }

    #[test]
    fn a_debt_is_paid_over_several_tokens() {
        let mut healing = Healing::new(b"retu".to_vec());
        assert_eq!(healing.pay(b"ret"), b"");
        assert_eq!(healing.pay(b"urn"), b"rn");
    }
}
