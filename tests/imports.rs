//! A completion brings the import that it needs, through the wire.

use midfill::model::scripted::{Answer as Said, Script};
use serde_json::json;

use crate::editor::{Answer, Editor};

/// A project with `shop/prices.py`, and an editor in it whose model says `says`.
fn project(
    says: impl Into<Said>,
    client: serde_json::Value,
) -> (tempfile::TempDir, Editor, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(dir.path().join("shop")).expect("fresh");
    let module = "class Price:\n    def __init__(self, gross):\n        self.gross = gross\n\n\ndef net(gross):\n    return gross\n";
    std::fs::write(dir.path().join("shop/prices.py"), module).expect("fresh");
    std::fs::write(dir.path().join("shop/__init__.py"), "VERSION = 1\n").expect("fresh");
    let root = format!("file://{}", dir.path().display());
    let params = json!({"capabilities": client, "rootUri": root, "initializationOptions": {"prefetch": false}});
    let says = says.into();
    let (editor, _) = Editor::start_as(Script::new().answers(move |_| says.clone()), params);
    let uri = format!("{root}/main.py");
    (dir, editor, uri)
}

/// Asks until the project was read: before that, nothing is known of its names.
fn asked(editor: &mut Editor, method: &str, uri: &str) -> serde_json::Value {
    for version in 2..200 {
        let params = json!({
            "textDocument": {"uri": uri},
            "position": {"line": 2, "character": 4},
            "context": {"triggerKind": 1},
        });
        let Answer::Result(result) = editor.ask(method, params) else {
            panic!("an answer");
        };
        let item = result.pointer("/0").or_else(|| result.pointer("/items/0"));
        let has =
            |name: &str| item.is_some_and(|item| item.get(name).is_some_and(|v| !v.is_null()));
        if has("command") || has("additionalTextEdits") {
            return item.expect("it was looked at").clone();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        editor.notify(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": version},
                   "contentChanges": [{"text": "import os\n\nx = \n"}]}),
        );
    }
    let why = editor.ask(
        "workspace/executeCommand",
        json!({"command": "midfill.why", "arguments": [uri]}),
    );
    panic!("no import was offered: {why:?}");
}

#[test]
fn ghost_text_carries_a_command_that_adds_its_import() {
    let client = json!({"textDocument": {"inlineCompletion": {}}});
    let (_dir, mut editor, uri) = project("Price(2)", client);
    editor.open(&uri, "import os\n\nx = \n");
    let item = asked(&mut editor, "textDocument/inlineCompletion", &uri);
    assert_eq!(item["insertText"], "Price(2)");
    assert_eq!(item["command"]["command"], "midfill.addImport");
    assert_eq!(
        item["command"]["title"],
        "Add `from shop.prices import Price`"
    );
    let command = json!({
        "command": "midfill.addImport",
        "arguments": item["command"]["arguments"],
    });
    editor.request("workspace/executeCommand", command);
    let edit = editor.wait_for("workspace/applyEdit", |_| true);
    let edits = &edit["edit"]["changes"][uri.as_str()];
    assert_eq!(
        edits[0]["newText"], "\nfrom shop.prices import Price\n",
        "{edits}"
    );
    assert_eq!(
        edits[0]["range"]["start"],
        json!({"line": 1, "character": 0})
    );
}

#[test]
fn each_candidate_carries_the_import_that_it_needs_itself() {
    let client = json!({"textDocument": {"inlineCompletion": {}}});
    let says = Said::pieces([("P", -0.8), ("rice(2)", 0.0)])
        .or("len(os.sep)", -1.4)
        .or("net(2)", -2.0);
    let (_dir, mut editor, uri) = project(says, client);
    editor.open(&uri, "import os\n\nx = \n");
    asked(&mut editor, "textDocument/inlineCompletion", &uri);
    let params = json!({
        "textDocument": {"uri": uri},
        "position": {"line": 2, "character": 4},
        "context": {"triggerKind": 1},
    });
    let Answer::Result(items) = editor.ask("textDocument/inlineCompletion", params) else {
        panic!("an answer");
    };
    let items: Vec<_> = items
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| (item["insertText"].clone(), item["command"]["title"].clone()))
        .collect();
    assert_eq!(
        items,
        [
            (
                json!("Price(2)"),
                json!("Add `from shop.prices import Price`")
            ),
            (json!("len(os.sep)"), json!(null)),
            (json!("net(2)"), json!("Add `from shop.prices import net`")),
        ]
    );
}

#[test]
fn the_command_stays_while_the_name_is_typed() {
    let client = json!({"textDocument": {"inlineCompletion": {}}});
    let (_dir, mut editor, uri) = project("Price(2)", client);
    editor.open(&uri, "import os\n\nx = \n");
    asked(&mut editor, "textDocument/inlineCompletion", &uri);
    // Once more: the project may have been read while the first answer was written.
    let command = asked(&mut editor, "textDocument/inlineCompletion", &uri)["command"].clone();
    let at = json!({"line": 2, "character": 4});
    editor.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri, "version": 999},
               "contentChanges": [{"range": {"start": at, "end": at}, "text": "P"}]}),
    );
    let id = editor.ghost(&uri, 2, 5);
    let Answer::Result(result) = editor.answer(id) else {
        panic!("an answer");
    };
    assert_eq!(result[0]["insertText"], "rice(2)");
    assert_eq!(result[0]["command"], command);
}

#[test]
fn a_popup_item_brings_its_import_along() {
    let (_dir, mut editor, uri) = project("Price(2)", json!({}));
    editor.open(&uri, "import os\n\nx = \n");
    let item = asked(&mut editor, "textDocument/completion", &uri);
    assert_eq!(
        item["additionalTextEdits"][0]["newText"],
        "\nfrom shop.prices import Price\n"
    );
}
