use std::sync::atomic::Ordering;

use expect_test::{Expect, expect};

use super::*;
use crate::model::Tokenizer;
use crate::model::scripted::{Script, Tokens};
use crate::seeded::Seeded;

fn tokens(text: &str) -> Vec<Token> {
    Tokens::default().tokenize(text)
}

fn sequence(script: Script) -> Sequence<impl Engine> {
    Sequence::new(script.engine())
}

/// Reads prompt after prompt into one cache; one line each: computed tokens stand in ⟦ ⟧.
#[track_caller]
fn check_reuse(script: Script, reuse: Reuse, prompts: &[&str], expected: Expect) {
    let mut sequence = sequence(script);
    let mut transcript = String::new();
    for prompt in prompts {
        let tokens = tokens(prompt);
        let n_reused = sequence.prepare(&tokens, 1, reuse);
        let mut shown = String::new();
        let mut n_computed = 0;
        let mut end = 0;
        while sequence.len() < tokens.len() {
            let start = sequence.len();
            let n = sequence
                .fill(&tokens, Outputs::Last, &|| false)
                .expect("the script does not fail");
            shown.push_str(&prompt[end..start]);
            shown.push_str(&format!("⟦{}⟧", &prompt[start..start + n]));
            end = start + n;
            n_computed += n;
        }
        shown.push_str(&prompt[end..]);
        assert_eq!(n_reused + n_computed, tokens.len());
        transcript.push_str(&format!("{shown}\n"));
    }
    expected.assert_eq(&transcript);
}

