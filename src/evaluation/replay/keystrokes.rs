//! From what an author wrote to the keys that wrote it.
//!
//! A newline brings the indentation that an editor gives by itself, as one key; where the author
//! wanted more or less, a tab or a backspace follows. Brackets may be closed ahead.

use super::buffer::{Buffer, Stroke};

/// A place in a file where something was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// Byte offset of what goes, in the text as the hunks before have left it.
    pub at: usize,
    /// Bytes that go.
    pub delete: usize,
    /// What comes.
    pub insert: String,
    /// What the author wrote further on from there and is not there yet; judges suggestions that
    /// reach beyond `insert`.
    pub beyond: String,
}

/// A file, and what is written in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What the plan is called in reports.
    pub name: String,
    /// Path of the file as an editor would name it.
    pub path: String,
    /// The text before the first key.
    pub before: String,
    /// What is written, in file order.
    pub hunks: Vec<Hunk>,
}

impl Plan {
    /// The text when all is written.
    pub fn written(&self) -> String {
        let mut text = self.before.clone();
        for hunk in &self.hunks {
            text.replace_range(hunk.at..hunk.at + hunk.delete, &hunk.insert);
        }
        text
    }

    /// The file with `n_keys` characters typed from the start of line `line_idx` on; the rest is
    /// there already.
    ///
    /// # Errors
    /// When the file has no such line, or too little text behind it; the message says so.
    pub fn of_file(path: &str, text: &str, line_idx: usize, n_keys: usize) -> Result<Plan, String> {
        let lines = text.split_inclusive('\n').take(line_idx);
        let start: usize = lines.map(str::len).sum();
        let typed: String = text[start..].chars().take(n_keys).collect();
        let n_found = typed.chars().count();
        if n_found < n_keys {
            return Err(format!(
                "{path} has only {n_found} characters from line {} on; type fewer keys or start earlier",
                line_idx + 1
            ));
        }
        // The line being typed ends where typing ends: what is behind it on its line is cut.
        let rest = &text[start + typed.len()..];
        let after = rest.find('\n').unwrap_or(rest.len());
        Ok(Plan {
            name: path.to_owned(),
            path: path.to_owned(),
            before: format!("{}{}", &text[..start], &rest[after..]),
            hunks: vec![Hunk {
                at: start,
                delete: 0,
                insert: typed,
                beyond: rest.to_owned(),
            }],
        })
    }
}

/// A longer deletion is a selection and one key.
const LONGEST_ERASED: usize = 40;

/// Levels of indentation are so wide where the text does not say otherwise.
const LEVEL: usize = 4;

/// The hand that types one hunk.
pub struct Hand<'a> {
    hunk: &'a Hunk,
    /// Bytes of the hunk's deletion that are still there.
    erase: usize,
    /// Bytes of its insertion that are there, whoever put them there.
    done: usize,
    /// Whether brackets are closed ahead.
    closes_ahead: bool,
    /// Closers that stand behind the cursor for the author to type over, the nearest last.
    closers: Vec<char>,
}

