//! A trace as Markdown, to be read in an editor or a terminal.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Part, Trace};

/// Rows of a table, at most; what is behind is counted.
const MOST_ROWS: usize = 32;
/// Lines of a text, at most: half from its start, half from its end.
const MOST_LINES: usize = 24;

pub(super) fn of(trace: &Trace) -> String {
    let mut out = String::new();
    let how = if trace.invoked {
        "asked for by hand"
    } else {
        "while typing"
    };
    let head = match (&trace.shown, &trace.why_nothing) {
        (Some(_), _) => "Ghost text was shown".to_owned(),
        (None, Some(why)) => format!("No ghost text: {why}"),
        (None, None) => "No ghost text".to_owned(),
    };
    _ = writeln!(out, "# {head}\n");
    _ = writeln!(
        out,
        "{}:{}:{}, {how}\n",
        trace.path, trace.line, trace.column
    );
    let (before, after) = &trace.around;
    let ghost = trace.shown.as_ref().map(|shown| format!("⟦{shown}⟧"));
    let line = format!("{before}{}{after}", ghost.as_deref().unwrap_or("▏"));
    fenced(&mut out, &line);
    for (name, part) in &trace.parts {
        _ = writeln!(out, "\n## {name}\n");
        match part {
            Part::Facts(facts) => {
                for (name, value) in facts {
                    _ = writeln!(out, "- {name}: {}", text(value));
                }
            }
            Part::Table(columns, rows) => table(&mut out, columns, rows),
        }
    }
    out
}

fn table(out: &mut String, columns: &[&str], rows: &[Vec<Value>]) {
    // A column of texts that have lines is no column: its texts stand below, each under the name
    // of its row.
    let is_long = |idx: usize| columns[idx] == "text";
    let kept: Vec<usize> = (0..columns.len()).filter(|idx| !is_long(*idx)).collect();
    let cells: Vec<Vec<String>> = rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| {
            kept.iter()
                .map(|idx| text(&row[*idx]).replace('|', "\\|"))
                .collect()
        })
        .collect();
    let widths: Vec<usize> = kept
        .iter()
        .enumerate()
        .map(|(at, idx)| {
            let cells = cells.iter().map(|row| row[at].chars().count());
            cells.chain([columns[*idx].len(), 3]).max().unwrap_or(3)
        })
        .collect();
    let is_number = |at: usize| rows.iter().all(|row| row[kept[at]].is_number());
    let mut line = |cells: &mut dyn Iterator<Item = (usize, String)>| {
        let cells: Vec<String> = cells
            .map(|(at, cell)| match is_number(at) {
                true => format!("{cell:>0$}", widths[at]),
                false => format!("{cell:0$}", widths[at]),
            })
            .collect();
        _ = writeln!(out, "| {} |", cells.join(" | "));
    };
    line(&mut kept.iter().map(|idx| columns[*idx].to_owned()).enumerate());
    line(&mut widths.iter().enumerate().map(|(at, width)| {
        let dashes = "-".repeat(*width - 1);
        (
            at,
            if is_number(at) {
                format!("{dashes}:")
            } else {
                format!("{dashes}-")
            },
        )
    }));
    for row in cells {
        line(&mut row.into_iter().enumerate());
    }
    if rows.len() > MOST_ROWS {
        _ = writeln!(out, "\n… and {} more", rows.len() - MOST_ROWS);
    }
    for row in rows {
        for idx in (0..columns.len()).filter(|idx| is_long(*idx)) {
            _ = writeln!(out, "\n### {}\n", text(&row[0]));
            fenced(out, row[idx].as_str().unwrap_or_default());
        }
    }
}

/// A text as a block of code, its middle left out where it is long. The fence is longer than any
/// in the text.
fn fenced(out: &mut String, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let lines: Vec<&str> = text.lines().collect();
    _ = writeln!(out, "{fence}python");
    if lines.len() > MOST_LINES {
        let half = MOST_LINES / 2;
        for line in &lines[..half] {
            _ = writeln!(out, "{line}");
        }
        _ = writeln!(out, "… {} lines …", lines.len() - MOST_LINES);
        for line in &lines[lines.len() - half..] {
            _ = writeln!(out, "{line}");
        }
    } else {
        for line in lines {
            _ = writeln!(out, "{line}");
        }
    }
    _ = writeln!(out, "{fence}");
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
