//! How the next token is chosen from the logits, and how probable it was.

use super::{Confidence, ModelError, Sampling, Token};
use crate::seeded::Seeded;

/// A chosen token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Choice {
    pub(crate) token: Token,
    /// How probable it was among the tokens that were allowed.
    pub(crate) confidence: Confidence,
}

/// Chooses token after token for one job.
pub(crate) struct Sampler {
    sampling: Sampling,
    random: Seeded,
}

impl Sampler {
    pub(crate) fn new(sampling: Sampling) -> Sampler {
        let seed = match sampling {
            Sampling::Greedy | Sampling::Beam { .. } => 0,
            Sampling::Seeded { seed, .. } => seed,
        };
        Sampler {
            sampling,
            random: Seeded::new(seed),
        }
    }

    /// Chooses a token, from `allowed` only where that is given. `None` when no allowed token has
    /// a logit that is a number, which only broken weights bring about.
    pub(crate) fn choose(&mut self, logits: &[f32], allowed: Option<&[Token]>) -> Option<Choice> {
        match allowed {
            None => self.choose_among(
                logits
                    .iter()
                    .enumerate()
                    .map(|(idx, &logit)| (idx as Token, logit)),
            ),
            Some(tokens) => self.choose_among(tokens.iter().filter_map(|&token| {
                let idx = usize::try_from(token).ok()?;
                Some((token, *logits.get(idx)?))
            })),
        }
    }

    fn choose_among(&mut self, among: impl Iterator<Item = Scored> + Clone) -> Option<Choice> {
        let (best, second) = best_two(among.clone())?;
        let (token, logit) = match self.sampling {
            Sampling::Seeded {
                temperature, top_p, ..
            } if temperature > 0.0 => self.draw(among.clone(), best.1, temperature, top_p),
            _ => best,
        };
        let rival = if token == best.0 { second } else { Some(best) };
        let margin = rival.map_or(f32::INFINITY, |(_, rival)| logit - rival);
        let mass = Mass::of(among.map(|(_, logit)| logit), best.1);
        Some(Choice {
            token,
            confidence: Confidence {
                logprob: logit - best.1 - mass.ln,
                margin: margin.min(Confidence::NO_RIVAL),
                entropy: mass.entropy,
            },
        })
    }

    /// Nucleus sampling (Holtzman et al., 2020): from the most probable tokens whose mass reaches
    /// `top_p`.
    fn draw(
        &mut self,
        among: impl Iterator<Item = Scored>,
        max: f32,
        temperature: f32,
        top_p: f32,
    ) -> (Token, f32) {
        let mut weighted: Vec<(f64, Token, f32)> = among
            .filter(|(_, logit)| logit.is_finite())
            .map(|(token, logit)| {
                let weight = f64::from((logit - max) / temperature).exp();
                (weight, token, logit)
            })
            // Weights below one in a billion of the best are never worth sorting.
            .filter(|&(weight, ..)| weight > 1e-9)
            .collect();
        weighted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let total: f64 = weighted.iter().map(|&(weight, ..)| weight).sum();
        let mut mass = 0.0;
        let n = weighted
            .iter()
            .position(|&(weight, ..)| {
                mass += weight;
                mass >= f64::from(top_p) * total
            })
            .map_or(weighted.len(), |idx| idx + 1);
        let nucleus = &weighted[..n];
        let mut left = self.random.unit() * nucleus.iter().map(|&(weight, ..)| weight).sum::<f64>();
        for &(weight, token, logit) in nucleus {
            left -= weight;
            if left < 0.0 {
                return (token, logit);
            }
        }
        let &(_, token, logit) = nucleus.last().expect("the best token has weight 1");
        (token, logit)
    }
}

/// The `n` best tokens, of `allowed` only where that is given, the best first; of equals the lower id
/// is better.
pub(crate) fn best(logits: &[f32], allowed: Option<&[Token]>, n: usize) -> Vec<Choice> {
    match allowed {
        None => best_among((0..).zip(logits.iter().copied()), n),
        Some(tokens) => best_among(
            tokens.iter().filter_map(|&token| {
                let idx = usize::try_from(token).ok()?;
                Some((token, *logits.get(idx)?))
            }),
            n,
        ),
    }
}