#[test]
fn only_what_differs_is_computed() {
    check_reuse(
        Script::new(),
        Reuse::Exact,
        &["def f", "def fo", "def go", "x", "x"],
        expect![[r#"
            ⟦def f⟧
            def f⟦o⟧
            def ⟦go⟧
            ⟦x⟧
            ⟦x⟧
        "#]],
    );
}

#[test]
fn the_last_token_is_computed_again_when_all_are_there() {
    check_reuse(
        Script::new(),
        Reuse::Exact,
        &["return x", "return x", "return"],
        expect![[r#"
            ⟦return x⟧
            return ⟦x⟧
            retur⟦n⟧
        "#]],
    );
}

#[test]
fn a_memory_that_cannot_be_cut_is_still_continued() {
    check_reuse(
        Script::new().only_grows(),
        Reuse::Shifted,
        &["def f", "def foo", "def g", "def g(x)"],
        expect![[r#"
            ⟦def f⟧
            def f⟦oo⟧
            ⟦def g⟧
            def g⟦(x)⟧
        "#]],
    );
}

/// Prefix, suffix, middle: typing, erasing, and a pause.
const TYPING: [&str; 5] = [
    "<return>)\n\nprint(total([1, 2]))|",
    "<return x>)\n\nprint(total([1, 2]))|",
    "<return x.y>)\n\nprint(total([1, 2]))|",
    "<return x>)\n\nprint(total([1, 2]))|",
    "<retu>)\n\nprint(total([1, 2]))|",
];

#[test]
fn a_suffix_is_moved_behind_what_is_typed() {
    check_reuse(
        Script::new(),
        Reuse::Shifted,
        &TYPING,
        expect![[r#"
            ⟦<return>)

            print(total([1, 2]))|⟧
            <return⟦ x⟧>)

            print(total([1, 2]))⟦|⟧
            <return x⟦.y⟧>)

            print(total([1, 2]))⟦|⟧
            <return x>)

            print(total([1, 2]))⟦|⟧
            <retu>)

            print(total([1, 2]))⟦|⟧
        "#]],
    );
}

#[test]
fn a_memory_that_cannot_shift_computes_the_suffix_again() {
    check_reuse(
        Script::new().never_shifts(),
        Reuse::Shifted,
        &TYPING[..2],
        expect![[r#"
            ⟦<return>)

            print(total([1, 2]))|⟧
            <return⟦ x>)

            print(total([1, 2]))|⟧
        "#]],
    );
}

#[test]
fn an_exact_prompt_is_computed_from_the_first_moved_token_on() {
    let mut sequence = sequence(Script::new());
    let mut read = |prompt: &str, n_fresh, reuse| {
        let tokens = tokens(prompt);
        let n_reused = sequence.prepare(&tokens, n_fresh, reuse);
        while sequence.len() < tokens.len() {
            let n = sequence.fill(&tokens, Outputs::None, &|| false);
            n.expect("the script does not fail");
        }
        (n_reused, sequence.is_approximate())
    };
    let [before, after, ..] = TYPING;
    assert_eq!(read(before, 1, Reuse::Shifted), (0, false));
    assert_eq!(read(after, 1, Reuse::Shifted), (31, true));
    // Still approximate, although all of it is there.
    assert_eq!(read(after, 0, Reuse::Shifted), (34, true));
    // A pause: exact up to the end of what was typed.
    assert_eq!(read(after, 0, Reuse::Exact), (9, false));
    assert_eq!(read(after, 1, Reuse::Exact), (33, false));
}

#[test]
fn a_guess_that_was_wrong_is_cut_off() {
    let mut sequence = sequence(Script::new());
    let n = sequence.advance(&tokens("abc"), Outputs::Each, &|| false);
    assert_eq!(n, Ok(3));
    sequence.cut(1);
    assert_eq!(sequence.len(), 1);
    assert_eq!(sequence.prepare(&tokens("ab"), 1, Reuse::Exact), 1);
}

#[test]
fn branches_share_the_sequence_and_one_of_them_becomes_it() {
    let mut sequence = sequence(Script::new());
    let prompt = tokens("ab");
    sequence.prepare(&prompt, 1, Reuse::Exact);
    sequence
        .fill(&prompt, Outputs::Last, &|| false)
        .expect("the script does not fail");
    let [c, d, e, f] = [b'c', b'd', b'e', b'f'].map(Token::from);
    assert_eq!(sequence.n_branches(), MAX_BRANCHES);
    sequence.fork(0, 1);
    sequence.fork(0, 2);
    let step = sequence.step(&[(0, c), (1, d), (2, e)], &|| false);
    assert_eq!(step, Ok(true));
    assert_eq!(sequence.engine().logits(2).len(), 264);
    // The best goes on in two ways.
    sequence.fork(1, 2);
    let step = sequence.step(&[(1, e), (2, f)], &|| false);
    assert_eq!(step, Ok(true));
    assert_eq!(sequence.step(&[(1, e), (2, f)], &|| true), Ok(false));
    assert_eq!(sequence.branch_len(2), 4);
    sequence.drop_branch(1);
    sequence.adopt(2);
    assert_eq!(sequence.len(), 4);
    // The next prompt finds it as if it had been written alone.
    assert_eq!(sequence.prepare(&tokens("abdf!"), 1, Reuse::Exact), 4);
    assert!(!sequence.is_approximate());
}

/// Random prompts that repeat each other in pieces, read whole or in part: after each step the
/// cache holds at each position the token that the record has there, and a prompt that was read
/// to its end stands there in its order.
#[test]
fn record_and_cache_agree_whatever_comes_in_between() {
    let mut seeded = Seeded::new(7);
    let script = Script::new().n_ctx(512).n_batch(16);
    let mut sequence = Sequence::new(script.engine());
    let alphabet = tokens("abcdefgh");
    let mut prompt: Vec<Token> = Vec::new();
    let (mut n_shifted, mut n_cut_short) = (0, 0);
    for step in 0..3000 {
        // Edits as an editor makes them: insert or delete somewhere, slide, or start over.
        let at = seeded.below(prompt.len() + 1);
        let n = seeded.below(24) + 1;
        match seeded.below(10) {
            0 => prompt.clear(),
            1 => drop(prompt.drain(..n.min(prompt.len()))),
            2..=4 => drop(prompt.drain(at..(at + n).min(prompt.len()))),
            _ => {}
        }
        let at = seeded.below(prompt.len() + 1);
        let inserted: Vec<_> = (0..n)
            .map(|_| alphabet[seeded.below(alphabet.len())])
            .collect();
        prompt.splice(at..at, inserted);
        prompt.truncate(300);

        let reuse = match seeded.below(4) {
            0 => Reuse::Exact,
            _ => Reuse::Shifted,
        };
        let n_fresh = seeded.below(2);
        sequence.prepare(&prompt, n_fresh, reuse);
        assert_eq!(sequence.record(), sequence.engine().cache(), "step {step}");
        if reuse == Reuse::Exact {
            assert!(!sequence.is_approximate());
        }
        n_shifted += usize::from(sequence.is_approximate());
        // Some are given up, before a batch or inside it.
        let n_most = match seeded.below(3) {
            0 => seeded.below(40),
            _ => usize::MAX,
        };
        let n_asked = std::sync::atomic::AtomicUsize::new(0);
        let interrupted = || n_asked.fetch_add(1, Ordering::Relaxed) >= n_most;
        while sequence.len() < prompt.len() {
            let n = sequence.fill(&prompt, Outputs::None, &interrupted);
            assert_eq!(sequence.record(), sequence.engine().cache(), "step {step}");
            if n.expect("the script does not fail") == 0 {
                n_cut_short += 1;
                break;
            }
        }
        if sequence.len() == prompt.len() {
            let read: Vec<_> = sequence.record().into_iter().flatten().collect();
            assert_eq!(read, prompt, "step {step}");
            assert!(sequence.record().len() <= prompt.len() + MOST_SLACK);
        }
    }
    assert!(
        n_shifted > 200 && n_cut_short > 200,
        "{n_shifted} {n_cut_short}"
    );
}
