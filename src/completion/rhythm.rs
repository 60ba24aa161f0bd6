//! How long to wait for the next key before the model is asked.
//!
//! A model that answers before the next key comes is asked at each of them: a wait would only
//! hurt. A slower one would be asked in vain at most keys of a burst: there the wait is as long as
//! three of four gaps between keys, measured from the key. The first key after
//! a pause, the first of a line, and whatever the user asks for by hand never wait.
//!
//! Learns from the times of edits and answers, as Tabby's debouncer does; the leading edge is
//! Cody's.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Gaps that are remembered.
const N_GAPS: usize = 32;

/// Gaps needed to know a rhythm.
const ENOUGH: usize = 4;

/// A gap as long as this is a pause and belongs to no rhythm.
const PAUSE: Duration = Duration::from_millis(700);

/// No hand types faster: what comes at such a gap was pasted, accepted or replayed.
const FASTEST: Duration = Duration::from_millis(20);

/// The longest wait.
const LONGEST: Duration = Duration::from_millis(250);

/// Weight of the newest answer in the time an answer takes.
const NEWEST: f64 = 0.2;

/// The typing rhythm of one user and the pace of one model.
#[derive(Debug, Clone, Default)]
pub struct Rhythm {
    /// Between keys of a burst, oldest first.
    gaps: VecDeque<Duration>,
    last_key: Option<Instant>,
    /// Whether the last key came after a pause.
    is_leading: bool,
    /// What an answer takes, as a moving average.
    answer: Option<Duration>,
}

/// Where in a line a key was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing but blanks stands before it.
    LineStart,
    /// Behind a character that ends a word, such as a bracket or a dot.
    BehindWord,
    /// Within a word that is being typed.
    InWord,
}

impl Moment {
    /// The moment at the end of the text before the cursor on its line.
    pub fn of(before: &str) -> Moment {
        match before.trim_start().chars().next_back() {
            None => Moment::LineStart,
            Some(c) if c.is_alphanumeric() || c == '_' => Moment::InWord,
            Some(_) => Moment::BehindWord,
        }
    }
}

impl Rhythm {
    /// A key was typed at `now`.
    pub fn key(&mut self, now: Instant) {
        let gap = self
            .last_key
            .map(|last| now.saturating_duration_since(last));
        self.is_leading = gap.is_none_or(|gap| gap >= PAUSE);
        self.last_key = Some(now);
        if let Some(gap) = gap.filter(|gap| (FASTEST..PAUSE).contains(gap)) {
            self.gaps.push_back(gap);
            if self.gaps.len() > N_GAPS {
                self.gaps.pop_front();
            }
        }
    }

    /// An answer of the model took so long.
    pub fn answered(&mut self, took: Duration) {
        let newest = took.as_secs_f64();
        let mean = self.answer.map_or(newest, |mean| mean.as_secs_f64());
        self.answer = Some(Duration::from_secs_f64(mean + NEWEST * (newest - mean)));
    }

    /// An answer was given up after so long: it would have taken longer.
    pub fn given_up(&mut self, after: Duration) {
        if self.answer.is_none_or(|mean| after > mean) {
            self.answered(after);
        }
    }

    /// How long to wait at `now` before the model is asked.
    pub fn wait(&self, now: Instant, moment: Moment) -> Duration {
        let (Some(answer), Some(last)) = (self.answer, self.last_key) else {
            return Duration::ZERO;
        };
        if self.gaps.len() < ENOUGH || self.is_leading || moment == Moment::LineStart {
            return Duration::ZERO;
        }
        if answer <= self.gap(0.5) {
            return Duration::ZERO;
        }
        let whole = match moment {
            Moment::InWord => self.gap(0.75),
            // People look up here more often than within a word.
            _ => self.gap(0.75) / 2,
        };
        let since = now.saturating_duration_since(last);
        whole.min(LONGEST).saturating_sub(since)
    }

    /// The gap that this share of the gaps does not exceed.
    fn gap(&self, share: f64) -> Duration {
        let mut gaps: Vec<Duration> = self.gaps.iter().copied().collect();
        gaps.sort_unstable();
        let idx = (gaps.len() as f64 * share) as usize;
        gaps.get(idx.min(gaps.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Keys at these gaps, a model of this pace, and a request so long after the last key.
    #[track_caller]
    fn check(gaps: &[u64], answer: Option<u64>, moment: Moment, since: u64, expected: u64) {
        let mut now = Instant::now();
        let mut rhythm = Rhythm::default();
        rhythm.key(now);
        for gap in gaps {
            now += ms(*gap);
            rhythm.key(now);
        }
        if let Some(answer) = answer {
            rhythm.answered(ms(answer));
        }
        assert_eq!(rhythm.wait(now + ms(since), moment), ms(expected));
    }

    const TYPING: [u64; 8] = [100, 120, 140, 160, 180, 200, 220, 240];

    #[test]
    fn a_fast_model_is_asked_at_every_key() {
        check(&TYPING, Some(15), Moment::InWord, 0, 0);
        check(&TYPING, Some(90), Moment::InWord, 0, 0);
    }

    #[test]
    fn keys_that_no_hand_types_teach_nothing() {
        check(&[2; 20], Some(400), Moment::InWord, 0, 0);
    }

    #[test]
    fn a_slow_one_waits_for_most_gaps_and_less_behind_a_word() {
        check(&TYPING, Some(400), Moment::InWord, 0, 220);
        check(&TYPING, Some(400), Moment::BehindWord, 0, 110);
    }

    #[test]
    fn the_wait_counts_from_the_key_and_has_a_bound() {
        check(&TYPING, Some(400), Moment::InWord, 50, 170);
        check(&TYPING, Some(400), Moment::InWord, 500, 0);
        check(&[600; 8], Some(5000), Moment::InWord, 0, 250);
    }

    #[test]
    fn line_starts_and_the_first_key_after_a_pause_go_at_once() {
        check(&TYPING, Some(400), Moment::LineStart, 0, 0);
        let paused = [&TYPING[..], &[2000]].concat();
        check(&paused, Some(400), Moment::InWord, 0, 0);
        let second = [&paused[..], &[150]].concat();
        check(&second, Some(400), Moment::InWord, 0, 200);
    }

    #[test]
    fn nothing_is_waited_for_before_anything_is_known() {
        check(&[], Some(400), Moment::InWord, 0, 0);
        check(&[100, 100], Some(400), Moment::InWord, 0, 0);
        check(&TYPING, None, Moment::InWord, 0, 0);
    }

    #[test]
    fn answers_given_up_tell_that_a_model_is_slow_but_never_that_it_is_fast() {
        let mut rhythm = Rhythm::default();
        rhythm.answered(ms(100));
        rhythm.given_up(ms(10));
        assert_eq!(rhythm.answer, Some(ms(100)));
        rhythm.given_up(ms(600));
        assert_eq!(rhythm.answer, Some(ms(200)));
    }

    #[test]
    fn a_moment_is_seen_from_the_line() {
        assert_eq!(Moment::of("    "), Moment::LineStart);
        assert_eq!(Moment::of("    retu"), Moment::InWord);
        assert_eq!(Moment::of("x = f("), Moment::BehindWord);
        assert_eq!(Moment::of("x = "), Moment::BehindWord);
    }
}
