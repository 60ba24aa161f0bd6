//! `midfill learning`: what was learnt of the user, and how to forget it.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::args::LearningArgs;
use crate::completion::taste::file::TasteFile;

pub(super) fn run(args: &LearningArgs) -> Result<ExitCode> {
    let path = TasteFile::default_path()
        .context("this system names no folder for the state of programs, so nothing is kept")?;
    let file = TasteFile::open(Some(path.clone()));
    let mut out = std::io::stdout().lock();
    if args.reset {
        let what = file
            .reset()
            .with_context(|| format!("cannot remove {}", path.display()))?;
        writeln!(out, "forgotten: {what}")?;
    } else {
        writeln!(out, "{}\nkept in {}", file.describe(), path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
