//! The writer on a scripted engine: guesses change no answer, a search finds what is sure.

use std::cell::RefCell;
use std::time::Duration;

use expect_test::{Expect, expect};

use crate::model::drafts::{N_REST, Worth};
use crate::model::scripted::{Answer, Gate, Script};
use crate::model::sequence::{Outputs, Sequence};
use crate::model::worker::tests::{check_jobs, job, transcript};
use crate::model::worker::{Counters, Engine as _};
use crate::model::writer::{Turn, Writer};
use crate::model::{Event, Job, Model, Priority, Sampling, Usage};

/// What answers are, with guessing as without. Guesses must have been made and some been right; how
/// many is a matter of time.
#[track_caller]
fn check_guessing(script: &Script, prompts: &[&str], expected: Expect) {
    let mut lines = Vec::new();
    for prompt in prompts {
        let [without, with] = [false, true].map(|guess| {
            let model = Model::scripted(script.clone());
            let mut generation = model.generate(Job {
                guess,
                ..job(prompt)
            });
            let mut pieces = Vec::new();
            loop {
                match generation.next_blocking().expect("it ends with Done") {
                    Event::Piece { text, confidence } => pieces.push((text, confidence)),
                    Event::Done {
                        reason,
                        ending,
                        usage,
                    } => return ((pieces, reason, ending, usage.n_decoded), usage),
                    _ => {}
                }
            }
        });
        assert_eq!(without.0, with.0);
        assert_eq!((without.1.n_drafted, without.1.n_accepted), (0, 0));
        assert!((1..=with.1.n_drafted).contains(&with.1.n_accepted));
        let (pieces, reason, _, n_decoded) = without.0;
        let text: String = pieces.into_iter().map(|(text, _)| text).collect();
        lines.push(format!("{text:?} {reason:?} after {n_decoded}\n"));
    }
    expected.assert_eq(&lines.concat());
}

