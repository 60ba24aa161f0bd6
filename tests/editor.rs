//! A scripted editor: speaks LSP to a server in this process, over a pipe in memory.
//!
//! Dropping it fails the test when a request was left without an answer, or got two.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::thread::JoinHandle;

use midfill::completion::Typing;
use midfill::config::Config;
use midfill::model::Model;
use midfill::model::scripted::Script;
use midfill::server;
use midfill::serving::Open;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes the pipe holds. Larger than any burst of a test, so that no side waits for the other.
const PIPE: usize = 1 << 24;

/// An editor with one server.
pub(crate) struct Editor {
    input: Option<std::os::unix::net::UnixStream>,
    output: BufReader<std::os::unix::net::UnixStream>,
    server: Option<JoinHandle<bool>>,
    /// What the server remembers between requests.
    pub(crate) typing: Typing,
    /// The server's tasks.
    pub(crate) metrics: tokio::runtime::RuntimeMetrics,
    next_id: u64,
    /// Requests by id, and the answer once it came.
    answers: BTreeMap<u64, Option<Answer>>,
    /// Notifications and requests of the server's own, in order.
    pub(crate) notifications: VecDeque<(String, Value)>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// A result, which may be `null`.
    Result(Value),
    /// An error code.
    Error(i64),
}

impl Editor {
    /// Starts a server with a scripted model and introduces itself with these options. Scripts say
    /// words that exist nowhere, so the rule that looks names up is left out unless the options
    /// say what is.
    pub(crate) fn start(script: Script, mut options: Value) -> Editor {
        if let Value::Object(options) = &mut options {
            options.entry("without").or_insert(json!(["names"]));
            // How much is written is not to hang on how busy the machine is.
            options.entry("budget").or_insert(json!(false));
            // Nor on what is installed there.
            options.entry("ruff").or_insert(json!(false));
        }
        Editor::start_as(
            script,
            json!({
                "initializationOptions": options,
                "rootUri": "file:///project",
                "capabilities": {"textDocument": {"inlineCompletion": {}}},
            }),
        )
        .0
    }

    /// Starts a server and sends these `initialize` parameters; also returns the answer.
    pub(crate) fn start_as(script: Script, params: Value) -> (Editor, Value) {
        let script = std::sync::Mutex::new(Some(script));
        let open = std::sync::Arc::new(move |_: &midfill::config::ModelConfig| {
            let script = script.lock().expect("no test panics here").take();
            Model::scripted(script.unwrap_or_default())
        });
        Editor::start_opening(open, params)
    }

    /// The same for a server that comes to its models so.
    pub(crate) fn start_opening(open: Open, params: Value) -> (Editor, Value) {
        Editor::start_given(Config::default(), open, params)
    }

