//! What the last prompt of each document was laid from, so that the next one begins alike.
//!
//! Kept per open document: the window's ends and the sections from beyond the document. They stay
//! byte for byte until the gain of a better choice is worth the prefill, see [`Context::settle`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ropey::Rope;

use crate::completion::context::Context;
use crate::completion::window;

/// Documents whose layout is kept; the one asked for longest ago is forgotten.
const CAPACITY: usize = 32;

/// The layouts of the open documents, by [`Snapshot::document`](crate::session::Snapshot).
#[derive(Debug, Default)]
pub struct Layouts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    layouts: HashMap<u64, (u64, Layout)>,
    clock: u64,
}

/// What a prompt was laid from.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// What must be the same for anything to be kept.
    pub frame: Frame,
    /// The document's text at that time.
    pub text: Rope,
    /// The part of it that was shown.
    pub window: Range<usize>,
    /// Imports and signatures from above the window.
    pub outline: String,
    /// The sections from beyond the window.
    pub context: Context,
}

/// The size and the kind of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Tokens of the whole prompt, sentinels not counted.
    pub n_tokens: usize,
    /// The model family, whose headers differ.
    pub family: String,
    /// Sections in use.
    pub sections: Vec<&'static str>,
}

impl Layout {
    /// Where the window lies in the text as it is now; `None` where an edit reaches over an end.
    pub(super) fn window_in(&self, text: &Rope) -> Option<Range<usize>> {
        window::moved(&self.window, &self.text, text)
    }
}

impl Layouts {
    /// The layout of a document's last prompt, if it was of this frame.
    pub(super) fn last(&self, document: u64, frame: &Frame) -> Option<Layout> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, layout) = known.layouts.get(&document)?;
        (layout.frame == *frame).then(|| layout.clone())
    }

    /// Keeps the layout of a document's prompt. Texts that no editor holds have none.
    pub(super) fn keep(&self, document: u64, layout: Layout) {
        if document == 0 {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.clock += 1;
        let clock = known.clock;
        known.layouts.insert(document, (clock, layout));
        if known.layouts.len() > CAPACITY {
            let oldest = known.layouts.iter().min_by_key(|(_, (clock, _))| *clock);
            if let Some(document) = oldest.map(|(document, _)| *document) {
                known.layouts.remove(&document);
            }
        }
    }
}

#[cfg(test)]
mod tests;
