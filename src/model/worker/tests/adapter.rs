//! Jobs with adapters.

use expect_test::expect;

use super::{check_jobs, job};
use crate::model::Job;
use crate::model::scripted::Script;

#[test]
fn entries_of_another_adapter_are_not_used_and_one_that_fails_harms_nothing() {
    let with = |adapter: Option<&str>| Job {
        adapter: adapter.map(Into::into),
        ..job("x = ")
    };
    check_jobs(
        Script::new().answers(|_| "a"),
        &[
            with(None),
            with(Some("a.gguf")),
            with(Some("a.gguf")),
            with(Some("b.gguf")),
            with(Some("missing.gguf")),
            with(None),
        ],
        expect![[r#"
            0+4 a· EndOfGeneration after 2
            0+4 a· EndOfGeneration after 2
            3+1 a· EndOfGeneration after 2
            0+4 a· EndOfGeneration after 2
            failed: the adapter missing.gguf cannot be used with this model: its script says that it is missing. Give one that was trained for it, or take it out of the option `adapters` (--adapter).
            0+4 a· EndOfGeneration after 2
        "#]],
    );
}
