//! A folder for one test: fixtures in, fates out.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use expect_test::Expect;
use serde_json::Value;
use tempfile::TempDir;

/// A folder for one test, with what it holds made from fixtures.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes the files of a fixture, each begun by a line `//- path`.
    pub fn files(&self, dir: &str, fixture: &str) -> PathBuf {
        let root = self.at(dir);
        fs::create_dir_all(&root).expect("a temporary directory is writable");
        for file in fixture.split("//- ").skip(1) {
            let (path, content) = file.split_once('\n').expect("a path is a line");
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("writable");
            fs::write(path, content).expect("writable");
        }
        root
    }

    /// A bare repository of one commit, its objects loose.
    pub fn repository(&self, name: &str, fixture: &str) -> PathBuf {
        let work = self.files(&format!("{name}.work"), fixture);
        git(&work, &["init", "--quiet", "--initial-branch=main"]);
        commit(&work);
        let bare = self.at(name);
        fs::create_dir_all(bare.parent().expect("below the root")).expect("writable");
        fs::rename(work.join(".git"), &bare).expect("same file system");
        git(&bare, &["config", "core.bare", "true"]);
        bare
    }

    /// Runs the command on inputs, into the directory `out`.
    pub fn run(&self, inputs: &[&Path], flags: &[&str]) -> Output {
        data_filter()
            .arg("run")
            .args(inputs)
            .arg("--out")
            .arg(self.at("out"))
            .args(flags)
            .output()
            .expect("the binary was built for this test")
    }

    /// One line for each file: its fate, what was measured, where it is.
    pub fn fates(&self) -> String {
        let mut fates = String::new();
        let line = |line: &Value, field: &str| match &line[field] {
            Value::String(string) => string.clone(),
            other => other.to_string(),
        };
        for kept in &self.lines("kept-00000.jsonl.zst") {
            fates += &format!("keep {}:{}\n", line(kept, "repo"), line(kept, "path"));
        }
        for dropped in &self.lines("dropped.jsonl.zst") {
            fates += &format!(
                "drop {} ({}) {}:{}\n",
                line(dropped, "rule"),
                line(dropped, "measured"),
                line(dropped, "repo"),
                line(dropped, "path")
            );
        }
        for unreadable in &self.lines("unreadable.jsonl") {
            let reason = line(unreadable, "reason");
            fates += &format!(
                "unreadable {}:{} ({})\n",
                line(unreadable, "repo").replace(&*self.0.path().to_string_lossy(), ""),
                line(unreadable, "path"),
                reason.split(':').next().unwrap_or_default(),
            );
        }
        fates
    }

    pub fn lines(&self, name: &str) -> Vec<Value> {
        let Ok(file) = fs::File::open(self.at("out").join(name)) else {
            return Vec::new();
        };
        let mut text = String::new();
        if name.ends_with(".zst") {
            zstd::Decoder::new(file)
                .and_then(|mut decoder| decoder.read_to_string(&mut text))
                .expect("a whole shard");
        } else {
            (&file).read_to_string(&mut text).expect("a readable file");
        }
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect()
    }

    pub fn summary(&self) -> Value {
        let json = fs::read(self.at("out/summary.json")).expect("the run was finished");
        serde_json::from_slice(&json).expect("the summary is JSON")
    }
}

pub fn data_filter() -> Command {
    Command::new(env!("CARGO_BIN_EXE_data-filter"))
}

#[track_caller]
pub fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(dir)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["GIT_AUTHOR", "GIT_COMMITTER"].into_iter().flat_map(|who| {
            [
                (format!("{who}_NAME"), "A Person"),
                (format!("{who}_EMAIL"), "person@example.com"),
                (format!("{who}_DATE"), "2024-01-01T00:00:00Z"),
            ]
        }))
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub fn commit(work: &Path) {
    git(work, &["add", "--all"]);
    git(work, &["commit", "--quiet", "--message=one"]);
}

/// Checks exit code and fates of a run over one bare repository `owner/name`.
#[track_caller]
pub fn check_run(fixture: &str, flags: &[&str], exit_code: i32, expected: Expect) {
    let folder = Folder::new();
    let bare = folder.repository("owner+name/repo", fixture);
    let output = folder.run(&[&bare], flags);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit_code), "{talk}");
    assert!(output.stdout.is_empty());
    expected.assert_eq(&folder.fates());
}

/// Checks that a run ends with exit code 2 and says this.
#[track_caller]
pub fn check_refused(folder: &Folder, inputs: &[&Path], flags: &[&str], expected: Expect) {
    let output = folder.run(inputs, flags);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{talk}");
    expected.assert_eq(&talk.replace(&*folder.0.path().to_string_lossy(), ""));
}

/// Python of several fates, and a file that is not Python.
pub const MIXED: &str = "\
//- b.py
def area(r):
    return r * r
//- a/copy.py
def area(r):
    return r * r
//- a/__init__.py
//- b/__init__.py
//- models_pb2.py
# Generated by the protocol buffer compiler.  DO NOT EDIT!
x = 1
//- rule.py
# ----------------------------------------
//- notes.txt
not Python
";
