//! The real engine: llama.cpp, through its C API. Nothing outside this folder names it, and
//! nothing else in the program is `unsafe`.

#![allow(unsafe_code)]

mod adapter;
mod chat;
mod context;
mod lines;
mod log;
mod pace;
mod tokens;
mod weights;

use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::handle::{Loaded, Loading};
use super::sequence::{Branch, Outputs};
use super::snapshots::{Snapshots, fingerprint};
use super::vocabulary::Vocabulary;
use super::worker::{Engine, SHELF_CONTEXTS};
use super::{LoadOptions, Model, ModelError, ModelInfo, Token};
use adapter::Adapters;
use context::{Context, Shape, Step};
use pace::Pace;
use tokens::LlamaTokens;
use weights::Weights;

/// Context used where the options name none and the model was trained with more: enough for a
/// prompt and an answer, and cheap in memory.
const DEFAULT_CONTEXT: u32 = 4096;

impl Model {
    /// Opens a GGUF file with llama.cpp. Returns at once; loading goes on in the model thread,
    /// and jobs wait for it.
    pub fn open(options: LoadOptions) -> Model {
        Model::spawn(move |loading| load(&options, loading))
    }
}

/// llama.cpp's devices that a build has and a machine offers, such as `CPU` or `CUDA0 (NVIDIA …)`.
pub fn devices() -> Vec<String> {
    weights::start_backend();
    weights::devices()
        .iter()
        .map(weights::Device::to_string)
        .collect()
}

fn load(options: &LoadOptions, loading: &Loading) -> Result<Loaded<LlamaEngine>, ModelError> {
    let started = Instant::now();
    check_file(&options.path)?;
    weights::start_backend();

    let mut outcome = Err(ModelError::Gone("it was closed while loading".to_owned()));
    for gpu_layers in layers_to_try(options.gpu_layers) {
        if loading.is_abandoned() {
            break;
        }
        outcome = load_with(options, loading, gpu_layers, started);
        match &outcome {
            Ok(_) => break,
            Err(error) => tracing::warn!(gpu_layers, %error, "the model was not loaded"),
        }
    }
    outcome
}

/// Numbers of GPU layers to try, the wanted one first. Automatic means all; where they do not
/// fit, fewer; the CPU always remains.
fn layers_to_try(wanted: Option<u32>) -> Vec<u32> {
    match wanted {
        Some(n) => vec![n],
        None if !weights::has_gpu() => vec![0],
        // llama.cpp takes a number beyond the last layer for all of them.
        None => vec![999, 32, 16, 8, 0],
    }
}

fn load_with(
    options: &LoadOptions,
    loading: &Loading,
    gpu_layers: u32,
    started: Instant,
) -> Result<Loaded<LlamaEngine>, ModelError> {
    let weights = Arc::new(Weights::load(&options.path, gpu_layers, loading)?);
    let tokens = Arc::new(LlamaTokens::new(weights.clone()));
    if tokens.vocabulary().is_empty() {
        return Err(ModelError::Corrupt {
            path: options.path.clone(),
            reason: "it has no vocabulary".to_owned(),
        });
    }

    let n_threads = options.n_threads.unwrap_or_else(default_threads).max(1);
    let on_gpu = weights.gpu_layers() > 0;
    let n_ctx_train = weights.n_ctx_train();
    let n_ctx = match options.n_ctx {
        Some(n_ctx) => n_ctx.max(16),
        None => n_ctx_train.min(DEFAULT_CONTEXT),
    };
    if n_ctx > n_ctx_train {
        tracing::warn!(
            n_ctx,
            n_ctx_train,
            "the context is larger than the model was trained with; answers may get worse"
        );
    }
    let shape = Shape {
        n_ctx,
        n_batch: batch_size(n_threads, on_gpu),
        n_threads,
    };
    let mut engine = LlamaEngine {
        context: Context::new(weights.clone(), shape)?,
        adapters: Adapters::default(),
        tokens: tokens.clone(),
        pace: Pace::new(n_threads, n_threads),
        shape,
        on_gpu,
        why_no_shift: weights.why_no_rotation(),
        gives_entries: !weights.is_recurrent() && !weights.has_window(),
        // A GPU rotates all keys in less than the time of a batch.
        shift_cost: if on_gpu {
            0
        } else {
            weights.shift_cost(n_ctx as usize)
        },
    };
    if engine.why_no_shift.is_none() && !engine.context.can_shift() {
        engine.why_no_shift = Some("llama.cpp cannot rotate its keys");
    }
    engine.warm_up()?;

    let info = ModelInfo {
        name: weights.name().unwrap_or_else(|| file_stem(&options.path)),
        architecture: weights.architecture(),
        pre_tokenizer: weights.pre_tokenizer(),
        fim_order: weights.fim_order(),
        path: options.path.clone(),
        n_bytes: weights.n_bytes(),
        n_params: weights.n_params(),
        n_layers: weights.n_layers(),
        gpu_layers: weights.gpu_layers(),
        n_vocab: tokens.vocabulary().len() as u32,
        n_ctx_train,
        n_ctx: engine.n_ctx() as u32,
        n_threads,
        backend: weights.device(),
        load_time: started.elapsed(),
        why_no_shift: engine.why_no_shift.map(str::to_owned),
        has_branches: engine.n_branches() > 1,
        cache_bytes: ((1 + SHELF_CONTEXTS) * engine.n_ctx() * engine.bytes_per_position()) as u64,
    };
    Ok(Loaded {
        engine,
        info,
        tokenizer: tokens,
        snapshots: options.snapshots.as_deref().and_then(|folder| {
            // Another llama.cpp may write entries otherwise.
            let shape = format!("llama-cpp-sys-2 0.1.161, {n_ctx} cells, {gpu_layers} on the GPU");
            match fingerprint(&options.path, &shape) {
                Ok(fingerprint) => Some(Snapshots::new(folder.to_owned(), fingerprint)),
                Err(error) => {
                    tracing::info!(%error, "no snapshots of the KV cache are kept");
                    None
                }
            }
        }),
    })
}

