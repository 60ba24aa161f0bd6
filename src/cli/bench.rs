//! `midfill bench`.

mod plot;
mod replay;
mod table;

use std::process::ExitCode;

use anyhow::Result;

use super::args::BenchCommand;

pub(super) fn run(command: &BenchCommand) -> Result<ExitCode> {
    match command {
        BenchCommand::Replay(args) => replay::run(args),
    }
}
