//! What each prompt section and each clean-up rule is worth: the score with and without it, on the
//! same cursors.
//!
//! A name that is in use by default is measured by leaving it out, one that is not by taking it in;
//! all else stays as it is shipped. Answers are deterministic, so a change that changes neither the
//! prompt nor a verdict needs no second answer.

use serde::Serialize;

use super::bootstrap::clustered;
use super::cursors::{Cursor, Task};
use super::rest_of_line::Outcome;
use super::{Share, Source, repositories};
use crate::completion::{self, Answer, Means, Request, prompt, trim};
use crate::config::CompletionConfig;
use crate::model::{Job, ModelError, ModelInfo};
use crate::session::Snapshot;
use crate::syntax;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A part of the prompt.
    Section,
    /// A clean-up rule.
    Rule,
    /// Another switch.
    Switch,
}

/// What can be switched off besides sections and rules.
const SWITCHES: [&str; 5] = [
    "healing",
    "further_line",
    "further_token",
    "copy",
    "speculation",
];

/// All that can be left out, by name.
pub fn names() -> Vec<(Kind, &'static str)> {
    // Nobody has said what is wrong with held-out text, so that section has nothing to show.
    let sections = prompt::SECTIONS
        .iter()
        .filter(|section| section.name != "diagnostics")
        .map(|section| (Kind::Section, section.name));
    let rules = trim::RULES.iter().map(|rule| (Kind::Rule, rule.name));
    sections
        .chain(rules)
        .chain(SWITCHES.map(|name| (Kind::Switch, name)))
        .collect()
}

/// One answer and what can be said of it.
#[derive(Debug, Clone)]
struct Observed {
    outcome: Outcome,
    job: Job,
    switched_off: Vec<&'static str>,
    /// Rules that said something.
    spoke: Vec<&'static str>,
    /// Tokens by section.
    sections: Vec<(&'static str, usize)>,
    shown: bool,
    breaks_syntax: bool,
}

/// A name's worth. Differences are "with" minus "without".
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The name.
    pub name: &'static str,
    /// What it names.
    pub kind: Kind,
    /// Whether it is in use by default.
    pub is_default: bool,
    /// Exact match with it, in percent.
    pub exact_with: f64,
    /// Exact match without it, in percent.
    pub exact_without: f64,
    /// Difference in exact match, in points.
    pub gain: f64,
    /// The difference's 95 % interval, whole repositories drawn again.
    pub interval: (f64, f64),
    /// Cursors that are right only with it.
    pub n_gained: usize,
    /// Cursors that are right only without it.
    pub n_lost: usize,
    /// Difference in edit similarity, in points.
    pub similarity_gain: f64,
    /// Tokens that the section takes, mean over all cursors.
    pub n_tokens: f64,
    /// Points of exact match for 100 tokens; `None` where no tokens are taken.
    pub gain_per_100_tokens: Option<f64>,
    /// Answers that would be shown without being asked for, with and without it, in percent.
    pub shown: (f64, f64),
    /// Of those, the ones that add a syntax error to the file, with and without it, in percent.
    pub breaks_syntax: (f64, f64),
}

/// The worth of every name on the same cursors.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Cursors.
    pub n_cursors: usize,
    /// Exact match as shipped, in percent.
    pub exact: f64,
    /// Its 95 % interval, whole repositories drawn again.
    pub interval: (f64, f64),
    /// Edit similarity as shipped, in percent.
    pub similarity: f64,
    /// Prompt tokens, mean.
    pub n_prompt_tokens: f64,
    /// Answers that would be shown without being asked for, in percent.
    pub shown: f64,
    /// Of those, the ones that add a syntax error, in percent.
    pub breaks_syntax: f64,
    /// The names, in order.
    pub rows: Vec<Row>,
}

