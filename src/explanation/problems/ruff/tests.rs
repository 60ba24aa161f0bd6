use expect_test::{Expect, expect};

use super::*;

const ANSWER: &str = r#"[
  {"code": "F841", "message": "Local variable `x` is assigned to but never used",
   "url": "https://docs.astral.sh/ruff/rules/unused-variable",
   "location": {"row": 2, "column": 5}, "end_location": {"row": 2, "column": 6}},
  {"code": "E741", "message": "Ambiguous variable name: `l`", "url": null,
   "location": {"row": 3, "column": 5}},
  {"code": "F401", "message": "`os` imported but unused", "url": null,
   "location": {"row": 1, "column": 8}},
  {"code": null, "message": "SyntaxError: Expected an expression", "url": null,
   "location": {"row": 3, "column": 5}}
]"#;

fn tell(problems: &[Problem]) -> String {
    let line = |one: &Problem| {
        let said = one
            .ruff
            .as_ref()
            .map(|ruff| format!(" {}: {}", ruff.code, ruff.message));
        let said = said.unwrap_or_default();
        format!(
            "{}: {:?} {:?} {}{said}\n",
            one.line, one.severity, one.rule, one.subject
        )
    };
    problems.iter().map(line).collect()
}

#[track_caller]
fn check(mut problems: Vec<Problem>, expected: Expect) {
    let findings = read(ANSWER.as_bytes()).expect("it is JSON");
    merge(&mut problems, Lines { first: 2, last: 9 }, &findings);
    expected.assert_eq(&tell(&problems));
}

#[test]
fn what_both_find_is_one_problem() {
    let ours = Problem {
        rule: Rule::UnusedVariable,
        severity: Severity::Warning,
        line: 2,
        subject: "x".to_owned(),
        ruff: None,
    };
    check(
        vec![ours],
        expect![[r#"
        2: Warning UnusedVariable x F841: Local variable `x` is assigned to but never used
        3: Hint Ruff  E741: Ambiguous variable name: `l`
    "#]],
    );
    check(
        Vec::new(),
        expect![[r#"
        2: Warning Ruff  F841: Local variable `x` is assigned to but never used
        3: Hint Ruff  E741: Ambiguous variable name: `l`
    "#]],
    );
}

#[cfg(unix)]
mod programs {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// Makes a program that stands in for ruff.
    fn program(folder: &Path, script: &str) {
        std::fs::create_dir_all(folder).expect("writable");
        let path = folder.join("ruff");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("writable");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("writable");
    }

    fn n_found(script: &str) -> Option<usize> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        program(dir.path(), script);
        let ruff = Ruff::find(Some(dir.path().as_os_str()), None).expect("it is there");
        Some(ruff.check("x = 1\n", Path::new("a.py"))?.len())
    }

    #[test]
    fn a_ruff_that_answers_is_believed_and_one_that_does_not_is_left() {
        assert_eq!(
            n_found(&format!("cat > /dev/null\ncat <<'END'\n{ANSWER}\nEND")),
            Some(3)
        );
        assert_eq!(n_found("echo '[]'"), Some(0));
        assert_eq!(n_found("echo 'error: no such option' >&2; exit 2"), None);
    }

    #[test]
    fn a_ruff_of_the_project_is_not_run() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let project = dir.path().join("project");
        program(&project.join("bin"), "true");
        program(&dir.path().join("elsewhere"), "true");
        let find = |folders: &str| {
            let folders: Vec<PathBuf> = folders
                .split(' ')
                .map(|name| dir.path().join(name))
                .collect();
            let path = std::env::join_paths(folders).expect("no odd names");
            Ruff::find(Some(&path), Some(&project)).is_some()
        };
        assert!(!find("project/bin"));
        assert!(find("project/bin elsewhere"));
        assert!(!find("nowhere"));
        assert!(Ruff::find(Some(OsStr::new("bin:.:")), None).is_none());
        // Nor one that a link elsewhere leads to.
        let linked = dir.path().join("linked");
        std::fs::create_dir(&linked).expect("writable");
        std::os::unix::fs::symlink(project.join("bin/ruff"), linked.join("ruff")).expect("a link");
        assert!(!find("linked"));
    }
}
