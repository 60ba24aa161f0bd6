use std::time::Duration;

use expect_test::{Expect, expect};

use super::*;
use crate::completion::show::Judgement;
use crate::completion::{Means, complete};
use crate::config::CompletionConfig;
use crate::model::Model;
use crate::model::scripted::Script;

/// The trace of what a model says at `$0`, its times set to whole milliseconds.
fn trace(fixture: &str, says: &str, invoked: bool) -> Trace {
    let offset = fixture.find("$0").expect("the fixture has a cursor");
    let snapshot = Snapshot::of("main.py", &fixture.replacen("$0", "", 1));
    let means = Means::new(
        Model::scripted(Script::new().says(says)),
        CompletionConfig::default(),
    );
    let ask = Ask { offset, invoked };
    let mut answer = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime needs nothing but memory")
        .block_on(complete(&snapshot, ask, &means))
        .expect("a scripted model answers");
    answer.usage.waited = Duration::ZERO;
    answer.usage.prefill = Duration::from_millis(2);
    answer.usage.decode = Duration::from_millis(5);
    answer.timings.model = Duration::from_millis(7);
    answer.timings.prepare = Duration::from_micros(310);
    answer.timings.judge = Duration::ZERO;
    Trace::of(&snapshot, ask, &answer)
}

/// The head and the parts named; of the rules those that said something.
#[track_caller]
fn check(fixture: &str, says: &str, parts: &[&str], expected: Expect) {
    let mut trace = trace(fixture, says, false);
    trace.parts.retain(|(name, _)| parts.contains(name));
    for (_, part) in &mut trace.parts {
        if let Part::Table(["rule", ..], rows) = part {
            rows.retain(|row| row[1] != "leaves it" && row[1] != "not reached");
        }
    }
    expected.assert_eq(&trace.markdown());
}

