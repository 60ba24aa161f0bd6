//! The simulated person: what of a suggestion they would take, and whether it would break the file.
//!
//! The policy: take what goes on as the author did, up to a token's end, if that saves at least
//! [`WORTH_TAKING`] characters; pass over everything else.

use grammars::Language;

use super::buffer::Buffer;
use crate::syntax;

/// Fewer characters than this are typed rather than taken.
pub const WORTH_TAKING: usize = 3;

/// How much of a suggestion is what the author wrote: its longest beginning that ends with a token,
/// without blanks at its end.
pub fn right_part<'a>(shown: &'a str, author: &str) -> &'a str {
    let mut end: usize = shown
        .chars()
        .zip(author.chars())
        .take_while(|(shown, author)| shown == author)
        .map(|(shown, _)| shown.len_utf8())
        .sum();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let goes_on_otherwise = end < shown.len();
    let within = |rest: &str| rest.starts_with(is_word);
    if goes_on_otherwise && (within(&shown[end..]) || within(&author[end..])) {
        end = shown[..end].trim_end_matches(is_word).len();
    }
    shown[..end].trim_end()
}

/// Whether that is enough to be taken.
pub fn is_worth_taking(part: &str) -> bool {
    part.chars().count() >= WORTH_TAKING
}

/// Whether the text would have more syntax errors with the suggestion than without the line it
/// stands on. A header may still wait for its body, and an opened bracket for its closer.
/// `None` for a text whose language is not known.
pub fn breaks(buffer: &Buffer, language: Option<&Language>, shown: &str) -> Option<bool> {
    let language = language?;
    let errors = |text: String| {
        let tree = syntax::parse_str(language, &text)?;
        Some(syntax::count_errors(language, &tree, &text))
    };
    let (before, after) = (buffer.before(), buffer.after());
    let as_it_is = errors(format!("{before}{shown}{after}"))?;
    if as_it_is == 0 {
        return Some(false);
    }
    let finished = format!("{shown}{}", open_brackets(shown));
    let last = format!("{before}{finished}");
    let line = last.rsplit('\n').next().unwrap_or_default();
    let body = match line.trim_end().ends_with(':') && buffer.line_after().trim().is_empty() {
        true => format!("\n{}    ...", &line[..line.len() - line.trim_start().len()]),
        false => String::new(),
    };
    let with = as_it_is.min(errors(format!("{last}{body}{after}"))?);
    let line_start = before.len() - buffer.line_before().len();
    let indent = &buffer.line_before()
        [..buffer.line_before().len() - buffer.line_before().trim_start().len()];
    let rest = &after[buffer.line_after().len()..];
    let without = ["", "pass"]
        .iter()
        .filter_map(|line| errors(format!("{}{indent}{line}{rest}", &before[..line_start])))
        .chain(errors(buffer.text.clone()))
        .min()?;
    Some(with > without)
}

/// Closers for the brackets that a text opens and does not close; strings are not looked into.
fn open_brackets(text: &str) -> String {
    let mut closers = Vec::new();
    for c in text.chars() {
        match c {
            '(' => closers.push(')'),
            '[' => closers.push(']'),
            '{' => closers.push('}'),
            _ if closers.last() == Some(&c) => drop(closers.pop()),
            _ => {}
        }
    }
    closers.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_right(shown: &str, author: &str, expected: &str) {
        assert_eq!(right_part(shown, author), expected);
    }

    #[test]
    fn a_suggestion_is_right_up_to_a_token_s_end() {
        check_right("value + 1", "value + 1\nx", "value + 1");
        check_right("value_one", "value_two", "");
        check_right("self.value_one)", "self.value_two)", "self.");
        check_right("f(a, b)", "f(a)", "f(a");
        check_right("f(price)", "f(prices)", "f(");
        check_right("pri", "print", "pri");
        check_right("print", "pri", "");
        check_right("f(x)  # no", "f(x)\n", "f(x)");
        check_right("é + ü", "é + ö", "é +");
    }

    #[track_caller]
    fn check_breaks(fixture: &str, shown: &str, expected: bool) {
        let cursor = fixture.find("$0").expect("the fixture has a cursor");
        let buffer = Buffer::new(fixture.replacen("$0", "", 1), cursor);
        let python = Language::from_id("python");
        assert_eq!(breaks(&buffer, python, shown), Some(expected), "{shown}");
    }

    #[test]
    fn what_breaks_the_file_is_told_from_what_is_unfinished() {
        check_breaks("x = $0\ny = 1\n", "f(1)", false);
        check_breaks("x = $0\ny = 1\n", "f(1", false);
        check_breaks("x = $0\ny = 1\n", "f(1))", true);
        check_breaks("if a:\n    b = 1\n$0\n", "elif c:", false);
        check_breaks("if a:\n    b = 1\nx = 1\n$0\n", "elif c:", true);
        check_breaks("f($0)\n", "a)", true);
        // An error that is there already is not the suggestion's.
        check_breaks("y = )\nx = $0\n", "1", false);
    }
}
