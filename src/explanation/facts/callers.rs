//! Who calls a function, in its file and in the project around it.

use std::collections::HashMap;
use std::sync::Arc;

use ruff_python_ast::{Expr, Stmt};
use serde::Serialize;

use super::super::source::Source;
use super::super::target::{self, Function};
use super::callee::dotted;
use super::names::{Names, Origin, Place, Surroundings};
use super::own::{self, Own};

/// Who calls a function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Callers {
    /// The calls found: those that certainly mean the function first, then in the order of the
    /// paths; those of its own file before those of others.
    pub found: Vec<Caller>,
    /// Files looked through.
    pub n_files: usize,
    /// Whether there may be further calls: files were left out, or more was found than is told.
    pub is_cut: bool,
}

/// A call of the function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caller {
    /// The file, relative to the project's folder; `None` for the function's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The qualified name of the function that calls; `None` at a module's margin.
    pub function: Option<String>,
    /// The line of the call.
    pub line: usize,
    /// Whether the name was followed to the function. Else only the names are the same: a method
    /// is called on something whose type the text does not tell.
    pub is_certain: bool,
}

/// Files read, bytes read, and calls told for a function, at most.
const MAX_FILES: usize = 5_000;
const MAX_BYTES: usize = 64 << 20;
const MAX_FOUND: usize = 50;

/// Of calls that only have the name, so many are told: `process` is the name of too many methods.
const MAX_UNCERTAIN: usize = 10;

/// The callers of functions of one file, one list for each.
pub(super) fn of(functions: &[Function<'_>], surroundings: &Surroundings<'_>) -> Vec<Callers> {
    let source = surroundings.source;
    let mut wanted: HashMap<String, Vec<Wanted>> = HashMap::new();
    for (at, function) in functions.iter().enumerate() {
        if let Some((name, one)) = Wanted::of(at, function, source) {
            wanted.entry(name).or_default().push(one);
        }
    }
    let mut found: Vec<Callers> = vec![Callers::default(); functions.len()];
    if wanted.is_empty() {
        return found;
    }
    search(surroundings, &wanted, None, &mut found);
    let (mut n_files, mut n_bytes, mut is_cut) = (1, 0, false);
    if let Some(repository) = &surroundings.repository {
        let project = repository.project;
        let paths: Vec<Arc<str>> = (project.files().iter())
            .map(|file| Arc::clone(&file.path))
            .filter(|path| **path != *repository.path && path.ends_with(".py"))
            .collect();
        let finders: Vec<_> = (wanted.keys())
            .map(|name| memchr::memmem::Finder::new(name.as_bytes()))
            .collect();
        for path in paths {
            if n_files >= MAX_FILES || n_bytes >= MAX_BYTES {
                is_cut = true;
                break;
            }
            let Some(text) = project.text(&path) else {
                continue;
            };
            n_files += 1;
            n_bytes += text.len();
            if finders.iter().any(|finder| may_call(&text, finder)) {
                let source = Source::parse(&text);
                let around = Surroundings::within(&source, project, &path);
                search(&around, &wanted, Some((&path, repository.path)), &mut found);
            }
        }
    }
    for callers in &mut found {
        callers.found.sort_by_key(|caller| !caller.is_certain);
        callers.n_files = n_files;
        let n_certain = callers.found.partition_point(|caller| caller.is_certain);
        let most = MAX_FOUND.min(n_certain + MAX_UNCERTAIN);
        callers.is_cut = is_cut || callers.found.len() > most;
        callers.found.truncate(most);
    }
    found
}

/// Whether a text has a name followed by a bracket, but where it is defined, or imports it under
/// another name.
fn may_call(text: &str, name: &memchr::memmem::Finder<'_>) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
    name.find_iter(text.as_bytes()).any(|at| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        let after = &text[at + name.needle().len()..];
        let is_whole = !text.as_bytes()[..at].last().copied().is_some_and(is_name);
        let is_defined = before.ends_with("def") || before.ends_with("class");
        let next = after.trim_start_matches([' ', '\t', '\\', '\r', '\n']);
        is_whole && !is_defined && next.starts_with('(')
            || is_whole && after.starts_with(' ') && next.starts_with("as ")
    })
}

/// A function whose callers are looked for.
struct Wanted {
    /// Its place among those asked for.
    at: usize,
    /// The line that a name which is followed leads to: of the class for a constructor.
    line: usize,
    is_method: bool,
}

impl Wanted {
    /// With the name it is called by. `None` for what is not called by name: properties, and what
    /// Python itself calls.
    fn of(at: usize, function: &Function<'_>, source: &Source<'_>) -> Option<(String, Wanted)> {
        let name = function.def.name.as_str();
        let class = function.class();
        let (name, line) = match class {
            Some(class) if matches!(name, "__init__" | "__new__") => {
                (class.name.as_str(), source.line_of(&class.name))
            }
            Some(_) if name.starts_with("__") && name.ends_with("__") => return None,
            _ => (name, source.line_of(&function.def.name)),
        };
        let is_property = function.def.decorator_list.iter().any(|decorator| {
            let decorator = dotted(&decorator.expression);
            matches!(
                decorator.rsplit('.').next(),
                Some("property" | "cached_property" | "setter" | "deleter")
            )
        });
        let is_method = class.is_some() && !function.def.name.starts_with("__");
        let wanted = Wanted {
            at,
            line,
            is_method,
        };
        (!is_property).then(|| (name.to_owned(), wanted))
    }
}

