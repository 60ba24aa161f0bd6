//! What of the candidates is shown, or why nothing is.

use std::sync::Mutex;
use std::time::Instant;

use crate::completion::show::{Candidate, Chosen, Considered, Offered, Terms, pick};
use crate::completion::taste::{self, Shown, Taste, lock};
use crate::completion::trim::{MissingImport, Verdict};
use crate::completion::{Answer, Means, Request, Source, Timings, Written, alternatives};
use crate::model::{Priority, StopReason};

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
    let taste = learnt(means);
    // Choosing takes a while, for the rules read what they cut: nothing is locked meanwhile.
    let (bar, threshold) = match taste.map(lock) {
        Some(taste) => {
            let bar = bar(config.min_confidence, taste.raise(Instant::now()));
            (bar, taste.meets(bar))
        }
        None => {
            let bar = bar(config.min_confidence, 0.0);
            (bar, bar)
        }
    };
    let terms = Terms {
        threshold,
        cut: config.uses("cut"),
    };
    let mut chosen = pick(&offered, &request.heads, terms);
    let shown = chosen.as_mut().map(|chosen| {
        let shown = described(chosen, &considered);
        chosen.judgement.threshold = bar;
        if let Some(taste) = taste {
            season(chosen, shown, means.priority, &mut lock(taste));
        }
        shown
    });
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
fn learnt(means: &Means) -> Option<&Mutex<Taste>> {
    let is_asked = means.config.learn && means.config.min_confidence > 0.0;
    Some(means.taste.as_ref().filter(|_| is_asked)?)
}

/// However few are taken, what is surer than this is shown.
const SURE: f32 = 0.9;

/// The least probability that is shown now, with the bar raised so far.
fn bar(min_confidence: f32, raise: f32) -> f32 {
    match min_confidence > 0.0 {
        true => (min_confidence + raise).min(min_confidence.max(SURE)),
        false => 0.0,
    }
}

/// A choice as it may be learnt from.
fn described(chosen: &Chosen, considered: &Considered) -> Shown {
    let candidate = &considered.candidates[chosen.idx];
    let before = &considered.facts.before;
    Shown {
        kept: chosen.judgement.kept,
        traits: taste::traits(
            &candidate.text[..chosen.end],
            candidate.origin,
            chosen.judgement.shortened,
            before.rsplit('\n').next().unwrap_or_default(),
            considered.facts.in_prose(),
        ),
    }
}

/// Corrects a choice by what this user takes.
fn season(chosen: &mut Chosen, shown: Shown, priority: Priority, taste: &mut Taste) {
    let judgement = &mut chosen.judgement;
    judgement.by_this_user = taste.kept(shown);
    chosen.is_shown = judgement.by_this_user >= judgement.threshold;
    let is_hidden = !chosen.is_shown && judgement.kept >= judgement.threshold;
    // Nobody would have seen by now what is written ahead.
    if is_hidden && priority != Priority::Background {
        taste.hid(shown);
    }
}

/// The import that a part of a candidate needs: the part may end before the name.
pub(super) fn import(text: &str, candidate: &Candidate) -> Option<MissingImport> {
    let mut applied = candidate.applied.iter();
    applied.find_map(|applied| match &applied.verdict {
        Verdict::Import(import) if text.contains(&import.name) => Some(import.clone()),
        _ => None,
    })
}
