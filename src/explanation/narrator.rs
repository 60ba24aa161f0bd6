//! The model's part of an explanation: four answers in one conversation, each behind its heading.

use std::ops::Range;

use super::claims::{self, Known};
use super::part::Part;
use super::question::{self, Code, PART_TOKENS, Question};
use super::tongue::Tongue;
use crate::model::{Event, Job, Model, ModelError, Priority, StopReason, Token, Tokenizer};

/// Writes what an instruct model has to say, part by part. The headings are put in its mouth, so
/// that the parts are always four and always in this order, whatever the model is.
pub struct Narrator {
    model: Model,
    tokenizer: std::sync::Arc<dyn Tokenizer>,
    n_ctx: usize,
    /// The conversation and what was answered so far.
    prompt: Vec<Token>,
    known: Known,
    tongue: Tongue,
}

/// What is told on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told<'a> {
    /// Markdown that goes on where the last piece ended.
    Markdown(&'a str),
    /// A piece of a long function was read: how many, of how many.
    Read(usize, usize),
}

/// A piece of code to be summarised: its lines, and its text with their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The lines, from 1.
    pub lines: Range<usize>,
    /// Their text, numbered.
    pub text: String,
}

impl Narrator {
    /// Reads the question, a long function piece by piece. `None` where the model has no chat
    /// template, as those have that only continue text.
    ///
    /// # Errors
    /// Whatever keeps the model from answering, and [`ModelError::ContextFull`] where even the
    /// facts do not fit.
    pub async fn open(
        model: &Model,
        question: impl FnOnce() -> Question,
        known: Known,
        tell: &mut (dyn FnMut(Told<'_>) + Send),
    ) -> Result<Option<Narrator>, ModelError> {
        let info = model.ready().await?;
        let Some(tokenizer) = model.tokenizer() else {
            return Ok(None);
        };
        // Files are read to put it together.
        if !tokenizer.chats() {
            return Ok(None);
        }
        let mut question = question();
        let n_ctx = info.n_ctx as usize;
        let prompt = match question.prompt(&*tokenizer, n_ctx) {
            None => return Ok(None),
            Some(Ok(prompt)) => prompt,
            Some(Err(_)) => {
                let mut told = summaries(model, &*tokenizer, n_ctx, &question, tell).await?;
                loop {
                    question.code = Code::Summaries(told.clone());
                    match question.prompt(&*tokenizer, n_ctx) {
                        None => return Ok(None),
                        Some(Ok(prompt)) => break prompt,
                        // Rather the first parts of it than nothing.
                        Some(Err(_)) if told.len() > 1 => told.truncate(told.len() / 2),
                        Some(Err(excess)) => {
                            return Err(ModelError::ContextFull {
                                needed: n_ctx + excess,
                                available: n_ctx,
                            });
                        }
                    }
                }
            }
        };
        Ok(Some(Narrator {
            model: model.clone(),
            tokenizer,
            n_ctx,
            prompt,
            known,
            tongue: question.tongue,
        }))
    }

    /// Writes one part, statement by statement, each checked against what is known; `lead` stands
    /// before the first. `link` writes a line number as a link.
    ///
    /// # Errors
    /// Whatever keeps the model from answering.
    pub async fn tell(
        &mut self,
        part: Part,
        lead: &str,
        link: &(dyn Fn(usize, &str) -> String + Sync),
        tell: &mut (dyn FnMut(Told<'_>) + Send),
    ) -> Result<(), ModelError> {
        let mut lead = Some(lead);
        let mut say = |statement: &str| {
            if let Some(lead) = lead.take() {
                tell(Told::Markdown(lead));
            }
            let checked = claims::checked(statement, part, &self.known, &self.tongue, link);
            tell(Told::Markdown(&checked));
        };
        let heading = format!("## {}\n", part.heading(&self.tongue));
        self.prompt.extend(self.tokenizer.tokenize(&heading));
        let n_room = self.n_ctx.saturating_sub(self.prompt.len());
        if n_room < 2 {
            return Ok(());
        }
        let mut generation = self.model.generate(Job {
            prompt: self.prompt.clone(),
            max_tokens: PART_TOKENS.min(n_room - 1),
            stop: vec!["\n#".to_owned()],
            priority: Priority::Explanation,
            guess: true,
            ..Job::default()
        });
        let mut statements = Statements::default();
        let mut answer = String::new();
        let mut was_cut = false;
        while let Some(event) = generation.next().await {
            match event {
                Event::Piece { text, .. } => {
                    answer.push_str(&text);
                    for statement in statements.push(&text) {
                        say(&statement);
                    }
                }
                Event::Done { reason, .. } => was_cut = reason == StopReason::MaxTokens,
                Event::Failed(error) => return Err(error),
                Event::Started { .. } | Event::Candidate { .. } => {}
            }
        }
        // What the length cut off in the middle is no statement.
        let rest = statements.rest();
        if !was_cut && !rest.trim().is_empty() {
            say(&rest);
        }
        let answer = format!("{}\n\n", answer.trim());
        self.prompt.extend(self.tokenizer.tokenize(&answer));
        Ok(())
    }
}

/// What a model says about each piece of a function that is longer than its context.
async fn summaries(
    model: &Model,
    tokenizer: &dyn Tokenizer,
    n_ctx: usize,
    question: &Question,
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) -> Result<Vec<String>, ModelError> {
    let Code::Whole(code) = &question.code else {
        return Ok(Vec::new());
    };
    let pieces = pieces(code, &|text| tokenizer.tokenize(text).len(), n_ctx / 2);
    // All summaries together take half of the room that the final question has.
    let n_room = n_ctx.saturating_sub(question::ANSWER_TOKENS) / 2;
    let n_each = (n_room / pieces.len().max(1)).clamp(8, 64);
    let mut told = Vec::new();
    for (n, piece) in pieces.iter().enumerate() {
        tell(Told::Read(n, pieces.len()));
        let messages = question::about_a_piece(&question.subject, &piece.text);
        let Some(prompt) = tokenizer.chat(&messages) else {
            return Ok(Vec::new());
        };
        let generation = model.generate(Job {
            prompt,
            max_tokens: n_each,
            stop: vec!["\n\n".to_owned()],
            priority: Priority::Explanation,
            ..Job::default()
        });
        let text = generation.text().await?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let Range { start, end } = piece.lines;
        told.push(format!("- Lines {start}-{}: {text}", end - 1));
    }
    tell(Told::Read(pieces.len(), pieces.len()));
    Ok(told)
}

/// Cuts numbered code into pieces of at most `most` tokens, in front of lines that are indented
/// least where it can.
pub fn pieces(code: &str, count: &dyn Fn(&str) -> usize, most: usize) -> Vec<Piece> {
    struct Line<'a> {
        text: &'a str,
        number: usize,
        indent: usize,
        n_tokens: usize,
    }
    let lines: Vec<Line<'_>> = code
        .lines()
        .filter_map(|text| {
            let (number, content) = text
                .trim_start()
                .split_once(' ')
                .unwrap_or((text.trim(), ""));
            let is_blank = content.trim().is_empty();
            Some(Line {
                text,
                number: number.parse().ok()?,
                // A blank line is no place to cut at.
                indent: match is_blank {
                    true => usize::MAX,
                    false => content.len() - content.trim_start().len(),
                },
                n_tokens: count(text) + 1,
            })
        })
        .collect();
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < lines.len() {
        let mut n_tokens = 0;
        let fitting = lines[start..]
            .iter()
            .take_while(|line| {
                n_tokens += line.n_tokens;
                n_tokens <= most
            })
            .count();
        let mut end = start + fitting.max(1);
        if end < lines.len() {
            // The last of the least indented lines in the second half begins the next piece.
            let earliest = start + fitting.max(2) / 2;
            let cut = (earliest..=end).rev().min_by_key(|at| lines[*at].indent);
            end = cut.filter(|cut| *cut > start).unwrap_or(end);
        }
        let piece = &lines[start..end];
        pieces.push(Piece {
            lines: piece[0].number..piece[piece.len() - 1].number + 1,
            text: piece
                .iter()
                .map(|line| format!("{}\n", line.text))
                .collect(),
        });
        start = end;
    }
    pieces
}

/// Cuts a stream of text into statements: lines, and sentences within long ones.
#[derive(Default)]
struct Statements {
    rest: String,
}

impl Statements {
    /// The statements that are complete now, with the blanks behind them.
    fn push(&mut self, text: &str) -> Vec<String> {
        self.rest.push_str(text);
        let mut complete = Vec::new();
        while let Some(end) = statement_end(&self.rest) {
            let rest = self.rest.split_off(end);
            complete.push(std::mem::replace(&mut self.rest, rest));
        }
        complete
    }

    fn rest(self) -> String {
        self.rest
    }
}

/// Where the first statement ends: behind its line break, or behind the full stop and the blank
/// after it. A full stop within backquotes or behind a list's number ends nothing.
fn statement_end(text: &str) -> Option<usize> {
    let mut is_code = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return Some(at + 1),
            '`' => is_code = !is_code,
            ' ' if !is_code && before == '.' && !ends_with_number(&text[..at]) => {
                return Some(at + 1);
            }
            '。' | '！' if !is_code => return Some(at + c.len_utf8()),
            _ => {}
        }
        before = c;
    }
    None
}

/// Whether all there is is a list's number.
fn ends_with_number(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.');
    text.chars().all(|c| c.is_ascii_digit())
        || ["e.g", "i.e", "etc"]
            .iter()
            .any(|word| text.ends_with(word))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_stream_is_cut_into_statements() {
        let mut statements = Statements::default();
        let text = "1. It calls `a. b`. Then e.g. it ends.\n- 第一句。第二句\nrest";
        let complete: Vec<String> = text
            .split_inclusive(' ')
            .flat_map(|piece| statements.push(piece))
            .collect();
        expect![[r#"
            [
                "1. It calls `a. b`. ",
                "Then e.g. it ends.\n",
                "- 第一句。",
                "第二句\n",
            ]
        "#]]
        .assert_debug_eq(&complete);
        assert_eq!(statements.rest(), "rest");
    }

    #[test]
    fn long_code_is_cut_in_front_of_the_outermost_lines() {
        let code = "def f():\n    if a:\n        b()\n        c()\n    for d in e:\n        g()\n        h()\n        i()\n    return j\n";
        let numbered = question::numbered(code, 20);
        let told: Vec<String> = pieces(&numbered, &|_| 9, 50)
            .iter()
            .map(|piece| format!("{:?}\n{}", piece.lines, piece.text))
            .collect();
        expect![[r#"
            20..24
              20 def f():
              21     if a:
              22         b()
              23         c()

            24..29
              24     for d in e:
              25         g()
              26         h()
              27         i()
              28     return j
        "#]]
        .assert_eq(&told.join("\n"));
    }

    #[test]
    fn a_line_longer_than_a_piece_is_a_piece() {
        let numbered = question::numbered("a()\nb()\nc()\n", 1);
        let pieces = pieces(&numbered, &|_| 99, 50);
        assert_eq!(pieces.len(), 3);
    }
}