fn best_among(among: impl Iterator<Item = Scored> + Clone, n: usize) -> Vec<Choice> {
    let mut found: Vec<Scored> = Vec::with_capacity(n + 1);
    for (token, logit) in among.clone().filter(|(_, logit)| logit.is_finite()) {
        if found.len() < n || found.last().is_some_and(|worst| logit > worst.1) {
            let place = found.partition_point(|other| other.1 >= logit);
            found.insert(place, (token, logit));
            found.truncate(n);
        }
    }
    let Some(&(_, max)) = found.first() else {
        return Vec::new();
    };
    let mass = Mass::of(among.map(|(_, logit)| logit), max);
    let rival = |idx: usize| match idx {
        0 => found.get(1),
        _ => found.first(),
    };
    let choices = found.iter().enumerate().map(|(idx, &(token, logit))| {
        let margin = rival(idx).map_or(f32::INFINITY, |rival| logit - rival.1);
        Choice {
            token,
            confidence: Confidence {
                logprob: logit - max - mass.ln,
                margin: margin.min(Confidence::NO_RIVAL),
                entropy: mass.entropy,
            },
        }
    });
    choices.collect()
}

/// What to say when no logit is a number.
pub(crate) fn overflow() -> ModelError {
    ModelError::Compute("its numbers overflow; the weights may be damaged".to_owned())
}

/// The log-probability of `token` under the softmax of `logits`.
pub(crate) fn logprob(logits: &[f32], token: Token) -> f32 {
    let max = logits
        .iter()
        .copied()
        .filter(|logit| logit.is_finite())
        .fold(f32::NEG_INFINITY, f32::max);
    let Some(&logit) = usize::try_from(token).ok().and_then(|idx| logits.get(idx)) else {
        return f32::NEG_INFINITY;
    };
    logit - max - Mass::of(logits.iter().copied(), max).ln
}

/// A token and its logit.
type Scored = (Token, f32);

/// The two best of the tokens whose logit is a number; of equals, the lower id is better.
fn best_two(among: impl Iterator<Item = Scored>) -> Option<(Scored, Option<Scored>)> {
    let better = |one: &Scored, other: &Scored| match one.1.total_cmp(&other.1) {
        std::cmp::Ordering::Equal => one.0 < other.0,
        order => order.is_gt(),
    };
    let mut among = among.filter(|(_, logit)| logit.is_finite());
    let mut best = among.next()?;
    let mut second: Option<Scored> = None;
    for next in among {
        if better(&next, &best) {
            second = Some(best);
            best = next;
        } else if second.is_none_or(|second| better(&next, &second)) {
            second = Some(next);
        }
    }
    Some((best, second))
}

/// The whole of a distribution given by logits.
struct Mass {
    /// `ln Σ exp(logit − max)`.
    ln: f32,
    /// Entropy in nats.
    entropy: f32,
}

