//! Snapshot in, ghost text out.
//!
//! The walk: [`trigger`] decides whether to ask and for how much; [`prompt`] lays out what the
//! model sees; the model writes; [`trim`] watches the pieces, ends the generation early by
//! dropping it, and cleans up what is left.

pub mod excerpt;
pub mod fim;
pub mod prompt;
pub mod trigger;
pub mod trim;

use crate::config::CompletionConfig;
use crate::model::{Event, Job, Model, ModelError, Priority, Sampling, StopReason, Usage};
use crate::session::Snapshot;
use crate::syntax::{self, Place};
use fim::Fim;
use prompt::{Prompt, Recipe};
use trigger::{Decision, Extent};
use trim::{Applied, Draft};

/// Where and why a completion is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Byte offset of the cursor.
    pub offset: usize,
    /// Whether the user asked by hand.
    pub invoked: bool,
}

/// An answer, with all that explains it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text to insert at the cursor; `None` when nothing is worth showing.
    pub text: Option<String>,
    /// Why nothing is shown.
    pub why_nothing: Option<String>,
    /// Mean natural log-probability of the tokens shown.
    pub score: Option<f32>,
    /// Clean-up rules that said something.
    pub applied: Vec<Applied>,
    /// What it cost. Zero where the model was not asked, or stopped before it was done.
    pub usage: Usage,
    /// Why the model stopped; `None` where it was stopped.
    pub stop: Option<StopReason>,
    /// What the model was shown.
    pub prompt: Option<Prompt>,
}

impl Answer {
    fn silent(why: impl Into<String>) -> Answer {
        Answer {
            text: None,
            why_nothing: Some(why.into()),
            score: None,
            applied: Vec::new(),
            usage: Usage::default(),
            stop: None,
            prompt: None,
        }
    }
}

/// Completes at a place in a snapshot.
///
/// Dropping the future cancels: the model stops at once and keeps what it has read.
///
/// # Errors
/// When the model could not be loaded or cannot compute.
pub async fn complete(
    snapshot: &Snapshot,
    ask: Ask,
    model: &Model,
    config: &CompletionConfig,
) -> Result<Answer, ModelError> {
    let (before, after) = snapshot.line_around(ask.offset);
    let place = match &snapshot.tree {
        Some(tree) => syntax::place(tree, ask.offset),
        None => Place::Code,
    };
    let extent = match trigger::decide(&before, &after, place, ask.invoked) {
        Decision::Ask(extent) => extent,
        Decision::Silent(why) => return Ok(Answer::silent(why)),
    };
    let mut config = config.clone();
    if ask.invoked {
        // Whoever asks by hand wants to see what there is.
        config.min_score = f32::NEG_INFINITY;
    }
    complete_to(snapshot, ask.offset, extent, model, &config).await
}

/// Completes to a given extent, whatever the trigger would say.
///
/// # Errors
/// As [`complete`].
pub async fn complete_to(
    snapshot: &Snapshot,
    offset: usize,
    extent: Extent,
    model: &Model,
    config: &CompletionConfig,
) -> Result<Answer, ModelError> {
    let info = model.ready().await?;
    let tokenizer = model
        .tokenizer()
        .ok_or_else(|| ModelError::Gone("it is loaded but has no tokenizer".to_owned()))?;
    let fim = Fim::of(&info, &*tokenizer);
    let max_tokens = match extent {
        Extent::Line => config.max_line_tokens,
        Extent::Block => config.max_block_tokens,
    };
    // The room for the answer is the same for a line and a block: a prompt that changed its size
    // with the extent would lose its place in the KV cache at every change.
    let longest = config.max_line_tokens.max(config.max_block_tokens);
    let room = (info.n_ctx as usize).saturating_sub(longest);
    let recipe = Recipe {
        n_tokens: config.prompt_tokens.min(room),
        outline: config.outline,
        heal: config.heal,
    };
    let prompt = prompt::build(snapshot, offset, fim.as_ref(), &*tokenizer, recipe);
    let job = Job {
        prompt: prompt.tokens.clone(),
        heal: prompt.heal.clone(),
        max_tokens,
        stop: match extent {
            Extent::Line => vec!["\n".to_owned()],
            Extent::Block => Vec::new(),
        },
        stop_tokens: fim
            .as_ref()
            .map(|fim| fim.stops.clone())
            .unwrap_or_default(),
        sampling: Sampling::Greedy,
        priority: Priority::Completion,
    };
    let mut draft = Draft {
        before: &prompt.excerpt.prefix,
        after: &prompt.excerpt.suffix,
        text: String::new(),
        extent,
        language: snapshot.language,
    };
    let mut usage = Usage::default();
    let mut stop = None;
    // End of each piece in the draft, and its log-probability.
    let mut pieces: Vec<(usize, f32)> = Vec::new();
    let mut generation = model.generate(job);
    while let Some(event) = generation.next().await {
        match event {
            Event::Started {
                n_reused,
                n_computed,
            } => {
                (usage.n_reused, usage.n_computed) = (n_reused, n_computed);
            }
            Event::Piece { text, logprob } => {
                usage.n_decoded += 1;
                draft.text.push_str(&text);
                pieces.push((draft.text.len(), logprob));
                if trim::block_end(&draft).is_some() {
                    break;
                }
            }
            Event::Done {
                reason,
                usage: total,
            } => (stop, usage) = (Some(reason), total),
            Event::Failed(error) => return Err(error),
        }
    }
    // Stops the model where it was still writing.
    drop(generation);

    let (shown, applied) = match config.clean_up {
        true => trim::trim(&mut draft),
        false => (!draft.text.is_empty(), Vec::new()),
    };
    let score = score(&pieces, draft.text.len());
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
    let text = draft.text;
    Ok(Answer {
        text: why_nothing.is_none().then_some(text),
        why_nothing,
        score,
        applied,
        usage,
        stop,
        prompt: Some(prompt),
    })
}

