//! The choice itself, over whatever has candidates with features: a request being answered, or a
//! row of a calibration.

use super::candidate::Origin;
use super::features::{FEATURES, Features};
use super::weights::{Heads, Question, key};
use super::{Judgement, utility};

/// Candidates to choose among. Parts of a candidate are named by where they end, in bytes.
pub trait Offers {
    /// The candidates' numbers and origins. Those that a rule dropped are not among them.
    fn candidates(&self) -> Vec<(usize, Origin)>;
    /// Where a candidate ends.
    fn whole(&self, idx: usize) -> usize;
    /// Where it may be cut shorter.
    fn cuts(&self, idx: usize) -> Vec<usize>;
    /// Characters of a part.
    fn n_chars(&self, idx: usize, end: usize) -> usize;
    /// The features of a part.
    fn features(&self, idx: usize, end: usize) -> Features;
    /// Whether the rules leave a part as it is.
    fn stands(&self, idx: usize, end: usize) -> bool;
}

/// How much is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Least probability to be shown, in `0.0..=1.0`; at 0 the whole is shown in any case.
    pub threshold: f32,
    /// Whether a shorter part may be shown.
    pub cut: bool,
}

/// A text that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Index of the candidate.
    pub idx: usize,
    /// How much of its text, in bytes.
    pub end: usize,
    /// Why.
    pub judgement: Judgement,
    /// Whether it is sure enough to be shown.
    pub is_shown: bool,
}

/// Shorter parts that are checked against the rules, at most.
const MAX_CHECKED: usize = 3;

/// The candidate that is most probably exactly right, and the part of it that is worth most.
pub fn pick(offers: &impl Offers, heads: &Heads, terms: Terms) -> Option<Chosen> {
    let wholes = offers.candidates().into_iter().map(|(idx, origin)| {
        let end = offers.whole(idx);
        let features = offers.features(idx, end);
        let exact = exact(heads, origin, &features);
        let (kept, parts) = probability(heads, origin, Question::Kept, &features);
        Chosen {
            idx,
            end,
            is_shown: terms.threshold <= 0.0 || kept >= terms.threshold,
            judgement: Judgement {
                origin,
                exact,
                kept,
                by_this_user: kept,
                threshold: terms.threshold,
                shortened: false,
                parts: weightiest(parts),
            },
        }
    });
    let whole = wholes.reduce(|best, next| {
        if next.judgement.exact > best.judgement.exact {
            next
        } else {
            best
        }
    })?;
    if terms.threshold <= 0.0 || !terms.cut {
        return Some(whole);
    }
    let idx = whole.idx;
    let least = match whole.is_shown {
        true => utility(whole.judgement.kept, offers.n_chars(idx, whole.end)),
        false => 0.0,
    };
    let mut shorter: Vec<(f32, Chosen)> = offers
        .cuts(idx)
        .into_iter()
        // Even a part that is right for certain must be worth more.
        .filter(|end| utility(1.0, offers.n_chars(idx, *end)) > least)
        .filter_map(|end| {
            let features = offers.features(idx, end);
            let origin = whole.judgement.origin;
            let (kept, parts) = probability(heads, origin, Question::Kept, &features);
            let worth = utility(kept, offers.n_chars(idx, end));
            let judgement = Judgement {
                kept,
                by_this_user: kept,
                shortened: true,
                parts: weightiest(parts),
                ..whole.judgement.clone()
            };
            (kept >= terms.threshold && worth > least).then_some((
                worth,
                Chosen {
                    idx,
                    end,
                    is_shown: true,
                    judgement,
                },
            ))
        })
        .collect();
    shorter.sort_by(|a, b| b.0.total_cmp(&a.0));
    let better = shorter
        .into_iter()
        .map(|(_, chosen)| chosen)
        .take(MAX_CHECKED)
        .find(|chosen| offers.stands(idx, chosen.end));
    Some(better.unwrap_or(whole))
}

/// The probability that the whole is exactly right. Without a head it is the model's own, that of
/// the ending included where it is known.
pub fn exact(heads: &Heads, origin: Origin, features: &Features) -> f32 {
    match heads.get(key(origin, Question::Exact)) {
        Some(_) => probability(heads, origin, Question::Exact, features).0,
        None => {
            let [joint, joint_ending, ..] = *features;
            let log_odds = if joint_ending.is_nan() {
                joint
            } else {
                joint_ending
            };
            logistic(log_odds)
        }
    }
}

/// A probability and what it is made of. Without a head the model's own probability counts.
pub fn probability(
    heads: &Heads,
    origin: Origin,
    question: Question,
    features: &Features,
) -> (f32, Vec<(&'static str, f32)>) {
    let (log_odds, parts) = match heads.get(key(origin, question)) {
        Some(head) => head.log_odds(features),
        None => (features[0], vec![(FEATURES[0], features[0])]),
    };
    (logistic(log_odds), parts)
}

/// The probability that has these log-odds.
pub fn logistic(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

fn weightiest(mut parts: Vec<(&'static str, f32)>) -> Vec<(&'static str, f32)> {
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    parts
}
