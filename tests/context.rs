//! What a prompt shows beyond the open file, through the wire.

use midfill::model::scripted::Script;
use serde_json::json;

use crate::editor::Editor;

// Outside the workspace: no project is read.
const MAIN: &str = "file:///elsewhere/main.py";
const STORE: &str = "file:///elsewhere/store.py";
const SECRET: &str = "file:///elsewhere/.env";

const CODE: &str = "def fetch_rows(cursor, limit):\n    return cursor.rows(limit)\n";

/// The last prompt that a model of any size is shown, with these sections asked for, after other
/// documents were opened and one line was typed into the second.
fn prompt(sections: &[&str], line: &str) -> String {
    let script = Script::new().answers(|_| "x");
    let record = script.record();
    let options = json!({"with": sections, "prefetch": false});
    let mut editor = Editor::start(script, options);
    editor.open(SECRET, "cursor = 'fetch_rows limit rows'\n");
    editor.open(STORE, CODE);
    editor.notify(
        "textDocument/didChange",
        json!({
            "textDocument": {"uri": STORE, "version": 2},
            "contentChanges": [{
                "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}},
                "text": "    check(cursor)\n",
            }],
        }),
    );
    editor.open(MAIN, &format!("import store\n\n{line}\n"));
    let id = editor.ghost(MAIN, 2, line.len());
    editor.answer(id);
    record.prompts().pop().expect("the model was asked")
}

#[test]
fn the_likest_piece_of_an_open_file_is_shown_before_the_open_one() {
    let prompt = prompt(&["open_files"], "for row in fetch_rows(cursor, limit=");
    let shown =
        prompt.find("<|file_sep|>store.py\ndef fetch_rows(cursor, limit):\n    check(cursor)");
    let own = prompt.find("<|fim_prefix|>");
    assert!(shown.is_some() && shown < own, "{prompt}");
    assert!(!prompt.contains(".env"), "{prompt}");
}

#[test]
fn what_was_edited_elsewhere_is_shown_as_it_is_now() {
    let prompt = prompt(&["recent_edits"], "x = ");
    assert!(
        prompt.contains("<|file_sep|>store.py\n    check(cursor)\n"),
        "{prompt}"
    );
    assert!(!prompt.contains("def fetch_rows"), "{prompt}");
}

#[test]
fn a_small_model_is_shown_neither_unless_asked_for() {
    let prompt = prompt(&[], "for row in fetch_rows(cursor, limit=");
    assert!(!prompt.contains("check(cursor)"), "{prompt}");
}
