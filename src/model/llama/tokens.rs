//! The vocabulary of a GGUF as a [`Tokenizer`].

use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::sync::Arc;

use llama_cpp_sys_2 as sys;

use super::chat;
use super::lines::{Cut, Lines};
use super::weights::Weights;
use crate::model::vocabulary::Vocabulary;
use crate::model::{FimTokens, Message, Token, Tokenizer};

/// Text before a text, for tokenizers that would put a space in front of it. They put it in
/// front of this instead, and the tokens of both are dropped.
const SHIELD: &str = "\n";

/// The tokenizer. It shares the weights, because llama.cpp's vocabulary is a part of them.
pub(super) struct LlamaTokens {
    weights: Arc<Weights>,
    vocabulary: Vocabulary,
    ends: HashSet<Token>,
    fim: FimTokens,
    bos: Option<Token>,
    /// Tokens that the shield becomes; empty where no space is put in front of a text.
    shield: Vec<Token>,
    cut: Cut,
    lines: Lines,
    chat_template: Option<CString>,
}

impl LlamaTokens {
    pub(super) fn new(weights: Arc<Weights>) -> LlamaTokens {
        let vocab = weights.vocab();
        // SAFETY: the vocabulary lives as long as the weights. A model without one says type
        // NONE, and its functions are not called then.
        let n_vocab = unsafe {
            match sys::llama_vocab_type(vocab) {
                sys::LLAMA_VOCAB_TYPE_NONE => 0,
                _ => sys::llama_vocab_n_tokens(vocab),
            }
        };
        let mut bytes = Vec::new();
        let mut specials = Vec::new();
        let mut ends = HashSet::new();
        for token in 0..n_vocab {
            bytes.push(token_bytes(vocab, token));
            // SAFETY: the vocabulary lives, `token` lies within it, and the text is a
            // NUL-terminated string that lives as long.
            let (attributes, text, is_end) = unsafe {
                (
                    sys::llama_vocab_get_attr(vocab, token),
                    CStr::from_ptr(sys::llama_vocab_get_text(vocab, token)),
                    sys::llama_vocab_is_eog(vocab, token),
                )
            };
            let named = sys::LLAMA_TOKEN_ATTR_CONTROL | sys::LLAMA_TOKEN_ATTR_USER_DEFINED;
            if attributes & named != 0 {
                specials.push((text.to_string_lossy().into_owned(), token));
            }
            if is_end {
                ends.insert(token);
            }
        }
        let known = |token: Token| (0..n_vocab).contains(&token).then_some(token);
        // SAFETY: the vocabulary lives; llama.cpp answers −1 for tokens it does not have.
        let (fim, bos) = unsafe {
            (
                FimTokens {
                    prefix: known(sys::llama_vocab_fim_pre(vocab)),
                    suffix: known(sys::llama_vocab_fim_suf(vocab)),
                    middle: known(sys::llama_vocab_fim_mid(vocab)),
                    repo: known(sys::llama_vocab_fim_rep(vocab)),
                    file_sep: known(sys::llama_vocab_fim_sep(vocab)),
                },
                match sys::llama_vocab_get_add_bos(vocab) {
                    true => known(sys::llama_vocab_bos(vocab)),
                    false => None,
                },
            )
        };
        let vocabulary = Vocabulary::new(bytes, specials);
        let pre_tokenizer = weights.pre_tokenizer();
        let mut tokens = LlamaTokens {
            cut: Cut::of(&pre_tokenizer, &vocabulary),
            lines: Lines::default(),
            chat_template: weights.chat_template(),
            weights,
            vocabulary,
            ends,
            fim,
            bos,
            shield: Vec::new(),
        };
        if n_vocab > 0 {
            let first = tokens.call("x", false).first().copied();
            if first.is_some_and(|token| tokens.bytes(token).starts_with(b" ")) {
                tokens.shield = tokens.call(SHIELD, false);
            }
        }
        tokens
    }

    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    pub(super) fn is_end(&self, token: Token) -> bool {
        self.ends.contains(&token)
    }

