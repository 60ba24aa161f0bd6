//! What a model may read and write so that ghost text is there in time.
//!
//! A [`Budget`] is the time a person is willing to wait. How many tokens that is depends on the
//! model and the machine, and on what else the machine does: the speed is an average over the last
//! batches, so a busy machine is a slow one. On battery the budget is halved and nothing is computed
//! ahead.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::config::budget::Budget;
use crate::model::Speed;

/// Sizes that a prompt is cut down to, in tokens. A few and far apart: a prompt of another size is
/// laid anew and read from its beginning.
const SIZES: [usize; 8] = [256, 384, 512, 768, 1024, 1536, 2048, 4096];

/// The whole prompt is read after a jump alone, and then kept; people look around first where they
/// jumped to. So it may take so many times the time to the first token.
const JUMP: f64 = 8.0;

/// Parameters from which a model may be too slow to be shown much before that is known.
const LARGE: u64 = 100_000_000;

/// How much faster than needed a model must be for a larger prompt, or slower for a smaller one: the
/// size does not change with every breath of the machine.
const MARGIN: f64 = 1.3;

/// Tokens that are written in any case, for the rest of a line and for a block.
const LEAST_LINE: usize = 12;
const LEAST_BLOCK: usize = 24;

/// Tokens behind the cursor that are shown in any case.
const LEAST_SUFFIX: usize = 32;

/// What a completion may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Tokens of the prompt, at most.
    pub prompt_tokens: usize,
    /// Tokens of it behind the cursor, at most, where they are read anew at every key.
    pub suffix_tokens: usize,
    /// Tokens written to the end of a line, at most.
    pub line_tokens: usize,
    /// Tokens written to the end of a block, at most.
    pub block_tokens: usize,
    /// After so long no further line is begun.
    pub whole: Duration,
    /// Whether the speed is not known yet.
    is_guess: bool,
}

impl Allowance {
    /// Whatever it takes.
    pub const UNLIMITED: Allowance = Allowance {
        prompt_tokens: usize::MAX,
        suffix_tokens: usize::MAX,
        line_tokens: usize::MAX,
        block_tokens: usize::MAX,
        whole: Duration::MAX,
        is_guess: false,
    };

    /// The same for a model of so many parameters, whose speed may not be known yet: a large one is
    /// not shown much before it is.
    pub fn for_model(self, n_params: u64) -> Allowance {
        match self.is_guess && n_params >= LARGE {
            true => Allowance {
                prompt_tokens: SIZES[0],
                suffix_tokens: LEAST_SUFFIX,
                ..self
            },
            false => self,
        }
    }
}

/// Turns time into tokens, and keeps a prompt's size while it does not matter much.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Option<Chosen>>);

/// The size that was chosen last.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    /// The model, and the most it may be shown.
    of: (u64, usize),
    n_tokens: usize,
}

impl Pace {
    /// What `budget` allows a model of this speed that is shown `most` tokens at most. As long as
    /// the speed is not known the time counts, and the size of the model.
    pub fn allow(
        &self,
        budget: Budget,
        model: u64,
        speed: Option<Speed>,
        most: usize,
    ) -> Allowance {
        let Some(speed) = speed else {
            return Allowance {
                whole: budget.whole,
                is_guess: true,
                ..Allowance::UNLIMITED
            };
        };
        let writing = budget.whole.saturating_sub(budget.first).as_secs_f64();
        let n_written = (writing * speed.decode_tokens_per_s) as usize;
        Allowance {
            prompt_tokens: self.prompt_tokens(budget, model, speed, most),
            suffix_tokens: suffix_tokens(budget, speed),
            line_tokens: n_written.max(LEAST_LINE),
            block_tokens: n_written.max(LEAST_BLOCK),
            whole: budget.whole,
            is_guess: false,
        }
    }