    /// The same for a server whose command line gave these settings.
    pub(crate) fn start_given(given: Config, open: Open, params: Value) -> (Editor, Value) {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a socket pair");
        let typing = Typing::default();
        let held = typing.clone();
        let (tell_metrics, metrics) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime needs nothing but memory");
            tell_metrics
                .send(runtime.metrics())
                .expect("the test waits for it");
            runtime.block_on(async move {
                theirs.set_nonblocking(true).expect("a fresh socket");
                let stream = tokio::net::UnixStream::from_std(theirs).expect("a fresh socket");
                let (mut wire_in, mut wire_out) = stream.into_split();
                // Pipes between, so that the server reads as fast as it likes and never blocks
                // on a test that is not reading yet.
                let (mut to_server, server_in) = tokio::io::duplex(PIPE);
                let (server_out, mut from_server) = tokio::io::duplex(PIPE);
                tokio::spawn(async move {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(n) = wire_in.read(&mut buffer).await {
                        if n == 0 || to_server.write_all(&buffer[..n]).await.is_err() {
                            break;
                        }
                    }
                });
                tokio::spawn(async move {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(n) = from_server.read(&mut buffer).await {
                        if n == 0 || wire_out.write_all(&buffer[..n]).await.is_err() {
                            break;
                        }
                    }
                });
                let done =
                    server::serve_remembering(server_in, server_out, given, open, held).await;
                // What was written last is still on its way through the pipe.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                done
            })
        });
        let mut editor = Editor {
            input: Some(ours.try_clone().expect("a socket can be cloned")),
            output: BufReader::new(ours),
            server: Some(server),
            typing,
            metrics: metrics.recv().expect("the server has begun"),
            next_id: 0,
            answers: BTreeMap::new(),
            notifications: VecDeque::new(),
        };
        let answer = editor.ask("initialize", params);
        editor.notify("initialized", json!({}));
        let Answer::Result(result) = answer else {
            panic!("initialize failed: {answer:?}")
        };
        (editor, result)
    }

    /// Sends a request and does not wait.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        self.answers.insert(id, None);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Answer {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// Waits for the answer to a request.
    pub(crate) fn answer(&mut self, id: u64) -> Answer {
        loop {
            if let Some(Some(answer)) = self.answers.get(&id) {
                return answer.clone();
            }
            self.read();
        }
    }

    /// Waits until every request has its answer, and returns them by id.
    pub(crate) fn all_answers(&mut self) -> BTreeMap<u64, Answer> {
        while self.answers.values().any(Option::is_none) {
            self.read();
        }
        self.answers
            .iter()
            .filter_map(|(id, answer)| Some((*id, answer.clone()?)))
            .collect()
    }

    /// Waits for a notification or request of the server's own.
    pub(crate) fn wait_for(&mut self, method: &str, test: impl Fn(&Value) -> bool) -> Value {
        loop {
            while let Some((name, params)) = self.notifications.pop_front() {
                if name == method && test(&params) {
                    return params;
                }
            }
            self.read();
        }
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub(crate) fn cancel(&mut self, id: u64) {
        self.notify("$/cancelRequest", json!({"id": id}));
    }

    pub(crate) fn open(&mut self, uri: &str, text: &str) {
        self.notify(
            "textDocument/didOpen",
            json!({"textDocument":
            {"uri": uri, "languageId": "python", "version": 1, "text": text}}),
        );
    }

    /// Asks for ghost text and does not wait.
    pub(crate) fn ghost(&mut self, uri: &str, line: usize, character: usize) -> u64 {
        self.request(
            "textDocument/inlineCompletion",
            json!({
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": character},
                "context": {"triggerKind": 2},
            }),
        )
    }

    /// Sends raw bytes, for a client that breaks the protocol.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let input = self
            .input
            .as_mut()
            .expect("open until the editor is dropped");
        input.write_all(bytes).expect("the server reads");
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    fn read(&mut self) {
        let mut length = 0;
        loop {
            let mut line = String::new();
            let n = self.output.read_line(&mut line).expect("the server writes");
            assert!(
                n > 0,
                "the server hung up; still waiting for {:?}",
                self.unanswered()
            );
            match line.trim().strip_prefix("Content-Length:") {
                Some(value) => length = value.trim().parse().expect("a number"),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("a whole message");
        let message: Value = serde_json::from_slice(&body).expect("JSON");
        match (
            message.get("method").and_then(Value::as_str),
            message.get("id"),
        ) {
            (Some(method), None) => {
                self.notifications
                    .push_back((method.to_owned(), message["params"].clone()));
            }
            (Some(method), Some(id)) => {
                self.notifications
                    .push_back((method.to_owned(), message["params"].clone()));
                let result = match method {
                    "workspace/applyEdit" => json!({"applied": true}),
                    _ => Value::Null,
                };
                let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
                self.send(&answer);
            }
            (None, Some(id)) => {
                let id = id.as_u64().expect("our ids are numbers");
                let answer = match message.get("error") {
                    Some(error) => Answer::Error(error["code"].as_i64().unwrap_or(0)),
                    None => Answer::Result(message["result"].clone()),
                };
                let place = self
                    .answers
                    .get_mut(&id)
                    .expect("an answer to a request of ours");
                assert_eq!(*place, None, "request {id} was answered twice");
                *place = Some(answer);
            }
            // The answer to a message that had no id to answer to.
            (None, None) => {}
        }
    }

    fn unanswered(&self) -> Vec<u64> {
        self.answers
            .iter()
            .filter(|(_, answer)| answer.is_none())
            .map(|(id, _)| *id)
            .collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.all_answers();
        self.ask("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        let server = self.server.take().expect("dropped once");
        let said_goodbye = server.join().expect("the server does not panic");
        assert!(said_goodbye, "the server saw no shutdown");
        drop(self.input.take());
    }
}

/// The ghost text of an answer.
pub(crate) fn ghost_text(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Result(result) => result
            .pointer("/0/insertText")
            .and_then(Value::as_str)
            .map(str::to_owned),
        Answer::Error(_) => None,
    }
}
