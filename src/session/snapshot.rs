//! A cheap frozen copy of a document for one request.

use std::sync::Arc;

use grammars::Language;
use grammars::tree_sitter::Tree;
use ropey::Rope;

use super::{Document, Edit};
use crate::syntax::{self, Place};

/// A document as it was when a request came in. Cloning copies neither text nor tree.
#[derive(Clone)]
pub struct Snapshot {
    /// The path to show a model: relative to the workspace where there is one.
    pub path: String,
    /// The language identifier that the client gave, such as `python`; may be empty.
    pub language_id: Arc<str>,
    /// The language, if it is one we know.
    pub language: Option<&'static Language>,
    /// The text.
    pub text: Rope,
    /// The syntax tree of this text, where the language is known and the parse was not put off; see
    /// `is_approximate`.
    pub tree: Option<Tree>,
    /// Whether `tree` is that of the code before the last edits, moved along with them, because to
    /// parse would have taken too long.
    pub is_approximate: bool,
    /// A tree that was told of the edits and not parsed again, in place of `tree`, in a snapshot
    /// taken in passing; see [`Snapshot::settled`].
    pub stale: Option<Tree>,
    /// The version the client gave.
    pub version: i32,
    /// Tells open documents apart, and is the same when one is opened again; 0 is none.
    pub document: u64,
}

impl Snapshot {
    /// A snapshot of a text that no editor holds.
    pub fn of(path: &str, text: &str) -> Snapshot {
        Document::new(path.to_owned(), None, text, 0).snapshot()
    }

    /// The same with its tree parsed, where that was deferred.
    pub fn settled(&self) -> Snapshot {
        if self.tree.is_some() && !self.is_approximate || self.language.is_none() {
            return self.clone();
        }
        let mut document = Document::resume(self);
        document.settle();
        Snapshot {
            document: self.document,
            ..document.snapshot()
        }
    }

    /// The same document with `text` inserted at `offset`, a byte offset on a character boundary.
    pub fn inserting(&self, offset: usize, text: &str) -> Snapshot {
        let mut document = Document::resume(self);
        document.apply(&Edit {
            range: offset..offset,
            text: text.to_owned(),
        });
        document.commit(self.version);
        Snapshot {
            document: self.document,
            ..document.snapshot()
        }
    }

    /// What kind of text an offset lies in; code where nothing is known.
    pub fn place(&self, offset: usize) -> Place {
        match &self.tree {
            // A quote typed just now changes what all behind it is.
            _ if self.is_approximate => syntax::place_in_text(&self.text, offset),
            Some(tree) => syntax::place(tree, offset),
            None => Place::Code,
        }
    }

    /// The line the offset lies in: its text before the offset, and its text from there to the
    /// line break. Both borrow nothing.
    pub fn line_around(&self, offset: usize) -> (String, String) {
        let line = self.text.byte_to_line(offset);
        let start = self.text.line_to_byte(line);
        let end = if line + 1 < self.text.len_lines() {
            self.text.line_to_byte(line + 1)
        } else {
            self.text.len_bytes()
        };
        let before = self.text.byte_slice(start..offset).to_string();
        let mut after = self.text.byte_slice(offset..end).to_string();
        after.truncate(after.trim_end_matches(['\n', '\r']).len());
        (before, after)
    }
}
