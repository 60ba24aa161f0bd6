//! Snapshot in, ghost text out.
//!
//! The walk: [`trigger`] decides whether to ask and for how much; `request` makes the job, with
//! [`prompt`] laying out what the model sees; `writing` lets the model write and ends it early by
//! dropping the generation; [`show`] sets [`copy`]s beside it, cleans up with [`trim`] and chooses;
//! `verdict` makes the answer of it.

mod ahead;
mod alternatives;
pub mod budget;
mod context;
pub mod copy;
mod doubt;
pub mod excerpt;
pub mod fim;
mod layout;
mod origin;
pub mod prompt;
mod request;
mod rhythm;
mod running;
pub mod show;
pub mod site;
mod surroundings;
pub mod taste;
pub mod trace;
pub mod trigger;
pub mod trim;
mod type_through;
mod typing;
mod verdict;
pub mod window;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::config::CompletionConfig;
use crate::model::{Model, ModelError, Priority, StopReason, Usage};
use crate::session::Snapshot;
pub use ahead::PAUSE;
pub use alternatives::Alternative;
use budget::Allowance;
pub use layout::Layouts;
pub use request::{LEFT_TO_RIGHT, Request, prepare};
pub use surroundings::{Edited, OpenFile, Surroundings};
pub use typing::{Size, Touched, Typing};
pub use writing::Written;

use prompt::Prompt;
use show::Copies;
use taste::Taste;
use trigger::{Decision, Extent};
use trim::{Applied, MissingImport};

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
    /// Whether the text ends of its own accord: the model would add nothing to its line.
    pub is_whole: bool,
    /// Mean natural log-probability of the tokens shown.
    pub score: Option<f32>,
    /// What the decision to show it, or not, was made of; `None` where there was nothing to show.
    pub judgement: Option<show::Judgement>,
    /// What may be learnt from how it ends; `None` where nobody would have been shown it unasked.
    pub shown: Option<taste::Shown>,
    /// Other texts to choose from, the most probable first; for whoever asked by hand.
    pub others: Vec<Alternative>,
    /// All that could have been shown, what the model wrote first.
    pub candidates: Vec<show::Candidate>,
    /// Clean-up rules that said something.
    pub applied: Vec<Applied>,
    /// The import that the text needs and the document has not.
    pub import: Option<MissingImport>,
    /// What it cost. Zero where the model was not asked, or stopped before it was done.
    pub usage: Usage,
    /// Why the model stopped; `None` where it was stopped.
    pub stop: Option<StopReason>,
    /// What the model was shown.
    pub prompt: Option<Prompt>,
    /// How the model was asked, such as `Qwen-Coder (prefix, suffix, middle)`; a model that cannot
    /// fill in the middle writes from left to right. `None` where no model was asked.
    pub format: Option<String>,
    /// What the model wrote, before any rule; `None` where no model wrote for this request.
    pub written: Option<Written>,
    /// Where it came from.
    pub source: Source,
    /// Where the time went.
    pub timings: Timings,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The model wrote it for this request.
    #[default]
    Model,
    /// The model was writing it for an earlier request that the user typed along with.
    Running,
    /// It was there already: a suggestion that the user types along with or came back to, or one
    /// that was written ahead.
    Remembered,
    /// Nobody was asked.
    Silence,
}

/// Where the time of an answer went. What is neither `waited` nor `model` is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timings {
    /// Waiting on purpose, for the next key.
    pub waited: Duration,
    /// Making the prompt.
    pub prepare: Duration,
    /// Between handing the job to the model and its last piece, and weighing copies. The rules that
    /// watch the pieces run within it.
    pub model: Duration,
    /// Cleaning up and deciding.
    pub judge: Duration,
}

impl Answer {
    /// Nothing to show, and why.
    pub fn silent(why: impl Into<String>) -> Answer {
        Answer {
            text: None,
            why_nothing: Some(why.into()),
            is_whole: false,
            score: None,
            judgement: None,
            shown: None,
            others: Vec::new(),
            candidates: Vec::new(),
            applied: Vec::new(),
            import: None,
            usage: Usage::default(),
            stop: None,
            prompt: None,
            written: None,
            source: Source::Silence,
            timings: Timings::default(),
            format: None,
        }
    }
}

/// What a completion works with, besides the text. Cheap to clone.
#[derive(Clone)]
pub struct Means {
    /// The model that writes.
    pub model: Model,
    /// How ghost text is made.
    pub config: CompletionConfig,
    /// What is known beyond the open document.
    pub surroundings: Arc<Surroundings>,
    /// What the last prompt of each document was laid from.
    pub layouts: Arc<Layouts>,
    /// The LoRA adapter of the document's repository.
    pub adapter: Option<PathBuf>,
    /// Which job goes first.
    pub priority: Priority,
    /// What this user takes, where that is learnt.
    pub taste: Option<Arc<Mutex<Taste>>>,
    /// What a completion may cost.
    pub allowance: Allowance,
    /// Whole lines wanted, to choose from: more than one is searched for.
    pub n_lines: usize,
    /// Who is told, after each piece, all that was written so far. It only ever grows.
    pub listener: Option<Listener>,
}

