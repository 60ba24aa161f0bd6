//! How fast the model reads and writes now: averages that forget, fed by every batch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Speed;

/// Batches of fewer tokens, but more than one, say little about either speed.
const MIN_BATCH: usize = 16;
/// Weight of the newest batch.
const NEWEST: f64 = 0.1;

/// Seconds a token, read and written; 0 where not known yet. One thread feeds it, any may read.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    read: AtomicU64,
    written: AtomicU64,
}

impl Meter {
    /// Takes note of a batch that was computed whole.
    pub(crate) fn note(&self, n_tokens: usize, took: Duration) {
        let average = match n_tokens {
            1 => &self.written,
            MIN_BATCH.. => &self.read,
            _ => return,
        };
        let newest = took.as_secs_f64() / n_tokens as f64;
        let before = f64::from_bits(average.load(Ordering::Relaxed));
        let after = match before == 0.0 {
            true => newest,
            false => before + (newest - before) * NEWEST,
        };
        average.store(after.to_bits(), Ordering::Relaxed);
    }

    /// Tokens a second; `None` until both reading and writing are known.
    pub(crate) fn speed(&self) -> Option<Speed> {
        let rate = |average: &AtomicU64| {
            let seconds = f64::from_bits(average.load(Ordering::Relaxed));
            (seconds > 0.0).then(|| seconds.recip())
        };
        Some(Speed {
            prefill_tokens_per_s: rate(&self.read)?,
            decode_tokens_per_s: rate(&self.written)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_speeds_follow_what_was_computed_last() {
        let meter = Meter::default();
        meter.note(64, Duration::from_millis(64));
        assert_eq!(meter.speed(), None);
        meter.note(1, Duration::from_millis(10));
        // Neither reading nor writing.
        meter.note(3, Duration::from_secs(1));
        let before = meter.speed().expect("both are known");
        assert!((before.prefill_tokens_per_s - 1000.0).abs() < 1e-6);
        assert!((before.decode_tokens_per_s - 100.0).abs() < 1e-6);
        for _ in 0..100 {
            meter.note(64, Duration::from_millis(128));
        }
        let after = meter.speed().expect("both are known");
        assert!((after.prefill_tokens_per_s - 500.0).abs() < 1.0);
    }
}
