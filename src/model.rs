//! The model room: one OS thread that owns the weights and the KV cache.
//!
//! It knows no code and no LSP. Jobs go in, pieces come out, both as plain messages that
//! serialise, so that a process boundary can be put here without touching either side.
//! Dropping a [`Generation`] is the only way to cancel it; whatever part of the prompt was
//! computed by then stays in the KV cache and is recorded.

mod beam;
mod documents;
mod drafts;
mod handle;
mod healing;
#[cfg(feature = "llama")]
mod llama;
mod meter;
mod queue;
mod sampling;
pub mod scripted;
mod sequence;
mod snapshots;
mod stop;
mod vocabulary;
mod weighing;
mod worker;
mod writer;

pub use handle::{Generation, Model};
pub use healing::heal;
#[cfg(feature = "llama")]
pub use llama::devices;
#[cfg(all(test, feature = "llama"))]
pub(crate) use llama::tests::fixture;
pub use vocabulary::Vocabulary;
#[cfg(feature = "remote")]
pub(crate) use worker::Work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A token id of the loaded model's vocabulary.
pub type Token = i32;

/// How to load a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadOptions {
    /// The GGUF file.
    pub path: PathBuf,
    /// Context size in tokens; `None` takes the size the model was trained with, 4096 at most.
    pub n_ctx: Option<u32>,
    /// Threads for prefill and decode; `None` takes cores − 1, at least one.
    pub n_threads: Option<u32>,
    /// Layers to put on the GPU; `None` is automatic: as many as fit.
    pub gpu_layers: Option<u32>,
    /// A folder for snapshots of what the KV cache holds for each document; `None` keeps none.
    pub snapshots: Option<PathBuf>,
}

/// What is known of a loaded model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelInfo {
    /// `general.name` of the GGUF, or the file's stem.
    pub name: String,
    /// `general.architecture`, such as `qwen3`.
    pub architecture: String,
    /// `tokenizer.ggml.pre`: how text is cut before the merges, such as `qwen2`.
    pub pre_tokenizer: String,
    /// `midfill.fim_order`: `psm` or `spm`, where the GGUF names the order it was trained with.
    pub fim_order: Option<String>,
    /// Where the weights were read from.
    pub path: PathBuf,
    /// Size of the weights in bytes.
    pub n_bytes: u64,
    /// Number of parameters.
    pub n_params: u64,
    /// Number of layers.
    pub n_layers: u32,
    /// Layers that live on a GPU.
    pub gpu_layers: u32,
    /// Vocabulary size.
    pub n_vocab: u32,
    /// Context the model was trained with, in tokens.
    pub n_ctx_train: u32,
    /// Context in use, in tokens: prompt and answer together.
    pub n_ctx: u32,
    /// Threads in use at the start.
    pub n_threads: u32,
    /// The device that computes, such as `CPU` or `CUDA0 (NVIDIA …)`.
    pub backend: String,
    /// How long loading took.
    pub load_time: Duration,
    /// Why entries of the KV cache cannot be moved to other positions, so that
    /// [`Reuse::Shifted`] does as [`Reuse::Exact`]; `None` where they can.
    pub why_no_shift: Option<String>,
    /// Whether the KV cache holds several ways to go on at once. Where it does not,
    /// [`Sampling::Beam`] does as [`Sampling::Greedy`].
    pub has_branches: bool,
    /// Memory of the KV cache in bytes, at most: of its cells, and of what is kept for other
    /// documents.
    pub cache_bytes: u64,
}

/// The state of the model room, as the status line shows it.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Loading; the fraction done lies in `0.0..=1.0`.
    Loading(f32),
    /// Ready for jobs.
    Ready(Arc<ModelInfo>),
    /// Loading failed; the text says why and what to do.
    Failed(String),
}

/// Tokens and their bytes. Shared between threads: it needs the vocabulary, not the weights.
pub trait Tokenizer: Send + Sync {
    /// Tokens of ordinary text. Text that spells a special token stays ordinary text.
    fn tokenize(&self, text: &str) -> Vec<Token>;
    /// The bytes of one token; empty for special tokens.
    fn bytes(&self, token: Token) -> &[u8];
    /// The special token spelled so, if the vocabulary has it.
    fn special(&self, spelling: &str) -> Option<Token>;
    /// Tokens the GGUF names for filling in the middle, under its `fim_*_token_id` keys.
    fn fim_tokens(&self) -> FimTokens;
    /// The token to put first, where the model wants one.
    fn bos(&self) -> Option<Token>;
    /// Whether some token begins with `bytes` and goes on after them; see [`heal`]. A tokenizer
    /// that cannot tell says no, and nothing is healed.
    fn extensions(&self, bytes: &[u8]) -> bool {
        let _ = bytes;
        false
    }
    /// A conversation as the model was taught to read it, up to where its answer begins, BOS
    /// included. `None` for models without a chat template, which only continue text. Contents
    /// are ordinary text: no message can end its own turn.
    fn chat(&self, messages: &[Message]) -> Option<Vec<Token>> {
        let _ = messages;
        None
    }
    /// Whether the model can be spoken to.
    fn chats(&self) -> bool {
        let greeting = Message {
            role: Role::User,
            content: String::new(),
        };
        self.chat(&[greeting]).is_some()
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// Who speaks in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Says how to answer.
    System,
    /// Asks.
    User,
    /// Answers.
    Assistant,
}

/// Fill-in-the-middle tokens that the GGUF's keys (or llama.cpp's name list) give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FimTokens {
    /// Before the prefix.
    pub prefix: Option<Token>,
    /// Before the suffix.
    pub suffix: Option<Token>,
    /// Before the middle.
    pub middle: Option<Token>,
    /// Repository name.
    pub repo: Option<Token>,
    /// Between files.
    pub file_sep: Option<Token>,
}

