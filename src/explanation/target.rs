//! From a place in a text to the functions to explain.

pub(super) mod definitions;
#[cfg(test)]
mod tests;

use std::ops::Range;

use ruff_python_ast::{ElifElseClause, ExceptHandler, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged as _;

use super::source::{Source, range_of};
pub use definitions::{Around, Function, functions};
use definitions::{Search, is_nested};

/// What is to be explained.
#[derive(Debug)]
pub struct Target<'s> {
    /// The functions, in the order of the text; at least one. Methods of one class where `class`
    /// is there.
    pub functions: Vec<Function<'s>>,
    /// The class that was asked for, where it was not one of its methods.
    pub class: Option<&'s StmtClassDef>,
    /// Bytes that were meant: a selection widened to whole statements, or all of the function or
    /// class under the cursor.
    pub range: Range<usize>,
}

/// Why there is nothing to explain, in a sentence to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTarget {
    /// The document is in another language.
    #[error("Midfill explains Python, and {path} is not a Python file.")]
    NotPython {
        /// The document.
        path: String,
    },
    /// The cursor stands between functions.
    #[error("There is no function or class at line {line}; put the cursor inside one.")]
    NoFunction {
        /// The line, from 1.
        line: usize,
    },
    /// The selection holds statements of the module only.
    #[error(
        "There is no function or class in lines {first} to {last}; select one, or a part of one."
    )]
    NoFunctions {
        /// The first line, from 1.
        first: usize,
        /// The last.
        last: usize,
    },
    /// The class has no methods.
    #[error("The class {name} has no methods to explain.")]
    NoMethods {
        /// The class.
        name: String,
    },
    /// The text has no functions at all.
    #[error("There is no function in this file.")]
    NoFunctionInFile,
    /// Reading it would take more memory than is safe.
    #[error("This file is nested too deeply to be explained.")]
    TooDeep,
    /// There is no stack to read it with.
    #[error("There is not enough memory to read this file.")]
    NoRoom,
    /// The text ends before.
    #[error("The file has {n_lines} lines, so there is no line {line}.")]
    NoLine {
        /// The line asked for, from 1.
        line: usize,
        /// How many there are.
        n_lines: usize,
    },
}

/// What a place means: the innermost function that a cursor (an empty range) stands in, with its
/// decorators; the class where it stands in none of its methods; for a selection the function
/// around it, else the functions that it touches. Offsets behind the text count as its end.
///
/// # Errors
/// Where no function is there.
pub fn find<'s>(source: &'s Source<'_>, range: Range<usize>) -> Result<Target<'s>, NoTarget> {
    if source.is_too_deep() {
        return Err(NoTarget::TooDeep);
    }
    let range = trimmed(source, range);
    let search = Search::of(source);
    let covers = |area: &Range<usize>| area.start <= range.start && range.end <= area.end;
    let innermost = search
        .functions
        .iter()
        .rfind(|function| covers(&area(source, function.def)));
    let class = search
        .classes
        .iter()
        .rfind(|(class, _)| covers(&area(source, *class)));
    // A class inside the function is the smaller of the two.
    let within = |inner: &StmtClassDef, outer: &StmtFunctionDef| inner.start() > outer.start();
    match (innermost, class) {
        (Some(function), class) if class.is_none_or(|(class, _)| !within(class, function.def)) => {
            Ok(Target {
                range: match range.is_empty() {
                    true => range_of(function.def),
                    false => widened(source, &function.def.body, &range)
                        .unwrap_or_else(|| range_of(function.def)),
                },
                functions: vec![function.clone()],
                class: None,
            })
        }
        (_, Some((class, around))) => of_class(source, &search, class, around.len(), &range),
        (_, None) => across(source, &search, range),
    }
}

/// All functions of a file. Those within functions are left out unless `nested`.
///
/// # Errors
/// Where the text has none.
pub fn whole<'s>(source: &'s Source<'_>, nested: bool) -> Result<Target<'s>, NoTarget> {
    let mut functions = functions(source);
    functions.retain(|function| nested || !is_nested(function));
    match functions.is_empty() {
        true if source.is_too_deep() => Err(NoTarget::TooDeep),
        true => Err(NoTarget::NoFunctionInFile),
        false => Ok(Target {
            functions,
            class: None,
            range: 0..source.text().len(),
        }),
    }
}

/// The methods of a class that a selection touches, all of them where it touches none.
fn of_class<'s>(
    source: &Source<'_>,
    search: &Search<'s>,
    class: &'s StmtClassDef,
    depth: usize,
    range: &Range<usize>,
) -> Result<Target<'s>, NoTarget> {
    let is_method = |function: &&Function<'s>| {
        let around = function.around.get(depth);
        matches!(around, Some(Around::Class(one)) if std::ptr::eq(*one, class))
            && !function.around[depth..]
                .iter()
                .any(|around| matches!(around, Around::Function(_)))
    };
    let methods: Vec<_> = search.functions.iter().filter(is_method).cloned().collect();
    if methods.is_empty() {
        let name = class.name.to_string();
        return Err(NoTarget::NoMethods { name });
    }
    let touched: Vec<_> = methods
        .iter()
        .filter(|method| !range.is_empty() && touches(&area(source, method.def), range))
        .cloned()
        .collect();
    let is_whole = touched.is_empty() || touched.len() == methods.len();
    Ok(Target {
        range: match is_whole {
            true => range_of(class),
            false => hull(&touched),
        },
        functions: if is_whole { methods } else { touched },
        class: is_whole.then_some(class),
    })
}

