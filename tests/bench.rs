//! `midfill bench replay` through the real server, on a scripted model.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::{Expect, expect};
use serde_json::Value;

/// A folder with a file to type and the rules that the model follows.
fn folder(author: &str, rules: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("a.py"), author).expect("writable");
    let path = dir.path().join("rules.json");
    std::fs::write(&path, rules).expect("writable");
    (dir, path)
}

fn replay(input: &Path, rules: &Path, more: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_midfill"))
        .args(["bench", "replay"])
        .arg(input)
        .arg("--scripted")
        .arg(rules)
        .arg("--json")
        .args(more)
        .output()
        .expect("the program was built for this test");
    let problems = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{problems}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What does not depend on the machine.
#[track_caller]
fn check(report: &Value, expected: Expect) {
    let figures = &report["inputs"][0]["figures"][0];
    let run = &report["runs"][0];
    assert!(run["start_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    assert!(
        run["peak_memory"]
            .as_u64()
            .is_some_and(|bytes| bytes > 1 << 20)
    );
    let counts = [
        "nKeys",
        "nChars",
        "nSuggestions",
        "nWrong",
        "nBreaking",
        "nTaken",
        "nKeptChars",
    ];
    let mut lines: Vec<String> = counts
        .iter()
        .map(|name| format!("{name} {}", figures[name]))
        .collect();
    lines.push(format!(
        "unanswered {}, out of order {}",
        run["n_unanswered"], run["n_out_of_order"]
    ));
    expected.assert_eq(&lines.join("\n"));
}

const AUTHOR: &str = "prices = [1]\ntotal = sum(prices)\nprint(total)\n";
const RULES: &str = r#"[{"ends_with": "total = s", "says": "um(prices)"},
                        {"ends_with": "print", "says": " is None"}]"#;

#[test]
fn a_file_is_typed_through_the_server() {
    let (dir, rules) = folder(AUTHOR, RULES);
    let file = dir.path().join("a.py");
    let report = replay(&file, &rules, &["--from", "2", "--keys", "32"]);
    check(
        &report,
        expect![[r#"
            nKeys 32
            nChars 32
            nSuggestions 2
            nWrong 1
            nBreaking 0
            nTaken 1
            nKeptChars 10
            unanswered 0, out of order 0"#]],
    );
}

#[test]
fn what_is_taken_is_one_key() {
    let (dir, rules) = folder(AUTHOR, RULES);
    let file = dir.path().join("a.py");
    let report = replay(&file, &rules, &["--from", "2", "--keys", "32", "--accept"]);
    check(
        &report,
        expect![[r#"
            nKeys 23
            nChars 32
            nSuggestions 2
            nWrong 1
            nBreaking 0
            nTaken 1
            nKeptChars 10
            unanswered 0, out of order 0"#]],
    );
}

#[test]
fn a_person_s_rhythm_leaves_no_request_unanswered() {
    let (dir, rules) = folder(AUTHOR, RULES);
    let file = dir.path().join("a.py");
    // 1000 words a minute: 12 ms a key.
    let more = ["--from", "2", "--keys", "32", "--rhythm", "1000"];
    let report = replay(&file, &rules, &more);
    let run = &report["runs"][0];
    assert_eq!(
        (&run["n_unanswered"], &run["n_out_of_order"]),
        (&0.into(), &0.into())
    );
    assert_eq!(report["all"][0]["nKeys"], 32);
}

#[test]
fn a_commit_is_typed_through_the_server() {
    let (dir, rules) = folder("prices = [1]\n", RULES);
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-C"])
            .arg(dir.path())
            .args(arguments)
            .output()
            .expect("git is there");
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "first"]);
    std::fs::write(dir.path().join("a.py"), AUTHOR).expect("writable");
    git(&["commit", "-qam", "second"]);
    let report = replay(dir.path(), &rules, &["--commits", "1"]);
    check(
        &report,
        expect![[r#"
            nKeys 33
            nChars 33
            nSuggestions 2
            nWrong 1
            nBreaking 0
            nTaken 1
            nKeptChars 10
            unanswered 0, out of order 0"#]],
    );
}

#[test]
fn what_cannot_be_typed_is_refused_in_plain_words() {
    let (dir, rules) = folder("x = 1\n", "[]");
    let refused = |arguments: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_midfill"))
            .args(["bench", "replay", "--scripted"])
            .arg(&rules)
            .args(arguments.split(' '))
            .current_dir(dir.path())
            .output()
            .expect("the program was built for this test");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    expect![[r#"
        midfill: a.py has only 6 characters from line 1 on; type fewer keys or start earlier
    "#]]
    .assert_eq(&refused("a.py --keys 900"));
    expect![[r#"
        midfill: --set takes OPTION=VALUE, such as promptTokens=512, and not promptTokens
    "#]]
    .assert_eq(&refused("a.py --from 1 --keys 3 --set promptTokens"));
    expect![[r#"
        midfill: --rhythm takes 1 to 1000 words a minute
    "#]]
    .assert_eq(&refused("a.py --from 1 --keys 3 --rhythm 0"));
    assert!(refused("missing.py").contains("cannot read missing.py"));
}