/// Which job goes first. A waiting completion goes before an explanation, and both before work in
/// the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Priority {
    /// Work nobody waits for, such as reading a prompt ahead. It is given up the moment a
    /// completion or an explanation waits, and ends with [`StopReason::Interrupted`]; what it
    /// computed stays in the KV cache.
    Background,
    /// Long answers a person reads as they come.
    Explanation,
    /// Ghost text.
    #[default]
    Completion,
}

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Sampling {
    /// The most likely token.
    #[default]
    Greedy,
    /// Drawn at a temperature from the smallest set of tokens whose mass reaches `top_p`.
    Seeded {
        /// Above zero.
        temperature: f32,
        /// In `0.0..=1.0`.
        top_p: f32,
        /// The same seed gives the same answer.
        seed: u64,
    },
    /// The most probable whole line that a search with so many hypotheses finds, and other lines
    /// beside it. For jobs that stop at the end of a line. Where the model's memory cannot be
    /// shared between hypotheses, it is `Greedy`.
    Beam {
        /// Hypotheses kept side by side.
        width: usize,
        /// Lines wanted, the answer included: those after it come as [`Event::Candidate`].
        n_lines: usize,
    },
}

/// How much of the KV cache a prompt may be built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Reuse {
    /// Only the longest common prefix. The logits are those of a prompt that was computed whole.
    #[default]
    Exact,
    /// Also later runs of equal tokens, moved to their new positions. Their keys and values were
    /// computed after other text than now stands before them, so the logits are approximate.
    Shifted,
}

/// One request to the model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Job {
    /// The prompt, sentinels included. Must leave room for `max_tokens` in the context.
    pub prompt: Vec<Token>,
    /// Token healing: bytes the answer must begin with, because they were cut off the prompt's
    /// end at a token boundary. They are not part of the pieces that come back.
    pub heal: Vec<u8>,
    /// Stop after so many tokens. With 0 the prompt is only read into the KV cache: no logits are
    /// computed, and `Done` follows `Started`.
    pub max_tokens: usize,
    /// Stop before the first of these strings in the answer.
    pub stop: Vec<String>,
    /// Tokens that end the answer, besides the vocabulary's own end-of-generation tokens.
    pub stop_tokens: Vec<Token>,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// Which job goes first.
    pub priority: Priority,
    /// The document the prompt belongs to; 0 is none. Documents do not overwrite each other's
    /// entries in the KV cache as long as there is room for all.
    pub slot: u64,
    /// How much of the KV cache the prompt may be built from.
    pub reuse: Reuse,
    /// Whether tokens are guessed from the prompt and the answer so far and computed together, where
    /// that is measured to be faster. The answer is the same. Not for drawn tokens.
    pub guess: bool,
    /// A LoRA adapter (a GGUF file) to compute with; `None` is the model alone. Entries of the KV
    /// cache hold only under the adapter they were computed with.
    pub adapter: Option<PathBuf>,
}

/// What comes back for a job, in this order: one `Started`, any number of `Piece`s,
/// then of `Candidate`s, one `Done`.
/// A job that fails ends with `Failed` instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The prompt is in the KV cache.
    Started {
        /// Prompt tokens found in the KV cache.
        n_reused: usize,
        /// Prompt tokens computed for this job.
        n_computed: usize,
    },
    /// Text of one decoded token, or of several where a character lies across them: whole
    /// characters only, never empty.
    Piece {
        /// The text.
        text: String,
        /// How sure the model was of its tokens, including any before it that wrote nothing but
        /// healed text.
        confidence: Confidence,
    },
    /// Another whole line that a [`Beam`](Sampling::Beam) found, the more probable ones first.
    Candidate {
        /// Its pieces, as those of the answer.
        pieces: Vec<(String, Confidence)>,
        /// How sure the model was of its end, as in [`Done`](Event::Done).
        ending: Option<Confidence>,
    },
    /// The answer is complete.
    Done {
        /// Why it ended.
        reason: StopReason,
        /// How sure the model was of what ended it: of the end token, or of the token with the stop
        /// string. `None` where neither came up.
        ending: Option<Confidence>,
        /// What it cost.
        usage: Usage,
    },
    /// The job could not be run.
    Failed(ModelError),
}

