//! Notebooks through the wire: cells are one document in order.

use midfill::model::scripted::{Record, Script};
use serde_json::{Value, json};

use crate::editor::{Answer, Editor, ghost_text};

mod events;

// Outside the workspace: no project is read, which would take its time.
const NOTEBOOK: &str = "file:///elsewhere/sales.ipynb";

/// The URI of a cell's text.
fn cell(name: &str) -> String {
    format!("vscode-notebook-cell:/project/sales.ipynb#{name}")
}

fn listed(name: &str, language: &str) -> Value {
    let kind = if language == "markdown" { 1 } else { 2 };
    json!({"kind": kind, "document": cell(name)})
}

fn item(name: &str, language: &str, text: &str) -> Value {
    json!({"uri": cell(name), "languageId": language, "version": 1, "text": text})
}

/// An editor with a notebook of cells (name, language, text), whose model says `says`.
fn open(cells: &[(&str, &str, &str)], says: &'static str, options: Value) -> (Editor, Record) {
    let script = Script::new().answers(move |_| says);
    let record = script.record();
    let mut editor = Editor::start(script, options);
    open_in(&mut editor, NOTEBOOK, cells);
    (editor, record)
}

fn open_in(editor: &mut Editor, uri: &str, cells: &[(&str, &str, &str)]) {
    let listed: Vec<_> = cells.iter().map(|cell| listed(cell.0, cell.1)).collect();
    let items: Vec<_> = (cells.iter().map(|cell| item(cell.0, cell.1, cell.2))).collect();
    editor.notify(
        "notebookDocument/didOpen",
        json!({
            "notebookDocument": {"uri": uri, "notebookType": "jupyter-notebook", "version": 1, "cells": listed},
            "cellTextDocuments": items,
        }),
    );
}

fn change(editor: &mut Editor, cells: Value) {
    editor.notify(
        "notebookDocument/didChange",
        json!({"notebookDocument": {"uri": NOTEBOOK, "version": 2}, "change": {"cells": cells}}),
    );
}

/// Types at a place of a cell.
fn typing(editor: &mut Editor, name: &str, line: usize, character: usize, text: &str) {
    let at = json!({"line": line, "character": character});
    let content = json!([{
        "document": {"uri": cell(name), "version": 2},
        "changes": [{"range": {"start": at, "end": at}, "text": text}],
    }]);
    change(editor, json!({"textContent": content}));
}

/// Asks for ghost text; returns the result's items.
fn asked(editor: &mut Editor, name: &str, line: usize, character: usize) -> Value {
    let id = editor.ghost(&cell(name), line, character);
    match editor.answer(id) {
        Answer::Result(items) => items,
        error => panic!("no answer: {error:?}"),
    }
}

/// Why the last answer for a cell was none.
fn why(editor: &mut Editor, name: &str) -> String {
    let command = json!({"command": "midfill.why", "arguments": [cell(name)]});
    match editor.ask("workspace/executeCommand", command) {
        Answer::Result(why) => why["markdown"].to_string(),
        error => panic!("no answer: {error:?}"),
    }
}

#[test]
fn python_and_markdown_cells_of_any_notebook_are_asked_for() {
    let params = json!({"capabilities": {}});
    let (_editor, result) = Editor::start_as(Script::new(), params);
    assert_eq!(
        result["capabilities"]["notebookDocumentSync"],
        json!({
            "notebookSelector": [{"cells": [{"language": "python"}, {"language": "markdown"}]}],
            "save": true,
        })
    );
}

