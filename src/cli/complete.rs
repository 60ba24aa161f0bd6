//! `midfill complete`: the file around the cursor with the ghost text set apart.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::args::CompleteArgs;
use super::open::open;
use super::picture;
use crate::completion::{self, Answer, Means};
use crate::session::Snapshot;

pub(super) fn run(args: &CompleteArgs) -> Result<ExitCode> {
    let place = place(&args.place)?;
    let text = read(&place.file)?;
    let offset = offset(&text, &place)?;
    let snapshot = Snapshot::of(&place.file, &text);
    if snapshot.language.is_none() && place.file != "-" {
        eprintln!(
            "midfill: {} is not Python; the model was trained on nothing else",
            place.file
        );
    }
    let model = open(&args.model.config()?)?;
    let config = args.model.completion()?;
    let config = match args.raw {
        true => config.raw(),
        false => config,
    };
    let means = Means::new(model, config);
    let n_lines = usize::from(args.candidates);
    let answer = super::runtime()?.block_on(completion::complete_by_hand(
        &snapshot, offset, n_lines, &means,
    ))?;
    if let Some(path) = &args.picture {
        let picture = picture::svg(&text, offset, answer.text.as_deref(), args.around);
        std::fs::write(path, picture)
            .with_context(|| format!("cannot write the picture {}", path.display()))?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report(&answer, &text, offset))
            .map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        write!(
            out,
            "{}",
            shown(&text, offset, answer.text.as_deref(), args.around, colour)
        )?;
        for other in &answer.others {
            let shown = shown(&text, offset, Some(&other.text), args.around, colour);
            write!(out, "\n{shown}")?;
        }
        if let Some(why) = &answer.why_nothing {
            eprintln!("midfill: nothing to show: {why}");
        }
        let usage = &answer.usage;
        eprintln!(
            "{} prompt tokens in {:.0} ms, {} written in {:.0} ms",
            usage.n_computed + usage.n_reused,
            usage.prefill.as_secs_f64() * 1000.0,
            usage.n_decoded,
            usage.decode.as_secs_f64() * 1000.0,
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A place as typed, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    line: Option<usize>,
    column: Option<usize>,
}

pub(super) fn place(typed: &str) -> Result<Place> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
    let parts: Vec<&str> = typed.rsplitn(3, ':').collect();
    let place = match *parts {
        [column, line, file] if number(column).is_some() && number(line).is_some() => Place {
            file: file.to_owned(),
            line: number(line),
            column: number(column),
        },
        [line, ..] if parts.len() > 1 && number(line).is_some() => {
            let file = &typed[..typed.len() - line.len() - 1];
            Place {
                file: file.to_owned(),
                line: number(line),
                column: None,
            }
        }
        _ => Place {
            file: typed.to_owned(),
            line: None,
            column: None,
        },
    };
    if place.file.is_empty() {
        bail!("give the place as FILE:LINE:COLUMN, such as app.py:12:20");
    }
    Ok(place)
}

pub(super) fn read(file: &str) -> Result<String> {
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
    } else {
        bytes = std::fs::read(Path::new(file))
            .with_context(|| format!("cannot read {file}; give the place as FILE:LINE:COLUMN"))?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow::anyhow!("{file} is not UTF-8 (byte {at}); save it as UTF-8 and try again")
    })
}

