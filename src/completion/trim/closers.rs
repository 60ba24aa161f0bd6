//! A closing bracket needs an opening one that is still open.

use super::{Draft, Verdict};

/// Cuts before the first closer that closes nothing: neither what the answer opened, nor what the
/// text before the cursor left open and the rest of the line does not close.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let mut scan = before(draft);
    // What the rest of the line closes is not the answer's to close.
    close_rest_of_line(draft, &mut scan.open);
    for (at, c) in draft.text.char_indices() {
        if scan.step(c) == Step::Unmatched {
            return match draft.text[..at].trim().is_empty() {
                true => Verdict::Drop("it closes a bracket that is not open"),
                false => Verdict::Cut(at),
            };
        }
    }
    Verdict::Keep
}

/// The closers, innermost first, of the brackets that are open behind `text` at the cursor and
/// that the rest of the line does not close.
pub(super) fn missing(draft: &Draft<'_>, text: &str) -> String {
    let mut scan = before(draft);
    for c in text.chars() {
        scan.step(c);
    }
    close_rest_of_line(draft, &mut scan.open);
    let closer = |opener: &char| match opener {
        '(' => ')',
        '[' => ']',
        _ => '}',
    };
    scan.open.iter().rev().map(closer).collect()
}

/// The state at the cursor.
fn before(draft: &Draft<'_>) -> Scan {
    let mut scan = Scan::default();
    for line in draft.before.split_inclusive('\n') {
        // The excerpt may begin inside a string. A line that starts a definition at the margin
        // puts the scan right again.
        if ["def ", "class ", "import ", "from ", "@"]
            .iter()
            .any(|word| line.starts_with(word))
        {
            scan = Scan::default();
        }
        for c in line.chars() {
            scan.step(c);
        }
    }
    scan
}

/// Takes from `open` what the rest of the line closes.
fn close_rest_of_line(draft: &Draft<'_>, open: &mut Vec<char>) {
    for c in draft.line_after().chars() {
        match opener(c) {
            Some(opener) if open.last() == Some(&opener) => {
                open.pop();
            }
            None if c.is_whitespace() || ",:;".contains(c) => {}
            _ => break,
        }
    }
}

fn opener(closer: char) -> Option<char> {
    match closer {
        ')' => Some('('),
        ']' => Some('['),
        '}' => Some('{'),
        _ => None,
    }
}

#[derive(PartialEq, Eq)]
enum Step {
    Fine,
    Unmatched,
}

/// Reads Python character by character, knowing just enough to skip strings and comments.
#[derive(Default)]
struct Scan {
    open: Vec<char>,
    inside: Option<Inside>,
    /// Equal quote characters seen in a row outside a string, or while one may be closing.
    run: usize,
    last_quote: char,
    escaped: bool,
}

enum Inside {
    Comment,
    String { quote: char, triple: bool },
}

impl Scan {
    fn step(&mut self, c: char) -> Step {
        match self.inside {
            Some(Inside::Comment) => {
                if c == '\n' {
                    self.inside = None;
                }
                return Step::Fine;
            }
            Some(Inside::String { quote, triple }) => {
                if self.escaped {
                    self.escaped = false;
                } else if c == '\\' {
                    self.escaped = true;
                    self.run = 0;
                } else if c == quote {
                    self.run += 1;
                    if !triple || self.run == 3 {
                        self.inside = None;
                        // A pair of quotes with nothing between may be the start of three.
                        self.run = if triple { 0 } else { self.run + 1 };
                        self.last_quote = quote;
                    }
                } else {
                    self.run = 0;
                    if c == '\n' && !triple {
                        self.inside = None;
                    }
                }
                return Step::Fine;
            }
            None => {}
        }
        if c == '"' || c == '\'' {
            let triple = self.run == 2 && self.last_quote == c;
            self.inside = Some(Inside::String { quote: c, triple });
            self.last_quote = c;
            self.run = 0;
            return Step::Fine;
        }
        self.run = 0;
        match c {
            '#' => self.inside = Some(Inside::Comment),
            '(' | '[' | '{' => self.open.push(c),
            ')' | ']' | '}' if self.open.pop() != opener(c) => return Step::Unmatched,
            _ => {}
        }
        Step::Fine
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::fixture::judged;
    use super::*;
    use crate::completion::trigger::Extent;

    #[track_caller]
    fn check(fixture: &str, says: &str, expected: Expect) {
        expected.assert_eq(&judged(judge, fixture, Extent::Line, says));
    }

    #[test]
    fn what_is_open_may_be_closed() {
        check(
            "print(f($0\n",
            "x))",
            expect![[r#"
            print(f(⟦x))⟧
        "#]],
        );
        check(
            "x = $0\n",
            "f(a[0])",
            expect![[r#"
            x = ⟦f(a[0])⟧
        "#]],
        );
    }

    #[test]
    fn what_is_not_open_is_not_closed() {
        check(
            "print(x$0\n",
            "))",
            expect![[r#"
            print(x⟦)⟧
        "#]],
        );
        check(
            "f(a, $0)\n",
            "b))",
            expect![[r#"
            f(a, ⟦b⟧)
        "#]],
        );
        check(
            "x = 1$0\n",
            ")",
            expect!["nothing: it closes a bracket that is not open"],
        );
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        check(
            "\"\"\"It's (open\"\"\"\nx = '(' + \"a\\\"(\"$0\n",
            ")",
            expect!["nothing: it closes a bracket that is not open"],
        );
        check(
            "f(  # why)\n    $0\n",
            "'')",
            expect![[r#"
            f(  # why)
                ⟦'')⟧
        "#]],
        );
    }
}
