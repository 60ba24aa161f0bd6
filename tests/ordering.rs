//! Order, cancel, and one answer for every request, under a flood.

use std::ops::Range;

use midfill::model::scripted::{Gate, Script};
use midfill::seeded::Seeded;
use serde_json::{Value, json};

use crate::editor::{Answer, Editor, ghost_text};

/// `$/cancelRequest`'s error code in the specification.
pub(crate) const REQUEST_CANCELLED: i64 = -32800;

/// A document as the editor holds it, edited in UTF-16 positions like a real one.
pub(crate) struct Reference {
    pub(crate) uri: String,
    pub(crate) text: String,
    pub(crate) version: i64,
}

impl Reference {
    /// Line and UTF-16 column of a byte offset.
    pub(crate) fn position(&self, offset: usize) -> Value {
        let before = &self.text[..offset];
        let line = before.matches('\n').count();
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .encode_utf16()
            .count();
        json!({"line": line, "character": column})
    }

    pub(crate) fn boundary(&self, seeded: &mut Seeded) -> usize {
        let mut offset = seeded.below(self.text.len() + 1);
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// A random edit, applied here and sent.
    fn edit(&mut self, editor: &mut Editor, seeded: &mut Seeded) {
        let (range, piece) = self.random_edit(seeded);
        self.replace(editor, range, piece);
    }

    /// A random edit, not applied.
    pub(crate) fn random_edit(&self, seeded: &mut Seeded) -> (Range<usize>, &'static str) {
        let pieces = [
            "x",
            "\n",
            "    ",
            "é",
            "🦀",
            "def f(a):\n    return a\n",
            "\"\"\"",
            "(",
            ")",
            "",
            "",
            "",
        ];
        let start = self.boundary(seeded);
        let end = (start + seeded.below(12)).min(self.text.len());
        let end = (start..=end)
            .rev()
            .find(|end| self.text.is_char_boundary(*end))
            .unwrap_or(start);
        (start..end, pieces[seeded.below(pieces.len())])
    }

    /// Replaces a part, here and on the server.
    pub(crate) fn replace(&mut self, editor: &mut Editor, range: Range<usize>, piece: &str) {
        let (start, end) = (range.start, range.end);
        self.version += 1;
        editor.notify(
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": self.uri, "version": self.version},
                "contentChanges": [{
                    "range": {"start": self.position(start), "end": self.position(end)},
                    "text": piece,
                }],
            }),
        );
        self.text.replace_range(start..end, piece);
    }
}

#[test]
fn a_flood_of_edits_requests_and_cancels_loses_nothing() {
    let mut seeded = Seeded::new(20);
    let gate = Gate::closed();
    let script = Script::new()
        .n_ctx(1 << 20)
        .answers(|_| "done")
        .gated(&gate);
    let record = script.record();
    let mut editor = Editor::start(script, json!({"promptTokens": 1 << 19}));
    let mut documents: Vec<Reference> = (0..64)
        .map(|n| Reference {
            uri: format!("file:///project/{n}.py"),
            text: format!("import os\n\n\ndef f{n}(x):\n    return x\n"),
            version: 1,
        })
        .collect();
    for document in &documents {
        editor.open(&document.uri, &document.text);
    }

    // The gate is closed: no request can be answered by the model, so 64 are in flight, one a
    // document, while 500 edits go on. Some are superseded, some cancelled.
    let mut requests = Vec::new();
    let mut cancelled = Vec::new();
    for round in 0..500 {
        let n = seeded.below(documents.len());
        documents[n].edit(&mut editor, &mut seeded);
        let n = match round < 64 {
            true => round,
            false => seeded.below(documents.len()),
        };
        let at = documents[n].position(documents[n].text.len());
        let (line, column) = (at["line"].as_u64(), at["character"].as_u64());
        let (line, column) = (line.unwrap_or(0) as usize, column.unwrap_or(0) as usize);
        requests.push(editor.ghost(&documents[n].uri, line, column));
        if seeded.below(4) == 0 {
            let victim = requests[seeded.below(requests.len())];
            editor.cancel(victim);
            cancelled.push(victim);
        }
    }
    gate.open();
    let answers = editor.all_answers();
    assert_eq!(
        answers.len(),
        requests.len() + 1,
        "one answer each, and initialize"
    );
    for (id, answer) in &answers {
        match answer {
            Answer::Error(code) => {
                assert_eq!(*code, REQUEST_CANCELLED, "request {id}");
                assert!(
                    cancelled.contains(id),
                    "request {id} was not cancelled by us"
                );
            }
            Answer::Result(_) => {}
        }
    }

    // The server's text is the editor's: the prompt of one more request shows the whole of it.
    for document in &documents {
        let id = editor.request(
            "textDocument/inlineCompletion",
            json!({
                "textDocument": {"uri": document.uri},
                "position": document.position(document.text.len()),
                "context": {"triggerKind": 1},
            }),
        );
        editor.answer(id);
        let prompts = record.prompts();
        let prompt = prompts.last().expect("the model was asked");
        let prefix = prompt
            .split("<|fim_prefix|>")
            .nth(1)
            .and_then(|rest| rest.split("<|fim_suffix|>").next());
        assert_eq!(prefix, Some(document.text.as_str()), "{}", document.uri);
    }
}

#[test]
fn the_newest_request_wins_and_the_older_answers_null() {
    let gate = Gate::closed();
    let mut editor = Editor::start(Script::new().answers(|_| "new").gated(&gate), json!({}));
    let uri = "file:///project/a.py";
    editor.open(uri, "x = \n");
    let older = editor.ghost(uri, 0, 4);
    gate.wait_until_reached();
    let newer = editor.ghost(uri, 0, 4);
    // The older is answered while the model still stands at the gate.
    assert_eq!(editor.answer(older), Answer::Result(Value::Null));
    gate.open();
    assert_eq!(ghost_text(&editor.answer(newer)), Some("new".to_owned()));
}

#[test]
fn a_cancel_comes_through_when_many_requests_are_in_flight() {
    let gate = Gate::closed();
    let mut editor = Editor::start(Script::new().answers(|_| "x").gated(&gate), json!({}));
    let mut ids = Vec::new();
    for n in 0..64 {
        let uri = format!("file:///project/{n}.py");
        editor.open(&uri, "x = \n");
        ids.push(editor.ghost(&uri, 0, 4));
    }
    gate.wait_until_reached();
    for id in &ids {
        editor.cancel(*id);
    }
    // The gate never opened: cancels alone brought these answers.
    for id in ids {
        assert_eq!(editor.answer(id), Answer::Error(REQUEST_CANCELLED));
    }
    gate.open();
}
