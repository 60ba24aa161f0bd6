//! Midfill's own server, asked as an editor asks it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::buffer::{Buffer, Change, Spot};
use super::system::{Origin, Reply, Run, System};
use super::wire::{PATIENCE, Wire};

/// Where files lie that belong to no project.
const NOWHERE: &str = "/replay";

/// A server of ours in a child process.
pub struct Midfill {
    wire: Wire,
    root: String,
    uri: Option<String>,
    version: i32,
    start_ms: f64,
    totals: Option<(u64, u64)>,
}

impl Midfill {
    /// Starts `program arguments…` with these initialization options and waits for its model. With
    /// a root, files lie in that project, and the server sees what else is in it.
    ///
    /// # Errors
    /// When it cannot be started, or its model does not load.
    pub fn start(
        program: &Path,
        arguments: &[String],
        options: &Value,
        root: Option<&Path>,
    ) -> Result<Midfill> {
        let started = Instant::now();
        // One run must not find what another left, unless that is what is to be measured.
        let mut options = options.clone();
        if options.get("snapshots").is_none() {
            options["snapshots"] = json!(false);
        }
        let root = root.map_or_else(|| NOWHERE.to_owned(), |root| root.display().to_string());
        let mut wire = Wire::start(Command::new(program).args(arguments))?;
        wire.ask(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": uri(&root, ""),
                "initializationOptions": options,
                "capabilities": {
                    "general": {"positionEncodings": ["utf-8"]},
                    "textDocument": {"inlineCompletion": {}},
                    "experimental": {"midfillUsage": true},
                },
            }),
        )?;
        wire.notify("initialized", &json!({}))?;
        wire.wait_ready(PATIENCE)?;
        Ok(Midfill {
            wire,
            root,
            uri: None,
            version: 0,
            start_ms: started.elapsed().as_secs_f64() * 1000.0,
            totals: None,
        })
    }
}

impl System for Midfill {
    fn name(&self) -> &str {
        "midfill"
    }

    fn open(&mut self, path: &str, buffer: &Buffer) -> Result<()> {
        if let Some(uri) = self.uri.take() {
            let document = json!({"textDocument": {"uri": uri}});
            self.wire.notify("textDocument/didClose", &document)?;
        }
        let uri = uri(&self.root, path);
        self.version = 1;
        self.wire.notify(
            "textDocument/didOpen",
            &json!({"textDocument": {"uri": uri, "languageId": "python",
                                     "version": self.version, "text": buffer.text}}),
        )?;
        self.uri = Some(uri);
        Ok(())
    }

    fn key(&mut self, buffer: &Buffer, change: &Change, until: Option<Instant>) -> Result<Reply> {
        let pressed = Instant::now();
        self.version += 1;
        self.wire.usage = None;
        let range = json!({"start": position(change.start), "end": position(change.end)});
        self.wire.notify(
            "textDocument/didChange",
            &json!({
                "textDocument": {"uri": self.uri, "version": self.version},
                "contentChanges": [{"range": range, "text": change.text}],
            }),
        )?;
        self.wire.cancel_waiting()?;
        let id = self.wire.request(
            "textDocument/inlineCompletion",
            &json!({
                "textDocument": {"uri": self.uri},
                "position": position(buffer.spot()),
                "context": {"triggerKind": 2},
            }),
        )?;
        let deadline = until.unwrap_or_else(|| pressed + PATIENCE);
        let Some(answer) = self.wire.answer(id, deadline)? else {
            return Ok(Reply::default());
        };
        let after = pressed.elapsed();
        let usage = self.wire.usage.take().unwrap_or_default();
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        let time = |name: &str| Some(Duration::from_secs_f64(usage[name].as_f64()? / 1000.0));
        if let (Some(computed), Some(decoded)) = (
            usage["totalComputed"].as_u64(),
            usage["totalDecoded"].as_u64(),
        ) {
            self.totals = Some((computed, decoded));
        }
        let shown =
            answer.and_then(|answer| Some(answer.pointer("/0/insertText")?.as_str()?.to_owned()));
        let not_own = [time("waitedMs"), time("modelMs")];
        Ok(Reply {
            after: Some(after),
            shown,
            origin: match usage["source"].as_str() {
                Some("remembered" | "running") => Origin::Memory,
                Some("model") => Origin::Model,
                Some(_) => Origin::Nobody,
                // Without a word about it, an answer that cost nothing was not the model's.
                None if count("computed") + count("decoded") == 0 => Origin::Nobody,
                None => Origin::Model,
            },
            reused: count("reused"),
            computed: count("computed"),
            decoded: count("decoded"),
            not_own: not_own
                .iter()
                .any(Option::is_some)
                .then(|| not_own.into_iter().flatten().sum()),
            prefill: time("prefillMs"),
            decode: time("decodeMs"),
        })
    }

    fn wait_for_rest(&mut self) {
        self.wire.process.wait_for_rest();
    }

    fn finish(&mut self) -> Result<Run> {
        let n_unanswered = self.wire.n_unanswered(Duration::from_secs(5))?;
        let peak_memory = self.wire.process.peak_memory();
        self.wire.shutdown()?;
        Ok(Run {
            start_ms: self.start_ms,
            peak_memory,
            n_unanswered,
            n_out_of_order: self.wire.n_out_of_order,
            computed: self.totals.map(|(computed, _)| computed),
            decoded: self.totals.map(|(_, decoded)| decoded),
        })
    }
}

fn position(spot: Spot) -> Value {
    json!({"line": spot.line, "character": spot.column})
}

/// The address of a file under a root.
fn uri(root: &str, path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    let whole = format!("{}/{path}", root.trim_end_matches('/'));
    format!(
        "file://{}",
        utf8_percent_encode(whole.trim_end_matches('/'), KEPT)
    )
}
