//! Functions that are too much to read at once.

use super::{Look, Problem, Rule, Severity};

/// The most that is not remarked on: those of ruff and pylint, or above.
const MAX_NESTING: usize = 4;
const MAX_STATEMENTS: usize = 50;
const MAX_PARAMETERS: usize = 7;
const MAX_COMPLEXITY: usize = 10;

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let facts = look.facts;
    let receiver = look.names.receiver();
    let parameters = facts.signature.parameters.iter();
    let n_parameters = parameters
        .filter(|one| Some(one.name.as_str()) != receiver)
        .count();
    let measured = [
        (Rule::DeepNesting, facts.complexity.nesting, MAX_NESTING),
        (Rule::LongFunction, facts.n_statements, MAX_STATEMENTS),
        (Rule::ManyParameters, n_parameters, MAX_PARAMETERS),
        (Rule::Complex, facts.complexity.cyclomatic, MAX_COMPLEXITY),
    ];
    measured
        .into_iter()
        .filter(|(_, n, most)| n > most)
        .map(|(rule, n, _)| look.problem(rule, Severity::Hint, facts.line, &n.to_string()))
        .collect()
}
