//! Types a real file through the real server, key by key, and watches the clock.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

/// What to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The text that is there already, before the first key.
    pub before: String,
    /// What is typed, one character a key.
    pub typed: String,
    /// The text that stands behind the cursor all along.
    pub after: String,
}

/// A plan for a file: `n_keys` characters are typed from the start of the line `line_idx` on; the
/// rest of the file is there already.
///
/// # Errors
/// When the file has no such line, or too little text behind it.
pub fn plan(text: &str, line_idx: usize, n_keys: usize) -> Result<Plan> {
    let start: usize = text
        .split_inclusive('\n')
        .take(line_idx)
        .map(str::len)
        .sum();
    let typed: String = text[start..].chars().take(n_keys).collect();
    if typed.chars().count() < n_keys {
        bail!(
            "the file has only {} characters from line {} on; type fewer keys or start earlier",
            typed.chars().count(),
            line_idx + 1
        );
    }
    // The line being typed ends where typing ends: what is behind it on its line is cut.
    let rest = &text[start + typed.len()..];
    let after = rest.find('\n').map_or("", |at| &rest[at..]);
    Ok(Plan {
        before: text[..start].to_owned(),
        typed,
        after: after.to_owned(),
    })
}

/// One key: what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    /// From sending the change to the answer, in milliseconds.
    pub ms: f64,
    /// Prompt tokens found in the KV cache.
    pub reused: u64,
    /// Prompt tokens computed.
    pub computed: u64,
    /// Tokens written.
    pub decoded: u64,
    /// The ghost text, if any.
    pub text: Option<String>,
    /// How many of its first characters were typed next.
    pub n_kept: usize,
}

/// Figures over all keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Keys typed, each with one request.
    pub n_keys: usize,
    /// Requests without an answer within the time limit.
    pub n_unanswered: usize,
    /// Answers that came for another request than the one waited for.
    pub n_out_of_order: usize,
    /// Keys with ghost text.
    pub n_shown: usize,
    /// Keys whose ghost text went on as the author did, by three characters at least.
    pub n_useful: usize,
    /// Median time to the answer in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile of it.
    pub p95_ms: f64,
    /// Slowest answer.
    pub max_ms: f64,
    /// Prompt tokens found in the KV cache, all keys together.
    pub reused: u64,
    /// Prompt tokens computed, all keys together.
    pub computed: u64,
    /// Tokens written, all keys together.
    pub decoded: u64,
    /// Median of the prompt tokens computed at a key.
    pub computed_p50: u64,
    /// From starting the server to the model being ready, in milliseconds.
    pub start_ms: f64,
}

/// Types the plan through a server started as `program arguments…` and reports.
///
/// # Errors
/// When the server cannot be started, or hangs up.
pub fn replay(
    program: &Path,
    arguments: &[String],
    path: &str,
    plan: &Plan,
    on_key: impl FnMut(&Key),
) -> Result<Report> {
    let started = Instant::now();
    let mut wire = Wire::start(program, arguments)?;
    wire.initialize()?;
    let uri = format!("file:///replay/{path}");
    let text = format!("{}{}", plan.before, plan.after);
    wire.notify(
        "textDocument/didOpen",
        &json!({"textDocument":
        {"uri": uri, "languageId": "python", "version": 1, "text": text}}),
    )?;
    wire.wait_ready(Duration::from_secs(60))?;
    let start_ms = ms(started.elapsed());
    let keys = type_all(&mut wire, &uri, plan, on_key)?;
    wire.shutdown()?;
    Ok(report(&keys, &wire, start_ms))
}

fn type_all(
    wire: &mut Wire,
    uri: &str,
    plan: &Plan,
    mut on_key: impl FnMut(&Key),
) -> Result<Vec<Key>> {
    let mut line = plan.before.matches('\n').count();
    let mut column = plan.before.rsplit('\n').next().unwrap_or_default().len();
    let mut keys = Vec::new();
    let mut rest = plan.typed.as_str();
    for (n, c) in plan.typed.chars().enumerate() {
        let at = json!({"line": line, "character": column});
        if c == '\n' {
            (line, column) = (line + 1, 0);
        } else {
            column += c.len_utf8();
        }
        rest = &rest[c.len_utf8()..];
        let asked = Instant::now();
        wire.notify(
            "textDocument/didChange",
            &json!({
                "textDocument": {"uri": uri, "version": n + 2},
                "contentChanges": [{"range": {"start": at, "end": at}, "text": c.to_string()}],
            }),
        )?;
        let answer = wire.request(
            "textDocument/inlineCompletion",
            &json!({
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": column},
                "context": {"triggerKind": 2},
            }),
        )?;
        let text = answer
            .as_ref()
            .and_then(|answer| answer.pointer("/0/insertText"));
        let text = text.and_then(Value::as_str).map(str::to_owned);
        let n_kept = text
            .iter()
            .flat_map(|text| text.chars().zip(rest.chars()))
            .take_while(|(shown, typed)| shown == typed)
            .count();
        let usage = wire.usage.take().unwrap_or_default();
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        let key = Key {
            ms: ms(asked.elapsed()),
            reused: count("reused"),
            computed: count("computed"),
            decoded: count("decoded"),
            text,
            n_kept,
        };
        on_key(&key);
        keys.push(key);
    }
    Ok(keys)
}

