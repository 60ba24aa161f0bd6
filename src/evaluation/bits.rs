//! Bits per byte of held-out text: how well a model knows the language, whatever its tokenizer.

use std::sync::Arc;

use crate::evaluation::Source;
use crate::model::{Model, ModelError, ModelInfo, Token, Tokenizer};

/// Text that was scored, and what the model found it worth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scored {
    /// Bytes scored.
    pub n_bytes: usize,
    /// Their information, in bits.
    pub bits: f64,
}

impl Scored {
    /// Bits per byte; `NaN` where nothing was scored.
    pub fn per_byte(self) -> f64 {
        self.bits / self.n_bytes as f64
    }
}

/// Scores the first tokens of a source, as many as the context holds, read from left to right
/// behind its path. The path and the first token behind it are given, not scored.
///
/// # Errors
/// When the model cannot compute.
pub async fn score(
    source: &Source,
    model: &Model,
    info: &Arc<ModelInfo>,
    tokenizer: &dyn Tokenizer,
) -> Result<Scored, ModelError> {
    let mut tokens: Vec<Token> = tokenizer.bos().into_iter().collect();
    tokens.extend(tokenizer.special("<|file_sep|>"));
    tokens.extend(tokenizer.tokenize(&source.path));
    let given = tokens.len();
    tokens.extend(tokenizer.tokenize(&format!("\n{}", source.text)));
    tokens.truncate(info.n_ctx as usize);
    if tokens.len() <= given + 1 {
        return Ok(Scored::default());
    }
    let n_bytes = tokens[given + 1..]
        .iter()
        .map(|token| tokenizer.bytes(*token).len())
        .sum();
    let logprobs = model.score(tokens).await?;
    // `logprobs[i]` belongs to token `i + 1`.
    let nats: f64 = logprobs[given..]
        .iter()
        .map(|logprob| -f64::from(*logprob))
        .sum();
    Ok(Scored {
        n_bytes,
        bits: nats / std::f64::consts::LN_2,
    })
}
