//! The invariants that a reader of the code could break without noticing.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder, with its text.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        let entries = std::fs::read_dir(dir).expect("the folder is in the repository");
        for entry in entries {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("Rust files are UTF-8");
            let name = path
                .strip_prefix(root())
                .expect("below the root")
                .display()
                .to_string();
            (name, text)
        })
        .collect()
}

/// No file but those under `rooms` may name any of `words`.
#[track_caller]
fn check_only(rooms: &[&str], words: &[&str]) {
    let files = rust_files("src");
    let mut named = false;
    for (name, text) in &files {
        for word in words {
            let names = text.contains(word);
            let allowed = rooms.iter().any(|room| name.starts_with(room));
            assert!(!names || allowed, "{name} names {word}");
            named |= names;
        }
    }
    assert!(named, "nobody names {words:?}: the check has gone stale");
}

#[test]
fn only_the_server_names_lsp_types() {
    check_only(&["src/server"], &["tower_lsp", "gen_lsp_types"]);
}

#[test]
fn only_the_boundary_names_llama_cpp_and_is_unsafe() {
    check_only(
        &["src/model/llama"],
        &["llama_cpp_sys", "unsafe {", "unsafe impl"],
    );
}

#[test]
fn only_remote_speaks_to_the_network() {
    // The benchmark speaks to the peer that it starts itself, on this machine.
    check_only(
        &["src/remote", "src/evaluation/replay/llama_vim"],
        &[
            "hyper",
            "TcpStream",
            "UdpSocket",
            "std::net::",
            "tokio::net",
            "ToSocketAddrs",
        ],
    );
    // And it is opened in one place, where the options name a server.
    check_only(&["src/cli/open.rs"], &["remote::open("]);
}

#[test]
fn only_convert_knows_utf_16() {
    check_only(&["src/server/convert.rs"], &["utf16_cu", "encode_utf16"]);
}

#[test]
fn nothing_looks_up() {
    let forbidden = [
        (
            "src/syntax",
            vec![
                "crate::session",
                "crate::completion",
                "crate::model",
                "crate::server",
            ],
        ),
        (
            "src/project",
            vec![
                "crate::session",
                "crate::completion",
                "crate::model",
                "crate::server",
            ],
        ),
        (
            "src/model",
            vec![
                "crate::session",
                "crate::completion",
                "crate::syntax",
                "crate::server",
            ],
        ),
        (
            "src/serving",
            vec![
                "crate::session",
                "crate::completion",
                "crate::syntax",
                "crate::server::",
                "crate::cli",
            ],
        ),
        (
            "src/session",
            vec![
                "crate::completion",
                "crate::model",
                "crate::server",
                "crate::config",
            ],
        ),
        (
            "src/completion",
            vec!["crate::server", "crate::evaluation", "crate::cli"],
        ),
        (
            "src/explanation",
            vec!["crate::server", "crate::evaluation", "crate::cli"],
        ),
        ("src/server", vec!["crate::evaluation", "crate::cli"]),
        ("src/evaluation", vec!["crate::server", "crate::cli"]),
    ];
    for (name, text) in rust_files("src") {
        for (room, words) in &forbidden {
            if name.starts_with(room) {
                for word in words {
                    assert!(!text.contains(word), "{name} names {word}");
                }
            }
        }
    }
}

#[test]
fn a_notification_handler_awaits_nothing_before_the_state_is_changed() {
    let documents =
        std::fs::read_to_string(root().join("src/server/documents.rs")).expect("the file is there");
    assert!(!documents.contains("async") && !documents.contains(".await"));
}

#[test]
fn files_stay_short() {
    for folder in ["src", "grammars/src", "data-filter/src", "tests"] {
        for (name, text) in rust_files(folder) {
            let n_lines = text.lines().count();
            assert!(
                n_lines <= 500,
                "{name} has {n_lines} lines: it holds more than one idea"
            );
        }
    }
}

#[test]
fn there_is_no_room_without_a_name_of_its_own() {
    for folder in ["src", "grammars/src", "data-filter/src"] {
        for (name, _) in rust_files(folder) {
            let stem = Path::new(&name)
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            for vague in [
                "utils", "util", "common", "manager", "helper", "helpers", "types", "mod",
            ] {
                assert_ne!(stem, vague, "{name}");
            }
        }
    }
}
