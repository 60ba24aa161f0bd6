//! Turns directories and git repositories of source code into fine-tuning data.
//!
//! In reading order: [`filter`] says keep or drop for one text, [`record`] is what a kept file
//! becomes, [`shard`] stores records. With the feature `cli`, `args` (as typed) becomes a
//! `plan` (checked), which `run` carries out: `source` lists and reads the files, `dedup` finds
//! what was seen before, `licence` names the terms, `report` counts.
//!
//! Invariants, each with its test:
//! 1. The same inputs and plan give the same bytes, for any number of threads.
//! 2. Every file has one fate: read = kept + dropped + unreadable.
//! 3. Results appear whole or not at all: they are renamed into place at the end.

pub mod filter;
pub mod record;
pub mod shard;

#[cfg(feature = "cli")]
pub mod args;
#[cfg(feature = "cli")]
pub mod cat;
#[cfg(feature = "cli")]
pub mod dedup;
#[cfg(feature = "cli")]
pub mod licence;
#[cfg(feature = "cli")]
pub mod output;
#[cfg(feature = "cli")]
pub mod plan;
#[cfg(feature = "cli")]
pub mod report;
#[cfg(feature = "cli")]
pub mod repositories;
#[cfg(feature = "cli")]
pub mod run;
#[cfg(feature = "cli")]
pub mod source;
