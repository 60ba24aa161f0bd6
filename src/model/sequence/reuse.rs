//! Where a new prompt repeats what the KV cache holds at other positions.

use std::collections::HashMap;
use std::ops::Range;

use crate::model::Token;

/// Shortest run of tokens worth moving. A move rotates the keys of the whole cache, which costs
/// about as much as computing a few tokens, and short runs are likelier to be an accident.
pub(super) const MIN_RUN: usize = 16;

/// A run of tokens that goes elsewhere, or stays: `from == to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    /// First position before.
    pub(super) from: usize,
    /// First position afterwards.
    pub(super) to: usize,
    /// Number of tokens.
    pub(super) len: usize,
}

/// Runs of at least [`MIN_RUN`] tokens that `cells` holds after position `n_shared` and that
/// `prompt` repeats after it, in the order in which both have them.
///
/// The longest run is taken first, then the longest on either side of it, as in Ratcliff and
/// Obershelp's "gestalt" matching: an accidental repetition does not get in the way of the long
/// run that a prompt and the one before it share.
pub(super) fn moves(cells: &[Option<Token>], prompt: &[Token], n_shared: usize) -> Vec<Move> {
    let mut moves = Vec::new();
    if cells.len() >= n_shared + MIN_RUN && prompt.len() >= n_shared + MIN_RUN {
        let old: Vec<Token> = cells.iter().map(|cell| cell.unwrap_or(HOLE)).collect();
        let repetitions = Repetitions::of(&old, prompt, n_shared);
        repetitions.collect(n_shared..old.len(), n_shared..prompt.len(), &mut moves);
    }
    moves
}

/// Stands for a hole; no token of a vocabulary is negative.
const HOLE: Token = -1;

/// Two texts, and where in the old one each sequence of [`MIN_RUN`] tokens begins.
struct Repetitions<'a> {
    old: &'a [Token],
    new: &'a [Token],
    places: HashMap<&'a [Token], Vec<usize>>,
}

impl<'a> Repetitions<'a> {
    /// Most places looked at for one sequence: text that repeats itself without end would
    /// otherwise take the square of its length.
    const MOST: usize = 32;

    fn of(old: &'a [Token], new: &'a [Token], start: usize) -> Repetitions<'a> {
        let mut places: HashMap<&[Token], Vec<usize>> = HashMap::new();
        for (at, window) in old[start..].windows(MIN_RUN).enumerate() {
            let places = places.entry(window).or_default();
            if places.len() < Self::MOST && !window.contains(&HOLE) {
                places.push(start + at);
            }
        }
        Repetitions { old, new, places }
    }

    fn collect(&self, old: Range<usize>, new: Range<usize>, moves: &mut Vec<Move>) {
        let Some(run) = self.longest(&old, &new) else {
            return;
        };
        self.collect(old.start..run.from, new.start..run.to, moves);
        moves.push(run);
        self.collect(
            run.from + run.len..old.end,
            run.to + run.len..new.end,
            moves,
        );
    }

    /// The longest run within the ranges, the leftmost of equals.
    fn longest(&self, old: &Range<usize>, new: &Range<usize>) -> Option<Move> {
        let mut best: Option<Move> = None;
        for to in new.start..(new.end + 1).saturating_sub(MIN_RUN) {
            let places = self.places.get(&self.new[to..to + MIN_RUN]);
            for &from in places.into_iter().flatten() {
                let begins_earlier =
                    from > old.start && to > new.start && self.old[from - 1] == self.new[to - 1];
                if !old.contains(&from) || begins_earlier {
                    continue;
                }
                let pairs = self.old[from..old.end].iter().zip(&self.new[to..new.end]);
                let len = pairs.take_while(|(old, new)| old == new).count();
                if len >= MIN_RUN && best.is_none_or(|best| len > best.len) {
                    best = Some(Move { from, to, len });
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Shows each run as `from→to text`. Tokens are bytes, and `_` is a hole.
    #[track_caller]
    fn check_moves(old: &str, new: &str, expected: Expect) {
        let token = |byte: u8| Token::from(byte);
        let cells: Vec<_> = old
            .bytes()
            .map(|byte| (byte != b'_').then(|| token(byte)))
            .collect();
        let prompt: Vec<_> = new.bytes().map(token).collect();
        let n_shared = old
            .bytes()
            .zip(new.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let mut shown = format!("{}\n", &new[..n_shared]);
        for Move { from, to, len } in moves(&cells, &prompt, n_shared) {
            assert_eq!(&old[from..from + len], &new[to..to + len]);
            shown.push_str(&format!("{from}→{to} {}\n", &new[to..to + len]));
        }
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_suffix_stays_when_the_prefix_grows_or_shrinks() {
        check_moves(
            "<return>)\n\nprint(total([1, 2]))|answer",
            "<return x>)\n\nprint(total([1, 2]))|",
            expect![[r#"
                <return
                7→9 >)

                print(total([1, 2]))|
            "#]],
        );
        check_moves(
            "<return x>)\n\nprint(total([1, 2]))|",
            "<retu>)\n\nprint(total([1, 2]))|",
            expect![[r#"
                <retu
                9→5 >)

                print(total([1, 2]))|
            "#]],
        );
    }

    #[test]
    fn a_window_slides() {
        check_moves(
            "first line\nthe second line\nthe third line\n",
            "the second line\nthe third line\nand the fourth\n",
            expect![[r#"

                11→0 the second line
                the third line

            "#]],
        );
    }

    #[test]
    fn several_runs_keep_their_order_and_short_ones_are_left() {
        check_moves(
            "a|def one(): return 1|short|def two(): return 2|",
            "b|def one(): return 1|changed|def two(): return 2|",
            expect![[r#"

                1→1 |def one(): return 1|
                27→29 |def two(): return 2|
            "#]],
        );
    }

    #[test]
    fn a_repetition_does_not_take_the_place_of_the_long_run() {
        // The line that was added stands twice in what follows.
        check_moves(
            "x = 1\nprint('a line');y = 2\nprint('a line');z = 3\n",
            "x = 1\nprint('a line');print('a line');y = 2\nprint('a line');z = 3\n",
            expect![[r#"
                x = 1
                print('a line');
                22→38 y = 2
                print('a line');z = 3

            "#]],
        );
    }

    #[test]
    fn a_run_ends_at_a_hole() {
        check_moves(
            "a0123456789abcdef_0123456789abcdefgh",
            "0123456789abcdefgh",
            expect![[r#"

                18→0 0123456789abcdefgh
            "#]],
        );
    }

    #[test]
    fn text_that_repeats_itself_without_end_is_looked_at_in_bounded_time() {
        let old: Vec<_> = (0..4000).map(|_| Some(1)).collect();
        let new = [vec![2], vec![1; 4000]].concat();
        let moves = moves(&old, &new, 0);
        assert!(moves.iter().map(|run| run.len).sum::<usize>() > 3900);
    }
}
