//! Work waiting for the model thread.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::Priority;

/// A queue with one lane a priority; within a lane, first come, first served.
pub(crate) struct Queue<W> {
    lanes: Mutex<Lanes<W>>,
    filled: Condvar,
    /// How many completions wait. Beside the lock, because llama.cpp asks at every graph node.
    n_completions: AtomicUsize,
    /// How many completions and explanations wait.
    n_foreground: AtomicUsize,
    is_closed: AtomicBool,
}

struct Lanes<W> {
    completions: VecDeque<W>,
    explanations: VecDeque<W>,
    background: VecDeque<W>,
}

impl<W> Queue<W> {
    pub(crate) fn new() -> Queue<W> {
        Queue {
            lanes: Mutex::new(Lanes {
                completions: VecDeque::new(),
                explanations: VecDeque::new(),
                background: VecDeque::new(),
            }),
            filled: Condvar::new(),
            n_completions: AtomicUsize::new(0),
            n_foreground: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Puts work in, or gives it back when the queue is closed.
    pub(crate) fn push(&self, priority: Priority, work: W) -> Result<(), W> {
        let mut lanes = self.lock();
        if self.is_closed() {
            return Err(work);
        }
        match priority {
            Priority::Completion => {
                lanes.completions.push_back(work);
                self.n_completions.fetch_add(1, Ordering::Relaxed);
                self.n_foreground.fetch_add(1, Ordering::Relaxed);
            }
            Priority::Explanation => {
                lanes.explanations.push_back(work);
                self.n_foreground.fetch_add(1, Ordering::Relaxed);
            }
            Priority::Background => lanes.background.push_back(work),
        }
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for work; `None` once the queue is closed, whatever is still in it. Calls `on_idle`
    /// when there was none for as long as `idle`.
    pub(crate) fn pop(&self, idle: Duration, mut on_idle: impl FnMut()) -> Option<W> {
        let mut lanes = self.lock();
        let mut was_idle = false;
        loop {
            if self.is_closed() {
                return None;
            }
            let work = self
                .take_completion(&mut lanes)
                .or_else(|| self.take_explanation(&mut lanes))
                .or_else(|| lanes.background.pop_front());
            if work.is_some() {
                return work;
            }
            if was_idle {
                lanes = self
                    .filled
                    .wait(lanes)
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                continue;
            }
            let waited = self.filled.wait_timeout(lanes, idle);
            let (held, timeout) = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
            lanes = held;
            if timeout.timed_out() {
                was_idle = true;
                // Others may put work in meanwhile.
                drop(lanes);
                on_idle();
                lanes = self.lock();
            }
        }
    }

    /// A completion that waits now.
    pub(crate) fn pop_completion(&self) -> Option<W> {
        if !self.has_completion() {
            return None;
        }
        self.take_completion(&mut self.lock())
    }

    /// Whether a completion waits.
    pub(crate) fn has_completion(&self) -> bool {
        self.n_completions.load(Ordering::Relaxed) > 0
    }

    /// Whether anything waits that a background job has to give way to.
    pub(crate) fn has_foreground(&self) -> bool {
        self.n_foreground.load(Ordering::Relaxed) > 0
    }

    /// Ends the queue: nothing more goes in, and the thread that takes work out ends.
    pub(crate) fn close(&self) {
        // Under the lock, so that no `pop` can look just before and sleep just after.
        let _lanes = self.lock();
        self.is_closed.store(true, Ordering::Relaxed);
        self.filled.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Everything that waits, to be answered by someone else.
    pub(crate) fn drain(&self) -> Vec<W> {
        let mut lanes = self.lock();
        let lanes = &mut *lanes;
        self.n_completions.store(0, Ordering::Relaxed);
        self.n_foreground.store(0, Ordering::Relaxed);
        lanes
            .completions
            .drain(..)
            .chain(lanes.explanations.drain(..))
            .chain(lanes.background.drain(..))
            .collect()
    }

    fn take_completion(&self, lanes: &mut Lanes<W>) -> Option<W> {
        let work = lanes.completions.pop_front()?;
        self.n_completions.fetch_sub(1, Ordering::Relaxed);
        self.n_foreground.fetch_sub(1, Ordering::Relaxed);
        Some(work)
    }

    fn take_explanation(&self, lanes: &mut Lanes<W>) -> Option<W> {
        let work = lanes.explanations.pop_front()?;
        self.n_foreground.fetch_sub(1, Ordering::Relaxed);
        Some(work)
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<W>> {
        // Work is only moved in and out, so a panic elsewhere leaves the lanes whole.
        self.lanes
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_go_first_and_equals_in_the_order_they_came() {
        let queue = Queue::new();
        for (priority, work) in [
            (Priority::Background, "read ahead"),
            (Priority::Explanation, "explain a"),
            (Priority::Completion, "complete a"),
            (Priority::Explanation, "explain b"),
            (Priority::Completion, "complete b"),
        ] {
            queue.push(priority, work).expect("the queue is open");
        }
        assert!(queue.has_completion());
        assert!(queue.has_foreground());
        let order: Vec<_> = (0..5)
            .filter_map(|_| queue.pop(Duration::MAX, || {}))
            .collect();
        assert_eq!(
            order,
            [
                "complete a",
                "complete b",
                "explain a",
                "explain b",
                "read ahead"
            ]
        );
        assert!(!queue.has_completion());
        assert!(!queue.has_foreground());
    }

    #[test]
    fn a_closed_queue_gives_work_back_and_wakes_who_waits() {
        let queue = Queue::new();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.pop(Duration::MAX, || {}));
            queue.close();
            assert_eq!(waiting.join().expect("no panic"), None);
        });
        assert_eq!(queue.push(Priority::Completion, "late"), Err("late"));
    }

    #[test]
    fn a_queue_without_work_says_so_once() {
        let queue = Queue::new();
        let mut n_idle = 0;
        let work = queue.pop(Duration::ZERO, || {
            n_idle += 1;
            queue
                .push(Priority::Background, "read ahead")
                .expect("the queue is open");
        });
        assert_eq!((work, n_idle), (Some("read ahead"), 1));
    }

    #[test]
    fn explanations_never_pass_for_completions() {
        let queue = Queue::new();
        queue
            .push(Priority::Explanation, "explain")
            .expect("the queue is open");
        assert_eq!(queue.pop_completion(), None);
        assert_eq!(queue.drain(), ["explain"]);
    }
}
