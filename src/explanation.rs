//! What a function does, told from what is known of it.
//!
//! In reading order: [`source`] is a text with its tree, [`target`] finds the functions that a
//! cursor or a selection means, [`facts`] says what is true of one. An explanation has four
//! [parts](part) in a [language](tongue); where the model can be spoken to, it is [asked](question)
//! and its answer [told](narrator) statement by statement, each held against the [code](claims).

pub mod claims;
pub mod facts;
pub mod narrator;
pub mod part;
pub mod question;
pub mod source;
pub mod target;
pub mod tongue;
