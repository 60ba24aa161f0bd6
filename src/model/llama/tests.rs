//! The real engine on a small model made on the spot. Nothing here depends on what it writes.

mod adapter;
pub(crate) mod fixture;
mod reuse;

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::*;
use crate::model::sequence::Sequence;
use crate::model::{
    Event, Generation, Job, Message, Priority, Reuse, Role, Sampling, Status, StopReason,
    Tokenizer, heal,
};
use fixture::{Gguf, N_CTX};

struct Fixture {
    model: Model,
    folder: tempfile::TempDir,
}

fn options(path: &Path) -> LoadOptions {
    LoadOptions {
        path: path.to_owned(),
        n_ctx: None,
        n_threads: Some(1),
        gpu_layers: Some(0),
        snapshots: None,
    }
}

fn open() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fixture.gguf");
    Gguf::default().write(&path);
    let model = Model::open(options(&path));
    model.ready_blocking().expect("the fixture loads");
    Fixture { model, folder }
}

fn job(model: &Model, prompt: &str, max_tokens: usize) -> Job {
    let tokenizer = model.tokenizer().expect("the model is ready");
    Job {
        prompt: tokenizer.tokenize(prompt),
        heal: Vec::new(),
        max_tokens,
        stop: Vec::new(),
        stop_tokens: Vec::new(),
        sampling: Sampling::Greedy,
        priority: Priority::Completion,
        ..Job::default()
    }
}

/// What a job answered, how many of its prompt's tokens were reused and how many computed.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    text: String,
    logprob: f32,
    n_reused: usize,
    n_computed: usize,
    reason: StopReason,
}

#[track_caller]
fn finish(mut generation: Generation) -> Answer {
    let (mut text, mut sum) = (String::new(), 0.0);
    while let Some(event) = generation.next_blocking() {
        match event {
            Event::Started { .. } | Event::Candidate { .. } => {}
            Event::Piece {
                text: piece,
                confidence,
            } => {
                text.push_str(&piece);
                sum += confidence.logprob;
            }
            Event::Done { reason, usage, .. } => {
                return Answer {
                    text,
                    logprob: sum,
                    n_reused: usage.n_reused,
                    n_computed: usage.n_computed,
                    reason,
                };
            }
            Event::Failed(error) => panic!("{error}"),
        }
    }
    panic!("the answer has no end");
}

#[test]
fn the_same_prompt_gets_the_same_answer() {
    let (a, b) = (open(), open());
    let answer = |model: &Model| finish(model.generate(job(model, "def f(x):", 20)));
    let first = answer(&a.model);
    assert!(!first.text.is_empty());
    assert!(first.logprob < 0.0);
    assert_eq!(first, answer(&b.model));
}

#[test]
fn a_second_prompt_computes_only_what_differs() {
    let Fixture { model, .. } = open();
    let prompt = "x = [a, b]\ny = [b, a]\n".repeat(5);
    let first = finish(model.generate(job(&model, &prompt, 4)));
    assert_eq!((first.n_reused, first.n_computed), (0, 110));
    let longer = finish(model.generate(job(&model, &format!("{prompt}zzz"), 4)));
    assert_eq!((longer.n_reused, longer.n_computed), (110, 3));
    let same = finish(model.generate(job(&model, &prompt, 4)));
    assert_eq!((same.n_reused, same.n_computed), (109, 1));
    let totals = model.usage_total();
    assert_eq!((totals.n_reused, totals.n_computed), (219, 114));
}

#[test]
fn a_cancelled_prompt_leaves_its_finished_batches_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fixture.gguf");
    Gguf::default().write(&path);

    // The engine itself is driven here, so that the interruption comes at an exact place.
    let (mut sequence, tokens) = sequence(&path);
    let prompt = tokens.tokenize(&"ab".repeat(100));
    assert_eq!(prompt.len(), 200);
    assert_eq!(sequence.prepare(&prompt, 1, Reuse::Exact), 0);
    let n = sequence.advance(&prompt, Outputs::Last, &|| false);
    assert_eq!(n, Ok(64));
    // The second batch is given up by llama.cpp's abort callback, in the middle of its graph.
    let n_asked = std::sync::atomic::AtomicUsize::new(0);
    let interrupted = || n_asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 10;
    let n = sequence.advance(&prompt[64..], Outputs::Last, &interrupted);
    assert_eq!(n, Ok(0));
    assert!(n_asked.into_inner() > 10);
    // The next prompt finds the first batch, and the context computes on.
    assert_eq!(sequence.prepare(&prompt, 1, Reuse::Exact), 64);
    let n = sequence.advance(&prompt[64..], Outputs::Last, &|| false);
    assert_eq!(n, Ok(64));
}

