//! How each model family wants to be asked to fill in the middle.
//!
//! A format is chosen by the special tokens that the vocabulary has, not by the model's name, so
//! a fine-tune under any name works. The rows follow the model cards and llama.cpp's own list.

use crate::model::{ModelInfo, Token, Tokenizer};

/// The order of the parts in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Prefix, suffix, middle.
    Psm,
    /// Suffix, prefix, middle. What is typed lands at the end, so the KV cache holds the rest.
    Spm,
}

/// One family's format, as spelled in its vocabulary.
#[derive(Debug, PartialEq, Eq)]
pub struct FimFormat {
    /// The family, as people call it.
    pub family: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    middle: Option<&'static str>,
    order: Order,
    /// Further special tokens that end the answer.
    stops: &'static [&'static str],
}

/// Known formats. The first row whose tokens are all in the vocabulary is taken.
pub static FORMATS: [FimFormat; 11] = [
    FimFormat {
        family: "Qwen2.5-Coder",
        prefix: "<|fim_prefix|>",
        suffix: "<|fim_suffix|>",
        middle: Some("<|fim_middle|>"),
        order: Order::Psm,
        stops: &[
            "<|fim_pad|>",
            "<|repo_name|>",
            "<|file_sep|>",
            "<|file_separator|>",
            "<|im_end|>",
        ],
    },
    FimFormat {
        family: "Mellum",
        prefix: "<fim_prefix>",
        suffix: "<fim_suffix>",
        middle: Some("<fim_middle>"),
        order: Order::Spm,
        stops: &["<filename>", "<reponame>", "<gh_stars>", "<fim_pad>"],
    },
    FimFormat {
        family: "StarCoder2",
        prefix: "<fim_prefix>",
        suffix: "<fim_suffix>",
        middle: Some("<fim_middle>"),
        order: Order::Psm,
        stops: &["<file_sep>", "<repo_name>", "<fim_pad>"],
    },
    FimFormat {
        family: "StarCoder",
        prefix: "<fim_prefix>",
        suffix: "<fim_suffix>",
        middle: Some("<fim_middle>"),
        order: Order::Psm,
        stops: &["<filename>", "<reponame>", "<fim_pad>"],
    },
    FimFormat {
        family: "SantaCoder",
        prefix: "<fim-prefix>",
        suffix: "<fim-suffix>",
        middle: Some("<fim-middle>"),
        order: Order::Psm,
        stops: &["<fim-pad>"],
    },
    FimFormat {
        family: "DeepSeek-Coder",
        prefix: "<｜fim▁begin｜>",
        suffix: "<｜fim▁hole｜>",
        middle: Some("<｜fim▁end｜>"),
        order: Order::Psm,
        stops: &[],
    },
    FimFormat {
        family: "CodeLlama",
        prefix: "▁<PRE>",
        suffix: "▁<SUF>",
        middle: Some("▁<MID>"),
        order: Order::Psm,
        stops: &["▁<EOT>"],
    },
    FimFormat {
        family: "Codestral",
        prefix: "[PREFIX]",
        suffix: "[SUFFIX]",
        middle: None,
        order: Order::Spm,
        stops: &[],
    },
    FimFormat {
        family: "Seed-Coder",
        prefix: "<[fim-prefix]>",
        suffix: "<[fim-suffix]>",
        middle: Some("<[fim-middle]>"),
        order: Order::Spm,
        stops: &[],
    },
    FimFormat {
        family: "GLM-4",
        prefix: "<|code_prefix|>",
        suffix: "<|code_suffix|>",
        middle: Some("<|code_middle|>"),
        order: Order::Psm,
        stops: &["<|user|>", "<|endoftext|>"],
    },
    FimFormat {
        family: "Falcon-H1",
        prefix: "<|prefix|>",
        suffix: "<|suffix|>",
        middle: Some("<|middle|>"),
        order: Order::Psm,
        stops: &[],
    },
];

/// A format with the tokens of one vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fim {
    /// The family, or what the choice rests on.
    pub family: String,
    /// The order of the parts.
    pub order: Order,
    prefix: Token,
    suffix: Token,
    middle: Option<Token>,
    /// Before the path of a file, where the model knows such a header.
    pub file_separator: Option<Token>,
    /// Tokens that end the answer, besides the vocabulary's own.
    pub stops: Vec<Token>,
}

impl Fim {
    /// The format for a loaded model; `None` where it was never trained to fill in the middle.
    pub fn of(info: &ModelInfo, tokenizer: &dyn Tokenizer) -> Option<Fim> {
        let ours = info.name.starts_with("Midfill");
        FORMATS
            .iter()
            .filter(|format| {
                format.family != "Mellum" || info.name.to_lowercase().contains("mellum")
            })
            .filter(|format| {
                // StarCoder and StarCoder2 spell the sentinels alike and differ in the rest.
                format.family != "StarCoder2" || tokenizer.special("<file_sep>").is_some()
            })
            .find_map(|format| Fim::in_vocabulary(format, tokenizer))
            .map(|fim| {
                if ours {
                    fim.trained_by_us(tokenizer)
                } else {
                    fim
                }
            })
            .or_else(|| Fim::from_keys(tokenizer))
    }

