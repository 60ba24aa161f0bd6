//! A gate that tokens wait at, so that a test can stop a model at an exact token.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A gate, closed at first. Clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many may still pass.
    permits: usize,
    is_open: bool,
    n_waiting: usize,
}

impl Gate {
    /// A closed gate.
    pub fn closed() -> Gate {
        Gate::default()
    }

    /// Lets `n` more tokens through.
    pub fn let_through(&self, n: usize) {
        self.lock().permits += n;
        self.0.changed.notify_all();
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.lock().is_open = true;
        self.0.changed.notify_all();
    }

    /// Waits until the model stands at the closed gate: all permits are used up, and every token
    /// let through is computed.
    pub fn wait_until_reached(&self) {
        let mut state = self.lock();
        while state.n_waiting == 0 || state.permits > 0 {
            state = self
                .0
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for a permit and takes it; false when `interrupted` came first. The question is
    /// asked again every millisecond, because nothing announces that its answer changed; the
    /// outcome does not depend on when.
    pub(crate) fn pass(&self, interrupted: &(dyn Fn() -> bool + Sync)) -> bool {
        let mut state = self.lock();
        state.n_waiting += 1;
        self.0.changed.notify_all();
        let may_pass = loop {
            // Asked before permits are looked at: who interrupts first and opens the gate then,
            // can rely on it that nothing passes in between.
            if interrupted() {
                break false;
            }
            if state.is_open {
                break true;
            }
            if state.permits > 0 {
                state.permits -= 1;
                break true;
            }
            (state, _) = self
                .0
                .changed
                .wait_timeout(state, Duration::from_millis(1))
                .unwrap_or_else(PoisonError::into_inner);
        };
        state.n_waiting -= 1;
        may_pass
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
