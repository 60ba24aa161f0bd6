//! Cursors that need another file: lines that use a name which only another file of the
//! repository defines, after CrossCodeEval (arXiv 2310.11248).
//!
//! Names and modules are told by their lines, not resolved as Python would: a name counts when the
//! import says a module path that one of the repository's other files has, and that file defines
//! the name at its outermost level. Aliased imports count by the alias.

use std::collections::HashMap;

use grammars::Language;
use ropey::Rope;

use super::Source;
use super::cursors::{Cursor, Task};
use crate::seeded::Seeded;
use crate::syntax;

/// The files that define a name at module level, by repository and name.
pub(super) struct Definitions<'a>(HashMap<(&'a str, &'a str), Vec<usize>>);

impl<'a> Definitions<'a> {
    pub(super) fn of(sources: &'a [Source]) -> Definitions<'a> {
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        for (source_idx, source) in sources.iter().enumerate() {
            for name in source.text.lines().filter_map(defined) {
                by_name
                    .entry((source.repo.as_str(), name))
                    .or_default()
                    .push(source_idx);
            }
        }
        Definitions(by_name)
    }

    /// Whether another file of the repository with this module in its path defines the name.
    fn elsewhere(&self, sources: &[Source], source_idx: usize, module: &str, name: &str) -> bool {
        let own = &sources[source_idx];
        let module = format!(".{}.", module.trim_start_matches('.'));
        self.0
            .get(&(own.repo.as_str(), name))
            .into_iter()
            .flatten()
            .any(|&other| {
                let path = sources[other].path.trim_end_matches(".py");
                other != source_idx && format!(".{}.", path.replace('/', ".")).contains(&module)
            })
    }
}

/// The name that a line at module level defines.
fn defined(line: &str) -> Option<&str> {
    let rest = ["def ", "class ", "async def "]
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword));
    let candidate = rest.unwrap_or(line);
    let end = candidate
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(candidate.len());
    let (name, after) = candidate.split_at(end);
    let after = after.trim_start();
    let assigns = after.starts_with('=') && !after.starts_with("==") || after.starts_with(':');
    (!name.is_empty() && (rest.is_some() || assigns)).then_some(name)
}

/// A random cursor in one source; `None` where it uses no such name.
pub(super) fn draw(
    sources: &[Source],
    source_idx: usize,
    definitions: &Definitions<'_>,
    seeded: &mut Seeded,
) -> Option<Cursor> {
    let text = &sources[source_idx].text;
    let python = Language::from_id("python")?;
    let tree = syntax::parse_str(python, text)?;
    let imports = syntax::imports(python, &tree, &Rope::from_str(text));
    let names: Vec<String> = imports
        .iter()
        .flat_map(|range| imported(&text[range.clone()]))
        .filter(|found| definitions.elsewhere(sources, source_idx, &found.module, &found.name))
        .map(|found| found.alias)
        .collect();
    let mut places = Vec::new();
    let mut line_start = 0;
    for line in text.split('\n') {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let is_import = ["from ", "import "]
            .iter()
            .any(|word| code.starts_with(word))
            || imports.iter().any(|range| range.contains(&line_start));
        if !is_import && !code.starts_with('#') {
            let used = names.iter().filter_map(|name| word(line, name)).min();
            places.extend(used.map(|at| (line_start, indent, at)));
        }
        line_start += line.len() + 1;
    }
    let &(line_start, indent, used) = places.get(seeded.below(places.len().max(1)))?;
    let line = text[line_start..].split('\n').next().unwrap_or_default();
    let columns: Vec<usize> = line[indent..=used.min(line.len() - 1)]
        .char_indices()
        .map(|(at, _)| indent + at)
        .collect();
    let column = columns[seeded.below(columns.len())];
    Some(Cursor {
        task: Task::CrossFile,
        source_idx,
        offset: line_start + column,
        gold: line[column..].trim_end().to_owned(),
    })
}

/// A name that `from … import …` binds.
struct Imported {
    module: String,
    name: String,
    alias: String,
}

fn imported(statement: &str) -> Vec<Imported> {
    let Some((module, names)) = statement
        .strip_prefix("from ")
        .and_then(|rest| rest.split_once(" import "))
    else {
        return Vec::new();
    };
    let module = module.trim();
    if module.trim_start_matches('.').is_empty() {
        return Vec::new();
    }
    let without_comments: Vec<&str> = names
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect();
    without_comments
        .join(" ")
        .split(',')
        .map(|name| name.trim_matches(|c: char| c.is_whitespace() || "()\\".contains(c)))
        .filter(|name| !name.is_empty() && *name != "*")
        .map(|name| {
            let (name, alias) = name.split_once(" as ").unwrap_or((name, name));
            Imported {
                module: module.to_owned(),
                name: name.trim().to_owned(),
                alias: alias.trim().to_owned(),
            }
        })
        .collect()
}

/// Where a name first stands in a line as a whole word, before any comment.
fn word(line: &str, name: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let code = line.split(" #").next().unwrap_or_default();
    code.match_indices(name).map(|(at, _)| at).find(|&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        !before.is_some_and(|c| is_word(c) || c == '.' || c == '\'' || c == '"')
            && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::cursors::draw_for;

    #[test]
    fn the_line_uses_a_name_that_another_file_defines() {
        let source = |path: &str, text: &str| Source {
            repo: "r".into(),
            path: path.into(),
            text: text.into(),
        };
        let main = "import os\nfrom pkg.store import (\n    Store,\n    LIMIT as limit,\n)\nfrom re import compile\n\n\ndef f(x):\n    # Store it\n    y = compile(x)\n    store = Store(x, size=3)\n    return store.get(y)\n";
        let sources = [
            source(
                "pkg/store.py",
                "LIMIT: int = 3\n\n\nclass Store:\n    pass\n\n\n\n\n\n",
            ),
            source("pkg/re.pyx.py", "\n\n\n\n\n\n\n\n\n\n\n"),
            source("main.py", main),
        ];
        let cursors = draw_for(Task::CrossFile, &sources, 20, 3);
        assert_eq!(cursors.len(), 20);
        let line_start = main.find("store = ").expect("it is there");
        let name = main.find("Store(").expect("it is there");
        for cursor in cursors {
            assert_eq!(cursor.source_idx, 2);
            assert!((line_start..=name).contains(&cursor.offset), "{cursor:?}");
            assert!(cursor.gold.ends_with("Store(x, size=3)"), "{cursor:?}");
        }
    }
}
