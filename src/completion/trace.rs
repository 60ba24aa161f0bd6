//! Why an answer is what it is: all that is known of one, for people and for programs.
//!
//! A trace has parts, one line each in [`PARTS`]. A part is a list of facts or a table; it becomes
//! JSON and Markdown by itself.

mod markdown;

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::completion::show::Origin;
use crate::completion::{Answer, Ask, Source, trim};
use crate::model::StopReason;
use crate::session::Snapshot;

/// What there is to know about one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Path of the document.
    pub path: String,
    /// Line of the cursor, from 1.
    pub line: usize,
    /// Column of the cursor in characters, from 1.
    pub column: usize,
    /// The cursor's line, before and behind the cursor.
    pub around: (String, String),
    /// Whether the user asked by hand.
    pub invoked: bool,
    /// The ghost text.
    pub shown: Option<String>,
    /// Why there is none.
    pub why_nothing: Option<String>,
    /// The parts that have something to say, by name.
    pub parts: Vec<(&'static str, Part)>,
}

/// One part of a trace.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Names and what they are.
    Facts(Vec<(&'static str, Value)>),
    /// Rows under column names. A text of several lines stands below the table in Markdown.
    Table(&'static [&'static str], Vec<Vec<Value>>),
}

/// What a part says of an answer.
type Explain = fn(&Answer) -> Part;

/// All parts, in the order they are shown. A part without facts or rows is left out.
static PARTS: &[(&str, Explain)] = &[
    ("answer", answer),
    ("tokens", tokens),
    ("time", time),
    ("decision", decision),
    ("candidates", candidates),
    ("rules", rules),
    ("features", features),
    ("written", written),
    ("prompt", prompt),
];

impl Trace {
    /// The trace of an answer to a request.
    pub fn of(snapshot: &Snapshot, ask: Ask, answer: &Answer) -> Trace {
        let offset = ask.offset.min(snapshot.text.len_bytes());
        let around = snapshot.line_around(offset);
        let is_said = |part: &Part| match part {
            Part::Facts(facts) => !facts.is_empty(),
            Part::Table(_, rows) => !rows.is_empty(),
        };
        Trace {
            path: snapshot.path.clone(),
            line: snapshot.text.byte_to_line(offset) + 1,
            column: around.0.chars().count() + 1,
            around,
            invoked: ask.invoked,
            shown: answer.text.clone(),
            why_nothing: answer.why_nothing.clone(),
            parts: PARTS
                .iter()
                .map(|(name, part)| (*name, part(answer)))
                .filter(|(_, part)| is_said(part))
                .collect(),
        }
    }

    /// For a program to read: a key a part, facts as an object, a table as a list of objects.
    pub fn json(&self) -> Value {
        let mut whole = json!({
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "invoked": self.invoked,
            "shown": self.shown,
            "whyNothing": self.why_nothing,
        });
        for (name, part) in &self.parts {
            whole[*name] = part.json();
        }
        whole
    }

    /// For a person to read.
    pub fn markdown(&self) -> String {
        markdown::of(self)
    }
}

impl Part {
    fn json(&self) -> Value {
        let object =
            |pairs: &mut dyn Iterator<Item = (&'static str, &Value)>| -> Map<String, Value> {
                pairs
                    .map(|(name, value)| (key(name), value.clone()))
                    .collect()
            };
        match self {
            Part::Facts(facts) => {
                object(&mut facts.iter().map(|(name, value)| (*name, value))).into()
            }
            Part::Table(columns, rows) => rows
                .iter()
                .map(|row| Value::from(object(&mut columns.iter().copied().zip(row))))
                .collect(),
        }
    }
}

/// A name as a key of JSON: `mean log-probability` becomes `meanLogProbability`.
fn key(name: &str) -> String {
    let mut words = name.split([' ', '-']);
    let mut key = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        key.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        key.push_str(letters.as_str());
    }
    key
}

/// Where it came from, and how it ended.
fn answer(answer: &Answer) -> Part {
    let mut facts = vec![("source", json!(source(answer.source)))];
    facts.extend(
        answer
            .format
            .as_ref()
            .map(|format| ("format", json!(format))),
    );
    facts.extend(
        answer
            .score
            .map(|score| ("mean log-probability", rounded(f64::from(score)))),
    );
    if answer.written.is_some() {
        facts.push(("stopped", json!(stop(answer.stop))));
    }
    Part::Facts(facts)
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Model => "the model wrote it for this request",
        Source::Running => "the model was writing it already, and the keys went along",
        Source::Remembered => "it was there already; the model was not asked",
        Source::Silence => "nobody was asked",
    }
}

fn stop(stop: Option<StopReason>) -> &'static str {
    match stop {
        None => "by us: the line, statement or block was whole",
        Some(StopReason::EndOfGeneration) => "the model said that this is the end",
        Some(StopReason::StopString) => "at the end of the line",
        Some(StopReason::MaxTokens) => "at the limit of tokens",
        Some(StopReason::Interrupted) => "by something more urgent",
        Some(StopReason::HealingFailed) => "no token goes on from the text before the cursor",
    }
}

/// What it cost.
fn tokens(answer: &Answer) -> Part {
    let usage = &answer.usage;
    if answer.prompt.is_none() && usage.n_decoded == 0 {
        return Part::Facts(Vec::new());
    }
    Part::Facts(vec![
        ("reused", json!(usage.n_reused)),
        ("computed", json!(usage.n_computed)),
        ("written", json!(usage.n_decoded)),
    ])
}

