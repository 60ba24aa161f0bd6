//! Reading ahead, giving way, and what is kept over a restart.

use expect_test::expect;

use super::{explanation, job, transcript};
use crate::model::scripted::{Gate, Script};
use crate::model::{Job, Model, Priority};

/// A job that only reads its prompt, when nothing else is to be done.
fn background(prompt: &str) -> Job {
    Job {
        priority: Priority::Background,
        max_tokens: 0,
        ..job(prompt)
    }
}

#[test]
fn a_prompt_read_ahead_costs_the_next_job_its_last_token_only() {
    let script = Script::new().says("b");
    let record = script.record();
    let model = Model::scripted(script);
    let lines = [background("x = a"), background("x = a"), job("x = a")]
        .map(|job| transcript(&mut model.generate(job)));
    expect![[r#"
        0+5  MaxTokens after 0
        5+0  MaxTokens after 0
        4+1 b· EndOfGeneration after 2"#]]
    .assert_eq(&lines.join("\n"));
    // Reading ahead asks the model nothing.
    assert_eq!(record.prompts(), ["x = a"]);
}

#[test]
fn a_background_job_is_given_up_for_a_completion_and_keeps_its_work() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().gated(&gate).n_batch(4).says("!"));
    let mut reading = model.generate(background("0123456789"));
    let mut waiting = model.generate(background("0123456789"));
    gate.let_through(6);
    gate.wait_until_reached();
    let mut completing = model.generate(job("01234567"));
    gate.open();
    assert_eq!(transcript(&mut reading), " Interrupted after 0");
    assert_eq!(
        transcript(&mut completing),
        "6+2 !· EndOfGeneration after 2"
    );
    // One that had not begun yet does so when the way is free.
    assert_eq!(transcript(&mut waiting), "8+2  MaxTokens after 0");
    assert_eq!(model.usage_total().n_computed, 10);
}

#[test]
fn a_background_answer_is_given_up_between_tokens() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().gated(&gate).says("abcdef").says("z"));
    let mut writing = model.generate(Job {
        max_tokens: 100,
        ..background("xy")
    });
    gate.let_through(2 + 2);
    gate.wait_until_reached();
    let mut explaining = model.generate(explanation("?"));
    gate.open();
    assert_eq!(transcript(&mut writing), "0+2 a·b·c· Interrupted after 3");
    assert_eq!(
        transcript(&mut explaining),
        "0+1 z· EndOfGeneration after 2"
    );
}

#[test]
fn the_first_prompt_after_a_restart_is_warm() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = || {
        let script = Script::new().snapshots(folder.path()).answers(|_| "x");
        Model::scripted(script)
    };
    let of = |slot, prompt: &str| Job {
        slot,
        ..job(prompt)
    };
    let (a, b) = ("a = 1\n".repeat(10), "b = 2\n".repeat(10));
    let read = |model: &Model, job: Job| transcript(&mut model.generate(job));
    let model = open();
    assert_eq!(read(&model, of(1, &a)), "0+60 x· EndOfGeneration after 2");
    assert_eq!(read(&model, of(2, &b)), "0+60 x· EndOfGeneration after 2");
    assert_eq!(read(&model, of(1, &a)), "59+1 x· EndOfGeneration after 2");
    // A document that is closed is written at once, the others at the end.
    model.close(2);
    drop(model);
    let model = open();
    assert_eq!(read(&model, of(2, &b)), "59+1 x· EndOfGeneration after 2");
    assert_eq!(read(&model, of(1, &a)), "59+1 x· EndOfGeneration after 2");
    // What belongs to no document is not kept.
    assert_eq!(read(&model, of(0, &a)), "59+1 x· EndOfGeneration after 2");
    let files = std::fs::read_dir(folder.path()).expect("it is there");
    assert_eq!(files.count(), 2);
}
