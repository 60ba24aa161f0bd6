//! A KV cache over the weights, and the computing.

use std::ffi::c_void;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use llama_cpp_sys_2 as sys;

use super::adapter::Adapter;
use super::log;
use super::weights::Weights;
use crate::model::sequence::{Branch, MAX_BRANCHES, Outputs};
use crate::model::{ModelError, Token};

/// The sequence itself; the other branches have the ids after it.
const SEQUENCE: sys::llama_seq_id = 0;
/// Where entries wait while tokens before them are computed: llama.cpp computes only behind the
/// last position of a sequence.
const PARKED: sys::llama_seq_id = MAX_BRANCHES as sys::llama_seq_id;
/// Sequences of a cache that can share entries between them. One pool of cells for all
/// ("unified"), so that copying a sequence copies no data.
const N_SEQUENCES: u32 = MAX_BRANCHES as u32 + 1;

/// Sizes a context is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) n_ctx: u32,
    pub(super) n_batch: u32,
    pub(super) n_threads: u32,
}

/// A llama.cpp context. It stays on the thread that made it.
pub(super) struct Context {
    context: NonNull<sys::llama_context>,
    weights: Arc<Weights>,
    n_ctx: usize,
    n_threads: u32,
    /// Of which tokens the last batch has logits.
    outputs: Outputs,
    /// Whether keys are to be rotated to the positions their entries were moved to, which
    /// llama.cpp does at the next batch.
    is_shifted: bool,
}

impl Context {
    /// # Errors
    /// [`ModelError::Compute`] with llama.cpp's reason, most often that memory does not suffice.
    pub(super) fn new(weights: Arc<Weights>, shape: Shape) -> Result<Context, ModelError> {
        // SAFETY: a plain function without arguments.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = shape.n_ctx;
        params.n_batch = shape.n_batch;
        params.n_ubatch = shape.n_batch;
        // A recurrent model's state is one per sequence and cannot be cut or shared.
        params.n_seq_max = match weights.is_recurrent() {
            true => 1,
            false => N_SEQUENCES,
        };
        params.kv_unified = true;
        params.n_threads = threads(shape.n_threads);
        params.n_threads_batch = threads(shape.n_threads);
        params.no_perf = true;
        // A sliding window keeps what it slides over, so that the cache can be cut anywhere.
        params.swa_full = true;
        // llama.cpp's flash attention adds up values in steps of 64 numbers where it is compiled
        // for AVX-512, and what is left over one by one: a token of the shipped model, whose heads
        // have 48, took 2.5 ms to write instead of 0.8 ms; one of Qwen2.5-Coder-0.5B's shape 71 ms
        // instead of 50 ms.
        if cfg!(target_feature = "avx512f") && weights.gpu_layers() == 0 {
            params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_DISABLED;
        }
        log::take_errors();
        // SAFETY: the model is loaded, and the `Arc` in the result keeps it so for as long as
        // the context lives.
        let context = unsafe { sys::llama_init_from_model(weights.as_ptr(), params) };
        let context = NonNull::new(context).ok_or_else(|| {
            let reason = log::reason(&log::take_errors());
            ModelError::Compute(format!("no memory for its context ({reason})"))
        })?;
        // SAFETY: the context was just made.
        let n_ctx = unsafe { sys::llama_n_ctx(context.as_ptr()) };
        Ok(Context {
            context,
            weights,
            n_ctx: n_ctx as usize,
            n_threads: shape.n_threads,
            outputs: Outputs::Last,
            is_shifted: false,
        })
    }

    pub(super) fn weights(&self) -> Arc<Weights> {
        self.weights.clone()
    }

    /// Positions in the cache.
    pub(super) fn n_ctx(&self) -> usize {
        self.n_ctx
    }

    /// Drops the positions in `range`, or all from its start on; false where the memory cannot
    /// be cut.
    pub(super) fn remove(&mut self, range: Range<usize>, to_the_end: bool) -> bool {
        let (Ok(start), Ok(end)) = (position(range.start), position(range.end)) else {
            return false;
        };
        // An end of −1 means everything after `start`.
        let end = if to_the_end { -1 } else { end };
        // SAFETY: the context lives.
        unsafe { sys::llama_memory_seq_rm(self.memory(), SEQUENCE, start, end) }
    }

