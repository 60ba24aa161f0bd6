//! What is known of a candidate when it is there, as numbers.

use memchr::memmem;

use super::candidate::{Candidate, Origin};
use crate::completion::Request;
use crate::completion::copy::{Copied, copies};
use crate::completion::trigger::Extent;
use crate::syntax::{Place, brackets};

/// Names of the features, in the order of [`Features`]. Those of [`GENERAL`] come first.
#[rustfmt::skip]
pub const FEATURES: [&str; 40] = [
    // Of the model's numbers alone: these hold for any model.
    "joint", "joint_ending", "mean", "lowest", "first", "ending", "whole", "ln_chars", "ln_tokens",
    // How contested the tokens were.
    "margin", "entropy",
    // The text.
    "unclosed", "balanced", "ends_in_bracket", "ends_in_word", "has_call", "was_cut",
    // The place.
    "in_comment", "in_string", "in_brackets", "after_dot", "after_assignment", "import_line",
    "definition_line", "empty_line", "in_word", "ln_typed", "indentation", "text_behind", "block",
    "healed",
    // The copy from elsewhere.
    "agrees", "ln_shared", "at_parting", "ln_matched", "agreement",
    "ln_places", "rank",
    // The words.
    "words_seen", "ln_new_words",
];

/// How many of [`FEATURES`], from the first on, come from the model's numbers alone.
pub const N_GENERAL: usize = 9;

/// One number a name of [`FEATURES`]; NaN where it is not known.
pub type Features = [f32; FEATURES.len()];

/// What is known before any candidate is there.
pub struct Facts {
    /// The whole file around the cursor, before and after it.
    pub before: String,
    /// See `before`.
    pub after: String,
    /// Continuations found elsewhere, best first.
    pub copies: Vec<Copied>,
    place: Place,
}

impl Facts {
    /// Looks at the place of a request, and for copies where they are wanted.
    pub fn of(request: &Request, wants_copies: bool) -> Facts {
        let snapshot = &request.snapshot;
        let text = &snapshot.text;
        let before = text.byte_slice(..request.offset).to_string();
        let after = text.byte_slice(request.offset..).to_string();
        let copies = match wants_copies {
            true => copies(&before, &after, &[]),
            false => Vec::new(),
        };
        Facts {
            before,
            after,
            copies,
            place: request.place,
        }
    }

    /// Whether the cursor stands in a comment or string.
    pub fn in_prose(&self) -> bool {
        self.place != Place::Code
    }

    /// The features of the first `end` bytes of a candidate. `rival` is the text that the other
    /// origin offers: the best copy for what the model wrote, what the model wrote for a copy.
    pub fn features(
        &self,
        request: &Request,
        candidate: &Candidate,
        rival: Option<&Candidate>,
        end: usize,
    ) -> Features {
        let mut features = [f32::NAN; FEATURES.len()];
        let mut set = |name: &str, value: f32| {
            let idx = FEATURES.iter().position(|known| *known == name);
            features[idx.expect("only names of FEATURES are set")] = value;
        };
        let text = &candidate.text[..end];
        let is_all = end == candidate.text.len();
        numbers(candidate, text, is_all, &mut set);
        shape(text, &mut set);
        set("was_cut", flag(is_all && !candidate.is_whole));
        self.place(request, &mut set);
        self.elsewhere(candidate, rival, text, &mut set);
        self.words(text, &mut set);
        features
    }

    fn place(&self, request: &Request, set: &mut impl FnMut(&str, f32)) {
        let line = self.before.rsplit('\n').next().unwrap_or_default();
        let head = line.trim_start();
        let behind = self.after.lines().next().unwrap_or_default();
        let typed = head.chars().count();
        let word_start = line.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
        let (opened, _) = brackets(line);
        set("in_comment", flag(self.place == Place::Comment));
        set("in_string", flag(self.place == Place::String));
        set("in_brackets", flag(opened > 0));
        set("after_dot", flag(word_start.ends_with('.')));
        set(
            "after_assignment",
            flag(head.contains(" = ") || head.ends_with('=')),
        );
        set(
            "import_line",
            flag(head.starts_with("import ") || head.starts_with("from ")),
        );
        let defines = ["def ", "class ", "async def ", "@"];
        set(
            "definition_line",
            flag(defines.iter().any(|word| head.starts_with(word))),
        );
        set("empty_line", flag(head.is_empty()));
        set("in_word", flag(word_start.len() < line.len()));
        set("ln_typed", (1.0 + typed as f32).ln());
        set(
            "indentation",
            ((line.len() - head.len()) as f32 / 4.0).min(8.0),
        );
        set("text_behind", flag(!behind.trim().is_empty()));
        set("block", flag(request.extent == Extent::Block));
        set("healed", (1.0 + request.job.heal.len() as f32).ln());
    }

