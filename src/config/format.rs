//! A fill-in-the-middle format as data: the built-in table and a user's own file are written in
//! the same words.

use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The known formats. The first that fits a vocabulary is taken.
pub static KNOWN: LazyLock<Vec<Format>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Table {
        format: Vec<Format>,
    }
    toml::from_str::<Table>(include_str!("formats.toml"))
        .expect("the built-in table is well formed, which the tests of every family check")
        .format
});

/// How a model wants to be asked, in the spellings of its vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Format {
    /// The family, as people call it.
    #[serde(default = "by_hand")]
    pub family: String,
    /// The order of the parts.
    pub order: Order,
    /// The special token before the prefix.
    pub prefix: String,
    /// The special token before the suffix.
    pub suffix: String,
    /// The special token before the middle; without one the answer follows the last part.
    pub middle: Option<String>,
    /// The special token that the prompt must begin with, where the vocabulary does not say so.
    pub bos: Option<String>,
    /// Text that stands between the prefix token and the prefix.
    #[serde(default)]
    pub lead: String,
    /// What names the repository, before all files.
    pub repo_header: Option<Header>,
    /// What names a file, before its text.
    pub file_header: Option<Header>,
    /// The special token behind the text of each other file.
    pub file_end: Option<String>,
    /// Where the header of the file being completed goes.
    #[serde(default)]
    pub own_header: OwnHeader,
    /// Special tokens that end the answer, besides the vocabulary's own and the sentinels.
    #[serde(default)]
    pub stop: Vec<String>,
    /// What else a vocabulary must be like to be of this family.
    #[serde(default)]
    pub when: When,
}

/// The order of the parts in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Prefix, suffix, middle.
    Psm,
    /// Suffix, prefix, middle. What is typed lands at the end, so the KV cache holds the rest.
    Spm,
}

/// A special token and text behind it; `{}` in the text stands for the name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The special token; without one the text alone is the header.
    pub token: Option<String>,
    /// The text.
    pub text: String,
}

/// Where the header of the file being completed goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OwnHeader {
    /// Before the sentinels.
    #[default]
    Before,
    /// At the beginning of the prefix.
    Inside,
    /// Its token before the sentinels, its text at the beginning of the prefix.
    Split,
}

/// What tells families apart whose sentinels are spelled alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Special tokens that the vocabulary must have.
    #[serde(default)]
    pub has: Vec<String>,
    /// One of these must be its `tokenizer.ggml.pre`, where there are any.
    #[serde(default)]
    pub pre_tokenizer: Vec<String>,
    /// Whether the GGUF must name its order under `midfill.fim_order`.
    #[serde(default)]
    pub ordered_by_key: bool,
}

fn by_hand() -> String {
    "given by hand".to_owned()
}

impl Format {
    /// The spellings of all special tokens that it names, some of them more than once.
    pub fn specials(&self) -> impl Iterator<Item = &str> {
        let headers = [&self.repo_header, &self.file_header];
        [&self.prefix, &self.suffix]
            .into_iter()
            .chain(&self.middle)
            .chain(&self.bos)
            .chain(&self.file_end)
            .chain(&self.stop)
            .chain(&self.when.has)
            .chain(
                headers
                    .into_iter()
                    .flatten()
                    .flat_map(|header| &header.token),
            )
            .map(String::as_str)
    }

    /// Reads a format from a file: JSON where the name ends so, else TOML.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Format, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("the format file {shown} cannot be read: {error}"))?;
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        let parsed = match is_json {
            true => serde_json::from_str(&text).map_err(|error| error.to_string()),
            false => toml::from_str(&text).map_err(|error| error.to_string()),
        };
        parsed.map_err(|error| {
            let error = error.trim_end();
            format!("the format file {shown} is not understood: {error}")
        })
    }

    /// The option `format`: the path of a file, or the format itself as an object.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_option(value: &Value) -> Result<Format, String> {
        match value {
            Value::String(path) => Format::read(Path::new(path)),
            Value::Object(_) => Format::deserialize(value)
                .map_err(|error| format!("the option `format` is not understood: {error}")),
            other => Err(format!(
                "the option `format` is the path of a file or an object, not {other}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: Expect) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writable");
        let shown = match Format::read(&path) {
            Ok(format) => format!("{} {:?} {:?}", format.family, format.order, format.stop),
            Err(problem) => problem.replace(&folder.path().display().to_string(), ""),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_format_is_read_from_toml_and_from_json() {
        check(
            "mine.toml",
            "order = 'spm'\nprefix = '<P>'\nsuffix = '<S>'\nmiddle = '<M>'\nstop = ['<E>']\n",
            expect![[r#"given by hand Spm ["<E>"]"#]],
        );
        check(
            "mine.json",
            r#"{"family": "Mine", "order": "psm", "prefix": "<P>", "suffix": "<S>"}"#,
            expect!["Mine Psm []"],
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        check(
            "order.toml",
            "order = 'middle-out'\nprefix = '<P>'\nsuffix = '<S>'\n",
            expect![[r#"
                the format file /order.toml is not understood: TOML parse error at line 1, column 9
                  |
                1 | order = 'middle-out'
                  |         ^^^^^^^^^^^^
                unknown variant `middle-out`, expected `psm` or `spm`"#]],
        );
        check(
            "key.json",
            r#"{"order": "psm", "prefix": "<P>", "suffix": "<S>", "center": "<M>"}"#,
            expect![
                "the format file /key.json is not understood: unknown field `center`, expected one of `family`, `order`, `prefix`, `suffix`, `middle`, `bos`, `lead`, `repo_header`, `file_header`, `file_end`, `own_header`, `stop`, `when` at line 1 column 59"
            ],
        );
        let missing = Format::read(Path::new("no-such-format.toml"));
        expect!["the format file no-such-format.toml cannot be read: No such file or directory (os error 2)"]
            .assert_eq(&missing.expect_err("it is not there"));
        let number = Format::from_option(&serde_json::json!(3));
        expect!["the option `format` is the path of a file or an object, not 3"]
            .assert_eq(&number.expect_err("a number is no format"));
    }
}