/// Measures `names` (all of them where that is empty) on cursors. `means` tells what is known
/// beyond a source; `done` is told of each cursor that is done.
///
/// # Errors
/// When the model cannot compute.
pub async fn ablate(
    sources: &[Source],
    cursors: &[Cursor],
    only: &[String],
    info: &ModelInfo,
    means: impl Fn(&Source) -> Means,
    mut done: impl FnMut(),
) -> Result<Report, ModelError> {
    let chosen: Vec<(Kind, &'static str)> = names()
        .into_iter()
        .filter(|(_, name)| only.is_empty() || only.iter().any(|wanted| wanted == name))
        .collect();
    let mut shipped = Vec::with_capacity(cursors.len());
    let mut changed: Vec<Vec<Observed>> = vec![Vec::new(); chosen.len()];
    for cursor in cursors {
        let source = &sources[cursor.source_idx];
        let means = means(source);
        let base = observe(source, cursor, &means, None).await?;
        for ((kind, name), observed) in chosen.iter().zip(&mut changed) {
            let mut means = means.clone();
            switch(&mut means.config, *kind, name, info);
            let silent = *kind == Kind::Rule && !base.spoke.contains(name);
            observed.push(match silent {
                true => base.clone(),
                false => observe(source, cursor, &means, Some(&base)).await?,
            });
        }
        shipped.push(base);
        done();
    }
    let repos: Vec<&str> = cursors
        .iter()
        .map(|cursor| sources[cursor.source_idx].repo.as_str())
        .collect();
    let config = CompletionConfig::default();
    let rows = chosen
        .iter()
        .zip(&changed)
        .map(
            |(&(kind, name), changed)| match in_use(kind, name, &config, info) {
                true => row(name, kind, true, &repos, &shipped, changed),
                false => row(name, kind, false, &repos, changed, &shipped),
            },
        )
        .collect();
    let interval = clustered(repos.iter().copied().zip(shipped.iter().map(hit)));
    Ok(Report {
        n_cursors: cursors.len(),
        exact: 100.0 * interval.mean,
        interval: (100.0 * interval.low, 100.0 * interval.high),
        similarity: 100.0 * mean(&shipped, |observed| observed.outcome.similarity),
        n_prompt_tokens: mean(&shipped, |observed| observed.job.prompt.len() as f64),
        shown: shown(&shipped),
        breaks_syntax: breaks(&shipped),
        rows,
    })
}

fn in_use(kind: Kind, name: &str, config: &CompletionConfig, info: &ModelInfo) -> bool {
    match kind {
        Kind::Section => prompt::shows(name, config, info.n_params),
        Kind::Rule | Kind::Switch => config.uses(name),
    }
}

/// Takes a name out of use, or into it.
fn switch(config: &mut CompletionConfig, kind: Kind, name: &str, info: &ModelInfo) {
    match in_use(kind, name, config, info) {
        true => config.without.push(name.to_owned()),
        false => config.with.push(name.to_owned()),
    }
}

/// An answer. Where the prompt is that of `base` and nothing else was switched, it is `base`'s.
async fn observe(
    source: &Source,
    cursor: &Cursor,
    means: &Means,
    base: Option<&Observed>,
) -> Result<Observed, ModelError> {
    let snapshot = Snapshot::of(&source.path, &cursor.text(source));
    let _opened = repositories::open(&snapshot, &means.surroundings);
    let request = completion::prepare(&snapshot, cursor.offset, cursor.extent(), means).await?;
    if let Some(base) = base
        && base.job == request.job
        && base.switched_off == switched_off(&means.config)
    {
        return Ok(base.clone());
    }
    let answer = completion::answer(&request, means).await?;
    Ok(observed(source, cursor, &request, &answer, &means.config))
}

/// What changes an answer to the same prompt.
fn switched_off(config: &CompletionConfig) -> Vec<&'static str> {
    let names = trim::RULES.iter().map(|rule| rule.name).chain(SWITCHES);
    names.filter(|name| !config.uses(name)).collect()
}

