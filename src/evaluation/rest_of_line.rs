//! The rest-of-line task: from a random cursor, does the answer equal what the author wrote?

use crate::completion::{self, Means};
use crate::evaluation::cursors::Cursor;
use crate::evaluation::{Share, Source, copy::copy, repositories};
use crate::model::ModelError;
use crate::session::Snapshot;

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was answered; empty when nothing was.
    pub answer: String,
    /// Mean log-probability, where a model gave it.
    pub score: Option<f32>,
    /// Why nothing was answered, where a model was asked.
    pub why_nothing: Option<String>,
    /// The import that the answer brings along.
    pub import: Option<String>,
    /// Whether it equals what the author wrote.
    pub exact: bool,
    /// Edit similarity in `0.0..=1.0`: 1 − Levenshtein distance ÷ the longer length, in characters.
    pub similarity: f64,
}

impl Outcome {
    pub(super) fn of(answer: String, score: Option<f32>, gold: &str) -> Outcome {
        let answer = answer.trim_end().to_owned();
        let exact = answer == gold;
        let similarity = strsim::normalized_levenshtein(&answer, gold);
        Outcome {
            answer,
            score,
            why_nothing: None,
            import: None,
            exact,
            similarity,
        }
    }
}

/// The model's answer at a cursor, through the very pipeline that serves an editor.
///
/// # Errors
/// When the model cannot compute.
pub async fn by_model(
    source: &Source,
    cursor: &Cursor,
    means: &Means,
) -> Result<Outcome, ModelError> {
    let snapshot = Snapshot::of(&source.path, &cursor.text(source));
    let _opened = repositories::open(&snapshot, &means.surroundings);
    let answer = completion::complete_to(&snapshot, cursor.offset, cursor.extent(), means).await?;
    let import = answer.import.map(|import| import.statement);
    let outcome = Outcome::of(answer.text.unwrap_or_default(), answer.score, &cursor.gold);
    Ok(Outcome {
        why_nothing: answer.why_nothing,
        import,
        ..outcome
    })
}

/// The copy baseline's answer at a cursor.
pub fn by_copy(source: &Source, cursor: &Cursor) -> Outcome {
    let text = cursor.text(source);
    let answer = copy(&text[..cursor.offset], &text[cursor.offset..]).unwrap_or_default();
    Outcome::of(answer, None, &cursor.gold)
}

/// Figures over many answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Answers equal to what the author wrote.
    pub exact: Share,
    /// Answers that were not empty.
    pub answered: Share,
    /// Mean edit similarity, in percent.
    pub similarity: f64,
}

/// Adds up outcomes.
pub fn summary(outcomes: &[Outcome]) -> Summary {
    let n = outcomes.len();
    let count =
        |test: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| test(outcome)).count();
    Summary {
        exact: Share {
            n_hits: count(|outcome| outcome.exact),
            n,
        },
        answered: Share {
            n_hits: count(|outcome| !outcome.answer.is_empty()),
            n,
        },
        similarity: 100.0
            * outcomes
                .iter()
                .map(|outcome| outcome.similarity)
                .sum::<f64>()
            / n.max(1) as f64,
    }
}