impl<'a> Hand<'a> {
    /// A hand on a hunk, and puts the cursor there.
    pub fn new(hunk: &'a Hunk, closes_ahead: bool, buffer: &mut Buffer) -> Hand<'a> {
        buffer.cursor = hunk.at + hunk.delete;
        Hand {
            hunk,
            erase: hunk.delete,
            done: 0,
            closes_ahead,
            closers: Vec::new(),
        }
    }

    /// What the author goes on to write at the cursor; `None` where something must go first.
    pub fn rest(&self, buffer: &Buffer) -> Option<String> {
        let goes_on = self.erase == 0 && self.excess(buffer) == 0;
        goes_on.then(|| format!("{}{}", &self.hunk.insert[self.done..], self.hunk.beyond))
    }

    /// The next key; `None` when the hunk is written.
    pub fn next(&mut self, buffer: &Buffer) -> Option<Stroke> {
        if self.erase > 0 {
            return Some(self.erasing(buffer));
        }
        let line = buffer.line_before();
        let rest = &self.hunk.insert[self.done..];
        let excess = self.excess(buffer);
        if rest.starts_with('\n') {
            return Some(self.newline(excess, buffer));
        }
        if excess > 0 {
            return Some(Stroke {
                back: excess.min(LEVEL),
                ..Stroke::default()
            });
        }
        let first = rest.chars().next()?;
        if line.trim().is_empty() && (first == ' ' || first == '\t') {
            let blanks = rest.chars().take_while(|c| *c == first).take(LEVEL);
            let tab: String = if first == '\t' {
                "\t".to_owned()
            } else {
                blanks.collect()
            };
            return Some(self.typed(tab.len(), tab));
        }
        if self.closers.last() == Some(&first) && buffer.after().starts_with(first) {
            self.closers.pop();
            return Some(Stroke {
                forward: first.len_utf8(),
                ..self.typed(first.len_utf8(), first.to_string())
            });
        }
        let ahead = self.closed_ahead(first);
        Some(Stroke {
            ahead: ahead.map(String::from).unwrap_or_default(),
            ..self.typed(first.len_utf8(), first.to_string())
        })
    }

    /// A key that puts so much of a suggestion there; the part must be what the author writes.
    pub fn take(&mut self, part: &str) -> Stroke {
        let n = part.len().min(self.hunk.insert.len() - self.done);
        self.typed(n, part[..n].to_owned())
    }

    fn typed(&mut self, n_done: usize, insert: String) -> Stroke {
        self.done += n_done;
        Stroke {
            insert,
            ..Stroke::default()
        }
    }

    fn erasing(&mut self, buffer: &Buffer) -> Stroke {
        let going = &buffer.before()[buffer.cursor - self.erase..];
        let back = match going.chars().count() > LONGEST_ERASED || going.contains('\n') {
            true => going.len(),
            false => going.chars().next_back().map_or(0, char::len_utf8),
        };
        self.erase -= back;
        Stroke {
            back,
            ..Stroke::default()
        }
    }

    /// How many blanks the editor put before the cursor that the author did not want.
    fn excess(&self, buffer: &Buffer) -> usize {
        let line = buffer.line_before();
        match self.hunk.insert[..self.done].rfind('\n') {
            Some(at) if line.trim().is_empty() => line.len().saturating_sub(self.done - at - 1),
            // The line has code, or began before the hunk.
            _ => 0,
        }
    }

    fn newline(&mut self, excess: usize, buffer: &Buffer) -> Stroke {
        let auto = auto_indent(buffer);
        let next = &self.hunk.insert[self.done + 1..];
        let wanted = next.len() - next.trim_start_matches([' ', '\t']).len();
        let shared = auto
            .bytes()
            .zip(next[..wanted].bytes())
            .take_while(|(given, wanted)| given == wanted)
            .count();
        Stroke {
            back: excess,
            ..self.typed(1 + shared, format!("\n{auto}"))
        }
    }

    /// The closer that an editor puts there for an opener, where the author has one too.
    fn closed_ahead(&mut self, opener: char) -> Option<char> {
        let closer = match opener {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            _ => return None,
        };
        let rest = &self.hunk.insert[self.done..];
        let mut depth = 0_usize;
        let has_one = self.closes_ahead
            && rest.chars().skip(1).take_while(|c| *c != '\n').any(|c| {
                depth += usize::from(c == opener);
                let closes = c == closer && depth == 0;
                depth -= usize::from(c == closer && depth > 0);
                closes
            });
        has_one.then(|| {
            self.closers.push(closer);
            closer
        })
    }
}

/// The indentation that a new line gets: that of the line above, a level more behind something
/// that opens a block, a level less behind something that ends one.
fn auto_indent(buffer: &Buffer) -> String {
    let line = buffer.line_before();
    let code = line.trim_start();
    let mut indent = line[..line.len() - code.len()].to_owned();
    let level = if indent.starts_with('\t') {
        "\t"
    } else {
        "    "
    };
    let ends_block = ["return", "raise", "pass", "break", "continue"]
        .iter()
        .any(|word| {
            let rest = code.strip_prefix(word);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c == '_' || c.is_alphanumeric()))
        });
    if code.trim_end().ends_with([':', '(', '[', '{']) {
        indent.push_str(level);
    } else if ends_block {
        indent.truncate(indent.len().saturating_sub(level.len()));
    }
    indent
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn plan(before: &str, at: usize, delete: usize, insert: &str) -> Plan {
        let hunk = Hunk {
            at,
            delete,
            insert: insert.to_owned(),
            beyond: String::new(),
        };
        Plan {
            name: "a.py".to_owned(),
            path: "a.py".to_owned(),
            before: before.to_owned(),
            hunks: vec![hunk],
        }
    }

    /// The keys, one a word; `⌫n` erases, `|` stands before what comes behind the cursor.
    #[track_caller]
    fn check(plan: &Plan, closes_ahead: bool, expected: Expect) {
        let mut buffer = Buffer::new(plan.before.clone(), 0);
        let mut shown = Vec::new();
        for hunk in &plan.hunks {
            let mut hand = Hand::new(hunk, closes_ahead, &mut buffer);
            while let Some(stroke) = hand.next(&buffer) {
                buffer.press(&stroke);
                let mut key = stroke.insert.replace('\n', "⏎").replace(' ', "·");
                if stroke.back > 0 {
                    key = format!("⌫{}{key}", stroke.back);
                }
                if !stroke.ahead.is_empty() {
                    key = format!("{key}|{}", stroke.ahead);
                }
                if stroke.forward > 0 {
                    key = format!("{key}→");
                }
                shown.push(key);
            }
        }
        assert_eq!(
            buffer.text,
            plan.written(),
            "the keys write the author's text"
        );
        expected.assert_eq(&shown.join(" "));
    }

    #[test]
    fn an_editor_indents_and_the_author_corrects() {
        check(
            &plan(
                "x = 1\n",
                5,
                0,
                "\ndef f():\n    return 1\n\n\nif x:\n    f()",
            ),
            false,
            expect!["⏎ d e f · f ( ) : ⏎···· r e t u r n · 1 ⏎ ⏎ ⏎ i f · x : ⏎···· f ( )"],
        );
        check(
            &plan("", 0, 0, "for a in b:\n    c\n\n  d\ne"),
            false,
            expect!["f o r · a · i n · b : ⏎···· c ⏎···· ⌫4⏎···· ⌫2 d ⏎·· ⌫2 e"],
        );
    }

    #[test]
    fn what_goes_is_erased_and_a_long_piece_is_one_key() {
        check(&plan("abc = 1\n", 1, 2, "é"), false, expect!["⌫1 ⌫1 é"]);
        let long = format!("{}\n", "x".repeat(50));
        check(&plan(&long, 0, 50, "y"), false, expect!["⌫50 y"]);
    }

    #[test]
    fn brackets_are_closed_ahead_where_the_author_closes_them() {
        check(
            &plan("\n", 0, 0, "f([1], (\n"),
            true,
            expect!["f ( [|] 1 ]→ , · ( ⏎···· ⌫4"],
        );
    }

    #[test]
    fn a_plan_types_what_the_author_wrote() {
        let text = "a = 1\nb = 2\nc = 3\nd = 4\n";
        let plan = Plan::of_file("a.py", text, 1, 8).expect("long enough");
        assert_eq!(plan.before, "a = 1\n\nd = 4\n");
        assert_eq!(plan.hunks[0].insert, "b = 2\nc ");
        assert_eq!(plan.hunks[0].beyond, "= 3\nd = 4\n");
        assert!(Plan::of_file("a.py", text, 3, 100).is_err());
    }
}
