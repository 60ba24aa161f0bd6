//! Moving entries and sharing them between branches, on the real engine.

use super::*;
use crate::model::sequence::Saved;
use crate::seeded::Seeded;

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
    let mut open = || {
        let mut sequence = sequence(&path).0;
        // So small a model would rather compute short runs again.
        sequence.engine_mut().shift_cost = 0;
        sequence
    };
    act(&mut open, &|text| tokens.tokenize(text));
}

#[test]
fn keys_follow_their_entries_to_other_positions() {
    with_fixture(|open, tokens| {
        let mut sequence = open();
        let whole = tokens(&"ab(c)[d]xyz=w:v;".repeat(4));
        let (last, most) = (whole[63], 0..63);
        let (_, before) = read(&mut sequence, &whole, Reuse::Exact);
        let engine = sequence.engine_mut();
        let mut at = 0;
        // There, where they are rotated, and back.
        for to in [40, 0] {
            assert!(engine.remove(at + 63..at + 64, true));
            engine.shift(at..at + most.len(), to);
            at = to;
            let n = engine.decode(&[last], at + 63, Outputs::Last, &|| false);
            assert_eq!(n, Ok(1));
            // Only distances matter, and keys are kept with 11 bits.
            let difference = difference(&before, engine.logits(0));
            assert!(difference < 5e-3, "{difference}");
        }
    });
}

#[test]
fn a_suffix_behind_a_longer_prefix_is_nearly_what_it_would_be() {
    with_fixture(|open, tokens| {
        let mut sequence = open();
        let (head, tail) = (tokens(&"ab(c)[d]".repeat(4)), tokens(&"xyz=w:v;".repeat(8)));
        let whole = [head.clone(), tail.clone()].concat();
        let longer = [head.clone(), tokens("new"), tail].concat();
        read(&mut sequence, &whole, Reuse::Exact);
        let (n_reused, moved) = read(&mut sequence, &longer, Reuse::Shifted);
        assert_eq!(n_reused, longer.len() - 3 - 1);
        assert!(sequence.is_approximate());
        let (_, exact) = read(&mut open(), &longer, Reuse::Exact);
        assert!(difference(&exact, &moved) > 1e-3);

        // Asked for exactly, it is computed anew from where it was moved.
        let (n_reused, fresh) = read(&mut sequence, &longer, Reuse::Exact);
        assert_eq!(n_reused, head.len() + 3);
        assert!(difference(&exact, &fresh) < 5e-3);
    });
}

#[test]
fn a_move_is_not_given_up_half_way() {
    with_fixture(|open, tokens| {
        let mut sequence = open();
        let whole = tokens(&"ab(c)[d]xyz=w:v;".repeat(4));
        let (_, before) = read(&mut sequence, &whole, Reuse::Exact);
        let engine = sequence.engine_mut();
        assert!(engine.remove(63..64, true));
        engine.shift(0..63, 40);
        // Asked from the second time on, llama.cpp would give up among the keys' rotations.
        let n_asked = std::sync::atomic::AtomicUsize::new(0);
        let interrupted = || n_asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
        let n = engine.decode(&whole[63..], 103, Outputs::Last, &interrupted);
        assert_eq!(n, Ok(1));
        assert!(difference(&before, engine.logits(0)) < 5e-3);
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

/// Prompts that share pieces, read exactly and not, some given up half way: whenever one is read
/// exactly, its logits are those of a cache that has seen nothing else.
#[test]
fn what_came_before_leaves_no_trace_in_an_exact_prompt() {
    with_fixture(|open, tokens| {
        let mut seeded = Seeded::new(3);
        let (mut used, mut clean) = (open(), open());
        let words = [
            "def f(x):\n",
            "    return x\n",
            "y = [1, 2]\n",
            "z",
            "(a, b)",
        ]
        .map(tokens);
        let mut prompt: Vec<Token> = tokens("start");
        let (mut n_moved, mut n_cut_short) = (0, 0);
        for _ in 0..150 {
            let at = seeded.below(prompt.len() + 1);
            let end = (at + seeded.below(12)).min(prompt.len());
            let word = &words[seeded.below(words.len())];
            prompt.splice(at..end, word.iter().copied().cycle().take(2 * word.len()));
            prompt.truncate(300);
            let n_asked = std::sync::atomic::AtomicUsize::new(0);
            let n_most = match seeded.below(3) {
                0 => seeded.below(120),
                _ => usize::MAX,
            };
            let interrupted =
                || n_asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > n_most;
            used.prepare(&prompt, 1, Reuse::Shifted);
            while used.len() < prompt.len() {
                let n = used.fill(&prompt, Outputs::Last, &interrupted);
                if n.expect("the fixture computes") == 0 {
                    n_cut_short += 1;
                    break;
                }
            }
            n_moved += usize::from(used.is_approximate());
            if seeded.below(4) == 0 {
                let (_, logits) = read(&mut used, &prompt, Reuse::Exact);
                clean.clear();
                let (_, expected) = read(&mut clean, &prompt, Reuse::Exact);
                let difference = difference(&expected, &logits);
                assert!(difference < 1e-2, "{difference}");
            }
        }
        assert!(n_moved > 50 && n_cut_short > 10, "{n_moved} {n_cut_short}");
    });
}

#[test]
fn saved_entries_come_back_as_they_were_moved_ones_too() {
    with_fixture(|open, tokens| {
        let mut sequence = open();
        let (head, tail) = (tokens(&"ab(c)[d]".repeat(4)), tokens(&"xyz=w:v;".repeat(8)));
        let whole = [head.clone(), tail.clone()].concat();
        let longer = [head.clone(), tokens("new"), tail].concat();
        read(&mut sequence, &whole, Reuse::Exact);
        // Moved, and not rotated yet: llama.cpp does that at the next batch.
        sequence.prepare(&longer, 1, Reuse::Shifted);
        let saved = sequence.save().expect("the fixture can be saved");
        let (n_reused, before) = read(&mut sequence, &longer, Reuse::Shifted);
        sequence.clear();
        read(&mut sequence, &tokens("something else"), Reuse::Exact);
        sequence.restore(&saved);
        let (n_again, after) = read(&mut sequence, &longer, Reuse::Shifted);
        assert_eq!((n_reused, n_again), (longer.len() - 4, longer.len() - 4));
        assert!(difference(&before, &after) < 5e-3);
        // Entries that are none are refused, and the cache is empty then.
        let broken = Saved {
            entries: saved.entries[..saved.entries.len() / 2].to_vec(),
            ..saved
        };
        sequence.restore(&broken);
        assert_eq!(read(&mut sequence, &longer, Reuse::Shifted).0, 0);
    });
}
