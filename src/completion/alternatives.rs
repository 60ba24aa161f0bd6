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
    // Without a search the line would be the first one of what was written.
    if !means.model.ready().await?.has_branches {
        return Ok(());
    }
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
    if n == 0 {
        return Vec::new();
    }
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
    use crate::completion::{Ask, complete, complete_by_hand};
    use crate::config::CompletionConfig;
    use crate::model::scripted::{Answer, Script};
    use crate::model::{Model, Sampling};
    use crate::session::Snapshot;

    /// What whoever asks by hand can choose from, one a line.
    #[track_caller]
    fn check(fixture: &str, script: Script, expected: Expect) {
        check_with(unnamed(), fixture, script, expected);
    }

    /// What the texts name need not exist.
    fn unnamed() -> CompletionConfig {
        CompletionConfig {
            without: vec!["names".to_owned()],
            ..CompletionConfig::default()
        }
    }

    #[track_caller]
    fn check_with(config: CompletionConfig, fixture: &str, script: Script, expected: Expect) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let snapshot = Snapshot::of("main.py", &fixture.replacen("$0", "", 1));
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

    #[test]
    fn a_model_without_branches_is_asked_once() {
        let script = Script::new()
            .only_grows()
            .answers(|_| "if first(x):\n        return x\n");
        let record = script.record();
        check(
            "def f(x):\n    $0\n",
            script,
            expect![[r#"
            if first(x):
                    return x"#]],
        );
        assert_eq!(record.jobs().len(), 1);
    }

    #[test]
    fn lines_cut_off_by_the_number_of_tokens_end_with_a_word() {
        let config = CompletionConfig {
            max_line_tokens: 12,
            ..unnamed()
        };
        check_with(
            config,
            "value = $0\n",
            Script::new().says(
                Answer::pieces([("f", -0.8), ("irst.method(argument)", 0.0)])
                    .or("second.method(argument)", -1.2)
                    .or("third()", -2.0),
            ),
            expect![[r#"
                first
                second
                third()"#]],
        );
    }

    /// The one text that `config` makes, and that it cost one greedy answer.
    #[track_caller]
    fn check_one(config: CompletionConfig, fixture: &str, says: Answer, expected: Expect) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let snapshot = Snapshot::of("main.py", &fixture.replacen("$0", "", 1));
        let script = Script::new().answers(move |_| says.clone());
        let record = script.record();
        let means = Means::new(Model::scripted(script), config);
        let answer = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime needs nothing but memory")
            .block_on(complete_by_hand(&snapshot, offset, 1, &means))
            .expect("a scripted model answers");
        expected.assert_eq(&answer.text.unwrap_or_default());
        assert_eq!(answer.others, []);
        let ways: Vec<_> = record.jobs().iter().map(|job| job.sampling).collect();
        assert_eq!(ways, [Sampling::Greedy]);
    }

    #[test]
    fn one_line_asked_for_by_hand_needs_no_search_and_is_not_doubted() {
        let doubtful = Answer::pieces([("first(a, b)\n", -1.0)]).or("second(x)\n", -1.4);
        check_one(unnamed(), "value = $0\n", doubtful, expect!["first(a, b)"]);
    }

    #[test]
    fn raw_text_is_the_likeliest_tokens_and_nothing_is_done_to_it() {
        let config = CompletionConfig {
            max_line_tokens: 8,
            beam: 3,
            ..unnamed()
        };
        check_one(
            config.raw(),
            "client.connect(host)\nclient.$0\n",
            Answer::pieces([("c", -0.7), ("lose(an_argument)\n", -0.6)]).or("sure()\n", -0.8),
            expect!["close(an"],
        );
    }
}
