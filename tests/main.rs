//! Midfill from outside: through the wire, through the command line, and the house's own rules.
//!
//! One binary, so that it is linked once.

mod architecture;
mod bench;
mod command;
mod context;
mod docstring;
mod editor;
mod explain;
mod features;
mod imports;
mod learning;
mod notebooks;
mod ordering;
#[cfg(feature = "llama")]
mod real_model;
#[cfg(feature = "remote")]
mod remote;
mod server;
mod settings;
mod stress;
mod switching;
mod typing;
mod why;
