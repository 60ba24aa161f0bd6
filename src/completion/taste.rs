//! What this user takes, learnt on this machine only.
//!
//! Every suggestion that was shown ends one way or the other; [`watch`] reads that off the edits.
//! From those endings a small logistic correction of the calibrated score is learnt online: a
//! bias and one weight for each of a few [`TRAITS`]. The [`file`] holds these numbers and nothing
//! of the code. After several suggestions in a row that nobody took, the bar is raised until one is.

pub mod file;
pub mod watch;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::completion::show::{Origin, logistic};

/// What a suggestion is like, as far as tastes differ.
pub const TRAITS: [&str; 6] = [
    "copied",
    "shortened",
    "several lines",
    "long",
    "in prose",
    "in an import",
];

/// Which of [`TRAITS`] a suggestion has.
pub type Traits = [bool; TRAITS.len()];

/// How a shown suggestion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// It, a word or a line of it was inserted at once.
    Accepted,
    /// It was typed to its end, character by character.
    TypedThrough,
    /// Something else was typed.
    TypedAway,
    /// The user went elsewhere or deleted. It may not have been looked at.
    Left,
}

impl Ending {
    /// Whether the suggestion was right, and how much the ending says.
    fn lesson(self) -> (f32, f32) {
        match self {
            Ending::Accepted => (1.0, 1.0),
            Ending::TypedThrough => (1.0, 0.5),
            Ending::TypedAway => (0.0, 0.7),
            Ending::Left => (0.0, 0.2),
        }
    }
}

/// A suggestion as it is learnt from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Probability that it is kept, before taste was asked.
    pub kept: f32,
    /// What it is like.
    pub traits: Traits,
}

/// Step of the online regression.
const RATE: f32 = 0.1;
/// Log-odds that the bias moves at most, and each weight.
const MAX_BIAS: f32 = 1.5;
const MAX_WEIGHT: f32 = 2.5;
/// What is left of a correction after it alone hid a suggestion: nothing can be learnt from what
/// is not shown, so it is forgotten slowly and shows again.
const FADING: f32 = 0.999;
/// Suggestions in a row that nobody took before the bar is raised, by how much for each further
/// one, and how far at most, in probability.
const PATIENCE: u32 = 5;
const STEP: f32 = 0.02;
const MAX_RAISE: f32 = 0.2;
/// After so long without a suggestion the bar is down again.
const CALM: Duration = Duration::from_secs(300);

/// What was learnt. The form of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Learnt {
    version: u32,
    bias: f32,
    /// One weight a name of [`TRAITS`].
    weights: [f32; TRAITS.len()],
    n_taken: u64,
    n_not_taken: u64,
}

/// The form that this program writes and reads.
const VERSION: u32 = 1;

impl Default for Learnt {
    fn default() -> Learnt {
        Learnt {
            version: VERSION,
            bias: 0.0,
            weights: [0.0; TRAITS.len()],
            n_taken: 0,
            n_not_taken: 0,
        }
    }
}

/// The user's taste. The default has learnt nothing.
#[derive(Debug, Default)]
pub struct Taste {
    learnt: Learnt,
    is_unsaved: bool,
    n_not_taken_in_a_row: u32,
    last: Option<Instant>,
}

impl Taste {
    /// The probability that this user keeps a suggestion.
    pub fn kept(&self, shown: Shown) -> f32 {
        let own: f32 = weights_of(&self.learnt, shown.traits).sum();
        logistic(log_odds(shown.kept) + self.learnt.bias + own)
    }

    /// The probability before taste at which a suggestion without traits meets `bar`.
    pub fn meets(&self, bar: f32) -> f32 {
        logistic(log_odds(bar) - self.learnt.bias)
    }

    /// How much the bar is raised at `now` because nobody takes what is shown.
    pub fn raise(&self, now: Instant) -> f32 {
        let is_calm = self
            .last
            .is_none_or(|last| now.duration_since(last) >= CALM);
        match self.n_not_taken_in_a_row.saturating_sub(PATIENCE) {
            _ if is_calm => 0.0,
            n => (n as f32 * STEP).min(MAX_RAISE),
        }
    }

