//! Why the last answer was what it was.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tower_lsp::gen_lsp_types::{ExecuteCommandParams, LspAny};
use tower_lsp::jsonrpc::{Error, Result};

use super::Server;
use crate::completion::trace::Trace;
use crate::completion::{Answer, Ask};
use crate::session::Snapshot;

/// Explains the last answer for the document whose URI is the first argument, or of all documents
/// without one. The result has a `trace` for programs and `markdown` for people.
pub(super) const WHY: &str = "midfill.why";

/// Documents whose last answer is kept, at most.
const MOST: usize = 64;

/// The last answer for each document, in memory alone. Nothing is worked out before somebody asks.
#[derive(Default)]
pub(super) struct LastAnswers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_uri: HashMap<String, Last>,
    /// Answers so far; tells which is the newest.
    n_answers: u64,
}

struct Last {
    snapshot: Snapshot,
    ask: Ask,
    answer: Answer,
    number: u64,
}

impl LastAnswers {
    /// Keeps an answer in place of the one before.
    pub(super) fn keep(&self, uri: &str, snapshot: Snapshot, ask: Ask, answer: Answer) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.n_answers += 1;
        let number = kept.n_answers;
        if kept.by_uri.len() >= MOST && !kept.by_uri.contains_key(uri) {
            let oldest = kept.by_uri.iter().min_by_key(|(_, last)| last.number);
            if let Some(oldest) = oldest.map(|(uri, _)| uri.clone()) {
                kept.by_uri.remove(&oldest);
            }
        }
        let last = Last {
            snapshot,
            ask,
            answer,
            number,
        };
        kept.by_uri.insert(uri.to_owned(), last);
    }

    /// Forgets a document that was closed.
    pub(super) fn forget(&self, uri: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_uri.remove(uri);
    }

    /// The last answer for a document, or of all documents.
    fn trace(&self, uri: Option<&str>) -> Option<Trace> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = match uri {
            Some(uri) => kept.by_uri.get(uri),
            None => kept.by_uri.values().max_by_key(|last| last.number),
        }?;
        Some(Trace::of(&last.snapshot, last.ask, &last.answer))
    }
}

/// Runs the command.
pub(super) fn execute(server: &Server, params: &ExecuteCommandParams) -> Result<Option<LspAny>> {
    let argument = params.arguments.iter().flatten().next();
    let uri = match argument {
        None => None,
        Some(argument) => Some(argument.as_str().ok_or_else(|| {
            Error::invalid_params(format!("{argument} is not the URI of a document"))
        })?),
    };
    Ok(Some(match server.last_answers.trace(uri) {
        Some(trace) => json!({"trace": trace.json(), "markdown": trace.markdown()}),
        None => json!({
            "trace": null,
            "markdown": "# No ghost text was asked for here yet\n\nIt is asked for at the next key, or by hand.\n",
        }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_answers_go_first_and_closed_documents_at_once() {
        let last_answers = LastAnswers::default();
        let ask = Ask {
            offset: 0,
            invoked: false,
        };
        for n in 0..=MOST {
            let answer = Answer::silent(n.to_string());
            let snapshot = Snapshot::of("a.py", "");
            last_answers.keep(&format!("file{n}"), snapshot, ask, answer);
        }
        let why = |uri| last_answers.trace(uri).and_then(|trace| trace.why_nothing);
        assert_eq!(why(Some("file0")), None);
        assert_eq!(why(Some("file1")), Some("1".to_owned()));
        assert_eq!(why(None), Some(MOST.to_string()));
        last_answers.forget("file1");
        assert_eq!(why(Some("file1")), None);
    }
}
