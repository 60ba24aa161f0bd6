//! `midfill replay`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::args::ReplayArgs;
use crate::evaluation::replay;

pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode> {
    let text = std::fs::read_to_string(&args.file)
        .with_context(|| format!("cannot read {} as UTF-8", args.file.display()))?;
    let from = args.from.unwrap_or(text.lines().count() / 2).max(1);
    let plan = replay::plan(&text, from - 1, args.keys)?;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut arguments = vec!["serve".to_owned()];
    arguments.extend(args.model.arguments());
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let progress = super::progress(args.keys, " keys");
    let report = replay::replay(&program, &arguments, &name, &plan, |_| progress.inc(1))?;
    progress.finish_and_clear();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("keys typed          {:8}", report.n_keys);
    println!("unanswered          {:8}", report.n_unanswered);
    println!("out of order        {:8}", report.n_out_of_order);
    println!("ghost text shown    {:8}", report.n_shown);
    println!(
        "  went on as typed  {:8}  (three characters or more)",
        report.n_useful
    );
    println!("key to answer, p50  {:8.1} ms", report.p50_ms);
    println!("               p95  {:8.1} ms", report.p95_ms);
    println!("               max  {:8.1} ms", report.max_ms);
    println!("prompt tokens reused   {:8}", report.reused);
    println!(
        "             computed  {:8}  (median at a key: {})",
        report.computed, report.computed_p50
    );
    println!("tokens written         {:8}", report.decoded);
    println!("start to model ready {:7.0} ms", report.start_ms);
    Ok(ExitCode::SUCCESS)
}
