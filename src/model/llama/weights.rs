//! A model's weights and metadata, and the devices they may lie on.

use std::ffi::{CStr, CString, c_void};
use std::fmt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Once;

use llama_cpp_sys_2 as sys;

use super::log;
use crate::model::ModelError;
use crate::model::handle::Loading;

/// A loaded model. It is not changed after loading.
pub(super) struct Weights {
    model: NonNull<sys::llama_model>,
    gpu_layers: u32,
}

// SAFETY: after loading, the model is only read: its metadata, its vocabulary (llama.h says of
// tokenizing "The API is thread-safe"), and by contexts, which one thread makes and runs. The
// memory belongs to no thread in particular, so any may free it.
unsafe impl Send for Weights {}
// SAFETY: as above; every function called through `&Weights` reads only.
unsafe impl Sync for Weights {}

impl Weights {
    /// Maps a GGUF file into memory and puts `gpu_layers` of its layers on the GPU.
    ///
    /// # Errors
    /// [`ModelError::Corrupt`] with llama.cpp's reason, [`ModelError::Gone`] when nobody wants
    /// the model any more.
    pub(super) fn load(
        path: &Path,
        gpu_layers: u32,
        loading: &Loading,
    ) -> Result<Weights, ModelError> {
        let text = path.to_str().and_then(|path| CString::new(path).ok());
        let text = text.ok_or_else(|| ModelError::Unreadable {
            path: path.to_owned(),
            reason: "its path is not valid Unicode".to_owned(),
        })?;
        // SAFETY: a plain function without arguments.
        let mut params = unsafe { sys::llama_model_default_params() };
        params.n_gpu_layers = i32::try_from(gpu_layers).unwrap_or(i32::MAX);
        params.progress_callback = Some(report);
        params.progress_callback_user_data = std::ptr::from_ref(loading).cast_mut().cast();
        log::take_errors();
        // SAFETY: `text` is NUL-terminated, and `loading`, which the callback reads, outlives the
        // call.
        let model = unsafe { sys::llama_model_load_from_file(text.as_ptr(), params) };
        let Some(model) = NonNull::new(model) else {
            if loading.is_abandoned() {
                return Err(ModelError::Gone("it was closed while loading".to_owned()));
            }
            return Err(ModelError::Corrupt {
                path: path.to_owned(),
                reason: log::reason(&log::take_errors()),
            });
        };
        let mut weights = Weights {
            model,
            gpu_layers: 0,
        };
        weights.gpu_layers = if has_gpu() {
            gpu_layers.min(weights.n_layers())
        } else {
            0
        };
        // SAFETY: the model is loaded.
        let (has_encoder, has_decoder) = unsafe {
            (
                sys::llama_model_has_encoder(model.as_ptr()),
                sys::llama_model_has_decoder(model.as_ptr()),
            )
        };
        if has_encoder || !has_decoder {
            return Err(ModelError::Corrupt {
                path: path.to_owned(),
                reason: "it is not a decoder-only model, so it cannot continue text".to_owned(),
            });
        }
        Ok(weights)
    }

    pub(super) fn as_ptr(&self) -> *mut sys::llama_model {
        self.model.as_ptr()
    }

    /// The vocabulary; it lives as long as the weights.
    pub(super) fn vocab(&self) -> *const sys::llama_vocab {
        // SAFETY: the model is loaded.
        unsafe { sys::llama_model_get_vocab(self.as_ptr()) }
    }

    pub(super) fn name(&self) -> Option<String> {
        self.metadata(c"general.name")
            .filter(|name| !name.is_empty())
    }

    pub(super) fn architecture(&self) -> String {
        self.metadata(c"general.architecture").unwrap_or_default()
    }

    pub(super) fn pre_tokenizer(&self) -> String {
        self.metadata(c"tokenizer.ggml.pre").unwrap_or_default()
    }

    pub(super) fn fim_order(&self) -> Option<String> {
        self.metadata(c"midfill.fim_order")
    }

