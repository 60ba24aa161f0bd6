//! Pieces of the project's files, found by the words they share with a place.

mod pieces;

pub use pieces::pieces;
