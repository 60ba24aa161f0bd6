//! What a client sees of the server.

use expect_test::{Expect, expect};
use midfill::model::ModelError;
use midfill::model::scripted::{Gate, Script};
use serde_json::{Value, json};

use crate::editor::{Answer, Editor, ghost_text};

const URI: &str = "file:///project/a.py";

#[test]
fn ghost_text_comes_with_an_empty_range_at_the_cursor() {
    let mut editor = Editor::start(Script::new().says("x for x in range(3)]"), json!({}));
    editor.open(URI, "é = [\n");
    let id = editor.ghost(URI, 0, 5);
    let answer = editor.answer(id);
    let at = json!({"line": 0, "character": 5});
    let item = json!({"insertText": "x for x in range(3)]", "range": {"start": at, "end": at}});
    assert_eq!(answer, Answer::Result(json!([item])));
}

#[test]
fn edits_are_seen_by_the_request_behind_them() {
    let script = Script::new().answers(|prompt| match prompt.contains("value = 12") {
        true => "3",
        false => "wrong",
    });
    let mut editor = Editor::start(script, json!({}));
    editor.open(URI, "🦀 = 0\nvalue = \n");
    let at = json!({"line": 1, "character": 8});
    for (version, digit) in [(2, "2"), (3, "1")] {
        editor.notify(
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": URI, "version": version},
                "contentChanges": [{"range": {"start": at, "end": at}, "text": digit}],
            }),
        );
    }
    let id = editor.ghost(URI, 1, 10);
    assert_eq!(ghost_text(&editor.answer(id)), Some("3".to_owned()));
}

#[track_caller]
fn check_capabilities(capabilities: Value, expected: Expect) {
    let (_editor, result) = Editor::start_as(Script::new(), json!({"capabilities": capabilities}));
    expected.assert_eq(&format!(
        "encoding {}, inline {}, popup {}, sync {}",
        result["capabilities"]["positionEncoding"],
        result["capabilities"]["inlineCompletionProvider"],
        !result["capabilities"]["completionProvider"].is_null(),
        result["capabilities"]["textDocumentSync"]["change"],
    ));
}

