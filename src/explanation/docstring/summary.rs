//! The first line of a docstring: a model's, where it has one that holds, else the name's.

use serde::Serialize;

use super::super::claims::{self, Known};
use super::super::guess;
use super::super::part::Part;
use super::super::question::numbered;
use super::super::study::{Studied, Study};
use super::super::tongue::Tongue;
use crate::completion::Means;
use crate::model::{Job, Message, ModelError, Priority, Role};
use crate::session::Snapshot;

/// Who wrote the first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The name of the function, in words.
    Name,
    /// A model that was asked for it.
    Model,
    /// A model that only continues text, which filled it in.
    Continuation,
}

/// Characters of a first line.
const LEAST: usize = 8;
const MOST: usize = 110;

/// Tokens of an answer, at most.
const ANSWER: usize = 48;

/// What the model writes as the first line, with who that is. `None` where it has nothing that
/// holds.
///
/// # Errors
/// Whatever keeps the model from answering.
pub(super) async fn of_model(
    study: &Study,
    studied: &Studied,
    snapshot: &Snapshot,
    means: &Means,
    tongue: &Tongue,
) -> Result<Option<(String, Author)>, ModelError> {
    let info = means.model.ready().await?;
    let Some(tokenizer) = means.model.tokenizer() else {
        return Ok(None);
    };
    let n_room = (info.n_ctx as usize).saturating_sub(ANSWER + 1);
    let lines = studied.facts.lines;
    let code = code_of(study, studied);
    let mut n_lines = code.lines().count();
    let prompt = loop {
        let shown: Vec<&str> = code.lines().take(n_lines).collect();
        let messages = asking(study, studied, &shown.join("\n"), tongue);
        let Some(tokens) = tokenizer.chat(&messages) else {
            let guess = guess::docstring(snapshot, studied, means).await?;
            let said = guess.and_then(|guess| sentence(&guess, &study.known));
            return Ok(said.map(|said| (said, Author::Continuation)));
        };
        if tokens.len() <= n_room {
            break tokens;
        }
        // Its beginning says most.
        n_lines /= 2;
        if n_lines == 0 {
            return Ok(None);
        }
    };
    let generation = means.model.generate(Job {
        prompt,
        max_tokens: ANSWER,
        stop: vec!["\n".to_owned()],
        priority: Priority::Explanation,
        ..Job::default()
    });
    let text = generation.text().await?;
    let known = Known {
        lines: Some(lines.first..=lines.last),
        ..study.known.clone()
    };
    Ok(sentence(&text, &known).map(|said| (said, Author::Model)))
}

fn code_of(study: &Study, studied: &Studied) -> String {
    let lines = studied.facts.lines;
    let before = lines.first.saturating_sub(study.lines.first);
    let own = study.code.lines().skip(before);
    let n = lines.last + 1 - lines.first;
    own.take(n).collect::<Vec<_>>().join("\n")
}

fn asking(study: &Study, studied: &Studied, code: &str, tongue: &Tongue) -> Vec<Message> {
    let name = &studied.facts.signature.qualified_name;
    let mut text = format!("Write the first line of the docstring of `{name}`.\n");
    if !study.examples.is_empty() {
        text.push_str("\n# How functions of this repository are described\n");
        text.push_str(&study.examples.join("\n\n"));
        text.push('\n');
    }
    let code = numbered(code, studied.facts.lines.first);
    text.push_str(&format!("\n# The code\n```python\n{code}```\n"));
    let system = format!(
        "You write the first line of the docstring of a Python function: one short sentence in the \
         imperative, such as \"Return the total price.\" Say only what the code shows. Write the \
         sentence alone, without quotes. Answer in {}.",
        tongue.name()
    );
    let message = |role, content| Message { role, content };
    vec![message(Role::System, system), message(Role::User, text)]
}

/// The first sentence of an answer, where it can stand: of a fitting length, and nothing in it
/// contradicts the code.
fn sentence(text: &str, known: &Known) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'', '*', '#', ' ']).trim();
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    let end = text
        .find('。')
        .map_or(end, |at| end.min(at + '。'.len_utf8()));
    let text = text[..end].trim();
    let n = text.chars().count();
    let is_plain = !text.contains("\"\"\"") && !text.contains("```") && !text.starts_with(':');
    let holds = claims::contradictions(text, Part::Purpose, known).is_empty();
    if !(LEAST..=MOST).contains(&n) || !is_plain || !holds || text.contains(char::is_control) {
        return None;
    }
    let is_ended = text.ends_with(['.', '。', '!', '?']);
    let mut rest = text.chars();
    let first = rest.next()?.to_uppercase();
    let is_chinese = text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    let stop = match (is_ended, is_chinese) {
        (true, _) => "",
        (false, true) => "。",
        (false, false) => ".",
    };
    Some(format!("{first}{}{stop}", rest.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_one_sentence_stays_where_it_holds() {
        let known = Known {
            names: std::collections::HashSet::from(["item".to_owned()]),
            lines: Some(1..=3),
            ..Known::default()
        };
        let said = |text: &str| sentence(text, &known);
        assert_eq!(
            said("\"put the `item` in. Then more.\"").as_deref(),
            Some("Put the `item` in.")
        );
        assert_eq!(
            said("放入一个商品到购物车里").as_deref(),
            Some("放入一个商品到购物车里。")
        );
        assert_eq!(said("Put the `thing` in."), None, "no such name");
        assert_eq!(said("See line 9 for more."), None, "no such line");
        assert_eq!(said("Puts"), None, "too short");
        assert_eq!(said(":param x: what"), None, "no sentence");
    }
}
