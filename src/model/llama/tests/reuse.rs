//! Moving entries and sharing them between branches, on the real engine.

use super::*;

/// Reads a prompt to its end and returns the logits after it.
fn read(sequence: &mut Sequence<LlamaEngine>, prompt: &[Token], reuse: Reuse) -> (usize, Vec<f32>) {
    let n_reused = sequence.prepare(prompt, 1, reuse);
    while sequence.len() < prompt.len() {
        let n = sequence.fill(prompt, Outputs::Last, &|| false);
        n.expect("the fixture computes");
    }
    (n_reused, sequence.engine().logits(0).to_vec())
}

/// Root of the mean square of the differences, over that of the numbers themselves.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let square = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>();
    let differences = square(&mut a.iter().zip(b).map(|(a, b)| a - b));
    (differences / square(&mut a.iter().copied())).sqrt()
}

fn with_fixture(
    act: impl FnOnce(&mut dyn FnMut() -> Sequence<LlamaEngine>, &dyn Fn(&str) -> Vec<Token>),
) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fixture.gguf");
    Gguf::default().write(&path);
    let (_, tokens) = sequence(&path);
    act(&mut || sequence(&path).0, &|text| tokens.tokenize(text));
}

/// A window that slides drops tokens that those after it have seen, so what is kept is not what
/// would be computed; an entry that was moved and moved back is.
#[test]
fn keys_follow_their_entries_to_other_positions() {
    with_fixture(|open, tokens| {
        let mut sequence = open();
        let head = tokens(&"ab(c)[d]".repeat(4));
        let tail = tokens(&"xyz=w:v;".repeat(8));
        let whole = [head.clone(), tail.clone()].concat();
        let longer = [head.clone(), tokens("new"), tail.clone()].concat();

        let (_, exact) = read(&mut sequence, &whole, Reuse::Exact);
        let (n_reused, moved) = read(&mut sequence, &longer, Reuse::Shifted);
        assert_eq!(n_reused, longer.len() - 3 - 1);
        let (n_reused, back) = read(&mut sequence, &whole, Reuse::Shifted);
        assert_eq!(n_reused, whole.len() - 1);
        // Keys are kept with 11 bits, and were rotated twice.
        assert!(
            difference(&exact, &back) < 2e-3,
            "{}",
            difference(&exact, &back)
        );

        let (_, longer_exact) = read(&mut open(), &longer, Reuse::Exact);
        let approximate = difference(&longer_exact, &moved);
        assert!(approximate > 1e-4, "{approximate}");
        // At the old positions the suffix would tell something else altogether.
        assert!(approximate < 0.5, "{approximate}");

        // Asked for exactly, it is computed anew from where it was moved.
        let (n_reused, fresh) = read(&mut sequence, &longer, Reuse::Exact);
        assert_eq!(n_reused, head.len());
        assert!(difference(&longer_exact, &fresh) < 1e-3);
    });
}

#[test]
fn a_move_is_not_given_up_half_way() {
    with_fixture(|open, tokens| {
        let mut sequence = open();
        let tail = tokens(&"xyz=w:v;".repeat(8));
        let whole = [tokens("ab"), tail.clone()].concat();
        let longer = [tokens("ab, new words"), tail].concat();
        let (_, exact) = read(&mut sequence, &whole, Reuse::Exact);
        // Asked from the second time on, llama.cpp would give up among the keys' rotations.
        sequence.prepare(&longer, 1, Reuse::Shifted);
        let n_asked = std::sync::atomic::AtomicUsize::new(0);
        let interrupted = || n_asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
        let n = sequence.fill(&longer, Outputs::Last, &interrupted);
        assert!(n.is_ok(), "{n:?}");
        let (n_reused, back) = read(&mut sequence, &whole, Reuse::Shifted);
        assert_eq!(n_reused, whole.len() - 1);
        assert!(
            difference(&exact, &back) < 2e-3,
            "{}",
            difference(&exact, &back)
        );
    });
}

#[test]
fn branches_compute_what_each_would_alone() {
    with_fixture(|open, tokens| {
        let prompt = tokens("def f(x):\n    return ");
        let (a, b) = (tokens("abc"), tokens("xyz"));
        let alone = |open: &mut dyn FnMut() -> Sequence<LlamaEngine>, tail: &[Token]| {
            read(&mut open(), &[&prompt, tail].concat(), Reuse::Exact).1
        };
        let (alone_a, alone_b) = (alone(open, &a), alone(open, &b));

        let mut sequence = open();
        read(&mut sequence, &prompt, Reuse::Exact);
        sequence.fork(0, 1);
        sequence.fork(0, 2);
        for (&a, &b) in a.iter().zip(&b) {
            let step = sequence.step(&[(1, a), (2, b)], &|| false);
            assert_eq!(step, Ok(true));
        }
        assert!(difference(&alone_a, sequence.engine().logits(0)) < 1e-3);
        assert!(difference(&alone_b, sequence.engine().logits(1)) < 1e-3);
        assert_eq!(sequence.step(&[(1, a[0]), (2, b[0])], &|| true), Ok(false));

        // One of them becomes the sequence, and the next prompt goes on from it.
        sequence.adopt(2);
        let longer = [prompt, b, tokens("=")].concat();
        let (n_reused, logits) = read(&mut sequence, &longer, Reuse::Exact);
        assert_eq!(n_reused, longer.len() - 1);
        assert!(difference(&read(&mut open(), &longer, Reuse::Exact).1, &logits) < 1e-3);
    });
}