    /// Learns from an ending.
    pub fn learn(&mut self, shown: Shown, ending: Ending, now: Instant) {
        let (label, says) = ending.lesson();
        let step = RATE * says * (label - self.kept(shown));
        let learnt = &mut self.learnt;
        learnt.bias = (learnt.bias + step).clamp(-MAX_BIAS, MAX_BIAS);
        for (weight, has) in learnt.weights.iter_mut().zip(shown.traits) {
            if has {
                *weight = (*weight + step).clamp(-MAX_WEIGHT, MAX_WEIGHT);
            }
        }
        let is_calm = self
            .last
            .is_none_or(|last| now.duration_since(last) >= CALM);
        if label > 0.0 {
            learnt.n_taken += 1;
            self.n_not_taken_in_a_row = 0;
        } else {
            learnt.n_not_taken += 1;
            let before = if is_calm {
                0
            } else {
                self.n_not_taken_in_a_row
            };
            self.n_not_taken_in_a_row = before + 1;
        }
        self.last = Some(now);
        self.is_unsaved = true;
    }

    /// A suggestion would have been shown but for what was learnt.
    pub fn hid(&mut self, shown: Shown) {
        self.learnt.bias *= FADING;
        for (weight, has) in self.learnt.weights.iter_mut().zip(shown.traits) {
            if has {
                *weight *= FADING;
            }
        }
        self.is_unsaved = true;
    }

    /// What is to be written, if anything is new. Nothing is then.
    fn take_unsaved(&mut self) -> Option<Learnt> {
        std::mem::take(&mut self.is_unsaved).then(|| self.learnt.clone())
    }

    /// What was learnt, in a sentence.
    pub fn describe(&self) -> String {
        let Learnt {
            n_taken,
            n_not_taken,
            bias,
            ..
        } = &self.learnt;
        let weights = TRAITS.iter().zip(self.learnt.weights);
        let traits: Vec<_> = weights
            .filter(|(_, weight)| weight.abs() >= 0.05)
            .map(|(name, weight)| format!(", {name} {weight:+.2}"))
            .collect();
        format!(
            "{n_taken} suggestions taken, {n_not_taken} not; log-odds of showing one {bias:+.2}{}",
            traits.concat()
        )
    }
}

fn weights_of(learnt: &Learnt, traits: Traits) -> impl Iterator<Item = f32> {
    let all = learnt.weights.into_iter().zip(traits);
    all.filter(|(_, has)| *has).map(|(weight, _)| weight)
}

/// The log-odds of a probability; those of 0 and 1 are finite.
fn log_odds(probability: f32) -> f32 {
    let probability = f64::from(probability.clamp(1e-6, 1.0 - 1e-6));
    (probability / (1.0 - probability)).ln() as f32
}