fn observed(
    source: &Source,
    cursor: &Cursor,
    request: &Request,
    answer: &Answer,
    config: &CompletionConfig,
) -> Observed {
    let text = answer.text.clone().unwrap_or_default();
    let shown = answer.text.is_some()
        && answer
            .judgement
            .as_ref()
            .is_none_or(|judgement| judgement.kept >= CompletionConfig::default().min_confidence);
    // A line is asked for, and a statement is what comes: what follows its line is not judged.
    let judged = match cursor.task {
        Task::Next => text.lines().next().unwrap_or_default(),
        _ => &text,
    };
    Observed {
        outcome: Outcome::of(judged.to_owned(), answer.score, &cursor.gold),
        job: request.job.clone(),
        switched_off: switched_off(config),
        spoke: answer.applied.iter().map(|applied| applied.rule).collect(),
        sections: request
            .prompt
            .sections
            .iter()
            .map(|section| (section.name, section.n_tokens))
            .collect(),
        shown,
        breaks_syntax: shown && breaks_syntax(source, cursor, &text),
    }
}

/// Whether a file has more syntax errors with the answer at the cursor than with what the author
/// wrote there. A header whose body is yet to be written breaks nothing.
fn breaks_syntax(source: &Source, cursor: &Cursor, answer: &str) -> bool {
    let without = cursor.text(source);
    let (before, after) = without.split_at(cursor.offset);
    let errors = |answer: &str| syntax::refusals(&[before, answer, after].concat()).len();
    let allowed = errors(&cursor.gold);
    errors(answer) > allowed
        && !(answer.trim_end().ends_with(':') && errors(&format!("{answer} pass")) <= allowed)
}

fn row(
    name: &'static str,
    kind: Kind,
    is_default: bool,
    repos: &[&str],
    with: &[Observed],
    without: &[Observed],
) -> Row {
    let pairs = || with.iter().zip(without);
    let differences = pairs().map(|(with, without)| hit(with) - hit(without));
    let gain = clustered(repos.iter().copied().zip(differences));
    let n_tokens = mean(with, |observed| {
        let of_name = observed
            .sections
            .iter()
            .filter(|(section, _)| *section == name);
        of_name.map(|(_, n_tokens)| *n_tokens).sum::<usize>() as f64
    });
    let similarity = |observed: &Observed| observed.outcome.similarity;
    Row {
        name,
        kind,
        is_default,
        exact_with: 100.0 * mean(with, hit),
        exact_without: 100.0 * mean(without, hit),
        gain: 100.0 * gain.mean,
        interval: (100.0 * gain.low, 100.0 * gain.high),
        n_gained: pairs()
            .filter(|(with, without)| hit(with) > hit(without))
            .count(),
        n_lost: pairs()
            .filter(|(with, without)| hit(with) < hit(without))
            .count(),
        similarity_gain: 100.0 * (mean(with, similarity) - mean(without, similarity)),
        n_tokens,
        gain_per_100_tokens: (n_tokens > 0.0).then(|| 100.0 * gain.mean / (n_tokens / 100.0)),
        shown: (shown(with), shown(without)),
        breaks_syntax: (breaks(with), breaks(without)),
    }
}

fn hit(observed: &Observed) -> f64 {
    f64::from(u8::from(observed.outcome.exact))
}

fn mean(observed: &[Observed], value: impl Fn(&Observed) -> f64) -> f64 {
    observed.iter().map(value).sum::<f64>() / observed.len().max(1) as f64
}

fn shown(observed: &[Observed]) -> f64 {
    100.0 * mean(observed, |observed| f64::from(u8::from(observed.shown)))
}

