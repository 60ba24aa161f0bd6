//! Tests for the ways that a call may go: into an exception, or into a branch.

use super::super::docstring::{Style, Voice, exception, words};
use super::super::facts::{Branch, Kind, Parameter, Step, StepKind};
use super::super::tongue::Tongue;
use super::tests_of::{Writer, arguments, ordinary_values, todo_line};
use super::values::{self, Value};
use crate::project::builtins::is_builtin;

/// Rows of a test for branches, at most.
const MOST_ROWS: usize = 8;

/// A value that leads into a branch.
struct Row {
    value: String,
    test: String,
    line: usize,
}

impl Writer<'_> {
    /// A test for each exception that it raises.
    pub(super) fn raising(&mut self, module: &str) {
        let voice = Voice {
            tongue: &Tongue::English,
            style: Style::Google,
        };
        let facts = self.facts;
        let mut seen = Vec::new();
        for raise in &facts.exceptions.raises {
            let Some(exception) = exception(facts, raise) else {
                continue;
            };
            let condition = raise.condition.as_ref();
            let key = (exception, condition.map(|it| (it.branch, it.text.as_str())));
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let root = exception.split('.').next().unwrap_or_default();
            if !is_builtin(root) {
                self.import(&format!("from {module} import {root}"));
            }
            let mut values = Vec::new();
            let mut todo = Vec::new();
            values.extend(ordinary_values(&self.given, self.touches_files, &mut todo));
            let met = condition
                .filter(|it| matches!(it.branch, Branch::If | Branch::Elif))
                .and_then(|it| values::meeting(&it.text, &self.given));
            let mut is_met = false;
            if let Some((name, value)) = met {
                is_met = value.is_some();
                self.put(&mut values, &name, value);
                todo.retain(|one| !one.starts_with(&format!("`{name}`")));
            }
            let mut body = vec![match condition {
                Some(condition) => {
                    let when = voice.condition(condition);
                    format!("# Raised {when} (line {}).", raise.line)
                }
                None => format!("# Raised in line {}.", raise.line),
            }];
            if !is_met {
                todo.push("arguments that lead there".to_owned());
            }
            let (fixtures, before) = self.surroundings();
            let mut fixtures: Vec<&str> = fixtures
                .into_iter()
                .filter(|one| *one != "capsys")
                .collect();
            if values
                .iter()
                .any(|(_, value)| matches!(value, Value::File(_)))
            {
                fixtures.push("tmp_path");
            }
            body.extend(before);
            body.extend(todo_line("", &todo).lines().map(str::to_owned));
            let (before, call) = self.call(&arguments(&values));
            body.extend(before);
            body.push(format!("with pytest.raises({exception}):"));
            body.push(format!("    {call}"));
            let last = exception.rsplit('.').next().unwrap_or_default();
            let words: Vec<String> = words(last).iter().map(|it| it.to_lowercase()).collect();
            let name = format!("test_{}_raises_{}", self.stem(), words.join("_"));
            self.test(&name, "", &fixtures, &body);
        }
    }

    /// Gives a parameter another value, in the order of the parameters.
    fn put(&self, values: &mut Vec<(Parameter, Value)>, name: &str, value: Option<String>) {
        let value = match value {
            Some(code) => Value::Code(code),
            None => Value::Wanted(format!("`{name}`")),
        };
        if let Some((_, old)) = values.iter_mut().find(|(one, _)| one.name == name) {
            *old = value;
            return;
        }
        if let Some(one) = self.given.iter().find(|one| one.name == name) {
            values.push(((*one).clone(), value));
        }
    }

    /// A test for each parameter that decides on a branch, one row a branch.
    pub(super) fn branching(&mut self) {
        let facts = self.facts;
        let raised: Vec<usize> = (facts.exceptions.raises.iter())
            .filter_map(|raise| Some(raise.condition.as_ref()?.line))
            .collect();
        let mut rows: Vec<(String, Vec<Row>)> = Vec::new();
        let mut stack: Vec<&Step> = facts.flow.iter().rev().collect();
        while let Some(step) = stack.pop() {
            stack.extend(step.steps.iter().rev());
            let is_branch = matches!(step.kind, StepKind::If | StepKind::Elif);
            if !is_branch || raised.contains(&step.lines.first) {
                continue;
            }
            let Some((name, Some(value))) = values::meeting(&step.text, &self.given) else {
                continue;
            };
            let row = Row {
                value,
                test: step.text.clone(),
                line: step.lines.first,
            };
            match rows.iter_mut().find(|(one, _)| *one == name) {
                Some((_, all))
                    if all.len() < MOST_ROWS && !all.iter().any(|it| it.value == row.value) =>
                {
                    all.push(row);
                }
                Some(_) => {}
                None => rows.push((name, vec![row])),
            }
        }
        let is_property = facts.signature.kind == Kind::Property;
        for (name, rows) in rows.into_iter().filter(|_| !is_property) {
            let mut table = String::new();
            for Row { value, test, line } in &rows {
                table.push_str(&format!(
                    "        ({value}, ...),  # {test} (line {line})\n"
                ));
            }
            table.push_str("        (..., ...),  # otherwise\n");
            // These names are pytest's and the test's own.
            let is_taken = [
                "request",
                "expected",
                "capsys",
                "tmp_path",
                "monkeypatch",
                "result",
            ]
            .contains(&name.as_str())
                || self.object.as_deref() == Some(&name);
            let column = if is_taken {
                format!("{name}_value")
            } else {
                name.clone()
            };
            let marks = format!(
                "# TODO: what is expected in each branch.\n@pytest.mark.parametrize(\n    (\"{column}\", \"expected\"),\n    [\n{table}    ],\n)\n"
            );
            let mut todo = Vec::new();
            let mut values = ordinary_values(&self.given, self.touches_files, &mut todo);
            todo.retain(|one| !one.starts_with(&format!("`{name}`")));
            self.put(&mut values, &name, Some(column.clone()));
            let (fixtures, mut body) = self.surroundings();
            let mut fixtures: Vec<&str> = fixtures
                .into_iter()
                .filter(|one| *one != "capsys")
                .collect();
            if values
                .iter()
                .any(|(_, value)| matches!(value, Value::File(_)))
            {
                fixtures.push("tmp_path");
            }
            fixtures.extend([column.as_str(), "expected"]);
            body.extend(todo_line("", &todo).lines().map(str::to_owned));
            let (before, call) = self.call(&arguments(&values));
            body.extend(before);
            body.push(format!("result = {call}"));
            body.push("assert result == expected".to_owned());
            let test = format!("test_{}_by_{name}", self.stem());
            self.test(&test, &marks, &fixtures, &body);
        }
    }
}
