//! Writing docstrings and tests, over the wire and by the command line.

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
            "Write tests for Cart.put" null "midfill.tests"
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
            "Write tests for Cart.size" null "midfill.tests"
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
    // A byte order mark is no part of the first line.
    std::fs::write(&file, "\u{feff}def f(): pass\n").expect("fresh");
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
    assert_eq!(
        text,
        "\u{feff}def f():\n    \"\"\"Run `f`.\"\"\"\n    pass\n"
    );
    let left = std::fs::read_dir(dir.path()).expect("it is there").count();
    assert_eq!(left, 2, "no other file stays");
}

#[test]
fn the_answer_is_a_test_file_with_the_cases_of_the_model() {
    let text = "def add(a: int, b: int) -> int:\n    if a < 0:\n        raise ValueError(a)\n    return a + b\n";
    let mut editor = Editor::start(says("add(1, 2) == 3\nadd(x) == 4\n\n"), json!({}));
    editor.open(URI, text);
    let asked = json!({"command": "midfill.tests", "arguments": [place(1)]});
    let Answer::Result(answer) = editor.ask("workspace/executeCommand", asked) else {
        panic!("there are tests to write");
    };
    let text = answer["text"].as_str().expect("a text");
    expect![[r#"
        "/project/tests/test_cart.py" 1
        import pytest

        from cart import add


        def test_add():
            result = add(a=1, b=1)
            assert result == ...  # TODO: what it returns


        def test_add_raises_value_error():
            # Raised if `a` is less than `0` (line 3).
            with pytest.raises(ValueError):
                add(a=-1, b=1)


        def test_add_cases():
            # These cases are the model's: read them before you rely on them.
            assert add(1, 2) == 3
    "#]]
    .assert_eq(&format!("{} {}\n{text}", answer["path"], answer["cases"]));
}

#[test]
fn the_command_puts_tests_into_a_file_and_overwrites_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("cart.py"), CART).expect("fresh");
    let place = format!("{}:3", dir.path().join("cart.py").display());
    let tests = dir.path().join("tests/test_cart.py");
    let output = tests.display().to_string();
    let arguments = ["tests", &place, "--facts", "--alone", "-o", &output];
    assert!(midfill(&arguments).status.success());
    let text = std::fs::read_to_string(&tests).expect("it was written");
    expect![[r#"
        import pytest

        from cart import Cart


        @pytest.fixture
        def cart():
            return Cart()


        def test_cart_put(cart):
            # TODO: choose `item`.
            cart.put(...)
            assert cart.items == ...  # TODO: what line 5 makes of it


        def test_cart_put_raises_value_error(cart):
            # Raised if `n` is less than `1` (line 4).
            # TODO: choose `item`.
            with pytest.raises(ValueError):
                cart.put(item=..., n=0)
    "#]]
    .assert_eq(&text);
    let refused = midfill(&arguments);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("has these tests already"), "{told}");
    assert_eq!(std::fs::read_to_string(&tests).expect("it is there"), text);
}
