//! A model that says what a test tells it, run by the same worker as the real one.
//!
//! ```
//! # use midfill::model::{Model, scripted::Script};
//! let script = Script::new().says("x for x in range(3)]");
//! let record = script.record();
//! let model = Model::scripted(script);
//! # let _ = (record, model);
//! ```

mod engine;
mod gate;
mod tokens;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use gate::Gate;
pub use tokens::Tokens;

use super::handle::Loaded;
use super::snapshots::Snapshots;
use super::{Job, Model, ModelError, ModelInfo};
use engine::ScriptedEngine;

/// An answer for any prompt.
type Rule = dyn Fn(&str) -> Answer + Send + Sync;

/// What a scripted model is and says. Tokens are single bytes unless [`words`](Script::words)
/// adds longer ones.
#[derive(Clone, Default)]
pub struct Script {
    tokens: Arc<Tokens>,
    name: Option<String>,
    n_bytes: u64,
    gpu_layers: u32,
    n_ctx: Option<usize>,
    n_batch: Option<usize>,
    only_grows: bool,
    never_shifts: bool,
    snapshots: Option<PathBuf>,
    load_error: Option<ModelError>,
    load_gate: Option<Gate>,
    gate: Option<Gate>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    rule: Option<Arc<Rule>>,
    record: Record,
}

/// An answer: pieces with the log-probability of each of their tokens, or a failure. A search finds
/// the others that it might have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer(Result<Vec<Pieces>, ModelError>);

/// Pieces of text, each with the natural log-probability of every token in it.
type Pieces = Vec<(String, f32)>;

impl From<&str> for Answer {
    fn from(text: &str) -> Answer {
        Answer::pieces([(text, 0.0)])
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Answer {
        Answer::from(text.as_str())
    }
}

impl From<ModelError> for Answer {
    fn from(error: ModelError) -> Answer {
        Answer(Err(error))
    }
}

impl Answer {
    /// Text in pieces, each with the natural log-probability of every token in it. No token lies
    /// across two pieces.
    pub fn pieces<'a>(pieces: impl IntoIterator<Item = (&'a str, f32)>) -> Answer {
        let pieces = pieces.into_iter();
        Answer(Ok(vec![
            pieces
                .map(|(text, logprob)| (text.to_owned(), logprob))
                .collect(),
        ]))
    }

    /// Another text that it might have been. `logprob` is that of the token where it parts from
    /// those before it; the rest follows for certain.
    pub fn or(mut self, text: &str, logprob: f32) -> Answer {
        if let Answer(Ok(ways)) = &mut self {
            ways.push(vec![(text.to_owned(), logprob)]);
        }
        self
    }
}

impl Script {
    /// A model that knows 4096 tokens of context and ends every answer at once.
    pub fn new() -> Script {
        Script::default()
    }

    /// The next answer. Answers are given in this order, one a job whose prompt was read.
    pub fn says(self, answer: impl Into<Answer>) -> Script {
        lock(&self.answers).push_back(answer.into());
        self
    }

    /// The answer to any prompt, once those of [`says`](Script::says) are used up. The prompt
    /// comes as [`Tokens::render`] shows it.
    pub fn answers<A: Into<Answer>>(
        mut self,
        rule: impl Fn(&str) -> A + Send + Sync + 'static,
    ) -> Script {
        self.rule = Some(Arc::new(move |prompt| rule(prompt).into()));
        self
    }

    /// Adds tokens to the vocabulary; text is cut into the longest ones that fit.
    pub fn words(mut self, words: &[&str]) -> Script {
        self.tokens = Arc::new(Tokens::new(words));
        self
    }

    /// The model's name.
    pub fn name(mut self, name: &str) -> Script {
        self.name = Some(name.to_owned());
        self
    }

    /// Its size in bytes, and how many of its layers lie on a GPU.
    pub fn weighs(mut self, n_bytes: u64, gpu_layers: u32) -> Script {
        (self.n_bytes, self.gpu_layers) = (n_bytes, gpu_layers);
        self
    }

