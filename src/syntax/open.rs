//! Which brackets and quotes are open at a place in Python code.

use ropey::Rope;

use super::Place;

/// Something that was opened and wants to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// `(`, `[` or `{`.
    Bracket(char),
    /// A string.
    Quote {
        /// `'` or `"`.
        quote: char,
        /// Whether three of them end it.
        is_triple: bool,
        /// Whether braces inside hold code.
        is_format: bool,
    },
}

impl Opened {
    /// What closes it.
    pub fn closer(self) -> String {
        match self {
            Opened::Bracket(opener) => closer(opener).to_string(),
            Opened::Quote {
                quote, is_triple, ..
            } => quote.to_string().repeat(if is_triple { 3 } else { 1 }),
        }
    }
}

/// Reads code byte by byte and knows what is open, innermost last. Enough of Python's lexer to keep
/// strings, format strings and comments apart; it never fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// What is open, innermost last.
    pub stack: Vec<Opened>,
    in_comment: bool,
}

/// What kind of text a byte offset lies in, from the text alone.
pub fn place_in_text(text: &Rope, offset: usize) -> Place {
    let open = Open::at_end_of(&text.byte_slice(..offset).to_string());
    match open.stack.last() {
        _ if open.in_comment => Place::Comment,
        Some(Opened::Quote { .. }) => Place::String,
        _ => Place::Code,
    }
}

/// Brackets that a text opens and leaves open, and brackets that it closes without having opened
/// them. Strings are not told apart: the count is a feature, not a proof.
pub fn brackets(text: &str) -> (usize, usize) {
    text.chars().fold((0, 0), |(opened, closed), c| match c {
        '(' | '[' | '{' => (opened + 1, closed),
        ')' | ']' | '}' if opened > 0 => (opened - 1, closed),
        ')' | ']' | '}' => (opened, closed + 1),
        _ => (opened, closed),
    })
}

impl Open {
    /// What is open at the end of `text`, of which nothing was open at the beginning.
    pub fn at_end_of(text: &str) -> Open {
        let mut open = Open::default();
        open.read(text);
        open
    }

