//! Makes the weights of the score that decides whether a suggestion is shown, and says how good
//! that score is.
//!
//! At cursors in code whose author's text is known, the candidates of the real pipeline and all
//! their shorter parts are labelled: exactly right or not, kept or not. [`fit`] makes logistic
//! models of them. Every figure is cross-validated: each repository is judged by weights made
//! without it.

pub mod fit;
mod plot;
pub mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::completion::show::features::{FEATURES, Features, N_GENERAL};
use crate::completion::show::weights::{Heads, Question, VERSION, Weights, key};
use crate::completion::show::{self, Offered, Offers, Origin};
use crate::completion::{self, Means};
use crate::evaluation::cursors::Cursor;
use crate::evaluation::{Source, repositories};
use crate::model::ModelError;
use crate::session::Snapshot;

pub use plot::svg;

/// Weight of the squares of the weights, where each cursor weighs 1.
const RIDGE: f64 = 2.0;

/// One cursor: what was offered there, and what of it was right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Repository.
    pub repo: String,
    /// Characters the author wrote.
    pub n_gold: usize,
    /// The candidates that survived the clean-up rules; what the model wrote comes first, if it did.
    pub offers: Vec<Offer>,
}

/// A candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Where it came from.
    pub origin: Origin,
    /// Mean log-probability of its tokens.
    pub score: Option<f32>,
    /// Whether the whole is exactly what the author wrote.
    pub exact: bool,
    /// The whole first, then its shorter parts.
    pub parts: Vec<Part>,
}

/// A candidate or a shorter part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Where it ends, in bytes.
    pub end: usize,
    /// Characters.
    pub n_chars: usize,
    /// Whether the author wrote all of it.
    pub kept: bool,
    /// See [`FEATURES`]; `None` where it is not known.
    pub features: Vec<Option<f32>>,
}

impl Part {
    fn features(&self) -> Features {
        let mut features = [f32::NAN; FEATURES.len()];
        for (feature, value) in features.iter_mut().zip(&self.features) {
            *feature = value.unwrap_or(f32::NAN);
        }
        features
    }
}

impl Row {
    fn part(&self, idx: usize, end: usize) -> &Part {
        let parts = &self.offers[idx].parts;
        let found = parts.iter().find(|part| part.end == end);
        found.unwrap_or(&parts[0])
    }
}

impl Offers for Row {
    fn candidates(&self) -> Vec<(usize, Origin)> {
        let origins = self.offers.iter().map(|offer| offer.origin);
        origins.enumerate().collect()
    }

    fn whole(&self, idx: usize) -> usize {
        self.offers[idx].parts[0].end
    }

    fn cuts(&self, idx: usize) -> Vec<usize> {
        let parts = self.offers[idx].parts.iter().skip(1);
        parts.map(|part| part.end).collect()
    }

    fn n_chars(&self, idx: usize, end: usize) -> usize {
        self.part(idx, end).n_chars
    }

    fn features(&self, idx: usize, end: usize) -> Features {
        self.part(idx, end).features()
    }

    fn stands(&self, _: usize, _: usize) -> bool {
        // Parts that do not stand were left out when the row was made.
        true
    }
}

/// Asks the real pipeline at a cursor and labels what it offers.
///
/// # Errors
/// When the model cannot compute.
pub async fn row(source: &Source, cursor: &Cursor, means: &Means) -> Result<Row, ModelError> {
    let snapshot = Snapshot::of(&source.path, &cursor.text(source));
    let _opened = repositories::open(&snapshot, &means.surroundings);
    let mut request = completion::prepare(&snapshot, cursor.offset, cursor.extent(), means).await?;
    // Copies are wanted, whether or not there are weights for them yet.
    let mut heads = Heads::clone(&request.heads);
    heads
        .entry(key(Origin::Copy, Question::Exact).to_owned())
        .or_default();
    request.heads = Arc::new(heads);
    let considered = completion::consider(&request, means).await?;
    let offered = Offered {
        request: &request,
        considered: &considered,
        config: &means.config,
    };
    let offers = offered.candidates().into_iter().map(|(idx, origin)| {
        let candidate = &considered.candidates[idx];
        let whole = candidate.text.len();
        let cuts = offered.cuts(idx).into_iter();
        let cuts = cuts.filter(|end| offered.stands(idx, *end));
        let parts = std::iter::once(whole).chain(cuts).map(|end| Part {
            end,
            n_chars: offered.n_chars(idx, end),
            kept: is_kept(&candidate.text[..end], &cursor.gold),
            features: offered
                .features(idx, end)
                .into_iter()
                .map(|value| (!value.is_nan()).then_some(value))
                .collect(),
        });
        Offer {
            origin,
            score: candidate.mean_logprob(),
            exact: candidate.text.trim_end() == cursor.gold,
            parts: parts.collect(),
        }
    });
    Ok(Row {
        repo: source.repo.clone(),
        n_gold: cursor.gold.chars().count(),
        offers: offers.collect(),
    })
}

