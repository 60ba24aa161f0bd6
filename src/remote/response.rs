//! What comes back: a stream of server-sent events (WHATWG HTML, §9.2), each with a piece of JSON.

use serde_json::Value;

use crate::config::remote::Kind;
use crate::model::{Confidence, StopReason};

/// How sure a model is taken to be whose server tells no probabilities: enough to be shown.
const UNKNOWN: f32 = -0.2;

/// Bytes of an event, at most: a server that sends more without an end is not understood.
const MAX_EVENT: usize = 1 << 20;

/// One thing that a server told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Text {
        text: String,
        confidence: Confidence,
        n_tokens: usize,
    },
    Stopped(StopReason),
    Counts {
        reused: usize,
        computed: usize,
    },
}

/// Reads a stream as its bytes come.
pub(super) struct Reader {
    kind: Kind,
    buffer: Vec<u8>,
    is_over: bool,
    n_events: usize,
}

impl Reader {
    pub(super) fn new(kind: Kind) -> Reader {
        Reader {
            kind,
            buffer: Vec::new(),
            is_over: false,
            n_events: 0,
        }
    }

    /// Whether the server said that it is done.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether there was any event in it.
    pub(super) fn was_understood(&self) -> bool {
        self.n_events > 0
    }

    /// Takes bytes, or the end of the stream, and returns what they tell.
    ///
    /// # Errors
    /// What the server says went wrong, or that its words are no JSON.
    pub(super) fn push(&mut self, bytes: Option<&[u8]>) -> Result<Vec<Told>, String> {
        let mut told = Vec::new();
        match bytes {
            Some(bytes) => self.buffer.extend_from_slice(bytes),
            // What stands in the last line counts, though no line break ends it.
            None => self.buffer.push(b'\n'),
        }
        while let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            self.line(String::from_utf8_lossy(&line).trim_end(), &mut told)?;
        }
        match self.buffer.len() > MAX_EVENT {
            true => Err("sent an event without an end".to_owned()),
            false => Ok(told),
        }
    }

    fn line(&mut self, line: &str, told: &mut Vec<Told>) -> Result<(), String> {
        // Comments keep a connection alive; other fields than these two are not used.
        let data = line.strip_prefix("data:").or(line.strip_prefix("error:"));
        let Some(data) = data.map(str::trim_start) else {
            return Ok(());
        };
        self.n_events += 1;
        if data == "[DONE]" {
            self.is_over = true;
            return Ok(());
        }
        let event: Value = serde_json::from_str(data).map_err(|error| {
            format!("sent an event that is no JSON ({error}). Check that `remote.kind` names what it speaks")
        })?;
        let error = event.get("error").filter(|error| !error.is_null());
        if error.is_some() || line.starts_with("error:") {
            return Err(format!("failed in the middle: {}", message(&event)));
        }
        match self.kind {
            Kind::LlamaServer => self.infill(&event, told),
            Kind::OpenAi => completion(&event, told),
        }
        Ok(())
    }

    fn infill(&mut self, event: &Value, told: &mut Vec<Told>) {
        let text = event["content"].as_str().unwrap_or_default();
        let tokens = event["completion_probabilities"].as_array();
        let logprobs = tokens.into_iter().flatten();
        push_text(text, logprobs.map(|token| &token["logprob"]), told);
        if event["stop"] == true {
            self.is_over = true;
            told.push(Told::Stopped(match event["stop_type"].as_str() {
                Some("word") => StopReason::StopString,
                Some("limit") => StopReason::MaxTokens,
                _ => StopReason::EndOfGeneration,
            }));
            let count = |name: &str| event["timings"][name].as_u64();
            if let (Some(reused), Some(computed)) = (count("cache_n"), count("prompt_n")) {
                told.push(counts(reused, computed));
            }
        }
    }
}

fn completion(event: &Value, told: &mut Vec<Told>) {
    let choice = &event["choices"][0];
    let text = choice["text"].as_str().unwrap_or_default();
    let logprobs = &choice["logprobs"];
    match (
        logprobs["token_logprobs"].as_array(),
        logprobs["content"].as_array(),
    ) {
        (Some(numbers), _) => push_text(text, numbers.iter(), told),
        // llama-server answers as the newer interface does.
        (None, Some(tokens)) => push_text(text, tokens.iter().map(|token| &token["logprob"]), told),
        (None, None) => push_text(text, std::iter::empty(), told),
    }
    match choice["finish_reason"].as_str() {
        Some("length") => told.push(Told::Stopped(StopReason::MaxTokens)),
        Some(_) => told.push(Told::Stopped(StopReason::EndOfGeneration)),
        None => {}
    }
    let usage = &event["usage"];
    if let Some(n_prompt) = usage["prompt_tokens"].as_u64() {
        let reused = usage["prompt_tokens_details"]["cached_tokens"].as_u64();
        let reused = reused.unwrap_or(0).min(n_prompt);
        told.push(counts(reused, n_prompt - reused));
    }
}

fn counts(reused: u64, computed: u64) -> Told {
    Told::Counts {
        reused: reused as usize,
        computed: computed as usize,
    }
}

fn push_text<'a>(text: &str, logprobs: impl Iterator<Item = &'a Value>, told: &mut Vec<Told>) {
    if text.is_empty() {
        return;
    }
    let known: Vec<f32> = logprobs
        .filter_map(Value::as_f64)
        .map(|logprob| logprob as f32)
        .collect();
    let logprob = match known.is_empty() {
        true => UNKNOWN,
        false => known.iter().sum(),
    };
    // From the probability alone: the best rival has at most what is left.
    let p = f64::from(logprob).exp().clamp(1e-6, 1.0 - 1e-6);
    told.push(Told::Text {
        text: text.to_owned(),
        confidence: Confidence {
            logprob,
            margin: (p / (1.0 - p)).ln() as f32,
            entropy: (-(p * p.ln()) - (1.0 - p) * (1.0 - p).ln()) as f32,
        },
        n_tokens: known.len().max(1),
    });
}

/// What a server says went wrong, in its own words, cut to a line.
pub(super) fn message(answer: &Value) -> String {
    let error = answer.get("error").unwrap_or(answer);
    let text = [
        &error["message"],
        error,
        &answer["message"],
        &answer["detail"],
    ]
    .into_iter()
    .find_map(Value::as_str);
    let text = text.map_or_else(|| error.to_string(), str::to_owned);
    let line: String = text.chars().take(200).collect();
    line.replace('\n', " ")
}
