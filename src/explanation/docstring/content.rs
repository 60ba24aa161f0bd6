//! What a docstring says besides its first line, from the facts.

use super::super::facts::{Facts, Kind, Parameter, ParameterKind, Raise};
use super::super::telling::say;
use super::name;
use super::style::Style;
use super::voice::Voice;

/// What a docstring says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) parameters: Vec<Item>,
    pub(super) gives: Option<Gives>,
    pub(super) raises: Vec<Item>,
}

/// A parameter or an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) has_default: bool,
    pub(super) text: String,
}

/// What is returned or yielded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gives {
    pub(super) is_yielded: bool,
    pub(super) kind: Option<String>,
    pub(super) text: String,
}

/// Characters of code that a sentence holds, at most.
const MOST_CODE: usize = 50;

impl Content {
    pub(super) fn of(voice: &Voice<'_>, facts: &Facts) -> Content {
        Content {
            parameters: spoken_of(facts)
                .map(|one| parameter(voice, facts, one))
                .collect(),
            gives: gives(voice, facts),
            raises: raises(voice, facts),
        }
    }
}

/// The parameters that a caller gives.
pub(super) fn spoken_of(facts: &Facts) -> impl Iterator<Item = &Parameter> {
    let signature = &facts.signature;
    let has_receiver = match signature.kind {
        Kind::Method | Kind::ClassMethod | Kind::Property => true,
        Kind::StaticMethod => signature.name == "__new__",
        Kind::Function => false,
    };
    let parameters = signature.parameters.iter().enumerate();
    parameters
        .filter(move |(at, one)| !(*at == 0 && has_receiver && is_by_position(one)))
        .map(|(_, one)| one)
}

fn is_by_position(one: &Parameter) -> bool {
    use ParameterKind::{PositionalOnly, PositionalOrKeyword};
    matches!(one.kind, PositionalOnly | PositionalOrKeyword)
}

/// An annotation as a docstring has it: whole, without the quotes of a forward reference.
fn kind(annotation: Option<&str>) -> Option<String> {
    let annotation = annotation?.trim_matches(['"', '\'']);
    let is_whole = !annotation.ends_with('…') && !annotation.contains('\\');
    is_whole.then(|| annotation.to_owned())
}

fn parameter(voice: &Voice<'_>, facts: &Facts, one: &Parameter) -> Item {
    let stars = match (voice.style, one.kind) {
        // In reStructuredText a star would begin emphasis.
        (Style::Sphinx, _) => "",
        (_, ParameterKind::VarPositional) => "*",
        (_, ParameterKind::VarKeyword) => "**",
        _ => "",
    };
    let what = match one.kind {
        ParameterKind::VarPositional => {
            say!(voice, "further arguments by position", "其他位置参数")
        }
        ParameterKind::VarKeyword => say!(voice, "further arguments by name", "其他关键字参数"),
        _ => name::parameter(voice, &one.name, one.annotation.as_deref()),
    };
    let mut sentences = vec![voice.sentence(&what)];
    if facts.effects.arguments.iter().any(|it| it.name == one.name) {
        sentences.push(say!(voice, "Changed in place.", "会被就地修改。"));
    }
    if let Some(default) = &one.default {
        sentences.push(match is_short(default) {
            true => {
                let default = voice.code(default);
                say!(voice, "Defaults to {default}.", "默认为 {default}。")
            }
            false => say!(voice, "Optional.", "可选。"),
        });
    }
    Item {
        name: format!("{stars}{}", one.name),
        kind: kind(one.annotation.as_deref()),
        has_default: one.default.is_some(),
        text: sentences.join(if voice.tongue.is_chinese() { "" } else { " " }),
    }
}

/// Whether a sentence can hold it.
fn is_short(code: &str) -> bool {
    code.chars().count() <= MOST_CODE && !code.contains(['`', '…'])
}

fn gives(voice: &Voice<'_>, facts: &Facts) -> Option<Gives> {
    let signature = &facts.signature;
    let annotation = kind(signature.return_annotation.as_deref());
    let results = &facts.results;
    if !results.yields.is_empty() {
        let values = results
            .yields
            .iter()
            .map(|one| match (&one.value, one.is_from) {
                (Some(value), true) if is_short(value) => {
                    let value = voice.code(value);
                    say!(voice, "all of {value}", "{value} 的全部")
                }
                (Some(value), false) if is_short(value) => value_in_words(voice, value),
                (None, _) => voice.code("None"),
                _ => say!(voice, "the next value", "下一个值"),
            });
        return Some(Gives {
            is_yielded: true,
            kind: annotation.as_deref().and_then(yielded),
            text: told(voice, values.collect(), say!(voice, "the values", "各个值")),
        });
    }
    // A property is described as a thing.
    if signature.kind == Kind::Property {
        return None;
    }
    let gives_nothing = matches!(annotation.as_deref(), Some("None" | "NoReturn" | "Never"));
    let values: Vec<&str> = (results.returns.iter())
        .filter_map(|one| one.value.as_deref())
        .filter(|value| *value != "None")
        .collect();
    if values.is_empty() || gives_nothing {
        // A stub says what it gives by its annotation alone.
        let is_stub = annotation.is_some() && !gives_nothing;
        return is_stub.then(|| Gives {
            is_yielded: false,
            text: voice.sentence(&say!(voice, "the result", "结果")),
            kind: annotation,
        });
    }
    let may_be_none = results.reaches_end
        || (results.returns.iter()).any(|one| one.value.as_deref().is_none_or(|it| it == "None"));
    let inferred = (!may_be_none).then(|| literal_kind(&values)).flatten();
    let result = say!(voice, "the result", "结果");
    let words = values.iter().map(|value| match is_short(value) {
        true => value_in_words(voice, value),
        false => result.clone(),
    });
    let mut words: Vec<String> = words.collect();
    if may_be_none {
        words.push(voice.code("None"));
    }
    let otherwise = match may_be_none {
        true => {
            let none = voice.code("None");
            say!(voice, "the result, or {none}", "结果，或 {none}")
        }
        false => result,
    };
    Some(Gives {
        is_yielded: false,
        kind: annotation.or(inferred),
        text: told(voice, words, otherwise),
    })
}

