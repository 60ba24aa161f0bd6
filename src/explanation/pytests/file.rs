//! The file that tests stand in: where it is, and how they come into one that is there.

use std::collections::HashSet;

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged as _;

use super::super::source::Source;
use super::{Coroutines, Refusal, Skeleton};
use crate::project::Project;

/// Where the tests of a file stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The test file, relative to the project.
    pub path: String,
    /// The dotted name to import what is tested from.
    pub module: String,
    /// How the project runs coroutines in its tests.
    pub coroutines: Coroutines,
}

/// Test files that are read to see how coroutines are run, at most.
const MOST_READ: usize = 40;

/// Where the tests of a file of a project stand: in the file that is named after it, else where its
/// other tests are, below `tests` or beside it.
///
/// # Errors
/// Where the file cannot be imported.
pub fn place(project: &Project, path: &str) -> Result<Place, Refusal> {
    let no_module = || Refusal::NoModule {
        path: path.to_owned(),
    };
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.strip_suffix(".py").ok_or_else(no_module)?;
    let module = match project.name_of(path, path) {
        Some(module) => module,
        None => super::module_of(path)?,
    };
    let stem = match stem {
        "__init__" => module.rsplit('.').next().unwrap_or(stem),
        stem => stem.trim_start_matches('_'),
    };
    let files = project.files();
    let tests: Vec<&str> = files
        .iter()
        .map(|file| &*file.path)
        .filter(|it| is_test(it))
        .collect();
    let coroutines = tests.iter().take(MOST_READ).find_map(|it| {
        let text = project.text(it)?;
        let marks = [
            ("pytest.mark.asyncio", Coroutines::Asyncio),
            ("pytest.mark.anyio", Coroutines::Anyio),
        ];
        marks
            .into_iter()
            .find(|(mark, _)| text.contains(mark))
            .map(|(_, it)| it)
    });
    let place = |path: String| Place {
        path,
        module: module.clone(),
        coroutines: coroutines.unwrap_or_default(),
    };
    let names = [format!("test_{stem}.py"), format!("{stem}_test.py")];
    let named = |path: &str| {
        names
            .iter()
            .any(|name| path.rsplit('/').next() == Some(name))
    };
    // Of several the one whose folders are most like those of the file.
    let alike = |other: &&&str| {
        let own: HashSet<&str> = folder.split('/').collect();
        other.split('/').filter(|part| own.contains(part)).count()
    };
    if let Some(there) = tests.iter().filter(|it| named(it)).max_by_key(alike) {
        return Ok(place((*there).to_owned()));
    }
    let ends = tests.iter().filter(|it| it.ends_with("_test.py")).count();
    let name = match ends * 2 > tests.len() {
        true => &names[1],
        false => &names[0],
    };
    let joined = |folder: &str| match folder.is_empty() {
        true => name.clone(),
        false => format!("{folder}/{name}"),
    };
    let root = tests.iter().find_map(|it| {
        let parts: Vec<&str> = it.split('/').collect();
        let at = parts
            .iter()
            .position(|part| matches!(*part, "tests" | "test"))?;
        Some(parts[..=at].join("/"))
    });
    let Some(root) = root else {
        return Ok(place(match tests.is_empty() {
            true => joined("tests"),
            false => joined(folder),
        }));
    };
    // A folder of the package that the tests have as well.
    let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let mirrored = (0..parts.len()).map(|from| format!("{root}/{}", parts[from..].join("/")));
    let there = mirrored
        .into_iter()
        .find(|it| files.has_below(&format!("{it}/")));
    Ok(place(joined(&there.unwrap_or(root))))
}

fn is_test(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.ends_with(".py") && (file.starts_with("test_") || file.ends_with("_test.py"))
}

/// The text of a test file with a skeleton: a new one, or `there` with what it has not yet. What it
/// has stays as it is.
///
/// # Errors
/// Where `there`, the text of `path`, has all of it.
pub fn merged(path: &str, there: Option<&str>, skeleton: &Skeleton) -> Result<String, Refusal> {
    let Some(there) = there.filter(|text| !text.trim().is_empty()) else {
        let pieces: Vec<&str> = skeleton.pieces.iter().map(|it| it.text.as_str()).collect();
        let imports = imports(&skeleton.imports);
        return Ok(format!("{imports}\n\n{}\n", pieces.join("\n\n\n")));
    };
    let source = Source::parse(there);
    let mut known: HashSet<String> = HashSet::new();
    let mut imported: HashSet<String> = HashSet::new();
    let mut behind_imports = 0;
    for statement in source.body() {
        match statement {
            Stmt::FunctionDef(one) => {
                known.insert(one.name.to_string());
            }
            Stmt::Import(one) => {
                let name = |it: &ruff_python_ast::Alias| format!("import {}", it.name);
                imported.extend(one.names.iter().filter(|it| it.asname.is_none()).map(name));
            }
            Stmt::ImportFrom(one) => {
                let module = one.module.as_ref().map_or("", |it| it.as_str());
                let name =
                    |it: &ruff_python_ast::Alias| format!("from {module} import {}", it.name);
                imported.extend(one.names.iter().filter(|it| it.asname.is_none()).map(name));
            }
            _ => {}
        }
        let is_docstring =
            matches!(statement, Stmt::Expr(one) if one.value.is_string_literal_expr());
        let is_head = matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)) || is_docstring;
        if is_head {
            let line = source.line(statement.end().to_usize());
            behind_imports = source.range_of_line(line).end;
        }
    }
    let pieces = skeleton
        .pieces
        .iter()
        .filter(|it| !known.contains(&it.name));
    let pieces: Vec<&str> = pieces.map(|it| it.text.as_str()).collect();
    let tests = skeleton
        .pieces
        .iter()
        .filter(|it| it.name.starts_with("test_"));
    if tests.into_iter().all(|it| known.contains(&it.name)) {
        let path = path.to_owned();
        return Err(Refusal::AllThere { path });
    }
    let missing = skeleton.imports.iter().filter(|it| !imported.contains(*it));
    let missing: String = missing.map(|it| format!("{it}\n")).collect();
    let (head, rest) = there.split_at(behind_imports);
    let gap = if head.is_empty() || head.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let text = format!("{head}{gap}{missing}{rest}");
    let whole = format!("{}\n\n\n{}\n", text.trim_end(), pieces.join("\n\n\n"));
    Ok(match there.contains("\r\n") {
        true => whole.replace("\r\n", "\n").replace('\n', "\r\n"),
        false => whole,
    })
}

/// Import statements in groups: the standard library, pytest, the project. Names of one module
/// stand together.
fn imports(all: &[String]) -> String {
    let mut plain: Vec<&str> = Vec::new();
    let mut from: Vec<(&str, Vec<&str>)> = Vec::new();
    for statement in all {
        let parts = statement
            .strip_prefix("from ")
            .and_then(|it| it.split_once(" import "));
        match parts {
            None => plain.push(statement),
            Some((module, name)) => match from.iter_mut().find(|(one, _)| *one == module) {
                Some((_, names)) => names.push(name),
                None => from.push((module, vec![name])),
            },
        }
    }
    let mut groups: Vec<String> = Vec::new();
    plain.sort_unstable();
    groups.extend(plain.iter().map(|it| format!("{it}\n")));
    groups.push(
        from.into_iter()
            .map(|(module, mut names)| {
                names.sort_unstable();
                format!("from {module} import {}\n", names.join(", "))
            })
            .collect(),
    );
    groups.retain(|group| !group.is_empty());
    groups.join("\n")
}