/// Mean log-probability of the pieces that begin within the first `end` bytes.
fn score(pieces: &[(usize, f32)], end: usize) -> Option<f32> {
    let mut begin = 0;
    let mut shown = Vec::new();
    for (piece_end, logprob) in pieces {
        if begin < end {
            shown.push(*logprob);
        }
        begin = *piece_end;
    }
    (!shown.is_empty()).then(|| shown.iter().sum::<f32>() / shown.len() as f32)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::scripted::Script;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime needs nothing but memory")
            .block_on(future)
    }

    fn snapshot(fixture: &str) -> (Snapshot, usize) {
        let (path, fixture) = match fixture.strip_prefix("//- ") {
            Some(rest) => rest.split_once('\n').expect("a path line ends"),
            None => ("main.py", fixture),
        };
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        (Snapshot::of(path, &fixture.replacen("$0", "", 1)), offset)
    }

    /// What the model says, and what the user sees: the completion stands between ⟦ ⟧.
    #[track_caller]
    fn check_completion(fixture: &str, says: &str, expected: Expect) {
        let (snapshot, offset) = snapshot(fixture);
        let model = Model::scripted(Script::new().says(says));
        let ask = Ask {
            offset,
            invoked: false,
        };
        let answer = block_on(complete(
            &snapshot,
            ask,
            &model,
            &CompletionConfig::default(),
        ))
        .expect("a scripted model answers");
        let shown = match (&answer.text, &answer.why_nothing) {
            (Some(text), _) => {
                let whole = snapshot.text.to_string();
                format!("{}⟦{text}⟧{}", &whole[..offset], &whole[offset..])
            }
            (None, Some(why)) => format!("nothing: {why}"),
            (None, None) => unreachable!("an answer has a text or a reason"),
        };
        expected.assert_eq(&shown);
    }

    /// The prompt as the model reads it.
    #[track_caller]
    fn check_prompt(fixture: &str, n_tokens: usize, expected: Expect) {
        let (snapshot, offset) = snapshot(fixture);
        let script = Script::new().says("x");
        let record = script.record();
        let model = Model::scripted(script);
        let config = CompletionConfig {
            prompt_tokens: n_tokens,
            ..CompletionConfig::default()
        };
        block_on(complete_to(
            &snapshot,
            offset,
            Extent::Line,
            &model,
            &config,
        ))
        .expect("a scripted model answers");
        expected.assert_eq(&record.prompts().concat());
    }

    #[test]
    fn a_list_is_closed_once() {
        check_completion(
            "xs = [$0]\n",
            "x for x in range(3)]\nprint(xs)",
            expect![[r#"
                xs = [⟦x for x in range(3)⟧]
            "#]],
        );
    }

    #[test]
    fn an_empty_line_gets_one_whole_statement() {
        check_completion(
            "def total(xs):\n    $0\n\nprint(total([1]))\n",
            "result = 0\n    for x in xs:\n        result += x\n    return result\n",
            expect![[r#"
                def total(xs):
                    ⟦result = 0⟧

                print(total([1]))
            "#]],
        );
    }

    #[test]
    fn silence_has_a_reason() {
        check_completion(
            "re$0turn\n",
            "x",
            expect!["nothing: the cursor stands inside a word"],
        );
        check_completion(
            "x = $0\n",
            "",
            expect!["nothing: the model had nothing to add"],
        );
    }

    #[test]
    fn the_prompt_has_the_file_around_the_cursor() {
        check_prompt(
            "//- pkg/a.py\nimport os\n\ndef f(x):\n    return $0\n\nf(1)\n",
            400,
            expect![[r#"
            <|fim_prefix|>import os

            def f(x):
                return <|fim_suffix|>

            f(1)
            <|fim_middle|>"#]],
        );
    }

    #[test]
    fn far_lines_are_cut_before_near_ones_and_the_outline_stays() {
        let filler = "    filler = 'filler filler filler'\n".repeat(12);
        check_prompt(
            &format!(
                "//- a.py\nimport os\n\nclass A:\n  def f(self):\n{filler}    return $0\n\n{filler}"
            ),
            300,
            expect![[r#"
                <|fim_prefix|>import os
                class A:
                  def f(self):
                    filler = 'filler filler filler'
                    filler = 'filler filler filler'
                    filler = 'filler filler filler'
                    filler = 'filler filler filler'
                    return <|fim_suffix|>

                    filler = 'filler filler filler'
                <|fim_middle|>"#]],
        );
    }
}
