//! When the next key comes.

use std::time::Duration;

use crate::seeded::Seeded;

/// Characters of a word, as typing speed counts them.
const WORD: f64 = 5.0;

/// Spread of the gaps between keys: the standard deviation of their logarithms. Gaps are about
/// log-normal: most are short, a few are pauses.
const SPREAD: f64 = 0.5;

/// Gaps between keys, drawn around a typing speed. Equal seeds give equal gaps.
pub struct Rhythm {
    seeded: Seeded,
    /// Logarithm of the median gap in seconds.
    median: f64,
}

impl Rhythm {
    /// A rhythm whose mean gap is that of so many words a minute.
    pub fn new(words_per_minute: f64, seed: u64) -> Rhythm {
        let mean = 60.0 / (words_per_minute * WORD);
        Rhythm {
            seeded: Seeded::new(seed),
            // The mean of a log-normal is exp(median + spread²/2).
            median: mean.ln() - SPREAD * SPREAD / 2.0,
        }
    }

    /// The gap before the next key.
    pub fn gap(&mut self) -> Duration {
        // Box and Muller, 1958. One minus, because the logarithm of zero is none.
        let radius = (-2.0 * (1.0 - self.seeded.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.seeded.unit()).cos();
        Duration::from_secs_f64((self.median + SPREAD * normal).exp().clamp(0.01, 10.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_mean_of_the_speed_and_are_drawn_again_from_the_same_seed() {
        let mut rhythm = Rhythm::new(60.0, 1);
        let gaps: Vec<f64> = (0..20_000).map(|_| rhythm.gap().as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((mean - 0.2).abs() < 0.005, "{mean}");
        let short = gaps.iter().filter(|gap| **gap < mean).count() as f64 / gaps.len() as f64;
        assert!(
            (0.58..0.62).contains(&short),
            "most gaps are short: {short}"
        );
        assert_eq!(Rhythm::new(60.0, 1).gap().as_secs_f64(), gaps[0]);
    }
}
