//! `midfill` as a command, without a model.

use std::process::{Command, Output};
#[cfg(target_os = "linux")]
use std::{sync::mpsc, time::Duration};

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
    for command in [
        "serve",
        "complete",
        "why",
        "explain",
        "docstring",
        "tests",
        "doctor",
        "eval",
        "bench",
    ] {
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

/// Ends a process unless what comes back is dropped in time.
#[cfg(target_os = "linux")]
fn end_after(id: u32, limit: Duration) -> mpsc::Sender<()> {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        if is_done.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").arg(id.to_string()).status();
        }
    });
    done
}

#[cfg(target_os = "linux")]
#[test]
fn the_language_server_opens_no_socket_unless_a_server_is_named() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::Stdio;

    let rules = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(rules.path(), r#"[{"ends_with": "x = ", "says": "list()"}]"#).expect("writable");
    let mut server = Command::new(env!("CARGO_BIN_EXE_midfill"))
        .args(["serve", "--scripted"])
        .arg(rules.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program was built for this test");
    // A server that says nothing is ended, so that the test fails and does not hang.
    let limit = end_after(server.id(), Duration::from_secs(60));
    let mut input = server.stdin.take().expect("it is piped");
    let mut output = BufReader::new(server.stdout.take().expect("it is piped"));
    let mut ask = |message: &str, until: &str| {
        write!(input, "Content-Length: {}\r\n\r\n{message}", message.len()).expect("it reads");
        loop {
            if until.is_empty() {
                return String::new();
            }
            let mut length = 0;
            let mut line = String::new();
            while output.read_line(&mut line).expect("it writes") > 2 {
                if let Some(value) = line.strip_prefix("Content-Length:") {
                    length = value.trim().parse().expect("a number");
                }
                line.clear();
            }
            assert!(length > 0, "the server hung up");
            let mut body = vec![0; length];
            output.read_exact(&mut body).expect("a whole message");
            let body = String::from_utf8_lossy(&body).into_owned();
            if body.contains(until) {
                return body;
            }
        }
    };
    ask(
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#,
        r#""id":1"#,
    );
    ask(
        r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#,
        "",
    );
    ask(
        r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.py","languageId":"python","version":1,"text":"x = "}}}"#,
        "",
    );
    // Once the answer has come, all that a completion takes has been done.
    let answer = ask(
        r#"{"jsonrpc":"2.0","id":2,"method":"textDocument/inlineCompletion","params":{"textDocument":{"uri":"file:///a.py"},"position":{"line":0,"character":4},"context":{"triggerKind":1}}}"#,
        r#""id":2"#,
    );
    assert!(answer.contains("insertText"), "{answer}");
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.id())).expect("it runs");
    let sockets: Vec<_> = open
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .collect();
    assert_eq!(sockets, Vec::<std::path::PathBuf>::new());
    drop(input);
    server.wait().expect("it ends when its client hangs up");
    drop(limit);
}
