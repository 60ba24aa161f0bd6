//! Thousands of random events with everything switched on, through the real server: one answer a
//! request, one text on both sides, and nothing that grows.

use std::time::Duration;

use midfill::model::scripted::{Record, Script};
use midfill::seeded::Seeded;
use midfill::session::{Document, Edit};
use midfill::syntax;
use serde_json::json;

use crate::editor::{Answer, Editor, ghost_text};
use crate::ordering::{REQUEST_CANCELLED, Reference};

/// An editor with documents that are opened, edited, asked about and closed.
struct Desk {
    editor: Editor,
    seeded: Seeded,
    /// `None` while closed.
    documents: Vec<Option<Open>>,
    /// Requests whose answers were not looked at yet.
    asked: Vec<Asked>,
    cancelled: Vec<u64>,
    n_requests: usize,
    n_shown: usize,
}

struct Open {
    reference: Reference,
    /// The same edits as the server's own kind of document sees them.
    shadow: Document,
    cursor: usize,
}

struct Asked {
    id: u64,
    cursor: usize,
}

const N_DOCUMENTS: usize = 6;

/// Bytes of a document, about, at most.
const MAX_TEXT: usize = 600;

impl Desk {
    fn at(editor: Editor, seed: u64) -> Desk {
        Desk {
            editor,
            seeded: Seeded::new(seed),
            documents: (0..N_DOCUMENTS).map(|_| None).collect(),
            asked: Vec::new(),
            cancelled: Vec::new(),
            n_requests: 0,
            n_shown: 0,
        }
    }

    fn event(&mut self) {
        let idx = self.seeded.below(N_DOCUMENTS);
        if self.documents[idx].is_none() {
            return self.open(idx);
        }
        match self.seeded.below(20) {
            0 => self.close(idx),
            1 | 2 => self.random_edit(idx),
            3..=8 => self.type_key(idx),
            9 => self.backspace(idx),
            10 => self.move_cursor(idx),
            11 | 12 => self.cancel(),
            13 | 14 => self.accept(idx),
            _ => self.ask(idx),
        }
    }

    fn open(&mut self, idx: usize) {
        let text = format!("import os\n\n\ndef f{idx}(x):\n    return x\n\n");
        let uri = format!("file:///elsewhere/{idx}.py");
        self.editor.open(&uri, &text);
        self.documents[idx] = Some(Open {
            cursor: text.len(),
            shadow: Document::new(format!("{idx}.py"), Some("python"), &text, 1),
            reference: Reference {
                uri,
                text,
                version: 1,
            },
        });
    }

    fn close(&mut self, idx: usize) {
        if let Some(open) = self.documents[idx].take() {
            let params = json!({"textDocument": {"uri": open.reference.uri}});
            self.editor.notify("textDocument/didClose", params);
        }
    }

    fn random_edit(&mut self, idx: usize) {
        let open = self.documents[idx].as_ref().expect("it is open");
        let n_bytes = open.reference.text.len();
        let (range, piece) = match n_bytes > MAX_TEXT {
            // Documents stay small, so that thousands of prompts are read in seconds.
            true => (open.reference.boundary(&mut self.seeded)..n_bytes, "\n"),
            false => open.reference.random_edit(&mut self.seeded),
        };
        self.replace(idx, range.start, range.end, piece);
        self.move_cursor(idx);
    }

    fn replace(&mut self, idx: usize, start: usize, end: usize, text: &str) {
        let open = self.documents[idx].as_mut().expect("it is open");
        open.reference.replace(&mut self.editor, start..end, text);
        open.shadow.apply(&Edit {
            range: start..end,
            text: text.to_owned(),
        });
        open.shadow.commit(open.reference.version as i32);
        open.cursor = start + text.len();
    }

    fn type_key(&mut self, idx: usize) {
        let keys = ["t", "o", "x", " ", "(", "\n", "é", "=", ":", "🦀"];
        let key = keys[self.seeded.below(keys.len())];
        let cursor = self.cursor(idx);
        self.replace(idx, cursor, cursor, key);
    }

    fn backspace(&mut self, idx: usize) {
        let open = self.documents[idx].as_ref().expect("it is open");
        let before = &open.reference.text[..open.cursor];
        if let Some(c) = before.chars().next_back() {
            let cursor = open.cursor;
            self.replace(idx, cursor - c.len_utf8(), cursor, "");
        }
    }

    fn move_cursor(&mut self, idx: usize) {
        let open = self.documents[idx].as_mut().expect("it is open");
        open.cursor = open.reference.boundary(&mut self.seeded);
    }

    fn cursor(&self, idx: usize) -> usize {
        self.documents[idx].as_ref().expect("it is open").cursor
    }

    fn ask(&mut self, idx: usize) {
        let open = self.documents[idx].as_ref().expect("it is open");
        let kind = 1 + usize::from(self.seeded.below(8) > 0);
        let id = self.editor.request(
            "textDocument/inlineCompletion",
            json!({
                "textDocument": {"uri": open.reference.uri},
                "position": open.reference.position(open.cursor),
                "context": {"triggerKind": kind},
            }),
        );
        self.n_requests += 1;
        self.asked.push(Asked {
            id,
            cursor: open.cursor,
        });
        // Some requests are left unanswered for a while, as when somebody types fast.
        if self.seeded.below(3) > 0 {
            self.editor.answer(id);
        }
    }

