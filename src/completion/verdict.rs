//! What is left of a written text after the rules, and whether it is worth showing.

use crate::completion::{Answer, Means, Request, Source, Timings, Written, trim};

/// Cleans up and decides.
pub fn judge(request: &Request, written: Written, means: &Means) -> Answer {
    let config = &means.config;
    let mut draft = request.draft();
    draft.text.clone_from(&written.text);
    draft.seen_end = written.end;
    let (shown, applied) = match config.clean_up {
        true => trim::trim(&mut draft, |name| config.uses(name)),
        false => (!draft.text.is_empty(), Vec::new()),
    };
    let text = draft.text;
    let score = written.score(text.len());
    let mut why_nothing = (!shown).then(|| {
        let last = applied.last().map(|applied| &applied.verdict);
        match last {
            Some(trim::Verdict::Drop(why)) => (*why).to_owned(),
            _ => "the rules left nothing".to_owned(),
        }
    });
    if shown && score.is_some_and(|score| score < config.min_score) {
        why_nothing = Some("the model is not sure enough".to_owned());
    }
    Answer {
        text: why_nothing.is_none().then_some(text),
        why_nothing,
        score,
        applied,
        usage: written.usage,
        stop: written.stop,
        prompt: Some(request.prompt.clone()),
        source: Source::Model,
        timings: Timings::default(),
        format: Some(request.format.clone()),
    }
}