    fn in_vocabulary(format: &FimFormat, tokenizer: &dyn Tokenizer) -> Option<Fim> {
        let special = |spelling: &str| tokenizer.special(spelling);
        let middle = match format.middle {
            Some(spelling) => Some(special(spelling)?),
            None => None,
        };
        let (prefix, suffix) = (special(format.prefix)?, special(format.suffix)?);
        let mut stops: Vec<Token> = format
            .stops
            .iter()
            .filter_map(|stop| special(stop))
            .collect();
        stops.extend([prefix, suffix].into_iter().chain(middle));
        Some(Fim {
            family: format.family.to_owned(),
            order: format.order,
            prefix,
            suffix,
            middle,
            file_separator: None,
            stops,
        })
    }

    /// The GGUF's own keys, for families that the table does not know.
    fn from_keys(tokenizer: &dyn Tokenizer) -> Option<Fim> {
        let tokens = tokenizer.fim_tokens();
        let (prefix, suffix) = (tokens.prefix?, tokens.suffix?);
        let mut stops = vec![prefix, suffix];
        stops.extend(
            tokens
                .middle
                .into_iter()
                .chain(tokens.repo)
                .chain(tokens.file_sep),
        );
        Some(Fim {
            family: "named by the GGUF".to_owned(),
            order: Order::Psm,
            prefix,
            suffix,
            middle: tokens.middle,
            file_separator: None,
            stops,
        })
    }

    /// Our own model has Qwen's token names, learned both orders, and knows a file header.
    fn trained_by_us(mut self, tokenizer: &dyn Tokenizer) -> Fim {
        self.family = "Midfill".to_owned();
        self.order = Order::Spm;
        self.file_separator = tokenizer.special("<|file_sep|>");
        self
    }

    /// The whole prompt from its parts, sentinels in their places.
    pub fn assemble(&self, bos: Option<Token>, prefix: &[Token], suffix: &[Token]) -> Vec<Token> {
        let mut prompt = Vec::with_capacity(prefix.len() + suffix.len() + 4);
        prompt.extend(bos);
        match self.order {
            Order::Psm => {
                prompt.push(self.prefix);
                prompt.extend_from_slice(prefix);
                prompt.push(self.suffix);
                prompt.extend_from_slice(suffix);
            }
            Order::Spm => {
                prompt.push(self.suffix);
                prompt.extend_from_slice(suffix);
                prompt.push(self.prefix);
                prompt.extend_from_slice(prefix);
            }
        }
        prompt.extend(self.middle);
        prompt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vocabulary of nothing but special tokens.
    struct Vocabulary(Vec<&'static str>);

    impl Tokenizer for Vocabulary {
        fn tokenize(&self, _: &str) -> Vec<Token> {
            Vec::new()
        }
        fn bytes(&self, _: Token) -> &[u8] {
            &[]
        }
        fn special(&self, spelling: &str) -> Option<Token> {
            self.0
                .iter()
                .position(|known| *known == spelling)
                .map(|at| at as Token)
        }
        fn fim_tokens(&self) -> crate::model::FimTokens {
            crate::model::FimTokens::default()
        }
        fn bos(&self) -> Option<Token> {
            None
        }
        fn extensions(&self, _: &[u8]) -> bool {
            false
        }
    }

    fn info(name: &str) -> ModelInfo {
        ModelInfo {
            name: name.to_owned(),
            architecture: "qwen3".to_owned(),
            path: "model.gguf".into(),
            n_bytes: 0,
            n_params: 0,
            n_layers: 0,
            gpu_layers: 0,
            n_vocab: 0,
            n_ctx_train: 0,
            n_ctx: 0,
            n_threads: 1,
            backend: "CPU".to_owned(),
            ..ModelInfo::default()
        }
    }

    #[test]
    fn every_family_is_found_by_its_own_tokens_and_stops_at_its_sentinels() {
        for format in &FORMATS {
            let mut tokens = vec!["filler", format.prefix, format.suffix];
            tokens.extend(format.middle);
            tokens.extend(format.stops);
            let fim = Fim::of(&info(format.family), &Vocabulary(tokens.clone()))
                .unwrap_or_else(|| panic!("{} is not found", format.family));
            assert_eq!(fim.family, format.family);
            assert_eq!(fim.order, format.order, "{}", format.family);
            for token in 1..tokens.len() as Token {
                assert!(
                    fim.stops.contains(&token),
                    "{}: {}",
                    format.family,
                    tokens[token as usize]
                );
            }
        }
    }

    #[test]
    fn the_order_of_the_parts_is_the_family_s() {
        let tokens = vec![
            "<|fim_prefix|>",
            "<|fim_suffix|>",
            "<|fim_middle|>",
            "<|file_sep|>",
        ];
        let qwen =
            Fim::of(&info("Qwen2.5-Coder-0.5B"), &Vocabulary(tokens.clone())).expect("found");
        assert_eq!(qwen.assemble(None, &[10, 11], &[20]), [0, 10, 11, 1, 20, 2]);
        let ours = Fim::of(&info("Midfill Python 3M"), &Vocabulary(tokens)).expect("found");
        assert_eq!(ours.assemble(None, &[10, 11], &[20]), [1, 20, 0, 10, 11, 2]);
    }

    #[test]
    fn a_model_without_such_tokens_has_no_format() {
        assert_eq!(
            Fim::of(&info("gpt2"), &Vocabulary(vec!["<|endoftext|>"])),
            None
        );
    }
}