    /// Reads on. Returns the byte offset of the first closing bracket that closes nothing, where
    /// there is one; reading goes on behind it as though it were not there.
    pub fn read(&mut self, text: &str) -> Option<usize> {
        let mut unmatched = None;
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let (length, is_matched) = self.step(text, at, c);
            if !is_matched && unmatched.is_none() {
                unmatched = Some(at);
            }
            at += length;
        }
        unmatched
    }

    /// Whether the end lies in a string or comment and not in code.
    pub fn is_in_text(&self) -> bool {
        self.in_comment || matches!(self.stack.last(), Some(Opened::Quote { .. }))
    }

    /// What closes everything that is open, innermost first. A comment is ended by a line break.
    pub fn closers(&self) -> String {
        let line_break = if self.in_comment && !self.stack.is_empty() {
            "\n"
        } else {
            ""
        };
        let closers: String = self.stack.iter().rev().map(|open| open.closer()).collect();
        format!("{line_break}{closers}")
    }

    /// Takes what begins at `at`; returns its length, and whether it was a closer of something.
    fn step(&mut self, text: &str, at: usize, c: char) -> (usize, bool) {
        let rest = &text[at..];
        if self.in_comment {
            self.in_comment = c != '\n';
            return (c.len_utf8(), true);
        }
        if let Some(Opened::Quote {
            quote,
            is_triple,
            is_format,
        }) = self.stack.last().copied()
        {
            return (self.in_string(rest, c, quote, is_triple, is_format), true);
        }
        match c {
            '#' => self.in_comment = true,
            '(' | '[' | '{' => self.stack.push(Opened::Bracket(c)),
            ')' | ']' | '}' => {
                let is_matched = matches!(self.stack.last(), Some(Opened::Bracket(opener)) if closer(*opener) == c);
                if is_matched {
                    self.stack.pop();
                }
                return (1, is_matched);
            }
            '\'' | '"' => {
                // A quote that ends the format string around a field, which older Pythons demand
                // to be another one than those inside.
                if let Some(idx) = self.field_of(c) {
                    self.stack.truncate(idx);
                    return (1, true);
                }
                let is_triple = rest.starts_with(&c.to_string().repeat(3));
                let prefix = prefix(&text[..at]);
                self.stack.push(Opened::Quote {
                    quote: c,
                    is_triple,
                    is_format: prefix.contains(['f', 'F', 't', 'T']),
                });
                return (if is_triple { 3 } else { 1 }, true);
            }
            // A line break ends a string of one line, also around a field left open.
            '\n' => self.end_line(),
            _ => {}
        }
        (c.len_utf8(), true)
    }

    /// Takes one thing inside a string and returns its length.
    fn in_string(
        &mut self,
        rest: &str,
        c: char,
        quote: char,
        is_triple: bool,
        is_format: bool,
    ) -> usize {
        let next = rest[c.len_utf8()..].chars().next();
        match c {
            // Also in a raw string, which cannot end with a backslash; but no brace is escaped.
            '\\' if !(is_format && next == Some('{')) => {
                return 1 + next.map_or(0, char::len_utf8);
            }
            '{' | '}' if is_format && next == Some(c) => return 2,
            '{' if is_format => self.stack.push(Opened::Bracket('{')),
            '\n' if !is_triple => self.end_line(),
            _ if c == quote && !is_triple => drop(self.stack.pop()),
            _ if c == quote && rest.starts_with(&c.to_string().repeat(3)) => {
                self.stack.pop();
                return 3;
            }
            _ => {}
        }
        c.len_utf8()
    }

    /// The index of the innermost format string of one line with this quote, where the place lies
    /// directly in a field of it.
    fn field_of(&self, quote: char) -> Option<usize> {
        let idx = self
            .stack
            .iter()
            .rposition(|open| matches!(open, Opened::Quote { .. }))?;
        let is_same = matches!(
            self.stack[idx],
            Opened::Quote { quote: own, is_triple: false, .. } if own == quote
        );
        is_same.then_some(idx)
    }

    /// Drops the outermost string of one line and everything in it.
    fn end_line(&mut self) {
        let is_single = |open: &Opened| {
            matches!(
                open,
                Opened::Quote {
                    is_triple: false,
                    ..
                }
            )
        };
        if let Some(idx) = self.stack.iter().position(is_single) {
            self.stack.truncate(idx);
        }
    }
}

fn closer(opener: char) -> char {
    match opener {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// The letters directly before a quote that say what kind of string it opens.
fn prefix(before: &str) -> &str {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let length = before
        .bytes()
        .rev()
        .take_while(|byte| is_letter(byte))
        .count();
    let word = &before[before.len() - length..];
    let is_prefix = word.len() <= 2 && word.chars().all(|c| "rRbBuUfFtT".contains(c));
    if is_prefix { word } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, closers: &str) {
        assert_eq!(Open::at_end_of(text).closers(), closers, "{text}");
    }

    #[test]
    fn brackets_are_closed_from_the_inside() {
        check("x = f([1, {2: (", ")}])");
        check("x = f([1, 2])", "");
        check("x = f(  # (why", "\n)");
    }

    #[test]
    fn strings_hide_what_is_in_them() {
        check("x = '(' + \"a\\\"(", "\"");
        check("x = '''it's (\n", "'''");
        check("\"\"\"It's (open\"\"\"\nf(", ")");
        check("x = 'never ended (\ny = [", "]");
        check("x = r'\\' + '(", ")");
        check("x = ''\ny = (", ")");
    }

    #[test]
    fn fields_of_format_strings_hold_code() {
        check("f'{x", "}'");
        check("f'{x}", "'");
        check("f'{{x", "'");
        check("f'{d[\"a\"]", "}'");
        check("print(f'{f(", ")}')");
        check("f'{x:>{width}", "}'");
        check("f'''{x", "}'''");
        check("f'{x' + (", ")");
    }

    #[test]
    fn a_closer_without_an_opener_is_told() {
        assert_eq!(Open::default().read("f(a))"), Some(4));
        assert_eq!(Open::default().read("f(a]"), Some(3));
        assert_eq!(Open::default().read("')' # )"), None);
    }
}