    fn elsewhere(
        &self,
        candidate: &Candidate,
        rival: Option<&Candidate>,
        text: &str,
        set: &mut impl FnMut(&str, f32),
    ) {
        let own = |copied: &&Copied| match candidate.origin {
            Origin::Model => !copied.text.is_empty(),
            Origin::Copy => copied.text.starts_with(candidate.text.trim_end()),
        };
        let mut found = self.copies.iter().enumerate();
        if let Some((rank, copied)) = found.find(|(_, copied)| own(copied)) {
            set("ln_matched", (1.0 + copied.n_matched as f32).ln());
            set(
                "agreement",
                copied.n_agree as f32 / copied.n_places.max(1) as f32,
            );
            set("ln_places", (1.0 + copied.n_places as f32).ln());
            set("rank", (rank as f32).min(4.0));
        }
        let other = match candidate.origin {
            Origin::Model => self
                .copies
                .iter()
                .find(own)
                .map(|copied| copied.text.as_str()),
            Origin::Copy => rival.map(|rival| rival.text.as_str()),
        };
        let Some(other) = other else { return };
        let shared = text.bytes().zip(other.bytes()).take_while(|(a, b)| a == b);
        let n_shared = shared.count();
        set("agrees", flag(n_shared >= text.trim_end().len()));
        set("ln_shared", (1.0 + n_shared as f32).ln());
        // How sure the model was of what it wrote where the two part.
        let model = match candidate.origin {
            Origin::Model => Some(candidate),
            Origin::Copy => rival,
        };
        let parting =
            model.and_then(|model| model.tokens.iter().find(|token| token.end > n_shared));
        if n_shared < text.trim_end().len()
            && let Some(token) = parting
        {
            set("at_parting", token.logprob.max(-8.0));
        }
    }

    fn words(&self, text: &str, set: &mut impl FnMut(&str, f32)) {
        let (mut n_words, mut n_seen) = (0, 0);
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        for word in
            words.filter(|word| word.len() > 1 && !word.starts_with(|c: char| c.is_ascii_digit()))
        {
            n_words += 1;
            let is_in = |text: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
            n_seen += usize::from(is_in(&self.before) || is_in(&self.after));
        }
        if n_words > 0 {
            set("words_seen", n_seen as f32 / n_words as f32);
        }
        set("ln_new_words", (1.0 + (n_words - n_seen) as f32).ln());
    }
}

/// Makes unknown what only the model can tell.
pub fn forget_numbers(features: &mut Features) {
    for (name, value) in FEATURES.iter().zip(features) {
        let is_number = matches!(
            *name,
            "joint"
                | "joint_ending"
                | "mean"
                | "lowest"
                | "first"
                | "ending"
                | "margin"
                | "entropy"
        );
        if is_number {
            *value = f32::NAN;
        }
    }
}

/// The model's numbers.
fn numbers(candidate: &Candidate, text: &str, is_all: bool, set: &mut impl FnMut(&str, f32)) {
    let tokens = candidate.tokens_to(text.len());
    let n = tokens.len().max(1) as f32;
    let sum: f32 = tokens.iter().map(|token| token.logprob).sum();
    let min = |of: fn(&super::candidate::Sureness) -> f32| {
        tokens
            .iter()
            .map(of)
            .filter(|value| !value.is_nan())
            .reduce(f32::min)
    };
    set("joint", log_odds(sum));
    set("mean", (sum / n).max(-8.0));
    set(
        "lowest",
        min(|token| token.logprob).unwrap_or(0.0).max(-12.0),
    );
    set(
        "first",
        tokens.first().map_or(0.0, |token| token.logprob).max(-12.0),
    );
    if is_all && candidate.is_whole && !candidate.ending.is_nan() {
        set("ending", candidate.ending.max(-12.0));
        set("joint_ending", log_odds(sum + candidate.ending));
    }
    set("whole", flag(is_all));
    set("ln_chars", (1.0 + text.chars().count() as f32).ln());
    set("ln_tokens", (1.0 + tokens.len() as f32).ln());
    if let Some(margin) = min(|token| token.margin) {
        set("margin", margin.clamp(-2.0, 10.0));
    }
    let entropy: f32 = tokens.iter().map(|token| token.entropy).sum();
    set("entropy", entropy / n);
}

/// The form of the text.
fn shape(text: &str, set: &mut impl FnMut(&str, f32)) {
    let (opened, closed) = brackets(text);
    set("unclosed", opened.min(3) as f32);
    set("balanced", flag(opened == 0 && closed == 0));
    let last = text.trim_end().chars().next_back();
    set(
        "ends_in_bracket",
        flag(last.is_some_and(|c| ")]}".contains(c))),
    );
    set(
        "ends_in_word",
        flag(last.is_some_and(|c| c.is_alphanumeric() || c == '_')),
    );
    set("has_call", flag(text.contains('(')));
}

/// The log-odds of a natural log-probability, within ±8: what a calibrated model's own
/// probability comes to on the scale that a logistic model adds up.
pub fn log_odds(logprob: f32) -> f32 {
    let p = f64::from(logprob.min(0.0)).exp();
    ((p / (1.0 - p).max(1e-9)).ln() as f32).clamp(-8.0, 8.0)
}

fn flag(is_so: bool) -> f32 {
    f32::from(u8::from(is_so))
}
