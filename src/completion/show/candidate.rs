//! A text that could be shown, and what speaks for it.

use serde::{Deserialize, Serialize};

use crate::completion::copy::Copied;
use crate::completion::trim::{self, Applied, Verdict};
use crate::completion::{Request, Written};
use crate::config::CompletionConfig;
use crate::model::{StopReason, Tokenizer, Weighed};

/// Where a text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The model wrote it.
    Model,
    /// It stands elsewhere behind the same text.
    Copy,
}

/// How sure the model is of one token of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sureness {
    /// Where the token ends in the text, in bytes.
    pub end: usize,
    /// Its natural log-probability.
    pub logprob: f32,
    /// Lead over the best other token, in nats; NaN where it is not known.
    pub margin: f32,
    /// Entropy of the distribution it was taken from, in nats; NaN where it is not known.
    pub entropy: f32,
}

/// A text that could be shown.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where it came from.
    pub origin: Origin,
    /// The text, cleaned up.
    pub text: String,
    /// The tokens of the text as it was before it was cleaned up.
    pub tokens: Vec<Sureness>,
    /// Natural log-probability that the text ends where it ended before it was cleaned up; NaN
    /// where it is not known.
    pub ending: f32,
    /// Whether whoever wrote it came to an end, and no rule cut it shorter.
    pub is_whole: bool,
    /// Clean-up rules that said something.
    pub applied: Vec<Applied>,
    /// Why a rule dropped it.
    pub dropped: Option<&'static str>,
}

impl Candidate {
    /// What the model wrote.
    pub fn written(request: &Request, written: &Written, config: &CompletionConfig) -> Candidate {
        let tokens = written.pieces.iter().map(|(end, confidence)| Sureness {
            end: *end,
            logprob: confidence.logprob,
            margin: confidence.margin,
            entropy: confidence.entropy,
        });
        let ended = written.ending.is_some()
            || matches!(
                written.stop,
                Some(StopReason::EndOfGeneration | StopReason::StopString)
            );
        let candidate = Candidate {
            origin: Origin::Model,
            text: written.text.clone(),
            tokens: tokens.collect(),
            ending: written.ending.map_or(f32::NAN, |ending| ending.logprob),
            is_whole: ended,
            applied: Vec::new(),
            dropped: None,
        };
        candidate.cleaned(request, config, written.end)
    }

    /// What was copied, neither weighed nor cleaned up yet.
    pub fn copied(copied: &Copied) -> Candidate {
        Candidate {
            origin: Origin::Copy,
            text: copied.text.clone(),
            tokens: Vec::new(),
            ending: f32::NAN,
            is_whole: true,
            applied: Vec::new(),
            dropped: None,
        }
    }

    /// Takes note of what the model says of it, token by token. The tokens begin with the `n_healed`
    /// healed bytes, which are not part of the text.
    pub fn weigh(
        &mut self,
        n_healed: usize,
        given: &[crate::model::Token],
        weighed: &Weighed,
        tokenizer: &dyn Tokenizer,
    ) {
        let (mut end, mut owed) = (0, 0.0);
        for (token, logprob) in given.iter().zip(&weighed.logprobs) {
            end += tokenizer.bytes(*token).len();
            // A token that only pays what was healed writes nothing: its probability goes to the
            // next one, as with what a model writes.
            if end <= n_healed {
                owed += logprob;
                continue;
            }
            self.tokens.push(Sureness {
                end: end - n_healed,
                logprob: logprob + std::mem::take(&mut owed),
                margin: f32::NAN,
                entropy: f32::NAN,
            });
        }
        self.ending = weighed.line_end;
    }

    /// Cleans it up. `seen_end` is where the text was seen to end while it was written.
    pub fn cleaned(
        mut self,
        request: &Request,
        config: &CompletionConfig,
        seen_end: Option<usize>,
    ) -> Candidate {
        let mut draft = request.draft();
        draft.text.clone_from(&self.text);
        draft.seen_end = seen_end;
        let kept = match config.clean_up {
            true => {
                let (kept, applied) = trim::trim(&mut draft, |name| config.uses(name));
                self.applied = applied;
                kept
            }
            false => !draft.text.is_empty(),
        };
        if !kept {
            let last = self.applied.last().map(|applied| &applied.verdict);
            self.dropped = Some(match last {
                Some(Verdict::Drop(why)) => why,
                _ => "the rules left nothing",
            });
        }
        self.is_whole &= draft.text.trim_end() == self.text.trim_end();
        self.text = draft.text;
        self
    }

    /// Tokens that begin within the first `end` bytes.
    pub fn tokens_to(&self, end: usize) -> &[Sureness] {
        let begins = std::iter::once(0).chain(self.tokens.iter().map(|token| token.end));
        let n = begins
            .take(self.tokens.len())
            .take_while(|begin| *begin < end);
        &self.tokens[..n.count()]
    }

    /// Mean log-probability of the tokens that begin within the text.
    pub fn mean_logprob(&self) -> Option<f32> {
        let tokens = self.tokens_to(self.text.len());
        let sum: f32 = tokens.iter().map(|token| token.logprob).sum();
        (!tokens.is_empty()).then(|| sum / tokens.len() as f32)
    }
}
