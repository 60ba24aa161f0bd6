//! `midfill why`: completes at a place and explains what came of it.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;

use super::args::WhyArgs;
use super::complete::{offset, place, read};
use super::open::open;
use crate::completion::trace::Trace;
use crate::completion::{self, Ask, Means};
use crate::session::Snapshot;

pub(super) fn run(args: &WhyArgs) -> Result<ExitCode> {
    let place = place(&args.place)?;
    let text = read(&place.file)?;
    let ask = Ask {
        offset: offset(&text, &place)?,
        invoked: args.by_hand,
    };
    let snapshot = Snapshot::of(&place.file, &text);
    let means = Means::new(open(&args.model.config()?)?, args.model.completion()?);
    let answer = super::runtime()?.block_on(completion::complete(&snapshot, ask, &means))?;
    let trace = Trace::of(&snapshot, ask, &answer);
    let mut out = std::io::stdout().lock();
    match args.json {
        true => writeln!(out, "{:#}", trace.json())?,
        false => write!(out, "{}", trace.markdown())?,
    }
    Ok(ExitCode::SUCCESS)
}