/// See [`Means::listener`].
pub type Listener = Arc<dyn Fn(&str) + Send + Sync>;

impl Means {
    /// A model and a config, with nothing known beyond the document.
    pub fn new(model: Model, config: CompletionConfig) -> Means {
        Means {
            model,
            surroundings: Arc::default(),
            layouts: Arc::default(),
            adapter: config.adapters.default_adapter().map(Path::to_owned),
            config,
            priority: Priority::Completion,
            taste: None,
            allowance: Allowance::UNLIMITED,
            n_lines: 1,
            listener: None,
        }
    }
}

/// Lines to choose from, for whoever asks by hand.
const MAX_LINES: usize = 3;

/// Completes at a place in a snapshot.
///
/// Dropping the future cancels: the model stops at once and keeps what it has read.
///
/// # Errors
/// When the model could not be loaded or cannot compute.
pub async fn complete(snapshot: &Snapshot, ask: Ask, means: &Means) -> Result<Answer, ModelError> {
    if ask.invoked {
        let n_lines = means.n_lines.max(MAX_LINES);
        return complete_by_hand(snapshot, ask.offset, n_lines, means).await;
    }
    match extent(snapshot, ask, &means.config) {
        Decision::Ask(extent) => complete_to(snapshot, ask.offset, extent, means).await,
        Decision::Silent(why) => Ok(Answer::silent(why)),
    }
}

/// Completes for whoever asks by hand, who wants to see what there is: up to `n_lines` lines to
/// choose from, of which one alone needs no search.
///
/// # Errors
/// As [`complete`].
pub async fn complete_by_hand(
    snapshot: &Snapshot,
    offset: usize,
    n_lines: usize,
    means: &Means,
) -> Result<Answer, ModelError> {
    let ask = Ask {
        offset,
        invoked: true,
    };
    let extent = match extent(snapshot, ask, &means.config) {
        Decision::Ask(extent) => extent,
        Decision::Silent(why) => return Ok(Answer::silent(why)),
    };
    let mut means = means.clone();
    means.config.min_score = f32::NEG_INFINITY;
    means.config.min_confidence = 0.0;
    let doubts = ["further_line", "further_token"];
    means.config.without.extend(doubts.map(str::to_owned));
    means.allowance.whole = Duration::MAX;
    means.n_lines = n_lines;
    complete_to(snapshot, offset, extent, &means).await
}

/// Whether to ask the model at a place, and for how much.
pub fn extent(snapshot: &Snapshot, ask: Ask, config: &CompletionConfig) -> Decision {
    let Snapshot {
        language_id, path, ..
    } = snapshot;
    if let Some(why) = config.territory.silence(language_id, path) {
        return Decision::Silent(why);
    }
    let (before, after) = snapshot.line_around(ask.offset);
    let line = trigger::Line {
        before: &before,
        after: &after,
        place: snapshot.place(ask.offset),
        invoked: ask.invoked,
    };
    trigger::decide(line, config)
}

/// Completes to a given extent, whatever the trigger would say.
///
/// # Errors
/// As [`complete`].
pub async fn complete_to(
    snapshot: &Snapshot,
    offset: usize,
    extent: Extent,
    means: &Means,
) -> Result<Answer, ModelError> {
    // Loading is nobody's time.
    means.model.ready().await?;
    let mut clock = Clock::start();
    let request = prepare(snapshot, offset, extent, means).await?;
    let prepare = clock.lap();
    let mut answer = answer(&request, means).await?;
    answer.timings.prepare = prepare;
    Ok(answer)
}

/// Lets the model write what was prepared, and looks for copies beside it, without a choice.
///
/// # Errors
/// When the model cannot compute.
pub async fn consider(request: &Request, means: &Means) -> Result<show::Considered, ModelError> {
    let written = writing::write(request, means).await?;
    show::consider(request, &written, means, Copies::All).await
}

/// Lets the model write what was prepared, and judges it.
///
/// # Errors
/// When the model cannot compute.
pub async fn answer(request: &Request, means: &Means) -> Result<Answer, ModelError> {
    let mut clock = Clock::start();
    let mut written = writing::write(request, means).await?;
    alternatives::first_lines(request, &mut written, means).await?;
    let model = clock.lap();
    let copies = match means.n_lines > 1 {
        true => Copies::All,
        false => Copies::Likely,
    };
    let considered = show::consider(request, &written, means, copies).await?;
    let weighing = considered.weighing;
    written.usage.decode += weighing;
    let mut answer = verdict::judge(request, written, considered, means);
    answer.timings = Timings {
        model: model + weighing,
        judge: clock.lap().saturating_sub(weighing),
        ..Timings::default()
    };
    Ok(answer)
}

/// Times one stage after the other.
struct Clock(Instant);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now())
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }
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
        let means = Means::new(model, CompletionConfig::default());
        let answer = block_on(complete(&snapshot, ask, &means)).expect("a scripted model answers");
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
        let means = Means::new(model, config);
        block_on(complete_to(&snapshot, offset, Extent::Line, &means))
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
                <|file_sep|>pkg/a.py
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
                <|file_sep|>a.py
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
