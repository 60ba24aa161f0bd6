//! The feature table says only what a test shows.

use std::path::Path;

/// Every test of the repository, as the table names them: functions of Rust tests, names of
/// Neovim cases and of VS Code's.
fn named_tests() -> String {
    fn read(dir: &Path, text: &mut String) {
        for entry in std::fs::read_dir(dir).expect("the folder is in the repository") {
            let path = entry.expect("readable").path();
            let is_test_code = ["rs", "lua", "py", "ts"]
                .iter()
                .any(|kind| path.extension().is_some_and(|extension| extension == *kind));
            if path.is_dir() {
                read(&path, text);
            } else if is_test_code {
                text.push_str(&std::fs::read_to_string(&path).expect("code is UTF-8"));
            }
        }
    }
    let mut text = String::new();
    for room in ["src", "tests", "grammars", "data-filter"] {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(room), &mut text);
    }
    text
}

#[test]
fn every_yes_of_the_feature_table_names_a_test_that_exists() {
    let tests = named_tests();
    let table = include_str!("features.md");
    let mut n_yes = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [feature, ours, _, shown_by] = cells[..] else {
            panic!("the row has not four cells: {row}");
        };
        let named: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert_eq!(ours != "no", !named.is_empty(), "{feature}: {ours}");
        n_yes += usize::from(ours != "no");
        for name in named {
            let is_there =
                tests.contains(&format!("fn {name}(")) || tests.contains(&format!("'{name}'"));
            assert!(is_there, "{feature} is shown by `{name}`, which is no test");
        }
    }
    assert!(n_yes > 20, "the table has only {n_yes} rows");
}
