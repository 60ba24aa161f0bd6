//! `midfill tests`: a pytest skeleton for a function, printed or put into a test file.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use super::args::TestsArgs;
use super::complete::read;
use super::docstring::replace;
use super::explain::{meant, place, project_around};
use super::{open, serve};
use crate::completion::Means;
use crate::explanation::pytests::{self, Coroutines};
use crate::explanation::study::{Study, must_be_python};

pub(super) fn run(args: &TestsArgs) -> Result<ExitCode> {
    let place = place(&args.place)?;
    must_be_python(&place.file, None)?;
    if place.lines.is_none() {
        bail!(
            "say which function: give the place as FILE:LINE, such as {}:12",
            place.file
        );
    }
    let text = read(&place.file)?;
    let study = Study::of(&place.file, &text, &meant(&text, &place, false)?)?;
    let studied = pytests::wanted(&study)?;
    let around = match args.alone {
        true => None,
        false => project_around(Path::new(&place.file)),
    };
    let (module, coroutines, habit) = match &around {
        Some((project, path)) => {
            let there = pytests::place(project, path)?;
            (
                there.module,
                there.coroutines,
                Some(project.root().join(there.path)),
            )
        }
        None => (pytests::module_of(&place.file)?, Coroutines::Run, None),
    };
    let mut skeleton = pytests::skeleton(&text, studied, &module, coroutines);
    if !args.facts {
        let model = match &args.scripted {
            Some(rules) => serve::scripted_by(rules)?,
            None => open::open(&args.model.config()?)?,
        };
        let means = Means::new(model, args.model.completion()?);
        let cases = pytests::cases(&mut skeleton, &study, studied, &means);
        let n = super::runtime()?.block_on(cases)?;
        if n > 0 {
            eprintln!("{n} of the cases are the model's: read them before you rely on them");
        }
    }
    let Some(output) = &args.output else {
        let file = pytests::merged("", None, &skeleton)?;
        std::io::stdout().lock().write_all(file.as_bytes())?;
        if let Some(habit) = habit {
            eprintln!("-o {} would put these tests there", habit.display());
        }
        return Ok(ExitCode::SUCCESS);
    };
    let cannot = || format!("cannot write {}", output.display());
    if output.exists() {
        let there = read(&output.to_string_lossy())?;
        let path = output.display().to_string();
        let whole = pytests::merged(&path, Some(&there), &skeleton)?;
        replace(output, &there, &whole)?;
    } else {
        if let Some(folder) = output.parent() {
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        let whole = pytests::merged("", None, &skeleton)?;
        let mut file = fs::File::create_new(output).with_context(cannot)?;
        file.write_all(whole.as_bytes()).with_context(cannot)?;
    }
    eprintln!("the tests of {} are in {}", skeleton.name, output.display());
    Ok(ExitCode::SUCCESS)
}
