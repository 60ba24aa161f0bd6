//! The command `data-filter`: parse, plan, run, report, exit code.

use std::io::{Write, stderr};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use data_filter::args::{Args, Command, RunArgs};
use data_filter::cat::cat;
use data_filter::plan::Plan;
use data_filter::run::run;

const UNREADABLE: u8 = 1;
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Run(args) => run_command(args),
        Command::Cat(args) => cat(&args).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        // Nobody may be listening any more; the exit code still tells.
        let _ = writeln!(stderr(), "data-filter: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}

fn run_command(args: RunArgs) -> Result<ExitCode> {
    let started = Instant::now();
    let plan = Plan::check(args)?;
    let summary = run(&plan)?;
    let _ = write!(stderr(), "{}", summary.table(started.elapsed()));
    let is_all_read = summary.unreadable.files == 0 && summary.unreadable_inputs == 0;
    Ok(if is_all_read {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(UNREADABLE)
    })
}