#[test]
fn guesses_change_what_an_answer_costs_and_nothing_else() {
    let script = Script::new().answers(|prompt| match prompt {
        prompt if prompt.contains("width") => "self.width = width\n",
        _ => "abcabcabcabcabcabd",
    });
    check_guessing(
        &script,
        &["self.height = height\nself.width = width\nself.", "x = "],
        expect![[r#"
            "self.width = width\n" EndOfGeneration after 20
            "abcabcabcabcabcabd" EndOfGeneration after 19
        "#]],
    );
}

#[test]
fn a_batch_of_guesses_keeps_to_the_batch_and_the_context() {
    check_guessing(
        &Script::new()
            .n_batch(3)
            .n_ctx(24)
            .answers(|_| "abcabcabcabcabcabc"),
        &["x = abcabc"],
        expect![[r#"
            "abcabcabcabcab" MaxTokens after 14
        "#]],
    );
}

#[test]
fn a_model_that_only_grows_is_never_ahead_of_itself() {
    let guessing = Job {
        guess: true,
        ..job("x = abcabcabc")
    };
    check_jobs(
        Script::new().only_grows().answers(|_| "abcabx"),
        &[guessing],
        expect![[r#"
            0+13 a·b·c·a·b·x· EndOfGeneration after 7
        "#]],
    );
}

/// Writes the answer to a prompt in a row of batches whose worth is noted.
#[track_caller]
fn write(worth: &RefCell<Worth>, script: Script, job: &Job) {
    let mut sequence = Sequence::new(script.engine());
    let n_read = sequence.fill(&job.prompt, Outputs::Last, &|| false);
    assert_eq!(n_read, Ok(job.prompt.len()));
    let engine = sequence.engine_mut();
    engine.begin_answer(job).expect("the script has an answer");
    let (events, _listener) = tokio::sync::mpsc::unbounded_channel();
    let writer = Writer {
        sequence: &mut sequence,
        job,
        events: &events,
        counters: &Counters::default(),
        worth,
        turn: &mut || Turn::Go,
        interrupted: &|| false,
    };
    writer.write(Usage::default()).expect("it writes");
}

#[test]
fn guesses_that_are_right_to_the_end_of_an_answer_are_counted() {
    let script = Script::new().answers(|_| "width = width\nself");
    let worth = RefCell::default();
    let prompt = "self.height = height\nself.width = width\nself.";
    let guessing = Job {
        guess: true,
        ..job(prompt)
    };
    let ends = [
        Job {
            stop: vec!["h = ".to_owned()],
            ..guessing.clone()
        },
        Job {
            max_tokens: 8,
            ..guessing.clone()
        },
    ];
    for (n_before, end) in ends.iter().enumerate() {
        write(&worth, script.clone(), end);
        assert_eq!(worth.borrow().n_tried(), n_before + 1);
    }
}

#[test]
fn where_there_is_nothing_to_guess_no_trial_is_used_up() {
    let mut worth = Worth::default();
    worth.took(0, Duration::from_secs(10));
    for _ in 0..3 {
        worth.took(8, Duration::from_secs(30));
        worth.were_right(0);
    }
    let worth = RefCell::new(worth);
    // Every character once.
    let script = Script::new().answers(|_| (' '..='~').collect::<String>());
    let guessing = Job {
        guess: true,
        ..job("x")
    };
    write(&worth, script, &guessing);
    let n_rested = (0..).take_while(|_| !worth.borrow_mut().wants()).count();
    assert_eq!(n_rested, N_REST);
}

/// A line found by a search.
fn beam(prompt: &str, width: usize, n_lines: usize) -> Job {
    Job {
        sampling: Sampling::Beam { width, n_lines },
        stop: vec!["\n".to_owned()],
        ..job(prompt)
    }
}

#[test]
fn a_sure_line_is_found_by_a_search_as_it_is_by_a_greedy_choice() {
    check_jobs(
        Script::new().answers(|_| "ab\ncd"),
        &[beam("x = ", 3, 1), beam("x = ab", 3, 1), beam("y", 1, 1)],
        expect![[r#"
            0+4 a·b· StopString after 7
            5+1 a·b· StopString after 7
            0+1 a·b· StopString after 3
        "#]],
    );
}

#[test]
fn a_model_that_only_grows_writes_without_a_search() {
    check_jobs(
        Script::new().only_grows().answers(|_| "ab\ncd"),
        &[beam("x = ", 3, 1)],
        expect![[r#"
            0+4 a·b· StopString after 3
        "#]],
    );
}

/// A greedy choice begins with the likeliest letter and is unsure of all that follows.
fn misled() -> Answer {
    Answer::pieces([("g", -0.7), ("reedy", -0.6), ("\n", 0.0)]).or("sure\n", -0.8)
}

#[test]
fn a_search_finds_the_line_that_a_greedy_choice_misses() {
    let greedy = Job {
        sampling: Sampling::Greedy,
        ..beam("x = ", 1, 1)
    };
    check_jobs(
        Script::new().answers(|_| misled()),
        &[
            greedy,
            beam("y = ", 3, 1),
            beam("z = ", 3, 2),
            beam("y = sure", 3, 1),
        ],
        expect![[r#"
            0+4 g·r·e·e·d·y· StopString after 7
            0+4 s·u·r·e· StopString after 11
            0+4 s·u·r·e·or greedy  StopString after 14
            0+8 s·u·r·e· StopString after 11
        "#]],
    );
}

/// Four lines that part at their first letters.
fn four_ways() -> Answer {
    Answer::pieces([("a", -1.2), ("bcdefghij", 0.0)])
        .or("klmnopqrst", -1.3)
        .or("uvwxyzuvwx", -1.5)
        .or("0123456789", -1.8)
}

#[test]
fn a_search_narrows_where_its_hypotheses_fill_the_context_they_share() {
    check_jobs(
        Script::new().n_ctx(40).answers(|_| four_ways()),
        &[
            beam("x = ", 4, 4),
            beam("x = 12345678901234", 4, 4),
            beam("y = 1234567890123456789012345678901", 4, 4),
            beam("z = 12345678901234567890123456789012345", 4, 4),
        ],
        expect![[r#"
            0+4 a·b·c·d·e·f·g·h·i·j·or klmnopqrst or uvwxyzuvwx  EndOfGeneration after 40
            4+14 a·b·c·d·e·f·g·h·i·j·or klmnopqrst  EndOfGeneration after 38
            0+35 a·b·c·d·e· MaxTokens after 10
            0+39 a·or k or u or 0  MaxTokens after 1
        "#]],
    );
}

#[test]
fn a_search_that_nobody_waits_for_leaves_the_cache_to_the_next_job() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().gated(&gate).answers(|_| four_ways()));
    let cancelled = model.generate(beam("x = ", 4, 4));
    gate.let_through(4 + 3);
    gate.wait_until_reached();
    drop(cancelled);
    let mut next = model.generate(beam("x = k", 4, 4));
    let mut last = model.generate(beam("x = kl", 4, 4));
    gate.open();
    expect![[r#"
        4+1 a·b·c·d·e·f·g·h·i·j·or klmnopqrst or uvwxyzuvwx or 0123456789  EndOfGeneration after 41
        5+1 a·b·c·d·e·f·g·h·i·j·or klmnopqrst or uvwxyzuvwx or 0123456789  EndOfGeneration after 41"#]].assert_eq(&format!(
        "{}\n{}",
        transcript(&mut next),
        transcript(&mut last)
    ));
}

#[test]
fn a_search_in_the_background_gives_up_for_a_completion() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().gated(&gate).answers(|_| four_ways()));
    let mut searching = model.generate(Job {
        priority: Priority::Background,
        ..beam("x = ", 4, 4)
    });
    gate.let_through(4 + 3);
    gate.wait_until_reached();
    let mut next = model.generate(beam("x = a", 4, 4));
    gate.open();
    expect![[r#"
        0+4 a·b·c·d· Interrupted after 13
        4+1 a·b·c·d·e·f·g·h·i·j·or klmnopqrst or uvwxyzuvwx or 0123456789  EndOfGeneration after 41"#]].assert_eq(&format!(
        "{}\n{}",
        transcript(&mut searching),
        transcript(&mut next)
    ));
}
