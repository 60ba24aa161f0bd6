//! Writing docstrings, over the wire and by the command line.

use std::process::{Command, Output};

use expect_test::{Expect, expect};
use midfill::model::ModelError;
use midfill::model::scripted::Script;
use serde_json::{Value, json};

use crate::editor::{Answer, Editor};

const CART: &str = "class Cart:\n    def put(self, item, n=1):\n        if n < 1:\n            raise ValueError(n)\n        self.items[item] += n\n\n    def size(self):\n        \"\"\"The size.\"\"\"\n        return 1\n";

const URI: &str = "file:///project/cart.py";

fn says(text: &'static str) -> Script {
    Script::new().n_ctx(1 << 16).answers(move |_: &str| text)
}

fn place(line: usize) -> Value {
    let position = json!({"line": line, "character": 8});
    json!({"textDocument": {"uri": URI}, "range": {"start": position, "end": position}})
}

fn ask(editor: &mut Editor, line: usize) -> Answer {
    editor.ask(
        "workspace/executeCommand",
        json!({"command": "midfill.docstring", "arguments": [place(line)]}),
    )
}

/// The answer, and the edit that the editor was asked to make.
#[track_caller]
fn check_edit(script: Script, options: Value, expected: Expect) {
    let mut editor = Editor::start(script, options);
    editor.open(URI, CART);
    let Answer::Result(answer) = ask(&mut editor, 3) else {
        panic!("there is a docstring to write");
    };
    let params = editor.wait_for("workspace/applyEdit", |_| true);
    let edit = &params["edit"]["changes"][URI][0];
    let text = edit["newText"].as_str().expect("an edit");
    expected.assert_eq(&format!(
        "{}\n{}\n{text}",
        answer["docstrings"], edit["range"]
    ));
}