    /// Drops all positions.
    pub(super) fn clear(&mut self) {
        self.is_shifted = false;
        // SAFETY: the context lives.
        unsafe { sys::llama_memory_clear(self.memory(), false) }
    }

    /// Whether llama.cpp can rotate keys to other positions.
    pub(super) fn can_shift(&self) -> bool {
        // SAFETY: the context lives.
        unsafe { sys::llama_memory_can_shift(self.memory()) }
    }

    /// Moves the entries in `range` to positions from `to` on.
    pub(super) fn shift(&mut self, range: Range<usize>, to: usize) {
        let places = (position(range.start), position(range.end), position(to));
        // Positions beyond a context's are refused before they get here.
        let (Ok(start), Ok(end), Ok(to)) = places else {
            return;
        };
        self.is_shifted = true;
        // SAFETY: the context lives, and its memory can shift.
        unsafe { sys::llama_memory_seq_add(self.memory(), SEQUENCE, start, end, to - start) }
    }

    /// Makes sequence `to` a copy of `from`: both have the same entries.
    pub(super) fn copy(&mut self, from: Branch, to: Branch) {
        self.drop_branch(to);
        // SAFETY: the context lives, and both are sequences of it.
        unsafe {
            let (from, to) = (from as sys::llama_seq_id, to as sys::llama_seq_id);
            sys::llama_memory_seq_cp(self.memory(), from, to, -1, -1);
        }
    }

    /// Empties a sequence.
    pub(super) fn drop_branch(&mut self, branch: Branch) {
        let branch = branch as sys::llama_seq_id;
        // SAFETY: the context lives, and it is a sequence of it.
        unsafe { sys::llama_memory_seq_rm(self.memory(), branch, -1, -1) };
    }

    /// Sequences that can share entries.
    pub(super) fn n_branches(&self) -> usize {
        // SAFETY: the context lives.
        match unsafe { sys::llama_n_seq_max(self.context.as_ptr()) } {
            N_SEQUENCES => MAX_BRANCHES,
            _ => 1,
        }
    }

    /// Adds an adapter to the weights from the next batch on, or none.
    ///
    /// # Errors
    /// [`ModelError::Compute`] when llama.cpp refuses it.
    pub(super) fn adapt(&mut self, adapter: Option<&Adapter>) -> Result<(), ModelError> {
        let mut adapters: Vec<_> = adapter.iter().map(|adapter| adapter.as_ptr()).collect();
        let mut scales = vec![1.0; adapters.len()];
        // SAFETY: the context lives, both arrays have as many elements as is said, llama.cpp
        // copies them, and the adapter belongs to this context's model.
        let code = unsafe {
            sys::llama_set_adapters_lora(
                self.context.as_ptr(),
                adapters.as_mut_ptr(),
                adapters.len(),
                scales.as_mut_ptr(),
            )
        };
        match code {
            0 => Ok(()),
            code => Err(ModelError::Compute(format!(
                "it did not take the adapter (code {code})"
            ))),
        }
    }

    /// Uses another number of threads from the next batch on.
    pub(super) fn set_threads(&mut self, n_threads: u32) {
        if n_threads != self.n_threads {
            self.n_threads = n_threads;
            let n = threads(n_threads);
            // SAFETY: the context lives and no batch is being computed.
            unsafe { sys::llama_set_n_threads(self.context.as_ptr(), n, n) }
        }
    }

