//! Text in lines of a width. What stands in backquotes stays on a line where it can.

/// Columns of a text: Chinese characters and the like take two.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{20000}'..='\u{3fffd}')
}

/// Whether no line begins with it.
fn is_bound_to_what_is_before(c: char) -> bool {
    "，。；：、！？）》”".contains(c)
}

/// The longest code that is never broken.
const WHOLE: usize = 50;

/// A text in lines of at most `most` columns, where its words allow; `first` stands before the
/// first, `next` before the others.
pub(super) fn wrap(text: &str, first: &str, next: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut is_fresh = true;
    for (piece, is_spaced) in pieces(text) {
        let space = if is_fresh || !is_spaced { "" } else { " " };
        let fits = width(&line) + space.len() + width(&piece) <= most;
        if !fits && !is_fresh {
            lines.push(std::mem::replace(&mut line, next.to_owned()));
            line.push_str(&piece);
            continue;
        }
        line.push_str(space);
        line.push_str(&piece);
        is_fresh = false;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// What is never broken, each with whether a space is before it.
fn pieces(text: &str) -> Vec<(String, bool)> {
    let mut all: Vec<(String, bool)> = Vec::new();
    let mut is_spaced = false;
    let mut is_open = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() {
            (is_spaced, is_open) = (true, false);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let piece = match code(rest) {
            Some(code) if code.len() <= WHOLE || code.contains("  ") => code,
            _ => &rest[..c.len_utf8()],
        };
        rest = &rest[piece.len()..];
        let is_joined = is_open && !is_wide(c) || is_bound_to_what_is_before(c);
        match all.last_mut() {
            Some((last, _)) if is_joined && !is_spaced => last.push_str(piece),
            _ => all.push((piece.to_owned(), is_spaced)),
        }
        is_spaced = false;
        // Behind a wide character a line may end.
        is_open = !is_wide(c);
    }
    all
}

/// The code in backquotes that a text begins with, quotes included.
fn code(text: &str) -> Option<&str> {
    let mark = if text.starts_with("``") { "``" } else { "`" };
    let inner = text.strip_prefix(mark)?;
    let end = inner.find(mark)?;
    Some(&text[..mark.len() + end + mark.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_whole_and_chinese_breaks_anywhere_but_before_its_stops() {
        assert_eq!(
            wrap("If `a  b` is not in `the list`.", "", "  ", 16),
            ["If `a  b` is not", "  in `the list`."]
        );
        assert_eq!(
            wrap("取值为一。默认二。", "", "", 10),
            ["取值为一。", "默认二。"]
        );
        assert_eq!(wrap("取值为一二。", "", "", 10), ["取值为一", "二。"]);
    }
}
