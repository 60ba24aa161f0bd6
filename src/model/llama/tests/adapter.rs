//! Adapters with random weights on a model with random weights.

use std::path::PathBuf;

use expect_test::{Expect, expect};

use super::fixture::{N_EMBD, write_adapter};
use super::{finish, job, open};
use crate::model::{Event, Job, ModelError};

#[test]
fn an_adapter_changes_the_answer_for_as_long_as_it_is_asked_for() {
    let fixture = open();
    let model = &fixture.model;
    let adapter = fixture.folder.path().join("adapter.gguf");
    write_adapter(&adapter, N_EMBD, 7);
    let alone = job(model, "def f(x):", 8);
    let adapted = Job {
        adapter: Some(adapter),
        ..alone.clone()
    };
    let first = finish(model.generate(alone.clone()));
    let tuned = finish(model.generate(adapted.clone()));
    assert!((first.logprob - tuned.logprob).abs() > 0.01, "{tuned:?}");
    // Nothing that was computed one way is used the other way, and what is, is used again.
    assert_eq!((tuned.n_reused, tuned.n_computed), (0, first.n_computed));
    let again = finish(model.generate(adapted));
    assert!(again.n_reused > 0);
    assert_eq!(again.text, tuned.text);
    assert_eq!(finish(model.generate(alone)), first);
}

#[test]
fn an_adapter_of_another_model_is_refused_and_the_model_answers_on() {
    let fixture = open();
    let model = &fixture.model;
    let wrong = fixture.folder.path().join("wrong.gguf");
    write_adapter(&wrong, 2 * N_EMBD, 7);
    let check = |path: PathBuf, expected: Expect| {
        let mut generation = model.generate(Job {
            adapter: Some(path),
            ..job(model, "abc", 4)
        });
        match generation.next_blocking() {
            Some(Event::Failed(ModelError::Adapter { reason, .. })) => expected.assert_eq(&reason),
            other => panic!("{other:?}"),
        }
    };
    check(
        wrong.clone(),
        expect![
            "failed to apply lora adapter: tensor 'blk.0.attn_q.weight' has incorrect shape (hint: maybe wrong base model?)"
        ],
    );
    check(
        wrong,
        expect![
            "failed to apply lora adapter: tensor 'blk.0.attn_q.weight' has incorrect shape (hint: maybe wrong base model?)"
        ],
    );
    check(
        fixture.folder.path().join("none.gguf"),
        expect!["No such file or directory (os error 2)"],
    );
    check(
        fixture.folder.path().join("fixture.gguf"),
        expect!["failed to apply lora adapter: expect general.type to be 'adapter', but got:"],
    );
    assert_eq!(finish(model.generate(job(model, "abc", 1))).n_computed, 3);
}
