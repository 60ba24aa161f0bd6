//! Reads the arguments, sets up the log, runs one command.

use std::process::ExitCode;

use clap::Parser as _;
use midfill::cli;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // The log goes to standard error: standard output belongs to the protocol and to answers.
    // User code is never logged above `trace`.
    let filter = EnvFilter::try_from_env("MIDFILL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    cli::run(cli::args::Args::parse())
}