fn sequence(path: &Path) -> (Sequence<LlamaEngine>, Arc<LlamaTokens>) {
    Loading::by_hand(|loading| {
        let loaded = load(&options(path), loading).expect("the fixture loads");
        let tokens = loaded.engine.tokens.clone();
        (Sequence::new(loaded.engine), tokens)
    })
}

#[test]
fn dropping_a_generation_stops_it_and_the_next_one_goes_on() {
    let Fixture { model, .. } = open();
    let prompt = "ab".repeat(100);
    drop(model.generate(job(&model, &prompt, 300)));
    let answer = finish(model.generate(job(&model, &prompt, 4)));
    assert_eq!(answer.n_reused + answer.n_computed, 200);
    assert_eq!(answer.reason, StopReason::MaxTokens);
}

#[test]
fn an_answer_begins_with_the_healed_bytes_and_does_not_repeat_them() {
    let Fixture { model, .. } = open();
    let tokenizer = model.tokenizer().expect("the model is ready");
    let mut prompt = tokenizer.tokenize("x de");
    let n_before = prompt.len();
    let healed = heal(tokenizer.as_ref(), &mut prompt);
    assert_eq!(healed, b"de");
    assert_eq!(prompt.len(), n_before - 1);
    let answer = finish(model.generate(Job {
        prompt,
        heal: healed,
        ..job(&model, "", 1)
    }));
    assert!(answer.logprob.is_finite());
    assert_eq!(answer.reason, StopReason::MaxTokens);
}

#[test]
fn an_explanation_and_a_completion_do_not_touch_each_others_cache() {
    let Fixture { model, .. } = open();
    let prompt = "ab".repeat(50);
    let other = "cd".repeat(50);
    let explain = |text| Job {
        priority: Priority::Explanation,
        ..job(&model, text, 8)
    };
    finish(model.generate(job(&model, &prompt, 2)));
    finish(model.generate(explain(&other)));
    assert_eq!(finish(model.generate(job(&model, &prompt, 2))).n_reused, 99);
    assert_eq!(finish(model.generate(explain(&other))).n_reused, 99);
}

#[test]
fn scores_are_the_log_probabilities_that_decoding_reports() {
    let Fixture { model, .. } = open();
    let prompt = "def f(x):";
    let answer = finish(model.generate(job(&model, prompt, 12)));
    let tokenizer = model.tokenizer().expect("the model is ready");
    // One token a character here, so that the answer's tokens are those that were decoded.
    let n_prompt = tokenizer.tokenize(prompt).len();
    let tokens = tokenizer.tokenize(&format!("{prompt}{}", answer.text));
    let n_tokens = tokens.len();
    let scores = model.score_blocking(tokens).expect("it fits");
    assert_eq!(scores.len(), n_tokens - 1);
    if n_tokens == n_prompt + 12 {
        let sum: f32 = scores[n_prompt - 1..].iter().sum();
        assert!(
            (sum - answer.logprob).abs() < 0.05,
            "{sum} {}",
            answer.logprob
        );
    }
    assert!(scores.iter().all(|score| *score <= 0.0));
}

#[test]
fn a_prompt_that_fills_the_context_is_refused_and_one_token_less_is_not() {
    let Fixture { model, .. } = open();
    let mut generation = model.generate(job(&model, &"x,".repeat(N_CTX as usize / 2), 4));
    assert_eq!(
        generation.next_blocking(),
        Some(Event::Failed(ModelError::ContextFull {
            needed: N_CTX as usize + 1,
            available: N_CTX as usize,
        }))
    );
    assert_eq!(generation.next_blocking(), None);
    let mut almost = "x,".repeat(N_CTX as usize / 2);
    almost.pop();
    let answer = finish(model.generate(job(&model, &almost, 4)));
    assert_eq!(answer.n_computed, N_CTX as usize - 1);
    let n_tokens = vec![0; N_CTX as usize + 1];
    assert!(matches!(
        model.score_blocking(n_tokens),
        Err(ModelError::ContextFull { .. })
    ));
}

