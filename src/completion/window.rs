//! The part of the open file that a prompt shows, held still while the cursor moves in it.
//!
//! A prompt is cheap where it begins like the one before. So both ends of the window stay where
//! they are in the text, whatever is typed between them, and move only when what it shows no
//! longer fits or no longer suits the cursor. A window is laid with room for text to come.

use std::ops::Range;

use ropey::Rope;

use crate::completion::excerpt::{head, tail};
use crate::model::Tokenizer;

/// Share of a window's room that is kept free for what will be typed into it.
const GROWTH_SHARE: usize = 8;

/// Share of the room that the text behind the cursor has before the text in front of it is cut.
const SUFFIX_SHARE: usize = 4;

/// A held window must show so much of its room before the cursor, or the file's start.
const LEAST_PREFIX_SHARE: usize = 3;

/// A held window must show so much of its room behind the cursor, or the file's end.
const LEAST_SUFFIX_SHARE: usize = 16;

/// Lays a window of at most `room` tokens around `offset`: whole lines, nearest first, and where
/// one side of the file is short the other has its room. Behind the cursor there are `most_behind`
/// tokens at most, and at least its line; with none it ends at the cursor.
///
/// Tokens are counted line by line: a tokenizer may merge across a line break but never needs
/// more tokens for two lines together than for each alone, so the count is an upper bound.
pub fn lay(
    text: &Rope,
    offset: usize,
    room: usize,
    most_behind: usize,
    tokenizer: &dyn Tokenizer,
) -> Range<usize> {
    let suffix = most_behind > 0;
    // A file that fits whole is shown whole; else there must be room to type.
    let whole = grow(text, offset, room, most_behind, tokenizer);
    let is_whole = whole.start == 0 && (!suffix || whole.end == text.len_bytes());
    match is_whole {
        true => whole,
        false => grow(
            text,
            offset,
            room - room / GROWTH_SHARE,
            most_behind,
            tokenizer,
        ),
    }
}

/// Tokens of a window that was laid earlier, if it still serves: what it shows fits into `room`
/// tokens, and it shows enough on both sides of the cursor.
pub fn serves(
    window: &Range<usize>,
    text: &Rope,
    offset: usize,
    room: usize,
    most_behind: usize,
    tokenizer: &dyn Tokenizer,
) -> Option<usize> {
    let suffix = most_behind > 0;
    if !(window.start..=window.end).contains(&offset) || !suffix && window.end != offset {
        return None;
    }
    let count = |range: Range<usize>| {
        let slice = text.byte_slice(range).to_string();
        tokenizer.tokenize(&slice).len()
    };
    let before = count(window.start..offset);
    let behind = count(offset..window.end);
    let line_end = line_end(text, text.byte_to_line(offset));
    let shows_enough_before = window.start == 0 || before >= room / LEAST_PREFIX_SHARE;
    let least_behind = (room / LEAST_SUFFIX_SHARE).min(most_behind / 2);
    let shows_enough_behind =
        window.end == text.len_bytes() || behind >= least_behind && window.end >= line_end;
    // Where what stands behind is read at every key, much of it is too much.
    let shows_not_too_much = behind <= most_behind.saturating_mul(2);
    let serves = before + behind <= room
        && shows_enough_before
        && (shows_enough_behind || !suffix)
        && shows_not_too_much;
    serves.then_some(before + behind)
}

