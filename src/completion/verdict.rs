//! What of the candidates is shown, or why nothing is.

use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use crate::completion::show::{Candidate, Chosen, Considered, Offered, Terms, pick};
use crate::completion::taste::{self, Shown, Taste};
use crate::completion::trim::{MissingImport, Verdict};
use crate::completion::{Answer, Means, Request, Source, Timings, Written, alternatives};
use crate::model::StopReason;

/// Rules that end an answer where it would have ended anyway.
const NATURAL_ENDS: [&str; 4] = ["block_end", "whitespace", "repeated_suffix", "closers"];

/// Chooses among the candidates and decides whether the choice is shown.
pub fn judge(request: &Request, written: Written, considered: Considered, means: &Means) -> Answer {
    let config = &means.config;
    let offered = Offered {
        request,
        considered: &considered,
        config,
    };
    let mut taste = learnt(means);
    let bar = bar(config.min_confidence, taste.as_deref());
    let terms = Terms {
        threshold: taste.as_ref().map_or(bar, |taste| taste.meets(bar)),
        cut: config.uses("cut"),
    };
    let mut chosen = pick(&offered, &request.heads, terms);
    let shown = chosen
        .as_mut()
        .map(|chosen| season(chosen, &considered, bar, taste.as_deref_mut()));
    drop(taste);
    let others = match &chosen {
        Some(chosen) => alternatives::besides(&offered, chosen, means.n_lines.saturating_sub(1)),
        None => Vec::new(),
    };
    let candidate = &considered.candidates[chosen.as_ref().map_or(0, |chosen| chosen.idx)];
    let score = candidate.mean_logprob();
    let why_nothing = match &chosen {
        None => candidate.dropped,
        Some(_) if score.is_some_and(|score| score < config.min_score) => {
            Some("the model is not sure enough")
        }
        Some(chosen) if !chosen.is_shown => Some("it is too likely to be wrong"),
        Some(_) => None,
    };
    let end = chosen.as_ref().map_or(0, |chosen| chosen.end);
    let mut rules = candidate.applied.iter().map(|applied| applied.rule);
    let is_whole = end == candidate.text.len()
        && written.stop != Some(StopReason::MaxTokens)
        && rules.all(|rule| NATURAL_ENDS.contains(&rule));
    let text = why_nothing
        .is_none()
        .then(|| candidate.text[..end].to_owned());
    Answer {
        is_whole,
        import: text.as_deref().and_then(|text| import(text, candidate)),
        shown: shown.filter(|_| text.is_some() && means.n_lines <= 1),
        others,
        text,
        why_nothing: why_nothing.map(str::to_owned),
        score,
        judgement: chosen.map(|chosen| chosen.judgement),
        applied: candidate.applied.clone(),
        candidates: considered.candidates,
        usage: written.usage,
        stop: written.stop,
        prompt: Some(request.prompt.clone()),
        written: Some(written),
        source: Source::Model,
        timings: Timings::default(),
        format: Some(request.format.clone()),
    }
}

/// What was learnt of this user, where that is wanted. Nothing is held back where all there is is
/// asked for.
fn learnt(means: &Means) -> Option<MutexGuard<'_, Taste>> {
    let is_asked = means.config.learn && means.config.min_confidence > 0.0;
    let taste = means.taste.as_ref().filter(|_| is_asked)?;
    Some(taste.lock().unwrap_or_else(PoisonError::into_inner))
}

/// However few are taken, what is surer than this is shown.
const SURE: f32 = 0.9;

/// The least probability that is shown now.
fn bar(min_confidence: f32, taste: Option<&Taste>) -> f32 {
    let raise = taste.map_or(0.0, |taste| taste.raise(Instant::now()));
    match min_confidence > 0.0 {
        true => (min_confidence + raise).min(min_confidence.max(SURE)),
        false => 0.0,
    }
}

/// Corrects a choice by what this user takes. Returns what may be learnt from it.
fn season(
    chosen: &mut Chosen,
    considered: &Considered,
    bar: f32,
    taste: Option<&mut Taste>,
) -> Shown {
    let candidate = &considered.candidates[chosen.idx];
    let judgement = &mut chosen.judgement;
    let shown = Shown {
        kept: judgement.kept,
        traits: taste::traits(
            &candidate.text[..chosen.end],
            candidate.origin,
            judgement.shortened,
            considered
                .facts
                .before
                .rsplit('\n')
                .next()
                .unwrap_or_default(),
            considered.facts.in_prose(),
        ),
    };
    judgement.threshold = bar;
    if let Some(taste) = taste {
        judgement.by_this_user = taste.kept(shown);
        chosen.is_shown = judgement.by_this_user >= bar;
        if !chosen.is_shown && judgement.kept >= bar {
            taste.hid(shown);
        }
    }
    shown
}

/// The import that a part of a candidate needs: the part may end before the name.
pub(super) fn import(text: &str, candidate: &Candidate) -> Option<MissingImport> {
    let mut applied = candidate.applied.iter();
    applied.find_map(|applied| match &applied.verdict {
        Verdict::Import(import) if text.contains(&import.name) => Some(import.clone()),
        _ => None,
    })
}
