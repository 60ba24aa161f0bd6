//! A panic in a handler is a defect of ours. It costs the user one answer, not the server: it is
//! logged, and the request is answered as if there were nothing to show.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt as _;

/// Runs a synchronous handler; `None` if it panicked.
pub(super) fn sync<T>(method: &str, handler: impl FnOnce() -> T) -> Option<T> {
    // The session is used on after a panic, see `Server::session`.
    note(method, catch_unwind(AssertUnwindSafe(handler)))
}

/// Runs an asynchronous handler; `None` if it panicked.
pub(super) async fn future<T>(method: &str, handler: impl Future<Output = T>) -> Option<T> {
    note(method, AssertUnwindSafe(handler).catch_unwind().await)
}

fn note<T>(method: &str, outcome: std::thread::Result<T>) -> Option<T> {
    if outcome.is_err() {
        tracing::error!(
            method,
            "a handler failed; please report this with the lines above"
        );
    }
    outcome.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_one_answer() {
        assert_eq!(sync("test", || 1), Some(1));
        assert_eq!(sync("test", || -> u8 { panic!("on purpose") }), None);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime needs nothing but memory");
        let bad = async {
            if std::hint::black_box(true) {
                panic!("on purpose")
            }
        };
        assert_eq!(runtime.block_on(future("test", bad)), None);
        assert_eq!(runtime.block_on(future("test", async { 2 })), Some(2));
    }
}