/// Where the time went; stages that took none are left out.
fn time(answer: &Answer) -> Part {
    let (timings, usage) = (&answer.timings, &answer.usage);
    let stages = [
        ("waiting for the next key", timings.waited),
        ("making the prompt", timings.prepare),
        ("the model", timings.model),
        ("of it: waiting for it", usage.waited),
        ("of it: reading the prompt", usage.prefill),
        ("of it: writing", usage.decode),
        ("cleaning up and deciding", timings.judge),
    ];
    let took = stages.iter().filter(|(_, time)| !time.is_zero());
    Part::Table(
        &["stage", "ms"],
        took.map(|(stage, time)| vec![json!(stage), ms(*time)])
            .collect(),
    )
}

/// What the decision to show it was made of.
fn decision(answer: &Answer) -> Part {
    let Some(judgement) = &answer.judgement else {
        return Part::Facts(Vec::new());
    };
    let percent = |share: f32| json!(format!("{:.0} %", 100.0 * f64::from(share)));
    Part::Facts(vec![
        ("likely to be kept", percent(judgement.kept)),
        ("by this user", percent(judgement.by_this_user)),
        ("least that is shown", percent(judgement.threshold)),
        ("likely to be exactly right", percent(judgement.exact)),
        ("cut shorter", json!(judgement.shortened)),
    ])
}

/// All that could have been shown.
fn candidates(answer: &Answer) -> Part {
    let rows = answer.candidates.iter().map(|candidate| {
        let logprob = candidate.mean_logprob();
        vec![
            json!(candidate.origin),
            json!(quoted(&candidate.text)),
            logprob.map_or(Value::Null, |logprob| rounded(f64::from(logprob))),
            json!(candidate.dropped.unwrap_or("could be shown")),
        ]
    });
    Part::Table(
        &["origin", "cleaned up", "mean log-probability", "verdict"],
        rows.collect(),
    )
}

/// What each feature adds to the log-odds of being kept, the weightiest first.
fn features(answer: &Answer) -> Part {
    let parts = answer
        .judgement
        .iter()
        .flat_map(|judgement| &judgement.parts);
    let rows = parts.map(|(name, adds)| vec![json!(name), rounded(f64::from(*adds))]);
    Part::Table(&["feature", "adds to the log-odds"], rows.collect())
}

/// What each rule said, in their order.
fn rules(answer: &Answer) -> Part {
    let columns = &["rule", "verdict"];
    let Some(written) = &answer.written else {
        return Part::Table(columns, Vec::new());
    };
    // The text that a copy had before the rules is not kept.
    let is_copy = answer
        .judgement
        .as_ref()
        .is_some_and(|judgement| judgement.origin == Origin::Copy);
    let mut left = if is_copy { "" } else { written.text.as_str() };
    let mut dropped = false;
    let mut rows = Vec::new();
    for rule in &trim::RULES {
        let applied = answer
            .applied
            .iter()
            .find(|applied| applied.rule == rule.name);
        let verdict = match applied.map(|applied| &applied.verdict) {
            _ if dropped => "not reached".to_owned(),
            None | Some(trim::Verdict::Keep) => "leaves it".to_owned(),
            Some(trim::Verdict::Cut(end)) => {
                let verdict = match left.get(*end..) {
                    Some(cut) => format!("cuts {}", quoted(cut)),
                    None => format!("cuts it to {end} bytes"),
                };
                left = left.get(..*end).unwrap_or(left);
                verdict
            }
            Some(trim::Verdict::Import(missing)) => format!("wants `{}`", missing.statement),
            Some(trim::Verdict::Drop(why)) => {
                dropped = true;
                format!("drops it: {why}")
            }
        };
        rows.push(vec![json!(rule.name), json!(verdict)]);
    }
    Part::Table(columns, rows)
}

/// What the model wrote, before any rule, and how sure it was of each piece.
fn written(answer: &Answer) -> Part {
    let Some(written) = &answer.written else {
        return Part::Table(&[], Vec::new());
    };
    let starts = std::iter::once(0).chain(written.pieces.iter().map(|(end, _)| *end));
    let rows = starts
        .zip(&written.pieces)
        .map(|(start, (end, confidence))| {
            let text = written.text.get(start..*end).unwrap_or_default();
            let percent = 100.0 * f64::from(confidence.logprob).exp();
            vec![
                json!(quoted(text)),
                rounded(percent),
                rounded(f64::from(confidence.margin)),
            ]
        });
    Part::Table(&["piece", "percent", "margin in nats"], rows.collect())
}

/// What the model was shown.
fn prompt(answer: &Answer) -> Part {
    let sections = answer.prompt.iter().flat_map(|prompt| &prompt.sections);
    let rows = sections.map(|section| {
        vec![
            json!(section.name),
            json!(section.n_tokens),
            json!(section.text.lines().count()),
            json!(section.text),
        ]
    });
    Part::Table(&["section", "tokens", "lines", "text"], rows.collect())
}

/// A text on one line, as code.
fn quoted(text: &str) -> String {
    let text = text.replace('\n', "⏎").replace('`', "ˋ");
    format!("`{text}`")
}

fn ms(time: Duration) -> Value {
    rounded(time.as_secs_f64() * 1000.0)
}

/// Two digits behind the point.
fn rounded(value: f64) -> Value {
    json!((value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests;