fn report(keys: &[Key], wire: &Wire, start_ms: f64) -> Report {
    let mut times: Vec<f64> = keys.iter().map(|key| key.ms).collect();
    times.sort_by(f64::total_cmp);
    let mut computed: Vec<u64> = keys.iter().map(|key| key.computed).collect();
    computed.sort_unstable();
    let at = |share: f64| ((keys.len() as f64 * share) as usize).min(keys.len().saturating_sub(1));
    let time = |share: f64| times.get(at(share)).copied().unwrap_or(0.0);
    Report {
        n_keys: keys.len(),
        n_unanswered: wire.n_unanswered,
        n_out_of_order: wire.n_out_of_order,
        n_shown: keys.iter().filter(|key| key.text.is_some()).count(),
        n_useful: keys.iter().filter(|key| key.n_kept >= 3).count(),
        p50_ms: time(0.5),
        p95_ms: time(0.95),
        max_ms: time(1.0),
        reused: keys.iter().map(|key| key.reused).sum(),
        computed: keys.iter().map(|key| key.computed).sum(),
        decoded: keys.iter().map(|key| key.decoded).sum(),
        computed_p50: computed.get(at(0.5)).copied().unwrap_or(0),
        start_ms,
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The client's side of LSP over the pipes of a child process.
struct Wire {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next_id: u64,
    usage: Option<Value>,
    ready: bool,
    n_unanswered: usize,
    n_out_of_order: usize,
}

impl Wire {
    fn start(program: &Path, arguments: &[String]) -> Result<Wire> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let input = child
            .stdin
            .take()
            .context("the server has no standard input")?;
        let output = child
            .stdout
            .take()
            .context("the server has no standard output")?;
        Ok(Wire {
            child,
            input,
            output: BufReader::new(output),
            next_id: 0,
            usage: None,
            ready: false,
            n_unanswered: 0,
            n_out_of_order: 0,
        })
    }

    fn initialize(&mut self) -> Result<()> {
        self.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": "file:///replay",
                "capabilities": {
                    "general": {"positionEncodings": ["utf-8"]},
                    "textDocument": {"inlineCompletion": {}},
                    "experimental": {"midfillUsage": true},
                },
            }),
        )?;
        self.notify("initialized", &json!({}))
    }

    fn wait_ready(&mut self, limit: Duration) -> Result<()> {
        let started = Instant::now();
        while !self.ready {
            if started.elapsed() > limit {
                bail!(
                    "the model was not ready after {} s; `midfill doctor` tells why",
                    limit.as_secs()
                );
            }
            let message = self.read()?;
            self.note(&message)?;
        }
        Ok(())
    }

    fn shutdown(&mut self) -> Result<()> {
        self.request("shutdown", &Value::Null)?;
        self.notify("exit", &Value::Null)?;
        self.child.wait().context("the server did not end")?;
        Ok(())
    }

    fn notify(&mut self, method: &str, params: &Value) -> Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Sends a request and reads until its answer is there.
    fn request(&mut self, method: &str, params: &Value) -> Result<Option<Value>> {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let message = self.read()?;
            if message.get("method").is_some() {
                self.note(&message)?;
            } else if message["id"] == id {
                if let Some(error) = message.get("error") {
                    bail!("the server answered {method} with an error: {error}");
                }
                return Ok(message
                    .get("result")
                    .cloned()
                    .filter(|result| !result.is_null()));
            } else {
                self.n_out_of_order += 1;
            }
        }
    }

    /// A message of the server's own: notes what it tells, answers what it asks.
    fn note(&mut self, message: &Value) -> Result<()> {
        match message["method"].as_str().unwrap_or_default() {
            "midfill/usage" => self.usage = Some(message["params"].clone()),
            "midfill/status" => match message["params"]["state"].as_str() {
                Some("ready") => self.ready = true,
                Some("error") => bail!("{}", message["params"]["message"].as_str().unwrap_or("")),
                _ => {}
            },
            _ => {}
        }
        if let Some(id) = message.get("id") {
            self.send(&json!({"jsonrpc": "2.0", "id": id, "result": null}))?;
        }
        Ok(())
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len())
            .and_then(|()| self.input.flush())
            .context("the server hung up")
    }

    fn read(&mut self) -> Result<Value> {
        let mut length = None;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                self.n_unanswered += 1;
                bail!("the server hung up");
            }
            match line.trim() {
                "" => break,
                header => {
                    if let Some(value) = header.strip_prefix("Content-Length:") {
                        length = Some(value.trim().parse::<usize>()?);
                    }
                }
            }
        }
        let mut body = vec![0; length.context("a message without Content-Length")?];
        self.output.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // Nothing is left running when a replay fails half way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_types_what_the_author_wrote() {
        let text = "a = 1\nb = 2\nc = 3\nd = 4\n";
        let plan = plan(text, 1, 8).expect("long enough");
        assert_eq!(plan.before, "a = 1\n");
        assert_eq!(plan.typed, "b = 2\nc ");
        assert_eq!(plan.after, "\nd = 4\n");
        assert!(super::plan(text, 3, 100).is_err());
    }
}
