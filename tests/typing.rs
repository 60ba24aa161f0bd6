//! Typing along with ghost text, through the wire.

use midfill::model::scripted::{Answer as Said, Gate, Script};
use serde_json::{Value, json};

use crate::editor::{Answer, Editor, ghost_text};

// Outside the workspace: a project that is read meanwhile makes everything be asked anew.
const URI: &str = "file:///elsewhere/a.py";
const REQUEST_CANCELLED: i64 = -32800;

/// One line that is being typed into, with a line behind it.
struct Line {
    editor: Editor,
    text: String,
    version: i64,
}

impl Line {
    fn open(script: Script, options: Value, text: &str) -> Line {
        let mut editor = Editor::start(script, options);
        editor.open(URI, &format!("{text}\nend = 1\n"));
        Line {
            editor,
            text: text.to_owned(),
            version: 1,
        }
    }

    /// Types at the end of the line, `behind` being what the editor adds behind the cursor.
    fn type_in(&mut self, typed: &str, behind: &str) {
        self.change(self.text.len(), 0, &format!("{typed}{behind}"));
        self.text.push_str(typed);
    }

    /// Takes back the last characters.
    fn backspace(&mut self, n: usize) {
        let start = self.text.len() - n;
        self.change(start, n, "");
        self.text.truncate(start);
    }

    fn change(&mut self, start: usize, n_removed: usize, text: &str) {
        self.version += 1;
        let at = |character: usize| json!({"line": 0, "character": character});
        self.editor.notify(
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": URI, "version": self.version},
                "contentChanges": [{"range": {"start": at(start), "end": at(start + n_removed)}, "text": text}],
            }),
        );
    }

    fn ask(&mut self) -> u64 {
        self.editor.ghost(URI, 0, self.text.len())
    }

    fn ask_by_hand(&mut self) -> u64 {
        let params = json!({
            "textDocument": {"uri": URI},
            "position": {"line": 0, "character": self.text.len()},
            "context": {"triggerKind": 1},
        });
        self.editor.request("textDocument/inlineCompletion", params)
    }

    #[track_caller]
    fn expect(&mut self, expected: Option<&str>) {
        let id = self.ask();
        self.expect_of(id, expected);
    }

    #[track_caller]
    fn expect_of(&mut self, id: u64, expected: Option<&str>) {
        let answer = self.editor.answer(id);
        assert_eq!(ghost_text(&answer).as_deref(), expected, "{answer:?}");
    }
}

#[test]
fn a_suggestion_survives_typing_backspacing_and_partial_accepts_without_the_model() {
    let script = Script::new().answers(|prompt| match prompt.contains("x = <|fim_suffix|>") {
        true => "total(first, second)",
        false => "wrong",
    });
    let record = script.record();
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    line.expect(Some("total(first, second)"));
    let n_asked = record.prompts().len();
    line.type_in("t", "");
    line.expect(Some("otal(first, second)"));
    // A word is accepted, then a bracket that the editor closes by itself is typed.
    line.type_in("otal", "");
    line.expect(Some("(first, second)"));
    line.type_in("(", ")");
    line.expect(Some("first, second"));
    line.type_in("fi", "");
    line.expect(Some("rst, second"));
    line.backspace(2);
    line.expect(Some("first, second"));
    // The popup is served from the same.
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 10}});
    let Answer::Result(popup) = line.editor.ask("textDocument/completion", params) else {
        panic!("the popup is answered")
    };
    assert_eq!(popup["items"][0]["textEdit"]["newText"], "first, second");
    assert_eq!(record.prompts().len(), n_asked, "the model was asked again");
    line.type_in("x", "");
    line.expect(Some("wrong"));
}

#[test]
fn a_generation_that_is_typed_along_with_is_kept() {
    let gate = Gate::closed();
    let script = Script::new()
        .answers(|prompt| match prompt.contains("x = <|fim_suffix|>") {
            true => "total()",
            false => "wrong",
        })
        .gated(&gate);
    let record = script.record();
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    let first = line.ask();
    gate.wait_until_reached();
    line.type_in("to", "");
    let second = line.ask();
    assert_eq!(line.editor.answer(first), Answer::Result(Value::Null));
    gate.open();
    line.expect_of(second, Some("tal()"));
    assert_eq!(record.prompts().len(), 1, "a second generation was begun");
}

