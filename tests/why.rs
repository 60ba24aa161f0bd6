//! `midfill.why` through the wire.

use midfill::model::scripted::Script;
use serde_json::{Value, json};

use crate::editor::{Answer, Editor, ghost_text};

const URI: &str = "file:///project/a.py";

fn why(editor: &mut Editor, arguments: Value) -> Value {
    let params = json!({"command": "midfill.why", "arguments": arguments});
    match editor.ask("workspace/executeCommand", params) {
        Answer::Result(result) => result,
        Answer::Error(code) => panic!("error {code}"),
    }
}

#[test]
fn the_last_answer_is_explained_and_forgotten_with_its_document() {
    let mut editor = Editor::start(Script::new().says("sum(ys)\nprint()"), json!({}));
    editor.open(URI, "total = \n");
    assert_eq!(why(&mut editor, json!([URI]))["trace"], Value::Null);
    let id = editor.ghost(URI, 0, 8);
    let shown = ghost_text(&editor.answer(id));
    let said = why(&mut editor, json!([URI]));
    let trace = &said["trace"];
    assert_eq!(trace["shown"].as_str(), shown.as_deref());
    assert_eq!(
        (&trace["path"], &trace["line"], &trace["column"]),
        (&json!("a.py"), &json!(1), &json!(9))
    );
    assert!(trace["tokens"]["computed"].as_u64().is_some_and(|n| n > 0));
    let markdown = said["markdown"].as_str().unwrap_or_default();
    assert!(
        markdown.starts_with("# Ghost text was shown\n"),
        "{markdown}"
    );
    assert!(markdown.contains("total = ⟦sum(ys)⟧"), "{markdown}");
    // Without an argument: the newest of all documents.
    assert_eq!(why(&mut editor, json!([])), said);
    editor.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    assert_eq!(why(&mut editor, json!([URI]))["trace"], Value::Null);
}

#[test]
fn silence_is_explained_too() {
    let mut editor = Editor::start(Script::new().says("x"), json!({}));
    editor.open(URI, "total = 1\n");
    let id = editor.ghost(URI, 0, 3);
    editor.answer(id);
    let said = why(&mut editor, json!([URI]));
    assert_eq!(
        said["trace"]["whyNothing"],
        "the cursor stands inside a word"
    );
}

#[test]
fn switched_off_is_a_reason() {
    let mut editor = Editor::start(Script::new(), json!({"enabled": false}));
    editor.open(URI, "total = \n");
    let id = editor.ghost(URI, 0, 8);
    editor.answer(id);
    let said = why(&mut editor, json!([URI]));
    let reason = "ghost text is switched off by the option `enabled`";
    assert_eq!(said["trace"]["whyNothing"], reason);
}

#[test]
fn a_wrong_argument_is_an_error() {
    let mut editor = Editor::start(Script::new(), json!({}));
    let params = json!({"command": "midfill.why", "arguments": [7]});
    let answer = editor.ask("workspace/executeCommand", params);
    assert_eq!(answer, Answer::Error(-32602));
}
