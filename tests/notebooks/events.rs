//! Random events of a client with a notebook, beside a plain copy of its cells.

use midfill::model::scripted::Script;
use midfill::seeded::Seeded;
use serde_json::{Value, json};

use super::{NOTEBOOK, asked, cell, change, item, listed, open_in, why};
use crate::editor::Editor;

/// A cell of a client's notebook.
#[derive(Clone)]
struct Held {
    name: String,
    is_code: bool,
    text: String,
}

impl Held {
    fn language(&self) -> &'static str {
        if self.is_code { "python" } else { "markdown" }
    }

    fn listed(&self) -> Value {
        listed(&self.name, self.language())
    }

    fn item(&self) -> Value {
        item(&self.name, self.language(), &self.text)
    }

    /// As a model is shown it, if at all; the texts here have commands at line starts alone.
    fn shown(&self) -> Option<String> {
        if self.is_code {
            let lines = self.text.split('\n').map(|line| line.replacen('%', "#", 1));
            return Some(lines.collect::<Vec<_>>().join("\n"));
        }
        let lines = self.text.split('\n').map(str::trim_end);
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        let end = &lines[lines.len().saturating_sub(8)..];
        let end: Vec<_> = end.iter().map(|line| format!("# {line}")).collect();
        (!end.is_empty()).then(|| end.join("\n"))
    }
}

/// Columns of a client that counts in UTF-16.
fn n_units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// One random thing that a client does; returns what it tells of it.
fn happens(cells: &mut Vec<Held>, n_made: &mut usize, random: &mut Seeded) -> Value {
    let lines = ["x = '🦀'", "é = 1", "%cd é", "f(🦀)", "y"];
    let at = random.below(cells.len());
    match random.below(5) {
        0 if cells.len() < 8 => {
            *n_made += 1;
            let cell = Held {
                name: format!("new{n_made}"),
                is_code: random.below(3) > 0,
                text: lines[random.below(5)].to_owned(),
            };
            cells.insert(at, cell.clone());
            json!({"structure": {
                "array": {"start": at, "deleteCount": 0, "cells": [cell.listed()]},
                "didOpen": [cell.item()],
            }})
        }
        1 if cells.len() > 3 => {
            let gone = cells.remove(at);
            json!({"structure": {
                "array": {"start": at, "deleteCount": 1},
                "didClose": [{"uri": cell(&gone.name)}],
            }})
        }
        // Two cells change places: one event replaces both, their texts stay open.
        2 if at + 1 < cells.len() => {
            cells.swap(at, at + 1);
            let both = [cells[at].listed(), cells[at + 1].listed()];
            json!({"structure": {"array": {"start": at, "deleteCount": 2, "cells": both}}})
        }
        3 => json!({"data": [cells[at].listed()]}),
        // A line comes at the end, then the first character goes, both told in one event.
        _ => {
            let held = &mut cells[at];
            let last = held.text.rsplit('\n').next().unwrap_or_default();
            let end = json!({"line": held.text.matches('\n').count(), "character": n_units(last)});
            let added = format!("\n{}", lines[random.below(5)]);
            held.text += &added;
            let first = held.text.remove(0);
            let start = json!({"line": 0, "character": 0});
            // A line break, or one or two units.
            let behind = match first {
                '\n' => json!({"line": 1, "character": 0}),
                _ => json!({"line": 0, "character": first.len_utf16()}),
            };
            json!({"textContent": [{
                "document": {"uri": cell(&held.name), "version": 2},
                "changes": [
                    {"range": {"start": end, "end": end}, "text": added},
                    {"range": {"start": start, "end": behind}, "text": ""},
                ],
            }]})
        }
    }
}

#[test]
fn a_thousand_random_events_leave_the_client_s_cells_in_the_prompt() {
    let script = Script::new().answers(|_| "1").n_ctx(1 << 16);
    let record = script.record();
    let options = json!({"prefetch": false, "healing": false, "order": "psm", "promptTokens": 60000, "without": ["names", "parse_errors"]});
    let mut editor = Editor::start(script, options);
    let mut random = Seeded::new(7);
    let mut n_made = 0;
    let mut cells: Vec<_> = ["a", "b", "c"]
        .map(|name| Held {
            name: name.to_owned(),
            is_code: true,
            text: "x = 1".to_owned(),
        })
        .to_vec();
    let texts = cells.clone();
    let opened: Vec<_> = (texts.iter())
        .map(|held| (held.name.as_str(), held.language(), held.text.as_str()))
        .collect();
    open_in(&mut editor, NOTEBOOK, &opened);
    let mut n_checked = 0;
    for n in 0..1000 {
        let event = happens(&mut cells, &mut n_made, &mut random);
        change(&mut editor, event);
        let at = random.below(cells.len());
        if n % 10 != 0 || !cells[at].is_code {
            continue;
        }
        // The whole text of a cell is replaced by one that was never there, and asked for.
        cells[at].text = format!("🦀 = 1\nvalue_{n} = ");
        let content = json!([{
            "document": {"uri": cell(&cells[at].name), "version": 3},
            "changes": [{"text": cells[at].text}],
        }]);
        change(&mut editor, json!({"textContent": content}));
        let column = format!("value_{n} = ").len();
        let items = asked(&mut editor, &cells[at].name, 1, column);
        assert_eq!(
            items[0]["range"]["end"]["character"],
            column,
            "{}",
            why(&mut editor, &cells[at].name)
        );
        let prompt = record.prompts().pop().expect("the model was asked");
        let between = |from: &str, to: &str| {
            let rest = prompt.split_once(from).map_or("", |(_, rest)| rest);
            rest.split_once(to).map_or("", |(text, _)| text).to_owned()
        };
        let prefix = between("<|fim_prefix|>", "<|fim_suffix|>");
        let suffix = between("<|fim_suffix|>", "<|fim_middle|>");
        let shown = |cells: &[Held]| {
            let shown: Vec<_> = cells.iter().filter_map(Held::shown).collect();
            shown.join("\n\n")
        };
        let before = shown(&cells[..=at]);
        let whole = shown(&cells) + "\n";
        assert_eq!(prefix, before, "event {n}");
        assert_eq!(prefix + &suffix, whole, "event {n}");
        n_checked += 1;
    }
    assert!(n_checked > 40, "{n_checked}");
}