#[test]
fn a_generation_outlives_a_cancel_that_a_newer_request_follows() {
    let gate = Gate::closed();
    let script = Script::new().answers(|_| "total()").gated(&gate);
    let record = script.record();
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    let first = line.ask();
    gate.wait_until_reached();
    line.editor.cancel(first);
    assert_eq!(line.editor.answer(first), Answer::Error(REQUEST_CANCELLED));
    line.type_in("t", "");
    let second = line.ask();
    gate.open();
    line.expect_of(second, Some("otal()"));
    assert_eq!(record.prompts().len(), 1);
}

#[test]
fn text_that_goes_another_way_stops_the_model_before_anybody_asks_again() {
    let gate = Gate::closed();
    let script = Script::new().answers(|_| "total()").gated(&gate);
    let record = script.record();
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    let first = line.ask();
    gate.wait_until_reached();
    // An edit before the place where the answer begins: there is no typing along with it.
    line.backspace(1);
    assert_eq!(line.editor.answer(first), Answer::Result(Value::Null));
    gate.open();
    line.expect(Some("total()"));
    assert_eq!(
        record.prompts().len(),
        1,
        "the first prompt was read to its end"
    );
}

#[test]
fn a_cancelled_generation_that_nobody_takes_over_stops() {
    let gate = Gate::closed();
    let script = Script::new().answers(|_| "total()").gated(&gate);
    let record = script.record();
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    let first = line.ask();
    gate.wait_until_reached();
    line.editor.cancel(first);
    assert_eq!(line.editor.answer(first), Answer::Error(REQUEST_CANCELLED));
    // The next answer comes only once the model has let go of the first, at a gate that still is
    // closed for it.
    let other = "file:///elsewhere/b.py";
    line.editor.open(other, "y = \n");
    gate.wait_until_reached();
    std::thread::sleep(std::time::Duration::from_millis(400));
    gate.open();
    let id = line.editor.ghost(other, 0, 4);
    assert_eq!(
        ghost_text(&line.editor.answer(id)).as_deref(),
        Some("total()")
    );
    assert_eq!(
        record.prompts().len(),
        1,
        "the first prompt was read to its end"
    );
}

#[test]
fn silence_is_remembered_for_the_very_place() {
    let script = Script::new().answers(|_| "");
    let record = script.record();
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    line.expect(None);
    line.expect(None);
    assert_eq!(record.prompts().len(), 1);
    line.type_in("y", "");
    line.expect(None);
    assert_eq!(record.prompts().len(), 2);
}

#[test]
fn a_change_of_the_options_forgets_what_was_shown() {
    let script = Script::new().says("one").says("two");
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    line.expect(Some("one"));
    line.expect(Some("one"));
    line.editor.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": {"midfill": {"prefetch": false, "without": ["names", "outline"]}}}),
    );
    line.expect(Some("two"));
}

