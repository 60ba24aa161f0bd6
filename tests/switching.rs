//! Another model without a restart.

use std::path::Path;
use std::sync::Arc;

use midfill::config::ModelConfig;
use midfill::model::scripted::{Gate, Script};
use midfill::model::{Model, ModelError};
use midfill::serving::Open;
use serde_json::{Value, json};

use crate::editor::{Answer, Editor, ghost_text};

const URI: &str = "file:///project/a.py";

/// A server whose models say their own names: `a.gguf` at once, `b.gguf` behind the gate,
/// everything else not at all.
fn start(gate: &Gate) -> Editor {
    let gate = gate.clone();
    let open: Open = Arc::new(move |config: &ModelConfig| {
        let path = config.path.clone().unwrap_or("shipped".into());
        let script = |name: &str| {
            let says = format!("'{name}'");
            Script::new().name(name).answers(move |_| says.clone())
        };
        Model::scripted(match path.to_str() {
            Some("a.gguf") => script("a"),
            Some("b.gguf") => script("b").loads_behind(&gate),
            _ => script("broken").fails_to_load(ModelError::Unreadable {
                path,
                reason: "it is not there".to_owned(),
            }),
        })
    });
    let options = json!({"model": "a.gguf", "models": {"bee": "b.gguf", "sea": "c.gguf"}});
    let params = json!({
        "initializationOptions": options,
        "capabilities": {"textDocument": {"inlineCompletion": {}}},
    });
    let (mut editor, result) = Editor::start_opening(open, params);
    let commands = &result["capabilities"]["executeCommandProvider"]["commands"];
    assert_eq!(commands[0], "midfill.switchModel");
    editor.open(URI, "name = \n");
    wait(&mut editor, "ready", "a on CPU");
    editor
}

fn wait(editor: &mut Editor, state: &str, message: &str) {
    editor.wait_for("midfill/status", |status| {
        status["state"] == state
            && status["message"]
                .as_str()
                .is_some_and(|said| said.contains(message))
    });
}

#[track_caller]
fn check_says(editor: &mut Editor, expected: &str) {
    let id = editor.ghost(URI, 0, 7);
    assert_eq!(ghost_text(&editor.answer(id)), Some(expected.to_owned()));
}

fn switch(editor: &mut Editor, arguments: Value) -> Answer {
    editor.ask(
        "workspace/executeCommand",
        json!({"command": "midfill.switchModel", "arguments": arguments}),
    )
}

fn configure(editor: &mut Editor, settings: Value) {
    editor.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": settings}),
    );
}

#[test]
fn changed_settings_load_the_new_model_while_the_old_one_answers() {
    let gate = Gate::closed();
    let mut editor = start(&gate);
    configure(&mut editor, json!({"midfill": {"model": "b.gguf"}}));
    wait(
        &mut editor,
        "loading",
        "loading another model; a answers until then",
    );
    check_says(&mut editor, "'a'");
    gate.open();
    wait(&mut editor, "ready", "b on CPU");
    check_says(&mut editor, "'b'");
}

#[test]
fn a_model_that_does_not_load_leaves_the_old_one_and_tells_why() {
    let gate = Gate::closed();
    gate.open();
    let mut editor = start(&gate);
    configure(&mut editor, json!({"model": "c.gguf"}));
    wait(
        &mut editor,
        "ready",
        "a on CPU; another model could not take over",
    );
    let shown = editor.wait_for("window/showMessage", |_| true);
    let message = shown["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("Midfill: a stays, because the other model cannot take over: cannot read the model file c.gguf"),
        "{message}"
    );
    check_says(&mut editor, "'a'");
}

#[test]
fn the_command_switches_by_name_and_other_settings_leave_its_choice() {
    let gate = Gate::closed();
    gate.open();
    let mut editor = start(&gate);
    let models = json!(["bee", "sea", "shipped"]);
    assert_eq!(
        switch(&mut editor, json!([])),
        Answer::Result(json!({"models": models, "serving": Path::new("a.gguf")}))
    );
    assert!(matches!(
        switch(&mut editor, json!(["bee"])),
        Answer::Result(_)
    ));
    wait(&mut editor, "ready", "b on CPU");
    check_says(&mut editor, "'b'");
    configure(&mut editor, json!({"model": "a.gguf", "maxLineTokens": 40}));
    check_says(&mut editor, "'b'");
    assert_eq!(switch(&mut editor, json!(["nope"])), Answer::Error(-32602));
    assert_eq!(switch(&mut editor, json!([7])), Answer::Error(-32602));
}
