//! What is learnt from how suggestions end, through the wire.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use midfill::config::Config;
use midfill::model::Model;
use midfill::model::scripted::{Answer as Said, Script};
use serde_json::{Value, json};

use crate::editor::{Answer, Editor, ghost_text};

// Outside the workspace: a project that is read meanwhile makes everything be asked anew.
const URI: &str = "file:///elsewhere/a.py";

/// A user whose suggestions end one way or the other, each on a line of its own.
struct User {
    editor: Editor,
    file: PathBuf,
    version: i64,
    n_lines: usize,
}

/// What is suggested on each line.
const SAID: &str = "total(first)";

impl User {
    fn new(folder: &Path, options: Value) -> User {
        let file = folder.join("midfill/taste.json");
        let given = Config {
            taste_file: Some(file.clone()),
            ..Config::default()
        };
        let open = Arc::new(|_: &midfill::config::ModelConfig| {
            let says = Said::pieces([("t", -1.5), ("otal(first)", 0.0)]);
            Model::scripted(Script::new().answers(move |_| says.clone()))
        });
        let mut all = json!({"prefetch": false, "minConfidence": 0.2, "without": ["names", "copy", "repetition"]});
        for (key, value) in options.as_object().expect("options are an object") {
            all[key] = value.clone();
        }
        let params = json!({"initializationOptions": all, "rootUri": "file:///project",
                            "capabilities": {"textDocument": {"inlineCompletion": {}}}});
        let (mut editor, _) = Editor::start_given(given, open, params);
        editor.open(URI, "");
        User {
            editor,
            file,
            version: 1,
            n_lines: 0,
        }
    }

    fn insert(&mut self, line: usize, character: usize, text: &str) {
        self.version += 1;
        let at = json!({"line": line, "character": character});
        self.editor.notify(
            "textDocument/didChange",
            json!({"textDocument": {"uri": URI, "version": self.version},
                   "contentChanges": [{"range": {"start": at, "end": at}, "text": text}]}),
        );
    }

    /// What is suggested on the next line, behind what was typed there.
    fn sees(&mut self) -> Option<String> {
        let line = self.n_lines;
        self.insert(line, 0, &format!("value_{line} = \n"));
        self.asks()
    }

    /// What is suggested on the next line, which is there already.
    fn asks(&mut self) -> Option<String> {
        let line = self.n_lines;
        self.n_lines += 1;
        let id = self
            .editor
            .ghost(URI, line, format!("value_{line} = ").len());
        ghost_text(&self.editor.answer(id))
    }

    /// Types on the last line, behind what stands there.
    fn types(&mut self, behind: usize, text: &str) {
        let line = self.n_lines - 1;
        self.insert(line, format!("value_{line} = ").len() + behind, text);
    }

    fn command(&mut self, name: &str) -> Value {
        match self
            .editor
            .ask("workspace/executeCommand", json!({"command": name}))
        {
            Answer::Result(result) => result,
            Answer::Error(code) => panic!("{name}: error {code}"),
        }
    }

    /// Ends the session. Returns how many suggestions were taken and how many were not, as the file
    /// has it.
    fn leaves(self) -> Option<(u64, u64)> {
        let file = self.file.clone();
        drop(self);
        let learnt: Value = serde_json::from_slice(&std::fs::read(file).ok()?).expect("JSON");
        let count = |key: &str| learnt[key].as_u64().expect("a count");
        Some((count("n_taken"), count("n_not_taken")))
    }
}

#[test]
fn what_is_accepted_and_what_is_not_is_counted_and_kept() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut user = User::new(folder.path(), json!({}));
    assert_eq!(user.sees().as_deref(), Some(SAID));
    user.types(0, SAID);
    assert_eq!(user.sees().as_deref(), Some(SAID));
    user.types(0, "t");
    user.types(1, "otal");
    assert_eq!(user.sees().as_deref(), Some(SAID));
    user.types(0, "x");
    assert_eq!(user.leaves(), Some((2, 1)));

    let mut user = User::new(folder.path(), json!({}));
    assert_eq!(user.sees().as_deref(), Some(SAID));
    user.types(0, SAID);
    let text = std::fs::read_to_string(&user.file).expect("it was written at the end");
    assert!(!text.contains("total"), "{text}");
    assert_eq!(user.leaves(), Some((3, 1)));
}

#[test]
fn who_never_takes_one_sees_none_after_a_while_until_it_is_forgotten() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut user = User::new(folder.path(), json!({}));
    let n_seen = (0..200)
        .take_while(|_| {
            let is_shown = user.sees().is_some();
            user.types(0, "x");
            is_shown
        })
        .count();
    assert!((6..200).contains(&n_seen), "{n_seen} were shown");
    assert_eq!(user.sees(), None);
    let forgotten = user.command("midfill.resetLearning");
    assert!(
        forgotten
            .as_str()
            .is_some_and(|what| what.contains(&format!("0 suggestions taken, {n_seen} not"))),
        "{forgotten}"
    );
    // Where it was silent before as well.
    user.n_lines -= 1;
    assert_eq!(user.asks().as_deref(), Some(SAID));
    assert_eq!(user.leaves(), None, "nothing was learnt since");
}

#[test]
fn nothing_is_learnt_where_that_is_switched_off_or_asked_for_by_hand() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut user = User::new(folder.path(), json!({"learn": false}));
    assert_eq!(user.sees().as_deref(), Some(SAID));
    user.types(0, SAID);
    assert_eq!(user.leaves(), None);

    // Switched off while a suggestion is on the screen.
    let mut user = User::new(folder.path(), json!({}));
    assert_eq!(user.sees().as_deref(), Some(SAID));
    let settings = json!({"settings": {"learn": false, "prefetch": false}});
    user.editor
        .notify("workspace/didChangeConfiguration", settings);
    user.types(0, SAID);
    assert_eq!(user.leaves(), None);

    let mut user = User::new(folder.path(), json!({}));
    assert_eq!(user.sees().as_deref(), Some(SAID));
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 10},
                        "context": {"triggerKind": 1}});
    user.editor.ask("textDocument/inlineCompletion", params);
    user.types(0, SAID);
    assert_eq!(user.leaves(), None);
}