/// Every change of what is learnt is whole before anything can panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The traits of a suggestion for a place.
pub fn traits(
    text: &str,
    origin: Origin,
    shortened: bool,
    line_before: &str,
    in_prose: bool,
) -> Traits {
    let head = line_before.trim_start();
    [
        origin == Origin::Copy,
        shortened,
        text.trim_end().contains('\n'),
        text.chars().count() > 30,
        in_prose,
        head.starts_with("import ") || head.starts_with("from "),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::completion::{Extent, Means, complete_to};
    use crate::config::CompletionConfig;
    use crate::model::scripted::{Answer as Said, Script};
    use crate::model::{Model, Priority};
    use crate::seeded::Seeded;
    use crate::session::Snapshot;

    const THRESHOLD: f32 = 0.4;

    /// A user at 2,000 places. At two of three the score says 0.55 and is right in `code` of the
    /// cases; at the third, in prose, it says 0.55 as well and is right in `prose`. Returns how
    /// many right and wrong ones were shown in the second half, without and with what was learnt.
    fn simulate(code: f64, prose: f64, takes: impl Fn(bool) -> bool) -> [(u32, u32); 2] {
        let mut seeded = Seeded::new(3);
        let mut taste = Taste::default();
        let mut now = Instant::now();
        let mut seen = [(0, 0); 2];
        for n in 0..2000 {
            now += Duration::from_secs(5);
            let in_prose = n % 3 == 2;
            let is_right = seeded.unit() < if in_prose { prose } else { code };
            let shown = Shown {
                kept: 0.55,
                traits: traits("x", Origin::Model, false, "", in_prose),
            };
            let shows = taste.kept(shown) >= THRESHOLD + taste.raise(now);
            for (is_shown, (right, wrong)) in [true, shows].into_iter().zip(&mut seen) {
                if is_shown && n >= 1000 {
                    *right += u32::from(is_right);
                    *wrong += u32::from(!is_right);
                }
            }
            match (shows, takes(is_right)) {
                (true, true) => taste.learn(shown, Ending::Accepted, now),
                (true, false) => taste.learn(shown, Ending::TypedAway, now),
                (false, _) => taste.hid(shown),
            }
        }
        seen
    }

    #[test]
    fn who_takes_only_good_ones_sees_fewer_wrong_ones_and_hardly_a_good_one_less() {
        let [(right_before, wrong_before), (right, wrong)] = simulate(0.8, 0.05, |right| right);
        assert!(
            wrong * 10 < wrong_before * 6,
            "{wrong} of {wrong_before} wrong ones left"
        );
        assert!(
            right * 100 >= right_before * 95,
            "{right} of {right_before} right ones left"
        );
    }

    #[test]
    fn who_takes_everything_is_shown_more() {
        let mut taste = Taste::default();
        let shown = Shown {
            kept: 0.3,
            traits: Traits::default(),
        };
        assert!(taste.kept(shown) < THRESHOLD);
        for _ in 0..40 {
            taste.learn(shown, Ending::Accepted, Instant::now());
        }
        assert!(taste.kept(shown) > THRESHOLD, "{}", taste.describe());
    }

    #[test]
    fn nobody_takes_any_and_it_is_quieter_until_one_is_taken_or_some_time_has_passed() {
        let mut taste = Taste::default();
        let now = Instant::now();
        let shown = Shown {
            kept: 0.5,
            traits: Traits::default(),
        };
        for n in 1..=20 {
            taste.learn(shown, Ending::TypedAway, now);
            assert_eq!(taste.raise(now) > 0.0, n > PATIENCE);
        }
        assert!((taste.raise(now) - MAX_RAISE).abs() < 1e-6);
        assert_eq!(taste.raise(now + CALM), 0.0);
        taste.learn(shown, Ending::Accepted, now);
        assert_eq!(taste.raise(now), 0.0);
    }

    #[tokio::test]
    async fn a_taste_fades_where_it_hid_something_from_somebody() {
        let says = Said::pieces([("t", -1.5), ("otal(first)", 0.0)]);
        let model = Model::scripted(Script::new().answers(move |_| says.clone()));
        let config = CompletionConfig {
            min_confidence: 0.2,
            without: ["names", "copy"].map(str::to_owned).to_vec(),
            ..CompletionConfig::default()
        };
        let mut means = Means::new(model, config);
        let mut taste = Taste::default();
        taste.learnt.bias = -MAX_BIAS;
        let taste = Arc::new(Mutex::new(taste));
        means.taste = Some(taste.clone());
        let snapshot = Snapshot::of("a.py", "value = \n");
        // What is written ahead is on no screen yet.
        for (priority, fades) in [(Priority::Background, false), (Priority::Completion, true)] {
            means.priority = priority;
            let answer = complete_to(&snapshot, 8, Extent::Line, &means).await;
            let answer = answer.expect("an answer");
            let why = answer.why_nothing.as_deref();
            assert_eq!(why, Some("it is too likely to be wrong"));
            assert_eq!(lock(&taste).learnt.bias > -MAX_BIAS, fades);
            assert_eq!(lock(&taste).is_unsaved, fades);
        }
    }
}
