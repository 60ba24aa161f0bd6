//! Which LoRA adapter a document's repository is completed with.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use serde_json::Value;

/// Adapters by repository root.
#[derive(Debug, Clone, Default)]
pub struct Adapters {
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    /// As it was written; empty for every root.
    root: String,
    glob: GlobMatcher,
    adapter: PathBuf,
}

impl PartialEq for Adapters {
    fn eq(&self, other: &Adapters) -> bool {
        let rows = |adapters: &Adapters| -> Vec<(String, PathBuf)> {
            let row = |row: &Row| (row.root.clone(), row.adapter.clone());
            adapters.rows.iter().map(row).collect()
        };
        rows(self) == rows(other)
    }
}

impl Adapters {
    /// One adapter for everything.
    pub fn everywhere(adapter: PathBuf) -> Adapters {
        let glob = GlobBuilder::new("**").build();
        let rows = glob.map(|glob| Row {
            root: String::new(),
            glob: glob.compile_matcher(),
            adapter,
        });
        Adapters {
            rows: rows.into_iter().collect(),
        }
    }

    /// The option `adapters`: the path of one adapter, or an object from roots to paths. A root is
    /// the path of a folder or a glob that matches it; `~/` is the user's home.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_option(value: &Value) -> Result<Adapters, String> {
        if let Some(path) = value.as_str() {
            return Ok(Adapters::everywhere(at_home(path).into()));
        }
        let roots = value.as_object().ok_or_else(|| {
            format!(
                "the option `adapters` is a path, or an object from roots to paths, not {value}"
            )
        })?;
        let row = |(root, path): (&String, &Value)| {
            let adapter = path
                .as_str()
                .ok_or_else(|| format!("the option `adapters` has no path for `{root}`: {path}"))?;
            let pattern = at_home(root.trim_end_matches('/'));
            let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
            let glob = glob.map_err(|error| {
                format!("the option `adapters` has a root that is no glob: {error}")
            })?;
            Ok(Row {
                root: root.clone(),
                glob: glob.compile_matcher(),
                adapter: at_home(adapter).into(),
            })
        };
        let rows = roots.iter().map(row).collect::<Result<_, String>>()?;
        Ok(Adapters { rows })
    }

    /// The adapter for a document: that of the innermost folder around it which a root matches.
    pub fn of(&self, document: &Path) -> Option<&Path> {
        let folders = document.ancestors().skip(1);
        let mut matching = folders.filter_map(|folder| {
            let fits = |row: &&Row| row.glob.is_match(folder);
            self.rows.iter().find(fits)
        });
        let found = matching.next().or_else(|| self.anywhere());
        found.map(|row| row.adapter.as_path())
    }

    /// The adapter where no document has a place, as on the command line.
    pub fn default_adapter(&self) -> Option<&Path> {
        self.anywhere().map(|row| row.adapter.as_path())
    }

    fn anywhere(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.root.is_empty())
    }
}

fn at_home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(option: Value, documents: &[&str], expected: Expect) {
        let shown = match Adapters::from_option(&option) {
            Err(problem) => problem,
            Ok(adapters) => {
                let line = |document: &&str| {
                    let adapter = adapters.of(Path::new(document));
                    let adapter = adapter.map_or("none".into(), Path::to_string_lossy);
                    format!("{document}: {adapter}\n")
                };
                documents.iter().map(line).collect()
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn the_innermost_root_around_a_document_has_the_say() {
        check(
            json!({"/src/app": "app.gguf", "/src/app/vendor/*/": "vendor.gguf", "/w/**": "w.gguf"}),
            &[
                "/src/app/a.py",
                "/src/app/deep/b.py",
                "/src/app/vendor/lib/c.py",
                "/src/application/d.py",
                "/w/x/y/e.py",
                "untitled",
            ],
            expect![[r#"
                /src/app/a.py: app.gguf
                /src/app/deep/b.py: app.gguf
                /src/app/vendor/lib/c.py: vendor.gguf
                /src/application/d.py: none
                /w/x/y/e.py: w.gguf
                untitled: none
            "#]],
        );
        check(
            json!("one.gguf"),
            &["/src/a.py", "untitled"],
            expect![[r#"
            /src/a.py: one.gguf
            untitled: one.gguf
        "#]],
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        check(
            json!(3),
            &[],
            expect!["the option `adapters` is a path, or an object from roots to paths, not 3"],
        );
        check(
            json!({"/a": 3}),
            &[],
            expect!["the option `adapters` has no path for `/a`: 3"],
        );
        check(
            json!({"/a[": "a.gguf"}),
            &[],
            expect![
                "the option `adapters` has a root that is no glob: error parsing glob '/a[': unclosed character class; missing ']'"
            ],
        );
    }
}
