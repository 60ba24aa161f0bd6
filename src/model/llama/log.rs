//! llama.cpp's log lines, as `tracing` events; errors are kept to be quoted.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_void};

use llama_cpp_sys_2 as sys;

thread_local! {
    /// Error lines of this thread since [`take_errors`] was last called.
    static ERRORS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// Whether this thread's error lines are only kept, until it is known what they mean.
    static IS_CAPTURED: Cell<bool> = const { Cell::new(false) };
    /// A line that llama.cpp has not ended yet, and its level.
    static LINE: RefCell<(sys::ggml_log_level, String)> =
        const { RefCell::new((sys::GGML_LOG_LEVEL_NONE, String::new())) };
}

/// Sends llama.cpp's log to `tracing` from now on. Call once.
pub(super) fn redirect() {
    // SAFETY: the callback is a function, lives forever, needs no data and may be called from
    // any thread. The setter itself is not thread-safe; `start_backend` calls this once.
    unsafe { sys::llama_log_set(Some(receive), std::ptr::null_mut()) }
}

/// The error lines that llama.cpp logged on this thread since the last call.
pub(super) fn take_errors() -> Vec<String> {
    ERRORS.take()
}

/// Runs `act`. The error lines that llama.cpp logs on this thread meanwhile are not passed on but
/// returned, for whoever knows what they mean to [`tell`].
pub(super) fn capture<T>(act: impl FnOnce() -> T) -> (T, Vec<String>) {
    take_errors();
    IS_CAPTURED.set(true);
    let outcome = act();
    IS_CAPTURED.set(false);
    (outcome, take_errors())
}

/// Passes captured error lines on: as warnings, unless what they tell of was wanted.
pub(super) fn tell(errors: &[String], is_wanted: bool) {
    for text in errors {
        match is_wanted {
            true => tracing::debug!(target: "llama.cpp", "{text}"),
            false => tracing::warn!(target: "llama.cpp", "{text}"),
        }
    }
}

unsafe extern "C" fn receive(level: sys::ggml_log_level, text: *const c_char, _data: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a NUL-terminated string that lives for the duration of the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    // A thread that is being torn down has no buffer any more; its last words are dropped.
    let _ = LINE.try_with(|line| {
        let Ok(mut line) = line.try_borrow_mut() else {
            return;
        };
        if level != sys::GGML_LOG_LEVEL_CONT {
            line.0 = level;
            line.1.clear();
        }
        line.1.push_str(&text);
        if line.1.ends_with('\n') {
            let (level, text) = std::mem::take(&mut *line);
            emit(level, text.trim_end());
        }
    });
}

fn emit(level: sys::ggml_log_level, text: &str) {
    match level {
        sys::GGML_LOG_LEVEL_ERROR => {
            let _ = ERRORS.try_with(|errors| {
                if let Ok(mut errors) = errors.try_borrow_mut() {
                    errors.push(text.to_owned());
                }
            });
            if !IS_CAPTURED.try_with(Cell::get).unwrap_or(false) {
                tracing::warn!(target: "llama.cpp", "{text}");
            }
        }
        sys::GGML_LOG_LEVEL_WARN => tracing::info!(target: "llama.cpp", "{text}"),
        _ => tracing::debug!(target: "llama.cpp", "{text}"),
    }
}

/// The line that says most about why a model was not loaded, without the names of functions.
pub(super) fn reason(errors: &[String]) -> String {
    // llama.cpp logs from the inside out: what it found wrong comes first, where it was found
    // and what that means come after.
    let line = errors
        .iter()
        .map(|line| without_function(line))
        .find(|line| !line.is_empty());
    line.map_or_else(|| "llama.cpp gave no reason".to_owned(), str::to_owned)
}

/// `llama_model_load: error loading model: no vocabulary` says `no vocabulary`.
fn without_function(mut line: &str) -> &str {
    while let Some((head, rest)) = line.split_once(": ") {
        let is_function = !head.contains(' ') && head.contains('_');
        if !is_function && head != "error loading model" {
            break;
        }
        line = rest.trim_start();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is logged while `act` runs, without times.
    fn logged(act: impl FnOnce()) -> String {
        let log = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .without_time()
            .with_writer(Log(log.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, act);
        let bytes = log.lock().expect("nobody panicked").clone();
        String::from_utf8(bytes).expect("a log is text")
    }

    #[derive(Clone)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panicked").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
        type Writer = Log;

        fn make_writer(&self) -> Log {
            self.clone()
        }
    }

    #[test]
    fn an_error_is_a_warning_unless_it_tells_of_what_was_wanted() {
        let fails = || emit(sys::GGML_LOG_LEVEL_ERROR, "failed to decode, ret = 2");
        let log = logged(|| {
            for is_wanted in [true, false] {
                let ((), errors) = capture(fails);
                tell(&errors, is_wanted);
            }
            fails();
        });
        let levels: Vec<_> = log
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(levels, ["DEBUG", "WARN", "WARN"], "{log}");
        assert_eq!(take_errors().len(), 1);
    }

    #[test]
    fn the_reason_is_what_was_found_first_without_function_names() {
        let errors = [
            "llama_model_load: error loading model: unknown model architecture: 'gpt9'",
            "llama_model_load_from_file_impl: failed to load model",
        ];
        assert_eq!(
            reason(&errors.map(str::to_owned)),
            "unknown model architecture: 'gpt9'"
        );
    }

    #[test]
    fn without_errors_the_reason_says_so() {
        assert_eq!(reason(&[]), "llama.cpp gave no reason");
    }
}
