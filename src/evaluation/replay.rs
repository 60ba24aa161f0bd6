//! Types real files through real servers, key by key, and watches the clock.
//!
//! A plan says what is typed: a part of a file, or what a commit changed. A [`Hand`] turns it into
//! keys, a [`System`] gets them and may show ghost text, a simulated [`person`] judges it. Several
//! systems get the same keys in turns, block by block, so that all see the same machine; while one
//! types the others are at rest.
//!
//! [`Hand`]: keystrokes::Hand

mod buffer;
mod figures;
mod history;
mod keystrokes;
mod llama_vim;
mod midfill;
mod person;
mod process;
mod rhythm;
mod system;
mod wire;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use grammars::Language;

use buffer::{Buffer, Stroke};
pub use figures::{Figures, Key, Spread};
pub use history::plans;
use keystrokes::Hand;
pub use keystrokes::{Hunk, Plan};
pub use llama_vim::{LlamaServerOptions, LlamaVim};
pub use midfill::Midfill;
use rhythm::Rhythm;
pub use system::{Origin, Reply, Run, System};

/// How the keys are pressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manner {
    /// Typing speed in words a minute; without it a key is pressed when the answer to the one
    /// before is there.
    pub words_per_minute: Option<f64>,
    /// Whether the person really takes what is worth taking. Otherwise it is only counted, and all
    /// systems get the same keys.
    pub takes: bool,
    /// Whether the editor closes brackets ahead.
    pub closes_ahead: bool,
    /// Keys of one turn.
    pub block: usize,
    /// Keys of one plan, at most.
    pub n_keys: usize,
    /// Equal seeds draw equal gaps between keys.
    pub seed: u64,
}

/// Types a plan through all systems and returns the keys of each, in the order of the systems.
///
/// # Errors
/// When a system is gone.
pub fn replay(
    systems: &mut [Box<dyn System>],
    plan: &Plan,
    manner: &Manner,
    mut on_key: impl FnMut(),
) -> Result<Vec<Vec<Key>>> {
    let mut desks = Vec::new();
    for system in systems.iter_mut() {
        let desk = Desk::new(plan, manner);
        system.open(&plan.path, &desk.buffer)?;
        desks.push(desk);
    }
    for turn in 0.. {
        let mut pressed_any = false;
        for n in 0..systems.len() {
            // Who goes first changes from block to block.
            let idx = (n + turn) % systems.len();
            if systems.len() > 1 {
                systems.iter_mut().for_each(|system| system.wait_for_rest());
            }
            for _ in 0..manner.block {
                if !desks[idx].press(systems[idx].as_mut())? {
                    break;
                }
                pressed_any = true;
                on_key();
            }
        }
        if !pressed_any {
            break;
        }
    }
    Ok(desks.into_iter().map(|desk| desk.keys).collect())
}

/// A person at one system.
struct Desk<'a> {
    plan: &'a Plan,
    manner: &'a Manner,
    language: Option<&'static Language>,
    rhythm: Option<Rhythm>,
    buffer: Buffer,
    hand: Option<Hand<'a>>,
    hunk_idx: usize,
    keys: Vec<Key>,
    /// The ghost text that is there.
    shown: Option<String>,
    /// The part of it that is taken with the next key.
    taking: Option<String>,
    /// Characters left to type of what would have been taken.
    within: usize,
}

impl<'a> Desk<'a> {
    fn new(plan: &'a Plan, manner: &'a Manner) -> Desk<'a> {
        let rhythm = |speed| Rhythm::new(speed, manner.seed);
        let mut buffer = Buffer::new(plan.before.clone(), 0);
        buffer.cursor = plan.hunks.first().map_or(0, |hunk| hunk.at);
        Desk {
            plan,
            manner,
            language: Language::from_path(Path::new(&plan.path)),
            rhythm: manner.words_per_minute.map(rhythm),
            buffer,
            hand: None,
            hunk_idx: 0,
            keys: Vec::new(),
            shown: None,
            taking: None,
            within: 0,
        }
    }

    /// Presses the next key; `false` when there is none.
    fn press(&mut self, system: &mut dyn System) -> Result<bool> {
        if self.keys.len() == self.manner.n_keys {
            return Ok(false);
        }
        let Some(stroke) = self.next_stroke() else {
            return Ok(false);
        };
        let until = self
            .rhythm
            .as_mut()
            .map(|rhythm| Instant::now() + rhythm.gap());
        let change = self.buffer.press(&stroke);
        let reply = system.key(&self.buffer, &change, until)?;
        let key = self.judged(&stroke, reply);
        self.keys.push(key);
        if let Some(until) = until {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
        Ok(true)
    }

    fn next_stroke(&mut self) -> Option<Stroke> {
        if let (Some(part), Some(hand)) = (self.taking.take(), &mut self.hand) {
            return Some(hand.take(&part));
        }
        loop {
            if let Some(hand) = &mut self.hand {
                if let Some(stroke) = hand.next(&self.buffer) {
                    return Some(stroke);
                }
                self.hunk_idx += 1;
            }
            let hunk = self.plan.hunks.get(self.hunk_idx)?;
            let closes_ahead = self.manner.closes_ahead;
            self.hand = Some(Hand::new(hunk, closes_ahead, &mut self.buffer));
            (self.shown, self.within) = (None, 0);
        }
    }

    /// What a person makes of the ghost text.
    fn judged(&mut self, stroke: &Stroke, reply: Reply) -> Key {
        let n_typed = stroke.insert.chars().count();
        // What is left of the ghost text before, for a key that typed into it.
        let left = self.shown.take();
        let left = left
            .as_deref()
            .and_then(|left| left.strip_prefix(&*stroke.insert));
        let left = left.filter(|left| stroke.back == 0 && !left.is_empty());
        let shown = reply.shown.as_deref();
        let is_new = shown.is_some_and(|shown| {
            !left.is_some_and(|left| shown.starts_with(left) || left.starts_with(shown))
        });
        let rest = self.hand.as_ref().and_then(|hand| hand.rest(&self.buffer));
        let part = match (shown, &rest) {
            (Some(shown), Some(rest)) => person::right_part(shown, rest),
            _ => "",
        };
        self.within = self.within.saturating_sub(n_typed);
        let takes = self.within == 0 && person::is_worth_taking(part);
        let n_taken = if takes { part.chars().count() } else { 0 };
        if takes {
            match self.manner.takes {
                true => self.taking = Some(part.to_owned()),
                false => self.within = n_taken,
            }
        }
        let breaks = shown.filter(|_| is_new);
        let breaks = breaks.and_then(|shown| person::breaks(&self.buffer, self.language, shown));
        let n_right = part.chars().count();
        self.shown = reply.shown.clone();
        Key {
            reply,
            n_typed,
            is_new,
            n_right,
            n_taken,
            breaks,
        }
    }
}

#[cfg(test)]
mod tests;