    pub(super) fn n_bytes(&self) -> u64 {
        // SAFETY: the model is loaded.
        unsafe { sys::llama_model_size(self.as_ptr()) }
    }

    pub(super) fn n_params(&self) -> u64 {
        // SAFETY: the model is loaded.
        unsafe { sys::llama_model_n_params(self.as_ptr()) }
    }

    pub(super) fn n_layers(&self) -> u32 {
        // SAFETY: the model is loaded.
        let n = unsafe { sys::llama_model_n_layer(self.as_ptr()) };
        u32::try_from(n).unwrap_or(0)
    }

    pub(super) fn n_ctx_train(&self) -> u32 {
        // SAFETY: the model is loaded.
        let n = unsafe { sys::llama_model_n_ctx_train(self.as_ptr()) };
        u32::try_from(n).unwrap_or(0)
    }

    /// Whether some of its layers keep one state over all tokens instead of an entry for each.
    pub(super) fn is_recurrent(&self) -> bool {
        // SAFETY: the model is loaded.
        unsafe {
            sys::llama_model_is_recurrent(self.as_ptr())
                || sys::llama_model_is_hybrid(self.as_ptr())
        }
    }

    /// Why llama.cpp's rotation of keys would not put a moved entry right; `None` where it does.
    pub(super) fn why_no_rotation(&self) -> Option<&'static str> {
        // SAFETY: the model is loaded.
        let rope = unsafe { sys::llama_model_rope_type(self.as_ptr()) };
        let architecture = self.architecture();
        let scaling = CString::new(format!("{architecture}.rope.scaling.type"));
        let scaling = scaling.ok().and_then(|key| self.metadata(&key));
        if self.is_recurrent() {
            Some("its state is one sum over all tokens")
        } else if self.has_window() {
            // Cells outside the window are used again in an order that moved entries would upset.
            Some("its attention slides over a window")
        } else if rope == sys::LLAMA_ROPE_TYPE_NONE {
            // Positions are learnt, or a bias: part of the entries, or not to be rotated.
            Some("its positions are not rotary")
        } else if rope == sys::LLAMA_ROPE_TYPE_MROPE || rope == sys::LLAMA_ROPE_TYPE_IMROPE {
            Some("its positions have several dimensions")
        } else if scaling.is_some_and(|scaling| scaling == "yarn" || scaling == "longrope") {
            // The rotation multiplies by the scaling's attention factor, and would do so again at
            // each move.
            Some("its rotary positions are scaled, and each move would scale its keys again")
        } else {
            None
        }
    }

    /// Whether some of its layers look at the last tokens only.
    pub(super) fn has_window(&self) -> bool {
        // SAFETY: the model is loaded.
        unsafe { sys::llama_model_n_swa(self.as_ptr()) > 0 }
    }

    /// Memory that the keys and values of one token take, in bytes, in numbers of 16 bits.
    pub(super) fn bytes_per_position(&self) -> usize {
        (self.numbers_per_key() * 2.0 * 2.0) as usize
    }

    /// Numbers of the keys of one token, all layers together.
    fn numbers_per_key(&self) -> f64 {
        // SAFETY: the model is loaded.
        let (width, n_heads, n_kv_heads) = unsafe {
            (
                sys::llama_model_n_embd(self.as_ptr()),
                sys::llama_model_n_head(self.as_ptr()),
                sys::llama_model_n_head_kv(self.as_ptr()),
            )
        };
        let per_layer = f64::from(width) * f64::from(n_kv_heads) / f64::from(n_heads.max(1));
        f64::from(self.n_layers()) * per_layer
    }

    /// How many tokens a processor reads in the time that rotating the keys of `n_cells` cells
    /// takes. A number of a key costs about as much as 40 multiplications with a weight: measured
    /// with 6 layers of 192 numbers over 3.4 million weights, where 4,096 cells took as long as
    /// 57 tokens.
    pub(super) fn shift_cost(&self, n_cells: usize) -> usize {
        const WEIGHTS_PER_NUMBER: f64 = 40.0;
        let numbers = n_cells as f64 * self.numbers_per_key();
        (numbers * WEIGHTS_PER_NUMBER / self.n_params().max(1) as f64) as usize
    }

    pub(super) fn gpu_layers(&self) -> u32 {
        self.gpu_layers
    }

    /// The device that computes.
    pub(super) fn device(&self) -> String {
        let mut devices = devices().into_iter();
        let found = if self.gpu_layers > 0 {
            devices.find(|device| device.is_gpu)
        } else {
            devices.find(|device| device.name == "CPU")
        };
        found.map_or_else(|| "CPU".to_owned(), |device| device.to_string())
    }

    /// A value of the GGUF's metadata as text.
    pub(super) fn metadata(&self, key: &CStr) -> Option<String> {
        let mut buffer = vec![0u8; 256];
        loop {
            // SAFETY: the model is loaded, `key` is NUL-terminated and llama.cpp writes at most
            // `buffer.len()` bytes, the NUL included.
            let n = unsafe {
                sys::llama_model_meta_val_str(
                    self.as_ptr(),
                    key.as_ptr(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                )
            };
            let n = usize::try_from(n).ok()?;
            if n < buffer.len() {
                return Some(String::from_utf8_lossy(&buffer[..n]).into_owned());
            }
            buffer.resize(n + 1, 0);
        }
    }

    /// The chat template that the GGUF brings along.
    pub(super) fn chat_template(&self) -> Option<CString> {
        // SAFETY: the model is loaded; a null name asks for the default template; the string
        // lives as long as the model and is copied here.
        unsafe {
            let template = sys::llama_model_chat_template(self.as_ptr(), std::ptr::null());
            (!template.is_null()).then(|| CStr::from_ptr(template).to_owned())
        }
    }
}

