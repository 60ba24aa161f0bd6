//! With llama.cpp and the shipped model, through the program itself.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/inventory.py");

fn midfill(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_midfill"))
        .args(arguments)
        .output()
        .expect("the program was built for this test")
}

fn json(arguments: &[&str]) -> Value {
    let output = midfill(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("--json writes JSON")
}

#[test]
fn the_shipped_model_completes_and_says_the_same_again() {
    let place = format!("{SAMPLE}:20");
    let first = json(&["complete", &place, "--json"]);
    let again = json(&["complete", &place, "--json"]);
    for key in ["text", "why_nothing", "score", "prompt_tokens"] {
        assert_eq!(first[key], again[key], "{key}");
    }
    assert!(first["text"].is_string() || first["why_nothing"].is_string());
    assert!(first["usage"]["computed"].as_u64().is_some_and(|n| n > 0));
}

#[test]
fn typing_costs_a_few_tokens_a_key_and_every_request_is_answered() {
    let arguments = [
        "bench", "replay", SAMPLE, "--from", "20", "--keys", "80", "--json",
    ];
    let report = json(&arguments);
    let run = &report["runs"][0];
    assert_eq!(run["n_unanswered"], 0);
    assert_eq!(run["n_out_of_order"], 0);
    let figures = &report["inputs"][0]["figures"][0];
    // The editor indents by itself, so there are fewer keys than characters.
    let n_keys = figures["nKeys"].as_u64().unwrap_or(0);
    assert!((40..=80).contains(&n_keys), "{n_keys} keys");
    let mean = |name: &str| figures[name]["mean"].as_f64().unwrap_or(0.0);
    let (reused, computed) = (mean("reused"), mean("computed"));
    assert!(
        computed > 0.0 && reused > 10.0 * computed,
        "reused {reused}, computed {computed}"
    );
    // A key costs its own token, those healed before it, and the sentinel behind them.
    assert!(
        figures["computed"]["p50"]
            .as_f64()
            .is_some_and(|n| n <= 8.0),
        "{report}"
    );
    // What was computed for answers is part of all that was computed.
    let total = run["computed"].as_f64().unwrap_or(0.0);
    let n = figures["computed"]["n"].as_f64().unwrap_or(0.0);
    assert!(total >= computed * n, "{report}");
}

#[test]
fn the_doctor_finds_the_shipped_model_well() {
    let report = json(&["doctor", "--json"]);
    assert_eq!(report["model"]["architecture"], "qwen3");
    assert_eq!(report["format"], "Midfill (suffix, prefix, middle)");
    assert_eq!(
        report["recognised_by"],
        "its special tokens and the key midfill.fim_order"
    );
    assert!(
        report["decode_tokens_per_s"]
            .as_f64()
            .is_some_and(|speed| speed > 0.0)
    );
}

#[track_caller]
fn check_refused(model: &Path, expected: &str) {
    let model = model.to_string_lossy();
    let output = midfill(&["complete", &format!("{SAMPLE}:20"), "--model", &model]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_bad_model_file_is_refused_in_plain_words() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).expect("writable");
        path
    };
    let whole = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default.gguf"))
        .expect("the shipped model is in the repository");
    check_refused(
        &dir.path().join("missing.gguf"),
        "cannot read the model file",
    );
    check_refused(&file("empty.gguf", b""), "the file is empty");
    check_refused(
        &file("text.gguf", b"this is no model"),
        "it is not a GGUF file",
    );
    check_refused(
        &file("cut.gguf", &whole[..whole.len() / 2]),
        "is not a model this build can load",
    );
}
