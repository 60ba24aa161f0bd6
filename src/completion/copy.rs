//! What stood there the last time: continuations copied from where the text before the cursor
//! stands elsewhere.
//!
//! A plain scan, no index: the last bytes are looked for with `memchr::memmem`, at gigabytes a
//! second, and only hits are compared further. Nothing has to be kept up to date.

use std::collections::HashMap;
use std::ops::Range;

use memchr::memmem::Finder;

/// Bytes on each side of the cursor that are looked at, nearest first.
const WINDOW: usize = 1 << 18;

/// Bytes of a match that are counted; a longer one is no better.
const MAX_MATCH: usize = 256;

/// Bytes of the longest continuation.
const MAX_LINE: usize = 256;

/// Bytes a place must share with the end of the text before the cursor, where there are places
/// that do.
const NEEDLE: usize = 4;

/// A match so long has as good a say as a longer one when continuations are counted.
const HAS_A_SAY: usize = 12;

/// A continuation that was found elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The rest of the line there, without blanks at the end. Empty where the line ended.
    pub text: String,
    /// Bytes before that place that equal those before the cursor, [`MAX_MATCH`] at most.
    pub n_matched: usize,
    /// Places of a long enough match that go on like this.
    pub n_agree: usize,
    /// Places of a long enough match.
    pub n_places: usize,
}

/// The continuations found in the file around the cursor and in `elsewhere`, the one behind the
/// longest match first; of equally long ones the nearest before the cursor, then the nearest
/// behind it, then those elsewhere.
pub fn copies(before: &str, after: &str, elsewhere: &[&str]) -> Vec<Copied> {
    let before = &before[floor(before, before.len().saturating_sub(WINDOW))..];
    let after = &after[..floor(after, WINDOW)];
    let tail = &before.as_bytes()[before.len().saturating_sub(MAX_MATCH)..];
    let texts: Vec<&str> = [before, after]
        .into_iter()
        .chain(elsewhere.iter().copied())
        .collect();
    // Too short a needle finds everything; a shorter one is tried where a longer finds nothing.
    let hits = [NEEDLE, 2, 1]
        .into_iter()
        .filter(|n| *n <= tail.len())
        .map(|n| hits(&texts, tail, &tail[tail.len() - n..]))
        .find(|hits| !hits.is_empty());
    rank(hits.unwrap_or_default())
}

/// A place whose text before it ends like that before the cursor.
struct Hit<'a> {
    text: &'a str,
    n_matched: usize,
    /// Lower is nearer to the cursor.
    distance: (usize, usize),
}

fn hits<'a>(texts: &[&'a str], tail: &[u8], needle: &[u8]) -> Vec<Hit<'a>> {
    let finder = Finder::new(needle);
    let mut hits = Vec::new();
    for (idx, text) in texts.iter().enumerate() {
        // The end of the text before the cursor is the cursor itself.
        let end = if idx == 0 {
            text.len().saturating_sub(1)
        } else {
            text.len()
        };
        let bytes = &text.as_bytes()[..end];
        let mut at = 0;
        while let Some(found) = finder.find(&bytes[at..]) {
            let place = at + found + needle.len();
            at += found + 1;
            if !text.is_char_boundary(place) {
                continue;
            }
            let Some(rest) = rest_of_line(text, place) else {
                continue;
            };
            let shared = bytes[..place].iter().rev().zip(tail.iter().rev());
            hits.push(Hit {
                text: text[rest].trim_end(),
                n_matched: shared.take_while(|(a, b)| a == b).count(),
                distance: (idx, if idx == 0 { text.len() - place } else { place }),
            });
        }
    }
    hits
}

/// What stands behind `place` on its line; `None` where that is too long to be of use.
fn rest_of_line(text: &str, place: usize) -> Option<Range<usize>> {
    let bytes = &text.as_bytes()[place..];
    match memchr::memchr(b'\n', &bytes[..bytes.len().min(MAX_LINE + 1)]) {
        Some(n) => Some(place..place + n),
        None => (bytes.len() <= MAX_LINE).then_some(place..text.len()),
    }
}

fn rank(mut hits: Vec<Hit<'_>>) -> Vec<Copied> {
    hits.sort_by_key(|hit| (std::cmp::Reverse(hit.n_matched), hit.distance));
    let longest = hits.first().map_or(0, |hit| hit.n_matched);
    let mut copies: Vec<Copied> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut n_places = 0;
    for hit in &hits {
        let has_a_say = hit.n_matched >= longest.min(HAS_A_SAY);
        n_places += usize::from(has_a_say);
        let idx = *seen.entry(hit.text).or_insert_with(|| {
            copies.push(Copied {
                text: hit.text.to_owned(),
                n_matched: hit.n_matched,
                n_agree: 0,
                n_places: 0,
            });
            copies.len() - 1
        });
        copies[idx].n_agree += usize::from(has_a_say);
    }
    for copied in &mut copies {
        copied.n_places = n_places;
    }
    copies
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// One line a continuation: bytes matched, places that agree of all, the text.
    #[track_caller]
    fn check(fixture: &str, elsewhere: &[&str], expected: Expect) {
        let (before, after) = fixture.split_once("$0").expect("the fixture has a cursor");
        let lines: Vec<_> = copies(before, after, elsewhere)
            .iter()
            .map(|copied| {
                let Copied {
                    text,
                    n_matched,
                    n_agree,
                    n_places,
                } = copied;
                format!("{n_matched} {n_agree}/{n_places} {text}\n")
            })
            .collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn the_longest_match_comes_first_and_places_that_agree_are_counted() {
        check(
            "log.debug('a')\nlog.info(x)\nif y:\n    log.info(x)\n    log.$0\nlog.debug(2)\n",
            &[],
            expect![[r#"
                 9 1/1 info(x)
                 4 0/1 debug('a')
                 4 0/1 debug(2)
            "#]],
        );
    }

    #[test]
    fn other_texts_are_searched_too() {
        check(
            "client.$0\n",
            &["client.connect(host)\n", "self.client.close()\n"],
            expect![[r#"
                 7 1/2 connect(host)
                 7 1/2 close()
            "#]],
        );
    }

    #[test]
    fn characters_stay_whole_and_repetition_costs_little() {
        check(
            "é = 1\né$0\n",
            &[],
            expect![[r#"
                 2 1/1  = 1
            "#]],
        );
        let repeated = "a".repeat(50_000);
        let copies = copies(&repeated, "", &[]);
        assert_eq!(copies[0].n_matched, MAX_MATCH);
    }
}
