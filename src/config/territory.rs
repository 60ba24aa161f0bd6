//! Where ghost text is wanted: in which languages, and in which files not.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use serde_json::Value;

/// Languages and files in which ghost text is offered.
#[derive(Debug, Clone, Default)]
pub struct Territory {
    /// Language identifiers as the client gives them; `*` stands for those not listed.
    languages: BTreeMap<String, bool>,
    /// Globs as written, and compiled.
    exclude: Vec<(String, GlobMatcher)>,
}

impl PartialEq for Territory {
    fn eq(&self, other: &Territory) -> bool {
        let globs = |territory: &Territory| -> Vec<String> {
            let globs = territory.exclude.iter();
            globs.map(|(glob, _)| glob.clone()).collect()
        };
        self.languages == other.languages && globs(self) == globs(other)
    }
}

impl Territory {
    /// The option `languages`: an object from language identifiers to whether ghost text is
    /// wanted, with `*` for all others; or the list of those where it is. `None` for anything
    /// else.
    pub fn set_languages(&mut self, value: &Value) -> Option<()> {
        self.languages = match value {
            Value::Object(wanted) => wanted
                .iter()
                .map(|(id, wanted)| Some((id.clone(), wanted.as_bool()?)))
                .collect::<Option<_>>()?,
            Value::Array(ids) => ids
                .iter()
                .map(|id| Some((id.as_str()?.to_owned(), true)))
                .chain([Some(("*".to_owned(), false))])
                .collect::<Option<_>>()?,
            _ => return None,
        };
        Some(())
    }

    /// The option `exclude`: a list of globs. One without a slash means files of that name
    /// anywhere. `None` where one is no glob.
    pub fn set_exclude(&mut self, value: &Value) -> Option<()> {
        let glob = |value: &Value| {
            let written = value.as_str()?;
            let pattern = match written.contains('/') {
                true => written.trim_start_matches('/').to_owned(),
                false => format!("**/{written}"),
            };
            let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
            Some((written.to_owned(), glob.ok()?.compile_matcher()))
        };
        self.exclude = value.as_array()?.iter().map(glob).collect::<Option<_>>()?;
        Some(())
    }

    /// Why ghost text is unwanted in a document, if it is. `path` is relative to the workspace.
    pub fn silence(&self, language_id: &str, path: &str) -> Option<String> {
        let wanted = self
            .languages
            .get(language_id)
            .or_else(|| self.languages.get("*"));
        if wanted == Some(&false) {
            return Some(format!("`languages` switches it off in {language_id}"));
        }
        let (glob, _) = self.exclude.iter().find(|(_, glob)| glob.is_match(path))?;
        Some(format!("`exclude` has {glob}"))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(languages: &Value, exclude: &Value, document: (&str, &str), expected: Expect) {
        let mut territory = Territory::default();
        territory.set_languages(languages).expect("well formed");
        territory.set_exclude(exclude).expect("well formed");
        let (language_id, path) = document;
        let silence = territory.silence(language_id, path);
        expected.assert_eq(&silence.unwrap_or_else(|| "wanted".to_owned()));
    }

    #[test]
    fn languages_are_switched_one_by_one_or_listed() {
        let but_markdown = json!({"markdown": false});
        let nothing = json!([]);
        check(
            &but_markdown,
            &nothing,
            ("python", "a.py"),
            expect!["wanted"],
        );
        check(
            &but_markdown,
            &nothing,
            ("markdown", "a.md"),
            expect!["`languages` switches it off in markdown"],
        );
        check(
            &json!(["python"]),
            &nothing,
            ("plaintext", "a.txt"),
            expect!["`languages` switches it off in plaintext"],
        );
        check(
            &json!({"*": false, "python": true}),
            &nothing,
            ("python", "a.py"),
            expect!["wanted"],
        );
    }

    #[test]
    fn files_are_excluded_by_name_or_by_path() {
        let all = json!({});
        let exclude = json!([".env*", "secrets/**"]);
        check(
            &all,
            &exclude,
            ("dotenv", "deploy/.env.local"),
            expect!["`exclude` has .env*"],
        );
        check(
            &all,
            &exclude,
            ("python", "secrets/a/b.py"),
            expect!["`exclude` has secrets/**"],
        );
        check(
            &all,
            &exclude,
            ("python", "src/secrets.py"),
            expect!["wanted"],
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let mut territory = Territory::default();
        assert_eq!(territory.set_languages(&json!({"python": "yes"})), None);
        assert_eq!(territory.set_languages(&json!("python")), None);
        assert_eq!(territory.set_exclude(&json!(["a{"])), None);
    }
}
