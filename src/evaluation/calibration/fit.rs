//! Logistic regression by iteratively reweighted least squares, with a ridge.

use crate::completion::show::features::{FEATURES, Features};
use crate::completion::show::weights::Head;

/// One labelled set of features.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// NaN where a feature is not known.
    pub features: Features,
    /// What is to be predicted.
    pub label: bool,
    /// How much it counts.
    pub weight: f64,
}

/// Steps at most; the fit is done long before.
const MAX_STEPS: usize = 50;

/// The head that maximises the log-likelihood less `ridge`/2 times the squares of its weights, in
/// units of a feature's scale; the bias is free. Only the first `n_features` are used. `None`
/// where all labels are the same.
///
/// Newton's method: each step solves (Xᵀ W X + ridge·I) δ = Xᵀ (y − p) − ridge·w. The function is
/// concave and the ridge keeps the matrix positive definite, so halving a step that overshoots is
/// all the care it needs.
pub fn logistic(examples: &[Example], n_features: usize, ridge: f64) -> Option<Head> {
    let is_mixed = |label| examples.iter().any(|example| example.label == label);
    if !(is_mixed(true) && is_mixed(false)) {
        return None;
    }
    let norms: Vec<(f64, f64)> = (0..n_features).map(|idx| norm(examples, idx)).collect();
    let rows: Vec<Vec<f64>> = examples
        .iter()
        .map(|example| {
            let values = example
                .features
                .iter()
                .zip(&norms)
                .map(|(value, (mean, scale))| {
                    let value = (f64::from(*value) - mean) / scale;
                    if value.is_finite() { value } else { 0.0 }
                });
            std::iter::once(1.0).chain(values).collect()
        })
        .collect();
    let n = n_features + 1;
    let penalty = |idx: usize| if idx == 0 { 1e-9 } else { ridge };
    let objective = |weights: &[f64]| -> f64 {
        let likelihood: f64 = rows
            .iter()
            .zip(examples)
            .map(|(row, example)| {
                let z = dot(row, weights);
                let z = if example.label { z } else { -z };
                // ln σ(z), without overflow.
                -example.weight * (z.min(0.0).abs() + (-z.abs()).exp().ln_1p())
            })
            .sum();
        let squares: f64 = (0..n).map(|idx| penalty(idx) * weights[idx].powi(2)).sum();
        likelihood - squares / 2.0
    };
    let mut weights = vec![0.0; n];
    let mut best = objective(&weights);
    for _ in 0..MAX_STEPS {
        let mut gradient: Vec<f64> = (0..n).map(|idx| -penalty(idx) * weights[idx]).collect();
        let mut hessian = vec![vec![0.0; n]; n];
        for (row, example) in rows.iter().zip(examples) {
            let p = sigmoid(dot(row, &weights));
            let miss = example.weight * (f64::from(u8::from(example.label)) - p);
            let curve = example.weight * (p * (1.0 - p)).max(1e-9);
            for i in 0..n {
                gradient[i] += miss * row[i];
                for j in 0..=i {
                    hessian[i][j] += curve * row[i] * row[j];
                }
            }
        }
        for (idx, line) in hessian.iter_mut().enumerate() {
            line[idx] += penalty(idx);
        }
        let step = solve(hessian, gradient);
        let mut scale = 1.0;
        let improved = loop {
            let next: Vec<f64> = weights
                .iter()
                .zip(&step)
                .map(|(w, d)| w + scale * d)
                .collect();
            let value = objective(&next);
            if value > best {
                let gain = value - best;
                (weights, best) = (next, value);
                break gain > 1e-7;
            }
            scale /= 2.0;
            if scale < 1e-4 {
                break false;
            }
        };
        if !improved {
            break;
        }
    }
    let terms = FEATURES
        .iter()
        .zip(&norms)
        .zip(&weights[1..])
        .map(|((name, (mean, scale)), w)| {
            let round = |value: f64| (value * 1e4).round() as f32 / 1e4;
            ((*name).to_owned(), [round(*mean), round(*scale), round(*w)])
        });
    Some(Head {
        bias: (weights[0] * 1e4).round() as f32 / 1e4,
        terms: terms.filter(|(_, [_, _, weight])| *weight != 0.0).collect(),
    })
}

/// Mean and standard deviation of the known values of a feature; a feature that never varies has
/// an endless one and so no say.
fn norm(examples: &[Example], idx: usize) -> (f64, f64) {
    let known = || {
        examples
            .iter()
            .map(|example| (f64::from(example.features[idx]), example.weight))
            .filter(|(value, _)| value.is_finite())
    };
    let total: f64 = known().map(|(_, weight)| weight).sum();
    if total == 0.0 {
        return (0.0, 1e6);
    }
    let mean = known().map(|(value, weight)| value * weight).sum::<f64>() / total;
    let variance = known()
        .map(|(value, weight)| weight * (value - mean).powi(2))
        .sum::<f64>()
        / total;
    let scale = variance.sqrt();
    (mean, if scale > 1e-4 { scale } else { 1e6 })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Solves a positive definite system, given its lower triangle, by Cholesky's decomposition.
fn solve(mut lower: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            lower[i][j] = match i == j {
                true => (lower[i][i] - sum).max(1e-12).sqrt(),
                false => (lower[i][j] - sum) / lower[j][j],
            };
        }
        let sum: f64 = (0..i).map(|k| lower[i][k] * right[k]).sum();
        right[i] = (right[i] - sum) / lower[i][i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| lower[k][i] * right[k]).sum();
        right[i] = (right[i] - sum) / lower[i][i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::Seeded;

    /// Labels drawn from a known model are learnt back.
    #[test]
    fn a_known_model_is_found_again() {
        let mut seeded = Seeded::new(1);
        let examples: Vec<Example> = (0..4000)
            .map(|_| {
                let mut features = [f32::NAN; FEATURES.len()];
                features[0] = (seeded.unit() * 4.0 - 2.0) as f32;
                // Known at every other cursor only, and worth nothing.
                if seeded.unit() < 0.5 {
                    features[1] = seeded.unit() as f32;
                }
                let p = sigmoid(0.5 + 1.5 * f64::from(features[0]));
                Example {
                    features,
                    label: seeded.unit() < p,
                    weight: 1.0,
                }
            })
            .collect();
        let head = logistic(&examples, 3, 1.0).expect("labels differ");
        let at = |value: f32| {
            let mut features = [f32::NAN; FEATURES.len()];
            features[0] = value;
            head.log_odds(&features).0
        };
        assert!((at(0.0) - 0.5).abs() < 0.15, "{}", at(0.0));
        assert!((at(1.0) - at(0.0) - 1.5).abs() < 0.15, "{}", at(1.0));
        assert!(head.terms[FEATURES[1]][2].abs() < 0.1, "{head:?}");
        assert_eq!(logistic(&examples[..0], 3, 1.0), None);
    }
}
