//! What a prompt shows beyond the window around the cursor: sections of items, each a piece of
//! some file, most stable first.
//!
//! A section is a row of [`PROVIDERS`]: a name and a function that finds its items. What it finds
//! is fitted to its share of the tokens, and then held: see [`Context::settle`].

mod diagnostics;
mod open_files;
mod own_file;
mod query;
mod recent_edits;
mod signatures;
mod snippets;

use std::ops::Range;

use crate::completion::Surroundings;
use crate::completion::fim::Fim;
use crate::model::{Token, Tokenizer};
use crate::session::Snapshot;

pub use query::Query;

/// What a provider may look at.
pub(super) struct Ask<'a> {
    pub snapshot: &'a Snapshot,
    /// Byte offset of the cursor.
    pub offset: usize,
    /// The part of the open file that the prompt shows anyway.
    pub window: Range<usize>,
    pub surroundings: &'a Surroundings,
    /// The words around the cursor.
    pub query: Query,
}

/// A piece of a file, worth showing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// Path of the file, as a model should see it.
    pub path: String,
    /// Whole lines.
    pub text: String,
    /// How much it is worth beside the other items of its section; above zero.
    pub weight: f32,
}

/// Finds the items of a section, the worthiest first.
type Provider = fn(&Ask<'_>) -> Vec<Item>;

/// The sections, most stable first. Their names are rows of [`super::prompt::SECTIONS`].
static PROVIDERS: [(&str, Provider); 6] = [
    ("signatures", signatures::find),
    ("snippets", snippets::find),
    ("open_files", open_files::find),
    ("recent_edits", recent_edits::find),
    ("own_file", own_file::find),
    ("diagnostics", diagnostics::find),
];

/// An item that is shown.
#[derive(Debug, Clone)]
struct Shown {
    item: Item,
    /// Its header and text.
    tokens: Vec<Token>,
}

/// A section as it is shown.
#[derive(Debug, Clone)]
struct Held {
    name: &'static str,
    items: Vec<Shown>,
}

impl Held {
    fn n_tokens(&self) -> usize {
        self.items.iter().map(|shown| shown.tokens.len()).sum()
    }

    /// Whether what it says is so. An older state of other code still tells something; that a line
    /// is wrong which no longer is would mislead.
    fn is_true(&self, ask: &Ask<'_>) -> bool {
        let mut items = self.items.iter().map(|shown| &shown.item);
        self.name != "diagnostics" || items.all(|item| diagnostics::holds(ask, item))
    }
}

/// All sections as they are shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    /// What the choice was made for; while it is the same, nothing is looked for.
    key: u64,
    sections: Vec<Held>,
    /// Tokens that the sections may have in all.
    pub room: usize,
}

/// Tokens of prefill that a wholly new choice of a section is worth. A choice of which a half is
/// new replaces the held one when no more than half as many tokens must be computed for it.
const WORTH_TOKENS: f32 = 2048.0;

/// The least share of the query's words, weighed by rarity, that a similar piece has.
const LEAST_WEIGHT: f32 = 0.15;

/// The least share of an item that is worth showing, in lines.
const LEAST_LINES: usize = 3;

impl Context {
    /// Tokens shown.
    pub(super) fn n_tokens(&self) -> usize {
        self.sections.iter().map(Held::n_tokens).sum()
    }

    /// The tokens of all items, in order.
    pub(super) fn tokens(&self) -> Vec<Token> {
        let items = self.sections.iter().flat_map(|section| &section.items);
        items
            .flat_map(|shown| shown.tokens.iter().copied())
            .collect()
    }

    /// Name, text and tokens of each section.
    pub(super) fn sections(&self) -> impl Iterator<Item = (&'static str, String, usize)> {
        self.sections.iter().map(|section| {
            let texts = section.items.iter();
            let texts = texts.map(|shown| format!("{}\n{}", shown.item.path, shown.item.text));
            (section.name, texts.collect(), section.n_tokens())
        })
    }

