//! A text with everything the rules ask of it, counted in one walk over its lines.

use std::str::Utf8Error;

/// A UTF-8 text and its counts. Lengths are in characters, as CodeParrot counts them.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The content as it was read.
    pub content: &'a str,
    /// Characters, line ends included.
    pub n_chars: u64,
    /// Letters and digits of any script.
    pub n_alphanumeric: u64,
    /// Lines. A line end at the end of the text starts no further line.
    pub n_lines: u64,
    /// Characters in all lines, without their line ends.
    pub line_chars: u64,
    /// Characters in the longest line, without its line end.
    pub longest_line: u64,
}

impl<'a> Text<'a> {
    /// Decodes and counts.
    ///
    /// # Errors
    /// When the content is not UTF-8.
    pub fn measure(content: &'a [u8]) -> Result<Self, Utf8Error> {
        let text = str::from_utf8(content)?;
        let mut n_alphanumeric = count_bytes(content, |byte| byte.is_ascii_alphanumeric());
        let mut n_chars = content.len();
        if !content.is_ascii() {
            n_alphanumeric += count_alphanumeric_beyond_ascii(text);
            n_chars = count_chars(content);
        }
        // Looking for one byte is faster than looking for two, and few files hold a `\r`.
        let lines = if memchr::memchr(b'\r', content).is_none() {
            Lines::count(content, memchr::memchr_iter(b'\n', content))
        } else {
            Lines::count(content, memchr::memchr2_iter(b'\n', b'\r', content))
        };
        Ok(Self {
            content: text,
            n_chars: n_chars as u64,
            n_alphanumeric: n_alphanumeric as u64,
            n_lines: lines.n as u64,
            line_chars: (n_chars - lines.n_end_bytes) as u64,
            longest_line: lines.longest as u64,
        })
    }

    /// The first `n` lines, as one slice.
    pub fn first_lines(&self, n: usize) -> &'a str {
        let ends = memchr::memchr2_iter(b'\n', b'\r', self.content.as_bytes());
        let mut n_ends = 0;
        for end in ends {
            // `\r\n` ends one line, at its second byte.
            if self.content.as_bytes()[end..].starts_with(b"\r\n") {
                continue;
            }
            n_ends += 1;
            if n_ends == n {
                return &self.content[..end];
            }
        }
        self.content
    }
}

#[derive(Default)]
struct Lines {
    n: usize,
    n_end_bytes: usize,
    /// In characters.
    longest: usize,
}

impl Lines {
    /// Counts the lines between `ends`, the offsets of all line end bytes in order.
    fn count(content: &[u8], ends: impl Iterator<Item = usize>) -> Self {
        let mut lines = Self::default();
        let mut start = 0;
        for end in ends {
            // The second byte of `\r\n` ends no further line: the first has done so.
            if !(end == start && end > 0 && content[end] == b'\n' && content[end - 1] == b'\r') {
                lines.add(&content[start..end]);
            }
            lines.n_end_bytes += 1;
            start = end + 1;
        }
        if start < content.len() {
            lines.add(&content[start..]);
        }
        lines
    }

    fn add(&mut self, line: &[u8]) {
        self.n += 1;
        // A line has no more characters than bytes, so few lines need their characters counted.
        if line.len() > self.longest {
            self.longest = self.longest.max(count_chars(line));
        }
    }
}

/// Characters of UTF-8 text: the bytes that do not continue one.
fn count_chars(content: &[u8]) -> usize {
    count_bytes(content, |byte| byte & 0b1100_0000 != 0b1000_0000)
}

/// Counts in blocks short enough for a byte-wide sum, which the compiler turns into vector code.
fn count_bytes(content: &[u8], is_counted: impl Fn(u8) -> bool) -> usize {
    content
        .chunks(128)
        .map(|block| {
            let n: u8 = block.iter().map(|byte| u8::from(is_counted(*byte))).sum();
            usize::from(n)
        })
        .sum()
}

/// Letters and digits of all scripts, without those of ASCII.
fn count_alphanumeric_beyond_ascii(text: &str) -> usize {
    const BLOCK: usize = 64;
    let mut n = 0;
    for (block_idx, block) in text.as_bytes().chunks(BLOCK).enumerate() {
        if block.is_ascii() {
            continue;
        }
        for (byte_idx, byte) in block.iter().enumerate() {
            let begins_char = *byte >= 0b1100_0000;
            if begins_char {
                let c = text[block_idx * BLOCK + byte_idx..].chars().next();
                n += usize::from(c.is_some_and(char::is_alphanumeric));
            }
        }
    }
    n
}

#[cfg(test)]
mod tests {
    use super::Text;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check_counts(content: &str, expected: Expect) {
        let text = Text::measure(content.as_bytes()).expect("a string is UTF-8");
        expected.assert_eq(&format!(
            "{} chars, {} alphanumeric, {} lines of {} chars, longest {}",
            text.n_chars, text.n_alphanumeric, text.n_lines, text.line_chars, text.longest_line
        ));
    }

    #[test]
    fn a_final_line_end_starts_no_line() {
        check_counts(
            "ab\n\nc",
            expect!["5 chars, 3 alphanumeric, 3 lines of 3 chars, longest 2"],
        );
        check_counts(
            "ab\n\nc\n",
            expect!["6 chars, 3 alphanumeric, 3 lines of 3 chars, longest 2"],
        );
        check_counts(
            "",
            expect!["0 chars, 0 alphanumeric, 0 lines of 0 chars, longest 0"],
        );
    }

    #[test]
    fn all_three_line_ends_are_known() {
        check_counts(
            "a\r\nbc\rd\n\r\n",
            expect!["10 chars, 4 alphanumeric, 4 lines of 4 chars, longest 2"],
        );
    }

    #[test]
    fn other_scripts_count_in_characters() {
        check_counts(
            "# 你好\n",
            expect!["5 chars, 2 alphanumeric, 1 lines of 4 chars, longest 4"],
        );
    }

    #[test]
    fn the_longest_line_is_not_the_one_of_most_bytes() {
        check_counts(
            "好好好\nabcd\néé",
            expect![[r#"11 chars, 9 alphanumeric, 3 lines of 9 chars, longest 4"#]],
        );
    }

    #[test]
    fn letters_at_the_edge_of_a_block_are_counted_once() {
        for n_before in 60..70 {
            let content = format!("{}好🙂é", "-".repeat(n_before));
            let text = Text::measure(content.as_bytes()).expect("a string is UTF-8");
            assert_eq!(text.n_alphanumeric, 2, "after {n_before} bytes");
            assert_eq!(text.n_chars, n_before as u64 + 3);
        }
    }

    #[test]
    fn long_runs_do_not_overflow_a_block() {
        check_counts(
            &"x".repeat(100_000),
            expect!["100000 chars, 100000 alphanumeric, 1 lines of 100000 chars, longest 100000"],
        );
    }

    #[test]
    fn first_lines_stop_before_the_line_end() {
        let text = Text::measure(b"a\r\nb\nc\n").expect("ASCII");
        assert_eq!(text.first_lines(1), "a\r");
        assert_eq!(text.first_lines(2), "a\r\nb");
        assert_eq!(text.first_lines(9), "a\r\nb\nc\n");
    }
}
