//! What a function does, told from what is known of it.
//!
//! In reading order: [`source`] is a text with its tree, [`target`] finds the functions that a
//! cursor or a selection means, [`facts`] says what is true of one.

pub mod facts;
pub mod source;
pub mod target;
