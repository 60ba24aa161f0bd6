//! What is true of a function: read off its tree, never guessed.
//!
//! [`Facts`] is data; it serialises to JSON with the names of its fields, which is what
//! `midfill explain --json` prints of each function:
//! ```text
//! name, qualified_name, kind, is_async, is_generator, decorators, return_annotation
//! parameters      [{name, kind, annotation, default, line}]
//! lines, line, n_statements, docstring {text, summary, lines}
//! returns         [{value, line}]           yields [{value, is_from, line}]     reaches_end
//! raises          [{exception, is_reraise, cause, line, condition {branch, text, line}}]
//! catches         [{exceptions, name, line}]                  asserts [{test, line}]
//! calls           [{callee, n_arguments, line, is_awaited, origin, definition {name, path, line}}]
//! callers         {found [{path, function, line, is_certain}], n_files, is_cut}
//! effects         {globals, nonlocals, attributes, attributes_read, arguments, io}
//! flow            [{kind, text, lines, assigns, calls, steps [the same]}]
//! loops           [{kind, over, input {parameter, size}, depth, lines}]
//! nests           [{parameters, estimate, lines}]
//! complexity      {cyclomatic, nesting}
//! ```
//! Lines count from 1. What belongs to a function is what it executes itself: functions within it
//! have facts of their own.
//!
//! `tests/facts` holds parameters, exceptions, calls, complexity and docstrings against what
//! CPython's `ast` and radon say of the same functions.

pub(super) mod callee;
mod callers;
mod calls;
mod complexity;
mod docstring;
mod effects;
mod flow;
mod library;
mod loops;
pub(super) mod names;
pub(super) mod own;
mod raises;
pub(super) mod reach;
mod returns;
mod signature;

use serde::Serialize;

pub use callers::{Caller, Callers};
pub use calls::Call;
pub use complexity::Complexity;
pub use docstring::Docstring;
pub use effects::{Change, Effects, How, InputOutput, Medium, Read};
pub use flow::{Step, StepKind};
pub use loops::{Input, Loop, LoopKind, Loops, Nest};
pub use names::{Origin, Place, Surroundings};
pub use raises::{Assertion, Branch, Catch, Condition, Exceptions, Raise};
pub use returns::{Results, Return, Yield};
pub use signature::{Decorator, Kind, Parameter, ParameterKind, Signature};

use super::source::Lines;
use super::target::Function;
use names::Names;
use own::Own;

/// What is true of a function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// Its head.
    #[serde(flatten)]
    pub signature: Signature,
    /// Its lines, decorators included.
    pub lines: Lines,
    /// The line of its name.
    pub line: usize,
    /// Statements in it, those of functions within included.
    pub n_statements: usize,
    /// What it says of itself.
    pub docstring: Option<Docstring>,
    /// What it gives back.
    #[serde(flatten)]
    pub results: Results,
    /// What it raises, catches and asserts.
    #[serde(flatten)]
    pub exceptions: Exceptions,
    /// What it calls, in the order of the text.
    pub calls: Vec<Call>,
    /// Who calls it; empty unless asked for, see [`with_callers`].
    pub callers: Option<Callers>,
    /// What it changes and touches.
    pub effects: Effects,
    /// Its course.
    pub flow: Vec<Step>,
    /// Its loops.
    #[serde(flatten)]
    pub loops: Loops,
    /// How complex it is.
    pub complexity: Complexity,
}

impl Facts {
    /// The facts of a function of a text.
    pub fn of<'s>(function: &Function<'s>, surroundings: &Surroundings<'s>) -> Facts {
        let (def, source) = (function.def, surroundings.source);
        let names = Names::of(function, surroundings);
        Facts {
            signature: Signature::of(function, source),
            lines: source.lines_of(def),
            line: source.line_of(&def.name),
            n_statements: n_statements(def),
            docstring: Docstring::of(&def.body, source),
            results: Results::of(def, source),
            exceptions: Exceptions::of(def, source),
            calls: calls::of(def, source, &names),
            callers: None,
            effects: Effects::of(def, source, &names),
            flow: flow::of(&def.body, source),
            loops: Loops::of(def, source, &names),
            complexity: Complexity::of(def),
        }
    }
}

/// The facts of functions of one text, with those who call them: in the text, and in the project
/// around it. Reads the files of the project that name one of them.
pub fn with_callers<'s>(functions: &[Function<'s>], surroundings: &Surroundings<'s>) -> Vec<Facts> {
    let callers = callers::of(functions, surroundings);
    let facts = functions
        .iter()
        .zip(callers)
        .map(|(function, callers)| Facts {
            callers: Some(callers),
            ..Facts::of(function, surroundings)
        });
    facts.collect()
}

fn n_statements(def: &ruff_python_ast::StmtFunctionDef) -> usize {
    let mut n = 0;
    let mut within = Vec::new();
    own::visit(&def.body, &mut |part| {
        if let Own::Statement(statement) = part {
            n += 1;
            if let ruff_python_ast::Stmt::FunctionDef(inner) = statement {
                within.push(inner);
            }
        }
    });
    n + within.into_iter().map(n_statements).sum::<usize>()
}

#[cfg(test)]
mod tests;