fn grow(
    text: &Rope,
    offset: usize,
    room: usize,
    most_behind: usize,
    tokenizer: &dyn Tokenizer,
) -> Range<usize> {
    let suffix = most_behind > 0;
    let cursor_line = text.byte_to_line(offset);
    let line_start = text.line_to_byte(cursor_line);
    let count = |range: Range<usize>| {
        tokenizer
            .tokenize(&text.byte_slice(range).to_string())
            .len()
    };
    let mut first = cursor_line;
    let mut last = cursor_line;
    let (mut start, mut end) = (line_start, offset);
    let mut used = count(start..end);
    let mut behind = 0;
    if suffix {
        end = line_end(text, cursor_line);
        behind = count(offset..end);
        used += behind;
    }
    if used > room {
        // The cursor's own line is too long: its nearest parts are what counts.
        let behind = (room / SUFFIX_SHARE).min(most_behind);
        let end = head(text, offset, end, behind, tokenizer);
        let start = tail(text, start, offset, room - behind, tokenizer);
        return start..end;
    }
    let mut grow_behind = |used: &mut usize, limit: usize| {
        while suffix && last + 1 < text.len_lines() {
            let next = line_end(text, last + 1);
            let cost = count(end..next);
            if *used + cost > limit || behind + cost > most_behind {
                break;
            }
            *used += cost;
            behind += cost;
            last += 1;
            end = next;
        }
        end
    };
    let quarter = used + room / SUFFIX_SHARE;
    grow_behind(&mut used, quarter.min(room));
    while first > 0 {
        let next = text.line_to_byte(first - 1);
        let cost = count(next..start);
        if used + cost > room {
            break;
        }
        used += cost;
        first -= 1;
        start = next;
    }
    start..grow_behind(&mut used, room)
}

/// The byte behind a line, its line break included.
fn line_end(text: &Rope, line: usize) -> usize {
    match line + 1 < text.len_lines() {
        true => text.line_to_byte(line + 1),
        false => text.len_bytes(),
    }
}

/// Where a range of one text lies in a later one; `None` where an edit reaches over one of its
/// ends. All that was edited counts as one edit, from the first byte that differs to the last.
pub fn moved(range: &Range<usize>, before: &Rope, after: &Rope) -> Option<Range<usize>> {
    let same_before = common_start(before, after);
    let longest = before.len_bytes().min(after.len_bytes()) - same_before;
    let same_behind = common_end(before, after).min(longest);
    let edited_until = before.len_bytes() - same_behind;
    let at = |offset: usize, is_end: bool| match offset {
        // An end at the edit's own end lies behind it, a start at its start before it.
        offset if offset < same_before || offset == same_before && !is_end => Some(offset),
        offset if offset >= edited_until => Some(after.len_bytes() - (before.len_bytes() - offset)),
        _ => None,
    };
    Some(at(range.start, false)?..at(range.end, true)?)
}

/// Bytes that two texts have in common at their starts.
fn common_start(a: &Rope, b: &Rope) -> usize {
    let (mut a_chunks, mut b_chunks) = (a.chunks(), b.chunks());
    let (mut a_rest, mut b_rest): (&[u8], &[u8]) = (&[], &[]);
    let mut same = 0;
    loop {
        if a_rest.is_empty() {
            a_rest = a_chunks.next().unwrap_or_default().as_bytes();
        }
        if b_rest.is_empty() {
            b_rest = b_chunks.next().unwrap_or_default().as_bytes();
        }
        let n = a_rest.len().min(b_rest.len());
        let (a_part, b_part) = (&a_rest[..n], &b_rest[..n]);
        if n == 0 || a_part != b_part {
            let pairs = a_part.iter().zip(b_part);
            return same + pairs.take_while(|(a, b)| a == b).count();
        }
        same += n;
        (a_rest, b_rest) = (&a_rest[n..], &b_rest[n..]);
    }
}

/// Bytes that two texts have in common at their ends.
fn common_end(a: &Rope, b: &Rope) -> usize {
    let (mut a_chunks, mut b_chunks) = (backwards(a), backwards(b));
    let (mut a_rest, mut b_rest): (&[u8], &[u8]) = (&[], &[]);
    let mut same = 0;
    loop {
        if a_rest.is_empty() {
            a_rest = a_chunks.next().unwrap_or_default().as_bytes();
        }
        if b_rest.is_empty() {
            b_rest = b_chunks.next().unwrap_or_default().as_bytes();
        }
        let n = a_rest.len().min(b_rest.len());
        let (a_part, b_part) = (&a_rest[a_rest.len() - n..], &b_rest[b_rest.len() - n..]);
        if n == 0 || a_part != b_part {
            let pairs = a_part.iter().rev().zip(b_part.iter().rev());
            return same + pairs.take_while(|(a, b)| a == b).count();
        }
        same += n;
        a_rest = &a_rest[..a_rest.len() - n];
        b_rest = &b_rest[..b_rest.len() - n];
    }
}

