//! Which loops go over what was passed in, and how the work grows with it.

use std::collections::HashMap;

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Comprehension, Expr, Stmt, StmtFunctionDef};
use serde::Serialize;

use super::super::source::{Lines, Source};
use super::callee::dotted;
use super::names::{Bound, Names};
use super::own::walk;

/// The loops of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Loops {
    /// All of them, in the order of the text; comprehensions too.
    pub loops: Vec<Loop>,
    /// Loops within loops that go over what was passed in.
    pub nests: Vec<Nest>,
}

/// A loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loop {
    /// What it is.
    pub kind: LoopKind,
    /// What it goes over, the test of a `while`; on one line.
    pub over: String,
    /// The parameter that this is, or is made of one to one: `xs` for `enumerate(xs)`,
    /// `range(len(xs))`, `xs.items()`.
    pub input: Option<Input>,
    /// Loops around it.
    pub depth: usize,
    /// Its lines.
    pub lines: Lines,
}

/// A kind of loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopKind {
    /// A `for` statement.
    For,
    /// A `while` statement.
    While,
    /// A `for` in a comprehension or generator expression.
    Comprehension,
}

/// What a loop goes over, of what was passed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// The parameter.
    pub parameter: String,
    /// What stands for the number of rounds: `len(xs)`, `n`, `len(row)`.
    pub size: String,
}

/// Loops within loops that go over what was passed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Nest {
    /// The parameters, each once.
    pub parameters: Vec<String>,
    /// The estimated number of rounds of the innermost loop, where no loop is left early and the
    /// loops that go over anything else have a fixed number of rounds: `O(len(xs)²)`.
    pub estimate: String,
    /// The lines of the loops, from the outermost.
    pub lines: Vec<usize>,
}

/// Characters of what a loop goes over, at most.
const MAX_TEXT: usize = 80;

impl Loops {
    pub(super) fn of(
        function: &StmtFunctionDef,
        source: &Source<'_>,
        names: &Names<'_, '_>,
    ) -> Loops {
        let mut search = Search {
            source,
            names,
            elements: HashMap::new(),
            around: Vec::new(),
            found: Loops::default(),
        };
        search.visit_body(&function.body);
        let mut loops = search.found;
        loops.loops.sort_by_key(|one| (one.lines.first, one.depth));
        loops
    }
}

struct Search<'f, 's> {
    source: &'f Source<'f>,
    names: &'f Names<'f, 's>,
    /// Variables of loops that stand for elements of an input, each with the parameter.
    elements: HashMap<&'f str, String>,
    /// Inputs and lines of the loops around.
    around: Vec<(Option<Input>, usize)>,
    found: Loops,
}

