//! The worker on a scripted engine: order, reuse, cancelling, healing, stops.

mod adapter;

mod background;

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use tokio::sync::mpsc;

use super::{Queue, Work, Worker};
use crate::model::documents::Documents;
use crate::model::scripted::{Answer, Gate, Script, Tokens};
use crate::model::sequence::Sequence;
use crate::model::{
    Event, Generation, Job, Model, ModelError, Priority, Sampling, Status, Tokenizer, heal,
};

/// A job whose prompt is ordinary text, one token a byte.
pub(crate) fn job(prompt: &str) -> Job {
    Job {
        prompt: Tokens::default().tokenize(prompt),
        heal: Vec::new(),
        max_tokens: 100,
        stop: Vec::new(),
        stop_tokens: Vec::new(),
        sampling: Sampling::Greedy,
        priority: Priority::Completion,
        ..Job::default()
    }
}

fn explanation(prompt: &str) -> Job {
    Job {
        priority: Priority::Explanation,
        ..job(prompt)
    }
}

/// The events of an answer in one line: tokens reused and computed, pieces, reason.
pub(crate) fn transcript(generation: &mut Generation) -> String {
    let mut line = String::new();
    while let Some(event) = generation.next_blocking() {
        let shown = match event {
            Event::Started {
                n_reused,
                n_computed,
            } => format!("{n_reused}+{n_computed} "),
            Event::Piece { text, .. } => format!("{text}·"),
            Event::Candidate { pieces, .. } => {
                let text: String = pieces.into_iter().map(|(text, _)| text).collect();
                format!("or {text} ")
            }
            Event::Done { reason, usage, .. } => format!(" {reason:?} after {}", usage.n_decoded),
            Event::Failed(error) => format!("failed: {error}"),
        };
        line.push_str(&shown);
    }
    line
}

