//! What else could be inserted, for whoever asks by hand and wants to choose.

use std::cmp::Reverse;

use crate::completion::request::search;
use crate::completion::show::{self, Candidate, Chosen, Offered, Offers as _};
use crate::completion::trigger::Extent;
use crate::completion::trim::MissingImport;
use crate::completion::verdict::import;
use crate::completion::{Means, Request, Written, writing};
use crate::model::ModelError;

/// A text that could be inserted in place of the one shown. It has passed the clean-up rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// The text.
    pub text: String,
    /// Mean natural log-probability of its tokens.
    pub score: Option<f32>,
    /// Whether it ends of its own accord.
    pub is_whole: bool,
    /// The import that it needs and the document has not.
    pub import: Option<MissingImport>,
}

/// Other first lines for a block on an empty line. A block itself is not searched for, see
/// [`sampling`](super::request); its first line is what people choose by. The prompt is in the KV
/// cache already, so only the search itself costs.
///
/// # Errors
/// When the model cannot compute.
pub async fn first_lines(
    request: &Request,
    written: &mut Written,
    means: &Means,
) -> Result<(), ModelError> {
    let (before, _) = request.snapshot.line_around(request.offset);
    let is_empty_line = request.extent == Extent::Block && before.trim().is_empty();
    let Some(sampling) = search(means).filter(|_| means.n_lines > 1 && is_empty_line) else {
        return Ok(());
    };
    let mut line = request.clone();
    line.extent = Extent::Line;
    line.job.stop = vec!["\n".to_owned()];
    line.job.max_tokens = means.config.max_line_tokens;
    line.job.sampling = sampling;
    let mut means = means.clone();
    // What was written so far only ever grows.
    means.listener = None;
    let mut found = writing::write(&line, &means).await?;
    written.usage.n_computed += found.usage.n_computed;
    written.usage.n_decoded += found.usage.n_decoded;
    written.usage.decode += found.usage.decode;
    let others = std::mem::take(&mut found.others);
    written.others = std::iter::once(found).chain(others).collect();
    Ok(())
}

/// The best texts besides the one chosen, `n` at most, that differ from it and from each other.
pub fn besides(offered: &Offered<'_>, chosen: &Chosen, n: usize) -> Vec<Alternative> {
    let candidates = &offered.considered.candidates;
    let mut rated: Vec<(f32, usize)> = offered
        .candidates()
        .into_iter()
        .map(|(idx, origin)| {
            let features = offered.features(idx, offered.whole(idx));
            let heads = &offered.request.heads;
            (show::exact(heads, origin, &features), idx)
        })
        .collect();
    // Of equals the one that was found first is first.
    rated.sort_by_key(|(exact, idx)| (Reverse((exact * 1e6) as i64), *idx));
    let mut taken = vec![&candidates[chosen.idx].text[..chosen.end]];
    let mut alternatives = Vec::new();
    for (_, idx) in rated {
        let Candidate { text, .. } = &candidates[idx];
        if alternatives.len() == n {
            break;
        }
        if taken.iter().any(|shown| is_told(text, shown)) {
            continue;
        }
        taken.push(text);
        alternatives.push(Alternative {
            text: text.clone(),
            score: candidates[idx].mean_logprob(),
            is_whole: candidates[idx].is_whole,
            import: import(text, &candidates[idx]),
        });
    }
    alternatives
}

/// Whether a text offers nothing that another one does not: it is the same, blanks at the end
/// aside, or the first lines of it, which can be taken by line.
fn is_told(text: &str, shown: &str) -> bool {
    let rest = shown.strip_prefix(text.trim_end());
    rest.is_some_and(|rest| {
        rest.trim().is_empty() || rest.trim_start_matches([' ', '\t']).starts_with('\n')
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::completion::{Ask, complete};
    use crate::config::CompletionConfig;
    use crate::model::Model;
    use crate::model::scripted::{Answer, Script};
    use crate::session::Snapshot;

    /// What whoever asks by hand can choose from, one a line.
    #[track_caller]
    fn check(fixture: &str, script: Script, expected: Expect) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let snapshot = Snapshot::of("main.py", &fixture.replacen("$0", "", 1));
        let config = CompletionConfig {
            without: vec!["names".to_owned()],
            ..CompletionConfig::default()
        };
        let means = Means::new(Model::scripted(script), config);
        let ask = Ask {
            offset,
            invoked: true,
        };
        let answer = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime needs nothing but memory")
            .block_on(complete(&snapshot, ask, &means))
            .expect("a scripted model answers");
        let others = answer.others.into_iter().map(|other| other.text);
        let texts: Vec<_> = answer.text.into_iter().chain(others).collect();
        expected.assert_eq(&texts.join("\n"));
    }

    fn three_lines() -> Answer {
        Answer::pieces([("f", -0.8), ("irst(x)", 0.0)])
            .or("second(x)", -1.4)
            .or("third(x)", -2.0)
            .or("unlikely(x)", -2.8)
    }

    #[test]
    fn lines_come_most_probable_first_and_three_at_most() {
        check(
            "value = $0\n",
            Script::new().says(three_lines()),
            expect![[r#"
                first(x)
                second(x)
                third(x)"#]],
        );
    }

    #[test]
    fn each_has_passed_the_rules_and_none_comes_twice() {
        check(
            "value = ($0)\n",
            Script::new().says(
                Answer::pieces([("f", -0.8), ("irst(x)", 0.0)])
                    .or(")", -1.4)
                    .or("first(x))", -2.0)
                    .or("last(x)", -2.8),
            ),
            expect![[r#"
                first(x)
                last(x)"#]],
        );
    }

    #[test]
    fn an_empty_line_has_other_first_lines() {
        check(
            "def f(x):\n    $0\n",
            Script::new().says("if first(x):\n        return x\n").says(
                Answer::pieces([("i", -0.8), ("f first(x):", 0.0)])
                    .or("return second(x)", -1.2)
                    .or("third(x)", -2.0),
            ),
            expect![[r#"
                if first(x):
                        return x
                return second(x)
                third(x)"#]],
        );
    }

    #[test]
    fn what_stands_elsewhere_behind_the_same_text_is_offered_too() {
        check(
            "client.connect(host)\nclient.$0\n",
            Script::new().says("close()"),
            expect![[r#"
                close()
                connect(host)"#]],
        );
    }
}
