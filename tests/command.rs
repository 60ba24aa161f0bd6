//! `midfill` as a command, without a model.

use std::process::{Command, Output};

use expect_test::{Expect, expect};

fn midfill(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_midfill"))
        .args(arguments)
        .output()
        .expect("the program was built for this test")
}

/// Exit code and standard error of a command that cannot run.
#[track_caller]
fn check_refused(arguments: &[&str], expected: Expect) {
    let output = midfill(arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.stdout.is_empty(),
        "data on standard output: {:?}",
        output.stdout
    );
    expected.assert_eq(&format!("{} {text}", output.status.code().unwrap_or(-1)));
}

#[test]
fn what_cannot_be_done_is_said_in_plain_words() {
    let missing = "no-such-file.py:1:1";
    check_refused(
        &["complete", missing],
        expect![[r#"
            2 midfill: cannot read no-such-file.py; give the place as FILE:LINE:COLUMN: No such file or directory (os error 2)
        "#]],
    );
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("latin.py");
    std::fs::write(&file, b"x = '\xe9'\n").expect("writable");
    let output = midfill(&["complete", &format!("{}:1:1", file.display())]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text.contains("is not UTF-8 (byte 5); save it as UTF-8"),
        "{text}"
    );
}

#[test]
fn help_has_examples_for_every_command() {
    let top = String::from_utf8_lossy(&midfill(&["--help"]).stdout).into_owned();
    for command in ["serve", "complete", "why", "doctor", "eval", "bench"] {
        assert!(top.contains(command), "{command}");
        let output = midfill(&[command, "--help"]);
        assert!(output.status.success(), "{command}");
    }
    assert!(top.contains("Examples:"));
}

#[test]
fn the_language_server_ends_when_its_client_hangs_up() {
    let rules = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(rules.path(), "[]").expect("writable");
    let path = rules.path().to_string_lossy().into_owned();
    // `output` closes standard input at once: no goodbye was said, which is exit code 1.
    let output = midfill(&["serve", "--scripted", &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
}