/// Runs jobs one after the other.
#[track_caller]
pub(crate) fn check_jobs(script: Script, jobs: &[Job], expected: Expect) {
    let model = Model::scripted(script);
    let lines: Vec<_> = jobs
        .iter()
        .map(|job| transcript(&mut model.generate(job.clone())) + "\n")
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn an_answer_starts_comes_in_pieces_and_ends() {
    check_jobs(
        Script::new().says("a + b"),
        &[job("def add(a, b):\n    return ")],
        expect![[r#"
            0+26 a· ·+· ·b· EndOfGeneration after 6
        "#]],
    );
}

#[test]
fn the_next_prompt_reuses_prompt_and_answer() {
    check_jobs(
        Script::new().says("ab").says("c").says("d"),
        &[job("x = "), job("x = ab"), job("x = yy")],
        expect![[r#"
            0+4 a·b· EndOfGeneration after 3
            5+1 c· EndOfGeneration after 2
            4+2 d· EndOfGeneration after 2
        "#]],
    );
}

#[test]
fn an_answer_stops_at_the_limit_at_a_stop_string_and_at_a_stop_token() {
    let middle = Tokens::default().special("<|fim_middle|>");
    check_jobs(
        Script::new().answers(|_| "one\ntwo"),
        &[
            Job {
                max_tokens: 2,
                ..job("a")
            },
            Job {
                stop: vec!["\n".to_owned()],
                ..job("b")
            },
            Job {
                stop_tokens: Tokens::default().tokenize("e"),
                ..job("c")
            },
            Job {
                stop_tokens: middle.into_iter().collect(),
                ..job("d")
            },
            Job {
                max_tokens: 0,
                ..job("e")
            },
        ],
        expect![[r#"
            0+1 o·n· MaxTokens after 2
            0+1 o·n·e· StopString after 4
            0+1 o·n· EndOfGeneration after 3
            0+1 o·n·e·
            ·t·w·o· EndOfGeneration after 8
            0+1  MaxTokens after 0
        "#]],
    );
}

#[test]
fn an_answer_ends_where_the_context_does() {
    check_jobs(
        Script::new().n_ctx(8).answers(|_| "abcdefgh"),
        &[job("12345"), job("1234567"), job("12345678"), job("")],
        expect![[r#"
            0+5 a·b·c· MaxTokens after 3
            5+2 a· MaxTokens after 1
            failed: the prompt has 9 tokens but the context holds 8. Raise --context, or select less.
            failed: the model could not compute: the prompt is empty. Try --gpu-layers 0, or a smaller --context.
        "#]],
    );
}

#[test]
fn healed_bytes_are_written_but_not_answered() {
    let words = &["return", " x"];
    let tokens = Tokens::new(words);
    let mut prompt = tokens.tokenize("    ret");
    let healed = heal(&tokens, &mut prompt);
    assert_eq!(healed, b"ret");
    check_jobs(
        Script::new().words(words).answers(|_| "urn x"),
        &[
            Job {
                prompt: prompt.clone(),
                heal: healed,
                ..job("")
            },
            // Without healing the word can only be spelled letter by letter.
            Job {
                prompt: tokens.tokenize("    ret"),
                ..job("")
            },
        ],
        expect![[r#"
            0+4 urn· x· EndOfGeneration after 3
            4+3 u·r·n· x· EndOfGeneration after 5
        "#]],
    );
}

#[test]
fn log_probabilities_are_those_of_the_script() {
    let model = Model::scripted(Script::new().says(Answer::pieces([
        ("a", -0.25),
        ("b", -2.0),
        ("c", 0.0),
    ])));
    let mut generation = model.generate(job("x"));
    let mut logprobs = Vec::new();
    while let Some(event) = generation.next_blocking() {
        if let Event::Piece { confidence, .. } = event {
            logprobs.push((confidence.logprob * 1000.0).round() / 1000.0);
        }
    }
    assert_eq!(logprobs, [-0.25, -2.0, 0.0]);
}

#[test]
fn a_cancelled_prompt_is_not_lost() {
    let gate = Gate::closed();
    let script = Script::new().gated(&gate).n_batch(4).says("done");
    let record = script.record();
    let model = Model::scripted(script);
    let cancelled = model.generate(job("0123456789"));
    gate.let_through(6);
    gate.wait_until_reached();
    drop(cancelled);
    let mut next = model.generate(job("0123456789"));
    gate.open();
    assert_eq!(
        transcript(&mut next),
        "6+4 d·o·n·e· EndOfGeneration after 5"
    );
    assert_eq!(record.prompts(), ["0123456789"]);
    assert_eq!(model.usage_total().n_computed, 10);
}

#[test]
fn a_cancelled_answer_is_not_lost() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().gated(&gate).says("abcdef").says("z"));
    let cancelled = model.generate(job("xy"));
    gate.let_through(2 + 3);
    gate.wait_until_reached();
    drop(cancelled);
    let mut next = model.generate(job("xyabcd"));
    gate.open();
    // The prompt's two tokens and the answer's first three were computed.
    assert_eq!(transcript(&mut next), "5+1 z· EndOfGeneration after 2");
}

#[test]
fn a_job_cancelled_in_the_queue_costs_nothing() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().gated(&gate).answers(|_| ""));
    let mut first = model.generate(job("a"));
    gate.wait_until_reached();
    drop(model.generate(job("never read")));
    let mut last = model.generate(job("b"));
    gate.open();
    assert_eq!(transcript(&mut first), "0+1  EndOfGeneration after 1");
    assert_eq!(transcript(&mut last), "0+1  EndOfGeneration after 1");
    assert_eq!(model.usage_total().n_computed, 2);
}

#[test]
fn a_completion_passes_an_explanation_between_tokens_and_nothing_is_computed_twice() {
    let gate = Gate::closed();
    let script = Script::new()
        .gated(&gate)
        .n_batch(4)
        .answers(|prompt| if prompt == "explain" { "It adds." } else { "+" });
    let record = script.record();
    let model = Model::scripted(script);
    let mut explaining = model.generate(explanation("explain"));
    // Five of its seven prompt tokens; then a completion comes.
    gate.let_through(5);
    gate.wait_until_reached();
    let mut completing = model.generate(job("a "));
    gate.let_through(3);
    assert_eq!(
        transcript(&mut completing),
        "0+2 +· EndOfGeneration after 2"
    );
    // The rest of the prompt and three tokens of the answer; then another.
    gate.let_through(2 + 3);
    gate.wait_until_reached();
    let mut completing = model.generate(job("a b "));
    gate.let_through(3);
    assert_eq!(
        transcript(&mut completing),
        "2+2 +· EndOfGeneration after 2"
    );
    gate.open();
    assert_eq!(
        transcript(&mut explaining),
        "0+7 I·t· ·a·d·d·s·.· EndOfGeneration after 9"
    );
    assert_eq!(record.prompts(), ["a ", "explain", "a b "]);
    assert_eq!(model.usage_total().n_computed, 7 + 2 + 2);
}

#[test]
fn jobs_wait_for_loading() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().loads_behind(&gate).says("ok"));
    let mut early = model.generate(job("x"));
    assert_eq!(model.status(), Status::Loading(0.0));
    assert!(model.tokenizer().is_none());
    gate.open();
    assert_eq!(transcript(&mut early), "0+1 o·k· EndOfGeneration after 3");
    let info = model.ready_blocking().expect("it is loaded");
    assert_eq!(model.status(), Status::Ready(info));
    assert!(model.tokenizer().is_some());
}

#[test]
fn a_model_that_does_not_load_answers_every_job_with_the_reason() {
    let gate = Gate::closed();
    let error = ModelError::Corrupt {
        path: "model.gguf".into(),
        reason: "it is not a GGUF file".to_owned(),
    };
    let model = Model::scripted(
        Script::new()
            .loads_behind(&gate)
            .fails_to_load(error.clone()),
    );
    let mut early = model.generate(job("x"));
    gate.open();
    assert_eq!(early.next_blocking(), Some(Event::Failed(error.clone())));
    assert_eq!(model.ready_blocking(), Err(error.clone()));
    let mut late = model.generate(job("x"));
    assert_eq!(late.next_blocking(), Some(Event::Failed(error.clone())));
    assert_eq!(late.next_blocking(), None);
    assert_eq!(model.score_blocking(vec![1, 2]), Err(error));
}

#[test]
fn a_failure_ends_one_answer_and_not_the_model() {
    let error = ModelError::Compute("out of memory".to_owned());
    let model = Model::scripted(Script::new().says(error.clone()).says("ok"));
    let mut failing = model.generate(job("x"));
    assert_eq!(failing.next_blocking(), Some(Event::Failed(error)));
    assert_eq!(
        transcript(&mut model.generate(job("x"))),
        "0+1 o·k· EndOfGeneration after 3"
    );
}

#[test]
fn a_panic_in_the_model_thread_reaches_nobody_as_a_panic() {
    let model = Model::scripted(Script::new().answers(|_| -> &str { panic!("a broken rule") }));
    let mut generation = model.generate(job("x"));
    let ends = |event| matches!(event, Some(Event::Failed(ModelError::Gone(_))));
    assert!(ends(generation.next_blocking()));
    // The thread may still be unwinding here; either way there is an answer.
    assert!(ends(model.generate(job("y")).next_blocking()));
}

#[test]
fn the_last_handle_ends_the_model_in_the_middle_of_an_answer() {
    let gate = Gate::closed();
    let model = Model::scripted(Script::new().gated(&gate).says("abc"));
    let mut generation = model.generate(job("x"));
    gate.let_through(2);
    gate.wait_until_reached();
    drop(model);
    assert_eq!(
        transcript(&mut generation),
        "0+1 a·b·failed: the model stopped working: it ended in the middle of an answer. Restart \
         the server; if it happens again, `midfill doctor` tells more."
    );
}

#[test]
fn scores_are_one_for_each_token_but_the_first() {
    let model = Model::scripted(Script::new().n_batch(2).n_ctx(4));
    // A script that says nothing leaves all tokens equally likely.
    let n_vocab = model.ready_blocking().expect("it is loaded").n_vocab;
    let scores = model.score_blocking(vec![1, 2, 3, 4]).expect("it fits");
    assert_eq!(scores.len(), 3);
    for score in scores {
        assert!((score + (n_vocab as f32).ln()).abs() < 1e-4);
    }
    assert_eq!(model.score_blocking(vec![1]), Ok(Vec::new()));
    assert_eq!(model.score_blocking(Vec::new()), Ok(Vec::new()));
    assert_eq!(
        model.score_blocking(vec![1; 5]),
        Err(ModelError::ContextFull {
            needed: 5,
            available: 4
        })
    );
}

#[test]
fn everything_works_from_async_code_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let model = Model::scripted(Script::new().says("ok"));
        model.ready().await.expect("it loads");
        let mut generation = model.generate(job("x"));
        let mut n_events = 0;
        while generation.next().await.is_some() {
            n_events += 1;
        }
        assert_eq!(n_events, 4);
        assert_eq!(model.score(vec![1]).await, Ok(Vec::new()));
        let speed = model.measure(Duration::ZERO).await.expect("it computes");
        assert!(speed.prefill_tokens_per_s > 0.0);
        assert!(speed.decode_tokens_per_s > 0.0);
    });
}

#[test]
fn a_given_text_is_weighed_behind_the_cached_prompt() {
    let model = Model::scripted(Script::new().says(Answer::pieces([("ab", -0.5)])));
    let job = job("x = ");
    transcript(&mut model.generate(job.clone()));
    let before = model.usage_total();
    let weigh = |given: &str| {
        let given = Tokens::default().tokenize(given);
        let weighed = model.weigh_blocking(job.clone(), given).expect("computes");
        weighed.expect("this cache can be cut")
    };
    let said = weigh("ab");
    let total: f32 = said.logprobs.iter().sum();
    assert!((total + 1.0).abs() < 1e-4, "{said:?}");
    assert!(said.line_end > -1e-3, "{said:?}");
    let other = weigh("ac");
    assert!((other.logprobs[0] + 0.5).abs() < 1e-4 && other.logprobs[1] < -2.0);
    let after = model.usage_total();
    // The prompt's last token and the two that are weighed, each time.
    assert_eq!(after.n_computed - before.n_computed, 6);
    assert_eq!(after.n_reused - before.n_reused, 6);
}

#[test]
fn a_weighed_text_begins_with_what_was_healed() {
    let script = Script::new().words(&["return"]).says("urn x");
    let model = Model::scripted(script);
    let tokens = Tokens::new(&["return"]);
    let job = Job {
        heal: b"ret".to_vec(),
        ..job("    ")
    };
    transcript(&mut model.generate(job.clone()));
    let weighed = model.weigh_blocking(job, tokens.tokenize("return x"));
    let weighed = weighed.expect("computes").expect("this cache can be cut");
    let total: f32 = weighed.logprobs.iter().sum();
    assert!(weighed.logprobs.len() == 3 && total > -1e-3, "{weighed:?}");
}

#[test]
fn nothing_is_weighed_where_the_prompt_would_be_read_again() {
    let model = Model::scripted(Script::new().only_grows().says("a").says("b"));
    transcript(&mut model.generate(job("x = ")));
    transcript(&mut model.generate(job("x = b")));
    let given = Tokens::default().tokenize("c");
    assert_eq!(model.weigh_blocking(job("x = b"), given), Ok(None));
}

#[test]
fn what_a_completion_learns_while_it_passes_an_explanation_is_kept() {
    let asked = |job| {
        let (events, listener) = mpsc::unbounded_channel();
        let work = Work::Answer {
            job,
            events,
            asked: Instant::now(),
        };
        (work, listener)
    };
    let queue = Arc::new(Queue::new());
    let (completion, _listener) = asked(Job {
        guess: true,
        ..job("abcabca")
    });
    let waiting = Mutex::new(Some(completion));
    let lane = queue.clone();
    let script = Script::new().answers(move |prompt| {
        if prompt != "explain" {
            return "bcabcabc";
        }
        // The explanation is about to be written.
        let completion = waiting.lock().expect("nobody panicked").take();
        assert!(completion.is_some_and(|it| lane.push(Priority::Completion, it).is_ok()));
        "It adds."
    });
    let mut worker = Worker {
        documents: Documents::new(0, None),
        completion: Some(Sequence::new(script.engine())),
        explanation: None,
        worth: Rc::default(),
        queue: &queue,
        counters: Arc::default(),
    };
    let (explaining, _other) = asked(explanation("explain"));
    worker.work(explaining);
    assert_eq!(worker.worth.borrow().n_tried(), 2);
}
