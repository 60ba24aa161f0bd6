//! A function in a few lines, for who hovers over its name or a call of it.

use std::ops::Range;

use super::study::{Meant, Studied, Study};
use super::telling::{Links, Teller};
use crate::project::Project;

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
    let study = Study::of(path, text, &Meant::At(word.start..word.start)).ok()?;
    let line = text[..word.start].matches('\n').count() + 1;
    let of_name =
        |studied: &&Studied| studied.facts.signature.name == name && studied.facts.line == line;
    if let Some(studied) = study.functions.iter().find(of_name) {
        return Some(Summary {
            markdown: teller.summary(studied),
            word,
        });
    }
    let called = study
        .functions
        .iter()
        .flat_map(|studied| &studied.facts.calls);
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
    let study = Study::of(path, text, &Meant::At(at..at)).ok()?;
    let defined = study.functions.iter().find(|one| one.facts.line == line);
    defined.map(|studied| teller.summary(studied))
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
    fn of_other_names_nothing_is_told() {
        check("def a(x):\n    return le$0n(x)\n", expect!["nothing"]);
        check("def a(x):\n    y$0 = x\n", expect!["nothing"]);
        check("x = $0 1\n", expect!["nothing"]);
    }
}
