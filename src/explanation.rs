//! What a function does, told from what is known of it.
//!
//! In reading order: [`source`] is a text with its tree, [`target`] finds the functions that a
//! cursor or a selection means, [`facts`] says what is true of one, and a [`study`] holds all of it.
//! An explanation has four [parts](part) in a [language](tongue); the facts are put into
//! [words](telling). Where the model can be spoken to, it is [asked](question) and its answer
//! [told](narrator) statement by statement, each held against the [code](claims). Where it can only
//! continue text, it [guesses](guess) the docstring of a function that has none.
//!
//! From the same facts [docstrings](docstring) and [tests](pytests) are written.

pub mod claims;
pub mod docstring;
pub mod facts;
pub mod guess;
pub mod narrator;
pub mod part;
pub mod problems;
pub mod pytests;
pub mod question;
pub mod source;
pub mod study;
pub mod summary;
pub mod target;
pub mod telling;
pub mod tongue;

use std::sync::Arc;

use crate::completion;
use crate::model::ModelError;
use crate::project::Project;
use crate::session::Snapshot;
use narrator::{Narrator, Told};
use part::Part;
use question::{Code, Question};
use study::Study;
use telling::{Links, Teller};
use tongue::Tongue;

/// What an explanation works with, besides the study.
#[derive(Clone, Default)]
pub struct Means {
    /// The model, and how it fills in; `None` tells the facts alone.
    pub model: Option<completion::Means>,
    /// The repository around the document, for the definitions that the model is shown.
    pub project: Option<Arc<Project>>,
    /// The language to tell it in.
    pub tongue: Tongue,
    /// How places are written.
    pub links: Links,
}

/// An explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What is explained, for a title: no Markdown.
    pub title: String,
    /// All of it: the pieces that were told on the way, one behind the other.
    pub markdown: String,
    /// Why the model said nothing, or no more: a sentence. `None` where it had its say, or none was
    /// to be asked.
    pub trouble: Option<String>,
}

/// Explains what was studied: the facts of each part at once, and behind them what the model has to
/// say. Pieces are told as they come. A model that fails costs its statements and no facts.
///
/// Dropping the future cancels: the model stops at once.
pub async fn explain(
    study: &Study,
    snapshot: &Snapshot,
    means: &Means,
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) -> Explanation {
    let mut paper = Paper::default();
    let mut trouble = None;
    let teller = Teller {
        tongue: &means.tongue,
        links: &means.links,
    };
    let mut tell = |told: Told<'_>| match told {
        Told::Markdown(piece) => {
            let piece = paper.write(piece);
            if !piece.is_empty() {
                tell(Told::Markdown(piece));
            }
        }
        Told::Read(..) => tell(told),
    };
    tell(Told::Markdown(&format!("# {}\n", teller.title(study))));
    // The facts of the first part are there before a model has read its question.
    heading(Part::Purpose, study, &teller, &mut tell);
    let mut narrator = match narrator(study, means, &mut tell).await {
        Ok(narrator) => narrator,
        Err(error) => {
            trouble = Some(error.to_string());
            None
        }
    };
    if narrator.is_none() && trouble.is_none() {
        trouble = guesses(study, snapshot, means, &teller, &mut tell)
            .await
            .err()
            .map(|it| it.to_string());
    }
    for part in Part::ALL {
        if part != Part::Purpose {
            heading(part, study, &teller, &mut tell);
        }
        let Some(speaker) = &mut narrator else {
            continue;
        };
        let link = |line: usize, text: &str| teller.link(line, text);
        let lead = format!("\n{}\n\n", teller.in_the_model_s_words());
        if let Err(error) = speaker.tell(part, &lead, &link, &mut tell).await {
            trouble = Some(error.to_string());
            narrator = None;
        }
        tell(Told::Markdown("\n"));
    }
    if let Some(trouble) = &trouble {
        tell(Told::Markdown(&format!(
            "\n{}\n",
            teller.without_model(trouble)
        )));
    }
    let title = Teller {
        tongue: &means.tongue,
        links: &Links::Plain,
    };
    let title = title.title(study).replace('`', "");
    Explanation {
        title,
        markdown: paper.text,
        trouble,
    }
}

/// Markdown as it grows, with one blank line between blocks whatever the pieces begin and end with.
#[derive(Default)]
struct Paper {
    text: String,
}

impl Paper {
    /// Writes a piece, and returns what was written of it.
    fn write(&mut self, piece: &str) -> &str {
        let start = self.text.len();
        for c in piece.chars() {
            if c != '\n' || !(self.text.is_empty() || self.text.ends_with("\n\n")) {
                self.text.push(c);
            }
        }
        &self.text[start..]
    }
}

fn heading(
    part: Part,
    study: &Study,
    teller: &Teller<'_>,
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) {
    let heading = part.heading(teller.tongue);
    let facts = teller.part(part, study);
    tell(Told::Markdown(&format!("\n## {heading}\n\n{facts}")));
}

