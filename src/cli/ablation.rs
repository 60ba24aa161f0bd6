//! `midfill eval --ablation`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::args::EvalArgs;
use super::open::open;
use crate::completion::Means;
use crate::config::CompletionConfig;
use crate::evaluation::Source;
use crate::evaluation::ablation::{self, Report, Row, ablate};
use crate::evaluation::cursors::Cursor;
use crate::evaluation::repositories::Repositories;

pub(super) fn run(
    args: &EvalArgs,
    sources: &[Source],
    cursors: &[Cursor],
    config: &CompletionConfig,
) -> Result<ExitCode> {
    let known: Vec<&str> = ablation::names()
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    if let Some(unknown) = args
        .only
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        bail!(
            "there is no section or rule `{unknown}`; there are {}",
            known.join(", ")
        );
    }
    let model = open(&args.model.config()?)?;
    let report = super::runtime()?.block_on(async {
        let info = model.ready().await?;
        let progress = super::progress(cursors.len(), " cursors");
        let repositories = Repositories::read(&args.inputs);
        let bare = Means::new(model.clone(), config.clone());
        let means = |source: &Source| repositories.means(&bare, source);
        let report = ablate(sources, cursors, &args.only, &info, means, || {
            progress.inc(1)
        })
        .await?;
        progress.finish_and_clear();
        anyhow::Ok(report)
    })?;
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print(&report),
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &Report) {
    let (low, high) = report.interval;
    println!(
        "as shipped, {} cursors: exact match {:.1} %  [{low:.1}, {high:.1}], edit similarity \
         {:.1} %, {:.0} prompt tokens, shown {:.1} %, of which break the syntax {:.2} %",
        report.n_cursors,
        report.exact,
        report.similarity,
        report.n_prompt_tokens,
        report.shown,
        report.breaks_syntax,
    );
    println!(
        "\n{:16}  {:>6} {:>6}  {:>6} {:>16}  {:>11}  {:>6}  {:>6} {:>8}  {:>13}  {:>13}",
        "",
        "with",
        "w/o",
        "gain",
        "[95 %]",
        "won/lost",
        "simil.",
        "tokens",
        "per 100",
        "shown with/wo",
        "break with/wo"
    );
    for row in &report.rows {
        println!("{}", line(row));
    }
    println!("\n* is off by default for this model, and was measured by taking it in");
}

fn line(row: &Row) -> String {
    let interval = format!("[{:+.1}, {:+.1}]", row.interval.0, row.interval.1);
    let name = format!("{}{}", row.name, if row.is_default { "" } else { " *" });
    let (tokens, per_100) = match row.gain_per_100_tokens {
        Some(gain) => (format!("{:.0}", row.n_tokens), format!("{gain:+.2}")),
        None => ("–".to_owned(), "–".to_owned()),
    };
    format!(
        "{name:16}  {:6.1} {:6.1}  {:+6.1} {interval:>16}  {:>11}  {:+6.1}  {tokens:>6} {per_100:>8}  \
         {:>6.1} {:>6.1}  {:>6.2} {:>6.2}",
        row.exact_with,
        row.exact_without,
        row.gain,
        format!("{}/{}", row.n_gained, row.n_lost),
        row.similarity_gain,
        row.shown.0,
        row.shown.1,
        row.breaks_syntax.0,
        row.breaks_syntax.1,
    )
}