#[test]
fn the_editor_is_asked_to_put_the_model_s_line_and_the_facts_in() {
    check_edit(
        says("Put so many of an `item` in. And more."),
        json!({}),
        expect![[r#"
            [{"author":"model","name":"Cart.put"}]
            {"end":{"character":0,"line":2},"start":{"character":0,"line":2}}
                    """Put so many of an `item` in.

                    Args:
                        item: The item.
                        n: The value `n`. Defaults to `1`.

                    Raises:
                        ValueError: If `n` is less than `1`.
                    """
        "#]],
    );
}

#[test]
fn what_the_model_says_wrongly_is_not_written() {
    check_edit(
        says("Put it into the `warehouse`."),
        json!({"language": "zh"}),
        expect![[r#"
            [{"author":"name","name":"Cart.put"}]
            {"end":{"character":0,"line":2},"start":{"character":0,"line":2}}
                    """放入 item。

                    Args:
                        item: item。
                        n: `n` 的值。默认为 `1`。

                    Raises:
                        ValueError: 若 `n` 小于 `1`。
                    """
        "#]],
    );
    let failing = Script::new()
        .n_ctx(1 << 16)
        .answers(|_: &str| ModelError::Compute("the graph broke".to_owned()));
    check_edit(
        failing,
        json!({}),
        expect![[r#"
            [{"author":"name","name":"Cart.put"}]
            {"end":{"character":0,"line":2},"start":{"character":0,"line":2}}
                    """Put the item.

                    Args:
                        item: The item.
                        n: The value `n`. Defaults to `1`.

                    Raises:
                        ValueError: If `n` is less than `1`.
                    """
        "#]],
    );
}

#[test]
fn where_there_is_none_to_write_the_answer_is_an_error() {
    let mut editor = Editor::start(says(""), json!({}));
    editor.open(URI, CART);
    assert_eq!(ask(&mut editor, 7), Answer::Error(-32803));
    let wrong = json!({"command": "midfill.docstring", "arguments": []});
    let answer = editor.ask("workspace/executeCommand", wrong);
    assert_eq!(answer, Answer::Error(-32602));
}

#[track_caller]
fn check_actions(line: usize, only: Value, expected: Expect) {
    let mut editor = Editor::start(says(""), json!({}));
    editor.open(URI, CART);
    let mut params = place(line);
    params["context"] = match only {
        Value::Null => json!({"diagnostics": []}),
        only => json!({"diagnostics": [], "only": only}),
    };
    let Answer::Result(answer) = editor.ask("textDocument/codeAction", params) else {
        panic!("there is an answer");
    };
    let actions = answer.as_array().cloned().unwrap_or_default();
    let told = actions.iter().map(|one| {
        format!(
            "{} {} {}\n",
            one["title"], one["kind"], one["command"]["command"]
        )
    });
    expected.assert_eq(&told.collect::<String>());
}

#[test]
fn an_action_writes_a_docstring_where_there_is_none() {
    check_actions(
        3,
        Value::Null,
        expect![[r#"
        "Explain Cart.put" null "midfill.explain"
        "Write a docstring for Cart.put" "refactor.rewrite" "midfill.docstring"
    "#]],
    );
    check_actions(
        3,
        json!(["refactor"]),
        expect![[r#"
        "Write a docstring for Cart.put" "refactor.rewrite" "midfill.docstring"
    "#]],
    );
    check_actions(3, json!(["quickfix"]), expect![[r#""#]]);
    check_actions(
        7,
        Value::Null,
        expect![[r#"
        "Explain Cart.size" null "midfill.explain"
    "#]],
    );
}

fn midfill(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_midfill"))
        .args(arguments)
        .output()
        .expect("the program was built for this test")
}

/// What is printed, and what is told beside it.
#[track_caller]
fn check_command(text: &str, line: &str, options: &[&str], expected: Expect) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("cart.py");
    std::fs::write(&file, text).expect("fresh");
    let path = file.display().to_string();
    let place = format!("{path}{line}");
    let output = midfill(&[&["docstring", &place], options].concat());
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    expected.assert_eq(&told.replace(&path, "cart.py"));
    std::fs::read_to_string(&file).expect("it is there")
}

#[test]
fn the_command_shows_a_diff() {
    let text = check_command(
        CART,
        ":3",
        &["--facts", "--style", "numpy"],
        expect![[r#"
            --- cart.py
            +++ cart.py
            @@ -1,5 +1,19 @@
             class Cart:
                 def put(self, item, n=1):
            +        """Put the item.
            +
            +        Parameters
            +        ----------
            +        item
            +            The item.
            +        n
            +            The value ``n``. Defaults to ``1``.
            +
            +        Raises
            +        ------
            +        ValueError
            +            If ``n`` is less than ``1``.
            +        """
                     if n < 1:
                         raise ValueError(n)
                     self.items[item] += n
            Cart.put (line 2): the first line is its name in words
        "#]],
    );
    assert_eq!(text, CART, "nothing is written");
}

#[test]
fn the_command_writes_into_the_file() {
    let text = check_command(
        CART,
        "",
        &["--facts", "--write"],
        expect![[r#"
        Cart.put (line 2): the first line is its name in words
    "#]],
    );
    expect![[r#"
        class Cart:
            def put(self, item, n=1):
                """Put the item.

                Args:
                    item: The item.
                    n: The value `n`. Defaults to `1`.

                Raises:
                    ValueError: If `n` is less than `1`.
                """
                if n < 1:
                    raise ValueError(n)
                self.items[item] += n

            def size(self):
                """The size."""
                return 1
    "#]]
    .assert_eq(&text);
    check_command(
        &text,
        ":2",
        &["--facts"],
        expect![[r#"
        midfill: Cart.put has a docstring already (line 3).
    "#]],
    );
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (file, link) = (dir.path().join("a.py"), dir.path().join("b.py"));
    std::fs::write(&file, "def f(): pass\n").expect("fresh");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o751)).expect("it is ours");
    std::os::unix::fs::symlink(&file, &link).expect("fresh");
    let output = midfill(&[
        "docstring",
        &link.display().to_string(),
        "--facts",
        "--write",
    ]);
    assert!(output.status.success());
    let mode = std::fs::metadata(&file)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o751);
    assert!(
        std::fs::symlink_metadata(&link)
            .expect("it is there")
            .is_symlink()
    );
    let text = std::fs::read_to_string(&file).expect("it is there");
    assert!(text.contains("\"\"\""), "{text}");
    let left = std::fs::read_dir(dir.path()).expect("it is there").count();
    assert_eq!(left, 2, "no other file stays");
}