#[test]
fn a_completion_sees_the_cells_before_and_behind_and_answers_in_its_own() {
    let cells = [
        ("title", "markdown", "# Sales of a year"),
        ("a", "python", "%matplotlib inline\nprices = [1, 2]"),
        ("b", "python", "é = 1\nprices."),
        ("c", "python", "print(prices)"),
    ];
    let (mut editor, record) = open(&cells, "append(3)", json!({"prefetch": false}));
    let items = asked(&mut editor, "b", 1, 7);
    let here = json!({"line": 1, "character": 7});
    assert_eq!(
        items[0],
        json!({"insertText": "append(3)", "range": {"start": here, "end": here}})
    );
    let prompt = record.prompts().pop().expect("the model was asked");
    let before = "# # Sales of a year\n\n#matplotlib inline\nprices = [1, 2]\n\né = 1\nprices.";
    assert!(prompt.contains(before), "{prompt}");
    assert!(prompt.contains("\n\nprint(prices)\n"), "{prompt}");
}

#[test]
fn only_what_is_wrong_in_python_is_shown_to_the_model() {
    let cells = [
        ("title", "markdown", "# Sales\n\nof a year"),
        ("query", "sql", "select 1"),
        ("a", "python", "total = summ(prices)\n"),
        ("b", "python", "print("),
    ];
    let options = json!({"prefetch": false, "with": ["diagnostics"]});
    let (mut editor, record) = open(&cells, "total", options);
    for (name, line) in [("title", 2), ("query", 0), ("a", 0)] {
        let start = json!({"line": line, "character": 0});
        let found = json!([{"range": {"start": start, "end": start}, "severity": 1,
                            "message": format!("wrong in {name}")}]);
        let params = json!({"uri": cell(name), "version": 1, "diagnostics": found});
        editor.notify("midfill/diagnostics", params);
    }
    asked(&mut editor, "b", 0, 6);
    let prompt = record.prompts().pop().expect("the model was asked");
    assert!(
        prompt.contains("total = summ(prices)  # error: wrong in a\n"),
        "{prompt}"
    );
    assert_eq!(prompt.matches("# error").count(), 1, "{prompt}");
}

#[test]
fn names_of_other_cells_are_known_and_commands_are_no_errors() {
    let cells = [
        (
            "a",
            "python",
            "!pip install x\n%time total = 1\nfiles = !ls\n%cd ..\nfiles?",
        ),
        ("b", "python", "x = "),
        ("c", "python", "%%bash\nfor f in *; do echo; done"),
    ];
    // The names rule is on.
    let options = || json!({"prefetch": false, "without": []});
    let (mut editor, _) = open(&cells, "total + len(files)", options());
    let items = asked(&mut editor, "b", 0, 4);
    assert_eq!(
        items[0]["insertText"],
        "total + len(files)",
        "{}",
        why(&mut editor, "b")
    );
    drop(editor);
    let (mut editor, _) = open(&cells, "totals + 1", options());
    assert_eq!(asked(&mut editor, "b", 0, 4), json!([]));
    assert!(why(&mut editor, "b").contains("totals"));
}

#[test]
fn a_cell_may_await() {
    let cells = [
        (
            "a",
            "python",
            "async def rows():\n    return []\nfirst = await rows()",
        ),
        ("b", "python", "x = "),
    ];
    let (mut editor, _) = open(&cells, "await rows()", json!({"prefetch": false}));
    let items = asked(&mut editor, "b", 0, 4);
    assert_eq!(
        items[0]["insertText"],
        "await rows()",
        "{}",
        why(&mut editor, "b")
    );
    // In a module that is an error.
    let module = "file:///elsewhere/a.py";
    editor.open(module, "async def rows():\n    return []\nx = \n");
    let id = editor.ghost(module, 2, 4);
    assert_eq!(ghost_text(&editor.answer(id)), None);
}

#[test]
fn nothing_is_completed_where_there_is_no_python() {
    let cells = [
        ("title", "markdown", "# Sales"),
        ("a", "python", "%cd wh"),
        ("b", "python", "%%bash\nls "),
    ];
    let (mut editor, record) = open(&cells, "x", json!({"prefetch": false}));
    for (name, line, character) in [("title", 0, 7), ("a", 0, 6), ("b", 1, 3)] {
        assert_eq!(
            asked(&mut editor, name, line, character),
            json!([]),
            "{name}"
        );
    }
    assert_eq!(record.prompts(), Vec::<String>::new());
    assert!(why(&mut editor, "a").contains("command of IPython"));
    assert!(why(&mut editor, "title").contains("no Python"));
}

