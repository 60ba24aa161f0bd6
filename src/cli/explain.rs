//! `midfill explain`: what the functions at a place do.

use std::env;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;

use super::args::ExplainArgs;
use super::complete::read;
use super::{open, picture, progress, serve};
use crate::completion;
use crate::explanation::narrator::Told;
use crate::explanation::problems::ruff::Ruff;
use crate::explanation::source::Source;
use crate::explanation::study::{Meant, Study, must_be_python};
use crate::explanation::target::NoTarget;
use crate::explanation::telling::Links;
use crate::explanation::tongue::Tongue;
use crate::explanation::{self, Explanation, Means};
use crate::project::{Limits, Project};
use crate::session::Snapshot;

pub(super) fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let place = place(&args.place)?;
    must_be_python(&place.file, None)?;
    let text = read(&place.file)?;
    let meant = meant(&text, &place, args.all)?;
    let around = match args.alone {
        true => None,
        false => project_around(Path::new(&place.file)),
    };
    let inside = around
        .as_ref()
        .map(|(project, path)| (&**project, path.as_str()));
    let mut study = Study::within(inside, &place.file, &text, &meant)?;
    if !args.alone {
        let root = around.as_ref().map(|(project, _)| project.root());
        if let Some(ruff) = Ruff::find(env::var_os("PATH").as_deref(), root) {
            study.ask(&ruff, &text, Path::new(&place.file));
        }
    }
    let means = Means {
        model: model(args, place.lines.is_none())?,
        tongue: match &args.lang {
            Some(tongue) => tongue.clone(),
            None => Tongue::of_the_shell(|name| env::var(name).ok()),
        },
        links: Links::Plain,
        project: around.map(|(project, _)| project),
    };
    let snapshot = Snapshot::of(&place.file, &text);
    let explained = explain(&study, &snapshot, &means, !args.json)?;
    if let Some(path) = &args.picture {
        std::fs::write(path, picture::explanation::svg(&explained.markdown))
            .with_context(|| format!("cannot write the picture {}", path.display()))?;
    }
    if args.json {
        let report = Report {
            study: &study,
            title: &explained.title,
            markdown: &explained.markdown,
        };
        let mut out = std::io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What marks the folder of a project.
const MARKS: [&str; 4] = [".git", "pyproject.toml", "setup.py", "setup.cfg"];

/// The project around a file, and the file's path in it. `None` where no folder above it is marked
/// as one: a stray script is explained alone.
pub(super) fn project_around(file: &Path) -> Option<(Arc<Project>, String)> {
    let file = file.canonicalize().ok()?;
    let is_marked = |folder: &&Path| MARKS.iter().any(|mark| folder.join(mark).exists());
    let root = file.ancestors().skip(1).find(is_marked)?;
    let parts = file.strip_prefix(root).ok()?.components();
    let parts = parts.map(|part| part.as_os_str().to_string_lossy());
    let path = parts.collect::<Vec<_>>().join("/");
    Some((Arc::new(Project::read(root, Limits::default())), path))
}

/// What a program reads.
#[derive(serde::Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    study: &'a Study,
    title: &'a str,
    /// The text that a person would have read.
    markdown: &'a str,
}

/// The model to ask; `None` for the facts alone, which is also all that is told of whole files.
fn model(args: &ExplainArgs, is_whole: bool) -> Result<Option<completion::Means>> {
    if args.facts || args.all || is_whole {
        return Ok(None);
    }
    let model = match &args.scripted {
        Some(rules) => serve::scripted_by(rules)?,
        None => open::open(&args.model.config()?)?,
    };
    Ok(Some(completion::Means::new(
        model,
        args.model.completion()?,
    )))
}

/// Explains, and prints what comes as it comes where `prints`.
fn explain(study: &Study, snapshot: &Snapshot, means: &Means, prints: bool) -> Result<Explanation> {
    let mut problem = None;
    let mut bar: Option<ProgressBar> = None;
    let mut tell = |told: Told<'_>| match told {
        Told::Markdown(piece) if prints && problem.is_none() => {
            let mut out = std::io::stdout().lock();
            let written = out.write_all(piece.as_bytes());
            problem = written.and_then(|()| out.flush()).err();
        }
        Told::Markdown(_) => {}
        Told::Read(n, of) if n < of => bar
            .get_or_insert_with(|| progress(of, " parts read"))
            .set_position(n as u64),
        Told::Read(..) => {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        }
    };
    let explained =
        super::runtime()?.block_on(explanation::explain(study, snapshot, means, &mut tell));
    match problem {
        Some(problem) => Err(problem.into()),
        None => Ok(explained),
    }
}

pub(super) fn meant(text: &str, place: &Place, all: bool) -> Result<Meant, NoTarget> {
    let Some((first, last)) = place.lines else {
        return Ok(Meant::All { nested: all });
    };
    let source = Source::parse(text);
    let n_lines = source.n_lines();
    for line in [first, last] {
        if line > n_lines {
            return Err(NoTarget::NoLine { line, n_lines });
        }
    }
    Ok(Meant::At(range(&source, first, last)))
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
pub(super) struct Place {
    pub(super) file: String,
    pub(super) lines: Option<(usize, usize)>,
}

pub(super) fn place(typed: &str) -> Result<Place> {
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