#[test]
fn what_was_shown_is_explained_from_answer_to_prompt() {
    check(
        "xs = [1]\ndef total(ys):\n    return sum($0)\n\nprint(total(xs))\n",
        "ys)\nprint(1)",
        &["answer", "time", "candidates", "rules", "written"],
        expect![[r#"
            # Ghost text was shown

            main.py:3:16, while typing

            ```python
                return sum(⟦ys⟧)
            ```

            ## answer

            - source: the model wrote it for this request
            - format: Qwen-Coder (prefix, suffix, middle)
            - mean log-probability: 0.0
            - stopped: at the end of the line

            ## time

            | stage                     |   ms |
            | ------------------------- | ---: |
            | making the prompt         | 0.31 |
            | the model                 |  7.0 |
            | of it: reading the prompt |  2.0 |
            | of it: writing            |  5.0 |

            ## candidates

            | origin | cleaned up | mean log-probability | verdict        |
            | ------ | ---------- | -------------------: | -------------- |
            | model  | `ys`       |                  0.0 | could be shown |

            ## rules

            | rule            | verdict  |
            | --------------- | -------- |
            | repeated_suffix | cuts `)` |

            ## written

            | piece | percent | margin in nats |
            | ----- | ------: | -------------: |
            | `y`   |   100.0 |           30.0 |
            | `s`   |   100.0 |           30.0 |
            | `)`   |   100.0 |           30.0 |
        "#]],
    );
}

#[test]
fn what_a_rule_dropped_is_said_first() {
    check(
        "x = $0\ny = 2\n",
        ")\n",
        &["rules"],
        expect![[r#"
        # No ghost text: it closes a bracket that is not open

        main.py:1:5, while typing

        ```python
        x = ▏
        ```

        ## rules

        | rule    | verdict                                        |
        | ------- | ---------------------------------------------- |
        | closers | drops it: it closes a bracket that is not open |
    "#]],
    );
}

#[test]
fn where_nobody_was_asked_there_is_little_to_say() {
    check(
        "pri$0nt\n",
        "x",
        &["answer", "tokens", "rules", "written", "prompt"],
        expect![[r#"
            # No ghost text: the cursor stands inside a word

            main.py:1:4, while typing

            ```python
            pri▏nt
            ```

            ## answer

            - source: nobody was asked
        "#]],
    );
}

#[test]
fn a_decision_is_taken_apart() {
    let mut answer = Answer::silent("it is too likely to be wrong");
    answer.judgement = Some(Judgement {
        origin: Origin::Model,
        exact: 0.21,
        by_this_user: 0.4,
        kept: 0.34,
        threshold: 0.5,
        shortened: true,
        parts: vec![("mean_logprob", -1.25), ("in_prose", 0.5)],
    });
    let ask = Ask {
        offset: 4,
        invoked: false,
    };
    let markdown = Trace::of(&Snapshot::of("a.py", "x = \n"), ask, &answer).markdown();
    let from = markdown.find("## decision").expect("there is a decision");
    expect![[r#"
        ## decision

        - likely to be kept: 34 %
        - by this user: 40 %
        - least that is shown: 50 %
        - likely to be exactly right: 21 %
        - cut shorter: true

        ## features

        | feature      | adds to the log-odds |
        | ------------ | -------------------: |
        | mean_logprob |                -1.25 |
        | in_prose     |                  0.5 |
    "#]]
    .assert_eq(&markdown[from..]);
}

#[test]
fn long_texts_lose_their_middle_and_fences_hold() {
    let lines: String = (0..40).map(|n| format!("x{n} = '```'\n")).collect();
    let text = Part::Table(
        &["section", "tokens", "text"],
        vec![vec![json!("prefix"), json!(9), json!(lines)]],
    );
    let mut trace = trace("x = $0\n", "1", true);
    trace.parts = vec![("prompt", text)];
    expect![[r#"
        # Ghost text was shown

        main.py:1:5, asked for by hand

        ```python
        x = ⟦1⟧
        ```

        ## prompt

        | section | tokens |
        | ------- | -----: |
        | prefix  |      9 |

        ### prefix

        ````python
        x0 = '```'
        x1 = '```'
        x2 = '```'
        x3 = '```'
        x4 = '```'
        x5 = '```'
        x6 = '```'
        x7 = '```'
        x8 = '```'
        x9 = '```'
        x10 = '```'
        x11 = '```'
        … 16 lines …
        x28 = '```'
        x29 = '```'
        x30 = '```'
        x31 = '```'
        x32 = '```'
        x33 = '```'
        x34 = '```'
        x35 = '```'
        x36 = '```'
        x37 = '```'
        x38 = '```'
        x39 = '```'
        ````
    "#]]
    .assert_eq(&trace.markdown());
}

#[test]
fn a_program_reads_the_same() {
    let json = trace("x = $0\n", "1", false).json();
    assert_eq!(json["prompt"][1]["text"], "x = ");
    assert_eq!(
        json["rules"].as_array().map(Vec::len),
        Some(trim::RULES.len())
    );
    let mut json = json;
    let kept = [
        "answer",
        "line",
        "column",
        "shown",
        "time",
        "whyNothing",
        "written",
    ];
    if let Some(json) = json.as_object_mut() {
        json.retain(|name, _| kept.contains(&name.as_str()));
    }
    expect![[r#"
        {
          "answer": {
            "format": "Qwen-Coder (prefix, suffix, middle)",
            "meanLogProbability": 0.0,
            "source": "the model wrote it for this request",
            "stopped": "the model said that this is the end"
          },
          "column": 5,
          "line": 1,
          "shown": "1",
          "time": [
            {
              "ms": 0.31,
              "stage": "making the prompt"
            },
            {
              "ms": 7.0,
              "stage": "the model"
            },
            {
              "ms": 2.0,
              "stage": "of it: reading the prompt"
            },
            {
              "ms": 5.0,
              "stage": "of it: writing"
            }
          ],
          "whyNothing": null,
          "written": [
            {
              "marginInNats": 30.0,
              "percent": 100.0,
              "piece": "`1`"
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&json).expect("JSON"));
}