#[test]
fn whatever_happens_to_the_cells_the_next_prompt_has_them_as_they_are() {
    let cells = [
        ("a", "python", "a = 1"),
        ("b", "python", "b = 2"),
        ("c", "python", "x = "),
    ];
    let (mut editor, record) = open(&cells, "1", json!({"prefetch": false}));
    let prompt = |editor: &mut Editor, before: &str| {
        let last = record.prompts().len();
        asked(editor, "c", 0, 4);
        let prompt = record.prompts().pop().unwrap_or_default();
        assert!(record.prompts().len() > last, "the model was not asked");
        assert!(prompt.contains(&format!("{before}x = ")), "{prompt}");
    };
    prompt(&mut editor, "a = 1\n\nb = 2\n\n");
    // `b` moves to the front: it goes, and comes back with its text still open.
    change(
        &mut editor,
        json!({"structure": {"array": {"start": 1, "deleteCount": 1}}}),
    );
    prompt(&mut editor, ">a = 1\n\n");
    let cells = json!([listed("b", "python")]);
    change(
        &mut editor,
        json!({"structure": {"array": {"start": 0, "deleteCount": 0, "cells": cells}}}),
    );
    prompt(&mut editor, "b = 2\n\na = 1\n\n");
    // A new one comes in between, and is edited in the same breath.
    let structure = json!({
        "array": {"start": 1, "deleteCount": 0, "cells": [listed("new", "python")]},
        "didOpen": [item("new", "python", "new")],
    });
    let at = json!({"line": 0, "character": 3});
    let content = json!([{
        "document": {"uri": cell("new"), "version": 2},
        "changes": [{"range": {"start": at, "end": at}, "text": " = 3"}, {"range": {"start": at, "end": at}, "text": "er"}],
    }]);
    change(
        &mut editor,
        json!({"structure": structure, "textContent": content}),
    );
    prompt(&mut editor, "b = 2\n\nnewer = 3\n\na = 1\n\n");
    // It becomes prose.
    change(&mut editor, json!({"data": [listed("new", "markdown")]}));
    prompt(&mut editor, "b = 2\n\n# newer = 3\n\na = 1\n\n");
    // The first goes for good.
    let structure = json!({
        "array": {"start": 0, "deleteCount": 1},
        "didClose": [{"uri": cell("b")}],
    });
    change(&mut editor, json!({"structure": structure}));
    prompt(&mut editor, "# newer = 3\n\na = 1\n\n");
    assert_eq!(asked(&mut editor, "b", 0, 0), json!([]));
}

#[test]
fn running_a_cell_changes_nothing() {
    let (mut editor, _) = open(
        &[("a", "python", "x = ")],
        "1234",
        json!({"prefetch": false}),
    );
    assert_eq!(asked(&mut editor, "a", 0, 4)[0]["insertText"], "1234");
    let mut run = listed("a", "python");
    run["executionSummary"] = json!({"executionOrder": 3, "success": true});
    change(&mut editor, json!({"data": [run]}));
    typing(&mut editor, "a", 0, 4, "1");
    // What is shown survives: it is typed along.
    assert_eq!(asked(&mut editor, "a", 0, 5)[0]["insertText"], "234");
}

