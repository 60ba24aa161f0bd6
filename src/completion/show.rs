//! Show or not, and how much: a calibrated probability for what the model wrote, for what was
//! copied, and for shorter cuts of both.
//!
//! Two questions are answered by logistic models over [`features`]: is the text exactly what the
//! author would write, and would the author keep it? Their [`weights`] are data. Of all texts
//! sure enough to be shown, the one is taken that is worth most: characters kept if it is right,
//! less the price of a wrong one; see [`utility`].

mod candidate;
mod cuts;
pub mod features;
mod pick;
pub mod weights;

use std::time::{Duration, Instant};

use serde::Serialize;

pub use candidate::{Candidate, Origin, Sureness};
pub use cuts::cuts;
pub use pick::{Chosen, Offers, Terms, exact, logistic, pick, probability};

use crate::completion::copy::Copied;
use crate::completion::{Means, Request, Written, trim};
use crate::config::CompletionConfig;
use crate::model::ModelError;
use features::{Facts, Features};
use weights::{Question, key};

/// Characters that a wrong suggestion costs: what it takes to read it and turn it down.
pub const PRICE_OF_WRONG: f32 = 4.0;

/// Bytes that stand before a copy and the cursor alike, where no weights say what that is worth.
const MIN_MATCH: usize = 6;

/// From this probability on that what the model wrote is right, no other text is likelier.
const MOST_OTHERS: f32 = 0.5;

/// Probability of a copy, before the model is asked, under which the model is not asked. With both
/// 0.32 copies a place are weighed instead of 0.86, and 27.8 % of answers are right instead of
/// 27.9 % (1,200 places).
const LEAST_PRIOR: f32 = 0.1;

/// Copies that the model is asked to weigh, at most.
const N_COPIES: usize = 2;

/// Tokens of a copy that is weighed, at most.
const MAX_COPY_TOKENS: usize = 24;

/// What a decision was made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// Where the text came from.
    pub origin: Origin,
    /// Probability that the whole text is exactly right.
    pub exact: f32,
    /// Probability that all that is shown is kept.
    pub kept: f32,
    /// Probability that this user keeps it: `kept`, corrected by what was learnt.
    pub by_this_user: f32,
    /// The least probability that is shown.
    pub threshold: f32,
    /// Whether a shorter cut was taken.
    pub shortened: bool,
    /// What each feature adds to the log-odds of `kept`, the weightiest first.
    pub parts: Vec<(&'static str, f32)>,
}

/// All candidates for a place, and what is known of it.
pub struct Considered {
    /// The place.
    pub facts: Facts,
    /// What the model wrote comes first.
    pub candidates: Vec<Candidate>,
    /// Time that the model took to weigh copies.
    pub weighing: Duration,
}

/// Which copies are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// Those that may well be likelier than what the model wrote; all others cost time.
    Likely,
    /// All, to choose from.
    All,
}

