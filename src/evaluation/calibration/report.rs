//! How good the score is: reliability, precision against coverage, and what a user would see.

use std::collections::BTreeMap;
use std::fmt;

use super::{Row, probability};
use crate::completion::show::weights::{Heads, Question};
use crate::completion::show::{Offers as _, Origin, Terms, pick, utility};

/// Bins of the reliability table.
const N_BINS: usize = 10;

/// Heads by repository, each made without it.
pub type Folds = BTreeMap<String, Heads>;

/// One bin of a reliability table.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Predictions in it.
    pub n: usize,
    /// Their mean probability.
    pub predicted: f64,
    /// The share that came true.
    pub came_true: f64,
}

/// Predictions against what came true.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// By probability, in equal steps.
    pub bins: Vec<Bin>,
    /// Expected calibration error (Naeini et al., 2015): the mean distance of the two columns,
    /// weighted by the number of predictions.
    pub ece: f64,
    /// Area under the ROC curve: how often a right one is rated above a wrong one.
    pub auc: f64,
}

/// Compares predictions with what came true.
pub fn reliability(predictions: &[(f32, bool)]) -> Reliability {
    let mut bins = vec![Bin::default(); N_BINS];
    for (p, came_true) in predictions {
        let bin = &mut bins[((p * N_BINS as f32) as usize).min(N_BINS - 1)];
        bin.n += 1;
        bin.predicted += f64::from(*p);
        bin.came_true += f64::from(u8::from(*came_true));
    }
    for bin in &mut bins {
        bin.predicted /= bin.n.max(1) as f64;
        bin.came_true /= bin.n.max(1) as f64;
    }
    let n = predictions.len().max(1) as f64;
    let off = |bin: &Bin| bin.n as f64 * (bin.predicted - bin.came_true).abs();
    let ece = bins.iter().map(off).sum::<f64>() / n;
    Reliability {
        bins,
        ece,
        auc: auc(predictions),
    }
}

/// The rank sum of Mann and Whitney; equals count half.
fn auc(predictions: &[(f32, bool)]) -> f64 {
    let mut sorted: Vec<_> = predictions.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n_true = sorted.iter().filter(|(_, label)| *label).count() as f64;
    let n_false = sorted.len() as f64 - n_true;
    let mut sum = 0.0;
    let mut below = 0.0;
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let right = equal.iter().filter(|(_, label)| *label).count() as f64;
        let wrong = equal.len() as f64 - right;
        sum += right * (below + wrong / 2.0);
        below += wrong;
    }
    if n_true * n_false == 0.0 {
        0.5
    } else {
        sum / (n_true * n_false)
    }
}

/// Which rule decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// What the model wrote, whole, if the mean log-probability of its tokens is so high.
    MeanLogprob(f32),
    /// The calibrated score.
    Score {
        /// How much is wanted.
        terms: Terms,
        /// Whether copies are offered too.
        copies: bool,
    },
}

/// What a user sees under a rule, who keeps what is right and turns down the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Seen {
    /// Cursors.
    pub n: usize,
    /// Cursors where something is shown.
    pub n_shown: usize,
    /// Of those, shown whole and exactly right.
    pub n_exact: usize,
    /// Of those, all that is shown is kept.
    pub n_kept: usize,
    /// Characters kept.
    pub chars: usize,
    /// Sum of [`utility`], in characters.
    pub utility: f64,
}

impl Seen {
    fn share(part: usize, of: usize) -> f64 {
        100.0 * part as f64 / of.max(1) as f64
    }

    /// Cursors where something is shown, in percent.
    pub fn coverage(&self) -> f64 {
        Seen::share(self.n_shown, self.n)
    }

    /// Of what is shown, what is kept, in percent.
    pub fn precision(&self) -> f64 {
        Seen::share(self.n_kept, self.n_shown)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.n.max(1) as f64;
        write!(
            f,
            "{:5.1} %  {:5.1} %  {:5.1} %  {:5.1} %  {:6.2}  {:6.2}",
            self.coverage(),
            Seen::share(self.n_exact, self.n),
            self.precision(),
            Seen::share(self.n_shown - self.n_kept, self.n),
            self.chars as f64 / n,
            self.utility / n,
        )
    }
}

/// The head of the table that [`Seen`] is a line of.
pub const SEEN: &str = "  shown    exact     kept    wrong   chars   worth";