/// How sure a model was of the tokens behind a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// Natural logarithm of their probability at temperature 1, among the tokens that were allowed:
    /// a sum over the tokens, so that the sum over an answer's pieces is that of the answer.
    pub logprob: f32,
    /// By how much the least certain of them was more probable than the best other token, in nats;
    /// negative where a less probable token was drawn. [`Confidence::NO_RIVAL`] at most.
    pub margin: f32,
    /// Entropy of the distributions they were chosen from, in nats: a sum over the tokens.
    pub entropy: f32,
}

impl Confidence {
    /// The margin of a token that was the only one allowed, in nats.
    pub const NO_RIVAL: f32 = 30.0;

    /// That of no token at all.
    pub const EMPTY: Confidence = Confidence {
        logprob: 0.0,
        margin: Confidence::NO_RIVAL,
        entropy: 0.0,
    };

    /// That of the tokens of both.
    #[must_use]
    pub fn and(self, other: Confidence) -> Confidence {
        Confidence {
            logprob: self.logprob + other.logprob,
            margin: self.margin.min(other.margin),
            entropy: self.entropy + other.entropy,
        }
    }
}

/// How probable a given text is as the answer to a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// The natural log-probability of each of its tokens, among those that healing allowed.
    pub logprobs: Vec<f32>,
    /// The natural log-probability that the line, or the answer, ends behind it.
    pub line_end: f32,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopReason {
    /// The model said so.
    EndOfGeneration,
    /// A stop string came up; it is not part of the answer.
    StopString,
    /// `max_tokens` were decoded.
    MaxTokens,
    /// The vocabulary has no token that continues the healed text.
    HealingFailed,
    /// A background job gave way. What it computed stays in the KV cache; its `Started` is missing
    /// where the prompt was not read to its end.
    Interrupted,
}

/// What a job cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens found in the KV cache.
    pub n_reused: usize,
    /// Prompt tokens computed.
    pub n_computed: usize,
    /// Tokens decoded.
    pub n_decoded: usize,
    /// Tokens guessed, to be computed together with the one before them.
    pub n_drafted: usize,
    /// Of those, tokens that were what the model chose.
    pub n_accepted: usize,
    /// Time the job waited for the model.
    pub waited: Duration,
    /// Time to read the prompt.
    pub prefill: Duration,
    /// Time to write the answer, and to weigh others.
    pub decode: Duration,
}

/// Tokens counted since the model was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenTotals {
    /// Prompt tokens found in the KV cache.
    pub n_reused: u64,
    /// Prompt tokens computed, those of cancelled jobs included.
    pub n_computed: u64,
    /// Tokens decoded.
    pub n_decoded: u64,
    /// Of those, tokens that were guessed ahead.
    pub n_accepted: u64,
}

/// How fast the model is on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Prompt tokens read a second, in batches.
    pub prefill_tokens_per_s: f64,
    /// Tokens written a second, one after the other.
    pub decode_tokens_per_s: f64,
}

/// Why the model room could not answer. Each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ModelError {
    /// The file is not there or cannot be read.
    #[error(
        "cannot read the model file {path}: {reason}. Give another with --model FILE.gguf, or leave it out to use the shipped model."
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no GGUF, is cut short, or has an architecture this llama.cpp does not know.
    #[error(
        "{path} is not a model this build can load: {reason}. Download it again, or check it against its published checksum; `midfill doctor` shows which models load."
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What llama.cpp said.
        reason: String,
    },
    /// Prompt and answer do not fit the context.
    #[error(
        "the prompt has {needed} tokens but the context holds {available}. Raise --context, or select less."
    )]
    ContextFull {
        /// Tokens of the prompt plus room for one of the answer.
        needed: usize,
        /// Tokens the context holds.
        available: usize,
    },
    /// The model thread is gone.
    #[error(
        "the model stopped working: {0}. Restart the server; if it happens again, `midfill doctor` tells more."
    )]
    Gone(String),
    /// The user's fill-in-the-middle format and the vocabulary do not go together.
    #[error(
        "the format given with --format (or the option `format`) does not fit this model: its vocabulary has no special token {0}. Correct the spelling, or leave the format out to use a known one."
    )]
    Format(String),
    /// The LoRA adapter cannot be used with the model.
    #[error(
        "the adapter {path} cannot be used with this model: {reason}. Give one that was trained for it, or take it out of the option `adapters` (--adapter)."
    )]
    Adapter {
        /// The adapter's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A model on a server could not answer. The reason says what to do.
    #[error("the model server {url} {reason}.")]
    Remote {
        /// The server, as the options name it.
        url: String,
        /// What is wrong, as the rest of a sentence.
        reason: String,
    },
    /// llama.cpp could not compute a batch.
    #[error("the model could not compute: {0}. Try --gpu-layers 0, or a smaller --context.")]
    Compute(String),
}