#[test]
fn a_token_the_vocabulary_does_not_have_is_refused() {
    let Fixture { model, .. } = open();
    let mut generation = model.generate(Job {
        prompt: vec![0, 9999],
        ..job(&model, "", 4)
    });
    let failure = generation.next_blocking();
    assert!(
        matches!(failure, Some(Event::Failed(ModelError::Compute(_)))),
        "{failure:?}"
    );
    assert_eq!(finish(model.generate(job(&model, "abc", 1))).n_computed, 3);
}

#[test]
fn text_comes_back_from_its_tokens_and_special_tokens_are_not_read_from_it() {
    let Fixture { model, .. } = open();
    let tokenizer = model.tokenizer().expect("the model is ready");
    let text = "def f(x):\r\n\treturn \"<|fim_middle|>é中\"  # \u{2028}";
    let tokens = tokenizer.tokenize(text);
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|&token| tokenizer.bytes(token).iter().copied())
        .collect();
    assert_eq!(String::from_utf8_lossy(&bytes), text);
    let middle = tokenizer.special("<|fim_middle|>");
    assert!(middle.is_some());
    assert_eq!(tokenizer.fim_tokens().middle, middle);
    assert_eq!(tokenizer.bytes(middle.unwrap_or(0)), b"");
    assert!(!tokens.contains(&middle.unwrap_or(0)));
    assert_eq!(tokenizer.tokenize(""), Vec::<Token>::new());
}

#[test]
fn a_conversation_follows_the_chat_template_and_no_message_ends_its_own_turn() {
    let Fixture { model, .. } = open();
    let tokenizer = model.tokenizer().expect("the model is ready");
    let message = Message {
        role: Role::User,
        content: "<|im_end|>".to_owned(),
    };
    let tokens = tokenizer.chat(&[message]).expect("the fixture chats");
    let count = |spelling| {
        let special = tokenizer.special(spelling);
        let is_it = |token: &&Token| Some(**token) == special;
        tokens.iter().filter(is_it).count()
    };
    assert_eq!((count("<|im_start|>"), count("<|im_end|>")), (2, 1));
    let text: Vec<u8> = tokens
        .iter()
        .flat_map(|&token| tokenizer.bytes(token).iter().copied())
        .collect();
    assert_eq!(
        String::from_utf8_lossy(&text),
        "user\n<|im_end|>\nassistant\n"
    );
}

/// Text that is hard on a tokenizer, and text that is not.
const HOSTILE: &str = "x = 1234567 + 0x1F_00  # naïve café 漢字 🙂\r\n\tdef f(a, *, b=None):\n\n\n        \
    return \"<|fim_prefix|>\" % {'k': 12}   \n\u{a0}\u{200b}\u{feff} e\u{301} \x0c\0\n    \n \n  \n\t\t\n\
    \r\r\n  \u{2028} y\n ½ Ⅻ ²\n):\n\n    z.\n\n\n  # last line without end";

#[track_caller]
fn check_lines(path: &Path) {
    Loading::by_hand(|loading| {
        let weights = Weights::load(path, 0, loading).expect("the model loads");
        let tokens = LlamaTokens::new(Arc::new(weights));
        for text in [
            HOSTILE,
            include_str!("lines.rs"),
            include_str!("../worker.rs"),
        ] {
            // Twice, because the second time the lines are known.
            for _ in 0..2 {
                assert_eq!(tokens.tokenize(text), tokens.tokenize_whole(text));
            }
        }
    });
}

#[test]
fn text_has_the_same_tokens_line_by_line_and_as_a_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fixture.gguf");
    Gguf::default().write(&path);
    check_lines(&path);
}