/// Looks through one file. `other` is its path and that of the functions' file, where they differ.
fn search(
    surroundings: &Surroundings<'_>,
    wanted: &HashMap<String, Vec<Wanted>>,
    other: Option<(&str, &str)>,
    found: &mut [Callers],
) {
    let source = surroundings.source;
    let renamed: HashMap<&str, &str> = surroundings.module.renamed().collect();
    let mut look = |body: &[Stmt], names: &Names<'_, '_>, caller: Option<String>| {
        own::visit(body, &mut |part| {
            let Own::Expression(Expr::Call(call)) = part else {
                return;
            };
            let last = match &*call.func {
                Expr::Name(name) => name.id.as_str(),
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                _ => return,
            };
            // `super().__init__()` and `Base.__init__(self)` call a constructor by another name.
            let all = match last {
                "__init__" | "__new__" => None,
                _ => wanted.get(last).or_else(|| wanted.get(*renamed.get(last)?)),
            };
            let Some(all) = all else { return };
            let (origin, place) = names.resolve(&call.func);
            for one in all {
                let may_be = is_called_on_another(&call.func, names);
                if let Some(is_certain) = means(one, origin, place.as_ref(), may_be, other) {
                    found[one.at].found.push(Caller {
                        path: other.map(|(path, _)| path.to_owned()),
                        function: caller.clone(),
                        line: source.line_of(call),
                        is_certain,
                    });
                }
            }
        });
    };
    look(source.body(), &Names::of_module(surroundings), None);
    for function in target::functions(source) {
        let names = Names::of(&function, surroundings);
        look(&function.def.body, &names, Some(function.qualified_name()));
    }
}

/// Whether a method is called on something of any type: not on the method's own object, whose class
/// is known, nor on `super()`.
fn is_called_on_another(callee: &Expr, names: &Names<'_, '_>) -> bool {
    let Expr::Attribute(attribute) = callee else {
        return false;
    };
    match &*attribute.value {
        Expr::Name(name) => names.receiver() != Some(name.id.as_str()),
        Expr::Call(call) => !matches!(&*call.func, Expr::Name(name) if name.id == "super"),
        _ => true,
    }
}

/// Whether a call means the function: certainly, perhaps, or not at all.
fn means(
    wanted: &Wanted,
    origin: Origin,
    place: Option<&Place>,
    is_called_on_another: bool,
    other: Option<(&str, &str)>,
) -> Option<bool> {
    let Some(place) = place else {
        // It is not known what is called; of a method that is a perhaps.
        let is_open = matches!(
            origin,
            Origin::Unknown | Origin::Parameter | Origin::Local | Origin::Variable
        );
        return (wanted.is_method && is_called_on_another && is_open).then_some(false);
    };
    let is_its_file = match other {
        None => place.path.is_none(),
        Some((_, path)) => place.path.as_deref() == Some(path),
    };
    (is_its_file && place.line == Some(wanted.line)).then_some(true)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::project::fixture::folder;
    use crate::project::{Limits, Project};

    /// Tells the callers of every function of `app/core.py`.
    #[track_caller]
    fn check(fixture: &str, expected: Expect) {
        let dir = folder(fixture);
        let project = Project::read(dir.path(), Limits::default());
        let path = "app/core.py";
        let text = project.text(path).expect("the fixture has it");
        let source = Source::parse(&text);
        let surroundings = Surroundings::within(&source, &project, path);
        let functions = target::functions(&source);
        let mut told = String::new();
        for (function, callers) in functions.iter().zip(of(&functions, &surroundings)) {
            told.push_str(&format!("{}\n", function.qualified_name()));
            for one in callers.found {
                let path = one.path.as_deref().unwrap_or("here");
                let perhaps = if one.is_certain { "" } else { ", perhaps" };
                let function = one.function.as_deref().unwrap_or("the module");
                told.push_str(&format!("  {path}:{} {function}{perhaps}\n", one.line));
            }
        }
        expected.assert_eq(&told);
    }

    #[test]
    fn callers_are_told_apart_from_what_has_the_same_name() {
        check(
            "//- app/__init__.py\nfrom .core import run\n\
             //- app/core.py\ndef run(): pass\ndef again():\n    run()\n    return again()\n\
             class Job:\n    def __init__(self): pass\n    def start(self): run()\n    def stop(self): self.start()\n\
             run()\n\
             //- app/main.py\nfrom . import run as go, core\nfrom app.core import Job\ndef main(thing, job: Job):\n    \
             go()\n    core.run()\n    Job().start()\n    thing.start()\n    job.stop()\n\
             //- other.py\nimport subprocess\nfrom elsewhere import run\ndef f():\n    run()\n    subprocess.run()\n",
            expect![[r#"
                run
                  here:9 the module
                  here:3 again
                  here:7 Job.start
                  app/main.py:4 main
                  app/main.py:5 main
                again
                  here:4 again
                Job.__init__
                  app/main.py:6 main
                Job.start
                  here:8 Job.stop
                  app/main.py:6 main
                  app/main.py:7 main, perhaps
                Job.stop
                  app/main.py:8 main
            "#]],
        );
    }
}
