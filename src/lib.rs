//! Midfill.
pub mod completion;
pub mod config;
pub mod model;
pub mod session;
pub mod syntax;
