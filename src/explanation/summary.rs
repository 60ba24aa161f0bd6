//! A function in a few lines, for who hovers over its name or a call of it.

use std::ops::Range;

use super::facts::{Facts, Surroundings};
use super::source::Source;
use super::target;
use super::telling::{Links, Teller};
use crate::project::Project;
use crate::syntax::depth;

/// A function in a few lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The lines.
    pub markdown: String,
    /// Bytes of the name that it was told of.
    pub word: Range<usize>,
}

/// What is known of the function whose name stands at an offset: the one that is defined there, or
/// the one called there, where its definition is in the same file or in the project. `None` where
/// no such name is.
pub fn at(
    path: &str,
    text: &str,
    offset: usize,
    project: Option<&Project>,
    teller: &Teller<'_>,
) -> Option<Summary> {
    let word = word_at(text, offset)?;
    let name = &text[word.clone()];
    let functions = facts_at(path, text, word.start, project)?;
    let line = text[..word.start].matches('\n').count() + 1;
    let of_name = |facts: &&Facts| facts.signature.name == name && facts.line == line;
    if let Some(facts) = functions.iter().find(of_name) {
        return Some(Summary {
            markdown: teller.summary(facts),
            word,
        });
    }
    let called = functions.iter().flat_map(|facts| &facts.calls);
    let definition = called
        .filter(|call| call.line <= line && call.callee.rsplit('.').next() == Some(name))
        .find_map(|call| {
            Some((
                call.definition.as_ref()?.path.as_deref(),
                call.definition.as_ref()?.line?,
            ))
        })?;
    let markdown = match definition {
        (None, line) => told(path, text, line, teller)?,
        (Some(there), line) => {
            let text = project?.text(there)?;
            // Its lines are those of another document.
            let plain = Teller {
                links: &Links::Plain,
                ..*teller
            };
            let place = teller.place(there, line);
            format!(
                "{}\n\n{place}\n",
                told(there, &text, line, &plain)?.trim_end()
            )
        }
    };
    Some(Summary { markdown, word })
}

/// The function that is defined on a line.
fn told(path: &str, text: &str, line: usize, teller: &Teller<'_>) -> Option<String> {
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let content = text[start..].lines().next()?;
    let at = start + content.len() - content.trim_start().len();
    let functions = facts_at(path, text, at, None)?;
    let defined = functions.iter().find(|facts| facts.line == line);
    defined.map(|facts| teller.summary(facts))
}

/// The facts of the functions at an offset, without who calls them and what may break: nobody reads
/// that here. `path` is the document's in the project, where there is one.
fn facts_at(
    path: &str,
    text: &str,
    offset: usize,
    project: Option<&Project>,
) -> Option<Vec<Facts>> {
    let read = depth::with_room(|| {
        let source = Source::parse(text);
        let target = target::find(&source, offset..offset).ok()?;
        let surroundings = match project {
            Some(project) => Surroundings::within(&source, project, path),
            None => Surroundings::of(&source),
        };
        let functions = target.functions.iter();
        let facts = functions.map(|function| Facts::of(function, &surroundings));
        Some(facts.collect())
    });
    read.ok()?
}

/// The name that an offset lies in or behind.
fn word_at(text: &str, offset: usize) -> Option<Range<usize>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let before = text.get(..offset)?;
    let start = before.trim_end_matches(is_part).len();
    let rest = &text[offset..];
    let end = offset + rest.len() - rest.trim_start_matches(is_part).len();
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::explanation::tongue::Tongue;

    #[track_caller]
    fn check(fixture: &str, expected: Expect) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let text = fixture.replacen("$0", "", 1);
        let teller = Teller {
            tongue: &Tongue::English,
            links: &Links::Plain,
        };
        let summary = at("a.py", &text, offset, None, &teller);
        let told = summary.map_or("nothing".to_owned(), |summary| {
            format!("[{}]\n{}", &text[summary.word], summary.markdown)
        });
        expected.assert_eq(&told);
    }

    #[test]
    fn a_name_tells_what_its_function_does() {
        check(
            "async def lo$0ad(path: str, *, strict=True) -> dict:\n    \"\"\"Loads it. Slowly.\"\"\"\n    if not path:\n        raise KeyError(path)\n    print(path)\n    return {}\n",
            expect![[r#"
                [load]
                ```python
                async def load(path: str, *, strict=True) -> dict
                ```

                Loads it.

                - **Raises** `KeyError` if `not path` (line 4)
                - **Reaches out to** the terminal, by `print` (line 5)
            "#]],
        );
    }

    #[test]
    fn a_call_tells_what_is_called() {
        check(
            "def a(x):\n    return b$0(x)\n\ndef b(x):\n    x.append(1)\n",
            expect![[r#"
                [b]
                ```python
                def b(x)
                ```

                - **Changes** the argument `x`, by `append` (line 5)
            "#]],
        );
    }

    #[test]
    fn a_call_of_what_another_file_defines_is_followed_there() {
        let dir = crate::project::fixture::folder(
            "//- a.py\nfrom b import load\ndef f(x):\n    return load(x)\n//- b.py\n\ndef load(path):\n    print(path)\n",
        );
        let project = Project::read(dir.path(), crate::project::Limits::default());
        let text = project.text("a.py").expect("it is there");
        let teller = Teller {
            tongue: &Tongue::English,
            links: &Links::Plain,
        };
        let offset = text.rfind("load").expect("it is called");
        let summary = at("a.py", &text, offset, Some(&project), &teller);
        expect![[r#"
            ```python
            def load(path)
            ```

            - **Reaches out to** the terminal, by `print` (line 3)

            `b.py:2`
        "#]]
        .assert_eq(&summary.expect("it is known").markdown);
    }

    #[test]
    fn of_other_names_nothing_is_told() {
        check("def a(x):\n    return le$0n(x)\n", expect!["nothing"]);
        check("def a(x):\n    y$0 = x\n", expect!["nothing"]);
        check("x = $0 1\n", expect!["nothing"]);
    }
}