/// llama.cpp with one KV cache.
struct LlamaEngine {
    // Before the adapters, so that it is dropped before them.
    context: Context,
    adapters: Adapters,
    tokens: Arc<LlamaTokens>,
    pace: Pace,
    shape: Shape,
    on_gpu: bool,
    /// Why entries cannot be moved to other positions.
    why_no_shift: Option<&'static str>,
    /// Whether all entries of a sequence can be saved: llama.cpp leaves those out that a sliding
    /// window has passed, and a state over all tokens cannot be cut afterwards.
    gives_entries: bool,
    /// Tokens that can be computed in the time that moving entries takes.
    shift_cost: usize,
}

impl LlamaEngine {
    /// # Errors
    /// [`ModelError::Compute`] for a token that the vocabulary does not have.
    fn check(&self, mut tokens: impl Iterator<Item = Token>) -> Result<(), ModelError> {
        let n_vocab = self.vocabulary().len();
        match tokens.find(|&token| token < 0 || token as usize >= n_vocab) {
            Some(token) => Err(ModelError::Compute(format!("it has no token {token}"))),
            None => Ok(()),
        }
    }

    /// Computes a token and forgets it: buffers get allocated and weights get paged in while
    /// nobody waits yet, and a model that cannot compute fails at loading. Starts with one thread
    /// where one is faster than all, as on a machine that is busy now.
    fn warm_up(&mut self) -> Result<(), ModelError> {
        // A step of a model that is slow with one thread says nothing about more of them.
        const SHORT: Duration = Duration::from_millis(50);

        let wanted = self.shape.n_threads;
        self.context.set_threads(1);
        let first = self.time_steps(1, Duration::MAX)?;
        let mut n_threads = wanted;
        if wanted > 1 && !self.on_gpu && first.is_some_and(|took| took < SHORT) {
            let alone = self.time_steps(3, Duration::MAX)?.unwrap_or(Duration::MAX);
            self.context.set_threads(wanted);
            if self.time_steps(3, alone)?.is_none() {
                n_threads = 1;
            }
        }
        self.pace = Pace::new(wanted, n_threads);
        self.context.set_threads(n_threads);
        Ok(())
    }

    /// The time of some single-token steps; `None` when they took longer than `limit`.
    fn time_steps(&mut self, n: usize, limit: Duration) -> Result<Option<Duration>, ModelError> {
        let started = Instant::now();
        let is_over = || started.elapsed() > limit;
        for at in 0..n {
            self.context.decode(&[0], at, Outputs::Last, &is_over)?;
            if is_over() {
                break;
            }
        }
        self.context.clear();
        let took = started.elapsed();
        Ok((took <= limit).then_some(took))
    }
}

impl Engine for LlamaEngine {
    fn vocabulary(&self) -> &Vocabulary {
        self.tokens.vocabulary()
    }

    fn is_end(&self, token: Token) -> bool {
        self.tokens.is_end(token)
    }

    fn n_ctx(&self) -> usize {
        self.context.n_ctx()
    }

    fn n_batch(&self) -> usize {
        self.shape.n_batch as usize
    }

    fn remove(&mut self, range: Range<usize>, to_the_end: bool) -> bool {
        self.context.remove(range, to_the_end)
    }

    fn clear(&mut self) {
        self.context.clear();
    }

    fn why_no_shift(&self) -> Option<&str> {
        self.why_no_shift
    }

    fn shift_cost(&self) -> usize {
        self.shift_cost
    }

    fn shift(&mut self, range: Range<usize>, to: usize) {
        self.context.shift(range, to);
    }