/// Several values, each once, or what is said where there are too many.
fn told(voice: &Voice<'_>, mut values: Vec<String>, otherwise: String) -> String {
    let mut seen = std::collections::HashSet::new();
    values.retain(|value| seen.insert(value.clone()));
    voice.sentence(&match values.len() {
        0 | 4.. => otherwise,
        _ => voice.either(&values),
    })
}

fn value_in_words(voice: &Voice<'_>, value: &str) -> String {
    let is_name = |it: &str| it.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_constant = ["True", "False", "None"].contains(&value);
    let is_word = value.len() > 3 && value.chars().all(|c| c.is_lowercase() || c == '_');
    if is_name(value) && is_word && !is_constant {
        let words = name::words(value).join(" ");
        return say!(voice, "the {words}", "{words}");
    }
    voice.code(value)
}

/// What an annotation such as `Iterator[int]` says is yielded.
fn yielded(annotation: &str) -> Option<String> {
    let (head, inner) = annotation.strip_suffix(']')?.split_once('[')?;
    let head = head.rsplit('.').next().unwrap_or_default();
    let is_iterated = [
        "Iterator",
        "Iterable",
        "Generator",
        "AsyncIterator",
        "AsyncIterable",
        "AsyncGenerator",
    ]
    .contains(&head);
    let mut depth = 0_usize;
    let end = inner.find(|c| {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    is_iterated.then(|| inner[..end.unwrap_or(inner.len())].trim().to_owned())
}

/// The type that all of some values have, where they are literals.
fn literal_kind(values: &[&str]) -> Option<String> {
    let kind = |value: &str| {
        let unquoted = value.trim_start_matches(['f', 'F', 'r', 'R']);
        let is_string = |quote| {
            unquoted.len() > 1
                && unquoted.starts_with(quote)
                && unquoted.ends_with(quote)
                && unquoted.matches(quote).count() == 2
        };
        match value {
            "True" | "False" => Some("bool"),
            _ if is_string('"') || is_string('\'') => Some("str"),
            _ if value.parse::<i64>().is_ok() => Some("int"),
            _ => None,
        }
    };
    let first = kind(values.first()?)?;
    let is_all = values.iter().all(|value| kind(value) == Some(first));
    is_all.then(|| first.to_owned())
}

/// What is raised, each exception once with all that leads to it.
fn raises(voice: &Voice<'_>, facts: &Facts) -> Vec<Item> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for one in &facts.exceptions.raises {
        let Some(exception) = exception(facts, one) else {
            continue;
        };
        let when = match &one.condition {
            // Cut or quoted code would break the sentence.
            Some(condition) if condition.text.contains(['`', '…']) => {
                say!(voice, "in some cases", "某些情况下")
            }
            Some(condition) => voice.condition(condition),
            None => unconditional(voice, facts, exception),
        };
        match found.iter_mut().find(|(name, _)| name == exception) {
            Some((_, all)) if all.contains(&when) => {}
            Some((_, all)) => all.push(when),
            None => found.push((exception.to_owned(), vec![when])),
        }
    }
    let item = |(name, when): (String, Vec<String>)| Item {
        name,
        kind: None,
        has_default: false,
        text: voice.sentence(&voice.either(&when)),
    };
    found.into_iter().map(item).collect()
}

/// The exception that a `raise` names; `None` where it raises again what was caught, or what a
/// variable holds.
pub(in super::super) fn exception<'f>(facts: &'f Facts, one: &'f Raise) -> Option<&'f str> {
    let name = one.exception.as_deref().filter(|_| !one.is_reraise)?;
    let last = name.rsplit('.').next()?;
    let is_path = name
        .chars()
        .all(|c| c.is_alphanumeric() || "._".contains(c));
    let is_called = || {
        let calls = facts.calls.iter();
        calls
            .into_iter()
            .any(|call| call.line == one.line && call.callee == name)
    };
    let is_class = last.starts_with(char::is_uppercase) || is_called();
    (is_path && is_class && !name.starts_with("self.") && !name.starts_with("cls.")).then_some(name)
}

fn unconditional(voice: &Voice<'_>, facts: &Facts, exception: &str) -> String {
    let results = &facts.results;
    let ends_otherwise =
        results.reaches_end || !results.returns.is_empty() || !results.yields.is_empty();
    match ends_otherwise {
        true => say!(voice, "if it does not end before", "若此前未结束"),
        false if exception == "NotImplementedError" => {
            say!(voice, "unless it is overridden", "除非被重写")
        }
        false if facts.exceptions.raises.len() == 1 => say!(voice, "always", "总是"),
        false => say!(voice, "otherwise", "其他情况"),
    }
}