#[test]
fn the_shipped_model_tokenizes_line_by_line_too() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default.gguf");
    let path = std::env::var_os("MIDFILL_TEST_MODEL").map_or(shipped, PathBuf::from);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return;
    }
    check_lines(&path);
}

/// Opens a file with these bytes and shows what is wrong with it.
#[track_caller]
fn check_failure(name: &str, bytes: Option<Vec<u8>>, expected: Expect) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path: PathBuf = folder.path().join(name);
    if let Some(bytes) = bytes {
        std::fs::write(&path, bytes).expect("a temporary folder can be written");
    }
    let model = Model::open(options(&path));
    let error = model.ready_blocking().expect_err("the file is no model");
    assert_eq!(model.status(), Status::Failed(error.to_string()));
    let shown = match &error {
        ModelError::Unreadable { reason, .. } => format!("unreadable: {reason}"),
        ModelError::Corrupt { reason, .. } => format!("corrupt: {reason}"),
        other => other.to_string(),
    };
    expected.assert_eq(&shown);
    // Jobs are answered, too.
    let tokenizer_less = Job {
        prompt: vec![1],
        heal: Vec::new(),
        max_tokens: 1,
        stop: Vec::new(),
        stop_tokens: Vec::new(),
        sampling: Sampling::Greedy,
        priority: Priority::Completion,
        ..Job::default()
    };
    let mut generation = model.generate(tokenizer_less);
    assert_eq!(generation.next_blocking(), Some(Event::Failed(error)));
}

#[test]
fn a_file_that_is_not_there() {
    check_failure(
        "missing.gguf",
        None,
        expect!["unreadable: No such file or directory (os error 2)"],
    );
}

#[test]
fn a_folder_instead_of_a_file() {
    check_failure(".", None, expect!["unreadable: it is a folder, not a file"]);
}

#[test]
fn an_empty_file() {
    check_failure(
        "empty.gguf",
        Some(Vec::new()),
        expect!["corrupt: the file is empty"],
    );
}

#[test]
fn a_file_of_another_kind() {
    check_failure(
        "notes.gguf",
        Some(b"# Notes\n".to_vec()),
        expect!["corrupt: it is not a GGUF file"],
    );
}

#[test]
fn a_pointer_left_by_git_lfs() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec();
    check_failure(
        "pointer.gguf",
        Some(pointer),
        expect!["corrupt: it is a Git LFS pointer, not the weights (`git lfs pull` fetches them)"],
    );
}

#[test]
fn a_file_cut_short() {
    let mut bytes = Gguf::default().bytes();
    bytes.truncate(bytes.len() - 1000);
    check_failure(
        "cut.gguf",
        Some(bytes),
        expect![
            "corrupt: tensor 'blk.1.ffn_down.weight' data is not within the file bounds, model is corrupted or incomplete"
        ],
    );
}

#[test]
fn a_file_cut_short_in_its_metadata() {
    let mut bytes = Gguf::default().bytes();
    bytes.truncate(700);
    check_failure(
        "head.gguf",
        Some(bytes),
        expect!["corrupt: failed to read key-value pairs"],
    );
}

#[test]
fn an_architecture_nobody_knows() {
    let bytes = Gguf {
        architecture: "gpt9",
        ..Gguf::default()
    }
    .bytes();
    check_failure(
        "gpt9.gguf",
        Some(bytes),
        expect!["corrupt: unknown model architecture: 'gpt9'"],
    );
}

#[test]
fn a_file_without_weights() {
    let bytes = Gguf {
        with_tensors: false,
        ..Gguf::default()
    }
    .bytes();
    check_failure(
        "bare.gguf",
        Some(bytes),
        expect!["corrupt: tensor 'token_embd.weight' not found"],
    );
}

#[test]
fn a_closed_model_gives_up_its_thread() {
    let Fixture { model, .. } = open();
    let generation = model.generate(job(&model, "abc", 400));
    drop(model);
    let mut generation = generation;
    let mut last = None;
    while let Some(event) = generation.next_blocking() {
        last = Some(event);
    }
    // Either it was done by then, or it was told that the model is gone.
    assert!(matches!(
        last,
        Some(Event::Done { .. } | Event::Failed(ModelError::Gone(_)))
    ));
}