    fn decode(
        &mut self,
        tokens: &[Token],
        at: usize,
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError> {
        // The abort callback is asked on the CPU only, and only after the work has begun.
        if interrupted() {
            return Ok(0);
        }
        self.check(tokens.iter().copied())?;
        let started = Instant::now();
        let n_done = self.context.decode(tokens, at, outputs, interrupted)?;
        if tokens.len() == 1 && n_done == 1 && !self.on_gpu {
            let n_threads = self.pace.step(started.elapsed());
            self.context.set_threads(n_threads);
        }
        Ok(n_done)
    }

    fn logits(&self, row: usize) -> &[f32] {
        self.context.logits(row, self.tokens.vocabulary().len())
    }

    fn n_branches(&self) -> usize {
        self.context.n_branches()
    }

    fn fork_branch(&mut self, from: Branch, to: Branch) {
        self.context.copy(from, to);
    }

    fn drop_branch(&mut self, branch: Branch) {
        self.context.drop_branch(branch);
    }

    fn adopt_branch(&mut self, branch: Branch) {
        self.context.copy(branch, 0);
        self.context.drop_branch(branch);
    }

    fn step(
        &mut self,
        steps: &[(Branch, Token, usize)],
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, ModelError> {
        if interrupted() {
            return Ok(false);
        }
        self.check(steps.iter().map(|&(_, token, _)| token))?;
        let steps: Vec<_> = steps
            .iter()
            .map(|&(branch, token, at)| Step { branch, token, at })
            .collect();
        self.context.step(&steps, interrupted)
    }

    fn adapt(&mut self, path: Option<&Path>) -> Result<(), ModelError> {
        let weights = self.context.weights();
        let adapter = path.map(|path| self.adapters.get(&weights, path));
        let outcome = match adapter.transpose() {
            Ok(adapter) => self.context.adapt(adapter),
            Err(error) => self.context.adapt(None).and(Err(error)),
        };
        self.adapters.shrink();
        outcome
    }

    fn save(&mut self, n_positions: usize) -> Option<Vec<u8>> {
        match self.gives_entries {
            true => self.context.save(n_positions),
            false => None,
        }
    }

    fn restore(&mut self, entries: &[u8]) -> bool {
        self.gives_entries && self.context.restore(entries)
    }

    fn bytes_per_position(&self) -> usize {
        self.context.weights().bytes_per_position()
    }

    fn fork(&self) -> Result<LlamaEngine, ModelError> {
        let n_threads = self.pace.n_threads();
        let mut context = Context::new(self.context.weights(), self.shape)?;
        context.set_threads(n_threads);
        Ok(LlamaEngine {
            context,
            adapters: Adapters::default(),
            tokens: self.tokens.clone(),
            pace: Pace::new(self.shape.n_threads, n_threads),
            shape: self.shape,
            on_gpu: self.on_gpu,
            why_no_shift: self.why_no_shift,
            shift_cost: self.shift_cost,
            gives_entries: self.gives_entries,
        })
    }
}

/// One core stays free for the editor: llama.cpp's threads wait for each other in spin loops,
/// and one that is kept off its core stalls all the others.
fn default_threads() -> u32 {
    let n_cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    n_cores.saturating_sub(1).max(1)
}

/// Tokens read at once. On the CPU small batches let a cancelled prompt keep nearly all of its
/// work, at a cost of about 5 %; a GPU needs large ones to be busy.
fn batch_size(n_threads: u32, on_gpu: bool) -> u32 {
    match n_threads {
        _ if on_gpu => 512,
        0..=4 => 64,
        5..=8 => 128,
        _ => 256,
    }
}

fn file_stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

/// Finds what is plainly wrong with a file, in plainer words than llama.cpp has for it.
fn check_file(path: &Path) -> Result<(), ModelError> {
    let unreadable = |reason: String| ModelError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let corrupt = |reason: &str| ModelError::Corrupt {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let read = |file: std::fs::File| -> std::io::Result<Vec<u8>> {
        let mut head = Vec::new();
        file.take(64).read_to_end(&mut head)?;
        Ok(head)
    };
    match std::fs::metadata(path) {
        Err(error) => return Err(unreadable(error.to_string())),
        Ok(metadata) if metadata.is_dir() => {
            return Err(unreadable("it is a folder, not a file".to_owned()));
        }
        Ok(_) => {}
    }
    let head = std::fs::File::open(path)
        .and_then(read)
        .map_err(|error| unreadable(error.to_string()))?;
    if head.is_empty() {
        return Err(corrupt("the file is empty"));
    }
    if head.starts_with(b"version https://git-lfs") {
        return Err(corrupt(
            "it is a Git LFS pointer, not the weights (`git lfs pull` fetches them)",
        ));
    }
    if !head.starts_with(b"GGUF") {
        return Err(corrupt("it is not a GGUF file"));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