/// The functions at the margin, and methods, that a selection touches.
fn across<'s>(
    source: &Source<'_>,
    search: &Search<'s>,
    range: Range<usize>,
) -> Result<Target<'s>, NoTarget> {
    let (first, last) = (source.line(range.start), source.line(range.end));
    let functions: Vec<_> = search
        .functions
        .iter()
        .filter(|function| !is_nested(function) && !range.is_empty())
        .filter(|function| touches(&area(source, function.def), &range))
        .cloned()
        .collect();
    match functions.is_empty() {
        false => Ok(Target {
            range: hull(&functions),
            functions,
            class: None,
        }),
        true if first == last => Err(NoTarget::NoFunction { line: first }),
        true => Err(NoTarget::NoFunctions { first, last }),
    }
}

fn hull(functions: &[Function<'_>]) -> Range<usize> {
    let ranges = functions.iter().map(|function| range_of(function.def));
    let both = |a: Range<usize>, b: Range<usize>| a.start.min(b.start)..a.end.max(b.end);
    ranges.reduce(both).unwrap_or_default()
}

fn touches(area: &Range<usize>, range: &Range<usize>) -> bool {
    area.start < range.end && range.start < area.end
}

/// A selection without the blanks at its ends; a cursor stays where it is.
fn trimmed(source: &Source<'_>, range: Range<usize>) -> Range<usize> {
    let text = source.text();
    let end = range.end.min(text.len());
    let start = range.start.min(end);
    let Some(selected) = text.get(start..end) else {
        return start..start;
    };
    let n_before = selected.len() - selected.trim_start().len();
    let n_after = selected.len() - selected.trim_end().len();
    match selected.trim().is_empty() {
        true => start..start,
        false => start + n_before..end - n_after,
    }
}

/// The whole lines of a definition: from its first decorator's to its last statement's, and the
/// lines after it that are indented deeper than it is, such as comments and what is half-typed.
fn area(source: &Source<'_>, definition: &impl ruff_text_size::Ranged) -> Range<usize> {
    let lines = source.lines_of(definition);
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let own = indent(source.text_of_line(lines.first));
    let mut last = lines.last;
    let mut next = last + 1;
    while next <= source.n_lines() {
        let line = source.text_of_line(next);
        match line.trim().is_empty() {
            // A blank line belongs to it where an indented one follows, or a cursor could stand
            // there to write the next statement.
            true if indent(line.trim_end_matches(['\n', '\r'])) > own => last = next,
            true => {}
            false if indent(line) > own => last = next,
            false => break,
        }
        next += 1;
    }
    // The line break behind the last line is not part of it: there the next line starts.
    let end = source.range_of_line(last);
    let end = end.start + source.slice(end).trim_end_matches(['\n', '\r']).len();
    source.range_of_line(lines.first).start..end
}

/// The fewest whole statements of one block that hold a selection. `None` where it also holds
/// something of the header.
fn widened(source: &Source<'_>, body: &[Stmt], range: &Range<usize>) -> Option<Range<usize>> {
    let lines = |statement: &Stmt| {
        let lines = source.lines_of(statement);
        source.range_of_line(lines.first).start..source.range_of_line(lines.last).end
    };
    let touched: Vec<&Stmt> = body
        .iter()
        .filter(|statement| touches(&lines(statement), range))
        .collect();
    let (first, last) = (touched.first()?, touched.last()?);
    let whole = lines(first).start..lines(last).end;
    if !(whole.start <= range.start && range.end <= whole.end) {
        return None;
    }
    if let [only] = touched[..] {
        let inner = blocks(only)
            .into_iter()
            .find_map(|block| widened(source, block, range));
        if inner.is_some() {
            return inner;
        }
    }
    Some(range_of(*first).start..range_of(*last).end)
}

/// The blocks of a compound statement, in order.
pub(super) fn blocks(statement: &Stmt) -> Vec<&[Stmt]> {
    match statement {
        Stmt::FunctionDef(one) => vec![&one.body],
        Stmt::ClassDef(one) => vec![&one.body],
        Stmt::For(one) => vec![&one.body, &one.orelse],
        Stmt::While(one) => vec![&one.body, &one.orelse],
        Stmt::With(one) => vec![&one.body],
        Stmt::If(one) => {
            let clauses = one.elif_else_clauses.iter();
            let rest = clauses.map(|clause: &ElifElseClause| clause.body.as_slice());
            std::iter::once(one.body.as_slice()).chain(rest).collect()
        }
        Stmt::Match(one) => one.cases.iter().map(|case| case.body.as_slice()).collect(),
        Stmt::Try(one) => {
            let mut all = vec![one.body.as_slice()];
            all.extend(one.handlers.iter().map(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                handler.body.as_slice()
            }));
            all.extend([one.orelse.as_slice(), one.finalbody.as_slice()]);
            all
        }
        _ => Vec::new(),
    }
}