/// Asks again until the answer is another than `was`: what is written ahead comes when it comes.
#[track_caller]
fn wait_for_prompts(record: &midfill::model::scripted::Record, n: usize) {
    for _ in 0..500 {
        if record.prompts().len() >= n {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the model was asked {} times only", record.prompts().len());
}

#[test]
fn what_follows_an_accepted_suggestion_is_there_at_once() {
    let script =
        Script::new().answers(
            |prompt| match prompt.contains("x = total()\n<|fim_suffix|>") {
                true => "y = x\nz = 3\n",
                false => "total()",
            },
        );
    let record = script.record();
    let mut line = Line::open(script, json!({}), "if a:\n    x = ");
    // The line being typed is the second.
    let at = |character: usize| json!({"line": 1, "character": character});
    let ask = |editor: &mut Editor, line: usize, character: usize| {
        let id = editor.ghost(URI, line, character);
        ghost_text(&editor.answer(id))
    };
    assert_eq!(ask(&mut line.editor, 1, 8).as_deref(), Some("total()"));
    wait_for_prompts(&record, 2);
    line.editor.notify(
        "textDocument/didChange",
        json!({
            "textDocument": {"uri": URI, "version": 2},
            "contentChanges": [{"range": {"start": at(8), "end": at(8)}, "text": "total()"}],
        }),
    );
    // The prompt that was written ahead has a line break behind the accepted text.
    let prompts = record.prompts();
    assert!(prompts[1].contains("x = total()\n"), "{}", prompts[1]);
    let shown = ask(&mut line.editor, 1, 15);
    assert_eq!(shown.as_deref(), Some("\n    total()"));
    assert_eq!(record.prompts()[..2], prompts[..2]);
}

#[test]
fn a_suggestion_taken_whole_is_followed_by_silence_without_the_model() {
    let script = Script::new().answers(|_| "total()");
    let record = script.record();
    let mut line = Line::open(script, json!({"prefetch": false}), "x = ");
    line.expect(Some("total()"));
    line.type_in("total()", "");
    line.expect(None);
    assert_eq!(record.prompts().len(), 1);
}

#[test]
fn work_ahead_never_delays_a_request() {
    let gate = Gate::closed();
    let script = Script::new().answers(|_| "total()").gated(&gate);
    let record = script.record();
    let mut editor = Editor::start(script, json!({}));
    // Opening it has the prompt read ahead, which stands at the gate.
    editor.open(URI, "x = \nend = 1\n");
    gate.wait_until_reached();
    let id = editor.ghost(URI, 0, 4);
    // The request takes the model over: the reading ahead gives way though its gate is closed.
    for _ in 0..400 {
        gate.let_through(1);
    }
    assert_eq!(ghost_text(&editor.answer(id)).as_deref(), Some("total()"));
    assert_eq!(record.jobs()[0].max_tokens, 48);
    gate.open();
}

#[test]
fn nothing_is_computed_while_it_is_switched_off() {
    let script = Script::new().answers(|_| "total()");
    let record = script.record();
    let mut editor = Editor::start(script, json!({"enabled": false}));
    let status = editor.wait_for("midfill/status", |params| params["state"] == "ready");
    assert_eq!(status["state"], "ready");
    editor.open(URI, "x = \nend = 1\n");
    let id = editor.ghost(URI, 0, 4);
    assert_eq!(editor.answer(id), Answer::Result(json!([])));
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert!(record.prompts().is_empty());
}

#[test]
fn silence_where_it_is_unwanted_costs_nothing_and_has_a_reason() {
    let script = Script::new().answers(|_| "total()");
    let record = script.record();
    let params = json!({
        "initializationOptions": {"languages": ["python"], "exclude": ["secret*"], "inComments": false},
        "rootUri": "file:///project",
        "capabilities": {"textDocument": {"inlineCompletion": {}}, "experimental": {"midfillUsage": true}},
    });
    let (mut editor, _) = Editor::start_as(script, params);
    let mut check = |name: &str, text: &str, why: &str| {
        let uri = format!("file:///project/{name}");
        editor.open(&uri, text);
        let id = editor.ghost(&uri, 0, text.len());
        assert_eq!(editor.answer(id), Answer::Result(json!([])));
        let usage = editor.wait_for("midfill/usage", |_| true);
        assert_eq!(usage["whyNothing"], why);
        assert_eq!(usage["source"], "silence");
    };
    check("secrets.py", "x = ", "`exclude` has secret*");
    check(
        "a.py",
        "# note",
        "it is switched off in comments (`inComments`)",
    );
    assert!(record.prompts().is_empty());
}

#[test]
fn a_request_by_hand_offers_up_to_three_and_each_can_be_typed_along_with() {
    let script = || {
        Script::new().answers(|_| {
            Said::pieces([("t", -0.8), ("otal(a)", 0.0)])
                .or("mean(a)", -1.4)
                .or("norm(a)", -2.0)
                .or("unlikely(a)", -2.8)
        })
    };
    let texts = |answer: &Answer| -> Vec<String> {
        let Answer::Result(Value::Array(items)) = answer else {
            panic!("a list, not {answer:?}");
        };
        let at = json!({"line": 0, "character": 4});
        let range = json!({"start": at, "end": at});
        assert!(items.iter().all(|item| item["range"] == range), "{items:?}");
        items
            .iter()
            .map(|item| item["insertText"].as_str().expect("a text").to_owned())
            .collect()
    };
    let mut line = Line::open(script(), json!({"prefetch": false}), "x = ");
    let id = line.ask();
    assert_eq!(texts(&line.editor.answer(id)), ["total(a)"]);
    let id = line.ask_by_hand();
    assert_eq!(
        texts(&line.editor.answer(id)),
        ["total(a)", "mean(a)", "norm(a)"]
    );
    line.type_in("me", "");
    line.expect(Some("an(a)"));
    line.backspace(2);
    line.type_in("norm(a", "");
    line.expect(Some(")"));
    line.backspace(6);
    line.type_in("t", "");
    line.expect(Some("otal(a)"));
}
