//! Midfill.
pub mod cli;
pub mod completion;
pub mod config;
pub mod evaluation;
pub mod model;
pub mod server;
pub mod session;
#[cfg(feature = "llama")]
pub mod shipped;
pub mod syntax;
