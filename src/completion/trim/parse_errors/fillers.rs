//! What a person may yet type at the cursor of a file that is whole.

/// What may stand at the cursor of a file that is whole, the most common first: a text that lets the
/// line go on, with what follows as it is, shows which errors are not the answer's.
#[rustfmt::skip]
pub(super) const FILLERS: [&str; 22] = [
    "", "_", "_,", "_(", "(", "_ = _", "_: ...", "_(): ...", "_ in _: ...", ": ...", ":", "_:", " _:",
    "_():", "_ in _:", " in _:", "_ = (", "_ = [", "_ = {", "]", ")", "}",
];
/// Strings that end at the cursor, or begin there and go on below.
pub(super) const QUOTES: [&str; 2] = ["\"\"\"", "_ = \"\"\""];
/// Words that begin a header, and what may follow them, for a line of which a word was begun at most.
const HEADERS: [(&str, &str); 14] = [
    ("if", " _:"),
    ("for", " _ in _:"),
    ("for", " _ in _("),
    ("def", " _():"),
    ("try", ":"),
    ("else", ":"),
    ("elif", " _:"),
    ("except", ":"),
    ("finally", ":"),
    ("with", " _:"),
    ("while", " _:"),
    ("class", " _:"),
    ("async", " def _():"),
    ("case", " _:"),
];

/// Headers that a line may become of which `line` stands.
pub(super) fn headers(line: &str) -> Vec<String> {
    let word = line.trim_start();
    let begun = HEADERS.iter().filter_map(|(keyword, rest)| {
        let rest_of_word = keyword.strip_prefix(word)?;
        Some([rest_of_word, rest].concat())
    });
    begun.collect()
}
