//! `midfill learning`: what was learnt of the user, and how to forget it.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::args::LearningArgs;
use crate::completion::taste::Taste;

pub(super) fn run(args: &LearningArgs) -> Result<ExitCode> {
    let file = Taste::default_file()
        .context("this system names no folder for the state of programs, so nothing is kept")?;
    let mut taste = Taste::open(Some(file.clone()));
    let what = taste.describe();
    let mut out = std::io::stdout().lock();
    if args.reset {
        taste
            .reset()
            .with_context(|| format!("cannot remove {}", file.display()))?;
        writeln!(out, "forgotten: {what}")?;
    } else {
        writeln!(out, "{what}\nkept in {}", file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
