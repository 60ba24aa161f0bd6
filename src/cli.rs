//! The command line: what a person types, and what they read.

mod ablation;
pub mod args;
mod bench;
mod calibrate;
mod complete;
mod docstring;
mod doctor;
mod eval;
mod explain;
mod learning;
mod open;
mod picture;
mod pytests;
mod serve;
mod why;

use std::process::ExitCode;

use args::{Args, Command};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs one command. Exit codes: 0 done, 1 done with something unreadable or amiss, 2 could not
/// run.
pub fn run(args: Args) -> ExitCode {
    let done = match args.command {
        Command::Serve(args) => serve::run(&args),
        Command::Complete(args) => complete::run(&args),
        Command::Why(args) => why::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Docstring(args) => docstring::run(&args),
        Command::Tests(args) => pytests::run(&args),
        Command::Learning(args) => learning::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Bench { what } => bench::run(&what),
        Command::Replay(args) => bench::run(&args::BenchCommand::Replay(args)),
    };
    match done {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("midfill: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether the reader of our output went away, as `head` does: it has what it wanted.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// A progress bar on standard error, hidden where that is no terminal; `unit` follows the counts.
fn progress(n: usize, unit: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}}{unit} {{eta}}"))
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(n as u64).with_style(style)
}

/// A runtime for one command: the work is the model's, which has a thread of its own.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
