//! How each model family wants to be asked to fill in the middle.
//!
//! A format is chosen by the special tokens that the vocabulary has and by the GGUF's keys, not by
//! the model's name, so a fine-tune under any name works. The table is `config/formats.toml`; a user
//! can put a format of their own in front of it.

use crate::config::format::{self, When};
pub use crate::config::format::{Format, KNOWN as FORMATS, Order, OwnHeader};
use crate::model::{ModelError, ModelInfo, Token, Tokenizer};

/// A format with the tokens of one vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fim {
    /// The family, or what the choice rests on.
    pub family: String,
    /// How it was recognised, for a person to read.
    pub recognised: String,
    /// The order of the parts.
    pub order: Order,
    /// What names the repository, before all files.
    pub repo_header: Option<Header>,
    /// What names a file, before its text.
    pub file_header: Option<Header>,
    /// The token behind the text of each other file.
    pub file_end: Option<Token>,
    /// Where the header of the file being completed goes.
    pub own_header: OwnHeader,
    /// Text that stands between the prefix token and the prefix. It is tokenized together with
    /// what follows.
    pub lead: String,
    /// Tokens that end the answer, besides the vocabulary's own.
    pub stops: Vec<Token>,
    prefix: Token,
    suffix: Token,
    middle: Option<Token>,
    pub(super) bos: Option<Token>,
}

/// A header with the token of one vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The special token that it begins with.
    pub token: Option<Token>,
    /// Its text, with `{}` for the name.
    text: String,
}

impl Header {
    /// The text behind the token, for this name.
    pub fn text(&self, name: &str) -> String {
        self.text.replacen("{}", name, 1)
    }
}

/// The header of the file being completed, part by part. Tokens stand before their text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    /// The token before the sentinels.
    pub before: Option<Token>,
    /// The text before the sentinels.
    pub text_before: String,
    /// The token at the beginning of the prefix.
    pub inside: Option<Token>,
    /// The text at the beginning of the prefix.
    pub text_inside: String,
}

/// A prompt, and where the parts of it start, in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// All of it.
    pub tokens: Vec<Token>,
    /// Start of what stands before the sentinels.
    pub before: usize,
    /// Start of the prefix, behind its sentinel.
    pub prefix: usize,
    /// Start of the suffix, behind its sentinel.
    pub suffix: usize,
}

impl Fim {
    /// The format for a loaded model: `own` where the user gave one, else the first of the table
    /// that fits, else what the GGUF's keys say. `None` where the model was never trained to fill
    /// in the middle.
    ///
    /// # Errors
    /// [`ModelError::Format`] when the user's format names tokens that the vocabulary lacks.
    pub fn choose(
        own: Option<&Format>,
        info: &ModelInfo,
        tokenizer: &dyn Tokenizer,
    ) -> Result<Option<Fim>, ModelError> {
        if let Some(format) = own {
            return Fim::from_user(format, tokenizer).map(Some);
        }
        let known = FORMATS
            .iter()
            .filter(|format| fits(&format.when, info, tokenizer))
            .find_map(|format| Fim::in_vocabulary(format, tokenizer));
        Ok(known
            .map(|fim| fim.ordered_by(info))
            .or_else(|| Fim::from_keys(info, tokenizer)))
    }

    fn in_vocabulary(format: &Format, tokenizer: &dyn Tokenizer) -> Option<Fim> {
        let special = |spelling: &str| tokenizer.special(spelling);
        let middle = match &format.middle {
            Some(spelling) => Some(special(spelling)?),
            None => None,
        };
        let (prefix, suffix) = (special(&format.prefix)?, special(&format.suffix)?);
        let header = |header: &Option<format::Header>| {
            let header = header.as_ref()?;
            let token = match &header.token {
                Some(spelling) => Some(special(spelling)?),
                None => None,
            };
            Some(Header {
                token,
                text: header.text.clone(),
            })
        };
        let stops = format.stop.iter().filter_map(|stop| special(stop));
        let mut recognised = "its special tokens".to_owned();
        if format.when.ordered_by_key {
            recognised = format!("{recognised} and the key midfill.fim_order");
        } else if !format.when.pre_tokenizer.is_empty() {
            recognised = format!("{recognised} and the key tokenizer.ggml.pre");
        }
        Some(Fim {
            family: format.family.clone(),
            recognised,
            order: format.order,
            repo_header: header(&format.repo_header),
            file_header: header(&format.file_header),
            file_end: format.file_end.as_deref().and_then(special),
            own_header: format.own_header,
            lead: format.lead.clone(),
            stops: stops.chain([prefix, suffix]).chain(middle).collect(),
            prefix,
            suffix,
            middle,
            bos: format.bos.as_deref().and_then(special),
        })
    }

