//! The tests of one function.

use super::super::docstring::words;
use super::super::facts::{Facts, Kind, Medium, Parameter, ParameterKind};
use super::super::source::Source;
use super::super::study::Study;
use super::construction::{self, Construction, given};
use super::values::{self, Value};
use super::{Coroutines, Piece, Skeleton};
use crate::project::builtins::is_builtin;

/// Writes the tests of a function.
pub(super) struct Writer<'a> {
    pub(super) facts: &'a Facts,
    coroutines: Coroutines,
    /// Parameters that a caller gives.
    pub(super) given: Vec<&'a Parameter>,
    /// What is called: `cart.put`, `Cart.make`, `load`.
    callee: String,
    /// The fixture that makes the object.
    pub(super) object: Option<String>,
    pub(super) touches_files: bool,
    imports: Vec<String>,
    pieces: Vec<Piece>,
}

pub(super) fn skeleton(
    study: Option<&Study>,
    source: &Source<'_>,
    facts: &Facts,
    module: &str,
    coroutines: Coroutines,
) -> Skeleton {
    let signature = &facts.signature;
    let class = signature
        .qualified_name
        .rsplit_once('.')
        .map(|(class, _)| class);
    let imported = signature
        .qualified_name
        .split('.')
        .next()
        .unwrap_or_default();
    let of_object = matches!(signature.kind, Kind::Method | Kind::Property);
    let is_init = signature.name == "__init__" || signature.name == "__new__";
    let object = class.filter(|_| of_object && !is_init).map(fixture_name);
    let callee = match (&object, class) {
        (Some(object), Some(class)) => format!("{object}.{}", mangled(class, &signature.name)),
        (None, Some(class)) if is_init => class.to_owned(),
        _ => signature.qualified_name.clone(),
    };
    let media = facts.effects.io.iter().map(|one| one.medium);
    let mut writer = Writer {
        facts,
        coroutines,
        given: given(facts)
            .into_iter()
            .filter(|one| !is_open(one))
            .collect(),
        callee,
        object,
        touches_files: media.clone().any(|medium| medium == Medium::Files),
        imports: vec![format!("from {module} import {imported}")],
        pieces: Vec::new(),
    };
    if let (Some(class), Some(study)) = (class, study)
        && writer.object.is_some()
    {
        writer.fixture(class, &construction::of(class, study, source));
    }
    writer.ordinary();
    writer.raising(module);
    writer.branching();
    Skeleton {
        name: signature.qualified_name.clone(),
        imports: writer.imports,
        pieces: writer.pieces,
    }
}

/// The name of a method outside its class: two underscores before it hide it there.
fn mangled(class: &str, name: &str) -> String {
    let class = class
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .trim_start_matches('_');
    match name.starts_with("__") && !name.ends_with("__") {
        true => format!("_{class}{name}"),
        false => name.to_owned(),
    }
}

/// The name of the fixture for a class: `shopping_cart` for `ShoppingCart`.
fn fixture_name(class: &str) -> String {
    let last = class.rsplit('.').next().unwrap_or_default();
    let words: Vec<String> = words(last).iter().map(|word| word.to_lowercase()).collect();
    let name = words.join("_");
    // What has a meaning of its own is no name.
    let is_taken = is_builtin(&name)
        || [
            "class", "def", "for", "if", "in", "is", "import", "lambda", "pass", "with",
            "tmp_path", "request", "result", "captured", "expected",
        ]
        .contains(&name.as_str());
    match name.is_empty() || is_taken {
        true => format!("{name}_object").trim_start_matches('_').to_owned(),
        false => name,
    }
}

