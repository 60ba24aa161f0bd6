//! `midfill serve`.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::args::ServeArgs;
use super::open::open;
use crate::completion::taste::file::TasteFile;
use crate::config::{Config, ModelConfig};
use crate::model::scripted::{Answer, Script};
use crate::model::{Model, ModelError};
use crate::server;
use crate::serving::Open;

pub(super) fn run(args: &ServeArgs) -> Result<ExitCode> {
    if std::io::stdin().is_terminal() {
        eprintln!(
            "midfill: this is the language server; an editor starts it and speaks to it here. \
             Press Ctrl-C to stop. `midfill complete FILE:LINE` shows a completion by hand."
        );
    }
    let open: Open = match &args.scripted {
        Some(path) => {
            let rules = rules(path)?;
            Arc::new(move |_| scripted(rules.clone()))
        }
        None => Arc::new(open_or_fail),
    };
    let given = Config {
        model: args.model.config()?,
        completion: args.model.completion()?,
        // Tests of editors leave no trace in the user's files.
        taste_file: match args.scripted {
            Some(_) => None,
            None => TasteFile::default_path(),
        },
        ..Config::default()
    };
    let said_goodbye = super::runtime()?.block_on(server::serve(
        tokio::io::stdin(),
        tokio::io::stdout(),
        given,
        open,
    ));
    // The specification, under `exit`: 0 after a shutdown request, else 1. The process ends here
    // whatever a blocked read of standard input may think, since some clients leave it open.
    std::process::exit(if said_goodbye { 0 } else { 1 })
}

/// A model whose loading fails is a model too: the server tells the editor why, and lives on.
fn open_or_fail(config: &ModelConfig) -> Model {
    open(config).unwrap_or_else(|error| {
        let error = ModelError::Gone(format!("{error:#}"));
        Model::scripted(Script::new().fails_to_load(error))
    })
}

/// A rule of a scripted model.
#[derive(Debug, Clone, Deserialize)]
struct Rule {
    ends_with: String,
    says: String,
    /// What else is said to whoever asks by hand.
    #[serde(default)]
    others: Vec<String>,
}

impl Rule {
    fn answer(&self) -> Answer {
        let first = self.says.chars().next().map_or(0, char::len_utf8);
        let (first, rest) = self.says.split_at(first);
        match self.others.is_empty() {
            true => Answer::from(self.says.as_str()),
            false => self.others.iter().fold(
                Answer::pieces([(first, -0.5), (rest, 0.0)]),
                |answer, other| answer.or(other, -2.0),
            ),
        }
    }
}

fn rules(path: &Path) -> Result<Vec<Rule>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the rules {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is not a list of {{\"ends_with\": …, \"says\": …}}",
            path.display()
        )
    })
}

/// A model that answers by the rules of a file.
///
/// # Errors
/// When the file cannot be read or understood.
pub(super) fn scripted_by(path: &Path) -> Result<Model> {
    Ok(scripted(rules(path)?))
}

/// Room for a conversation about a long function: a token is a byte.
const SCRIPTED_CONTEXT: usize = 1 << 16;

fn scripted(rules: Vec<Rule>) -> Model {
    let script = Script::new().n_ctx(SCRIPTED_CONTEXT);
    Model::scripted(script.answers(move |prompt| {
        let prefix = prompt.split("<|fim_prefix|>").nth(1).unwrap_or(prompt);
        let prefix = prefix.split("<|fim_").next().unwrap_or(prefix);
        let rule = rules.iter().find(|rule| prefix.ends_with(&rule.ends_with));
        rule.map_or_else(|| Answer::from(""), Rule::answer)
    }))
}
