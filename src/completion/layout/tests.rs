//! How much of a prompt a keystroke changes, counted in tokens.

use super::*;
use crate::completion::fim::Fim;
use crate::completion::prompt::{self, Ground, Prompt, Recipe};
use crate::config::CompletionConfig;
use crate::model::scripted::{Script, Tokens};
use crate::model::{Model, ModelInfo};
use crate::session::{Document, Edit, Snapshot};

/// Prompts of one document as it is typed into.
struct Typist {
    layouts: Layouts,
    info: ModelInfo,
    document: Document,
    offset: usize,
    last: Vec<i32>,
}

/// What a key cost.
#[derive(Debug, Clone, Copy)]
struct Key {
    /// Tokens of the prompt between what it has in common with the last one at its start, and at
    /// its end.
    n_changed: usize,
    is_relaid: bool,
}

impl Typist {
    fn new(order: &str, text: &str, offset: usize) -> Typist {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let info = runtime
            .expect("a runtime needs nothing but memory")
            .block_on(Model::scripted(Script::new()).ready())
            .expect("a scripted model loads");
        Typist {
            layouts: Layouts::default(),
            info: ModelInfo {
                fim_order: Some(order.to_owned()),
                ..(*info).clone()
            },
            document: Document::new("a.py".to_owned(), None, text, 1),
            offset,
            last: Vec::new(),
        }
    }

    fn prompt(&self) -> Prompt {
        let tokens = Tokens::default();
        let fim = Fim::choose(None, &self.info, &tokens).expect("no format of one's own");
        let config = CompletionConfig::default();
        let recipe = Recipe {
            n_tokens: 1200,
            n_behind: usize::MAX,
            n_params: 0,
            config: &config,
        };
        let snapshot = Snapshot {
            document: 1,
            ..self.document.snapshot()
        };
        let ground = Ground {
            snapshot: &snapshot,
            offset: self.offset,
            surroundings: &crate::completion::Surroundings::default(),
            layouts: &self.layouts,
        };
        let prompt = prompt::build(&ground, fim.as_ref(), &tokens, recipe);
        assert!(prompt.tokens.len() <= 1200);
        prompt
    }

    fn insert(&mut self, at: usize, text: &str) {
        self.document.apply(&Edit {
            range: at..at,
            text: text.to_owned(),
        });
        self.document.commit(self.document.version() + 1);
    }

    fn types(&mut self, keys: &str) -> Vec<Key> {
        if self.last.is_empty() {
            self.last = self.prompt().tokens;
        }
        let mut costs = Vec::new();
        for key in keys.chars() {
            self.insert(self.offset, key.encode_utf8(&mut [0; 4]));
            self.offset += key.len_utf8();
            let prompt = self.prompt();
            let same = |pairs: &mut dyn Iterator<Item = (&i32, &i32)>| {
                pairs.take_while(|(a, b)| a == b).count()
            };
            let (new, old) = (&prompt.tokens, &self.last);
            let before = same(&mut new.iter().zip(old));
            let behind = same(&mut new.iter().rev().zip(old.iter().rev()));
            costs.push(Key {
                n_changed: new.len().saturating_sub(before + behind),
                is_relaid: prompt.is_relaid,
            });
            self.last = prompt.tokens;
        }
        costs
    }
}

/// A file of so many lines, with a function every twenty.
fn file(n_lines: usize) -> String {
    let line = |n: usize| match n % 20 {
        0 => format!("def function_{n}(value, other):\n"),
        _ => format!("    value_{n} = other.call(value, {n})\n"),
    };
    std::iter::once("import os\n".to_owned())
        .chain((0..n_lines).map(line))
        .collect()
}

fn middle(text: &str) -> usize {
    let near = text.len() / 2;
    near + text[near..].find('\n').expect("lines go on")
}

