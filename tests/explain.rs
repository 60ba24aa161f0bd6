//! Explaining over the wire: streamed, in the language asked for, behind every completion.

use expect_test::{Expect, expect};
use midfill::model::ModelError;
use midfill::model::scripted::{Gate, Script};
use serde_json::{Value, json};

use crate::editor::{Answer, Editor};

const CART: &str = r#"class Cart:
    def put(self, item, n=1):
        """Puts some of an item in."""
        if n < 1:
            raise ValueError(n)
        self.items[item] += n

LIMIT = 3
"#;

const URI: &str = "file:///project/cart.py";

/// A model that has something to say under each heading.
fn talker() -> Script {
    Script::new().n_ctx(1 << 16).answers(|prompt: &str| {
        let heading = prompt
            .rsplit("## ")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        match heading.as_str() {
            "What it does" => "- It adds `n` to `items`.\n",
            "How it works" => "1. Line 4 tests `n`.\n2. Line 44 saves the cart.\n",
            "功能" => "- 把 `n` 加到 `items`。\n",
            _ => "",
        }
    })
}

fn question(line: usize, character: usize) -> Value {
    json!({
        "textDocument": {"uri": URI},
        "range": {
            "start": {"line": line, "character": character},
            "end": {"line": line, "character": character},
        },
        "partialResultToken": "told",
    })
}

fn ask(editor: &mut Editor, question: &Value) -> u64 {
    editor.request(
        "workspace/executeCommand",
        json!({"command": "midfill.explain", "arguments": [question], "workDoneToken": "work"}),
    )
}

/// All that was told with the token, in order.
fn told(editor: &mut Editor) -> String {
    let pieces = editor
        .notifications
        .iter()
        .filter(|(method, params)| method == "$/progress" && params["token"] == "told");
    pieces
        .filter_map(|(_, params)| params["value"]["append"].as_str())
        .collect()
}

#[track_caller]
fn check(question: &Value, expected: Expect) {
    let mut editor = Editor::start(talker(), json!({}));
    editor.open(URI, CART);
    let id = ask(&mut editor, question);
    let Answer::Result(answer) = editor.answer(id) else {
        panic!("the question has no answer");
    };
    assert_eq!(
        told(&mut editor),
        answer["markdown"],
        "the pieces are the whole"
    );
    let (title, range) = (&answer["title"], &answer["range"]);
    let markdown = answer["markdown"].as_str().expect("text");
    expected.assert_eq(&format!("{title} {range}\n{markdown}"));
}

