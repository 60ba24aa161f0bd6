//! `midfill eval … --calibrate`: makes the weights of the score and says how good it is.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use super::args::EvalArgs;
use super::open::open;
use crate::completion::Means;
use crate::completion::show::features::{FEATURES, N_GENERAL};
use crate::completion::show::weights::{Question, fingerprint, user_file};
use crate::completion::show::{Origin, PRICE_OF_WRONG, Terms};
use crate::config::CompletionConfig;
use crate::evaluation::Source;
use crate::evaluation::calibration::report::{self, Folds, Rule};
use crate::evaluation::calibration::{self, Row};
use crate::evaluation::cursors::{self, Cursor, Task};
use crate::evaluation::repositories::Repositories;

/// Cursors below which weights would be chance.
const MIN_CURSORS: usize = 200;

/// Of each kind of place, its share of the cursors: people are inside a line most of the time.
const MIX: [(Task, f64); 3] = [(Task::Line, 0.7), (Task::Next, 0.2), (Task::Block, 0.1)];

pub(super) fn run(
    args: &EvalArgs,
    found: &[Source],
    config: &CompletionConfig,
) -> Result<ExitCode> {
    let model = open(&args.model.config()?)?;
    let info = model.ready_blocking()?;
    let fingerprint = fingerprint(&info);
    let kept = args.rows.as_deref().filter(|path| path.exists());
    let rows = match kept {
        Some(path) => read_rows(path)?,
        None => {
            let config = CompletionConfig {
                min_confidence: 0.0,
                ..config.clone()
            };
            let rows = ask(args, found, &Means::new(model, config))?;
            if let Some(path) = &args.rows {
                write_rows(path, &rows)?;
            }
            rows
        }
    };
    if rows.len() < MIN_CURSORS {
        bail!(
            "{} cursors are too few to learn from; give more code, or --cursors {MIN_CURSORS} or more",
            rows.len()
        );
    }
    let rows = calibration::dealt(rows);
    let folds = calibration::cross_validated(&rows, FEATURES.len());
    print_report(&rows, &folds);
    let Some(out) = args.calibrate.as_deref() else {
        return Ok(ExitCode::SUCCESS);
    };
    let weights = calibration::weights(&rows, &fingerprint);
    let out = match out == Path::new("-") {
        false => out.to_owned(),
        true => user_file(&fingerprint).context(
            "there is no configuration directory here; give a file with --calibrate FILE.json",
        )?,
    };
    if let Some(dir) = out.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    let mut text = serde_json::to_string_pretty(&weights)?;
    text.push('\n');
    write(&out, &text)?;
    let picture = out.with_extension("svg");
    write(&picture, &plot(&rows, &folds))?;
    println!("\nwritten: {} and {}", out.display(), picture.display());
    Ok(ExitCode::SUCCESS)
}

fn ask(args: &EvalArgs, found: &[Source], means: &Means) -> Result<Vec<Row>> {
    let mut cursors: Vec<Cursor> = Vec::new();
    for (task, share) in MIX {
        let n = (args.cursors as f64 * share).round() as usize;
        cursors.extend(cursors::draw_for(task, found, n, args.seed));
    }
    let repositories = Repositories::read(&args.inputs);
    let progress = super::progress(cursors.len(), "");
    let rows = super::runtime()?.block_on(async {
        let mut rows = Vec::with_capacity(cursors.len());
        for cursor in &cursors {
            let source = &found[cursor.source_idx];
            let means = repositories.means(means, source);
            rows.push(calibration::row(source, cursor, &means).await?);
            progress.inc(1);
        }
        anyhow::Ok(rows)
    });
    progress.finish_and_clear();
    rows
}

fn print_report(rows: &[Row], folds: &Folds) {
    println!(
        "{} cursors in {} repositories; each is judged by weights made without it\n",
        rows.len(),
        folds.len()
    );
    let exact = report::exact(rows, folds);
    let percent = |n: usize| 100.0 * n as f64 / exact.n.max(1) as f64;
    println!(
        "exactly right, everything answered: model {:.1} %, copy where there is another one {:.1} %, chosen {:.1} %, any {:.1} %\n",
        percent(exact.model),
        percent(exact.copy),
        percent(exact.chosen),
        percent(exact.any)
    );
    for (name, origin, question) in [
        ("model, exactly right", Origin::Model, Question::Exact),
        ("model, kept", Origin::Model, Question::Kept),
        ("copy, exactly right", Origin::Copy, Question::Exact),
        ("copy, kept", Origin::Copy, Question::Kept),
    ] {
        let found = report::reliability(&report::predictions(rows, folds, origin, question));
        println!(
            "{name}: expected calibration error {:.3}, AUC {:.3}",
            found.ece, found.auc
        );
        for bin in found.bins.iter().filter(|bin| bin.n > 0) {
            println!(
                "  predicted {:5.1} %  came true {:5.1} %  of {}",
                100.0 * bin.predicted,
                100.0 * bin.came_true,
                bin.n
            );
        }
    }
    let before = report::seen(rows, folds, Rule::MeanLogprob(-1.2));
    println!(
        "\nwhat a user sees; worth is characters kept less {PRICE_OF_WRONG} for a wrong suggestion, a cursor\n{:46}{}",
        "",
        report::SEEN
    );
    let line = |name: &str, seen: report::Seen| println!("{name:46}{seen}");
    line("mean log-probability of -1.2 or more", before);
    for (name, cut, copies) in [
        ("score, as many shown", false, false),
        ("score with shorter parts, as many shown", true, false),
        ("score with copies, as many shown", false, true),
        ("score with both, as many shown", true, true),
    ] {
        line(
            name,
            report::at_coverage(rows, folds, before.coverage(), cut, copies),
        );
    }
    let general = calibration::cross_validated(rows, N_GENERAL);
    line(
        "general score with both, as many shown",
        report::at_coverage(rows, &general, before.coverage(), true, true),
    );
    for threshold in [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8] {
        let terms = Terms {
            threshold,
            cut: true,
        };
        let rule = Rule::Score {
            terms,
            copies: true,
        };
        line(
            &format!("score with both, minConfidence {threshold}"),
            report::seen(rows, folds, rule),
        );
    }
}

fn plot(rows: &[Row], folds: &Folds) -> String {
    let general = calibration::cross_validated(rows, N_GENERAL);
    let mut score = report::predictions(rows, folds, Origin::Model, Question::Kept);
    let mut numbers = report::predictions(rows, &general, Origin::Model, Question::Kept);
    let mut mean: Vec<(f32, bool)> = rows
        .iter()
        .filter_map(|row| {
            row.offers
                .first()
                .filter(|offer| offer.origin == Origin::Model)
        })
        .map(|offer| {
            (
                offer.score.unwrap_or(f32::NEG_INFINITY),
                offer.parts[0].kept,
            )
        })
        .collect();
    calibration::svg(
        "What the model wrote, whole: kept against shown",
        &[
            ("score", report::curve(&mut score, rows.len())),
            ("score, any model", report::curve(&mut numbers, rows.len())),
            ("mean log-probability", report::curve(&mut mean, rows.len())),
        ],
    )
}

fn read_rows(path: &Path) -> Result<Vec<Row>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let rows = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>();
    rows.with_context(|| {
        format!(
            "{} holds no rows of this version; delete it",
            path.display()
        )
    })
}

fn write_rows(path: &Path, rows: &[Row]) -> Result<()> {
    let lines: Vec<String> = rows
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()?;
    write(path, &(lines.join("\n") + "\n"))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