#[test]
fn every_kind_of_client_gets_what_it_can_use() {
    check_capabilities(
        json!({"textDocument": {"inlineCompletion": {"dynamicRegistration": true}}}),
        expect![[r#"encoding "utf-16", inline true, popup false, sync 2"#]],
    );
    // Emacs' lsp-mode says null and offers UTF-32 first.
    check_capabilities(
        json!({"textDocument": {"inlineCompletion": null},
               "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]}}),
        expect![[r#"encoding "utf-8", inline true, popup true, sync 2"#]],
    );
    check_capabilities(
        json!({"general": {"positionEncodings": ["utf-32"]}}),
        expect![[r#"encoding "utf-32", inline true, popup true, sync 2"#]],
    );
}

#[test]
fn a_popup_repeats_the_word_before_the_cursor() {
    let script = Script::new().says("urn x");
    let (mut editor, _) = Editor::start_as(script, json!({"capabilities": {}}));
    editor.open(URI, "def f(x):\n    ret\n");
    let answer = editor.ask(
        "textDocument/completion",
        json!({
        "textDocument": {"uri": URI}, "position": {"line": 1, "character": 7}}),
    );
    let Answer::Result(list) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(list["isIncomplete"], true);
    assert_eq!(
        list["items"][0]["textEdit"],
        json!({
            "newText": "return x",
            "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 7}},
        })
    );
}

#[test]
fn loading_is_shown_and_an_early_request_waits_for_it() {
    let gate = Gate::closed();
    let script = Script::new().says("1").loads_behind(&gate);
    let (mut editor, _) = Editor::start_as(
        script,
        json!({
        "capabilities": {"textDocument": {"inlineCompletion": {}},
                         "window": {"workDoneProgress": true}}}),
    );
    editor.open(URI, "x = \n");
    let early = editor.ghost(URI, 0, 4);
    let status = editor.wait_for("midfill/status", |_| true);
    assert_eq!(status["state"], "loading");
    gate.open();
    editor.wait_for("$/progress", |params| params["value"]["kind"] == "end");
    assert_eq!(ghost_text(&editor.answer(early)), Some("1".to_owned()));
}

#[test]
fn a_model_that_does_not_load_is_told_in_plain_words() {
    let error = ModelError::Corrupt {
        path: "broken.gguf".into(),
        reason: "it is not a GGUF file".to_owned(),
    };
    let mut editor = Editor::start(Script::new().fails_to_load(error), json!({}));
    editor.open(URI, "x = \n");
    let id = editor.ghost(URI, 0, 4);
    assert_eq!(editor.answer(id), Answer::Result(json!([])));
    let status = editor.wait_for("midfill/status", |params| params["state"] == "error");
    let message = status["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("broken.gguf is not a model this build can load"),
        "{message}"
    );
}

#[test]
fn wrong_options_are_warned_about_and_the_rest_holds() {
    let mut editor = Editor::start(Script::new(), json!({"enabled": false, "colour": "red"}));
    let warning = editor.wait_for("window/showMessage", |_| true);
    assert_eq!(warning["message"], "Midfill: there is no option `colour`.");
    editor.open(URI, "x = \n");
    let id = editor.ghost(URI, 0, 4);
    assert_eq!(editor.answer(id), Answer::Result(json!([])));
}

#[test]
fn a_client_that_breaks_the_protocol_does_not_break_the_server() {
    let mut editor = Editor::start(Script::new().answers(|_| "None"), json!({}));
    editor.notify("no/suchNotification", json!({"x": 1}));
    editor.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": URI, "version": 9},
        "contentChanges": [{"text": "never opened"}]}),
    );
    editor.notify("textDocument/didChange", json!({"nonsense": true}));
    assert_eq!(
        editor.ask("no/suchRequest", json!({})),
        Answer::Error(-32601)
    );
    let unopened = editor.ghost("file:///project/unopened.py", 5, 5);
    assert_eq!(editor.answer(unopened), Answer::Result(json!([])));
    editor.open(URI, "x = \n");
    // A range that ends before it starts, behind the text's end.
    editor.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": URI, "version": 1},
        "contentChanges": [{"range": {"start": {"line": 99, "character": 9},
                                      "end": {"line": 0, "character": 400}}, "text": ""}]}),
    );
    editor.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": "file:///other.py"}}),
    );
    let id = editor.ghost(URI, 0, 4);
    assert_eq!(ghost_text(&editor.answer(id)), Some("None".to_owned()));
}

#[test]
fn a_client_that_watches_files_is_asked_to() {
    let watches = json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}});
    let (mut editor, _) = Editor::start_as(Script::new(), json!({"capabilities": watches}));
    let asked = editor.wait_for("client/registerCapability", |_| true);
    assert_eq!(
        asked["registrations"][0]["method"],
        "workspace/didChangeWatchedFiles"
    );
    editor.notify("workspace/didChangeWatchedFiles", json!({"changes": []}));
}

#[test]
fn a_document_is_completed_with_the_adapter_of_its_repository() {
    let script = Script::new().answers(|_| "1");
    let record = script.record();
    let options = json!({"adapters": {"/project": "p.gguf", "/other": "missing.gguf"}});
    let mut editor = Editor::start(script, options);
    for (uri, answers) in [
        (URI, true),
        ("file:///other/b.py", false),
        ("file:///elsewhere/c.py", true),
    ] {
        editor.open(uri, "x = \n");
        let id = editor.ghost(uri, 0, 4);
        assert_eq!(ghost_text(&editor.answer(id)).is_some(), answers, "{uri}");
    }
    let status = editor.wait_for("midfill/status", |status| status["state"] == "error");
    let message = status["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("the adapter missing.gguf cannot be used with this model"),
        "{message}"
    );
    let adapters: Vec<_> = record.jobs().into_iter().map(|job| job.adapter).collect();
    assert_eq!(adapters, [Some("p.gguf".into()), None]);
}
