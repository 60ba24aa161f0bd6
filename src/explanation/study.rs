//! All that can be said of the functions at a place without a model.

use std::ops::Range;
use std::path::Path;

use grammars::Language;
use ruff_text_size::Ranged as _;
use serde::Serialize;

use super::claims::Known;
use super::docstring::Room;
use super::facts::{self, Docstring, Facts, Kind, ParameterKind, Surroundings};
use super::problems::ruff::{self, Ruff};
use super::problems::{self, Problem};
use super::source::{Lines, Source};
use super::target::{self, NoTarget, Target};
use crate::project::Project;
use crate::syntax;
use crate::syntax::depth;

/// The functions at a place, and what is true of them. Owns all it holds, so that it outlives the
/// tree it was read from.
#[derive(Debug, Clone, Serialize)]
pub struct Study {
    /// The document, as it was given.
    pub path: String,
    /// Lines that were meant.
    pub lines: Lines,
    /// The class, where all its methods were meant.
    pub class: Option<String>,
    /// The functions, in the order of the text.
    pub functions: Vec<Studied>,
    /// The lines that were meant, whole, without numbers.
    #[serde(skip)]
    pub code: String,
    /// Heads and docstrings of other functions of the document, as it speaks of them.
    #[serde(skip)]
    pub examples: Vec<String>,
    /// What a model's statements about them are held against.
    #[serde(skip)]
    pub known: Known,
}

/// A function and what is true of it.
#[derive(Debug, Clone, Serialize)]
pub struct Studied {
    /// What is true of it.
    #[serde(flatten)]
    pub facts: Facts,
    /// What may break in it, and what costs time or readers.
    pub problems: Vec<Problem>,
    /// Byte offset of the first statement of its body.
    #[serde(skip)]
    pub body: usize,
    /// Where a docstring of it would stand.
    #[serde(skip)]
    pub room: Option<Room>,
}

/// Which functions of a text are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// Those at a cursor (an empty range) or in a selection, in bytes.
    At(Range<usize>),
    /// All of the file, those within functions only where `nested`.
    All {
        /// Whether functions within functions are meant too.
        nested: bool,
    },
}

impl Study {
    /// Reads a text.
    ///
    /// # Errors
    /// Where there is nothing to explain, in a sentence to show.
    pub fn of(path: &str, text: &str, meant: &Meant) -> Result<Study, NoTarget> {
        Study::within(None, path, text, meant)
    }

    /// Reads a text of a project, where one is given with the text's path in it: calls are followed
    /// there, and callers are looked for in all its files. `path` is the document's name to show.
    ///
    /// # Errors
    /// Where there is nothing to explain, in a sentence to show.
    pub fn within(
        project: Option<(&Project, &str)>,
        path: &str,
        text: &str,
        meant: &Meant,
    ) -> Result<Study, NoTarget> {
        let read = depth::with_room(|| Study::read(project, path, text, meant));
        read.map_err(|_| NoTarget::NoRoom)?
    }

    fn read(
        project: Option<(&Project, &str)>,
        path: &str,
        text: &str,
        meant: &Meant,
    ) -> Result<Study, NoTarget> {
        let source = Source::parse(text);
        let target = match meant {
            Meant::At(range) => target::find(&source, range.clone())?,
            Meant::All { nested } => target::whole(&source, *nested)?,
        };
        let surroundings = match project {
            Some((project, inside)) => Surroundings::within(&source, project, inside),
            None => Surroundings::of(&source),
        };
        let all = facts::with_callers(&target.functions, &surroundings);
        let functions = target.functions.iter().zip(all);
        let every = target::functions(&source);
        let functions = functions.map(|(function, facts)| Studied {
            problems: problems_in(function, &facts, &every, &target, &surroundings),
            facts,
            body: function.def.body.first().map_or_else(
                || function.def.end().to_usize(),
                |statement| statement.start().to_usize(),
            ),
            room: Room::of(function.def, &source),
        });
        let functions: Vec<Studied> = functions.collect();
        let lines = source.lines_in(&target.range);
        let code = source.range_of_line(lines.first).start..source.range_of_line(lines.last).end;
        Ok(Study {
            path: path.to_owned(),
            lines,
            class: target.class.map(|class| class.name.to_string()),
            code: source.slice(code).to_owned(),
            examples: examples(&source, &target),
            known: known(text, &target, &functions, &source),
            functions,
        })
    }

    /// Asks ruff about the text, and adds what it says of these functions. `file` is where the text
    /// is, or would be, on disk: by it ruff finds its settings. A ruff that fails costs its findings
    /// and nothing else.
    pub fn ask(&mut self, ruff: &Ruff, text: &str, file: &Path) {
        let Some(findings) = ruff.check(text, file) else {
            return;
        };
        for studied in &mut self.functions {
            ruff::merge(&mut studied.problems, studied.facts.lines, &findings);
        }
    }