    /// Tokens without regard to lines, for a comparison.
    #[cfg(test)]
    pub(super) fn tokenize_whole(&self, text: &str) -> Vec<Token> {
        self.call(text, false)
    }

    /// llama.cpp's tokenizer, without BOS and EOS. Special tokens are read from the text only
    /// with `special`.
    fn call(&self, text: &str, special: bool) -> Vec<Token> {
        let Ok(n_bytes) = i32::try_from(text.len()) else {
            tracing::warn!("a text of 2 GiB or more is not tokenized");
            return Vec::new();
        };
        // A token has a byte or more, apart from the few that some tokenizers add in front.
        let mut tokens: Vec<Token> = vec![0; text.len() + 8];
        loop {
            let room = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
            // SAFETY: the vocabulary lives; llama.cpp reads `n_bytes` bytes of text and writes at
            // most `room` tokens, which is no more than the vector has.
            let n = unsafe {
                sys::llama_tokenize(
                    self.weights.vocab(),
                    text.as_ptr().cast(),
                    n_bytes,
                    tokens.as_mut_ptr(),
                    room,
                    false,
                    special,
                )
            };
            match usize::try_from(n) {
                Ok(n) => {
                    tokens.truncate(n);
                    return tokens;
                }
                // A negative number is the room that was needed.
                Err(_) if n != i32::MIN && n.unsigned_abs() as usize > tokens.len() => {
                    tokens.resize(n.unsigned_abs() as usize, 0);
                }
                Err(_) => return Vec::new(),
            }
        }
    }
}

impl Tokenizer for LlamaTokens {
    fn tokenize(&self, text: &str) -> Vec<Token> {
        if text.is_empty() {
            return Vec::new();
        }
        if !self.shield.is_empty() {
            let tokens = self.call(&format!("{SHIELD}{text}"), false);
            // Where shield and text share a token, the space in front is the smaller evil.
            if let Some(tokens) = tokens.strip_prefix(self.shield.as_slice()) {
                return tokens.to_vec();
            }
        }
        self.lines
            .tokenize(text, self.cut, |part| self.call(part, false))
    }

    fn bytes(&self, token: Token) -> &[u8] {
        self.vocabulary.bytes(token)
    }

    fn special(&self, spelling: &str) -> Option<Token> {
        self.vocabulary.special(spelling)
    }

    fn fim_tokens(&self) -> FimTokens {
        self.fim
    }

    fn bos(&self) -> Option<Token> {
        self.bos
    }

    fn extensions(&self, bytes: &[u8]) -> bool {
        self.vocabulary.extends(bytes)
    }

    fn chat(&self, messages: &[Message]) -> Option<Vec<Token>> {
        let template = self.chat_template.as_deref()?;
        let mut tokens: Vec<Token> = self.bos.into_iter().collect();
        for part in chat::parts(template, messages)? {
            tokens.extend(match part {
                chat::Part::Template(text) => self.call(&text, true),
                chat::Part::Content(text) => self.tokenize(text),
            });
        }
        Some(tokens)
    }
}

/// The bytes of a token; none for special tokens.
fn token_bytes(vocab: *const sys::llama_vocab, token: Token) -> Vec<u8> {
    let mut bytes = vec![0u8; 32];
    loop {
        let room = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        // SAFETY: the vocabulary lives and llama.cpp writes at most `room` bytes.
        let n = unsafe {
            sys::llama_token_to_piece(vocab, token, bytes.as_mut_ptr().cast(), room, 0, false)
        };
        match usize::try_from(n) {
            Ok(n) => {
                bytes.truncate(n);
                return bytes;
            }
            // A negative number is the room that was needed.
            Err(_) => bytes.resize((n.unsigned_abs() as usize).max(bytes.len() * 2), 0),
        }
    }
}