/// Of the answers shown, those that break the syntax, in percent.
fn breaks(observed: &[Observed]) -> f64 {
    let n_shown = observed.iter().filter(|observed| observed.shown).count();
    let n_broken = observed
        .iter()
        .filter(|observed| observed.breaks_syntax)
        .count();
    Share {
        n_hits: n_broken,
        n: n_shown,
    }
    .percent()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::Model;
    use crate::model::scripted::Script;

    /// The rows of a model that answers so; `$0` is the cursor and the rest of its line the gold.
    #[track_caller]
    fn check(
        fixtures: &[&str],
        only: &[&str],
        answers: impl Fn(&str) -> String + Send + Sync + 'static,
        expected: Expect,
    ) {
        let mut sources = Vec::new();
        let mut cursors = Vec::new();
        for (source_idx, fixture) in fixtures.iter().enumerate() {
            let offset = fixture.find("$0").expect("the fixture has a cursor");
            let text = fixture.replacen("$0", "", 1);
            let gold = text[offset..].lines().next().unwrap_or_default().to_owned();
            cursors.push(Cursor {
                task: Task::Line,
                source_idx,
                offset,
                gold,
            });
            sources.push(Source {
                repo: format!("r{source_idx}"),
                path: format!("m{source_idx}.py"),
                text,
            });
        }
        let model = Model::scripted(Script::new().answers(answers));
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        let report = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime needs nothing but memory")
            .block_on(async {
                let info = model.ready().await.expect("a scripted model loads");
                let config = CompletionConfig {
                    min_confidence: 0.0,
                    ..CompletionConfig::default()
                };
                let means = |_: &Source| Means::new(model.clone(), config.clone());
                ablate(&sources, &cursors, &only, &info, means, || ()).await
            })
            .expect("a scripted model answers");
        let rows: Vec<String> = report
            .rows
            .iter()
            .map(|row| {
                format!(
                    "{}: {:.0} with, {:.0} without, {:+.0} in [{:+.0}, {:+.0}], won {} lost {}, \
                     {:.1} tokens, shown {:.0} and {:.0}, broken {:.0} and {:.0}\n",
                    row.name,
                    row.exact_with,
                    row.exact_without,
                    row.gain,
                    row.interval.0,
                    row.interval.1,
                    row.n_gained,
                    row.n_lost,
                    row.n_tokens,
                    row.shown.0,
                    row.shown.1,
                    row.breaks_syntax.0,
                    row.breaks_syntax.1,
                )
            })
            .collect();
        expected.assert_eq(&rows.concat());
    }

    #[test]
    fn a_section_is_worth_what_the_answers_lose_without_it() {
        let fixtures = [
            "x = 1\ny = $0x + 1\n",
            "a = 2\nb = $0a\n",
            "c = 3\nd = $0c\n",
        ];
        check(
            &fixtures,
            &["suffix", "path"],
            // Right in the first two where the suffix is shown, in the third whenever.
            |prompt| {
                let seen = prompt.contains("<|fim_suffix|>\n");
                match prompt {
                    prompt if prompt.contains("x = 1") && seen => "x + 1".to_owned(),
                    prompt if prompt.contains("a = 2") && seen => "a".to_owned(),
                    prompt if prompt.contains("c = 3") => "c".to_owned(),
                    _ => "None".to_owned(),
                }
            },
            expect![[r#"
                path: 100 with, 100 without, +0 in [+0, +0], won 0 lost 0, 7.0 tokens, shown 100 and 100, broken 0 and 0
                suffix: 100 with, 33 without, +67 in [+0, +100], won 2 lost 0, 1.0 tokens, shown 100 and 100, broken 0 and 0
            "#]],
        );
    }

    #[test]
    fn a_rule_is_worth_the_syntax_it_keeps() {
        check(
            &["x = f($0)\n", "y = g($0)\n", "z = $01\n"],
            &["parse_errors", "closers", "repetition"],
            |prompt| match prompt {
                prompt if prompt.contains("x = ") => "1))".to_owned(),
                prompt if prompt.contains("y = ") => ")".to_owned(),
                _ => "1 + * 2".to_owned(),
            },
            expect![[r#"
                repetition: 67 with, 67 without, +0 in [+0, +0], won 0 lost 0, 0.0 tokens, shown 100 and 100, broken 0 and 0
                closers: 67 with, 67 without, +0 in [+0, +0], won 0 lost 0, 0.0 tokens, shown 100 and 100, broken 0 and 0
                parse_errors: 67 with, 33 without, +33 in [+0, +100], won 1 lost 0, 0.0 tokens, shown 100 and 100, broken 0 and 33
            "#]],
        );
    }
}
