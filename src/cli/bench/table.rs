//! The figures of a replay as a table to read.

use super::replay::Report;
use crate::evaluation::replay::{Figures, Spread};

/// A row: what it says, and its value for one system.
struct Row {
    name: &'static str,
    value: fn(&Figures) -> Option<f64>,
    digits: usize,
    unit: &'static str,
}

const fn row(
    name: &'static str,
    value: fn(&Figures) -> Option<f64>,
    digits: usize,
    unit: &'static str,
) -> Row {
    Row {
        name,
        value,
        digits,
        unit,
    }
}

/// A share in percent; of nothing there is none.
fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

/// A figure of a distribution that has values.
fn of(spread: Spread, figure: fn(Spread) -> f64) -> Option<f64> {
    (spread.n > 0).then(|| figure(spread))
}

#[rustfmt::skip]
static ROWS: &[Row] = &[
    row("key to ghost text, p50", |f| of(f.ghost_ms, |s| s.p50), 1, "ms"),
    row("                   p95", |f| of(f.ghost_ms, |s| s.p95), 1, "ms"),
    row("key to answer, p50", |f| of(f.answer_ms, |s| s.p50), 1, "ms"),
    row("               p95", |f| of(f.answer_ms, |s| s.p95), 1, "ms"),
    row("  where the model was asked, p50", |f| of(f.model_ms, |s| s.p50), 1, "ms"),
    row("                             p95", |f| of(f.model_ms, |s| s.p95), 1, "ms"),
    row("  reading the prompt, p50", |f| of(f.prefill_ms, |s| s.p50), 1, "ms"),
    row("  writing a token, p50", |f| of(f.token_ms, |s| s.p50), 2, "ms"),
    row("  outside the model, p50", |f| of(f.own_ms, |s| s.p50), 2, "ms"),
    row("                     p95", |f| of(f.own_ms, |s| s.p95), 2, "ms"),
    row("prompt tokens computed a key, median", |f| of(f.computed, |s| s.p50), 0, ""),
    row("                              p95", |f| of(f.computed, |s| s.p95), 0, ""),
    row("                              mean", |f| of(f.computed, |s| s.mean), 1, ""),
    row("              reused a key, mean", |f| of(f.reused, |s| s.mean), 1, ""),
    row("tokens written a key, mean", |f| of(f.decoded, |s| s.mean), 1, ""),
    row("answered without the model", |f| percent(f.n_from_memory, f.n_keys - f.n_nobody_asked), 1, "%"),
    row("keys with ghost text", |f| percent(f.n_shown, f.n_keys), 1, "%"),
    row("keys where none was wanted", |f| percent(f.n_nobody_asked, f.n_keys), 1, "%"),
    row("answers overtaken by the next key", |f| percent(f.n_overtaken, f.n_keys), 1, "%"),
    row("suggestions a 100 keys", |f| percent(f.n_suggestions, f.n_keys), 1, ""),
    row("  wrong from the first token", |f| percent(f.n_wrong, f.n_suggestions), 1, "%"),
    row("  breaking the syntax", |f| percent(f.n_breaking, f.n_suggestions), 1, "%"),
    row("  worth taking", |f| percent(f.n_taken, f.n_suggestions), 1, "%"),
    row("characters kept", |f| percent(f.n_kept_chars, f.n_chars), 1, "%"),
    row("keys saved", |f| percent(f.n_saved_keys, f.n_chars), 1, "%"),
];

/// One part an input, then the systems themselves.
pub(super) fn table(report: &Report) -> String {
    let mut out = String::new();
    for input in &report.inputs {
        let n_keys = input.figures.first().map_or(0, |figures| figures.n_keys);
        let title = format!("{} ({} lines), {n_keys} keys", input.name, input.n_lines);
        part(&mut out, &title, &report.systems, &input.figures);
    }
    if report.inputs.len() > 1 {
        part(&mut out, "all inputs", &report.systems, &report.all);
    }
    head(&mut out, "the run", &report.systems);
    let n_keys: Vec<f64> = report
        .all
        .iter()
        .map(|all| all.n_keys.max(1) as f64)
        .collect();
    let mut run = |name: &str, digits: usize, unit: &str, values: Vec<Option<f64>>| {
        line(&mut out, name, &values, digits, unit);
    };
    let runs = || report.runs.iter();
    run(
        "start to ready",
        0,
        "ms",
        runs().map(|run| Some(run.start_ms)).collect(),
    );
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    run(
        "most memory",
        1,
        "MiB",
        runs().map(|run| Some(mib(run.peak_memory))).collect(),
    );
    let a_key = |(n, keys): (Option<u64>, &f64)| n.map(|n| n as f64 / keys);
    let computed = runs()
        .map(|run| run.computed)
        .zip(&n_keys)
        .map(a_key)
        .collect();
    run("tokens computed a key, with work ahead", 1, "", computed);
    let decoded = runs()
        .map(|run| run.decoded)
        .zip(&n_keys)
        .map(a_key)
        .collect();
    run("tokens written a key, with work ahead", 1, "", decoded);
    let count = |n: usize| Some(n as f64);
    run(
        "unanswered",
        0,
        "",
        runs().map(|run| count(run.n_unanswered)).collect(),
    );
    run(
        "out of order",
        0,
        "",
        runs().map(|run| count(run.n_out_of_order)).collect(),
    );
    if report.systems.len() > 1 {
        out.push('\n');
        for about in report.about.iter().chain(&report.notes) {
            out.push_str(&format!("{about}\n"));
        }
    }
    out
}

fn part(out: &mut String, title: &str, systems: &[String], figures: &[Figures]) {
    head(out, title, systems);
    for row in ROWS {
        let values: Vec<_> = figures.iter().map(row.value).collect();
        if values.iter().any(Option::is_some) {
            line(out, row.name, &values, row.digits, row.unit);
        }
    }
    out.push('\n');
}

/// Width of the names, of a value with its unit, and of a ratio.
const WIDTHS: (usize, usize, usize) = (40, 18, 8);

fn head(out: &mut String, title: &str, systems: &[String]) {
    let (name, value, ratio) = WIDTHS;
    out.push_str(&format!("{title:name$}"));
    for (idx, system) in systems.iter().enumerate() {
        out.push_str(&format!("{system:>value$}"));
        if idx > 0 {
            out.push_str(&format!("{:>ratio$}", "ratio"));
        }
    }
    out.push('\n');
}

/// Each value, and behind that of a peer what part of it ours is.
fn line(out: &mut String, name: &str, values: &[Option<f64>], digits: usize, unit: &str) {
    let (width, room, ratio) = WIDTHS;
    let mut text = format!("  {name:0$}", width - 2);
    for (idx, value) in values.iter().enumerate() {
        let shown = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"));
        text.push_str(&format!("{shown:>0$} {unit:3}", room - 4));
        if idx > 0 {
            let part = match (values[0], value) {
                (Some(ours), Some(theirs)) if *theirs > 0.0 => format!("{:.2}", ours / theirs),
                _ => "–".to_owned(),
            };
            text.push_str(&format!("{part:>ratio$}"));
        }
    }
    out.push_str(text.trim_end());
    out.push('\n');
}