#[test]
fn a_client_that_names_what_is_not_there_breaks_nothing() {
    let (mut editor, record) = open(&[("a", "python", "x = ")], "1", json!({"prefetch": false}));
    typing(&mut editor, "gone", 0, 0, "x");
    change(
        &mut editor,
        json!({"structure": {"array": {"start": 70, "deleteCount": u32::MAX, "cells": [listed("ghost", "python")]}}}),
    );
    change(&mut editor, json!({"data": [listed("gone", "markdown")]}));
    for method in [
        "notebookDocument/didChange",
        "notebookDocument/didSave",
        "notebookDocument/didClose",
    ] {
        let params = json!({
            "notebookDocument": {"uri": "file:///elsewhere/other.ipynb", "version": 9},
            "change": {"cells": {"structure": {"array": {"start": 0, "deleteCount": 1}}}},
            "cellTextDocuments": [{"uri": cell("gone")}],
        });
        editor.notify(method, params);
    }
    assert_eq!(ghost_of(&mut editor, "a"), Some("1".to_owned()));
    assert!(
        record
            .prompts()
            .pop()
            .is_some_and(|prompt| prompt.contains("x = "))
    );
    let params =
        json!({"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": cell("a")}]});
    editor.notify(
        "notebookDocument/didSave",
        json!({"notebookDocument": {"uri": NOTEBOOK}}),
    );
    editor.notify("notebookDocument/didClose", params);
    assert_eq!(ghost_of(&mut editor, "a"), None);
}

fn ghost_of(editor: &mut Editor, name: &str) -> Option<String> {
    let id = editor.ghost(&cell(name), 0, 4);
    ghost_text(&editor.answer(id))
}

#[test]
fn a_key_in_a_cell_costs_a_few_tokens() {
    let lines: Vec<String> = (0..40).map(|n| format!("value_{n} = {n}")).collect();
    let code = lines.join("\n");
    let cells = [
        ("a", "python", &*code),
        ("b", "python", "x = value"),
        ("c", "python", &*code),
    ];
    let script = Script::new().answers(|_| "(1)");
    let (mut editor, _) = Editor::start_as(
        script,
        json!({
            "initializationOptions": {"prefetch": false, "without": ["names"], "order": "spm"},
            "capabilities": {
                "textDocument": {"inlineCompletion": {}},
                "experimental": {"midfillUsage": true},
            },
        }),
    );
    open_in(&mut editor, NOTEBOOK, &cells);
    asked(&mut editor, "b", 0, 9);
    let first = editor.wait_for("midfill/usage", |_| true);
    assert!(first["computed"].as_u64() > Some(100), "{first}");
    typing(&mut editor, "b", 0, 9, "s");
    asked(&mut editor, "b", 0, 10);
    let second = editor.wait_for("midfill/usage", |_| true);
    assert!(second["computed"].as_u64() <= Some(8), "{second}");
}

#[test]
fn an_import_goes_into_the_cell_with_the_imports() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let module = "class Price:\n    def __init__(self, gross):\n        self.gross = gross\n";
    std::fs::write(dir.path().join("prices.py"), module).expect("fresh");
    let root = format!("file://{}", dir.path().display());
    let client = json!({"textDocument": {"inlineCompletion": {}}});
    let params = json!({"capabilities": client, "rootUri": root, "initializationOptions": {"prefetch": false}});
    let (mut editor, _) = Editor::start_as(Script::new().answers(|_| "Price(2)"), params);
    let notebook = format!("{root}/sales.ipynb");
    let cells = [
        ("title", "markdown", "Sales"),
        ("a", "python", "import os"),
        ("b", "python", "x = "),
    ];
    let command = (0..200).find_map(|_| {
        // Until the project was read, nothing is known of its names.
        open_in(&mut editor, &notebook, &cells);
        let command = asked(&mut editor, "b", 0, 4)[0]["command"].clone();
        std::thread::sleep(std::time::Duration::from_millis(20));
        (!command.is_null()).then_some(command)
    });
    let command = command.expect("the import is offered");
    assert_eq!(command["title"], "Add `from prices import Price`");
    editor.request(
        "workspace/executeCommand",
        json!({"command": command["command"], "arguments": command["arguments"]}),
    );
    let edit = editor.wait_for("workspace/applyEdit", |_| true);
    let end = json!({"line": 0, "character": 9});
    assert_eq!(
        edit["edit"]["changes"],
        json!({cell("a"): [{"range": {"start": end, "end": end}, "newText": "\n\nfrom prices import Price"}]})
    );
}
