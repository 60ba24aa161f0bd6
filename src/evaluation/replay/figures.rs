//! Figures over the keys of one file and system.

use std::time::Duration;

use serde::Serialize;

use super::system::{Origin, Reply};

/// A key that was typed, what came of it, and what a person would have made of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    /// What came of it.
    pub reply: Reply,
    /// Characters that the key typed.
    pub n_typed: usize,
    /// Whether the ghost text is another than the one before, or the first: not what was left of
    /// it after a key that typed into it.
    pub is_new: bool,
    /// Characters of the ghost text that are the author's, up to a token's end.
    pub n_right: usize,
    /// Characters that a person takes here; 0 when they go on typing, or are still within what
    /// they took before.
    pub n_taken: usize,
    /// Whether the ghost text would break the file; judged for new ghost text.
    pub breaks: Option<bool>,
}

/// A distribution, in milliseconds or in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Values it is made of.
    pub n: usize,
    /// Half of the values are at most this.
    pub p50: f64,
    /// 95 % of the values are at most this.
    pub p95: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

impl Spread {
    /// Of any values; zeros of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let Some(max) = values.last().copied() else {
            return Spread::default();
        };
        // The nearest rank: the smallest value that so many are not above.
        let rank = |share: f64| values[((values.len() as f64 * share).ceil() as usize).max(1) - 1];
        Spread {
            n: values.len(),
            p50: rank(0.5),
            p95: rank(0.95),
            max,
            mean: values.iter().sum::<f64>() / values.len() as f64,
        }
    }
}

/// Figures over some keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Keys typed.
    pub n_keys: usize,
    /// Characters typed.
    pub n_chars: usize,
    /// From the key to ghost text, in milliseconds, over the keys that showed some.
    pub ghost_ms: Spread,
    /// From the key to the answer, with ghost text or without, over the keys at which a suggestion
    /// was wanted.
    pub answer_ms: Spread,
    /// The same over the keys at which the model was asked.
    pub model_ms: Spread,
    /// What of the time was the system's own: not the model's, and not waiting on purpose.
    pub own_ms: Spread,
    /// Time to read the prompt, over the keys at which the model was asked.
    pub prefill_ms: Spread,
    /// Time to write a token.
    pub token_ms: Spread,
    /// Prompt tokens computed at a key at which a suggestion was wanted.
    pub computed: Spread,
    /// Prompt tokens found in the KV cache at such a key.
    pub reused: Spread,
    /// Tokens written at such a key.
    pub decoded: Spread,
    /// Keys that were answered without asking the model anew.
    pub n_from_memory: usize,
    /// Keys at which no suggestion was wanted.
    pub n_nobody_asked: usize,
    /// Keys whose answer had not come by the next key.
    pub n_overtaken: usize,
    /// Keys with ghost text.
    pub n_shown: usize,
    /// Different ghost texts.
    pub n_suggestions: usize,
    /// Of these, how many had not even their first token right.
    pub n_wrong: usize,
    /// Of these, how many would break the file.
    pub n_breaking: usize,
    /// Suggestions that a person would take, or the beginning of.
    pub n_taken: usize,
    /// Characters these hold: the author's, and hence kept.
    pub n_kept_chars: usize,
    /// Keys that taking saves: what the characters would have cost, less one key each time.
    pub n_saved_keys: usize,
}

impl Figures {
    /// Of these keys.
    pub fn of(keys: &[Key]) -> Figures {
        let asked = || keys.iter().filter(|key| key.reply.origin != Origin::Nobody);
        let answered = || asked().filter(|key| key.reply.after.is_some());
        let modelled = || answered().filter(|key| key.reply.origin == Origin::Model);
        let new = || keys.iter().filter(|key| key.is_new);
        let taken = || keys.iter().filter(|key| key.n_taken > 0);
        let after = |key: &Key| key.reply.after.map(ms);
        Figures {
            n_keys: keys.len(),
            n_chars: keys.iter().map(|key| key.n_typed).sum(),
            ghost_ms: Spread::of(
                keys.iter()
                    .filter(|key| key.reply.shown.is_some())
                    .filter_map(after),
            ),
            answer_ms: Spread::of(answered().filter_map(after)),
            model_ms: Spread::of(modelled().filter_map(after)),
            own_ms: Spread::of(
                keys.iter().filter_map(|key| {
                    Some(ms(key.reply.after?.saturating_sub(key.reply.not_own?)))
                }),
            ),
            prefill_ms: Spread::of(modelled().filter_map(|key| key.reply.prefill.map(ms))),
            token_ms: Spread::of(modelled().filter_map(|key| {
                let n = key.reply.decoded;
                (n > 0).then_some(ms(key.reply.decode?) / n as f64)
            })),
            computed: Spread::of(answered().map(|key| key.reply.computed as f64)),
            reused: Spread::of(answered().map(|key| key.reply.reused as f64)),
            decoded: Spread::of(answered().map(|key| key.reply.decoded as f64)),
            n_from_memory: answered()
                .filter(|key| key.reply.origin == Origin::Memory)
                .count(),
            n_nobody_asked: keys.len() - asked().count(),
            n_overtaken: asked().count() - answered().count(),
            n_shown: keys.iter().filter(|key| key.reply.shown.is_some()).count(),
            n_suggestions: new().count(),
            n_wrong: new().filter(|key| key.n_right == 0).count(),
            n_breaking: new().filter(|key| key.breaks == Some(true)).count(),
            n_taken: taken().count(),
            n_kept_chars: taken().map(|key| key.n_taken).sum(),
            n_saved_keys: taken().map(|key| key.n_taken - 1).sum(),
        }
    }
}

/// A duration in milliseconds.
pub(super) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(after_ms: u64, shown: Option<&str>, origin: Origin, computed: u64) -> Key {
        Key {
            reply: Reply {
                after: Some(Duration::from_millis(after_ms)),
                shown: shown.map(str::to_owned),
                origin,
                computed,
                not_own: Some(Duration::from_millis(after_ms.saturating_sub(1))),
                ..Reply::default()
            },
            n_typed: 1,
            is_new: shown.is_some(),
            n_right: shown.map_or(0, str::len),
            n_taken: 0,
            breaks: shown.map(|_| false),
        }
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let spread = Spread::of((1..=20).map(f64::from));
        assert_eq!((spread.p50, spread.p95, spread.max), (10.0, 19.0, 20.0));
        assert_eq!(Spread::of([3.0]).p95, 3.0);
        assert_eq!(Spread::of([]), Spread::default());
    }

    #[test]
    fn keys_at_which_nobody_was_asked_make_no_median_look_better() {
        let keys = [
            key(100, Some("abc"), Origin::Model, 8),
            key(1, Some("bc"), Origin::Memory, 0),
            key(0, None, Origin::Nobody, 0),
            key(0, None, Origin::Nobody, 0),
            key(90, None, Origin::Model, 4),
        ];
        let figures = Figures::of(&keys);
        assert_eq!((figures.answer_ms.n, figures.answer_ms.p50), (3, 90.0));
        assert_eq!((figures.ghost_ms.n, figures.ghost_ms.max), (2, 100.0));
        assert_eq!(figures.computed.p50, 4.0);
        assert_eq!((figures.n_from_memory, figures.n_nobody_asked), (1, 2));
        assert_eq!(figures.own_ms.max, 1.0);
    }

    #[test]
    fn a_key_without_an_answer_is_overtaken() {
        let mut late = key(0, None, Origin::Model, 0);
        late.reply.after = None;
        let figures = Figures::of(&[late]);
        assert_eq!((figures.n_overtaken, figures.answer_ms.n), (1, 0));
    }
}