#[test]
fn a_key_in_a_long_file_changes_a_token_and_moves_the_window_seldom() {
    let text = file(3_000);
    let typed =
        "\n    total = 0\n    for item in value:\n        total += item\n    return total\n"
            .repeat(4);
    for (order, n_keys) in [("spm", 300), ("psm", 40)] {
        let mut typist = Typist::new(order, &text, middle(&text));
        let costs = typist.types(&typed[..n_keys]);
        let mut changed: Vec<usize> = costs.iter().map(|key| key.n_changed).collect();
        changed.sort_unstable();
        let n_relaid = costs.iter().filter(|key| key.is_relaid).count();
        println!(
            "{order}: median {} tokens, p95 {}, {n_relaid} windows laid anew",
            changed[n_keys / 2],
            changed[n_keys * 95 / 100]
        );
        assert_eq!(changed[n_keys / 2], 1, "{order}");
        assert!(changed[n_keys * 95 / 100] <= 2, "{order}: {changed:?}");
        // A token of this model is a byte; a real one is three or four.
        assert!(n_relaid <= 3, "{order}: {n_relaid}");
        let n_dear = changed.iter().filter(|n_changed| **n_changed > 8).count();
        assert_eq!(n_dear, n_relaid, "{order}: only a new window changes much");
    }
}

#[test]
fn code_that_breaks_the_tree_leaves_the_outline() {
    let line = |n: usize| match n % 50 {
        0 => "    \"\"\"Reads.\"\"\"\n".to_owned(),
        _ => format!("    value_{n} = other.call({n})\n"),
    };
    let body: String = (1..300).map(line).collect();
    let text = format!("import os\n\n\ndef function(other):\n{body}");
    let mut typist = Typist::new("spm", &text, middle(&text));
    let keys = "\ndef f(:\n  x = [\"\"\"";
    let costs = typist.types(keys);
    let dear: Vec<_> = keys
        .chars()
        .zip(costs)
        .filter(|(_, key)| key.n_changed > 8)
        .collect();
    // The first letter leaves the function, whose signature goes; all that breaks then changes nothing.
    assert_eq!(dear.len(), 1, "{dear:?}");
}

#[test]
fn a_new_line_moves_neither_end_of_the_window() {
    let text = file(600);
    let mut typist = Typist::new("spm", &text, middle(&text));
    let before = typist.prompt().excerpt;
    typist.types("\n\n\n");
    let after = typist.prompt().excerpt;
    assert_eq!(before.start, after.start);
    assert_eq!(before.suffix, after.suffix);
    assert_eq!(format!("{}\n\n\n", before.prefix), after.prefix);
}

#[test]
fn an_edit_far_away_moves_the_window_with_its_text() {
    let text = file(600);
    let mut typist = Typist::new("spm", &text, middle(&text));
    let before = typist.prompt();
    typist.insert(0, "import sys\n");
    typist.offset += "import sys\n".len();
    let after = typist.prompt();
    assert!(!after.is_relaid);
    assert_eq!(before.excerpt.prefix, after.excerpt.prefix);
    // The outline has the new import.
    assert_ne!(before.tokens, after.tokens);
}

#[test]
fn another_place_gets_a_window_of_its_own_and_a_near_one_keeps_it() {
    let text = file(600);
    let mut typist = Typist::new("spm", &text, middle(&text));
    typist.prompt();
    let here = typist.offset;
    typist.offset = here - 100;
    assert!(!typist.prompt().is_relaid);
    typist.offset = here / 2;
    assert!(typist.prompt().is_relaid);
}

#[test]
fn old_documents_are_forgotten() {
    let layouts = Layouts::default();
    let typist = Typist::new("spm", "x = 1\n", 0);
    typist.prompt();
    let frame = Frame {
        n_tokens: 1,
        family: String::new(),
        sections: Vec::new(),
    };
    for document in 0..100 {
        let layout = Layout {
            frame: frame.clone(),
            text: Rope::new(),
            window: 0..0,
            outline: String::new(),
            context: Context::default(),
        };
        layouts.keep(document, layout);
    }
    assert!(layouts.last(99, &frame).is_some());
    assert!(layouts.last(99 - CAPACITY as u64, &frame).is_none());
    assert!(layouts.last(0, &frame).is_none());
}
