//! Work ahead of the user, with what the model has to spare: the prompt is read while nothing is
//! typed, and the completion after the one being shown is written as if that one were accepted.
//!
//! One such task at a time for each editor, begun only by an edit or an answer: when nobody types,
//! nothing runs. Its jobs have [`Priority::Background`], so they give way to whatever is asked
//! for, and what they read stays in the KV cache.

use std::time::Duration;

use tokio::task::AbortHandle;

use super::origin::{Here, Origin};
use super::trigger::{Decision, Extent};
use super::type_through::Remembered;
use super::{Answer, Ask, Means};
use crate::model::{ModelError, Priority, Reuse};
use crate::session::Snapshot;

/// Without a key for so long, the user pauses. Editors ask within this after a key; Neovim's own
/// inline completion is the slowest with 200 ms.
pub const PAUSE: Duration = Duration::from_millis(250);

/// A suggestion that was shown for so long may be accepted. Less than people need to read it.
pub const SHOWN: Duration = Duration::from_millis(100);

/// A task ahead of the user. Dropping it stops the model.
pub struct Ahead {
    /// What it reckons with: that this text is typed from here on.
    reckons_with: Option<(Origin, String)>,
    task: AbortHandle,
}

impl Ahead {
    /// Starts a task.
    pub fn start(
        reckons_with: Option<(Origin, String)>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Ahead {
        Ahead {
            reckons_with,
            task: tokio::spawn(work).abort_handle(),
        }
    }

    /// Whether it is still of use after an edit that ends at `end`, all of it behind `start`.
    pub fn holds(&self, snapshot: &Snapshot, start: usize, end: usize) -> bool {
        let Some((origin, text)) = &self.reckons_with else {
            return false;
        };
        let typed = || snapshot.text.get_byte_slice(origin.start()..end);
        origin.document() == snapshot.document
            && start >= origin.start()
            && typed().is_some_and(|typed| {
                let typed = typed.to_string();
                text.starts_with(typed.trim_end_matches([')', ']', '}', '"', '\'']))
            })
    }

    /// Whether it writes what follows a suggestion, rather than read a prompt.
    pub fn writes(&self) -> bool {
        self.reckons_with.is_some()
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads the prompt of a place into the KV cache, exactly: where entries were moved to save time,
/// they are computed anew now. `if_moved` leaves it out where none can have been moved.
///
/// # Errors
/// When the model could not be loaded.
pub async fn read(
    snapshot: &Snapshot,
    offset: usize,
    means: &Means,
    if_moved: bool,
) -> Result<(), ModelError> {
    // The extent only decides how much is written.
    let snapshot = snapshot.settled();
    let mut request = super::prepare(&snapshot, offset, Extent::Line, means).await?;
    if if_moved && request.job.reuse == Reuse::Exact {
        return Ok(());
    }
    request.job.max_tokens = 0;
    request.job.reuse = Reuse::Exact;
    request.job.priority = Priority::Background;
    let mut generation = means.model.generate(request.job);
    while generation.next().await.is_some() {}
    Ok(())
}

/// What follows a suggestion once it is accepted.
#[derive(Clone)]
pub struct Next {
    /// The document with the suggestion in it, and perhaps a line break behind.
    pub snapshot: Snapshot,
    /// Byte offset where the model is to write.
    pub offset: usize,
    /// How much.
    pub extent: Extent,
    /// What stands between the end of the suggestion and there: nothing, or a line break and
    /// indentation.
    pub lead: String,
}

/// Where to go on after a suggestion. `is_whole` says that the model has nothing to add to its
/// line: then the line below is next, if the block ends there.
pub fn next(
    snapshot: &Snapshot,
    offset: usize,
    shown: &str,
    is_whole: bool,
    means: &Means,
) -> Option<Next> {
    let accepted = snapshot.inserting(offset, shown);
    let offset = offset + shown.len();
    let ask = Ask {
        offset,
        invoked: false,
    };
    let Decision::Ask(extent) = super::extent(&accepted, ask, &means.config) else {
        return None;
    };
    let (before, after) = accepted.line_around(offset);
    if !is_whole || (extent == Extent::Block && !before.trim().is_empty()) {
        return Some(Next {
            snapshot: accepted,
            offset,
            extent,
            lead: String::new(),
        });
    }
    let indent = &before[..before.len() - before.trim_start().len()];
    if !after.trim().is_empty() || leaves(&before) || goes_on_below(&accepted, offset, indent) {
        return None;
    }
    let lead = format!("\n{indent}");
    Some(Next {
        snapshot: accepted.inserting(offset, &lead),
        offset: offset + lead.len(),
        extent: Extent::Block,
        lead,
    })
}

/// Whether nothing in the same block can be reached after a line.
fn leaves(line: &str) -> bool {
    let word = line.trim_start().split(|c: char| !c.is_alphabetic()).next();
    matches!(word, Some("return" | "raise" | "break" | "continue"))
}

/// Whether the line below belongs to the same block: there the user has written on already.
fn goes_on_below(snapshot: &Snapshot, offset: usize, indent: &str) -> bool {
    let text = &snapshot.text;
    let below = text.byte_to_line(offset) + 1;
    text.get_line(below).is_some_and(|line| {
        let line = line.to_string();
        let depth = line.len() - line.trim_start().len();
        !line.trim().is_empty() && depth >= indent.len()
    })
}

impl Next {
    /// Lets the model write it, and tells where it belongs and what is to be shown there.
    ///
    /// # Errors
    /// When the model cannot compute.
    pub async fn write(&self, means: &Means) -> Result<Option<Remembered>, ModelError> {
        let mut means = means.clone();
        means.priority = Priority::Background;
        means.listener = None;
        let answer: Answer =
            super::complete_to(&self.snapshot, self.offset, self.extent, &means).await?;
        Ok(Remembered::of(&answer).map(|mut shown| {
            shown.text = shown.text.map(|text| format!("{}{text}", self.lead));
            shown
        }))
    }

    /// Where the suggestion that was accepted ends.
    pub fn origin(&self, setting: u64) -> Origin {
        // The suffix behind the lead is the suffix behind the accepted text.
        let here = Here::new(&self.snapshot, self.offset, setting);
        here.origin_before(self.lead.len())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::config::CompletionConfig;
    use crate::model::Model;
    use crate::model::scripted::Script;

    /// A suggestion between ⟦ ⟧ in its place; shows where the model would go on (▏) and how far.
    #[track_caller]
    fn check(fixture: &str, is_whole: bool, expected: Expect) {
        let (before, rest) = fixture.split_once('⟦').expect("a suggestion begins");
        let (shown, after) = rest.split_once('⟧').expect("a suggestion ends");
        let snapshot = Snapshot::of("a.py", &format!("{before}{after}"));
        let means = Means::new(Model::scripted(Script::new()), CompletionConfig::default());
        let next = next(&snapshot, before.len(), shown, is_whole, &means);
        expected.assert_eq(&next.map_or("nothing".to_owned(), |next| {
            let mut text = next.snapshot.text.to_string();
            text.insert(next.offset, '▏');
            format!("{:?}\n{text}", next.extent)
        }));
    }

    #[test]
    fn what_was_cut_short_goes_on_where_it_ends() {
        check(
            "x = ⟦[1, 2⟧\n",
            false,
            expect![[r#"
                Line
                x = [1, 2▏
            "#]],
        );
    }

    #[test]
    fn a_header_is_followed_by_its_body() {
        check(
            "⟦def f(x):⟧\n",
            true,
            expect![[r#"
                Block
                def f(x):▏
            "#]],
        );
    }

    #[test]
    fn a_whole_line_is_followed_by_the_next_where_the_block_ends() {
        check(
            "def f(x):\n    y = ⟦x + 1⟧\n\nf(1)\n",
            true,
            expect![[r#"
                Block
                def f(x):
                    y = x + 1
                    ▏

                f(1)
            "#]],
        );
        check("y = ⟦1⟧\nz = 2\n", true, expect!["nothing"]);
        check("def f(x):\n    return ⟦x⟧\n", true, expect!["nothing"]);
        check("f(⟦x⟧)\n", true, expect!["nothing"]);
    }
}
