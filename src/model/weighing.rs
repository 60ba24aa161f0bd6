//! How probable a given text is as the answer to a prompt, in one batch behind the KV cache.

use super::healing::Healing;
use super::sequence::{Outputs, Sequence};
use super::worker::Engine;
use super::{Job, ModelError, Token, Weighed};

/// Weighs `given` as the answer to `job`'s prompt. Where the prompt has just been answered, its
/// last token and those of `given` are all that is computed; what was written after the prompt is
/// cut off the cache. `None` where the cache cannot be cut: reading the whole prompt again is not
/// worth it.
///
/// `counted` is told of tokens reused and computed.
pub(super) fn weigh<E: Engine>(
    sequence: &mut Sequence<E>,
    job: &Job,
    given: &[Token],
    has_gone: &(dyn Fn() -> bool + Sync),
    counted: &dyn Fn(usize, usize),
) -> Result<Option<Weighed>, ModelError> {
    let n_prompt = job.prompt.len();
    let whole: Vec<Token> = job.prompt.iter().chain(given).copied().collect();
    let available = sequence.engine().n_ctx();
    if n_prompt == 0 || given.is_empty() {
        return Ok(None);
    }
    if whole.len() > available {
        let needed = whole.len();
        return Err(ModelError::ContextFull { needed, available });
    }
    if sequence.only_grows() {
        return Ok(None);
    }
    let mut n_computed = 0;
    sequence.adapt(job.adapter.as_deref())?;
    let n_reused = sequence.prepare(&whole, given.len() + 1, job.reuse);
    let mut healing = Healing::new(job.heal.clone());
    let mut logprobs = Vec::with_capacity(given.len());
    let mut line_end = f32::NEG_INFINITY;
    while sequence.len() < whole.len() {
        if has_gone() {
            return Err(ModelError::Gone("nobody waits for the weights".to_owned()));
        }
        let at = sequence.len();
        if at < n_prompt - 1 {
            n_computed += sequence.fill(&whole[..n_prompt - 1], Outputs::None, has_gone)?;
            continue;
        }
        let n_done = sequence.advance(&whole[at..], Outputs::Each, has_gone)?;
        n_computed += n_done;
        for row in 0..n_done {
            let engine = sequence.engine();
            let (vocabulary, logits) = (engine.vocabulary(), engine.logits(row));
            match given.get(at + row + 1 - n_prompt) {
                Some(&token) => {
                    let allowed = healing.candidates(vocabulary);
                    logprobs.push(share(logits, allowed.as_deref(), |other| other == token));
                    healing.pay(vocabulary.bytes(token));
                }
                None => {
                    line_end = share(logits, None, |token| {
                        engine.is_end(token)
                            || job.stop_tokens.contains(&token)
                            || vocabulary.bytes(token).first() == Some(&b'\n')
                    });
                }
            }
        }
    }
    counted(n_reused, n_computed);
    Ok(Some(Weighed { logprobs, line_end }))
}

/// The natural logarithm of the share of the probability of the `allowed` tokens (all, where
/// `None`) that those with `is_meant` have.
fn share(logits: &[f32], allowed: Option<&[Token]>, is_meant: impl Fn(Token) -> bool) -> f32 {
    let logit = |token: Token| {
        let logit = usize::try_from(token).ok().and_then(|idx| logits.get(idx));
        logit.copied().filter(|logit| logit.is_finite())
    };
    let sums = |tokens: &mut dyn Iterator<Item = Token>| {
        let (mut meant, mut all) = (0.0_f64, 0.0_f64);
        let max = logits.iter().copied().filter(|logit| logit.is_finite());
        let max = max.fold(f32::NEG_INFINITY, f32::max);
        for token in tokens {
            let Some(logit) = logit(token) else { continue };
            let weight = f64::from(logit - max).exp();
            all += weight;
            if is_meant(token) {
                meant += weight;
            }
        }
        (meant, all)
    };
    let (meant, all) = match allowed {
        Some(tokens) => sums(&mut tokens.iter().copied()),
        None => sums(&mut (0..logits.len() as Token)),
    };
    // A text that was not allowed at all is as improbable as can be.
    if meant > 0.0 {
        (meant / all).ln() as f32
    } else {
        f32::NEG_INFINITY
    }
}