impl<'f> Search<'f, '_> {
    fn enter(&mut self, kind: LoopKind, over: &Expr, lines: Lines, input: Option<Input>) {
        self.found.loops.push(Loop {
            kind,
            over: self.source.brief(over, MAX_TEXT),
            input: input.clone(),
            depth: self.around.len(),
            lines,
        });
        let is_input = input.is_some();
        self.around.push((input, lines.first));
        if is_input {
            self.note_nest();
        }
    }

    /// Notes the loops around as a nest, in place of one that is a part of it.
    fn note_nest(&mut self) {
        let inputs: Vec<(&Input, usize)> = self
            .around
            .iter()
            .filter_map(|(input, line)| Some((input.as_ref()?, *line)))
            .collect();
        if inputs.len() < 2 {
            return;
        }
        let mut parameters: Vec<String> = Vec::new();
        let mut factors: Vec<(String, usize)> = Vec::new();
        for (input, _) in &inputs {
            if !parameters.contains(&input.parameter) {
                parameters.push(input.parameter.clone());
            }
            match factors.iter_mut().find(|(size, _)| *size == input.size) {
                Some((_, power)) => *power += 1,
                None => factors.push((input.size.clone(), 1)),
            }
        }
        let product: Vec<String> = factors
            .into_iter()
            .map(|(size, power)| match power {
                1 => size,
                2 => size + "²",
                3 => size + "³",
                _ => format!("{size}^{power}"),
            })
            .collect();
        let nest = Nest {
            parameters,
            estimate: format!("O({})", product.join(" · ")),
            lines: inputs.into_iter().map(|(_, line)| line).collect(),
        };
        self.found
            .nests
            .retain(|known| !nest.lines.starts_with(&known.lines));
        self.found.nests.push(nest);
    }

    /// What an iterable is of the inputs.
    fn input(&self, iterable: &'f Expr) -> Option<Input> {
        self.input_within(iterable, 0)
    }

    fn input_within(&self, iterable: &'f Expr, depth: usize) -> Option<Input> {
        if depth > MAX_STEPS {
            return None;
        }
        match iterable {
            Expr::Name(name) => self.input_of_name(name.id.as_str(), depth),
            // A part, such as `xs[1:]`, `config.items` or a row of a table, grows with the whole
            // for all that is known.
            Expr::Subscript(subscript) => match &*subscript.slice {
                Expr::Slice(_) => self.input_within(&subscript.value, depth + 1),
                _ => self.part(iterable, &subscript.value, depth),
            },
            Expr::Attribute(attribute) => self.part(iterable, &attribute.value, depth),
            Expr::Starred(starred) => self.input_within(&starred.value, depth + 1),
            Expr::Call(call) => {
                let arguments = &call.arguments.args;
                if let Expr::Attribute(attribute) = &*call.func {
                    let is_view = ["items", "keys", "values", "copy", "splitlines", "split"]
                        .contains(&attribute.attr.as_str());
                    return is_view
                        .then(|| self.input_within(&attribute.value, depth + 1))
                        .flatten();
                }
                match dotted(&call.func).as_str() {
                    "enumerate" | "sorted" | "reversed" | "list" | "tuple" | "set"
                    | "frozenset" | "iter" | "dict" => {
                        self.input_within(arguments.first()?, depth + 1)
                    }
                    "map" | "filter" => self.input_within(arguments.get(1)?, depth + 1),
                    "zip" => arguments
                        .iter()
                        .find_map(|argument| self.input_within(argument, depth + 1)),
                    "range" => {
                        let end = match &arguments[..] {
                            [end] => end,
                            [_, end, ..] => end,
                            [] => return None,
                        };
                        self.count(end, depth + 1)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn input_of_name(&self, name: &str, depth: usize) -> Option<Input> {
        if let Some(parameter) = self.elements.get(name) {
            return Some(Input {
                parameter: parameter.clone(),
                size: format!("len({name})"),
            });
        }
        match self.names.own().get(name)? {
            Bound::Parameter(_) if self.names.receiver() != Some(name) => Some(Input {
                parameter: name.to_owned(),
                size: format!("len({name})"),
            }),
            // A variable that is bound once stands for what it is bound to.
            Bound::Value(Some(value)) => self.input_owned(value, depth + 1),
            _ => None,
        }
    }

    /// The same for an expression that outlives this search.
    fn input_owned(&self, value: &Expr, depth: usize) -> Option<Input> {
        let probe = Search {
            source: self.source,
            names: self.names,
            elements: HashMap::new(),
            around: Vec::new(),
            found: Loops::default(),
        };
        probe.input_within(value, depth)
    }

    /// A part of an input: `xs[i]`, `config.items`.
    fn part(&self, whole: &'f Expr, of: &'f Expr, depth: usize) -> Option<Input> {
        let input = self.input_within(of, depth + 1)?;
        Some(Input {
            parameter: input.parameter,
            size: format!("len({})", self.source.brief(whole, MAX_TEXT)),
        })
    }

    /// What a number of rounds is of the inputs: `len(xs)`, `len(xs) - 1`, `n`.
    fn count(&self, number: &'f Expr, depth: usize) -> Option<Input> {
        if depth > MAX_STEPS {
            return None;
        }
        match number {
            Expr::Call(call) if dotted(&call.func) == "len" => {
                self.input_within(call.arguments.args.first()?, depth + 1)
            }
            Expr::BinOp(operation) => self
                .count(&operation.left, depth + 1)
                .or_else(|| self.count(&operation.right, depth + 1)),
            Expr::Name(name) => match self.names.own().get(name.id.as_str())? {
                Bound::Parameter(_) => Some(Input {
                    parameter: name.id.to_string(),
                    size: name.id.to_string(),
                }),
                Bound::Value(Some(Expr::Call(call))) if dotted(&call.func) == "len" => {
                    self.input_owned(call.arguments.args.first()?, depth + 1)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Remembers the variables of a loop over elements of an input.
    fn bind(&mut self, target: &'f Expr, iterable: &'f Expr, input: &Input) {
        // Of `enumerate` and `items`, the second is the element; of `range`, there is none.
        let element = match (target, iterable) {
            (_, Expr::Call(call)) if dotted(&call.func) == "range" => return,
            (Expr::Tuple(pair), Expr::Call(_)) => pair.elts.last(),
            _ => Some(target),
        };
        if let Some(Expr::Name(name)) = element {
            self.elements
                .insert(name.id.as_str(), input.parameter.clone());
        }
    }
}

/// Calls and variables that are followed from an iterable to a parameter, at most.
const MAX_STEPS: usize = 8;

impl<'f> Visitor<'f> for Search<'f, '_> {
    fn visit_stmt(&mut self, statement: &'f Stmt) {
        match statement {
            Stmt::For(one) => {
                let input = self.input(&one.iter);
                if let Some(input) = &input {
                    self.bind(&one.target, &one.iter, input);
                }
                self.visit_expr(&one.iter);
                self.enter(LoopKind::For, &one.iter, self.source.lines_of(one), input);
                self.visit_body(&one.body);
                self.around.pop();
                self.visit_body(&one.orelse);
            }
            Stmt::While(one) => {
                self.enter(LoopKind::While, &one.test, self.source.lines_of(one), None);
                self.visit_expr(&one.test);
                self.visit_body(&one.body);
                self.around.pop();
                self.visit_body(&one.orelse);
            }
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => walk(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'f Expr) {
        let (parts, generators): (Vec<&Expr>, &[Comprehension]) = match expression {
            Expr::ListComp(one) => (vec![&one.elt], &one.generators),
            Expr::SetComp(one) => (vec![&one.elt], &one.generators),
            Expr::Generator(one) => (vec![&one.elt], &one.generators),
            Expr::DictComp(one) => (vec![&one.key, &one.value], &one.generators),
            // What a lambda does is done when it is called.
            Expr::Lambda(_) => return,
            _ => return ruff_python_ast::visitor::walk_expr(self, expression),
        };
        let lines = self.source.lines_of(expression);
        for generator in generators {
            let input = self.input(&generator.iter);
            if let Some(input) = &input {
                self.bind(&generator.target, &generator.iter, input);
            }
            self.visit_expr(&generator.iter);
            self.enter(LoopKind::Comprehension, &generator.iter, lines, input);
            generator.ifs.iter().for_each(|test| self.visit_expr(test));
        }
        parts.into_iter().for_each(|part| self.visit_expr(part));
        self.around.truncate(self.around.len() - generators.len());
    }
}

#[cfg(test)]
mod tests;
