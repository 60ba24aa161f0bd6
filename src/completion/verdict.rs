//! What of the candidates is shown, or why nothing is.

use crate::completion::show::{Candidate, Considered, Offered, Terms, pick};
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
    let terms = Terms {
        threshold: config.min_confidence,
        cut: config.uses("cut"),
    };
    let chosen = pick(&offered, &request.heads, terms);
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

/// The import that a part of a candidate needs: the part may end before the name.
pub(super) fn import(text: &str, candidate: &Candidate) -> Option<MissingImport> {
    let mut applied = candidate.applied.iter();
    applied.find_map(|applied| match &applied.verdict {
        Verdict::Import(import) if text.contains(&import.name) => Some(import.clone()),
        _ => None,
    })
}
