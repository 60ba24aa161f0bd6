//! Arguments of the commands that write docstrings and tests.

use std::path::PathBuf;

use super::ModelArgs;
use crate::explanation::docstring::Style;
use crate::explanation::tongue::Tongue;

/// `midfill docstring`.
#[derive(Debug, clap::Args)]
pub struct DocstringArgs {
    /// FILE:LINE, FILE:LINE-LINE or FILE, lines counted from 1; `-` reads standard input to its end.
    pub place: String,
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The style; without it that of the file's docstrings, or of the project's.
    #[arg(long)]
    pub style: Option<Style>,
    /// The language of its words, such as `en` or `zh`; without it that of the file's docstrings.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Tongue>,
    /// Change the file instead of showing what would be changed.
    #[arg(long)]
    pub write: bool,
    /// The facts alone: no model is asked.
    #[arg(long)]
    pub facts: bool,
    /// The file alone: nothing of the project around it.
    #[arg(long)]
    pub alone: bool,
    /// Answer from a file of rules instead of a model, for tests.
    #[arg(long, value_name = "FILE.json", hide = true)]
    pub scripted: Option<PathBuf>,
}

/// `midfill tests`.
#[derive(Debug, clap::Args)]
pub struct TestsArgs {
    /// FILE:LINE, lines counted from 1; `-:LINE` reads standard input to its end.
    pub place: String,
    /// Put the tests into this file: a new one, or behind what it has.
    #[arg(short, long, value_name = "FILE.py")]
    pub output: Option<PathBuf>,
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The facts alone: no model is asked.
    #[arg(long)]
    pub facts: bool,
    /// The file alone: nothing of the project around it.
    #[arg(long)]
    pub alone: bool,
    /// Answer from a file of rules instead of a model, for tests.
    #[arg(long, value_name = "FILE.json", hide = true)]
    pub scripted: Option<PathBuf>,
}
