//! What is measured: something that is told of every key and may show ghost text.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use super::buffer::{Buffer, Change};

/// Something that completes.
pub trait System {
    /// Its name in tables.
    fn name(&self) -> &str;

    /// What it is and how it was started, for the report.
    fn about(&self) -> String {
        self.name().to_owned()
    }

    /// Opens a file; the one before is closed.
    ///
    /// # Errors
    /// When the system is gone.
    fn open(&mut self, path: &str, buffer: &Buffer) -> Result<()>;

    /// A key was pressed, and this is the text now. Waits for what comes of it, until the next key
    /// at `until` or, without one, until it is there.
    ///
    /// # Errors
    /// When the system is gone or answers with an error.
    fn key(&mut self, buffer: &Buffer, change: &Change, until: Option<Instant>) -> Result<Reply>;

    /// Waits until the system has come to rest.
    fn wait_for_rest(&mut self);

    /// Ends it and tells how it ran.
    ///
    /// # Errors
    /// When it does not end.
    fn finish(&mut self) -> Result<Run>;
}

/// Where ghost text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// The model was asked.
    #[default]
    Model,
    /// It was there already: typed through, written ahead, or still being written.
    Memory,
    /// Nobody was asked: no suggestion was wanted here.
    Nobody,
}

/// What came of a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reply {
    /// From the key to the answer; `None` when the next key came first.
    pub after: Option<Duration>,
    /// The ghost text.
    pub shown: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// Prompt tokens found in the KV cache.
    pub reused: u64,
    /// Prompt tokens computed.
    pub computed: u64,
    /// Tokens written.
    pub decoded: u64,
    /// What of the time was not the system's own: the model's, and waiting on purpose.
    pub not_own: Option<Duration>,
    /// Time to read the prompt, where the system tells.
    pub prefill: Option<Duration>,
    /// Time to write the answer, where the system tells.
    pub decode: Option<Duration>,
}

/// How a system ran, all in all.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Run {
    /// From starting the program to the model being ready, in milliseconds.
    pub start_ms: f64,
    /// The most memory it had resident, in bytes.
    pub peak_memory: u64,
    /// Requests without an answer.
    pub n_unanswered: usize,
    /// Answers that came for another request than the one waited for.
    pub n_out_of_order: usize,
    /// Tokens computed for prompts from start to end, work in the background and work that was
    /// given up included; `None` where the system does not count them.
    pub computed: Option<u64>,
    /// Tokens written from start to end, counted alike.
    pub decoded: Option<u64>,
}
