//! What a prompt shows beyond the open file, through the wire.

use expect_test::{Expect, expect};
use midfill::model::scripted::{Record, Script};
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

/// Tokens reused and computed by section, at the first request and after one key at the end of the
/// same line.
#[track_caller]
fn check_sections(order: &str, expected: Expect) {
    let script = Script::new().answers(|_| "(1)");
    let params = json!({
        "initializationOptions": {"order": order, "prefetch": false, "without": ["names"]},
        "capabilities": {
            "textDocument": {"inlineCompletion": {}},
            "experimental": {"midfillUsage": true},
        },
    });
    let (mut editor, _) = Editor::start_as(script, params);
    editor.open(MAIN, "import store\n\nx = value\ny = 2\n");
    let mut said = String::new();
    for (version, character) in [(2, 9), (3, 10)] {
        let id = editor.ghost(MAIN, 2, character);
        editor.answer(id);
        let usage = editor.wait_for("midfill/usage", |_| true);
        let sections = usage["sections"].as_array().expect("a list");
        for section in sections {
            let name = section["name"].as_str().expect("a name");
            said += &format!("{name} {} {}, ", section["reused"], section["computed"]);
        }
        said += &format!("all {} {}\n", usage["reused"], usage["computed"]);
        assert!(
            usage["prefillMs"].is_f64() && usage["decodeMs"].is_f64(),
            "{usage}"
        );
        let at = json!({"line": 2, "character": character});
        editor.notify(
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": MAIN, "version": version},
                "contentChanges": [{"range": {"start": at, "end": at}, "text": "s"}],
            }),
        );
    }
    expected.assert_eq(&said);
}

#[test]
fn usage_tells_what_each_section_cost() {
    check_sections(
        "spm",
        expect![[r#"
            path 0 9, prefix 0 23, suffix 0 7, all 0 42
            path 9 0, prefix 23 1, suffix 7 0, all 41 2
        "#]],
    );
    check_sections(
        "psm",
        expect![[r#"
            path 0 9, prefix 0 23, suffix 0 7, all 0 42
            path 9 0, prefix 23 1, suffix 0 7, all 33 10
        "#]],
    );
}

/// Tells what is wrong with lines of [`MAIN`], as (line, severity, message).
fn tell(editor: &mut Editor, found: &[(usize, u32, &str)]) {
    tell_of(editor, MAIN, found);
}

fn tell_of(editor: &mut Editor, uri: &str, found: &[(usize, u32, &str)]) {
    let found: Vec<_> = found
        .iter()
        .map(|(line, severity, message)| {
            let start = json!({"line": line, "character": 4});
            json!({
                "range": {"start": start, "end": start},
                "severity": severity,
                "message": message,
                "source": "a linter",
            })
        })
        .collect();
    let params = json!({"uri": uri, "version": 1, "diagnostics": found});
    editor.notify("midfill/diagnostics", params);
}

/// Types at a line's start and asks there; returns the prompt.
fn asked(editor: &mut Editor, record: &Record, version: i32, line: usize, text: &str) -> String {
    let at = json!({"line": line, "character": 0});
    editor.notify(
        "textDocument/didChange",
        json!({
            "textDocument": {"uri": MAIN, "version": version},
            "contentChanges": [{"range": {"start": at, "end": at}, "text": text}],
        }),
    );
    let id = editor.ghost(MAIN, line, text.len());
    editor.answer(id);
    record.prompts().pop().expect("the model was asked")
}

const WRONG: &str = "total = summ(prices)\n\n\n\nprint(totl)\n";

#[test]
fn what_is_wrong_near_the_cursor_is_shown_until_it_is_mended() {
    let script = Script::new().answers(|_| "1");
    let record = script.record();
    let options = json!({"with": ["diagnostics"], "prefetch": false});
    let mut editor = Editor::start(script, options);
    editor.open(MAIN, WRONG);
    let found = [
        (0, 1, "\"summ\" is not defined\n  more of it"),
        (4, 2, "\"totl\" is not defined"),
        (4, 4, "a matter of taste"),
        (90, 1, "beyond the end"),
    ];
    tell(&mut editor, &found);
    let prompt = asked(&mut editor, &record, 2, 2, "x = ");
    let first = "main.py\ntotal = summ(prices)  # error: \"summ\" is not defined\n";
    let second = "main.py\nprint(totl)  # error: \"totl\" is not defined\n";
    assert!(
        prompt.contains(first) && prompt.contains(second),
        "{prompt}"
    );
    assert!(
        !prompt.contains("taste") && !prompt.contains("more of it"),
        "{prompt}"
    );
    // Mended: the editor's tool has yet to say so.
    let prompt = asked(&mut editor, &record, 3, 4, "y = ");
    assert!(
        prompt.contains(first) && !prompt.contains(second),
        "{prompt}"
    );
    tell(&mut editor, &[]);
    let prompt = asked(&mut editor, &record, 4, 2, "z = ");
    assert!(!prompt.contains("# error"), "{prompt}");
}

#[test]
fn diagnostics_cost_a_small_model_nothing() {
    let script = Script::new().answers(|_| "1");
    let record = script.record();
    let mut editor = Editor::start(script, json!({"prefetch": false}));
    editor.open(MAIN, WRONG);
    tell(&mut editor, &[(0, 1, "\"summ\" is not defined")]);
    let prompt = asked(&mut editor, &record, 2, 2, "x = ");
    assert!(!prompt.contains("# error"), "{prompt}");
}

#[test]
fn what_is_told_of_a_document_that_is_not_open_counts_nowhere() {
    let script = Script::new().answers(|_| "1");
    let record = script.record();
    let options = json!({"with": ["diagnostics"], "prefetch": false});
    let mut editor = Editor::start(script, options);
    let other = "file:///elsewhere/other.py";
    let wrong = [(0, 1, "\"summ\" is not defined")];
    tell_of(&mut editor, other, &wrong);
    editor.open(MAIN, WRONG);
    editor.open(other, WRONG);
    let id = editor.ghost(other, 2, 0);
    editor.answer(id);
    let prompt = record.prompts().pop().expect("the model was asked");
    assert!(!prompt.contains("# error"), "{prompt}");
    tell_of(&mut editor, other, &wrong);
    let prompt = asked(&mut editor, &record, 2, 2, "x = ");
    assert!(!prompt.contains("# error"), "{prompt}");
}

#[test]
fn a_small_model_is_shown_neither_unless_asked_for() {
    let prompt = prompt(&[], "for row in fetch_rows(cursor, limit=");
    assert!(!prompt.contains("check(cursor)"), "{prompt}");
}