impl Writer<'_> {
    pub(super) fn import(&mut self, statement: &str) {
        if !self.imports.iter().any(|one| one == statement) {
            self.imports.push(statement.to_owned());
        }
    }

    /// The end of the tests' names: `put` for `Cart.put`.
    pub(super) fn stem(&self) -> String {
        let name = self.facts.signature.name.trim_matches('_').to_owned();
        let class = self.facts.signature.qualified_name.rsplit_once('.');
        match class {
            Some((class, _)) => format!("{}_{name}", fixture_name(class)),
            None => name,
        }
    }

    fn is_async(&self) -> bool {
        self.facts.signature.is_async
    }

    fn fixture(&mut self, class: &str, construction: &Construction) {
        self.import("import pytest");
        let Some(object) = self.object.clone() else {
            return;
        };
        let mut todo = Vec::new();
        let mut uses_files = false;
        let call = match construction {
            Construction::With(parameters) => {
                let parameters: Vec<&Parameter> = parameters.iter().collect();
                let values = ordinary_values(&parameters, true, &mut todo);
                uses_files = values
                    .iter()
                    .any(|(_, value)| matches!(value, Value::File(_)));
                format!("{class}({})", arguments(&values))
            }
            Construction::Inherited => {
                todo.push("what the class it comes from is made with".to_owned());
                format!("{class}()")
            }
        };
        let files = if uses_files { "tmp_path" } else { "" };
        let mut text = format!("@pytest.fixture\ndef {object}({files}):\n");
        text.push_str(&todo_line("    ", &todo));
        text.push_str(&format!("    return {call}"));
        self.pieces.push(Piece { name: object, text });
    }

    /// A call, waited for where it is a coroutine, in an expression that gives all it yields.
    pub(super) fn call(&mut self, arguments: &str) -> (Vec<String>, String) {
        let signature = &self.facts.signature;
        let is_property = signature.kind == Kind::Property;
        let is_setter = signature
            .decorators
            .iter()
            .any(|it| it.text.ends_with(".setter"));
        let callee = self.callee.clone();
        if is_property && !is_setter {
            return (Vec::new(), callee);
        }
        if is_property {
            return (
                Vec::new(),
                format!(
                    "setattr({}, {:?}, {arguments})",
                    self.object.clone().unwrap_or_default(),
                    signature.name
                ),
            );
        }
        let call = format!("{callee}({arguments})");
        let is_run = self.coroutines == Coroutines::Run;
        match (self.is_async(), signature.is_generator) {
            (false, false) => (Vec::new(), call),
            (false, true) => (Vec::new(), format!("list({call})")),
            (true, false) if is_run => {
                self.import("import asyncio");
                (Vec::new(), format!("asyncio.run({call})"))
            }
            (true, false) => (Vec::new(), format!("await {call}")),
            (true, true) if is_run => {
                self.import("import asyncio");
                let collect = vec![
                    "async def collected():".to_owned(),
                    format!("    return [one async for one in {call}]"),
                    String::new(),
                ];
                (collect, "asyncio.run(collected())".to_owned())
            }
            (true, true) => (Vec::new(), format!("[one async for one in {call}]")),
        }
    }

    /// Adds a test with a name of its own.
    pub(super) fn test(&mut self, name: &str, marks: &str, fixtures: &[&str], body: &[String]) {
        let mut free = name.to_owned();
        let mut n = 2;
        while self.pieces.iter().any(|piece| piece.name == free) {
            free = format!("{name}_{n}");
            n += 1;
        }
        let is_marked = self.is_async() && self.coroutines != Coroutines::Run;
        let mark = match self.coroutines {
            _ if !is_marked => "",
            Coroutines::Anyio => "@pytest.mark.anyio\n",
            _ => "@pytest.mark.asyncio\n",
        };
        if is_marked || !marks.is_empty() || body.iter().any(|line| line.contains("pytest.")) {
            self.import("import pytest");
        }
        let mut all: Vec<&str> = self.object.as_deref().into_iter().collect();
        for fixture in fixtures {
            if !all.contains(fixture) {
                all.push(fixture);
            }
        }
        let def = if is_marked { "async def" } else { "def" };
        let body: String = body
            .iter()
            .map(|line| match line.is_empty() {
                true => "\n".to_owned(),
                false => format!("    {line}\n"),
            })
            .collect();
        let text = format!(
            "{mark}{marks}{def} {free}({}):\n{}",
            all.join(", "),
            body.trim_end()
        );
        self.pieces.push(Piece { name: free, text });
    }

    fn ordinary(&mut self) {
        let facts = self.facts;
        let mut todo = Vec::new();
        let values = ordinary_values(&self.given, self.touches_files, &mut todo);
        let (mut fixtures, mut body) = self.surroundings();
        if values
            .iter()
            .any(|(_, value)| matches!(value, Value::File(_)))
        {
            fixtures.push("tmp_path");
        }
        body.extend(todo_line("", &todo).lines().map(str::to_owned));
        let (before, call) = self.call(&arguments(&values));
        body.extend(before);
        let name = format!("test_{}", self.stem());
        let is_value = |value: &Option<String>| value.as_deref().is_some_and(|it| it != "None");
        let results = &facts.results;
        let gives =
            results.returns.iter().any(|one| is_value(&one.value)) || !results.yields.is_empty();
        let is_init = facts.signature.name == "__init__";
        if gives || is_init {
            body.push(format!("result = {call}"));
        } else {
            body.push(call);
        }
        let constant = match (&results.returns[..], results.reaches_end) {
            ([one], false) if !facts.signature.is_generator => one.value.clone().filter(|value| {
                ruff_python_parser::parse_expression(value)
                    .is_ok_and(|parsed| values::is_literal(parsed.expr()))
            }),
            _ => None,
        };
        match constant {
            _ if !gives => {}
            Some(value) if ["True", "False"].contains(&value.as_str()) => {
                body.push(format!("assert result is {value}"));
            }
            Some(value) => body.push(format!("assert result == {value}")),
            None => {
                let what = if results.yields.is_empty() {
                    "returns"
                } else {
                    "yields"
                };
                body.push(format!("assert result == ...  # TODO: what it {what}"));
            }
        }
        self.changes(&mut body, is_init);
        if fixtures.contains(&"capsys") {
            body.push("assert capsys.readouterr().out == ...  # TODO: what it prints".to_owned());
        }
        self.test(&name, "", &fixtures, &body);
    }

    /// What is changed, each once, to be looked at behind the call.
    fn changes(&self, body: &mut Vec<String>, is_init: bool) {
        let mut seen: Vec<String> = Vec::new();
        let object = match is_init {
            true => "result",
            false => self.object.as_deref().unwrap_or_default(),
        };
        for change in &self.facts.effects.attributes {
            let target = format!("{object}.{}", change.name);
            if !object.is_empty() && !seen.contains(&target) {
                body.push(format!(
                    "assert {target} == ...  # TODO: what line {} makes of it",
                    change.line
                ));
                seen.push(target);
            }
        }
        for change in &self.facts.effects.arguments {
            if !seen.contains(&change.name) {
                let (name, line) = (&change.name, change.line);
                body.push(format!(
                    "# TODO: `{name}` is changed in place (line {line})."
                ));
                seen.push(name.clone());
            }
        }
    }

    /// Fixtures for what it reaches out to, and what is done with them before the call.
    pub(super) fn surroundings(&mut self) -> (Vec<&'static str>, Vec<String>) {
        let mut fixtures: Vec<&'static str> = Vec::new();
        let mut body: Vec<String> = Vec::new();
        for one in &self.facts.effects.io {
            let (operation, line) = (&one.operation, one.line);
            let is_path = operation.contains('.')
                && operation
                    .chars()
                    .all(|c| c.is_alphanumeric() || "._".contains(c));
            let patched = || {
                format!(
                    "monkeypatch.setattr({operation:?}, lambda *args, **kwargs: ...)  # TODO: what line {line} gets"
                )
            };
            let (fixture, does) = match one.medium {
                Medium::Console if operation == "input" => (
                    "monkeypatch",
                    Some("monkeypatch.setattr(\"builtins.input\", lambda *args: ...)  # TODO: what is typed".to_owned()),
                ),
                Medium::Console => ("capsys", None),
                Medium::Files => ("tmp_path", None),
                Medium::Environment => (
                    "monkeypatch",
                    Some(format!("# TODO: monkeypatch.setenv(NAME, VALUE), for `{operation}` in line {line}.")),
                ),
                Medium::Network | Medium::Processes | Medium::Clock | Medium::Chance
                    if is_path && !operation.starts_with("self.") =>
                {
                    ("monkeypatch", Some(patched()))
                }
                Medium::Network | Medium::Processes | Medium::Database | Medium::Clock
                | Medium::Chance => (
                    "monkeypatch",
                    Some(format!("# TODO: monkeypatch `{operation}` of line {line}.")),
                ),
                Medium::Log => continue,
            };
            if !fixtures.contains(&fixture) {
                fixtures.push(fixture);
            }
            let is_new = |does: &String| {
                let head = does.split("  #").next();
                !body
                    .iter()
                    .any(|one: &String| one.split("  #").next() == head)
            };
            body.extend(does.filter(is_new));
        }
        if fixtures.contains(&"tmp_path") && !self.takes_file() {
            fixtures.push("monkeypatch");
            body.insert(0, "monkeypatch.chdir(tmp_path)".to_owned());
        }
        fixtures.dedup();
        (fixtures, body)
    }

    fn takes_file(&self) -> bool {
        let required = self.given.iter().filter(|one| is_required(one));
        required
            .into_iter()
            .any(|one| matches!(values::of(one, true), Value::File(_)))
    }
}