impl Mass {
    /// Summed in double precision: a vocabulary of 150,000 small terms would lose digits otherwise.
    fn of(logits: impl Iterator<Item = f32>, max: f32) -> Mass {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for logit in logits.filter(|logit| logit.is_finite()) {
            let below = logit - max;
            let weight = f64::from(below.exp());
            sum += weight;
            weighted += weight * f64::from(below);
        }
        Mass {
            ln: sum.ln() as f32,
            entropy: (sum.ln() - weighted / sum) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeded(temperature: f32, top_p: f32, seed: u64) -> Sampler {
        Sampler::new(Sampling::Seeded {
            temperature,
            top_p,
            seed,
        })
    }

    #[test]
    fn greedy_takes_the_best_and_of_equals_the_lowest_id() {
        let mut greedy = Sampler::new(Sampling::Greedy);
        let choice = greedy.choose(&[0.0, 2.0, 2.0, 1.0], None);
        assert_eq!(choice.map(|choice| choice.token), Some(1));
        let choice = greedy.choose(&[0.0, 2.0, 2.0, 1.0], Some(&[3, 2, 1]));
        assert_eq!(choice.map(|choice| choice.token), Some(1));
    }

    #[test]
    fn probabilities_add_up_to_one() {
        let logits = [0.3, -1.0, 2.5, 0.0];
        let sum: f32 = (0..4).map(|token| logprob(&logits, token).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }

    #[test]
    fn probability_is_shared_among_the_allowed_tokens_only() {
        let mut greedy = Sampler::new(Sampling::Greedy);
        let choice = greedy
            .choose(&[5.0, 1.0, 1.0], Some(&[1, 2]))
            .expect("two are allowed");
        assert_eq!(choice.token, 1);
        assert!((choice.confidence.logprob - 0.5f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn margin_and_entropy_tell_how_sure_a_choice_was() {
        let confidence = |sampler: &mut Sampler, logits: &[f32]| {
            let choice = sampler.choose(logits, None);
            choice.expect("all are numbers").confidence
        };
        let mut greedy = Sampler::new(Sampling::Greedy);
        // Four equal tokens: no margin, and the logarithm of four.
        let unsure = confidence(&mut greedy, &[1.0; 4]);
        assert_eq!(unsure.margin, 0.0);
        assert!((unsure.entropy - 4f32.ln()).abs() < 1e-6);
        let sure = confidence(&mut greedy, &[0.0, 9.0, 7.0]);
        assert_eq!(sure.margin, 2.0);
        assert!(sure.entropy < 0.4);
        // The least certain token decides over both.
        assert_eq!(sure.and(unsure).margin, 0.0);
        // A token drawn against the odds has a negative margin.
        let drawn = (0..20).map(|seed| confidence(&mut seeded(1.0, 1.0, seed), &[0.0, 1.0]));
        assert!(drawn.into_iter().any(|drawn| drawn.margin == -1.0));
    }

    #[test]
    fn the_best_are_those_a_greedy_choice_would_take_one_after_the_other() {
        let logits = [0.5, f32::NAN, 2.0, 2.0, 1.0, -3.0];
        let tokens = |allowed, n| -> Vec<Token> {
            let best = best(&logits, allowed, n);
            best.iter().map(|choice| choice.token).collect()
        };
        assert_eq!(tokens(None, 3), [2, 3, 4]);
        assert_eq!(tokens(Some(&[5, 1, 0][..]), 3), [0, 5]);
        assert_eq!(tokens(Some(&[][..]), 3), [0; 0]);
        let mut greedy = Sampler::new(Sampling::Greedy);
        let first = best(&logits, None, 2).first().copied();
        assert_eq!(first, greedy.choose(&logits, None));
    }

    #[test]
    fn the_same_seed_draws_the_same_tokens_and_another_seed_others() {
        let logits: Vec<f32> = (0..100).map(|idx| (idx % 7) as f32 * 0.1).collect();
        let draw = |seed| -> Vec<Token> {
            let mut sampler = seeded(1.0, 1.0, seed);
            (0..20)
                .filter_map(|_| Some(sampler.choose(&logits, None)?.token))
                .collect()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn tokens_outside_the_nucleus_are_never_drawn() {
        // Probabilities 0.6, 0.3 and 0.1: the first two reach 0.85.
        let logits = [0.6f32.ln(), 0.3f32.ln(), 0.1f32.ln()];
        let mut sampler = seeded(1.0, 0.85, 1);
        let mut counts = [0; 3];
        for _ in 0..1000 {
            let choice = sampler.choose(&logits, None).expect("all are numbers");
            counts[choice.token as usize] += 1;
        }
        assert_eq!(counts[2], 0);
        assert!((600..730).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn a_low_temperature_is_nearly_greedy() {
        let mut sampler = seeded(0.01, 1.0, 3);
        for _ in 0..100 {
            let choice = sampler
                .choose(&[0.0, 1.0, 0.5], None)
                .expect("all are numbers");
            assert_eq!(choice.token, 1);
        }
    }

    #[test]
    fn logits_that_are_no_numbers_are_never_chosen() {
        let mut greedy = Sampler::new(Sampling::Greedy);
        let choice = greedy
            .choose(&[f32::NAN, 1.0, f32::INFINITY], None)
            .expect("one is a number");
        assert_eq!(choice.token, 1);
        assert_eq!(
            choice.confidence,
            Confidence {
                logprob: 0.0,
                margin: Confidence::NO_RIVAL,
                entropy: 0.0,
            }
        );
        assert_eq!(greedy.choose(&[f32::NAN; 3], None), None);
        assert_eq!(greedy.choose(&[1.0], Some(&[])), None);
    }
}
