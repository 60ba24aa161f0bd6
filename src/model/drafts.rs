//! Guesses at what the model will write next, copied from what it has read (prompt lookup decoding,
//! Saxena 2023, and Yang et al., "Inference with Reference", 2023). A batch of guesses is computed
//! in little more time than one token where memory is the limit; those that turn out to be what the
//! model chooses are kept, so the answer is the same and only comes faster.

use std::time::Duration;

use super::Token;

/// Tokens of the end of the text that must have stood together before, longest first.
const MATCHES: [usize; 2] = [5, 3];
/// Tokens guessed at once, at most.
pub(super) const MAX_DRAFT: usize = 8;
/// How much a new measurement counts against all before it.
const WEIGHT: f64 = 0.2;
/// Guesses that are computed whatever they cost, to learn what they cost.
const N_TRIALS: usize = 3;
/// Guesses passed over before one is tried again where they did not pay.
pub(super) const N_REST: usize = 64;

/// What followed the last time the end of `text` stood in it: the latest place wins.
pub(super) fn draft(text: &[Token]) -> &[Token] {
    for n in MATCHES {
        let Some(n_before) = text.len().checked_sub(n) else {
            continue;
        };
        let key = &text[n_before..];
        let found = text[..text.len() - 1]
            .windows(n)
            .rposition(|window| window == key);
        if let Some(at) = found {
            let start = at + n;
            return &text[start..text.len().min(start + MAX_DRAFT)];
        }
    }
    &[]
}

/// Whether guessing pays, by what single tokens, batches of guesses and right guesses were like
/// on this machine, with this model, so far.
#[derive(Debug, Default)]
pub(super) struct Worth {
    /// Seconds for a batch of one token.
    single: Option<f64>,
    /// Seconds for a batch with guesses.
    batch: Option<f64>,
    /// Guesses that were right, of a batch.
    n_right: Option<f64>,
    n_tried: usize,
    n_passed: usize,
}

impl Worth {
    /// Whether the next guess is to be computed.
    pub(super) fn wants(&mut self) -> bool {
        let pays = match (self.single, self.batch, self.n_right) {
            (Some(single), Some(batch), Some(n_right)) => (1.0 + n_right) * single > batch,
            _ => true,
        };
        if pays || self.n_tried < N_TRIALS || self.n_passed >= N_REST {
            self.n_passed = 0;
            return true;
        }
        self.n_passed += 1;
        false
    }

    /// Batches of guesses whose outcome is known.
    #[cfg(test)]
    pub(super) fn n_tried(&self) -> usize {
        self.n_tried
    }

    /// Notes how long a batch took: of one token, or of one and guesses.
    pub(super) fn took(&mut self, n_guessed: usize, time: Duration) {
        let mean = match n_guessed {
            0 => &mut self.single,
            _ => &mut self.batch,
        };
        learn(mean, time.as_secs_f64());
    }

    /// Notes how many guesses of a batch were right.
    pub(super) fn were_right(&mut self, n_right: usize) {
        self.n_tried += 1;
        learn(&mut self.n_right, n_right as f64);
    }
}

fn learn(mean: &mut Option<f64>, value: f64) {
    *mean = Some(mean.map_or(value, |mean| mean + WEIGHT * (value - mean)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_last_time_is_guessed() {
        assert_eq!(draft(&[1, 2, 3, 4, 5, 6, 1, 2, 3]), [4, 5, 6, 1, 2, 3]);
        // The latest place wins, and a longer match over a later one.
        assert_eq!(draft(&[1, 2, 3, 7, 1, 2, 3, 8, 1, 2, 3])[0], 8);
        let text = [9, 9, 1, 2, 3, 7, 0, 1, 2, 3, 8, 9, 9, 1, 2, 3];
        assert_eq!(draft(&text)[0], 7);
        assert!(draft(&[1, 2, 3, 4]).is_empty());
        assert!(draft(&[]).is_empty());
        // A row of one token goes on.
        assert_eq!(draft(&[5, 5, 5, 5]), [5]);
    }

    #[test]
    fn guesses_are_made_while_they_pay() {
        let mut worth = Worth::default();
        let ms = Duration::from_millis;
        worth.took(0, ms(10));
        for _ in 0..N_TRIALS {
            assert!(worth.wants());
            worth.took(8, ms(30));
            worth.were_right(0);
        }
        // Three times the price of a token, and none was right.
        assert!(!worth.wants());
        // Tried again after a while: all were right, again and again.
        let n_passed = (0..=N_REST).take_while(|_| !worth.wants()).count();
        assert_eq!(n_passed, N_REST - 1);
        for _ in 0..2 {
            worth.were_right(8);
        }
        assert!(worth.wants());
    }
}