    /// What it is about, such as `Cart.put`: the class, the function, or the first of several.
    pub fn name(&self) -> &str {
        let first = || self.functions.first();
        let first = || first().map_or("", |one| one.facts.signature.qualified_name.as_str());
        self.class.as_deref().unwrap_or_else(first)
    }

    /// What it is about, for a model: `the method ...`.
    pub fn subject(&self) -> String {
        if let Some(class) = &self.class {
            return format!("the class `{class}`");
        }
        match &self.functions[..] {
            [one] => {
                let signature = &one.facts.signature;
                let kind = match signature.kind {
                    Kind::Function => "function",
                    Kind::Property => "property",
                    Kind::Method | Kind::ClassMethod | Kind::StaticMethod => "method",
                };
                format!("the {kind} `{}`", signature.qualified_name)
            }
            several => {
                let name = |one: &Studied| format!("`{}`", one.facts.signature.qualified_name);
                let names: Vec<String> = several.iter().map(name).collect();
                format!("the functions {}", names.join(", "))
            }
        }
    }
}

/// Whether a document can be explained: Python by its language or its name, or of no name at all.
///
/// # Errors
/// Where it is something else.
pub fn must_be_python(path: &str, language: Option<&Language>) -> Result<(), NoTarget> {
    let language = language.or_else(|| Language::from_path(Path::new(path)));
    match language {
        Some(language) if language.id == "python" => Ok(()),
        None if path == "-" => Ok(()),
        _ => Err(NoTarget::NotPython {
            path: path.to_owned(),
        }),
    }
}

/// The problems of a function, and of the functions within it that nobody asked about.
fn problems_in<'s>(
    function: &target::Function<'s>,
    facts: &Facts,
    every: &[target::Function<'s>],
    target: &Target<'s>,
    surroundings: &Surroundings<'s>,
) -> Vec<Problem> {
    let mut found = problems::of(function, facts, surroundings);
    let is_within = |one: &&target::Function<'_>| {
        let is_own = one.def.range() != function.def.range()
            && function.def.range().contains_range(one.def.range());
        let is_meant = |meant: &target::Function<'_>| meant.def.range() == one.def.range();
        is_own && !target.functions.iter().any(is_meant)
    };
    for inner in every.iter().filter(is_within) {
        let facts = Facts::of(inner, surroundings);
        found.extend(problems::of(inner, &facts, surroundings));
    }
    found.sort_by_key(|problem| problem.line);
    found
}

/// Documented functions that a model may take as examples, at most.
const MOST_EXAMPLES: usize = 2;

/// Characters of an example, at most.
const EXAMPLE: usize = 400;

fn examples(source: &Source<'_>, target: &Target<'_>) -> Vec<String> {
    let is_meant = |one: &target::Function<'_>| {
        let range = one.def.range();
        let start = range.start().to_usize();
        target.range.contains(&start)
            || target
                .functions
                .iter()
                .any(|meant| meant.def.range().contains(range.start()))
    };
    let functions = target::functions(source);
    let others = functions.iter().filter(|one| !is_meant(one));
    let documented = others.filter_map(|one| {
        let docstring = Docstring::of(&one.def.body, source)?;
        let first = source.line_of(&one.def.name);
        let text = source.slice(
            source.range_of_line(first).start..source.range_of_line(docstring.lines.last).end,
        );
        (text.len() <= EXAMPLE).then(|| text.trim_end().to_owned())
    });
    documented.take(MOST_EXAMPLES).collect()
}

fn known(text: &str, target: &Target<'_>, functions: &[Studied], source: &Source<'_>) -> Known {
    let mut names: std::collections::HashSet<String> =
        syntax::identifiers(text).map(str::to_owned).collect();
    for studied in functions {
        let calls = studied.facts.calls.iter();
        let definitions = calls.filter_map(|call| call.definition.as_ref());
        for definition in definitions {
            names.extend(definition.name.split('.').map(str::to_owned));
        }
    }
    let raised: Option<std::collections::HashSet<String>> = functions
        .iter()
        .flat_map(|studied| &studied.facts.exceptions.raises)
        .map(|raise| {
            let name = raise.exception.as_deref()?.rsplit('.').next()?;
            // What a variable holds may be anything.
            name.starts_with(char::is_uppercase)
                .then(|| name.to_owned())
        })
        .collect();
    let n_parameters = match functions {
        [one] => {
            let signature = &one.facts.signature;
            let is_receiver = |name: &str| name == "self" || name == "cls";
            let parameters = signature.parameters.iter();
            let counted = parameters.filter(|one| !is_receiver(&one.name));
            let has_open_end = signature.parameters.iter().any(|parameter| {
                matches!(
                    parameter.kind,
                    ParameterKind::VarPositional | ParameterKind::VarKeyword
                )
            });
            // With `*args` people count in several ways.
            (!has_open_end).then(|| counted.count())
        }
        _ => None,
    };
    let lines = source.lines_in(&target.range);
    Known {
        names,
        lines: Some(lines.first..=lines.last),
        raises: raised,
        n_parameters,
    }
}
