//! The languages Midfill reads: one row per language, with its grammar and its queries by purpose.
//!
//! A query file answers one question about code (`scopes`, `outline`, `invalid`) and lives under
//! `queries/<language>/<question>.scm`. A new language is a new row in [`LANGUAGES`] and a folder
//! of queries; the tests below see to it that every language has every query and that all compile.

use std::path::Path;
use std::sync::OnceLock;

pub use tree_sitter;

use tree_sitter::Query;

/// A language: its names, its grammar and its queries.
pub struct Language {
    /// The LSP language identifier, such as `python`.
    pub id: &'static str,
    /// File name extensions without the dot.
    pub extensions: &'static [&'static str],
    /// How a line comment starts.
    pub line_comment: &'static str,
    /// Keywords that continue the statement before them, at the same indentation.
    pub clause_keywords: &'static [&'static str],
    grammar: tree_sitter_language::LanguageFn,
    outline: Source,
    scopes: Source,
    invalid: Source,
}

/// A query's text and, once asked for, the compiled query.
struct Source {
    text: &'static str,
    compiled: OnceLock<Query>,
}

impl Source {
    const fn new(text: &'static str) -> Self {
        Source {
            text,
            compiled: OnceLock::new(),
        }
    }

    fn query(&self, grammar: &tree_sitter::Language) -> &Query {
        self.compiled.get_or_init(|| {
            Query::new(grammar, self.text).expect("the query files compile: a test checks each")
        })
    }
}

/// Every language Midfill knows.
pub static LANGUAGES: [Language; 1] = [Language {
    id: "python",
    extensions: &["py", "pyi", "pyw"],
    line_comment: "#",
    clause_keywords: &["else", "elif", "except", "finally", "case"],
    grammar: tree_sitter_python::LANGUAGE,
    outline: Source::new(include_str!("../queries/python/outline.scm")),
    scopes: Source::new(include_str!("../queries/python/scopes.scm")),
    invalid: Source::new(include_str!("../queries/python/invalid.scm")),
}];

impl Language {
    /// The language with this LSP identifier.
    pub fn from_id(id: &str) -> Option<&'static Language> {
        LANGUAGES.iter().find(|language| language.id == id)
    }

    /// The language of a file, by its extension.
    pub fn from_path(path: &Path) -> Option<&'static Language> {
        let extension = path.extension()?.to_str()?;
        LANGUAGES
            .iter()
            .find(|language| language.extensions.contains(&extension))
    }

    /// The tree-sitter grammar.
    pub fn grammar(&self) -> tree_sitter::Language {
        self.grammar.into()
    }

    /// Imports worth showing a model: captures `@import`.
    pub fn outline(&self) -> &Query {
        self.outline.query(&self.grammar())
    }

    /// What the grammar lets pass although the language forbids it: captures `@invalid`.
    pub fn invalid(&self) -> &Query {
        self.invalid.query(&self.grammar())
    }

    /// Definitions that enclose a place: captures `@function` or `@class`, `@name` and `@body`.
    pub fn scopes(&self) -> &Query {
        self.scopes.query(&self.grammar())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_of_every_language_compiles() {
        for language in &LANGUAGES {
            assert!(
                language
                    .outline()
                    .capture_index_for_name("import")
                    .is_some(),
                "{}",
                language.id
            );
            assert!(
                language
                    .invalid()
                    .capture_index_for_name("invalid")
                    .is_some(),
                "{}",
                language.id
            );
            for capture in ["function", "class", "name", "body"] {
                assert!(
                    language.scopes().capture_index_for_name(capture).is_some(),
                    "{}: @{capture}",
                    language.id
                );
            }
        }
    }

    #[test]
    fn a_file_finds_its_language_by_extension() {
        let id = |path: &str| Language::from_path(Path::new(path)).map(|language| language.id);
        assert_eq!(id("a/b.py"), Some("python"));
        assert_eq!(id("stub.pyi"), Some("python"));
        assert_eq!(id("README"), None);
        assert_eq!(id("main.rs"), None);
    }
}