impl Drop for Weights {
    fn drop(&mut self) {
        // SAFETY: contexts and tokenizers hold the weights in an `Arc`, so none is left.
        unsafe { sys::llama_model_free(self.as_ptr()) }
    }
}

/// llama.cpp's progress callback: true goes on, false gives up.
unsafe extern "C" fn report(progress: f32, data: *mut c_void) -> bool {
    // SAFETY: `data` is the `&Loading` that `Weights::load` passed in; it calls llama.cpp and
    // waits, and llama.cpp reports from the same thread.
    let loading = unsafe { &*data.cast::<Loading>() };
    loading.progress(progress.clamp(0.0, 1.0));
    !loading.is_abandoned()
}

/// Something that computes.
pub(super) struct Device {
    name: String,
    description: String,
    is_gpu: bool,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.is_gpu {
            true => write!(f, "{} ({})", self.name, self.description),
            false => f.write_str(&self.name),
        }
    }
}

/// Initialises llama.cpp, once for the process. The backends are those linked into the program:
/// as there is always one, llama.cpp does not go looking for more in the current directory.
pub(super) fn start_backend() {
    static START: Once = Once::new();
    START.call_once(|| {
        log::redirect();
        // SAFETY: called once.
        unsafe { sys::llama_backend_init() }
    });
}

/// The devices of this build on this machine.
pub(super) fn devices() -> Vec<Device> {
    // SAFETY: the registry is filled before the first call and not changed afterwards; the
    // strings live as long as the program.
    unsafe {
        (0..sys::ggml_backend_dev_count())
            .map(|idx| {
                let device = sys::ggml_backend_dev_get(idx);
                let text = |text| CStr::from_ptr(text).to_string_lossy().into_owned();
                let kind = sys::ggml_backend_dev_type(device);
                Device {
                    name: text(sys::ggml_backend_dev_name(device)),
                    description: text(sys::ggml_backend_dev_description(device)),
                    is_gpu: kind == sys::GGML_BACKEND_DEVICE_TYPE_GPU
                        || kind == sys::GGML_BACKEND_DEVICE_TYPE_IGPU,
                }
            })
            .collect()
    }
}

pub(super) fn has_gpu() -> bool {
    devices().iter().any(|device| device.is_gpu)
}
