//! What may break in a function, what is slow in it, and what a reader would stumble over: by rules
//! of our own that look at its tree, and by [`ruff`] where that is installed.
//!
//! A problem is data: the rule, the line, and the names that the code has there. Words are made of
//! it elsewhere.

mod course;
mod defaults;
mod exceptions;
mod files;
mod late_binding;
pub mod ruff;
mod size;
mod slips;
mod speed;
mod unused;

use ruff_python_ast::StmtFunctionDef;
use serde::Serialize;

use super::facts::names::Names;
use super::facts::{Facts, Surroundings};
use super::source::Source;
use super::target::Function;

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// Its line.
    pub line: usize,
    /// What the code has there: a name, an expression on one line, a number. Which it is, the rule
    /// says.
    pub subject: String,
    /// What ruff says of it; `None` where only Midfill's own rule found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruff: Option<ruff::Finding>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is wrong whatever was meant.
    Error,
    /// It is wrong more often than not.
    Warning,
    /// It may be meant, but costs time or readers.
    Hint,
}

/// What is wrong. Each says what the subject of its problems is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A default that all calls share and may change. The parameter.
    MutableDefault,
    /// An `except` that catches everything, also the wish to stop. Nothing.
    BareExcept,
    /// An `except` that catches about everything and does nothing. The exception; nothing for all.
    SwallowedException,
    /// An `except` that catches about everything. The exception.
    BroadExcept,
    /// A parameter or variable that hides a builtin. The name.
    ShadowedBuiltin,
    /// An identity check against a literal. The comparison.
    IsLiteral,
    /// `==` with `None`, `True` or `False`. The comparison.
    ComparedToSingleton,
    /// A function made in a loop that will see the variable's last value. The variable.
    LateBinding,
    /// A file that is opened and not closed. The call.
    UnclosedFile,
    /// A string that grows in a loop, copied each time. The variable.
    StringInLoop,
    /// A list searched from its start in a loop. The list.
    ListMembership,
    /// A parameter that is not used. The parameter.
    UnusedParameter,
    /// A variable that is not used. The variable.
    UnusedVariable,
    /// Statements that are never reached. The first of them.
    Unreachable,
    /// An `assert` that never fails, of a tuple. The tuple.
    AssertTuple,
    /// A value is returned on some ways through the function, and nothing on others. Nothing.
    MissingReturn,
    /// An f-string that fills in nothing. The string.
    EmptyFString,
    /// Blocks in blocks in blocks. How many.
    DeepNesting,
    /// Many statements. How many.
    LongFunction,
    /// Many parameters. How many.
    ManyParameters,
    /// Many ways through the function. The cyclomatic complexity.
    Complex,
    /// What ruff alone found. Nothing; ruff says it.
    Ruff,
}

impl Rule {
    /// The rules of ruff that find the same.
    fn codes(self) -> &'static [&'static str] {
        match self {
            Rule::MutableDefault => &["B006"],
            Rule::BareExcept => &["E722"],
            Rule::SwallowedException => &["S110", "S112", "SIM105", "E722", "BLE001"],
            Rule::BroadExcept => &["BLE001"],
            Rule::ShadowedBuiltin => &["A001", "A002"],
            Rule::IsLiteral => &["F632"],
            Rule::ComparedToSingleton => &["E711", "E712"],
            Rule::LateBinding => &["B023"],
            Rule::UnclosedFile => &["SIM115"],
            Rule::StringInLoop => &[],
            Rule::ListMembership => &[],
            Rule::UnusedParameter => &["ARG001", "ARG002", "ARG003", "ARG004", "ARG005"],
            Rule::UnusedVariable => &["F841"],
            Rule::Unreachable => &["PLW0101"],
            Rule::AssertTuple => &["F631"],
            Rule::MissingReturn => &["RET503", "RET502"],
            Rule::EmptyFString => &["F541"],
            Rule::DeepNesting => &["PLR1702"],
            Rule::LongFunction => &["PLR0915"],
            Rule::ManyParameters => &["PLR0913", "PLR0917"],
            Rule::Complex => &["C901", "PLR0912"],
            Rule::Ruff => &[],
        }
    }
}

/// What a rule looks at.
struct Look<'f, 's> {
    function: &'f Function<'s>,
    def: &'s StmtFunctionDef,
    source: &'s Source<'s>,
    names: Names<'f, 's>,
    facts: &'f Facts,
}

impl Look<'_, '_> {
    fn problem(&self, rule: Rule, severity: Severity, line: usize, subject: &str) -> Problem {
        Problem {
            rule,
            severity,
            line,
            subject: subject.to_owned(),
            ruff: None,
        }
    }
}

/// Characters of a subject, at most.
const MAX_SUBJECT: usize = 80;

/// The problems that our own rules find in a function, in the order of its lines. Functions within
/// it have their own.
pub fn of<'s>(
    function: &Function<'s>,
    facts: &Facts,
    surroundings: &Surroundings<'s>,
) -> Vec<Problem> {
    let look = Look {
        function,
        def: function.def,
        source: surroundings.source,
        names: Names::of(function, surroundings),
        facts,
    };
    let rules: [fn(&Look<'_, '_>) -> Vec<Problem>; 9] = [
        defaults::problems,
        exceptions::problems,
        slips::problems,
        late_binding::problems,
        files::problems,
        speed::problems,
        unused::problems,
        course::problems,
        size::problems,
    ];
    let mut found: Vec<Problem> = rules.iter().flat_map(|rule| rule(&look)).collect();
    found.sort_by_key(|problem| (problem.line, problem.severity, problem.rule));
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