    fn prompt_tokens(&self, budget: Budget, model: u64, speed: Speed, most: usize) -> usize {
        let in_time = budget.first.as_secs_f64() * JUMP * speed.prefill_tokens_per_s;
        let of = (model, most);
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = *chosen
            && last.of == of
        {
            let larger = SIZES.into_iter().find(|size| *size > last.n_tokens);
            let is_large_enough = larger.is_none_or(|larger| in_time < larger as f64 * MARGIN);
            let is_small_enough = in_time * MARGIN >= last.n_tokens as f64;
            if (is_large_enough || last.n_tokens == most) && is_small_enough {
                return last.n_tokens;
            }
        }
        let fits = SIZES.into_iter().rev().find(|size| *size as f64 <= in_time);
        let n_tokens = match in_time >= most as f64 {
            true => most,
            false => fits.unwrap_or(SIZES[0]).min(most),
        };
        *chosen = Some(Chosen { of, n_tokens });
        n_tokens
    }
}

/// What can be read in the time to the first token, in powers of two: what stands behind the cursor is
/// not cut anew at every breath of the machine.
fn suffix_tokens(budget: Budget, speed: Speed) -> usize {
    let in_time = budget.first.as_secs_f64() * speed.prefill_tokens_per_s;
    let in_time = (in_time as usize).max(LEAST_SUFFIX);
    1 << in_time.ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(prefill_tokens_per_s: f64, decode_tokens_per_s: f64) -> Option<Speed> {
        Some(Speed {
            prefill_tokens_per_s,
            decode_tokens_per_s,
        })
    }

    /// Tokens of the prompt, of a line and of a block.
    fn sizes(pace: &Pace, budget: Budget, speed: Option<Speed>) -> [usize; 3] {
        let allowance = pace.allow(budget, 1, speed, 1024);
        [
            allowance.prompt_tokens,
            allowance.line_tokens,
            allowance.block_tokens,
        ]
    }

    #[test]
    fn slow_models_read_and_write_less() {
        let check = |speed, expected| {
            assert_eq!(sizes(&Pace::default(), Budget::default(), speed), expected);
        };
        check(None, [usize::MAX; 3]);
        check(speed(5000.0, 1000.0), [1024, 150, 150]);
        check(speed(1000.0, 400.0), [1024, 60, 60]);
        check(speed(500.0, 100.0), [512, 15, 24]);
        check(speed(50.0, 10.0), [256, 12, 24]);
    }

    #[test]
    fn a_large_model_begins_with_little() {
        let unknown = Pace::default().allow(Budget::default(), 1, None, 1024);
        let sizes = |allowance: Allowance| (allowance.prompt_tokens, allowance.suffix_tokens);
        assert_eq!(sizes(unknown.for_model(500_000_000)), (256, 32));
        assert_eq!(
            sizes(unknown.for_model(3_000_000)),
            (usize::MAX, usize::MAX)
        );
        let all = Allowance::UNLIMITED.for_model(500_000_000);
        assert_eq!(all, Allowance::UNLIMITED);
    }

    #[test]
    fn on_battery_less_is_computed() {
        assert_eq!(
            sizes(
                &Pace::default(),
                Budget::default().halved(),
                speed(1000.0, 400.0)
            ),
            [512, 30, 30]
        );
    }

    #[test]
    fn a_busy_machine_shrinks_the_prompt_and_a_breath_does_not() {
        let pace = Pace::default();
        let read = |per_s| sizes(&pace, Budget::default(), speed(per_s, 1000.0))[0];
        assert_eq!(read(700.0), 768);
        assert_eq!(read(600.0), 768, "a little slower");
        assert_eq!(read(900.0), 768, "a little faster");
        assert_eq!(read(300.0), 256, "much slower");
        assert_eq!(read(2000.0), 1024, "much faster");
        assert_eq!(read(800.0), 1024);
    }

    #[test]
    fn what_is_read_at_every_key_is_read_in_time() {
        let tokens = |per_s| suffix_tokens(Budget::default(), speed(per_s, 1.0).expect("is given"));
        assert_eq!(tokens(70.0), 32, "at least");
        assert_eq!(tokens(1000.0), 128);
        assert_eq!(tokens(1100.0), 128);
        assert_eq!(tokens(5000.0), 512);
    }

    #[test]
    fn another_model_begins_anew() {
        let pace = Pace::default();
        assert_eq!(sizes(&pace, Budget::default(), speed(300.0, 100.0))[0], 256);
        let allowance = pace.allow(Budget::default(), 2, speed(5000.0, 100.0), 1024);
        assert_eq!(allowance.prompt_tokens, 1024);
    }
}
