//! `midfill docstring`: docstrings for functions that have none, as a diff or into the file.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use similar::TextDiff;

use super::args::DocstringArgs;
use super::complete::read;
use super::explain::{meant, place, project_around};
use super::{open, progress, serve};
use crate::completion::Means;
use crate::explanation::docstring::{self, Author, Habit, Written};
use crate::explanation::study::{Study, must_be_python};
use crate::session::Snapshot;

/// Functions whose first lines are spoken of one by one, at most.
const FEW: usize = 12;

pub(super) fn run(args: &DocstringArgs) -> Result<ExitCode> {
    let place = place(&args.place)?;
    must_be_python(&place.file, None)?;
    if args.write && place.file == "-" {
        bail!("standard input cannot be changed; leave --write out, or give a file");
    }
    let text = read(&place.file)?;
    let meant = meant(&text, &place, false)?;
    let study = Study::of(&place.file, &text, &meant)?;
    docstring::wanted(&study)?;
    let habit = habit(args, &text, &place.file);
    let written = write(args, &study, &text, &habit)?;
    let (whole, written, lost) = docstring::applied(&text, written);
    match args.write {
        true => replace(Path::new(&place.file), &text, &whole)?,
        false => {
            let diff = TextDiff::from_lines(&text, &whole);
            let mut diff = diff.unified_diff();
            let diff = diff.header(&place.file, &place.file);
            std::io::stdout()
                .lock()
                .write_all(diff.to_string().as_bytes())?;
        }
    }
    report(&written);
    for refusal in &lost {
        eprintln!("midfill: {refusal}");
    }
    Ok(match lost.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    })
}

/// The habit of the file and its project, unless another is asked for.
fn habit(args: &DocstringArgs, text: &str, file: &str) -> Habit {
    let around = match args.alone || args.style.is_some() && args.lang.is_some() {
        true => None,
        false => project_around(Path::new(file)),
    };
    let around = around.as_ref();
    let mut habit = Habit::of(
        text,
        around.map(|(project, path)| (&**project, path.as_str())),
    );
    habit.style = args.style.or(habit.style);
    if let Some(tongue) = &args.lang {
        habit.tongue = tongue.clone();
    }
    habit
}

fn write(args: &DocstringArgs, study: &Study, text: &str, habit: &Habit) -> Result<Vec<Written>> {
    let wanted = docstring::wanted(study)?;
    if args.facts {
        let written = wanted
            .into_iter()
            .map(|one| docstring::from_facts(one, habit));
        return Ok(written.collect::<Result<_, _>>()?);
    }
    let model = match &args.scripted {
        Some(rules) => serve::scripted_by(rules)?,
        None => open::open(&args.model.config()?)?,
    };
    let means = Means::new(model, args.model.completion()?);
    let snapshot = Snapshot::of(&study.path, text);
    let runtime = super::runtime()?;
    let bar = progress(wanted.len(), " docstrings");
    let mut all = Vec::new();
    for studied in wanted {
        let by_model = docstring::by_model(study, studied, &snapshot, &means, habit);
        let (written, trouble) = runtime.block_on(by_model)?;
        if let Some(trouble) = trouble {
            bail!("{trouble}; --facts does without a model");
        }
        all.push(written);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// Puts a file in the place of another at once, with its permissions, unless somebody else has
/// changed it.
pub(super) fn replace(file: &Path, before: &str, text: &str) -> Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    // A link stays one.
    let file = file.canonicalize().with_context(cannot)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    fresh.write_all(text.as_bytes()).with_context(cannot)?;
    let permissions = fs::metadata(&file).with_context(cannot)?.permissions();
    fs::set_permissions(fresh.path(), permissions).with_context(cannot)?;
    fresh.as_file().sync_all().with_context(cannot)?;
    if fs::read(&file).with_context(cannot)? != before.as_bytes() {
        bail!("{} was changed meanwhile; run this again", file.display());
    }
    fresh.persist(&file).with_context(cannot)?;
    Ok(())
}

/// Tells on standard error where the first lines come from.
fn report(written: &[Written]) {
    let by = |author: Author| match author {
        Author::Name => "its name in words",
        Author::Model => "the model's",
        Author::Continuation => "the model's continuation of the code",
    };
    if written.len() <= FEW {
        for one in written {
            let (name, line, by) = (&one.name, one.line, by(one.author));
            eprintln!("{name} (line {line}): the first line is {by}");
        }
        return;
    }
    let n = |author| written.iter().filter(|one| one.author == author).count();
    eprintln!(
        "{} docstrings; the first lines are the model's in {}, its continuation in {}, names in words in {}",
        written.len(),
        n(Author::Model),
        n(Author::Continuation),
        n(Author::Name),
    );
}