pub(super) fn offset(text: &str, place: &Place) -> Result<usize> {
    let Some(line) = place.line else {
        return Ok(text.len());
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // The empty line behind the last line break is a place too.
    let n_lines = lines.len() + usize::from(text.is_empty() || text.ends_with('\n'));
    if line > n_lines {
        bail!(
            "{} has {n_lines} lines, so there is no line {line}",
            place.file
        );
    }
    let start: usize = lines.iter().take(line - 1).map(|line| line.len()).sum();
    let content = lines
        .get(line - 1)
        .map_or("", |line| line.trim_end_matches(['\n', '\r']));
    let n_columns = content.chars().count() + 1;
    let column = place.column.unwrap_or(n_columns);
    if column > n_columns {
        bail!(
            "line {line} of {} has {n_columns} columns, so there is no column {column}",
            place.file
        );
    }
    let in_line = content
        .char_indices()
        .nth(column - 1)
        .map_or(content.len(), |(at, _)| at);
    Ok(start + in_line)
}

fn report(answer: &Answer, text: &str, offset: usize) -> serde_json::Value {
    let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    json!({
        "offset": offset,
        "line": text[..offset].matches('\n').count() + 1,
        "column": text[line_start..offset].chars().count() + 1,
        "text": answer.text,
        "why_nothing": answer.why_nothing,
        "score": answer.score,
        "others": answer.others.iter().map(|other| &other.text).collect::<Vec<_>>(),
        "rules": answer.applied,
        "stop": answer.stop,
        "usage": {
            "reused": answer.usage.n_reused,
            "computed": answer.usage.n_computed,
            "decoded": answer.usage.n_decoded,
            "prefill_ms": answer.usage.prefill.as_secs_f64() * 1000.0,
            "decode_ms": answer.usage.decode.as_secs_f64() * 1000.0,
        },
        "prompt_tokens": answer.prompt.as_ref().map(|prompt| &prompt.tokens),
        "sections": answer.prompt.iter().flat_map(|prompt| &prompt.sections).map(|section| {
            json!({"name": section.name, "tokens": section.n_tokens, "text": section.text})
        }).collect::<Vec<_>>(),
    })
}

/// The lines around the cursor, numbered, the completion in grey italics or between ⟦ ⟧.
fn shown(text: &str, offset: usize, ghost: Option<&str>, around: usize, colour: bool) -> String {
    let (open, close) = if colour {
        ("\x1b[3;90m", "\x1b[0m")
    } else {
        ("⟦", "⟧")
    };
    let before: Vec<&str> = text[..offset].split('\n').collect();
    let after: Vec<&str> = text[offset..].split('\n').collect();
    let first = before.len().saturating_sub(around + 1);
    let mut whole = before[first..].join("\n");
    for (n, line) in ghost.unwrap_or_default().split('\n').enumerate() {
        if n > 0 {
            whole.push('\n');
        }
        if !line.is_empty() {
            let code = line.trim_start();
            let indent = &line[..line.len() - code.len()];
            whole.push_str(&format!("{indent}{open}{code}{close}"));
        }
    }
    whole.push_str(&after[..after.len().min(around + 1)].join("\n"));
    let mut out = String::new();
    for (n, line) in whole.trim_end_matches('\n').split('\n').enumerate() {
        out.push_str(&format!(
            "{:4} │ {}\n",
            first + n + 1,
            line.trim_end_matches('\r')
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[track_caller]
    fn check_place(typed: &str, file: &str, line: Option<usize>, column: Option<usize>) {
        let expected = Place {
            file: file.to_owned(),
            line,
            column,
        };
        assert_eq!(place(typed).expect("a place"), expected);
    }

    #[test]
    fn a_place_is_a_file_with_a_line_and_a_column_or_less() {
        check_place("a.py:3:7", "a.py", Some(3), Some(7));
        check_place("a.py:3", "a.py", Some(3), None);
        check_place("a.py", "a.py", None, None);
        check_place("C:\\a.py:3", "C:\\a.py", Some(3), None);
        check_place("odd:name.py", "odd:name.py", None, None);
        assert!(place("").is_err());
    }

    #[test]
    fn places_behind_the_end_are_told_in_plain_words() {
        let at = |line, column| {
            let place = Place {
                file: "a.py".into(),
                line: Some(line),
                column,
            };
            offset("é = 1\r\nx\n", &place).map_err(|error| error.to_string())
        };
        assert_eq!(at(1, Some(2)), Ok(2));
        assert_eq!(at(1, None), Ok(6));
        assert_eq!(at(3, None), Ok(10));
        expect!["a.py has 3 lines, so there is no line 4"]
            .assert_eq(&at(4, None).expect_err("there is none"));
        expect!["line 1 of a.py has 6 columns, so there is no column 9"]
            .assert_eq(&at(1, Some(9)).expect_err("there is none"));
    }

    #[test]
    fn the_completion_is_set_apart() {
        let text = "import os\ndef f(x):\n    \n\nf(1)\n";
        let lines = shown(text, 24, Some("y = x\n    return y"), 1, false);
        expect![[r#"
            a.py
               2 │ def f(x):
               3 │     ⟦y = x⟧
               4 │     ⟦return y⟧
        "#]]
        .assert_eq(&format!("a.py\n{lines}"));
    }
}