    /// What is to be shown now, given what was shown before.
    ///
    /// A section keeps its text, byte for byte, unless the new choice is worth its prefill: the
    /// share of the new choice's weight that is not shown yet, times [`WORTH_TOKENS`], reaches the
    /// number of tokens that would have to be computed for it alone, which are those from the
    /// section to the end of what stays otherwise. `behind` counts those of the window, 0 where it
    /// is laid anew. Behind a section that is replaced, all others are taken anew for nothing.
    pub(super) fn settle(
        held: Option<&Context>,
        ask: &Ask<'_>,
        names: &[&'static str],
        room: usize,
        behind: usize,
        spelling: &Spelling<'_>,
    ) -> Context {
        // Less is found where the text is not parsed yet.
        let is_parsed = u64::from(ask.snapshot.tree.is_some());
        let key = ask.query.key(ask.surroundings) ^ is_parsed;
        if let Some(held) = held
            && held.key == key
            && held.room == room
            && behind > 0
        {
            return held.clone();
        }
        let providers = PROVIDERS.iter().filter(|(name, _)| names.contains(name));
        let mut left = room;
        let mut n_left = providers.clone().count();
        let mut fresh = Vec::new();
        for (name, provider) in providers {
            // A section that needs less than its share leaves the rest to those behind it.
            let section = fit(name, provider(ask), left / n_left, spelling);
            left -= section.n_tokens();
            n_left -= 1;
            fresh.push(section);
        }
        let sections = match held {
            Some(held) if held.room == room => replaced(&held.sections, fresh, behind, ask),
            _ => fresh,
        };
        Context {
            key,
            sections,
            room,
        }
    }
}

/// The held sections, with those replaced whose new choice is worth it or that say what is no longer
/// so, and all behind them.
fn replaced(held: &[Held], fresh: Vec<Held>, behind: usize, ask: &Ask<'_>) -> Vec<Held> {
    let mut cost = behind + held.iter().map(Held::n_tokens).sum::<usize>();
    let mut is_broken = false;
    let pairs = fresh.into_iter().zip(held);
    pairs
        .map(|(fresh, held)| {
            let gain = gain(held, &fresh) * WORTH_TOKENS;
            is_broken |= gain > 0.0 && gain >= cost as f32;
            is_broken |= !held.is_true(ask);
            cost -= held.n_tokens();
            match is_broken {
                true => fresh,
                false => held.clone(),
            }
        })
        .collect()
}

/// The share of a choice's weight that is not among what is held.
fn gain(held: &Held, fresh: &Held) -> f32 {
    let is_held = |shown: &&Shown| {
        let same =
            |held: &Shown| held.item.path == shown.item.path && held.item.text == shown.item.text;
        held.items.iter().any(same)
    };
    let weight = |shown: &Shown| shown.item.weight;
    let all: f32 = fresh.items.iter().map(weight).sum();
    let new: f32 = fresh
        .items
        .iter()
        .filter(|shown| !is_held(shown))
        .map(weight)
        .sum();
    match all > 0.0 {
        true => new / all,
        // Nothing is wanted any more: what is held costs tokens for nothing, but no more.
        false => 0.0,
    }
}

/// Takes items while they fit; the last is cut at a line's end if enough of it is left.
fn fit(name: &'static str, items: Vec<Item>, room: usize, spelling: &Spelling<'_>) -> Held {
    let mut section = Held {
        name,
        items: Vec::new(),
    };
    let mut left = room;
    for mut item in items {
        let mut tokens = spelling.tokens(&item);
        while tokens.len() > left && item.text.lines().count() > LEAST_LINES {
            let cut = item.text.trim_end().rfind('\n').map_or(0, |at| at + 1);
            item.text.truncate(cut);
            tokens = spelling.tokens(&item);
        }
        if tokens.len() > left {
            break;
        }
        left -= tokens.len();
        section.items.push(Shown { item, tokens });
    }
    section
}

/// How a model's family wants to be shown a piece of another file.
pub(super) struct Spelling<'a> {
    pub fim: Option<&'a Fim>,
    pub tokenizer: &'a dyn Tokenizer,
}

impl Spelling<'_> {
    /// Whether the family has a header for files, so that items stand before the sentinels; else
    /// they open the prefix, each behind a comment with its path.
    pub(super) fn is_native(&self) -> bool {
        self.fim.is_some_and(|fim| fim.file_header.is_some())
    }

    fn tokens(&self, item: &Item) -> Vec<Token> {
        let fim = self.fim;
        let Some(header) = fim.and_then(|fim| fim.file_header.as_ref()) else {
            let shown = format!("# Path: {}\n{}\n", item.path, item.text);
            return self.tokenizer.tokenize(&shown);
        };
        let shown = format!("{}{}", header.text(&item.path), item.text);
        let mut tokens: Vec<Token> = header.token.into_iter().collect();
        tokens.extend(self.tokenizer.tokenize(&shown));
        tokens.extend(fim.and_then(|fim| fim.file_end));
        tokens
    }
}