/// Whether the author wrote `text` and did not go on with the same word.
fn is_kept(text: &str, gold: &str) -> bool {
    let text = text.trim_end();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    gold.strip_prefix(text).is_some_and(|rest| {
        let goes_on = rest.chars().next().is_some_and(is_word);
        !(goes_on && text.chars().next_back().is_some_and(is_word))
    })
}

/// Makes weights for the model of this fingerprint.
pub fn weights(rows: &[Row], model: &str) -> Weights {
    Weights {
        version: VERSION,
        model: model.to_owned(),
        heads: heads(rows, FEATURES.len()),
        general: general(rows),
    }
}

/// Makes the heads for any model: of what it writes alone, since the copies that pay beside a small
/// model cost a large one more time than they are worth.
fn general(rows: &[Row]) -> Heads {
    let mut heads = heads(rows, N_GENERAL);
    let [exact, kept] = [Question::Exact, Question::Kept].map(|ask| key(Origin::Model, ask));
    heads.retain(|name, _| name == exact || name == kept);
    heads
}

/// Makes the heads of the first `n_features` features.
pub fn heads(rows: &[Row], n_features: usize) -> Heads {
    let mut heads = Heads::new();
    for origin in [Origin::Model, Origin::Copy] {
        for question in [Question::Exact, Question::Kept] {
            let examples = examples(rows, origin, question);
            if let Some(head) = fit::logistic(&examples, n_features, RIDGE) {
                heads.insert(key(origin, question).to_owned(), head);
            }
        }
    }
    heads
}

fn examples(rows: &[Row], origin: Origin, question: Question) -> Vec<fit::Example> {
    let offers = rows.iter().flat_map(|row| &row.offers);
    let offers = offers.filter(|offer| offer.origin == origin);
    offers
        .flat_map(|offer| {
            let parts = match question {
                Question::Exact => &offer.parts[..1],
                Question::Kept => &offer.parts[..],
            };
            // The whole weighs as much as all its parts: it is what is shown most.
            let share = 0.5 / (parts.len() - 1).max(1) as f64;
            parts.iter().enumerate().map(move |(n, part)| fit::Example {
                features: part.features(),
                label: match question {
                    Question::Exact => offer.exact,
                    Question::Kept => part.kept,
                },
                weight: match (n, parts.len()) {
                    (_, 1) => 1.0,
                    (0, _) => 0.5,
                    _ => share,
                },
            })
        })
        .collect()
}

/// Rows of a single repository, dealt to five parts that stand in for repositories.
pub fn dealt(mut rows: Vec<Row>) -> Vec<Row> {
    let is_one = rows.windows(2).all(|two| two[0].repo == two[1].repo);
    if is_one {
        for (n, row) in rows.iter_mut().enumerate() {
            row.repo = format!("{}, part {}", row.repo, n % 5 + 1);
        }
    }
    rows
}

/// For each repository, heads made without it.
pub fn cross_validated(rows: &[Row], n_features: usize) -> BTreeMap<String, Heads> {
    let mut repos: Vec<&str> = rows.iter().map(|row| row.repo.as_str()).collect();
    repos.sort_unstable();
    repos.dedup();
    repos
        .into_iter()
        .map(|repo| {
            let others: Vec<Row> = rows
                .iter()
                .filter(|row| row.repo != repo)
                .cloned()
                .collect();
            (repo.to_owned(), heads(&others, n_features))
        })
        .collect()
}

/// What the heads say of an offer's part.
pub fn probability(heads: &Heads, offer: &Offer, part: usize, question: Question) -> f32 {
    show::probability(heads, offer.origin, question, &offer.parts[part].features()).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_up_to_a_word_s_end() {
        assert!(is_kept("self.read", "self.read(n)"));
        assert!(is_kept("self.read(n)", "self.read(n)"));
        assert!(!is_kept("self.re", "self.read(n)"));
        assert!(!is_kept("self.read(m)", "self.read(n)"));
        assert!(!is_kept("self.read(n) + 1", "self.read(n)"));
    }
}