fn is_required(one: &Parameter) -> bool {
    one.default.is_none() && !is_open(one)
}

fn is_open(one: &Parameter) -> bool {
    matches!(
        one.kind,
        ParameterKind::VarPositional | ParameterKind::VarKeyword
    )
}

/// Values for what must be given; what is not known is added to `todo`.
pub(super) fn ordinary_values(
    parameters: &[&Parameter],
    touches_files: bool,
    todo: &mut Vec<String>,
) -> Vec<(Parameter, Value)> {
    let required = parameters.iter().filter(|one| is_required(one));
    required
        .map(|one| {
            let value = values::of(one, touches_files);
            if let Value::Wanted(what) = &value {
                todo.push(what.clone());
            }
            ((*one).clone(), value)
        })
        .collect()
}

/// Arguments as written: by position where they must be, or where there is one, else by name.
pub(super) fn arguments(values: &[(Parameter, Value)]) -> String {
    let is_only = values.len() == 1;
    let argument = |(one, value): &(Parameter, Value)| {
        let code = value.code();
        match one.kind {
            ParameterKind::VarPositional => format!("*{code}"),
            ParameterKind::VarKeyword => format!("**{code}"),
            ParameterKind::PositionalOnly => code,
            ParameterKind::PositionalOrKeyword if is_only => code,
            _ => format!("{}={code}", one.name),
        }
    };
    // What goes by position stands first.
    let by_position = |(one, _): &&(Parameter, Value)| one.kind == ParameterKind::PositionalOnly;
    let first = values.iter().filter(by_position).map(argument);
    let rest = values.iter().filter(|it| !by_position(it)).map(argument);
    first.chain(rest).collect::<Vec<_>>().join(", ")
}

/// A comment that says what is wanted, or nothing.
pub(super) fn todo_line(indent: &str, wanted: &[String]) -> String {
    match wanted {
        [] => String::new(),
        wanted => format!("{indent}# TODO: choose {}.\n", wanted.join("; ")),
    }
}
