//! The rules: each says of one text whether it is kept, and the first to say "drop" wins.
//!
//! One rule is one file. A [`Preset`] is a named list of rules in a fixed order.

mod alphanumeric;
mod blank;
mod generated;
mod line_count;
mod line_length;
mod line_mean;
mod nul;
mod secret;
mod size;
mod text;

use serde::{Deserialize, Serialize};

pub use alphanumeric::Alphanumeric;
pub use blank::Blank;
pub use generated::Generated;
pub use line_count::LineCount;
pub use line_length::LineLength;
pub use line_mean::LineMean;
pub use nul::Nul;
pub use secret::Secret;
pub use size::Size;
pub use text::Text;

/// One rule about one text.
pub trait Filter: Send + Sync {
    /// The name in reports and verdicts, in snake case.
    fn name(&self) -> &'static str;

    /// What the rule drops, in plain words with its limit.
    fn describe(&self) -> String;

    /// The measured value that makes the rule drop the text; `None` keeps it.
    fn check(&self, text: &Text<'_>) -> Option<Measured>;
}

/// What a rule found in a text it drops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measured {
    /// A number of bytes, lines or characters.
    Count(u64),
    /// A mean or a share, rounded to four places.
    Number(f64),
    /// Words found in the text.
    Phrase(String),
}

impl Measured {
    /// A number rounded to four places, which is what a person reads.
    pub fn rounded(value: f64) -> Self {
        Self::Number((value * 1e4).round() / 1e4)
    }
}

/// The answer for one text.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// No rule objects.
    Keep,
    /// The first rule that objects, and what it measured.
    Drop {
        /// [`Filter::name`] of the rule.
        rule: &'static str,
        /// The value that broke the rule.
        measured: Measured,
    },
    /// The bytes are not UTF-8 text.
    Unreadable {
        /// Why, in plain words.
        reason: String,
    },
}

/// A named recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The filters of "Evaluating Large Language Models Trained on Code" (arXiv 2107.03374, §3.1).
    ///
    /// From the paper: unique files, under 1 MB, not auto-generated, mean line length at most
    /// 100, longest line at most 1000, not too small a share of alphanumeric characters.
    ///
    /// Not in the paper, read as the CodeParrot reproduction does: lengths in characters, an
    /// alphanumeric share of at least 0.25, and auto-generated told by phrases in the first five
    /// lines (its three, and two more from the StarCoder2 recipe).
    ///
    /// Our own reading: 1 MB is 1,000,000 bytes; a line ends at `\n`, `\r\n` or `\r`; files that
    /// are blank or hold a NUL byte are dropped; protocol buffer, Thrift and Django migration
    /// headers count as auto-generated.
    Codex,
}

impl Preset {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Codex => "codex",
        }
    }

    /// The rules of this preset, in order.
    pub fn filters(self) -> Filters {
        match self {
            Self::Codex => Filters {
                size: Size {
                    max_bytes: 1_000_000,
                },
                rules: vec![
                    Box::new(Nul),
                    Box::new(Blank),
                    Box::new(Generated::new()),
                    Box::new(LineLength { max: 1000 }),
                    Box::new(LineMean { max: 100.0 }),
                    Box::new(Alphanumeric { min: 0.25 }),
                ],
            },
        }
    }
}

/// A list of rules in order. The size limit always comes first: it needs no content.
pub struct Filters {
    size: Size,
    rules: Vec<Box<dyn Filter>>,
}

impl Filters {
    /// Adds a rule after the others.
    pub fn with(mut self, rule: impl Filter + 'static) -> Self {
        self.rules.push(Box::new(rule));
        self
    }

    /// The size rule alone, for a file of `n_bytes` that has not been read.
    pub fn verdict_on_size(&self, n_bytes: u64) -> Verdict {
        match self.size.check_bytes(n_bytes) {
            Some(measured) => Verdict::Drop {
                rule: self.size.name(),
                measured,
            },
            None => Verdict::Keep,
        }
    }

    /// The verdict on one content: size, then UTF-8, then each rule in order.
    pub fn verdict(&self, content: &[u8]) -> Verdict {
        let on_size = self.verdict_on_size(content.len() as u64);
        if on_size != Verdict::Keep {
            return on_size;
        }
        let text = match Text::measure(content) {
            Ok(text) => text,
            Err(error) => {
                return Verdict::Unreadable {
                    reason: format!("not UTF-8 text: bad byte at offset {}", error.valid_up_to()),
                };
            }
        };
        for rule in &self.rules {
            if let Some(measured) = rule.check(&text) {
                return Verdict::Drop {
                    rule: rule.name(),
                    measured,
                };
            }
        }
        Verdict::Keep
    }