    /// The context, in tokens.
    pub fn n_ctx(mut self, n_ctx: usize) -> Script {
        self.n_ctx = Some(n_ctx);
        self
    }

    /// Tokens computed at once, at most.
    pub fn n_batch(mut self, n_batch: usize) -> Script {
        self.n_batch = Some(n_batch);
        self
    }

    /// Makes the KV cache refuse to be cut, as a recurrent model's does.
    pub fn only_grows(mut self) -> Script {
        self.only_grows = true;
        self
    }

    /// Makes the KV cache refuse to move entries to other positions.
    pub fn never_shifts(mut self) -> Script {
        self.never_shifts = true;
        self
    }

    /// Keeps what the KV cache holds in a folder.
    pub fn snapshots(mut self, folder: &Path) -> Script {
        self.snapshots = Some(folder.to_owned());
        self
    }

    /// Makes every token, of prompt or answer, wait at a gate before it is computed.
    pub fn gated(mut self, gate: &Gate) -> Script {
        self.gate = Some(gate.clone());
        self
    }

    /// Makes loading wait for one passage through a gate.
    pub fn loads_behind(mut self, gate: &Gate) -> Script {
        self.load_gate = Some(gate.clone());
        self
    }

    /// Makes loading fail.
    pub fn fails_to_load(mut self, error: ModelError) -> Script {
        self.load_error = Some(error);
        self
    }

    /// What the model will have been asked.
    pub fn record(&self) -> Record {
        self.record.clone()
    }

    /// The tokenizer the model will have.
    pub fn tokens(&self) -> Arc<Tokens> {
        self.tokens.clone()
    }

    pub(crate) fn engine(self) -> ScriptedEngine {
        ScriptedEngine::new(self)
    }

    fn next_answer(&self, prompt: &str) -> Answer {
        let answer = lock(&self.answers).pop_front();
        answer
            .or_else(|| Some(self.rule.as_ref()?(prompt)))
            .unwrap_or_else(|| Answer::from(""))
    }

    fn info(&self) -> ModelInfo {
        let n_ctx = self.context_size() as u32;
        ModelInfo {
            name: self.name.clone().unwrap_or("scripted".to_owned()),
            n_bytes: self.n_bytes,
            gpu_layers: self.gpu_layers,
            architecture: "scripted".to_owned(),
            path: PathBuf::from("scripted"),
            n_vocab: self.tokens.vocabulary().len() as u32,
            n_ctx_train: n_ctx,
            n_ctx,
            n_threads: 1,
            backend: "CPU".to_owned(),
            cache_bytes: 0,
            has_branches: !self.only_grows,
            why_no_shift: self.why_no_shift().map(str::to_owned),
            ..ModelInfo::default()
        }
    }

    fn why_no_shift(&self) -> Option<&'static str> {
        self.never_shifts
            .then_some("its script says that it cannot")
    }

    fn context_size(&self) -> usize {
        self.n_ctx.unwrap_or(4096)
    }
}

/// What a scripted model was asked, for tests to look at.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Vec<(String, Job)>>>);

impl Record {
    /// The prompts that were read to their end, in order, as [`Tokens::render`] shows them.
    pub fn prompts(&self) -> Vec<String> {
        lock(&self.0)
            .iter()
            .map(|(prompt, _)| prompt.clone())
            .collect()
    }

    /// Their jobs.
    pub fn jobs(&self) -> Vec<Job> {
        lock(&self.0).iter().map(|(_, job)| job.clone()).collect()
    }
}

impl Model {
    /// A model for tests that says what `script` tells it.
    pub fn scripted(script: Script) -> Model {
        Model::spawn(move |loading| {
            if let Some(gate) = &script.load_gate
                && !gate.pass(&|| loading.is_abandoned())
            {
                return Err(ModelError::Gone("it was closed while loading".to_owned()));
            }
            if let Some(error) = &script.load_error {
                return Err(error.clone());
            }
            Ok(Loaded {
                info: script.info(),
                tokenizer: script.tokens(),
                snapshots: script
                    .snapshots
                    .clone()
                    .map(|folder| Snapshots::new(folder, 0)),
                engine: script.engine(),
            })
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
