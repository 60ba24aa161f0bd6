//! What a function says of itself.

use ruff_python_ast::{Expr, Stmt};
use serde::Serialize;

use super::super::source::{Lines, Source};

/// A docstring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Docstring {
    /// Its text, without the indentation that all its lines share.
    pub text: String,
    /// Its first sentence, on one line.
    pub summary: String,
    /// Its lines.
    pub lines: Lines,
}

impl Docstring {
    /// The docstring of a body.
    pub(in super::super) fn of(body: &[Stmt], source: &Source<'_>) -> Option<Docstring> {
        let Stmt::Expr(statement) = body.first()? else {
            return None;
        };
        let Expr::StringLiteral(string) = &*statement.value else {
            return None;
        };
        let text = clean(string.value.to_str());
        Some(Docstring {
            summary: first_sentence(&text),
            text,
            lines: source.lines_of(statement),
        })
    }
}

/// A docstring as Python's `inspect.cleandoc` shows it.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = expanded(&text);
    let mut lines: Vec<&str> = text.split('\n').collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let margin = lines
        .iter()
        .skip(1)
        .filter(|line| !line.trim_start().is_empty())
        .map(indent)
        .min()
        .unwrap_or(0);
    for (at, line) in lines.iter_mut().enumerate() {
        *line = match at {
            0 => line.trim_start(),
            _ => line.get(margin..).unwrap_or_default(),
        };
    }
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let first = lines.iter().position(|line| !line.is_empty());
    lines.drain(..first.unwrap_or(lines.len()));
    lines.join("\n")
}

/// A text with blanks for its tabs, which end at every eighth column.
fn expanded(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut column = 0;
    for letter in text.chars() {
        match letter {
            '\t' => {
                let n = 8 - column % 8;
                expanded.extend(std::iter::repeat_n(' ', n));
                column += n;
            }
            '\n' => {
                expanded.push('\n');
                column = 0;
            }
            _ => {
                expanded.push(letter);
                column += 1;
            }
        }
    }
    expanded
}

/// The first paragraph up to the end of its first sentence.
fn first_sentence(text: &str) -> String {
    let mut sentence = String::new();
    for word in text.trim_start().split_inclusive(char::is_whitespace) {
        let is_break = word.ends_with('\n');
        let word = word.trim_end();
        if word.is_empty() {
            if is_break && !sentence.is_empty() {
                break;
            }
            continue;
        }
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        if is_end(word) {
            break;
        }
    }
    sentence
}

/// Whether a sentence ends with this word: `e.g.` and `J.` end none.
fn is_end(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ')', '`', '*']);
    if bare.ends_with(['。', '！', '？']) {
        return true;
    }
    let Some(stem) = bare.strip_suffix(['.', '!', '?']) else {
        return false;
    };
    let is_short = [
        "e.g", "i.e", "etc", "cf", "vs", "resp", "approx", "Eq", "Fig",
    ]
    .contains(&stem);
    !is_short && stem.chars().count() > 1 || bare.ends_with(['!', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indentation_that_all_lines_share_goes() {
        assert_eq!(
            clean("One.\n\n    Two\n      three\n    "),
            "One.\n\nTwo\n  three"
        );
        assert_eq!(clean("\r\n    One\r\n    Two\r\n    "), "One\nTwo");
        assert_eq!(clean("  "), "");
        assert_eq!(clean("a\tb\n\tc\n  \td"), "a       b\nc\nd");
    }

    #[test]
    fn the_first_sentence_ends_where_a_reader_would_end_it() {
        assert_eq!(
            first_sentence("Adds a, e.g.\nto J. Doe. Then c."),
            "Adds a, e.g. to J. Doe."
        );
        assert_eq!(first_sentence("Adds a\n\nMore."), "Adds a");
        assert_eq!(first_sentence("Reads x.y files"), "Reads x.y files");
        assert_eq!(
            first_sentence("Reads (all of it.) Then"),
            "Reads (all of it.)"
        );
    }
}
