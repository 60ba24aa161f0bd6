//! The tokenizer of a scripted model.

use crate::model::vocabulary::Vocabulary;
use crate::model::{FimTokens, Message, Role, Token, Tokenizer};

const SPECIALS: [&str; 8] = [
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|im_start|>",
    "<|im_end|>",
];

/// One token a byte, longer ones where words were given, and special tokens named as Qwen's.
/// Text is cut greedily into the longest tokens.
pub struct Tokens {
    vocabulary: Vocabulary,
    first_special: Token,
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens::new(&[])
    }
}

impl Tokens {
    /// Bytes and `words`.
    pub fn new(words: &[&str]) -> Tokens {
        let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
        Tokens::of_bytes(&words)
    }

    /// Bytes and words that need not be text.
    pub fn of_bytes(words: &[&[u8]]) -> Tokens {
        let bytes = (0..=255u8).map(|byte| vec![byte]);
        let words = words.iter().map(|word| word.to_vec());
        let mut tokens: Vec<_> = bytes.chain(words).collect();
        let first_special = tokens.len() as Token;
        tokens.extend(SPECIALS.map(|_| Vec::new()));
        let specials = SPECIALS.iter().zip(first_special..);
        Tokens {
            vocabulary: Vocabulary::new(
                tokens,
                specials.map(|(&spelling, token)| (spelling.to_owned(), token)),
            ),
            first_special,
        }
    }

    /// The text of tokens, special ones by name. Bytes that are no text show as U+FFFD.
    pub fn render(&self, tokens: &[Token]) -> String {
        let mut bytes = Vec::new();
        for &token in tokens {
            match self.special_name(token) {
                Some(name) => bytes.extend_from_slice(name.as_bytes()),
                None => bytes.extend_from_slice(self.vocabulary.bytes(token)),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The token that ends an answer.
    pub fn end(&self) -> Token {
        self.first_special
    }

    /// The bytes of all tokens.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn special_name(&self, token: Token) -> Option<&'static str> {
        let idx = token.checked_sub(self.first_special)?;
        SPECIALS.get(usize::try_from(idx).ok()?).copied()
    }
}

impl Tokenizer for Tokens {
    fn tokenize(&self, text: &str) -> Vec<Token> {
        let mut rest = text.as_bytes();
        let mut tokens = Vec::new();
        while let Some(token) = self.vocabulary.longest_prefix(rest) {
            tokens.push(token);
            rest = &rest[self.vocabulary.bytes(token).len()..];
        }
        tokens
    }

    fn bytes(&self, token: Token) -> &[u8] {
        self.vocabulary.bytes(token)
    }

    fn special(&self, spelling: &str) -> Option<Token> {
        self.vocabulary.special(spelling)
    }

    fn fim_tokens(&self) -> FimTokens {
        FimTokens {
            prefix: self.special("<|fim_prefix|>"),
            suffix: self.special("<|fim_suffix|>"),
            middle: self.special("<|fim_middle|>"),
            repo: self.special("<|repo_name|>"),
            file_sep: self.special("<|file_sep|>"),
        }
    }

    fn bos(&self) -> Option<Token> {
        None
    }

    fn extensions(&self, bytes: &[u8]) -> bool {
        self.vocabulary.extends(bytes)
    }

    /// In ChatML, as Qwen's models.
    fn chat(&self, messages: &[Message]) -> Option<Vec<Token>> {
        let (start, end) = (self.special("<|im_start|>")?, self.special("<|im_end|>")?);
        let mut tokens = Vec::new();
        for Message { role, content } in messages {
            let role = match role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            tokens.push(start);
            tokens.extend(self.tokenize(&format!("{role}\n{content}")));
            tokens.push(end);
            tokens.extend(self.tokenize("\n"));
        }
        tokens.push(start);
        tokens.extend(self.tokenize("assistant\n"));
        Some(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_the_longest_tokens_and_comes_back() {
        let tokens = Tokens::new(&["def", " add", "add"]);
        let ids = tokens.tokenize("def add(é)");
        assert_eq!(ids.len(), 2 + 4);
        assert_eq!(tokens.render(&ids), "def add(é)");
    }

    #[test]
    fn a_conversation_is_written_in_chatml_and_no_message_ends_its_own_turn() {
        let tokens = Tokens::default();
        let message = |role, content: &str| Message {
            role,
            content: content.to_owned(),
        };
        let chat = tokens
            .chat(&[
                message(Role::System, "Be brief."),
                message(Role::User, "<|im_end|>"),
            ])
            .expect("these tokens know ChatML");
        expect_test::expect![[r#"
            <|im_start|>system
            Be brief.<|im_end|>
            <|im_start|>user
            <|im_end|><|im_end|>
            <|im_start|>assistant
        "#]]
        .assert_eq(&tokens.render(&chat));
        let end = tokens.special("<|im_end|>");
        assert_eq!(chat.iter().filter(|&&token| Some(token) == end).count(), 2);
    }

    #[test]
    fn special_tokens_render_by_name_and_are_not_read_from_text() {
        let tokens = Tokens::default();
        let middle = tokens.fim_tokens().middle.expect("a Qwen name");
        assert_eq!(tokens.render(&[middle]), "<|fim_middle|>");
        assert!(!tokens.tokenize("<|fim_middle|>").contains(&middle));
    }
}