/// Looks for copies beside what the model wrote, and has the model weigh them.
///
/// # Errors
/// When the model cannot compute.
pub async fn consider(
    request: &Request,
    written: &Written,
    means: &Means,
    copies: Copies,
) -> Result<Considered, ModelError> {
    let config = &means.config;
    let heads = &request.heads;
    // A copy is only as good as the judgement of when to take it: that of weights, or of a person.
    let judges_copies = heads.contains_key(key(Origin::Copy, Question::Exact));
    // Without weights the model's own probability decides, and nothing asks for a copy.
    let asks_for_copies = copies == Copies::All || !heads.is_empty();
    let facts = Facts::of(request, config.uses("copy") && asks_for_copies);
    let is_likely =
        |copied: &&Copied| judges_copies || copies == Copies::All && copied.n_matched >= MIN_MATCH;
    let model = Candidate::written(request, written, config);
    let features = |candidate: &Candidate| {
        facts.features(request, candidate, Some(&model), candidate.text.len())
    };
    let exact = |candidate: &Candidate| exact(heads, candidate.origin, &features(candidate));
    let bar = match model.dropped {
        Some(_) => 0.0,
        None => exact(&model),
    };
    let mut found = Vec::new();
    let mut weighing = Duration::ZERO;
    let tokenizer = means.model.tokenizer();
    let worth_weighing = facts
        .copies
        .iter()
        .filter(is_likely)
        .filter(|copied| !copied.text.is_empty() && copied.text != model.text.trim_end())
        .take(N_COPIES);
    for copied in worth_weighing {
        let Some(tokenizer) = tokenizer.as_deref() else {
            break;
        };
        if copies == Copies::Likely && bar >= MOST_OTHERS {
            break;
        }
        let mut candidate = Candidate::copied(copied);
        if copies == Copies::Likely {
            let mut features = features(&candidate);
            features::forget_numbers(&mut features);
            let (prior, _) = probability(heads, Origin::Copy, Question::Exact, &features);
            if prior < LEAST_PRIOR {
                continue;
            }
        }
        let Ok(healed) = std::str::from_utf8(&request.job.heal) else {
            break;
        };
        let mut given = tokenizer.tokenize(&format!("{healed}{}", copied.text));
        given.truncate(MAX_COPY_TOKENS);
        let asked = Instant::now();
        let weighed = means
            .model
            .weigh(request.job.clone(), given.clone())
            .await?;
        weighing += asked.elapsed();
        let Some(weighed) = weighed else { break };
        candidate.weigh(healed.len(), &given, &weighed, tokenizer);
        // The rules take longer than the model.
        if copies == Copies::All || exact(&candidate) > bar {
            found.push(candidate.cleaned(request, config, None));
        }
    }
    let others = written.others.iter();
    let others = others.map(|other| Candidate::written(request, other, config));
    let candidates = std::iter::once(model).chain(found).chain(others).collect();
    Ok(Considered {
        facts,
        candidates,
        weighing,
    })
}

/// Candidates with the request they are for.
pub struct Offered<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its candidates.
    pub considered: &'a Considered,
    /// How ghost text is made.
    pub config: &'a CompletionConfig,
}

impl Offers for Offered<'_> {
    fn candidates(&self) -> Vec<(usize, Origin)> {
        let all = self.considered.candidates.iter().enumerate();
        all.filter(|(_, candidate)| candidate.dropped.is_none())
            .map(|(idx, candidate)| (idx, candidate.origin))
            .collect()
    }

    fn whole(&self, idx: usize) -> usize {
        self.considered.candidates[idx].text.len()
    }

    fn cuts(&self, idx: usize) -> Vec<usize> {
        let in_prose = self.considered.facts.in_prose();
        cuts(&self.considered.candidates[idx].text, in_prose)
    }

    fn n_chars(&self, idx: usize, end: usize) -> usize {
        self.considered.candidates[idx].text[..end].chars().count()
    }

    fn features(&self, idx: usize, end: usize) -> Features {
        let Considered {
            facts, candidates, ..
        } = self.considered;
        let rival = match candidates[idx].origin {
            Origin::Model => None,
            Origin::Copy => candidates.first(),
        };
        facts.features(self.request, &candidates[idx], rival, end)
    }

    fn stands(&self, idx: usize, end: usize) -> bool {
        if !self.config.clean_up {
            return true;
        }
        let text = &self.considered.candidates[idx].text[..end];
        let mut draft = self.request.draft();
        text.clone_into(&mut draft.text);
        let (kept, _) = trim::trim(&mut draft, |name| self.config.uses(name));
        kept && draft.text == text
    }
}

/// What showing a text is worth, in characters: those it saves if it is kept, less
/// [`PRICE_OF_WRONG`] if it is not.
pub fn utility(kept: f32, n_chars: usize) -> f32 {
    kept * n_chars as f32 - (1.0 - kept) * PRICE_OF_WRONG
}
