//! The writer on a scripted engine: guesses change no answer, a search finds what is sure.

use expect_test::{Expect, expect};

use crate::model::scripted::Script;
use crate::model::worker::tests::{check_jobs, job};
use crate::model::{Event, Job, Model, Sampling};

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