/// The chunks of a text, last first.
fn backwards(text: &Rope) -> ropey::iter::Chunks<'_> {
    text.chunks_at_byte(text.len_bytes()).0.reversed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scripted::Tokens;
    use crate::seeded::Seeded;

    const LINE: &str = "    x = 'a line of 24 b'\n";

    #[test]
    fn a_range_moves_with_the_text_around_it() {
        // Long enough for several chunks of a rope.
        let text = (0..400).map(|n| format!("line {n}\n")).collect::<String>();
        let before = Rope::from_str(&text);
        let mut seeded = Seeded::new(5);
        for _ in 0..2_000 {
            let at = |seeded: &mut Seeded| seeded.below(text.len() + 1);
            let (a, b) = (at(&mut seeded), at(&mut seeded));
            let range = a.min(b)..a.max(b);
            let cut_at = at(&mut seeded);
            let cut = cut_at..(cut_at + seeded.below(30)).min(text.len());
            let mut edited = text.clone();
            edited.replace_range(cut.clone(), "\u{e9}new");
            let after = Rope::from_str(&edited);
            let grown = 5 + cut.start;
            let expected = |offset: usize| match offset {
                offset if offset < cut.start => Some(offset),
                offset if offset > cut.end => Some(offset - cut.end + grown),
                _ => None,
            };
            let moved = moved(&range, &before, &after);
            if let (Some(start), Some(end)) = (expected(range.start), expected(range.end)) {
                assert_eq!(moved, Some(start..end), "{range:?} {cut:?}");
            }
        }
    }

    #[test]
    fn a_window_shows_the_nearest_lines_on_both_sides_and_leaves_room() {
        let text = Rope::from_str(&LINE.repeat(400));
        let tokens = Tokens::default();
        let offset = 200 * LINE.len() + 4;
        let window = lay(&text, offset, 1000, usize::MAX, &tokens);
        assert_eq!((window.start % LINE.len(), window.end % LINE.len()), (0, 0));
        assert!((600..=675).contains(&(offset - window.start)), "{window:?}");
        assert!((200..=250).contains(&(window.end - offset)), "{window:?}");
        let shown = window.end - window.start;
        assert_eq!(
            serves(&window, &text, offset, 1000, usize::MAX, &tokens),
            Some(shown)
        );
        // At the file's end the text before the cursor has the room of that behind it.
        let window = lay(&text, text.len_bytes(), 1000, usize::MAX, &tokens);
        assert!(
            (850..=875).contains(&(window.end - window.start)),
            "{window:?}"
        );
        let small = Rope::from_str(&LINE.repeat(30));
        assert_eq!(
            lay(&small, 60, 1000, usize::MAX, &tokens),
            0..small.len_bytes()
        );
        assert_eq!(lay(&small, 60, 1000, 0, &tokens), 0..60);
    }

    #[test]
    fn behind_the_cursor_there_is_no_more_than_wanted() {
        let text = Rope::from_str(&LINE.repeat(400));
        let tokens = Tokens::default();
        let offset = 200 * LINE.len() + 4;
        let window = lay(&text, offset, 1000, 64, &tokens);
        assert!((32..=64).contains(&(window.end - offset)), "{window:?}");
        assert!((750..=875).contains(&(offset - window.start)), "{window:?}");
        assert!(serves(&window, &text, offset, 1000, 64, &tokens).is_some());
        let above = offset - 5 * LINE.len();
        assert_eq!(serves(&window, &text, above, 1000, 64, &tokens), None);
    }

    #[test]
    fn a_line_longer_than_the_room_is_cut_on_both_sides() {
        let text = Rope::from_str(&"é".repeat(5000));
        let window = lay(&text, 5000, 100, usize::MAX, &Tokens::default());
        assert_eq!(window, 4934..5022);
    }
}
