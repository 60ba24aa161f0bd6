//! llama.vim's cache of answers, newest last.

use std::collections::VecDeque;

use super::context::Context;

/// Answers kept, at most.
const MOST: usize = 250;
/// An answer that was given this many bytes back is still found.
const LOOK_BACK: usize = 128;
/// Every answer is kept under its context and under this many with lines cut off the top, to be
/// found again when the lines have moved.
const LINES_CUT: usize = 3;

#[derive(Default)]
pub(super) struct Answers(VecDeque<Answer>);

struct Answer {
    /// The text before the cursor.
    before: String,
    suffix: String,
    content: String,
}

impl Answers {
    pub(super) fn insert(&mut self, context: &Context, content: &str) {
        let mut prefix = context.prefix.as_str();
        for _ in 0..=LINES_CUT {
            let before = format!("{prefix}{}", context.middle);
            self.0
                .retain(|old| old.before != before || old.suffix != context.suffix);
            self.0.push_back(Answer {
                before,
                suffix: context.suffix.clone(),
                content: content.to_owned(),
            });
            let Some(at) = prefix.find('\n') else { break };
            prefix = &prefix[at + 1..];
            if prefix.is_empty() {
                break;
            }
        }
        while self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Whether there is an answer, be it empty, for exactly this context or for it with lines cut
    /// off the top.
    pub(super) fn has(&self, context: &Context) -> bool {
        let mut prefix = context.prefix.as_str();
        for _ in 0..=LINES_CUT {
            let before = format!("{prefix}{}", context.middle);
            if self.exact(&before, &context.suffix).is_some() {
                return true;
            }
            let Some(at) = prefix.find('\n') else { break };
            prefix = &prefix[at + 1..];
        }
        false
    }

    fn exact(&self, before: &str, suffix: &str) -> Option<&Answer> {
        let fits = |answer: &&Answer| answer.before == before && answer.suffix == suffix;
        self.0.iter().find(fits)
    }

    /// The answer for this context, or what is left of one that was given a little further back and
    /// that has been typed along with; of several the longest.
    pub(super) fn find(&mut self, context: &Context) -> Option<String> {
        let before = format!("{}{}", context.prefix, context.middle);
        let used = self
            .0
            .iter()
            .position(|answer| answer.before == before && answer.suffix == context.suffix);
        if let Some(used) = used.and_then(|at| self.0.remove(at)) {
            let content = used.content.clone();
            self.0.push_back(used);
            return Some(content);
        }
        self.0
            .iter()
            .filter(|answer| answer.suffix == context.suffix)
            .filter_map(|answer| {
                let typed = before.strip_prefix(&answer.before)?;
                let left = answer.content.strip_prefix(typed)?;
                (typed.len() <= LOOK_BACK && !left.is_empty()).then_some(left)
            })
            .max_by_key(|left| left.len())
            .map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::buffer::Buffer;
    use super::*;

    fn at(before: &str, after: &str) -> Context {
        Context::at(&Buffer::new(format!("{before}{after}"), before.len()))
    }

    #[test]
    fn an_answer_is_found_again_while_it_is_typed_along_with() {
        let mut answers = Answers::default();
        answers.insert(&at("a\nx = ", "\nb"), "f(1)");
        assert_eq!(answers.find(&at("a\nx = ", "\nb")).as_deref(), Some("f(1)"));
        assert_eq!(answers.find(&at("a\nx = f(", "\nb")).as_deref(), Some("1)"));
        assert_eq!(answers.find(&at("a\nx = g", "\nb")), None);
        assert_eq!(answers.find(&at("a\nx = f(1)", "\nb")), None);
        assert_eq!(answers.find(&at("a\nx = ", "\nc")), None);
        assert!(answers.has(&at("a\nx = ", "\nb")) && !answers.has(&at("a\nx = f", "\nb")));
    }

    #[test]
    fn the_oldest_go() {
        let mut answers = Answers::default();
        for n in 0..400 {
            answers.insert(&at(&format!("x{n} = "), ""), "1");
        }
        assert_eq!(answers.0.len(), MOST);
        assert!(answers.has(&at("x399 = ", "")) && !answers.has(&at("x1 = ", "")));
    }
}
