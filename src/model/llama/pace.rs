//! How many threads decode, watched at run time.
//!
//! llama.cpp's threads meet at a spin barrier after every graph node. On a machine whose cores
//! are taken, one thread that has to wait for its core makes all the others spin, and two threads
//! become many times slower than one. So when steps get slow, fewer threads are tried, and
//! whichever number was faster is kept for a while.

use std::time::Duration;

/// Steps slower than this many times the best are slow.
const SLOW: f64 = 3.0;
/// Slow steps in a row that are a reason to try fewer threads, and steps of a trial.
const TRIAL: u32 = 8;
/// Two slow steps are reason enough when they took as long as this many of the best.
const STUCK: f64 = 32.0;
/// Steps before more threads are tried again; twice as many after each try that fails, because a
/// step of it can take as long as a hundred others.
const CALM: u32 = 256;
const LONGEST_CALM: u32 = 1 << 16;

/// Chooses the number of threads from how long steps take. Times are in seconds.
pub(super) struct Pace {
    wanted: u32,
    n_threads: u32,
    /// The best step with this number of threads.
    best: f64,
    slow: Steps,
    trial: Option<Trial>,
    /// Steps with fewer threads than wanted.
    n_calm: u32,
    /// How many of them there are before more threads are tried.
    calm: u32,
}

/// Some steps and the time they took.
#[derive(Default)]
struct Steps {
    n: u32,
    took: f64,
}

/// Another number of threads, being tried.
struct Trial {
    /// Number of threads before.
    from: u32,
    /// Time of a step before.
    before: f64,
    steps: Steps,
}

impl Pace {
    /// Starts with `n_threads`, where `wanted` would be used on a quiet machine.
    pub(super) fn new(wanted: u32, n_threads: u32) -> Pace {
        Pace {
            wanted,
            n_threads,
            best: f64::INFINITY,
            slow: Steps::default(),
            trial: None,
            n_calm: 0,
            calm: CALM,
        }
    }

    /// Number of threads for the next step.
    pub(super) fn n_threads(&self) -> u32 {
        self.n_threads
    }

    /// Takes note of a step and returns the number of threads for the next.
    pub(super) fn step(&mut self, took: Duration) -> u32 {
        if self.wanted > 1 {
            match self.trial.take() {
                Some(trial) => self.go_on(trial, took.as_secs_f64()),
                None => self.watch(took.as_secs_f64()),
            }
        }
        self.n_threads
    }

    fn watch(&mut self, took: f64) {
        self.best = self.best.min(took);
        if took <= self.best * SLOW {
            self.slow = Steps::default();
        } else {
            self.slow.add(took);
        }
        let is_stuck = self.slow.n > 1 && self.slow.took > self.best * STUCK;
        if self.n_threads > 1 && (self.slow.n >= TRIAL || is_stuck) {
            self.start_trial(self.n_threads / 2, self.slow.mean());
        } else if self.n_threads < self.wanted {
            self.n_calm += 1;
            if self.n_calm >= self.calm {
                self.start_trial(self.wanted, self.best);
            }
        }
    }

    fn start_trial(&mut self, n_threads: u32, before: f64) {
        let from = std::mem::replace(&mut self.n_threads, n_threads);
        self.slow = Steps::default();
        self.n_calm = 0;
        self.trial = Some(Trial {
            from,
            before,
            steps: Steps::default(),
        });
    }

    fn go_on(&mut self, mut trial: Trial, took: f64) {
        trial.steps.add(took);
        let budget = trial.before * f64::from(TRIAL);
        if trial.steps.took > budget {
            // Already slower than all steps of the trial may be together.
            if trial.from < self.n_threads {
                self.calm = (self.calm * 2).min(LONGEST_CALM);
            }
            self.n_threads = trial.from;
        } else if trial.steps.n < TRIAL {
            self.trial = Some(trial);
            return;
        } else {
            self.calm = CALM;
            tracing::debug!(n_threads = self.n_threads, "the machine's load has changed");
        }
        // What is usual now is learnt anew; otherwise a longer context alone would look slow.
        self.best = f64::INFINITY;
    }
}

impl Steps {
    fn add(&mut self, took: f64) {
        self.n += 1;
        self.took += took;
    }

    fn mean(&self) -> f64 {
        self.took / f64::from(self.n.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `n` steps on a machine where a step takes so many milliseconds with so many threads,
    /// and returns the time of all and the number of threads in the end.
    fn run(pace: &mut Pace, n: u32, milliseconds: impl Fn(u32) -> u64) -> (u64, u32) {
        let mut sum = 0;
        for _ in 0..n {
            let took = milliseconds(pace.n_threads());
            sum += took;
            pace.step(Duration::from_millis(took));
        }
        (sum, pace.n_threads())
    }

    #[test]
    fn a_quiet_machine_keeps_its_threads() {
        let mut pace = Pace::new(7, 7);
        assert_eq!(run(&mut pace, 1000, |_| 10), (10_000, 7));
    }

    #[test]
    fn a_busy_machine_gets_fewer_threads_and_gets_them_back() {
        let mut pace = Pace::new(2, 2);
        run(&mut pace, 20, |_| 10);
        let busy = |n_threads| if n_threads == 2 { 90 } else { 20 };
        // Eight slow steps are the reason, or fewer, if they are very slow.
        assert_eq!(run(&mut pace, 20, busy), (4 * 90 + 16 * 20, 1));
        assert_eq!(run(&mut pace, 100, busy), (100 * 20, 1));
        let quiet = |n_threads| if n_threads == 2 { 10 } else { 20 };
        assert_eq!(run(&mut pace, 300, quiet).1, 2);
    }

    #[test]
    fn a_trial_that_goes_badly_ends_after_a_step() {
        let mut pace = Pace::new(2, 1);
        let collapsed = |n_threads| if n_threads == 2 { 900 } else { 10 };
        assert_eq!(run(&mut pace, 258, collapsed), (257 * 10 + 900, 1));
        // And the next one comes later.
        assert_eq!(run(&mut pace, 500, collapsed), (500 * 10, 1));
    }

    #[test]
    fn threads_that_are_slow_but_still_the_fastest_stay() {
        let mut pace = Pace::new(4, 4);
        run(&mut pace, 20, |_| 10);
        // Everything got slower, for instance because the context grew.
        let slower = |n_threads| 400 / u64::from(n_threads);
        assert_eq!(run(&mut pace, 16, slower).1, 4);
        assert_eq!(run(&mut pace, 500, slower).1, 4);
    }

    #[test]
    fn single_slow_steps_change_nothing() {
        let mut pace = Pace::new(4, 4);
        for idx in 0..200 {
            let milliseconds = if idx % 5 == 0 { 100 } else { 10 };
            pace.step(Duration::from_millis(milliseconds));
        }
        assert_eq!(pace.n_threads(), 4);
    }

    #[test]
    fn one_thread_is_never_questioned() {
        let mut pace = Pace::new(1, 1);
        assert_eq!(run(&mut pace, 100, |_| 1000).1, 1);
    }
}