    /// The user's own format, of which every token must be there.
    fn from_user(format: &Format, tokenizer: &dyn Tokenizer) -> Result<Fim, ModelError> {
        let missing: Vec<String> = format
            .specials()
            .filter(|spelling| tokenizer.special(spelling).is_none())
            .map(|spelling| format!("`{spelling}`"))
            .collect();
        if missing.is_empty()
            && let Some(mut fim) = Fim::in_vocabulary(format, tokenizer)
        {
            fim.recognised = "the option `format`".to_owned();
            return Ok(fim);
        }
        Err(ModelError::Format(missing.join(", ")))
    }

    /// The GGUF's own keys, for families that the table does not know.
    fn from_keys(info: &ModelInfo, tokenizer: &dyn Tokenizer) -> Option<Fim> {
        let tokens = tokenizer.fim_tokens();
        let (prefix, suffix) = (tokens.prefix?, tokens.suffix?);
        let header = |token: Option<Token>| {
            token.map(|token| Header {
                token: Some(token),
                text: "{}\n".to_owned(),
            })
        };
        let stops = [
            Some(prefix),
            Some(suffix),
            tokens.middle,
            tokens.repo,
            tokens.file_sep,
        ];
        let fim = Fim {
            family: "unknown".to_owned(),
            recognised: "the GGUF's keys tokenizer.ggml.fim_*_token_id".to_owned(),
            order: Order::Psm,
            repo_header: header(tokens.repo),
            file_header: header(tokens.file_sep),
            file_end: None,
            own_header: OwnHeader::Before,
            lead: String::new(),
            stops: stops.into_iter().flatten().collect(),
            prefix,
            suffix,
            middle: tokens.middle,
            bos: None,
        };
        Some(fim.ordered_by(info))
    }

    /// A GGUF that names the order it was trained with knows better than any table.
    fn ordered_by(mut self, info: &ModelInfo) -> Fim {
        match info.fim_order.as_deref() {
            Some("psm") => self.order = Order::Psm,
            Some("spm") => self.order = Order::Spm,
            Some(order) => tracing::warn!(order, "midfill.fim_order is neither psm nor spm"),
            None => {}
        }
        self
    }

    /// The header of the file being completed; empty parts where the family knows none.
    pub fn place_header(&self, path: &str) -> Placed {
        let Some(header) = &self.file_header else {
            return Placed::default();
        };
        let text = header.text(path);
        match self.own_header {
            OwnHeader::Before => Placed {
                before: header.token,
                text_before: text,
                ..Placed::default()
            },
            OwnHeader::Inside => Placed {
                inside: header.token,
                text_inside: text,
                ..Placed::default()
            },
            OwnHeader::Split => Placed {
                before: header.token,
                text_inside: text,
                ..Placed::default()
            },
        }
    }

    /// The whole prompt from its parts, sentinels in their places. `before` is what stands before
    /// the sentinels: the repository's header, other files, the token of this file's header.
    pub fn assemble(
        &self,
        bos: Option<Token>,
        before: &[Token],
        prefix: &[Token],
        suffix: &[Token],
    ) -> Assembled {
        let mut tokens = Vec::with_capacity(before.len() + prefix.len() + suffix.len() + 4);
        tokens.extend(self.bos.or(bos));
        let mut put = |sentinel: Option<Token>, part: &[Token]| {
            tokens.extend(sentinel);
            let start = tokens.len();
            tokens.extend_from_slice(part);
            start
        };
        let before = put(None, before);
        let (prefix, suffix) = match self.order {
            Order::Psm => {
                let prefix = put(Some(self.prefix), prefix);
                (prefix, put(Some(self.suffix), suffix))
            }
            Order::Spm => {
                let suffix = put(Some(self.suffix), suffix);
                (put(Some(self.prefix), prefix), suffix)
            }
        };
        tokens.extend(self.middle);
        Assembled {
            tokens,
            before,
            prefix,
            suffix,
        }
    }

    /// Family and order in a few words.
    pub fn describe(&self) -> String {
        let order = match self.order {
            Order::Psm => "prefix, suffix",
            Order::Spm => "suffix, prefix",
        };
        let middle = if self.middle.is_some() {
            ", middle"
        } else {
            ""
        };
        format!("{} ({order}{middle})", self.family)
    }
}

fn fits(when: &When, info: &ModelInfo, tokenizer: &dyn Tokenizer) -> bool {
    let cut_so = |pre: &String| *pre == info.pre_tokenizer;
    when.has
        .iter()
        .all(|token| tokenizer.special(token).is_some())
        && (when.pre_tokenizer.is_empty() || when.pre_tokenizer.iter().any(cut_so))
        && (!when.ordered_by_key || info.fim_order.is_some())
}

#[cfg(test)]
mod tests;
