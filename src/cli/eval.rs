//! `midfill eval`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::args::{EvalArgs, OrderName, TaskName};
use super::open::open;
use crate::completion::Means;
use crate::config::CompletionConfig;
use crate::config::format::Order;
use crate::evaluation::cursors::{self, Cursor, Task};
use crate::evaluation::known_names::{self, Report};
use crate::evaluation::repositories::Repositories;
use crate::evaluation::rest_of_line::{self, Outcome};
use crate::evaluation::{Source, bits, sources, typing};
use crate::model::TokenTotals;
use crate::seeded::Seeded;

pub(super) fn run(args: &EvalArgs) -> Result<ExitCode> {
    let mut found = Vec::new();
    let mut n_unreadable = 0;
    for input in &args.inputs {
        let (more, unreadable) = sources(input)?;
        found.extend(more);
        n_unreadable += unreadable;
    }
    let config = CompletionConfig {
        prompt_tokens: args
            .prompt_tokens
            .unwrap_or(CompletionConfig::default().prompt_tokens),
        beam: args.beam,
        heal: !args.no_healing,
        outline: !args.no_outline,
        clean_up: !args.no_clean_up,
        min_confidence: 0.0,
        order: args.order.map(|order| match order {
            OrderName::Psm => Order::Psm,
            OrderName::Spm => Order::Spm,
        }),
        shift: args.shift,
        with: args.with.clone(),
        without: args.without.clone(),
        ..args.model.completion()?
    };
    if args.calibrate.is_some() || args.rows.is_some() {
        return super::calibrate::run(args, &found, &config);
    }
    let cursors = cursors::draw_for(task(args.task), &found, args.cursors, args.seed);
    if cursors.is_empty() {
        bail!(
            "there is no place for this task in what was given; it wants Python files of 10 lines \
             or more"
        );
    }
    if args.names {
        return check_names(args, &found, &cursors);
    }
    if args.ablation {
        return super::ablation::run(args, &found, &cursors, &config);
    }
    println!(
        "{} files, {} cursors, seed {}; task {}: exact match [95 % interval], edit similarity, answered",
        found.len(),
        cursors.len(),
        args.seed,
        clap::ValueEnum::to_possible_value(&args.task)
            .map_or_else(String::new, |value| value.get_name().to_owned()),
    );
    let mut answers = args.answers.as_ref().map(create).transpose()?;

    let copied: Vec<Outcome> = cursors
        .iter()
        .map(|cursor| rest_of_line::by_copy(&found[cursor.source_idx], cursor))
        .collect();
    line("copy from the open file", &copied, None);
    write_answers(&mut answers, "copy", &found, &cursors, &copied)?;

    let models =
        std::iter::once(args.model.model.clone()).chain(args.against.iter().cloned().map(Some));
    for path in models {
        let name = path.as_ref().map_or("shipped model".to_owned(), |path| {
            path.display().to_string()
        });
        let mut model_args = args.model.clone();
        model_args.model = path;
        let (outcomes, per_byte) = judge(&model_args, &found, &cursors, &config, args)?;
        line(&name, &outcomes, Some(per_byte));
        write_answers(&mut answers, &name, &found, &cursors, &outcomes)?;
    }
    if n_unreadable > 0 {
        eprintln!("midfill: {n_unreadable} files were not UTF-8 and were left out");
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the name check says of true code: no model is asked.
fn check_names(args: &EvalArgs, found: &[Source], cursors: &[Cursor]) -> Result<ExitCode> {
    use crate::completion::trim::names::Kind;

    let repositories = Repositories::read(&args.inputs);
    let progress = super::progress(cursors.len(), "");
    let report: Report =
        known_names::check_true_code(found, cursors, &repositories, || progress.inc(1));
    progress.finish_and_clear();
    let mut answers = args.answers.as_ref().map(create).transpose()?;
    for (cursor, finding) in &report.cases {
        let Some(out) = &mut answers else { break };
        let source = &found[cursor.source_idx];
        let line_start = source.text[..cursor.offset]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let unknown: Vec<_> = finding
            .unknown
            .iter()
            .map(|one| json!({"name": one.name, "kind": format!("{:?}", one.kind)}))
            .collect();
        writeln!(
            out,
            "{}",
            json!({
                "repo": source.repo, "path": source.path, "offset": cursor.offset,
                "before": &source.text[line_start..cursor.offset], "gold": cursor.gold,
                "unknown": unknown,
            })
        )?;
    }
    println!(
        "{} cursors in {} files, {:.1} names looked up at each; true code with a name called missing: {}",
        cursors.len(),
        found.len(),
        report.n_lookups as f64 / cursors.len() as f64,
        report.flagged
    );
    for kind in [Kind::Name, Kind::Attribute, Kind::Keyword, Kind::Import] {
        println!("{kind:?}: {}", report.of_kind(kind));
    }
    Ok(ExitCode::SUCCESS)
}

fn task(name: TaskName) -> Task {
    match name {
        TaskName::Line => Task::Line,
        TaskName::Next => Task::Next,
        TaskName::Block => Task::Block,
        TaskName::CrossFile => Task::CrossFile,
    }
}

/// One model's answers at all cursors, and its bits per byte.
fn judge(
    model_args: &super::args::ModelArgs,
    found: &[Source],
    cursors: &[Cursor],
    config: &CompletionConfig,
    args: &EvalArgs,
) -> Result<(Vec<Outcome>, f64)> {
    let model = open(&model_args.config()?)?;
    super::runtime()?.block_on(async {
        let info = model.ready().await?;
        let tokenizer = model.tokenizer().context("the model has no tokenizer")?;
        let progress = super::progress(cursors.len() + args.files, "");
        let bare = Means::new(model.clone(), config.clone());
        let repositories = Repositories::read(&args.inputs);
        let mut outcomes = Vec::with_capacity(cursors.len());
        for cursor in cursors {
            let source = &found[cursor.source_idx];
            let means = repositories.means(&bare, source);
            typing::read_before(source, cursor, args.typed, &means).await?;
            outcomes.push(rest_of_line::by_model(source, cursor, &means).await?);
            progress.inc(1);
        }
        let mut seeded = Seeded::new(args.seed);
        let mut total = bits::Scored::default();
        for _ in 0..args.files {
            let source = &found[seeded.below(found.len())];
            let scored = bits::score(source, &model, &info, &*tokenizer).await?;
            total.n_bytes += scored.n_bytes;
            total.bits += scored.bits;
            progress.inc(1);
        }
        progress.finish_and_clear();
        let TokenTotals {
            n_reused,
            n_computed,
            n_decoded,
            n_accepted,
        } = model.usage_total();
        eprintln!(
            "prompt tokens: {n_reused} reused, {n_computed} computed; decoded: {n_decoded}, of which \
             {n_accepted} were guessed"
        );
        Ok((outcomes, total.per_byte()))
    })
}

fn line(name: &str, outcomes: &[Outcome], per_byte: Option<f64>) {
    let summary = rest_of_line::summary(outcomes);
    let per_byte = per_byte.map_or(String::new(), |bits| format!("  {bits:.3} bits per byte"));
    println!(
        "{name:40} {}  {:5.1} %  {:5.1} %{per_byte}",
        summary.exact,
        summary.similarity,
        summary.answered.percent()
    );
}

fn create(path: &PathBuf) -> Result<std::io::BufWriter<std::fs::File>> {
    let file = std::fs::File::create(path)
        .with_context(|| format!("cannot write the answers to {}", path.display()))?;
    Ok(std::io::BufWriter::new(file))
}

fn write_answers(
    out: &mut Option<std::io::BufWriter<std::fs::File>>,
    name: &str,
    found: &[Source],
    cursors: &[Cursor],
    outcomes: &[Outcome],
) -> Result<()> {
    let Some(out) = out else { return Ok(()) };
    for (cursor, outcome) in cursors.iter().zip(outcomes) {
        let source = &found[cursor.source_idx];
        let before = source.text[..cursor.offset]
            .rsplit('\n')
            .next()
            .unwrap_or_default();
        writeln!(
            out,
            "{}",
            json!({
                "by": name, "repo": source.repo, "path": source.path, "offset": cursor.offset,
                "before": before, "gold": cursor.gold, "answer": outcome.answer,
                "score": outcome.score, "why_nothing": outcome.why_nothing, "import": outcome.import, "exact": outcome.exact, "similarity": outcome.similarity,
            })
        )?;
    }
    out.flush()?;
    Ok(())
}
