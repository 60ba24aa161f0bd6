//! `data-filter` as a command, on repositories made with `git`, each test in its own folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect};
use serde_json::Value;
use tempfile::TempDir;

/// A folder for one test, with what it holds made from fixtures.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes the files of a fixture, each begun by a line `//- path`.
    fn files(&self, dir: &str, fixture: &str) -> PathBuf {
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
    fn repository(&self, name: &str, fixture: &str) -> PathBuf {
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
    fn run(&self, inputs: &[&Path], flags: &[&str]) -> Output {
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
    fn fates(&self) -> String {
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

    fn lines(&self, name: &str) -> Vec<Value> {
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

    fn summary(&self) -> Value {
        let json = fs::read(self.at("out/summary.json")).expect("the run was finished");
        serde_json::from_slice(&json).expect("the summary is JSON")
    }
}

fn data_filter() -> Command {
    Command::new(env!("CARGO_BIN_EXE_data-filter"))
}

#[track_caller]
fn git(dir: &Path, args: &[&str]) -> String {
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

fn commit(work: &Path) {
    git(work, &["add", "--all"]);
    git(work, &["commit", "--quiet", "--message=one"]);
}

/// Checks exit code and fates of a run over one bare repository `owner/name`.
#[track_caller]
fn check_run(fixture: &str, flags: &[&str], exit_code: i32, expected: Expect) {
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
fn check_refused(folder: &Folder, inputs: &[&Path], flags: &[&str], expected: Expect) {
    let output = folder.run(inputs, flags);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{talk}");
    expected.assert_eq(&talk.replace(&*folder.0.path().to_string_lossy(), ""));
}

const MIXED: &str = "\
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

#[test]
fn every_file_of_a_bare_repository_has_one_fate() {
    check_run(
        MIXED,
        &[],
        0,
        expect![[r#"
            keep owner+name:a/copy.py
            drop blank (0) owner+name:a/__init__.py
            drop duplicate (null) owner+name:b.py
            drop duplicate (null) owner+name:b/__init__.py
            drop generated (generated by the protocol buffer compiler.  do not edit!) owner+name:models_pb2.py
            drop alphanumeric (0.0) owner+name:rule.py
        "#]],
    );
}

#[test]
fn the_rule_for_many_lines_is_there_when_asked_for() {
    check_run(
        "//- short.py\nx = 1\n//- long.py\nx = 1\ny = 2\nz = 3\n",
        &["--max-lines", "2"],
        0,
        expect![[r#"
            keep owner+name:short.py
            drop line_count (3) owner+name:long.py
        "#]],
    );
}

#[test]
fn other_extensions_can_be_asked_for() {
    check_run(
        MIXED,
        &["--ext", ".txt,md"],
        0,
        expect![[r#"
            keep owner+name:notes.txt
        "#]],
    );
}

#[test]
fn a_record_says_where_its_text_comes_from() {
    let folder = Folder::new();
    let bare = folder.repository(
        "owner+name/repo",
        "//- LICENSE\nPermission is hereby granted, free of charge, to any person obtaining a copy\n//- a.py\nx = '好'\n",
    );
    git(
        &bare,
        &[
            "config",
            "remote.origin.url",
            "https://example.com/owner/name.git",
        ],
    );
    folder.run(&[&bare], &[]);
    let lines = folder.lines("kept-00000.jsonl.zst");
    assert_eq!(lines[0]["commit"], git(&bare, &["rev-parse", "HEAD"]));
    expect![[r#"
        [
          {
            "blob": "152492d0a730b273d2e767bbfd92b9e0e5907c24",
            "bytes": 10,
            "commit": "552d734b37e073ba9d52bf0bce015e1bfb9d5ae0",
            "licence": "MIT",
            "path": "a.py",
            "repo": "owner/name",
            "text": "x = '好'\n"
          }
        ]"#]]
    .assert_eq(&serde_json::to_string_pretty(&lines).expect("JSON"));
}

#[test]
fn a_directory_and_a_repository_of_the_same_files_give_the_same_texts() {
    let folder = Folder::new();
    let bare = folder.repository("owner+name/repo", MIXED);
    let directory = folder.files("plain", MIXED);
    let texts = |input: &Path| {
        folder.run(&[input], &["--force"]);
        let lines = folder.lines("kept-00000.jsonl.zst");
        let fields = lines
            .iter()
            .map(|line| [&line["path"], &line["blob"], &line["text"]].map(Value::to_string));
        fields.collect::<Vec<_>>()
    };
    let from_git = texts(&bare);
    assert!(!from_git.is_empty());
    assert_eq!(from_git, texts(&directory));
}

#[test]
fn the_first_input_keeps_a_shared_file() {
    let folder = Folder::new();
    let bare = folder.repository("owner+name/repo", "//- a.py\nx = 1\n");
    let directory = folder.files("plain", "//- z.py\nx = 1\n");
    folder.run(&[&directory, &bare], &[]);
    expect![[r#"
        keep plain:z.py
        drop duplicate (null) owner+name:a.py
    "#]]
    .assert_eq(&folder.fates());
}

#[test]
fn the_list_names_repository_commit_and_licence() {
    let folder = Folder::new();
    let work = folder.files("owner/name", "//- a.py\nold = 1\n");
    git(&work, &["init", "--quiet", "--initial-branch=main"]);
    commit(&work);
    let old = git(&work, &["rev-parse", "HEAD"]);
    folder.files("owner/name", "//- a.py\nnew = 2\n");
    commit(&work);
    let list = folder.at("list.tsv");
    let text = |commit: &str, flags: &[&str]| {
        let rows = format!("repository\tcommit\tlicence\nOwner/Name\t{commit}\tISC\n");
        fs::write(&list, rows).expect("writable");
        let mut all = vec!["--force", "--repos", list.to_str().expect("UTF-8")];
        all.extend(flags);
        folder.run(&[&work], &all);
        let lines = folder.lines("kept-00000.jsonl.zst");
        assert_eq!(lines[0]["repo"], "Owner/Name");
        assert_eq!(lines[0]["licence"], "ISC");
        lines[0]["text"].to_string()
    };
    assert_eq!(text(&old, &[]), r#""old = 1\n""#);
    // A commit that is not there: HEAD it is, and the record says so.
    assert_eq!(text(&"0".repeat(40), &[]), r#""new = 2\n""#);
    let head = git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(folder.summary()["inputs"][0]["commit"], head);
    assert_eq!(text(&old, &["--rev", "main"]), r#""new = 2\n""#);
}

#[test]
fn the_number_of_threads_leaves_no_trace() {
    let folder = Folder::new();
    let mut fixture = String::new();
    for file_idx in 0..500 {
        // Every third file is a copy of an earlier one, every seventh is generated.
        let origin = if file_idx % 3 == 0 {
            file_idx / 3
        } else {
            file_idx
        };
        let head = if origin % 7 == 0 {
            "# autogenerated\n"
        } else {
            ""
        };
        let body = format!("value = {origin}\n").repeat(1 + origin * 17 % 400);
        fixture += &format!("//- dir{}/file{file_idx}.py\n{head}{body}", file_idx % 5);
    }
    let one = folder.repository("one.git", &fixture);
    let two = folder.repository("two.git", &fixture.replace("value", "other"));
    git(&two, &["gc", "--quiet"]);
    let plain = folder.files("plain", &fixture);
    let results = |threads: &str| -> BTreeMap<_, _> {
        let output = folder.run(&[&two, &one, &plain], &["--force", "--threads", threads]);
        assert_eq!(output.status.code(), Some(0));
        fs::read_dir(folder.at("out"))
            .expect("results")
            .map(|entry| {
                let entry = entry.expect("results");
                (entry.file_name(), fs::read(entry.path()).expect("results"))
            })
            .collect()
    };
    let with_one = results("1");
    assert_eq!(with_one.len(), 4, "{:?}", with_one.keys());
    assert!(with_one == results("4"), "the bytes differ");
    assert!(with_one == results("3"), "the bytes differ");
    let summary = folder.summary();
    assert_eq!(summary["read"]["files"], 1500);
    let fates = ["kept", "dropped", "unreadable"]
        .map(|fate| summary[fate]["files"].as_u64().expect("a number"));
    assert_eq!(fates.iter().sum::<u64>(), 1500);
}

#[test]
fn a_file_in_another_encoding_is_named_and_the_rest_goes_on() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- good.py\nx = 1\n");
    fs::write(plain.join("latin.py"), b"# caf\xe9\n").expect("writable");
    let output = folder.run(&[&plain], &[]);
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        keep plain:good.py
        unreadable plain:latin.py (not UTF-8 text)
    "#]]
    .assert_eq(&folder.fates());
}

#[test]
fn a_damaged_blob_is_named_and_a_sound_copy_elsewhere_is_kept() {
    let folder = Folder::new();
    let fixture = "//- a.py\nshared = 1\n//- b.py\nother = 2\n";
    let damaged = folder.repository("damaged.git", fixture);
    let sound = folder.repository("sound.git", fixture);
    let blob = git(&damaged, &["rev-parse", "HEAD:a.py"]);
    let object = damaged.join("objects").join(&blob[..2]).join(&blob[2..]);
    let mut content = fs::read(&object).expect("a loose object");
    content.truncate(content.len() - 8);
    fs::remove_file(&object).expect("git makes it read-only");
    fs::write(&object, content).expect("writable");
    let output = folder.run(&[&damaged, &sound], &[]);
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        keep damaged:b.py
        keep sound:a.py
        drop duplicate (null) sound:b.py
        unreadable damaged:a.py (damaged object)
    "#]]
    .assert_eq(&folder.fates());
}

#[test]
fn a_damaged_pack_costs_its_own_repository_alone() {
    let folder = Folder::new();
    let damaged = folder.repository("damaged.git", MIXED);
    git(&damaged, &["gc", "--quiet"]);
    let pack = fs::read_dir(damaged.join("objects/pack"))
        .expect("packed")
        .map(|entry| entry.expect("packed").path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pack")
        })
        .expect("packed");
    let mut content = fs::read(&pack).expect("packed");
    content[12..].fill(0);
    fs::remove_file(&pack).expect("git makes it read-only");
    fs::write(&pack, content).expect("writable");
    let plain = folder.files("plain", "//- good.py\nx = 1\n");
    let output = folder.run(&[&damaged, &plain], &[]);
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        keep plain:good.py
        unreadable /damaged.git:null (HEAD leads to no commit (an empty or damaged repository?))
    "#]]
    .assert_eq(&folder.fates());
    assert_eq!(folder.summary()["unreadable_inputs"], 1);

    // With nothing else to read there is no result.
    let output = folder.run(&[&damaged], &["--force"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(folder.summary()["kept"]["files"], 1, "the old result stays");
}

#[test]
fn what_cannot_run_says_why() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- good.py\nx = 1\n");
    check_refused(
        &folder,
        &[&folder.at("nowhere")],
        &[],
        expect![[r#"
            data-filter: cannot read the input /nowhere: No such file or directory (os error 2)
        "#]],
    );
    check_refused(
        &folder,
        &[&plain.join("good.py")],
        &[],
        expect![[r#"
            data-filter: /plain/good.py is a file; an input is a directory of sources or a git repository
        "#]],
    );
    let list = folder.at("plain/good.py");
    check_refused(
        &folder,
        &[&plain],
        &["--repos", list.to_str().expect("UTF-8")],
        expect![[r#"
            data-filter: in the list /plain/good.py: the first line must name tab-separated columns, `repository` among them; `commit` and `licence` are used where present
        "#]],
    );
    let bare = folder.repository("one.git", "//- a.py\nx = 1\n");
    check_refused(
        &folder,
        &[&bare],
        &["--rev", "no-such-branch"],
        expect![[r#"
            data-filter: no input could be read; /one.git: no commit `no-such-branch`: couldn't parse revision, input="no-such-branch^{commit}": Reference "no-such-branch" could not be found: NotFound
        "#]],
    );
    fs::remove_dir_all(folder.at("out")).expect("made by the runs above");
    fs::write(folder.at("out"), "a file in the way").expect("writable");
    check_refused(
        &folder,
        &[&plain],
        &[],
        expect![[r#"
            data-filter: cannot make the directory /out: File exists (os error 17)
        "#]],
    );
}

#[test]
fn results_are_replaced_only_by_force_and_leave_no_old_shard() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- good.py\nx = 1\n");
    assert_eq!(folder.run(&[&plain], &[]).status.code(), Some(0));
    fs::write(folder.at("out/kept-00007.jsonl.zst"), "old").expect("writable");
    fs::write(folder.at("out/kept-00009.jsonl.zst.partial"), "killed").expect("writable");
    fs::write(folder.at("out/mine.txt"), "not a result").expect("writable");
    check_refused(
        &folder,
        &[&plain],
        &[],
        expect![[r#"
            data-filter: /out holds results already; add --force to replace them, or choose another --out
        "#]],
    );
    assert_eq!(folder.run(&[&plain], &["--force"]).status.code(), Some(0));
    let mut names: Vec<_> = fs::read_dir(folder.at("out"))
        .expect("results")
        .map(|entry| entry.expect("results").file_name())
        .collect();
    names.sort();
    expect![[r#"["dropped.jsonl.zst", "kept-00000.jsonl.zst", "mine.txt", "summary.json", "unreadable.jsonl"]"#]]
        .assert_eq(&format!("{names:?}"));
}

#[test]
#[cfg(unix)]
fn links_are_not_followed_so_loops_end() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- dir/good.py\nx = 1\n");
    std::os::unix::fs::symlink(&plain, plain.join("dir/loop")).expect("writable");
    std::os::unix::fs::symlink("good.py", plain.join("dir/again.py")).expect("writable");
    std::os::unix::fs::symlink("nowhere", plain.join("dir/broken.py")).expect("writable");
    assert_eq!(folder.run(&[&plain], &[]).status.code(), Some(0));
    expect![[r#"
        keep plain:dir/good.py
    "#]]
    .assert_eq(&folder.fates());
}

#[test]
fn cat_prints_records_or_the_fields_asked_for() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- a.py\nx = 1\n//- b.py\ny = '\\n'\n");
    folder.run(&[&plain], &[]);
    let cat = |flags: &[&str]| {
        let output = data_filter()
            .arg("cat")
            .arg(folder.at("out"))
            .args(flags)
            .output()
            .expect("the binary was built for this test");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    expect![[r#"
        {"repo":"plain","commit":null,"path":"a.py","blob":"7d4290a117a4ddcc11daae7ea675841033830c8f","licence":null,"bytes":6,"text":"x = 1\n"}
    "#]]
    .assert_eq(&cat(&[]));
    expect![[r#"
        {"text":"x = 1\n","path":"a.py"}
    "#]]
    .assert_eq(&cat(&["--fields", "text,path"]));
    expect![[r#"
        data-filter: there is no field `size`; a record has repo, commit, path, blob, licence, bytes, text
    "#]]
    .assert_eq(&cat(&["--fields", "size"]));
}

#[test]
fn cat_ends_well_when_its_reader_has_seen_enough() {
    let folder = Folder::new();
    let plain = folder.files("plain", &format!("//- a.py\n{}", "x = 1\n".repeat(100_000)));
    folder.run(&[&plain], &[]);
    let mut cat = data_filter()
        .arg("cat")
        .arg(folder.at("out"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    drop(cat.stdout.take());
    let output = cat.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
