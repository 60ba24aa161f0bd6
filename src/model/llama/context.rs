//! A KV cache over the weights, and the computing.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use llama_cpp_sys_2 as sys;

use super::log;
use super::weights::Weights;
use crate::model::sequence::Outputs;
use crate::model::{ModelError, Token};

/// The only sequence in the cache.
const SEQUENCE: sys::llama_seq_id = 0;

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
        params.n_seq_max = 1;
        params.n_threads = threads(shape.n_threads);
        params.n_threads_batch = threads(shape.n_threads);
        params.no_perf = true;
        // A sliding window keeps what it slides over, so that the cache can be cut anywhere.
        params.swa_full = true;
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
        })
    }

    pub(super) fn weights(&self) -> Arc<Weights> {
        self.weights.clone()
    }

    /// Positions in the cache.
    pub(super) fn n_ctx(&self) -> usize {
        self.n_ctx
    }

    /// Drops all positions from `n_keep` on; false where the memory cannot be cut.
    pub(super) fn truncate(&mut self, n_keep: usize) -> bool {
        let Ok(start) = sys::llama_pos::try_from(n_keep) else {
            return false;
        };
        // SAFETY: the context lives; an end of −1 means everything after `start`.
        unsafe { sys::llama_memory_seq_rm(self.memory(), SEQUENCE, start, -1) }
    }

    /// Drops all positions.
    pub(super) fn clear(&mut self) {
        // SAFETY: the context lives.
        unsafe { sys::llama_memory_clear(self.memory(), false) }
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
        let too_long = |_| ModelError::ContextFull {
            needed: at + tokens.len(),
            available: self.n_ctx,
        };
        let n_tokens = i32::try_from(tokens.len()).map_err(too_long)?;
        let start = sys::llama_pos::try_from(at).map_err(too_long)?;
        self.outputs = outputs;

        // llama.cpp takes these arrays as mutable but only reads them.
        let mut tokens = tokens.to_vec();
        let mut positions: Vec<sys::llama_pos> = (start..start + n_tokens).collect();
        let mut n_sequences = vec![1; tokens.len()];
        let mut sequence = SEQUENCE;
        let mut sequences = vec![&raw mut sequence; tokens.len()];
        let mut wanted = vec![i8::from(outputs == Outputs::Each); tokens.len()];
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

        let context = self.context.as_ptr();
        let question: &(dyn Fn() -> bool + Sync) = interrupted;
        log::take_errors();
        // SAFETY: the context lives; each array of the batch has `n_tokens` elements and, as
        // `question`, outlives the call. The callback is taken away again before this function
        // returns, after a wait for whatever a device may still be computing.
        let code = unsafe {
            let data = (&raw const question).cast_mut().cast::<c_void>();
            sys::llama_set_abort_callback(context, Some(ask), data);
            let code = sys::llama_decode(context, batch);
            sys::llama_synchronize(context);
            sys::llama_set_abort_callback(context, None, std::ptr::null_mut());
            code
        };
        match code {
            0 => Ok(tokens.len()),
            // Aborted: what was finished stays in the cache.
            2 => {
                // SAFETY: the context lives.
                let last = unsafe { sys::llama_memory_seq_pos_max(self.memory(), SEQUENCE) };
                Ok(usize::try_from(last + 1).unwrap_or(0).saturating_sub(at))
            }
            1 => Err(ModelError::ContextFull {
                needed: at + tokens.len(),
                available: self.n_ctx,
            }),
            code => {
                let reason = match log::take_errors().as_slice() {
                    [] => format!("llama.cpp returned {code}"),
                    errors => log::reason(errors),
                };
                Err(ModelError::Compute(reason))
            }
        }
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
