//! The model writes; what it writes is watched, and ended where a person would end it.

use crate::completion::{Means, Request};
use crate::model::{Confidence, Event, ModelError, StopReason, Usage};

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

/// Probability that all lines so far are right, under which no further line is begun: it would be
/// right more seldom still, and the person would read it all the same.
const FURTHER_LINE: f32 = 0.2;

/// Where an answer ends that is not worth a further line: behind its last whole line, once a new one
/// begins, in bytes. `logprob` is that of the whole text.
fn unsure_end(text: &str, logprob: f32) -> Option<usize> {
    if logprob >= FURTHER_LINE.ln() {
        return None;
    }
    let end = text[..text.rfind('\n')?].trim_end().len();
    (end > 0).then_some(end)
}

/// Lets the model write. Dropping the future stops it.
///
/// # Errors
/// When the model cannot compute.
pub async fn write(request: &Request, means: &Means) -> Result<Written, ModelError> {
    let mut watch = request.watch();
    let mut written = Written::default();
    // Whoever asks by hand sees all there is.
    let is_doubted = means.config.uses("further_line") && means.config.min_score.is_finite();
    let mut logprob = 0.0;
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
                logprob += confidence.logprob;
                if is_doubted && written.end.is_none() {
                    written.end = unsure_end(watch.text(), logprob);
                }
                if written.end.is_some() {
                    break;
                }
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
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_line_is_begun_only_while_the_lines_so_far_are_likely_right() {
        assert_eq!(unsure_end("if a:\n", -0.1), None, "sure");
        assert_eq!(
            unsure_end("if a:", -9.0),
            None,
            "the first line is finished"
        );
        assert_eq!(unsure_end("if a:  \n    ", -9.0), Some(5));
        assert_eq!(unsure_end("\n    if a", -9.0), None, "nothing stands yet");
    }
}