/// Runs a rule over all rows.
pub fn seen(rows: &[Row], folds: &Folds, rule: Rule) -> Seen {
    let mut seen = Seen {
        n: rows.len(),
        ..Seen::default()
    };
    let none = Heads::new();
    for row in rows {
        let heads = folds.get(&row.repo).unwrap_or(&none);
        let (idx, end) = match rule {
            Rule::MeanLogprob(least) => {
                let is_sure =
                    |offer: &&super::Offer| offer.score.is_some_and(|score| score >= least);
                let model = row
                    .offers
                    .first()
                    .filter(|offer| offer.origin == Origin::Model);
                match model.filter(is_sure) {
                    Some(_) => (0, row.whole(0)),
                    None => continue,
                }
            }
            Rule::Score { terms, copies } => {
                let only_model;
                let offers = match copies {
                    true => row,
                    false => {
                        let mut row = row.clone();
                        row.offers.retain(|offer| offer.origin == Origin::Model);
                        only_model = row;
                        &only_model
                    }
                };
                match pick(offers, heads, terms).filter(|chosen| chosen.is_shown) {
                    Some(chosen) => (chosen.idx, chosen.end),
                    None => continue,
                }
            }
        };
        let offer = &row.offers[idx];
        let part = row.part(idx, end);
        seen.n_shown += 1;
        seen.n_exact += usize::from(offer.exact && end == row.whole(idx));
        seen.n_kept += usize::from(part.kept);
        seen.chars += if part.kept { part.n_chars } else { 0 };
        seen.utility += f64::from(utility(f32::from(u8::from(part.kept)), part.n_chars));
    }
    seen
}

/// The score rule whose threshold shows something at `coverage` percent of the cursors, as nearly
/// as can be.
pub fn at_coverage(rows: &[Row], folds: &Folds, coverage: f64, cut: bool, copies: bool) -> Seen {
    let (mut low, mut high) = (1e-4_f32, 1.0_f32);
    for _ in 0..14 {
        let threshold = (low + high) / 2.0;
        let terms = Terms { threshold, cut };
        match seen(rows, folds, Rule::Score { terms, copies }).coverage() > coverage {
            true => low = threshold,
            false => high = threshold,
        }
    }
    let terms = Terms {
        threshold: high,
        cut,
    };
    seen(rows, folds, Rule::Score { terms, copies })
}

/// Exact matches where everything is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Exact {
    /// Cursors.
    pub n: usize,
    /// By what the model wrote.
    pub model: usize,
    /// By the copy behind the longest match, or by the model where the two agree.
    pub copy: usize,
    /// By the one the score chose.
    pub chosen: usize,
    /// By any of them.
    pub any: usize,
}

/// Counts exact matches.
pub fn exact(rows: &[Row], folds: &Folds) -> Exact {
    let mut exact = Exact {
        n: rows.len(),
        ..Exact::default()
    };
    let none = Heads::new();
    let terms = Terms {
        threshold: 0.0,
        cut: false,
    };
    for row in rows {
        let of = |origin| row.offers.iter().find(|offer| offer.origin == origin);
        let hits =
            |offer: Option<&super::Offer>| usize::from(offer.is_some_and(|offer| offer.exact));
        exact.model += hits(of(Origin::Model));
        exact.copy += hits(of(Origin::Copy).or(of(Origin::Model)));
        let heads = folds.get(&row.repo).unwrap_or(&none);
        let chosen = pick(row, heads, terms).map(|chosen| &row.offers[chosen.idx]);
        exact.chosen += hits(chosen);
        exact.any += usize::from(row.offers.iter().any(|offer| offer.exact));
    }
    exact
}

/// Predictions for all parts (or the wholes alone) of what one origin offered.
pub fn predictions(
    rows: &[Row],
    folds: &Folds,
    origin: Origin,
    question: Question,
) -> Vec<(f32, bool)> {
    let none = Heads::new();
    rows.iter()
        .flat_map(|row| {
            let heads = folds.get(&row.repo).unwrap_or(&none);
            let offers = row
                .offers
                .iter()
                .filter(move |offer| offer.origin == origin);
            offers.map(move |offer| {
                let label = match question {
                    Question::Exact => offer.exact,
                    Question::Kept => offer.parts[0].kept,
                };
                (probability(heads, offer, 0, question), label)
            })
        })
        .collect()
}

/// Points of a precision–coverage curve, in percent: of the wholes the model wrote, rated by a
/// number, the best `coverage` percent of all cursors, and how many of them are kept.
pub fn curve(rated: &mut [(f32, bool)], n_cursors: usize) -> Vec<(f64, f64)> {
    rated.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut n_kept = 0;
    let mut points = Vec::new();
    for (n, (_, kept)) in rated.iter().enumerate() {
        n_kept += usize::from(*kept);
        // The first few say nothing.
        if n >= 19 {
            let shown = (n + 1) as f64;
            points.push((
                100.0 * shown / n_cursors as f64,
                100.0 * n_kept as f64 / shown,
            ));
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sure_and_right_is_well_calibrated() {
        let sure: Vec<(f32, bool)> = (0..100).map(|n| (0.75, n % 4 != 0)).collect();
        let found = reliability(&sure);
        assert!(
            found.ece < 1e-6 && (found.auc - 0.5).abs() < 1e-9,
            "{found:?}"
        );
        let boasting: Vec<(f32, bool)> = sure.iter().map(|(_, label)| (0.95, *label)).collect();
        assert!((reliability(&boasting).ece - 0.2).abs() < 1e-6);
        let knowing: Vec<(f32, bool)> = (0..10).map(|n| (n as f32 / 10.0, n > 4)).collect();
        assert!((reliability(&knowing).auc - 1.0).abs() < 1e-9);
    }
}
