//! `midfill explain`: what is true of the functions at a place.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use grammars::Language;

use super::args::ExplainArgs;
use super::complete::read;
use crate::explanation::facts::{Facts, Surroundings};
use crate::explanation::source::{Lines, Source};
use crate::explanation::target::{self, NoTarget, Target};

pub(super) fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let place = place(&args.place)?;
    let is_python = Language::from_path(Path::new(&place.file)).is_some();
    if !is_python && place.file != "-" {
        let path = place.file.clone();
        return Err(NoTarget::NotPython { path }.into());
    }
    let text = read(&place.file)?;
    let source = Source::parse(&text);
    let target = find(&source, &place, args.all)?;
    let surroundings = Surroundings::of(&source);
    let facts = target
        .functions
        .iter()
        .map(|function| Facts::of(function, &surroundings));
    let report = Report {
        path: &place.file,
        lines: source.lines_in(&target.range),
        class: target.class.map(|class| class.name.as_str()),
        functions: facts.collect(),
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(ExitCode::SUCCESS)
}

/// What is printed.
#[derive(serde::Serialize)]
struct Report<'a> {
    path: &'a str,
    /// The lines meant: of the functions, or of the selection widened to whole statements.
    lines: Lines,
    /// The class, where a class was meant and not one of its methods.
    class: Option<&'a str>,
    functions: Vec<Facts>,
}

fn find<'s>(source: &'s Source<'_>, place: &Place, all: bool) -> Result<Target<'s>, NoTarget> {
    let Some((first, last)) = place.lines else {
        return target::whole(source, all);
    };
    let n_lines = source.n_lines();
    for line in [first, last] {
        if line > n_lines {
            return Err(NoTarget::NoLine { line, n_lines });
        }
    }
    target::find(source, range(source, first, last))
}

/// Lines as a selection; a single one as a cursor at its first word.
fn range(source: &Source<'_>, first: usize, last: usize) -> Range<usize> {
    if first != last {
        return source.range_of_line(first).start..source.range_of_line(last).end;
    }
    let line = source.text_of_line(first);
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    let at = source.range_of_line(first).start + blank;
    at..at
}

/// A place as typed, lines counted from 1.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    file: String,
    lines: Option<(usize, usize)>,
}

fn place(typed: &str) -> Result<Place> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
    let lines = |text: &str| match text.split_once('-') {
        Some((first, last)) => Some((number(first)?, number(last)?)),
        None => number(text).map(|line| (line, line)),
    };
    let place = match typed.rsplit_once(':') {
        Some((file, tail)) if lines(tail).is_some() => Place {
            file: file.to_owned(),
            lines: lines(tail),
        },
        _ => Place {
            file: typed.to_owned(),
            lines: None,
        },
    };
    match place.lines {
        _ if place.file.is_empty() => bail!("give the place as FILE:LINE, such as app.py:12"),
        Some((first, last)) if first > last => {
            bail!("the lines {first}-{last} end before they start; give them as FILE:LINE-LINE")
        }
        _ => Ok(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_place(typed: &str, file: &str, lines: Option<(usize, usize)>) {
        let file = file.to_owned();
        assert_eq!(place(typed).expect("a place"), Place { file, lines });
    }

    #[test]
    fn a_place_is_a_file_with_a_line_or_several_or_none() {
        check_place("a.py:3", "a.py", Some((3, 3)));
        check_place("a.py:3-7", "a.py", Some((3, 7)));
        check_place("a.py", "a.py", None);
        check_place("C:\\a.py:3", "C:\\a.py", Some((3, 3)));
        check_place("odd:name.py", "odd:name.py", None);
        assert!(place("a.py:7-3").is_err());
        assert!(place(":3").is_err());
    }
}
