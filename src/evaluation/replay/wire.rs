//! The client's side of LSP over the pipes of a child process.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::process::Process;

/// How long a request may take before it counts as unanswered.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A language server in a child process.
pub(super) struct Wire {
    pub(super) process: Process,
    input: ChildStdin,
    messages: Receiver<Value>,
    next_id: u64,
    /// Requests without an answer yet.
    waiting: BTreeSet<u64>,
    /// Requests that were cancelled.
    cancelled: BTreeSet<u64>,
    /// The last `midfill/usage`.
    pub(super) usage: Option<Value>,
    ready: bool,
    /// Answers that came for another request than the one waited for, and had not been cancelled.
    pub(super) n_out_of_order: usize,
}

impl Wire {
    pub(super) fn start(command: &mut Command) -> Result<Wire> {
        let mut process = Process::start(
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::inherit()),
        )?;
        let input = process.child.stdin.take();
        let output = process.child.stdout.take();
        let (sender, messages) = channel();
        let output = output.context("the server has no standard output")?;
        // Ends with the pipe, hence with the child.
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Ok(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Ok(Wire {
            process,
            input: input.context("the server has no standard input")?,
            messages,
            next_id: 0,
            waiting: BTreeSet::new(),
            cancelled: BTreeSet::new(),
            usage: None,
            ready: false,
            n_out_of_order: 0,
        })
    }

    pub(super) fn wait_ready(&mut self, limit: Duration) -> Result<()> {
        let until = Instant::now() + limit;
        while !self.ready {
            if self.read(until)?.is_none() {
                bail!(
                    "the model was not ready after {} s; `midfill doctor` tells why",
                    limit.as_secs()
                );
            }
        }
        Ok(())
    }

    pub(super) fn shutdown(&mut self) -> Result<()> {
        self.ask("shutdown", &Value::Null)?;
        self.notify("exit", &Value::Null)?;
        self.process.wait()
    }

    pub(super) fn notify(&mut self, method: &str, params: &Value) -> Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Sends a request and does not wait.
    pub(super) fn request(&mut self, method: &str, params: &Value) -> Result<u64> {
        self.next_id += 1;
        let id = self.next_id;
        self.waiting.insert(id);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        Ok(id)
    }

    /// Cancels what has no answer yet, as an editor does at the next key.
    pub(super) fn cancel_waiting(&mut self) -> Result<()> {
        let open: Vec<u64> = self.waiting.difference(&self.cancelled).copied().collect();
        for id in open {
            self.cancelled.insert(id);
            self.notify("$/cancelRequest", &json!({"id": id}))?;
        }
        Ok(())
    }

    /// Waits for an answer: `None` when it has not come by `until`, and `Some(None)` for `null`.
    pub(super) fn answer(&mut self, id: u64, until: Instant) -> Result<Option<Option<Value>>> {
        loop {
            let Some(message) = self.read(until)? else {
                return Ok(None);
            };
            let Some(answered) = message["id"].as_u64() else {
                continue;
            };
            self.waiting.remove(&answered);
            if answered == id {
                if let Some(error) = message.get("error") {
                    bail!("the server answered with an error: {error}");
                }
                return Ok(Some(
                    Some(message["result"].clone()).filter(|it| !it.is_null()),
                ));
            } else if !self.cancelled.contains(&answered) {
                self.n_out_of_order += 1;
            }
        }
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> Result<Option<Value>> {
        let id = self.request(method, params)?;
        match self.answer(id, Instant::now() + PATIENCE)? {
            Some(answer) => Ok(answer),
            None => bail!(
                "the server did not answer {method} within {} s",
                PATIENCE.as_secs()
            ),
        }
    }

    /// How many requests never got an answer, those that were cancelled included: a cancelled
    /// request is answered too.
    pub(super) fn n_unanswered(&mut self, limit: Duration) -> Result<usize> {
        let until = Instant::now() + limit;
        while !self.waiting.is_empty() {
            match self.read(until)? {
                Some(message) => {
                    if let Some(id) = message["id"].as_u64() {
                        self.waiting.remove(&id);
                    }
                }
                None => break,
            }
        }
        Ok(self.waiting.len())
    }

    /// The next message, answers included; the server's own are noted. `None` after `until`.
    fn read(&mut self, until: Instant) -> Result<Option<Value>> {
        let left = until.saturating_duration_since(Instant::now());
        let message = match self.messages.recv_timeout(left) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => return Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the server hung up"),
        };
        if message.get("method").is_none() {
            return Ok(Some(message));
        }
        let params = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "midfill/usage" => self.usage = Some(params.clone()),
            "midfill/status" => match params["state"].as_str() {
                Some("ready") => self.ready = true,
                Some("error") => bail!("{}", params["message"].as_str().unwrap_or("")),
                _ => {}
            },
            _ => {}
        }
        if let Some(id) = message.get("id") {
            self.send(&json!({"jsonrpc": "2.0", "id": id, "result": null}))?;
        }
        Ok(Some(Value::Null))
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let body = message.to_string();
        // One write a message: two would be two packets to a reader that waits for the body.
        let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.input
            .write_all(framed.as_bytes())
            .and_then(|()| self.input.flush())
            .context("the server hung up")
    }
}

/// Reads one message.
fn read(output: &mut BufReader<ChildStdout>) -> Result<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line)? == 0 {
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
    output.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
