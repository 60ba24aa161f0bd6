//! The model writes; what it writes is watched, and ended where a person would end it.

use std::time::Instant;

use crate::completion::doubt::{Doubt, Ending};
use crate::completion::show::cuts;
use crate::completion::{Means, Request};
use crate::model::{Confidence, Event, ModelError, StopReason, Usage};
use crate::syntax::Place;

/// What a model wrote, before it is cleaned up.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The text.
    pub text: String,
    /// End of each piece in the text, in bytes, and how sure the model was of it.
    pub pieces: Vec<(usize, Confidence)>,
    /// Bytes of the text up to where it was seen to end.
    pub end: Option<usize>,
    /// What it cost.
    pub usage: Usage,
    /// Why the model stopped; `None` where it was stopped.
    pub stop: Option<StopReason>,
    /// How sure the model was that the text ends here; `None` where it was stopped.
    pub ending: Option<Confidence>,
    /// Other texts it might have written instead, the more probable ones first. They cost nothing
    /// of their own.
    pub others: Vec<Written>,
}

impl Written {
    /// A line that was written to its end.
    fn whole(pieces: Vec<(String, Confidence)>, ending: Option<Confidence>) -> Written {
        let mut written = Written {
            ending,
            ..Written::default()
        };
        for (text, confidence) in pieces {
            written.text.push_str(&text);
            written.pieces.push((written.text.len(), confidence));
        }
        written
    }

    /// Forgets what was written behind `end`, in bytes.
    fn cut(&mut self, end: usize) {
        self.text.truncate(end);
        let n_pieces = self.pieces.partition_point(|(piece, _)| *piece < end) + 1;
        self.pieces.truncate(if end == 0 { 0 } else { n_pieces });
    }

    /// Mean log-probability of the pieces that begin within the first `end` bytes.
    pub fn score(&self, end: usize) -> Option<f32> {
        let begins = std::iter::once(0).chain(self.pieces.iter().map(|(end, _)| *end));
        let shown: Vec<f32> = begins
            .zip(&self.pieces)
            .take_while(|(begin, _)| *begin < end)
            .map(|(_, (_, confidence))| confidence.logprob)
            .collect();
        (!shown.is_empty()).then(|| shown.iter().sum::<f32>() / shown.len() as f32)
    }
}

/// Lets the model write. Dropping the future stops it.
///
/// # Errors
/// When the model cannot compute.
pub async fn write(request: &Request, means: &Means) -> Result<Written, ModelError> {
    let mut watch = request.watch();
    let mut written = Written::default();
    let begun = Instant::now();
    let mut doubt = Doubt::default();
    let mut doubtful_end = None;
    let in_prose = request.place != Place::Code;
    let mut generation = means.model.generate(request.job.clone());
    while let Some(event) = generation.next().await {
        match event {
            Event::Started {
                n_reused,
                n_computed,
            } => {
                (written.usage.n_reused, written.usage.n_computed) = (n_reused, n_computed);
            }
            Event::Piece { text, confidence } => {
                written.usage.n_decoded += 1;
                written.end = watch.push(&text);
                written.pieces.push((watch.text().len(), confidence));
                if let Some(listener) = &means.listener {
                    listener(watch.text());
                }
                if written.end.is_some() {
                    break;
                }
                let uses = |rule: &str| means.config.uses(rule);
                let is_late = begun.elapsed() > means.allowance.whole;
                match doubt.note(watch.text(), confidence.logprob, in_prose, is_late, uses) {
                    None => continue,
                    Some(Ending::Line(end)) => written.end = Some(end),
                    Some(Ending::Word(end)) => doubtful_end = Some(end),
                }
                break;
            }
            Event::Candidate { pieces, ending } => {
                written.others.push(Written::whole(pieces, ending));
            }
            Event::Done {
                reason,
                ending,
                usage,
            } => {
                (written.stop, written.ending, written.usage) = (Some(reason), ending, usage);
            }
            Event::Failed(error) => return Err(error),
        }
    }
    watch.text().clone_into(&mut written.text);
    if means.config.uses("cut") {
        // Cut off by the number of tokens, a text may end in the middle of a word.
        if written.stop == Some(StopReason::MaxTokens) {
            doubtful_end = word_end(&written.text, in_prose).or(doubtful_end);
        }
        for other in &mut written.others {
            let is_cut_off = other.ending.is_none();
            let end = word_end(&other.text, in_prose).filter(|_| is_cut_off);
            other.cut(end.unwrap_or(other.text.len()));
        }
    }
    if let Some(end) = doubtful_end {
        written.cut(end);
    }
    Ok(written)
}

/// Where a text that was cut off at a letter has its last whole word, in bytes.
fn word_end(text: &str, in_prose: bool) -> Option<usize> {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        .then(|| cuts(text, in_prose).pop())?
}
