//! What is sent: the body of a request, by kind of server.

use serde_json::{Map, Value, json};

use super::parts::Parts;
use crate::config::format::Format;
use crate::config::remote::{Kind, Remote};
use crate::model::{Job, Sampling};

/// Stop strings sent, at most: OpenAI's interface takes four.
const MAX_STOPS: usize = 4;

/// The JSON body of a job.
pub(super) fn body(remote: &Remote, format: &Format, parts: &Parts, job: &Job) -> Value {
    let mut body = match remote.kind {
        Kind::LlamaServer => infill(parts, job),
        Kind::OpenAi => completion(remote, format, parts, job),
    };
    body.insert("stream".to_owned(), json!(true));
    if let Some(model) = &remote.model {
        body.insert("model".to_owned(), json!(model));
    }
    match job.sampling {
        // A server searches for nothing: as where hypotheses cannot share memory.
        Sampling::Greedy | Sampling::Beam { .. } => {
            drop(body.insert("temperature".to_owned(), json!(0.0)))
        }
        Sampling::Seeded {
            temperature,
            top_p,
            seed,
        } => {
            body.insert("temperature".to_owned(), json!(temperature));
            body.insert("top_p".to_owned(), json!(top_p));
            // Some servers read it as 32 bits.
            body.insert("seed".to_owned(), json!(seed & 0x7FFF_FFFF));
        }
    }
    Value::Object(body)
}

/// llama-server's `/infill` (tools/server/README.md): the server knows the model's own format.
fn infill(parts: &Parts, job: &Job) -> Map<String, Value> {
    let extra: Vec<Value> = parts
        .files
        .iter()
        .map(|(name, text)| json!({"filename": name, "text": text}))
        .collect();
    object(json!({
        "input_prefix": parts.prefix,
        "input_suffix": parts.suffix,
        "input_extra": extra,
        "prompt": "",
        "n_predict": job.max_tokens,
        "cache_prompt": true,
        "n_probs": 1,
        "stop": stops(job),
    }))
}

/// OpenAI's `/v1/completions`: with the suffix beside the prompt, or within it where the family is
/// known.
fn completion(remote: &Remote, format: &Format, parts: &Parts, job: &Job) -> Map<String, Value> {
    let mut body = object(json!({
        "max_tokens": job.max_tokens,
        "logprobs": 1,
        "stream_options": {"include_usage": true},
    }));
    let mut stops = stops(job);
    if remote.family.is_some() {
        body.insert("prompt".to_owned(), json!(parts.whole));
        let sentinels = [
            Some(&format.prefix),
            Some(&format.suffix),
            format.middle.as_ref(),
        ];
        stops.extend(sentinels.into_iter().flatten().cloned());
    } else {
        body.insert("prompt".to_owned(), json!(as_comments(parts)));
        body.insert("suffix".to_owned(), json!(parts.suffix));
    }
    stops.truncate(MAX_STOPS);
    body.insert("stop".to_owned(), json!(stops));
    body
}

fn stops(job: &Job) -> Vec<String> {
    job.stop.iter().take(MAX_STOPS).cloned().collect()
}

/// Other files before the prefix, each behind a comment that names it.
fn as_comments(parts: &Parts) -> String {
    let mut prompt = String::new();
    for (name, text) in &parts.files {
        if !name.is_empty() {
            prompt.push_str(&format!("# {name}\n"));
        }
        prompt.push_str(text);
        if !text.ends_with('\n') {
            prompt.push('\n');
        }
    }
    if let Some(path) = &parts.path
        && !parts.files.is_empty()
    {
        prompt.push_str(&format!("# {path}\n"));
    }
    prompt.push_str(&parts.prefix);
    prompt
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