    /// Computes `tokens`, no more than a batch, at positions from `at` on. Returns how many are
    /// in the cache afterwards: fewer than all when `interrupted` turned true on the way.
    pub(super) fn decode(
        &mut self,
        tokens: &[Token],
        at: usize,
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError> {
        let steps: Vec<_> = (at..)
            .zip(tokens)
            .map(|(at, &token)| Step {
                branch: 0,
                token,
                at,
            })
            .collect();
        let is_parked = self.park(at);
        let outcome = self.compute(&steps, outputs, interrupted);
        let n_done = match outcome {
            Ok(true) => Ok(tokens.len()),
            // Aborted: what was finished stays in the cache.
            Ok(false) => {
                // SAFETY: the context lives.
                let last = unsafe { sys::llama_memory_seq_pos_max(self.memory(), SEQUENCE) };
                Ok(usize::try_from(last + 1).unwrap_or(0).saturating_sub(at))
            }
            Err(error) => Err(error),
        };
        if is_parked {
            self.unpark();
        }
        n_done
    }

    /// Computes one token in each of several branches; false, with nothing changed, when
    /// `interrupted` turned true on the way.
    pub(super) fn step(
        &mut self,
        steps: &[Step],
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, ModelError> {
        self.compute(steps, Outputs::Each, interrupted)
    }

    /// Puts the entries from `at` on aside; false if there are none.
    fn park(&mut self, at: usize) -> bool {
        let memory = self.memory();
        let Ok(at) = position(at) else { return false };
        // SAFETY: the context lives; where a sequence goes on after a hole, its memory can share
        // entries, for only such a memory can be given holes.
        unsafe {
            if sys::llama_memory_seq_pos_max(memory, SEQUENCE) < at {
                return false;
            }
            sys::llama_memory_seq_cp(memory, SEQUENCE, PARKED, at, -1);
            sys::llama_memory_seq_rm(memory, SEQUENCE, at, -1);
        }
        true
    }

    /// Puts the parked entries back.
    fn unpark(&mut self) {
        let memory = self.memory();
        // SAFETY: as in `park`.
        unsafe {
            sys::llama_memory_seq_cp(memory, PARKED, SEQUENCE, -1, -1);
            sys::llama_memory_seq_rm(memory, PARKED, -1, -1);
        }
    }

    /// Computes a batch; false when it was aborted.
    fn compute(
        &mut self,
        steps: &[Step],
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, ModelError> {
        let end = steps.iter().map(|step| step.at + 1).max().unwrap_or(0);
        let full = ModelError::ContextFull {
            needed: end,
            available: self.n_ctx,
        };
        let Ok(n_tokens) = i32::try_from(steps.len()) else {
            return Err(full);
        };
        let positions: Result<Vec<_>, _> = steps.iter().map(|step| position(step.at)).collect();
        let Ok(mut positions) = positions else {
            return Err(full);
        };
        self.outputs = outputs;

        // llama.cpp takes these arrays as mutable but only reads them.
        let mut tokens: Vec<_> = steps.iter().map(|step| step.token).collect();
        let mut n_sequences = vec![1; steps.len()];
        let mut branches: Vec<_> = steps
            .iter()
            .map(|step| step.branch as sys::llama_seq_id)
            .collect();
        let mut sequences: Vec<_> = branches.iter_mut().map(std::ptr::from_mut).collect();
        let mut wanted = vec![i8::from(outputs == Outputs::Each); steps.len()];
        if let (Outputs::Last, Some(last)) = (outputs, wanted.last_mut()) {
            *last = 1;
        }
        let batch = sys::llama_batch {
            n_tokens,
            token: tokens.as_mut_ptr(),
            embd: std::ptr::null_mut(),
            pos: positions.as_mut_ptr(),
            n_seq_id: n_sequences.as_mut_ptr(),
            seq_id: sequences.as_mut_ptr(),
            logits: wanted.as_mut_ptr(),
        };

        // A rotation of keys that is given up half way would leave some of them at the old
        // position and some at the new, and nobody would know which.
        let never = || false;
        let question: &(dyn Fn() -> bool + Sync) = match self.is_shifted {
            true => &never,
            false => interrupted,
        };
        let context = self.context.as_ptr();
        // SAFETY: the context lives; each array of the batch has `n_tokens` elements and, as
        // `question`, outlives the call. The callback is taken away again before this function
        // returns, after a wait for whatever a device may still be computing.
        let (code, errors) = log::capture(|| unsafe {
            let data = (&raw const question).cast_mut().cast::<c_void>();
            sys::llama_set_abort_callback(context, Some(ask), data);
            let code = sys::llama_decode(context, batch);
            sys::llama_synchronize(context);
            sys::llama_set_abort_callback(context, None, std::ptr::null_mut());
            code
        });
        // llama.cpp calls it a failure to be told to stop.
        log::tell(&errors, code == ABORTED);
        self.is_shifted = false;
        match code {
            0 => Ok(true),
            ABORTED => Ok(false),
            1 => Err(full),
            code => {
                let reason = match errors.as_slice() {
                    [] => format!("llama.cpp returned {code}"),
                    errors => log::reason(errors),
                };
                Err(ModelError::Compute(reason))
            }
        }
    }

    /// The entries of the sequence, which has this many positions; `None` where llama.cpp has no
    /// room to put them in order.
    pub(super) fn save(&mut self, n_positions: usize) -> Option<Vec<u8>> {
        if self.is_shifted {
            // Keys are rotated at the next batch: here is one.
            self.decode(&[0], n_positions, Outputs::None, &|| false)
                .ok()?;
            self.remove(n_positions..n_positions + 1, true);
        }
        let context = self.context.as_ptr();
        // SAFETY: the context lives, nothing is being computed, and llama.cpp writes no more than
        // the buffer has room for.
        unsafe {
            let mut entries = vec![0u8; sys::llama_state_seq_get_size(context, SEQUENCE)];
            let n = sys::llama_state_seq_get_data(
                context,
                entries.as_mut_ptr(),
                entries.len(),
                SEQUENCE,
            );
            (n == entries.len() && n > 0).then_some(entries)
        }
    }

    /// Puts saved entries into the empty cache; false where they do not fit.
    pub(super) fn restore(&mut self, entries: &[u8]) -> bool {
        let context = self.context.as_ptr();
        log::take_errors();
        // SAFETY: the context lives, and nothing is being computed. llama.cpp checks the size of
        // each part against what is left of the buffer.
        let n = unsafe {
            sys::llama_state_seq_set_data(context, entries.as_ptr(), entries.len(), SEQUENCE)
        };
        n == entries.len()
    }

    /// A row of logits of the last batch; empty if llama.cpp has none there.
    pub(super) fn logits(&self, row: usize, n_vocab: usize) -> &[f32] {
        let idx = match self.outputs {
            Outputs::None => return &[],
            // −1 is the last one.
            Outputs::Last => -1,
            Outputs::Each => i32::try_from(row).unwrap_or(i32::MAX),
        };
        // SAFETY: the context lives. llama.cpp checks the index and answers null for a wrong one;
        // otherwise there is one number a token of the vocabulary, valid until the next batch,
        // which needs `&mut self`.
        unsafe {
            let logits = sys::llama_get_logits_ith(self.context.as_ptr(), idx);
            if logits.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(logits, n_vocab)
        }
    }

    fn memory(&self) -> sys::llama_memory_t {
        // SAFETY: the context lives, and its memory with it.
        unsafe { sys::llama_get_memory(self.context.as_ptr()) }
    }
}

/// What `llama_decode` returns for a batch that the abort callback ended.
const ABORTED: i32 = 2;

/// One token of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) branch: Branch,
    pub(super) token: Token,
    /// Its position.
    pub(super) at: usize,
}

fn position(at: usize) -> Result<sys::llama_pos, std::num::TryFromIntError> {
    sys::llama_pos::try_from(at)
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: nobody else has the pointer; the weights are dropped after this.
        unsafe { sys::llama_free(self.context.as_ptr()) }
    }
}

/// llama.cpp's abort callback, asked about once a graph node: true gives up.
unsafe extern "C" fn ask(data: *mut c_void) -> bool {
    // SAFETY: `data` points to the reference that `Context::decode` keeps on its stack while
    // llama.cpp computes. What it refers to is `Sync`, so any thread may ask.
    let question = unsafe { *data.cast::<&(dyn Fn() -> bool + Sync)>() };
    question()
}

fn threads(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX).max(1)
}
