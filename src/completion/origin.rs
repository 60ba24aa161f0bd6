//! Where a suggestion began, and whether a later place in the text goes along with it.
//!
//! A place goes along with a suggestion when the text before its start is what it was, the text
//! behind the cursor is what it was, and only what stands between was typed since. Brackets and
//! quotes that an editor put behind the cursor by itself do not count as a change: typing `f(`
//! leaves `f(`▏`)` in many editors.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use ropey::Rope;
use xxhash_rust::xxh3::Xxh3;

use crate::session::Snapshot;

/// Bytes behind the cursor that must be what they were. More than a model is shown of them; an
/// edit farther down changes nothing about a suggestion.
const WINDOW: usize = 2048;

/// A place in a document, with what is known of the text around it.
pub struct Here<'a> {
    document: u64,
    setting: u64,
    text: &'a Rope,
    offset: usize,
    /// Hashes of the text before offsets that were asked about.
    prefixes: RefCell<Vec<(usize, u64)>>,
    suffix: OnceCell<u64>,
}

/// Where a suggestion began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    document: u64,
    /// Model and context epoch.
    setting: u64,
    start: usize,
    /// Of all text before the start.
    prefix: u64,
    /// Of the window behind it.
    suffix: u64,
}

/// What stands between the start of a suggestion and a place that goes along with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The text.
    pub text: String,
    /// Whether the editor closed brackets or quotes of it behind the cursor.
    pub is_closed_behind: bool,
}

impl<'a> Here<'a> {
    /// The byte `offset`, on a character boundary, of a document. `setting` stands for all that
    /// shapes an answer besides the text.
    pub fn new(snapshot: &'a Snapshot, offset: usize, setting: u64) -> Here<'a> {
        Here {
            document: snapshot.document,
            setting,
            text: &snapshot.text,
            offset,
            prefixes: RefCell::default(),
            suffix: OnceCell::new(),
        }
    }

    /// A suggestion that begins here.
    pub fn origin(&self) -> Origin {
        Origin {
            document: self.document,
            setting: self.setting,
            start: self.offset,
            prefix: self.prefix(self.offset),
            suffix: self.suffix(),
        }
    }

    /// A suggestion that begins `n` bytes before here, if those were not there yet.
    pub fn origin_before(&self, n: usize) -> Origin {
        let start = self.offset - n;
        Origin {
            start,
            prefix: self.prefix(start),
            ..self.origin()
        }
    }

    fn prefix(&self, end: usize) -> u64 {
        let known = self
            .prefixes
            .borrow()
            .iter()
            .find(|(at, _)| *at == end)
            .copied();
        let (_, hash) = known.unwrap_or_else(|| {
            let new = (end, hash(self.text, 0..end));
            self.prefixes.borrow_mut().push(new);
            new
        });
        hash
    }

    fn suffix(&self) -> u64 {
        *self.suffix.get_or_init(|| window(self.text, self.offset))
    }
}

impl Origin {
    /// The document.
    pub fn document(&self) -> u64 {
        self.document
    }

    /// Byte offset of the start.
    pub fn start(&self) -> usize {
        self.start
    }

    /// What was typed since, if `here` goes along and so far that it is at most `n_max` bytes.
    pub fn typed(&self, here: &Here<'_>, n_max: usize) -> Option<Typed> {
        let n_typed = here.offset.checked_sub(self.start)?;
        if self.document != here.document || self.setting != here.setting || n_typed > n_max {
            return None;
        }
        // The offset may lie inside a character of a text that has changed since.
        let text = here
            .text
            .get_byte_slice(self.start..here.offset)?
            .to_string();
        let is_closed_behind = match self.suffix == here.suffix() {
            true => false,
            false if self.is_closed_behind(here, &text) => true,
            false => return None,
        };
        (self.prefix == here.prefix(self.start)).then_some(Typed {
            text,
            is_closed_behind,
        })
    }

    /// Whether closers of what was typed stand behind the cursor, and the old text behind them.
    fn is_closed_behind(&self, here: &Here<'_>, typed: &str) -> bool {
        let mut open = Open::default();
        for c in typed.chars() {
            open.read(c);
        }
        let closers = open.closers();
        let end = here.offset + closers.len();
        !closers.is_empty()
            && here
                .text
                .get_byte_slice(here.offset..end)
                .is_some_and(|behind| behind == closers.as_str())
            && window(here.text, end) == self.suffix
    }
}

impl Typed {
    /// What is still to be typed of `suggestion`; `None` where something else was typed. Behind a
    /// bracket that the editor has closed, only what goes inside is left.
    pub fn rest<'s>(&self, suggestion: &'s str) -> Option<&'s str> {
        let rest = suggestion.strip_prefix(self.text.as_str())?;
        if !self.is_closed_behind {
            return Some(rest);
        }
        let mut outer = Open::default();
        for c in self.text.chars() {
            outer.read(c);
        }
        let end = match outer.0.last() {
            Some(quote @ ('"' | '\'')) => rest.find(*quote),
            _ => {
                let mut inner = Open::default();
                rest.char_indices()
                    .find_map(|(at, c)| (!inner.read(c)).then_some(at))
            }
        };
        Some(&rest[..end.unwrap_or(rest.len())])
    }

    /// Whether this may still become the beginning of a text of which `written` is there so far.
    pub fn may_begin(&self, written: &str) -> bool {
        written.starts_with(&self.text) || self.text.starts_with(written)
    }
}

/// Brackets and quotes that are open, outermost first.
#[derive(Default)]
struct Open(Vec<char>);

impl Open {
    /// Reads on; `false` for a closer of what was not opened here.
    fn read(&mut self, c: char) -> bool {
        let innermost = self.0.last().copied();
        match (innermost, c) {
            (Some(quote @ ('"' | '\'')), c) if c == quote => drop(self.0.pop()),
            (Some('"' | '\''), _) => {}
            (_, '(' | '[' | '{' | '"' | '\'') => self.0.push(c),
            (Some(opener), ')' | ']' | '}') if closer(opener) == c => drop(self.0.pop()),
            (_, ')' | ']' | '}') => return false,
            _ => {}
        }
        true
    }

    fn closers(&self) -> String {
        self.0.iter().rev().map(|opener| closer(*opener)).collect()
    }
}

fn closer(opener: char) -> char {
    match opener {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        quote => quote,
    }
}

/// The hash of the window that begins at `start`.
fn window(text: &Rope, start: usize) -> u64 {
    let end = (start + WINDOW).min(text.len_bytes());
    hash(text, start..text.char_to_byte(text.byte_to_char(end)))
}

/// The hash of a range on character boundaries.
fn hash(text: &Rope, range: Range<usize>) -> u64 {
    let mut hasher = Xxh3::new();
    for chunk in text.byte_slice(range).chunks() {
        hasher.update(chunk.as_bytes());
    }
    hasher.digest()
}