    fn cancel(&mut self) {
        if let Some(asked) = self.asked.last() {
            self.editor.cancel(asked.id);
            self.cancelled.push(asked.id);
        }
    }

    /// Asks, and accepts what is shown, whole or its first characters; then asks again.
    fn accept(&mut self, idx: usize) {
        self.ask(idx);
        let Some(asked) = self.asked.pop() else {
            return;
        };
        let answer = self.editor.answer(asked.id);
        if let Some(text) = ghost_text(&answer) {
            self.n_shown += 1;
            let n = match self.seeded.below(2) {
                0 => text.chars().count(),
                _ => 1 + self.seeded.below(text.chars().count()),
            };
            let part: String = text.chars().take(n).collect();
            self.replace(idx, asked.cursor, asked.cursor, &part);
            self.ask(idx);
        }
    }

    /// Every request has one answer, and only what was cancelled was answered with an error.
    fn settle(&mut self) {
        self.asked.clear();
        let answers = self.editor.all_answers();
        for (id, answer) in &answers {
            if let Answer::Error(code) = answer {
                assert_eq!(*code, REQUEST_CANCELLED, "request {id}");
                assert!(self.cancelled.contains(id), "request {id}");
            }
        }
    }

    /// The server's text is the editor's, and a tree patched at each edit is that of the text.
    fn check_texts(&mut self, record: &Record) {
        for open in self.documents.iter().flatten() {
            let Reference { uri, text, .. } = &open.reference;
            let shadow = open.shadow.snapshot();
            assert_eq!(shadow.text.to_string(), *text, "{uri}");
            let (tree, language) = (shadow.tree.as_ref(), shadow.language);
            let fresh = language.and_then(|language| syntax::parse(language, &shadow.text, None));
            assert_eq!(
                tree.map(|tree| tree.root_node().to_sexp()),
                fresh.map(|tree| tree.root_node().to_sexp()),
                "{uri}"
            );
            let n_before = record.prompts().len();
            let id = self.editor.request(
                "textDocument/inlineCompletion",
                json!({
                    "textDocument": {"uri": uri},
                    "position": open.reference.position(text.len()),
                    "context": {"triggerKind": 1},
                }),
            );
            self.editor.answer(id);
            let prompts = record.prompts();
            let shows_text = |prompt: &String| {
                let prefix = prompt.split("<|fim_prefix|>").nth(1);
                prefix.and_then(|rest| rest.split("<|fim_suffix|>").next()) == Some(text)
            };
            assert!(
                prompts[n_before..].iter().any(shows_text),
                "{uri}: {text:?}"
            );
        }
    }

    /// Waits until nothing is under way, and returns how many tasks are left.
    fn rest(&self) -> usize {
        for _ in 0..1000 {
            let size = self.editor.typing.size();
            if size.n_running + size.n_ahead == 0 {
                return self.editor.metrics.num_alive_tasks();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("something never ends: {:?}", self.editor.typing.size());
    }
}

#[test]
fn ten_thousand_events_leave_one_answer_each_one_text_and_nothing_behind() {
    let script = Script::new()
        .n_ctx(1 << 16)
        .answers(|prompt| match prompt.len() % 5 {
            0 => "",
            1 => "total(x, [1])",
            2 => "x = (\n        1)\n    return x\n",
            3 => "é🦀'",
            _ => "to x",
        });
    let record = script.record();
    let options = json!({"promptTokens": 1 << 14});
    let mut desk = Desk::at(Editor::start(script, options), 41);
    let mut tasks = Vec::new();
    for _ in 0..4 {
        for _ in 0..2500 {
            desk.event();
        }
        desk.settle();
        desk.check_texts(&record);
        desk.settle();
        tasks.push(desk.rest());
        let size = desk.editor.typing.size();
        assert!(
            size.n_remembered <= 256 && size.n_bytes <= 256 * 1024,
            "{size:?}"
        );
    }
    assert!(
        tasks.iter().all(|n| *n == tasks[0]),
        "tasks are left behind: {tasks:?}"
    );
    assert!(desk.n_requests > 2000, "{} requests", desk.n_requests);
    assert!(desk.n_shown > 100, "{} accepted", desk.n_shown);
    // Less than one generation a request, work ahead included: the rest was remembered, taken
    // over, or silence.
    let n_prompts = record.prompts().len();
    assert!(
        n_prompts < 2 * desk.n_requests,
        "{n_prompts} for {}",
        desk.n_requests
    );
}

#[cfg(feature = "llama")]
#[test]
fn the_shipped_model_goes_through_it_too() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default.gguf");
    let open = std::sync::Arc::new(move |_: &midfill::config::ModelConfig| {
        midfill::model::Model::open(midfill::model::LoadOptions {
            path: path.into(),
            n_ctx: None,
            n_threads: Some(1),
            snapshots: None,
            gpu_layers: Some(0),
        })
    });
    let (editor, _) = Editor::start_opening(open, json!({"capabilities": {}}));
    let mut desk = Desk::at(editor, 5);
    for _ in 0..400 {
        desk.event();
    }
    desk.settle();
    desk.rest();
    assert!(desk.n_requests > 100, "{} requests", desk.n_requests);
}