/// Whoever speaks for the model, once it has read the question; `None` where it cannot be spoken to.
async fn narrator(
    study: &Study,
    means: &Means,
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) -> Result<Option<Narrator>, ModelError> {
    let Some(model) = &means.model else {
        return Ok(None);
    };
    let question = || question(study, means);
    Narrator::open(&model.model, question, study.known.clone(), tell).await
}

fn question(study: &Study, means: &Means) -> Question {
    let teller = Teller {
        tongue: &Tongue::English,
        links: &Links::Plain,
    };
    // The course is what the code shows best itself.
    let useful = [
        Part::Purpose,
        Part::Problems,
        Part::Improvements,
        Part::Flow,
    ];
    let facts = useful.map(|part| teller.part(part, study));
    Question {
        path: study.path.clone(),
        subject: study.subject(),
        facts: facts.to_vec(),
        code: Code::Whole(question::numbered(&study.code, study.lines.first)),
        related: question::related(study, means.project.as_deref()),
        examples: study.examples.clone(),
        tongue: means.tongue.clone(),
    }
}

/// What a model that only continues text would write as docstrings, marked as such.
async fn guesses(
    study: &Study,
    snapshot: &Snapshot,
    means: &Means,
    teller: &Teller<'_>,
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) -> Result<(), ModelError> {
    let Some(model) = &means.model else {
        return Ok(());
    };
    for studied in &study.functions {
        if let Some(docstring) = guess::docstring(snapshot, studied, model).await? {
            tell(Told::Markdown(&format!(
                "- {}\n",
                teller.guess(&studied.facts, &docstring)
            )));
        }
    }
    Ok(())
}

#[cfg(all(test, feature = "llama"))]
mod real_tests {
    use std::path::Path;

    use super::*;
    use crate::config::CompletionConfig;
    use crate::model::fixture::Gguf;
    use crate::model::{Job, LoadOptions, Model};
    use study::Meant;

    const CODE: &str = "def f(x):\n    if x:\n        raise ValueError(x)\n    return x\n";

    fn model(folder: &Path) -> Model {
        let path = folder.join("chat.gguf");
        Gguf::default().write(&path);
        Model::open(LoadOptions {
            path,
            n_ctx: Some(8192),
            n_threads: Some(1),
            gpu_layers: Some(0),
            snapshots: None,
        })
    }

    fn runtime() -> tokio::runtime::Runtime {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime needs nothing but memory")
    }

    #[test]
    fn a_real_chat_model_is_led_through_the_four_parts_in_the_language_asked_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let study = Study::of("a.py", CODE, &Meant::At(0..0)).expect("a function");
        let snapshot = Snapshot::of("a.py", CODE);
        let model = model(folder.path());
        let means = Means {
            model: Some(completion::Means::new(model, CompletionConfig::default())),
            tongue: Tongue::Chinese,
            ..Means::default()
        };
        let mut told = Vec::new();
        let mut tell = |piece: Told<'_>| {
            if let Told::Markdown(piece) = piece {
                told.push(piece.to_owned());
            }
        };
        let explained = runtime().block_on(explain(&study, &snapshot, &means, &mut tell));
        assert_eq!(explained.trouble, None);
        // The facts at once, and then what the model says, which is nonsense, as it comes.
        assert!(told.len() > 6, "{told:#?}");
        assert_eq!(told.concat(), explained.markdown);
        let headings: Vec<&str> = explained
            .markdown
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        let wanted = Part::ALL.map(|part| part.heading(&Tongue::Chinese));
        let places: Vec<_> = wanted
            .iter()
            .filter_map(|part| headings.iter().position(|heading| heading == part))
            .collect();
        assert_eq!(places.len(), 4, "{headings:?}");
        assert!(places.is_sorted(), "{headings:?}");
    }

    #[test]
    fn an_explanation_that_nobody_waits_for_leaves_the_model_free() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let study = Study::of("a.py", CODE, &Meant::At(0..0)).expect("a function");
        let snapshot = Snapshot::of("a.py", CODE);
        let model = model(folder.path());
        let means = Means {
            model: Some(completion::Means::new(
                model.clone(),
                CompletionConfig::default(),
            )),
            ..Means::default()
        };
        runtime().block_on(async {
            model.ready().await.expect("the fixture loads");
            let mut tell = |_: Told<'_>| {};
            let mut explaining = Box::pin(explain(&study, &snapshot, &means, &mut tell));
            // One look at it: the question is with the model, the answer is not there.
            tokio::select! {
                biased;
                _ = &mut explaining => panic!("nothing takes so little time"),
                () = tokio::task::yield_now() => {}
            }
            drop(explaining);
            let tokenizer = model.tokenizer().expect("it is ready");
            let mut generation = model.generate(Job {
                prompt: tokenizer.tokenize("x = "),
                max_tokens: 1,
                ..Job::default()
            });
            while generation.next().await.is_some() {}
        });
        // What was written for nobody is not written on: at most a token was under way.
        let totals = model.usage_total();
        assert!(totals.n_decoded <= 2, "{totals:?}");
    }
}
