//! Cases by a model: calls with literal arguments, and what they give.

use ruff_python_ast::{Expr, ExprCall};
use ruff_python_parser::parse_expression;
use ruff_text_size::Ranged as _;

use super::super::facts::{Facts, Kind, Parameter, ParameterKind};
use super::super::question::numbered;
use super::super::study::{Studied, Study};
use super::construction::given;
use super::values::is_literal;
use super::{Piece, Skeleton};
use crate::completion::Means;
use crate::model::{Job, Message, ModelError, Priority, Role};

/// Cases that a model is asked for.
const MOST: usize = 3;

/// Tokens of an answer, at most.
const ANSWER: usize = 160;

/// Adds the cases that an instruct model knows to the tests of a function, marked as the model's;
/// those that are no literals, or do not fit the function, are left out. Returns how many there are:
/// none for a model that only continues text, or for what takes an object.
///
/// # Errors
/// Whatever keeps the model from answering.
pub async fn of_model(
    skeleton: &mut Skeleton,
    study: &Study,
    studied: &Studied,
    means: &Means,
) -> Result<usize, ModelError> {
    let facts = &studied.facts;
    if !can_have(facts) {
        return Ok(0);
    }
    let info = means.model.ready().await?;
    let Some(tokenizer) = means.model.tokenizer() else {
        return Ok(0);
    };
    let Some(prompt) = tokenizer.chat(&asking(study, facts)) else {
        return Ok(0);
    };
    if prompt.len() + ANSWER >= info.n_ctx as usize {
        return Ok(0);
    }
    let generation = means.model.generate(Job {
        prompt,
        max_tokens: ANSWER,
        stop: vec!["\n\n".to_owned()],
        priority: Priority::Explanation,
        ..Job::default()
    });
    let answer = generation.text().await?;
    let cases = checked(&answer, facts);
    if let Some(piece) = piece(&cases, facts) {
        skeleton.pieces.push(piece);
    }
    Ok(cases.len())
}

/// Whether a case needs no more than literals: a function or static method that returns something.
fn can_have(facts: &Facts) -> bool {
    let signature = &facts.signature;
    let is_plain = matches!(signature.kind, Kind::Function | Kind::StaticMethod);
    let returns = facts.results.returns.iter().any(|one| one.value.is_some());
    is_plain && returns && !signature.is_async && !signature.is_generator
}

fn asking(study: &Study, facts: &Facts) -> Vec<Message> {
    let name = &facts.signature.qualified_name;
    let code = numbered(&study.code, study.lines.first);
    let message = |role, content| Message { role, content };
    vec![
        message(
            Role::System,
            "You write test cases for a Python function, one a line, as an equation such as \
             `add(1, 2) == 3`. Use literals only, and only cases whose result you are certain of. \
             Write nothing else."
                .to_owned(),
        ),
        message(
            Role::User,
            format!("Write up to {MOST} cases for `{name}`.\n```python\n{code}```\n"),
        ),
    ]
}

/// The equations of an answer that fit the function, as they were written.
fn checked(answer: &str, facts: &Facts) -> Vec<String> {
    let mut cases: Vec<String> = Vec::new();
    for line in answer.lines() {
        let line = line.trim().trim_start_matches(['-', '*']).trim();
        let line = line
            .strip_prefix("assert ")
            .unwrap_or(line)
            .trim_matches('`')
            .trim();
        if is_case(line, facts) && !cases.iter().any(|case| case == line) && cases.len() < MOST {
            cases.push(line.to_owned());
        }
    }
    cases
}

fn is_case(line: &str, facts: &Facts) -> bool {
    let Ok(parsed) = parse_expression(line) else {
        return false;
    };
    let Expr::Compare(one) = parsed.expr() else {
        return false;
    };
    let ([op], [right], Expr::Call(call)) = (&*one.ops, &*one.comparators, &*one.left) else {
        return false;
    };
    let callee = &line[call.func.start().to_usize()..call.func.end().to_usize()];
    let is_equation = matches!(op, ruff_python_ast::CmpOp::Eq | ruff_python_ast::CmpOp::Is);
    is_equation
        && callee == facts.signature.qualified_name
        && is_literal(right)
        && fits(call, facts)
}

/// Whether the arguments are literals, and such as the function takes.
fn fits(call: &ExprCall, facts: &Facts) -> bool {
    let parameters = given(facts);
    let has = |kind| parameters.iter().any(|one| one.kind == kind);
    let by_position = |one: &&&Parameter| {
        matches!(
            one.kind,
            ParameterKind::PositionalOnly | ParameterKind::PositionalOrKeyword
        )
    };
    let positional: Vec<&&Parameter> = parameters.iter().filter(by_position).collect();
    let arguments = &call.arguments;
    let n = arguments.args.len();
    let named: Vec<Option<&str>> = (arguments.keywords.iter())
        .map(|it| it.arg.as_ref().map(|name| name.as_str()))
        .collect();
    let is_known = |name: &Option<&str>| {
        let known = |one: &&Parameter| {
            Some(one.name.as_str()) == *name && one.kind != ParameterKind::PositionalOnly
        };
        name.is_some() && (parameters.iter().any(known) || has(ParameterKind::VarKeyword))
    };
    let is_given = |(at, one): (usize, &&Parameter)| {
        let is_open = matches!(
            one.kind,
            ParameterKind::VarPositional | ParameterKind::VarKeyword
        );
        let in_place = positional.iter().take(n).any(|it| it.name == one.name);
        let _ = at;
        is_open || one.default.is_some() || in_place || named.contains(&Some(one.name.as_str()))
    };
    arguments.args.iter().all(is_literal)
        && arguments.keywords.iter().all(|it| is_literal(&it.value))
        && (n <= positional.len() || has(ParameterKind::VarPositional))
        && named.iter().all(is_known)
        && parameters.iter().enumerate().all(is_given)
}

fn piece(cases: &[String], facts: &Facts) -> Option<Piece> {
    let name = facts
        .signature
        .qualified_name
        .replace('.', "_")
        .to_lowercase();
    let name = format!("test_{}_cases", name.trim_matches('_'));
    let lines: Vec<String> = cases
        .iter()
        .map(|case| format!("    assert {case}"))
        .collect();
    (!lines.is_empty()).then(|| Piece {
        text: format!(
            "def {name}():\n    # These cases are the model's: read them before you rely on them.\n{}",
            lines.join("\n")
        ),
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explanation::study::Meant;

    #[test]
    fn of_an_answer_equations_of_literals_stay_that_fit_the_function() {
        let text = "def add(a, b, *, c=0):\n    return a + b + c\n";
        let study = Study::of("a.py", text, &Meant::All { nested: false }).expect("a function");
        let answer = "Here are some:\n- `add(1, 2) == 3`\nassert add(1, b=-2, c=[1]) == -1\n\
                      add(1) == 1\nadd(x, 2) == 3\nadd(1, 2, d=3) == 6\nadd(1, 2, 3) == 6\n\
                      add(1, 2) == len([1])\nother(1, 2) == 3\nadd(1, 2) == 3\n";
        assert_eq!(
            checked(answer, &study.functions[0].facts),
            ["add(1, 2) == 3", "add(1, b=-2, c=[1]) == -1"]
        );
    }
}