    /// Every rule in order, size first.
    pub fn rules(&self) -> impl Iterator<Item = &dyn Filter> {
        std::iter::once(&self.size as &dyn Filter).chain(self.rules.iter().map(Box::as_ref))
    }
}

/// Checks a rule against lines of `verdict | text`. In the text, `\n`, `\r` and `\0` are escapes
/// and `…×9` repeats the character before it nine times.
#[cfg(test)]
#[track_caller]
fn check_filter(rule: impl Filter, fixture: &str) {
    let fixture = fixture.trim_start_matches('\n');
    let mut actual = String::new();
    for line in fixture.lines() {
        let (verdict, written) = line.split_once('|').expect("a line is `verdict | text`");
        let content = unescape(written.strip_prefix(' ').unwrap_or(written));
        let text = Text::measure(content.as_bytes()).expect("the fixture is UTF-8");
        let found = match rule.check(&text) {
            None => "keep".to_owned(),
            Some(_) => format!("drop {}", rule.name()),
        };
        actual += &format!("{found:<width$}|{written}\n", width = verdict.len());
    }
    assert_eq!(actual, fixture);
}

#[cfg(test)]
fn unescape(written: &str) -> String {
    let mut text = String::new();
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\\' {
            let (escaped, after) = rest.split_at(1);
            text.push(match escaped {
                "n" => '\n',
                "r" => '\r',
                "0" => '\0',
                other => panic!("unknown escape \\{other}"),
            });
            rest = after;
        } else if c == '…' {
            let digits = rest.strip_prefix('×').expect("`…×9`");
            let n_digits = digits.bytes().take_while(u8::is_ascii_digit).count();
            let times: usize = digits[..n_digits].parse().expect("`…×9`");
            let last = text.pop().expect("a character to repeat");
            text.extend(std::iter::repeat_n(last, times));
            rest = &digits[n_digits..];
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{LineCount, Measured, Preset, Verdict};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check_verdict(content: &[u8], expected: Expect) {
        let verdict = match Preset::Codex.filters().verdict(content) {
            Verdict::Keep => "keep".to_owned(),
            Verdict::Drop { rule, measured } => {
                let measured = serde_json::to_string(&measured).expect("plain data");
                format!("drop {rule}: {measured}")
            }
            Verdict::Unreadable { reason } => format!("unreadable: {reason}"),
        };
        expected.assert_eq(&verdict);
    }

    #[test]
    fn an_ordinary_module_is_kept() {
        check_verdict(b"def area(r):\n    return r * r\n", expect!["keep"]);
    }

    #[test]
    fn the_first_rule_in_order_gives_the_reason() {
        let mut content = b"# autogenerated\n\0".to_vec();
        check_verdict(&content, expect!["drop nul: 16"]);
        content.pop();
        content.extend(vec![b'-'; 2000]);
        check_verdict(&content, expect![[r#"drop generated: "autogenerated""#]]);
    }

    #[test]
    fn other_encodings_are_unreadable_with_the_place_named() {
        check_verdict(
            b"name = 'caf\xe9'\n",
            expect!["unreadable: not UTF-8 text: bad byte at offset 11"],
        );
    }

    #[test]
    fn size_is_judged_before_the_encoding() {
        check_verdict(&vec![0xff; 1_000_001], expect!["drop size: 1000001"]);
    }

    #[test]
    fn the_size_alone_can_be_asked_before_reading() {
        let filters = Preset::Codex.filters();
        assert_eq!(filters.verdict_on_size(1_000_000), Verdict::Keep);
        assert_eq!(
            filters.verdict_on_size(1_000_001),
            Verdict::Drop {
                rule: "size",
                measured: Measured::Count(1_000_001)
            }
        );
    }

    #[test]
    fn an_added_rule_comes_last() {
        let filters = Preset::Codex.filters().with(LineCount { max: 2 });
        let names: Vec<_> = filters.rules().map(|rule| rule.name()).collect();
        expect!["size nul blank generated line_length line_mean alphanumeric line_count"]
            .assert_eq(&names.join(" "));
        assert_ne!(filters.verdict(b"a\nb\nc\n"), Verdict::Keep);
    }
}
