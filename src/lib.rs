//! Midfill: a code assistant that runs on the user's own machine.
//!
//! # The house
//! ```text
//! editors/vscode  editors/neovim     thin: start the server, show the answer
//!         │ LSP
//!       server                       translates; the only room that knows LSP
//!         ├── serving                which model serves: switched, put to sleep, woken
//!         ├── session                the only mutable state; hands out snapshots
//!         ├── completion             snapshot in, ghost text out
//!         ├── explanation            a function in, what is true of it out
//!         │      ├── project               the repository around it: files, modules, names
//!         │      ├── syntax ─ grammars     questions about code; languages and queries
//!         │      └── model                 one thread, one KV cache; knows no code and no LSP
//!         │      remote                models on a server, when the options name one
//!         └── config                 read at the start, handed down
//!       evaluation                   drives completion over test sets, never the other way round
//!       cli                          what a person types and reads
//!       data-filter                  its own crate and binary; never sees server or model
//! ```
//! A line downwards means "may use"; nothing looks up.
//!
//! # Invariants
//! 1. Only `server` names LSP types, only `model/llama` names llama.cpp and only there is code
//!    `unsafe`, only `server/convert.rs` knows UTF-16. *Checked by `tests/architecture.rs`.*
//! 2. A notification handler has changed the state before it awaits anything; a request takes its
//!    snapshot before its first `.await`. *`tests/ordering.rs` floods the server.*
//! 3. The model runs on its own OS thread. Jobs go in and pieces come out as plain messages that
//!    serialise. Dropping the [`model::Generation`] is the only way to cancel.
//! 4. A cancelled prefill is not lost: what was computed stays in the KV cache and is recorded.
//!    *Checked by the tests of the model room.*
//! 5. At most one completion is in flight per document: the newest wins, the older answers `null`.
//!    Every request gets exactly one answer. *The editor of the tests fails otherwise.* What the
//!    model writes may outlive its request: while the user types along with it, the newer one
//!    takes it over. *`tests/typing.rs`; ten thousand random events in `tests/stress.rs`.*
//! 6. Inside the program a place in a text is a byte offset.
//! 7. No lock is held across an `.await` (`clippy::await_holding_lock` is denied). No network.
//!    User code is never logged above `trace`.
//! 8. The same input, plan and model give the same answer.
//!
//! # The walk of an explanation
//! wire → [`server`]: range to offsets, snapshot → [`explanation::study`]: facts and problems, on a
//! thread of its own → [`explanation::telling`]: words in a language → wire, piece by piece → where
//! the model chats, [`explanation::narrator`]: part by part behind its heading, at a lower priority
//! than any completion, each statement held against the facts → wire.
//!
//! # The walk of a completion
//! wire → [`server`]: position to offset, snapshot, newest wins → [`completion::Typing`]: there
//! already, or just being written? else, when the typing rhythm allows → [`completion`]: ask at all?
//! excerpt, outline, prompt, healing → [`model`]: reuse what the KV cache holds, prefill the rest,
//! decode → [`completion::trim`] watches the pieces, stops early, cleans up → wire. Afterwards,
//! while the user reads, what follows is written ahead.

pub mod config;
pub mod seeded;

pub mod project;
pub mod session;
pub mod syntax;

pub mod model;
#[cfg(feature = "llama")]
pub mod shipped;

pub mod completion;

pub mod explanation;

pub mod serving;

#[cfg(feature = "remote")]
pub mod remote;

pub mod server;

pub mod evaluation;

pub mod cli;