#[test]
fn an_explanation_has_four_parts_and_links_to_its_lines() {
    check(
        &question(3, 8),
        expect![[r#"
            "method Cart.put, lines 2–6" {"end":{"character":0,"line":6},"start":{"character":0,"line":1}}
            # method `Cart.put`, lines [2](file:///project/cart.py#L2)–[6](file:///project/cart.py#L6)

            ## What it does

            Puts some of an item in.

            - **Takes** `item`; `n` (`1` by default)
            - **Returns** nothing
            - **Raises** `ValueError` if `n < 1` (line [5](file:///project/cart.py#L5))
            - **Changes** its object's `items`, setting `self.items[item]` (line [6](file:///project/cart.py#L6))

            *In the model's words:*

            - It adds `n` to `items`.

            ## How it works

            1. if `n < 1` (lines [4](file:///project/cart.py#L4)–[5](file:///project/cart.py#L5))
               - raise `ValueError(n)` (line [5](file:///project/cart.py#L5))
            2. set `self.items[…]` (line [6](file:///project/cart.py#L6))

            Cyclomatic complexity 2, blocks 1 deep at most.

            *In the model's words:*

            1. Line [4](file:///project/cart.py#L4) tests `n`.
            2. ~~Line 44 saves the cart.~~ (⚠ line 44 is not part of it)

            ## Potential problems

            No problem was found by Midfill's rules.

            ## Improvements

            Midfill's rules have nothing to better.

        "#]],
    );
}

#[test]
fn it_is_told_in_the_language_asked_for() {
    let mut question = question(3, 8);
    question["language"] = json!("zh");
    check(
        &question,
        expect![[r#"
            "方法 Cart.put，第 2–6 行" {"end":{"character":0,"line":6},"start":{"character":0,"line":1}}
            # 方法 `Cart.put`，第 [2](file:///project/cart.py#L2)–[6](file:///project/cart.py#L6) 行

            ## 功能

            Puts some of an item in.

            - **参数**：`item`；`n`（默认 `1`）
            - **返回**：无
            - **引发**：`ValueError`（若 `n < 1`，第 [5](file:///project/cart.py#L5) 行）
            - **修改**：对象的 `items`，设置 `self.items[item]`（第 [6](file:///project/cart.py#L6) 行）

            *模型的说明：*

            - 把 `n` 加到 `items`。

            ## 工作流程

            1. 如果 `n < 1`（第 [4](file:///project/cart.py#L4)–[5](file:///project/cart.py#L5) 行）
               - 引发 `ValueError(n)`（第 [5](file:///project/cart.py#L5) 行）
            2. 设置 `self.items[…]`（第 [6](file:///project/cart.py#L6) 行）

            圈复杂度 2，最大嵌套 1 层。

            ## 潜在问题

            Midfill 的规则未发现问题。

            ## 改进建议

            Midfill 的规则没有改进建议。

        "#]],
    );
}

#[test]
fn the_language_of_the_editor_is_spoken_without_being_asked() {
    let (mut editor, _) = Editor::start_as(
        talker(),
        json!({"capabilities": {}, "locale": "zh-cn", "rootUri": "file:///project"}),
    );
    editor.open(URI, CART);
    let id = ask(&mut editor, &question(3, 8));
    let Answer::Result(answer) = editor.answer(id) else {
        panic!("the question has no answer");
    };
    assert!(
        answer["markdown"]
            .as_str()
            .is_some_and(|text| text.contains("## 潜在问题"))
    );
}

#[test]
fn where_there_is_nothing_to_explain_the_answer_is_an_error() {
    let mut editor = Editor::start(talker(), json!({}));
    editor.open(URI, CART);
    let id = ask(&mut editor, &question(7, 0));
    assert_eq!(editor.answer(id), Answer::Error(-32803));
    let mut elsewhere = question(0, 0);
    elsewhere["textDocument"]["uri"] = json!("file:///project/closed.py");
    let id = ask(&mut editor, &elsewhere);
    assert_eq!(editor.answer(id), Answer::Error(-32803));
    let id = ask(&mut editor, &json!("no question"));
    assert_eq!(editor.answer(id), Answer::Error(-32602));
}

#[test]
fn work_is_announced_and_ended() {
    let mut editor = Editor::start(talker(), json!({}));
    editor.open(URI, CART);
    let id = ask(&mut editor, &question(3, 8));
    editor.answer(id);
    let kinds: Vec<Value> = editor
        .notifications
        .iter()
        .filter(|(method, params)| method == "$/progress" && params["token"] == "work")
        .map(|(_, params)| params["value"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["begin", "end"]);
}

/// The explanation stands at the gate, in the middle of reading its question.
fn held(editor: &mut Editor, gate: &Gate) -> u64 {
    editor.open(URI, CART);
    let explanation = ask(editor, &question(3, 8));
    gate.let_through(100);
    gate.wait_until_reached();
    explanation
}

#[test]
fn a_completion_in_its_midst_costs_an_explanation_nothing() {
    let gate = Gate::closed();
    let script = talker().gated(&gate);
    let mut editor = Editor::start(script, json!({}));
    let explanation = held(&mut editor, &gate);
    let ghost = editor.request(
        "textDocument/inlineCompletion",
        json!({
            "textDocument": {"uri": URI},
            "position": {"line": 7, "character": 9},
            "context": {"triggerKind": 1},
        }),
    );
    gate.open();
    assert!(matches!(editor.answer(ghost), Answer::Result(_)));
    let Answer::Result(answer) = editor.answer(explanation) else {
        panic!("the explanation was lost");
    };
    let markdown = answer["markdown"].as_str().expect("text");
    assert!(markdown.contains("It adds `n` to `items`"), "{markdown}");
}

#[test]
fn a_cancelled_explanation_stops_the_model() {
    let gate = Gate::closed();
    let script = talker().gated(&gate);
    let record = script.record();
    let mut editor = Editor::start(script, json!({}));
    let explanation = held(&mut editor, &gate);
    editor.cancel(explanation);
    assert_eq!(editor.answer(explanation), Answer::Error(-32800));
    gate.open();
    // Whatever is asked next finds the model free.
    let ghost = editor.ghost(URI, 7, 9);
    assert!(matches!(editor.answer(ghost), Answer::Result(_)));
    assert!(
        record
            .prompts()
            .iter()
            .all(|prompt| !prompt.contains("<|im_start|>"))
    );
}

#[test]
fn a_model_that_fails_costs_no_facts() {
    let failing = Script::new()
        .n_ctx(1 << 16)
        .answers(|_: &str| ModelError::Compute("the graph broke".to_owned()));
    let mut editor = Editor::start(failing, json!({}));
    editor.open(URI, CART);
    let id = ask(&mut editor, &question(3, 8));
    let Answer::Result(answer) = editor.answer(id) else {
        panic!("the question has no answer");
    };
    let markdown = answer["markdown"].as_str().expect("text");
    assert!(markdown.contains("**Raises** `ValueError`"), "{markdown}");
    assert!(markdown.contains("the graph broke"), "{markdown}");
}

/// What is hovered over, or the titles of the actions, at a place.
#[track_caller]
fn check_here(method: &str, line: usize, character: usize, expected: Expect) {
    let mut editor = Editor::start(talker(), json!({}));
    editor.open(URI, CART);
    let position = json!({"line": line, "character": character});
    let params = json!({
        "textDocument": {"uri": URI},
        "position": position,
        "range": {"start": position, "end": position},
        "context": {"diagnostics": []},
    });
    let Answer::Result(answer) = editor.ask(method, params) else {
        panic!("there is no answer");
    };
    let told = match &answer {
        Value::Array(actions) => format!("{:#}", json!(actions)),
        Value::Null => "nothing".to_owned(),
        hover => format!(
            "{}\n{}",
            hover["range"],
            hover["contents"]["value"].as_str().expect("text")
        ),
    };
    expected.assert_eq(&told);
}

#[test]
fn a_name_hovered_over_tells_what_its_function_does() {
    check_here(
        "textDocument/hover",
        1,
        9,
        expect![[r#"
        {"end":{"character":11,"line":1},"start":{"character":8,"line":1}}
        ```python
        def put(self, item, n=1)
        ```

        Puts some of an item in.

        - **Raises** `ValueError` if `n < 1` (line [5](file:///project/cart.py#L5))
        - **Changes** its object's `items`, setting `self.items[item]` (line [6](file:///project/cart.py#L6))
    "#]],
    );
    check_here("textDocument/hover", 7, 2, expect!["nothing"]);
}

#[test]
fn an_action_explains_the_function_under_the_cursor() {
    check_here(
        "textDocument/codeAction",
        4,
        3,
        expect![[r#"
            [
              {
                "command": {
                  "arguments": [
                    {
                      "range": {
                        "end": {
                          "character": 3,
                          "line": 4
                        },
                        "start": {
                          "character": 3,
                          "line": 4
                        }
                      },
                      "textDocument": {
                        "uri": "file:///project/cart.py"
                      }
                    }
                  ],
                  "command": "midfill.explain",
                  "title": "Explain Cart.put"
                },
                "title": "Explain Cart.put"
              },
              {
                "command": {
                  "arguments": [
                    {
                      "range": {
                        "end": {
                          "character": 3,
                          "line": 4
                        },
                        "start": {
                          "character": 3,
                          "line": 4
                        }
                      },
                      "textDocument": {
                        "uri": "file:///project/cart.py"
                      }
                    }
                  ],
                  "command": "midfill.tests",
                  "title": "Write tests for Cart.put"
                },
                "title": "Write tests for Cart.put"
              }
            ]"#]],
    );
    check_here("textDocument/codeAction", 7, 2, expect!["nothing"]);
}

#[test]
fn a_function_longer_than_the_context_is_read_in_pieces() {
    let body: String = (0..3_000).map(|n| format!("    step({n}, x)\n")).collect();
    let record = Script::new()
        .n_ctx(8_192)
        .answers(|prompt: &str| match prompt {
            piece if piece.contains("A piece of the function `long`") => "It calls `step`.",
            whole if whole.ends_with("## What it does\n") => "- It calls `step` 3000 times.\n",
            _ => "",
        });
    let mut editor = Editor::start(record, json!({}));
    editor.open(URI, &format!("def long(x):\n{body}"));
    let id = ask(&mut editor, &question(0, 5));
    let Answer::Result(answer) = editor.answer(id) else {
        panic!("the question has no answer");
    };
    let markdown = answer["markdown"].as_str().expect("text");
    assert!(
        markdown.contains("It calls `step` 3000 times."),
        "{markdown}"
    );
    let reports: Vec<&str> = editor
        .notifications
        .iter()
        .filter(|(method, params)| method == "$/progress" && params["token"] == "work")
        .filter_map(|(_, params)| params["value"]["message"].as_str())
        .collect();
    assert!(reports.len() > 3, "{reports:?}");
    assert!(
        reports.iter().all(|report| report.ends_with("parts read")),
        "{reports:?}"
    );
}
