//! How many threads decode, watched at run time.
//!
//! llama.cpp's threads meet at a spin barrier after every graph node. On a machine whose cores
//! are taken, one thread that has to wait for its core makes all the others spin, and two threads
//! become slower than one. So when steps get slow, fewer threads are tried, and whichever number
//! was faster is kept for a while.

use std::time::Duration;

/// Steps slower than this many times the best are slow.
const SLOW: u32 = 3;
/// Slow steps in a row that are a reason to try fewer threads, and steps of a trial.
const TRIAL: u32 = 8;
/// Steps before more threads are tried again.
const CALM: u32 = 256;

/// Chooses the number of threads from how long steps take.
pub(super) struct Pace {
    wanted: u32,
    n_threads: u32,
    best: Option<Duration>,
    /// Slow steps in a row, and the time they took.
    slow: (u32, Duration),
    trial: Option<Trial>,
    /// Steps with fewer threads than wanted.
    n_calm: u32,
}

/// Another number of threads, being tried.
struct Trial {
    /// Number of threads before.
    from: u32,
    /// Time that many steps took before, as many as a trial has; `None` where it is not known.
    before: Option<Duration>,
    n_steps: u32,
    took: Duration,
}

impl Pace {
    pub(super) fn new(n_threads: u32) -> Pace {
        Pace {
            wanted: n_threads,
            n_threads,
            best: None,
            slow: (0, Duration::ZERO),
            trial: None,
            n_calm: 0,
        }
    }

    /// Takes note of a step and returns the number of threads for the next.
    pub(super) fn step(&mut self, took: Duration) -> u32 {
        if self.wanted > 1 {
            self.note(took);
        }
        self.n_threads
    }

    fn note(&mut self, took: Duration) {
        if let Some(mut trial) = self.trial.take() {
            trial.n_steps += 1;
            trial.took += took;
            if trial.n_steps < TRIAL {
                self.trial = Some(trial);
            } else {
                self.judge(&trial);
            }
            return;
        }
        let best = self.best.map_or(took, |best| best.min(took));
        self.best = Some(best);
        self.slow = match took > best * SLOW {
            true => (self.slow.0 + 1, self.slow.1 + took),
            false => (0, Duration::ZERO),
        };
        if self.slow.0 >= TRIAL && self.n_threads > 1 {
            let before = self.slow.1;
            self.start_trial(self.n_threads / 2, Some(before));
        } else if self.n_threads < self.wanted {
            self.n_calm += 1;
            if self.n_calm >= CALM {
                self.start_trial(self.wanted, None);
            }
        }
    }

    fn start_trial(&mut self, n_threads: u32, before: Option<Duration>) {
        let from = std::mem::replace(&mut self.n_threads, n_threads);
        self.slow = (0, Duration::ZERO);
        self.n_calm = 0;
        self.trial = Some(Trial {
            from,
            before,
            n_steps: 0,
            took: Duration::ZERO,
        });
    }

    fn judge(&mut self, trial: &Trial) {
        // A trial of more threads is judged against the best step with fewer.
        let before = trial.before.or(self.best.map(|best| best * TRIAL));
        if before.is_some_and(|before| trial.took > before) {
            self.n_threads = trial.from;
        } else {
            tracing::debug!(n_threads = self.n_threads, "the machine's load has changed");
        }
        // What is usual now is learnt anew; otherwise a longer context alone would look slow.
        self.best = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `n` steps on a machine where a step takes so many milliseconds with so many threads,
    /// and returns the number of threads in the end.
    fn run(pace: &mut Pace, n: u32, milliseconds: impl Fn(u32) -> u64) -> u32 {
        let mut n_threads = pace.n_threads;
        for _ in 0..n {
            n_threads = pace.step(Duration::from_millis(milliseconds(n_threads)));
        }
        n_threads
    }

    #[test]
    fn a_quiet_machine_keeps_its_threads() {
        let mut pace = Pace::new(7);
        assert_eq!(run(&mut pace, 1000, |_| 10), 7);
    }

    #[test]
    fn a_busy_machine_gets_fewer_threads_and_gets_them_back() {
        let mut pace = Pace::new(2);
        run(&mut pace, 20, |_| 10);
        let busy = |n_threads| if n_threads == 2 { 90 } else { 20 };
        assert_eq!(run(&mut pace, 20, busy), 1);
        assert_eq!(run(&mut pace, 100, busy), 1);
        let quiet = |n_threads| if n_threads == 2 { 10 } else { 20 };
        assert_eq!(run(&mut pace, 300, quiet), 2);
    }

    #[test]
    fn threads_that_are_slow_but_still_the_fastest_stay() {
        let mut pace = Pace::new(4);
        run(&mut pace, 20, |_| 10);
        // Everything got slower, for instance because the context grew.
        assert_eq!(
            run(&mut pace, 16, |n_threads| 400 / u64::from(n_threads)),
            4
        );
        assert_eq!(
            run(&mut pace, 500, |n_threads| 400 / u64::from(n_threads)),
            4
        );
    }

    #[test]
    fn single_slow_steps_change_nothing() {
        let mut pace = Pace::new(4);
        let mut n_threads = 4;
        for idx in 0..200 {
            let milliseconds = if idx % 5 == 0 { 100 } else { 10 };
            n_threads = pace.step(Duration::from_millis(milliseconds));
        }
        assert_eq!(n_threads, 4);
    }

    #[test]
    fn one_thread_is_never_questioned() {
        let mut pace = Pace::new(1);
        assert_eq!(run(&mut pace, 100, |_| 1000), 1);
    }
}
