//! Intervals for a mean over cursors that come in repositories.

use std::collections::BTreeMap;

use crate::seeded::Seeded;

/// Times the repositories are drawn again.
const N_DRAWS: usize = 10_000;

/// A mean and its 95 % interval: percentiles over draws of whole repositories with replacement,
/// since cursors of one repository are alike. With few repositories it is rather too narrow; with
/// one it has no width and says nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The mean of values by repository.
pub(super) fn clustered<'a>(values: impl IntoIterator<Item = (&'a str, f64)>) -> Interval {
    let mut by_repo: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
    for (repo, value) in values {
        let (sum, n) = by_repo.entry(repo).or_default();
        (*sum, *n) = (*sum + value, *n + 1);
    }
    let clusters: Vec<(f64, usize)> = by_repo.into_values().collect();
    let mean = |drawn: &mut dyn Iterator<Item = (f64, usize)>| -> f64 {
        let (sum, n) = drawn.fold((0.0, 0), |(sum, n), (more, m)| (sum + more, n + m));
        sum / n.max(1) as f64
    };
    let mut seeded = Seeded::new(clusters.len() as u64);
    let mut means: Vec<f64> = (0..N_DRAWS)
        .map(|_| mean(&mut (0..clusters.len()).map(|_| clusters[seeded.below(clusters.len())])))
        .collect();
    means.sort_by(f64::total_cmp);
    let percentile = |share: f64| means[((N_DRAWS - 1) as f64 * share).round() as usize];
    Interval {
        mean: mean(&mut clusters.iter().copied()),
        low: percentile(0.025),
        high: percentile(0.975),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_that_agree_make_it_narrow_and_those_that_differ_wide() {
        let agree = clustered((0..40).map(|n| (["a", "b", "c", "d"][n % 4], (n / 4 % 2) as f64)));
        assert!(
            (agree.mean - 0.5).abs() < 1e-9 && agree.high - agree.low < 1e-9,
            "{agree:?}"
        );
        let differ = clustered((0..40).map(|n| (["a", "b", "c", "d"][n % 4], (n % 2) as f64)));
        assert!((differ.mean - 0.5).abs() < 1e-9, "{differ:?}");
        // All four draws from the same pair: once in sixteen, so the interval holds it.
        assert!(differ.low < 1e-9 && differ.high > 1.0 - 1e-9, "{differ:?}");
    }

    #[test]
    fn nothing_is_zero() {
        assert_eq!(clustered([]).mean, 0.0);
    }
}
