//! Where a text may be cut shorter: at the end of a name, a literal, a bracket or a line, never
//! inside a word, and never inside a string that the text itself opened.

/// Characters that a cut keeps at least: fewer are typed faster than read.
const MIN_CHARS: usize = 3;

/// The ends, in bytes, of the shorter texts worth a look; the whole is not among them. `in_prose`
/// says that the text begins inside a comment or string.
pub fn cuts(text: &str, in_prose: bool) -> Vec<usize> {
    let whole = text.trim_end().len();
    let mut cuts = Vec::new();
    let mut quote = None;
    let mut n_chars = 0;
    let mut chars = text[..whole].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        n_chars += usize::from(!c.is_whitespace());
        let end = at + c.len_utf8();
        match (quote, c) {
            _ if in_prose => {}
            (None, '"' | '\'') => {
                quote = Some(c);
                continue;
            }
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => continue,
            _ => {}
        }
        let next = chars.peek().map(|(_, next)| *next);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let ends = match c {
            _ if is_word(c) => next.is_some_and(|next| !is_word(next)),
            '(' | '[' | ')' | ']' | '}' | '"' | '\'' | ':' => true,
            _ => false,
        };
        if ends && n_chars >= MIN_CHARS && end < whole {
            cuts.push(end);
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, in_prose: bool, expected: Expect) {
        let cuts: Vec<_> = cuts(text, in_prose)
            .into_iter()
            .map(|end| &text[..end])
            .collect();
        expected.assert_eq(&cuts.join("\n"));
    }

    #[test]
    fn names_and_calls_are_kept_whole() {
        check(
            "self.reader.read(n_bytes, 'a b')\n",
            false,
            expect![[r#"
                self
                self.reader
                self.reader.read
                self.reader.read(
                self.reader.read(n_bytes
                self.reader.read(n_bytes, 'a b'"#]],
        );
    }

    #[test]
    fn prose_is_cut_between_words_and_lines_at_their_ends() {
        check(
            "the end of it",
            true,
            expect![[r#"
            the
            the end
            the end of"#]],
        );
        check(
            "x = 1\ny = 2",
            false,
            expect![[r#"
            x = 1
            x = 1
            y"#]],
        );
    }
}
