//! The course of a function: its branches and loops as a tree, and what is done between them.

use ruff_python_ast::{Comprehension, ExceptHandler, Expr, ExprContext, Stmt};
use ruff_text_size::{Ranged, TextRange};
use serde::Serialize;

use super::super::source::{Lines, Source};
use super::callee::dotted;
use super::own::{self, Own};

/// A step of a function's course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Its head on one line: the test of an `if`, `x in xs` of a `for`, the value of a `return`,
    /// the exceptions of an `except`, the name of a function, the whole of a single statement. Empty
    /// for steps without one.
    pub text: String,
    /// Its lines, those of the steps in it included.
    pub lines: Lines,
    /// Names, attributes and items that it assigns, each once; of the head alone where steps are
    /// in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assigns: Vec<String>,
    /// What it calls, each once, in the order of the text; of the head alone where steps are in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// The steps in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// A kind of step. The clauses of a statement are steps beside each other, as they are in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Statements one after another: assignments, calls, imports.
    Statements,
    /// An `if`.
    If,
    /// An `elif`.
    Elif,
    /// An `else`, of whatever stands before.
    Else,
    /// A `for`.
    For,
    /// A `while`.
    While,
    /// A `try`.
    Try,
    /// An `except`.
    Except,
    /// A `finally`.
    Finally,
    /// A `with`.
    With,
    /// A `match`.
    Match,
    /// A `case`.
    Case,
    /// A `return`.
    Return,
    /// A `raise`.
    Raise,
    /// A `yield` that stands alone.
    Yield,
    /// An `assert`.
    Assert,
    /// A `break`.
    Break,
    /// A `continue`.
    Continue,
    /// A function defined within; its course is its own.
    Function,
    /// A class defined within.
    Class,
}

/// Characters of a step's head, at most.
const MAX_TEXT: usize = 120;

/// Names and calls of one step, at most: a table of a thousand calls is one step.
const MAX_NAMED: usize = 40;

/// The course of a body; its docstring is no step.
pub(super) fn of(body: &[Stmt], source: &Source<'_>) -> Vec<Step> {
    let is_docstring = matches!(
        body.first(),
        Some(Stmt::Expr(one)) if one.value.is_string_literal_expr()
    );
    Outline { source }.block(&body[usize::from(is_docstring)..])
}

struct Outline<'s> {
    source: &'s Source<'s>,
}

impl Outline<'_> {
    fn block(&self, block: &[Stmt]) -> Vec<Step> {
        let mut steps = Vec::new();
        for statement in block {
            self.statement(statement, &mut steps);
        }
        steps
    }

    /// A step with the given head.
    fn step(&self, kind: StepKind, text: String, at: &impl Ranged, head: &[&Expr]) -> Step {
        let mut step = Step {
            kind,
            text,
            lines: self.source.lines_of(at),
            assigns: Vec::new(),
            calls: Vec::new(),
            steps: Vec::new(),
        };
        let mut hidden = Vec::new();
        for expression in head {
            own::visit_expression(expression, &mut |part| note(&mut step, part, &mut hidden));
        }
        step
    }

    /// A step for a clause that has a block.
    fn clause(
        &self,
        kind: StepKind,
        text: String,
        at: &impl Ranged,
        head: &[&Expr],
        block: &[Stmt],
    ) -> Step {
        let mut step = self.step(kind, text, at, head);
        step.steps = self.block(block);
        step
    }

    /// An `else` or `finally`, of which only the block has a place.
    fn tail(&self, kind: StepKind, block: &[Stmt]) -> Option<Step> {
        let (first, last) = (block.first()?, block.last()?);
        Some(Step {
            kind,
            text: String::new(),
            lines: Lines {
                first: self.source.lines_of(first).first,
                last: self.source.lines_of(last).last,
            },
            assigns: Vec::new(),
            calls: Vec::new(),
            steps: self.block(block),
        })
    }

    fn text(&self, node: &impl Ranged) -> String {
        self.source.brief(node, MAX_TEXT)
    }

    fn value(&self, value: Option<&Expr>) -> String {
        value.map(|value| self.text(value)).unwrap_or_default()
    }

    fn statement(&self, statement: &Stmt, steps: &mut Vec<Step>) {
        let at = statement;
        match statement {
            Stmt::If(one) => {
                let mut step = self.clause(
                    StepKind::If,
                    self.text(&*one.test),
                    at,
                    &[&one.test],
                    &one.body,
                );
                // The statement ends with its last clause, this step with its own block.
                if let (Some(last), false) = (one.body.last(), one.elif_else_clauses.is_empty()) {
                    step.lines.last = self.source.lines_of(last).last;
                }
                steps.push(step);
                for clause in &one.elif_else_clauses {
                    let test = clause.test.as_ref();
                    let kind = if test.is_some() {
                        StepKind::Elif
                    } else {
                        StepKind::Else
                    };
                    let head: Vec<&Expr> = test.into_iter().collect();
                    steps.push(self.clause(kind, self.value(test), clause, &head, &clause.body));
                }
            }
            Stmt::For(one) => {
                let text = format!("{} in {}", self.text(&*one.target), self.text(&*one.iter));
                let mut step = self.clause(
                    StepKind::For,
                    text,
                    at,
                    &[&one.target, &one.iter],
                    &one.body,
                );
                self.end_with(&mut step, &one.body);
                steps.push(step);
                steps.extend(self.tail(StepKind::Else, &one.orelse));
            }
            Stmt::While(one) => {
                let mut step = self.clause(
                    StepKind::While,
                    self.text(&*one.test),
                    at,
                    &[&one.test],
                    &one.body,
                );
                self.end_with(&mut step, &one.body);
                steps.push(step);
                steps.extend(self.tail(StepKind::Else, &one.orelse));
            }
            Stmt::With(one) => {
                let items: Vec<String> = one.items.iter().map(|item| self.text(item)).collect();
                let head: Vec<&Expr> = (one.items.iter())
                    .flat_map(|item| {
                        std::iter::once(&item.context_expr).chain(item.optional_vars.as_deref())
                    })
                    .collect();
                steps.push(self.clause(StepKind::With, items.join(", "), at, &head, &one.body));
            }
            Stmt::Try(one) => {
                let mut step = self.clause(StepKind::Try, String::new(), at, &[], &one.body);
                self.end_with(&mut step, &one.body);
                steps.push(step);
                for handler in &one.handlers {
                    let ExceptHandler::ExceptHandler(handler) = handler;
                    let name = handler.name.as_ref().map(|name| format!(" as {name}"));
                    let text = self.value(handler.type_.as_deref()) + &name.unwrap_or_default();
                    steps.push(self.clause(StepKind::Except, text, handler, &[], &handler.body));
                }
                steps.extend(self.tail(StepKind::Else, &one.orelse));
                steps.extend(self.tail(StepKind::Finally, &one.finalbody));
            }
            Stmt::Match(one) => {
                let mut step = self.step(
                    StepKind::Match,
                    self.text(&*one.subject),
                    at,
                    &[&one.subject],
                );
                step.steps = one
                    .cases
                    .iter()
                    .map(|case| {
                        let guard = case.guard.as_deref();
                        let when = guard.map(|guard| format!(" if {}", self.text(guard)));
                        let text = self.text(&case.pattern) + &when.unwrap_or_default();
                        let head: Vec<&Expr> = guard.into_iter().collect();
                        self.clause(StepKind::Case, text, case, &head, &case.body)
                    })
                    .collect();
                steps.push(step);
            }
            Stmt::Return(one) => {
                let head: Vec<&Expr> = one.value.as_deref().into_iter().collect();
                steps.push(self.step(
                    StepKind::Return,
                    self.value(one.value.as_deref()),
                    at,
                    &head,
                ));
            }
            Stmt::Raise(one) => {
                let head: Vec<&Expr> = one.exc.as_deref().into_iter().collect();
                steps.push(self.step(StepKind::Raise, self.value(one.exc.as_deref()), at, &head));
            }
            Stmt::Assert(one) => {
                steps.push(self.step(StepKind::Assert, self.text(&*one.test), at, &[&one.test]));
            }
            Stmt::Break(_) => steps.push(self.step(StepKind::Break, String::new(), at, &[])),
            Stmt::Continue(_) => steps.push(self.step(StepKind::Continue, String::new(), at, &[])),
            Stmt::FunctionDef(one) => {
                steps.push(self.step(StepKind::Function, one.name.to_string(), at, &[]));
            }
            Stmt::ClassDef(one) => {
                steps.push(self.step(StepKind::Class, one.name.to_string(), at, &[]));
            }
            Stmt::Expr(one) if matches!(&*one.value, Expr::Yield(_) | Expr::YieldFrom(_)) => {
                let text = match &*one.value {
                    Expr::Yield(one) => self.value(one.value.as_deref()),
                    Expr::YieldFrom(one) => format!("from {}", self.text(&*one.value)),
                    _ => String::new(),
                };
                steps.push(self.step(StepKind::Yield, text, at, &[&one.value]));
            }
            _ => self.plain(statement, steps),
        }
    }

    /// Ends a step with its own block where further clauses follow it.
    fn end_with(&self, step: &mut Step, block: &[Stmt]) {
        if let Some(last) = block.last() {
            step.lines.last = self.source.lines_of(last).last;
        }
    }

    /// Adds a statement to those before it.
    fn plain(&self, statement: &Stmt, steps: &mut Vec<Step>) {
        let lines = self.source.lines_of(statement);
        if !matches!(steps.last(), Some(step) if step.kind == StepKind::Statements) {
            steps.push(self.step(StepKind::Statements, self.text(statement), statement, &[]));
        } else if let Some(step) = steps.last_mut() {
            step.text.clear();
        }
        let Some(step) = steps.last_mut() else { return };
        step.lines.last = lines.last;
        let mut hidden = Vec::new();
        own::visit(std::slice::from_ref(statement), &mut |part| {
            note(step, part, &mut hidden);
        });
    }
}

/// Notes what a part of a step assigns or calls. `hidden` are the variables of comprehensions seen
/// so far, which nobody else sees.
fn note(step: &mut Step, part: Own<'_>, hidden: &mut Vec<TextRange>) {
    let Own::Expression(expression) = part else {
        return;
    };
    let is_stored = match expression {
        Expr::Call(call) => return put(&mut step.calls, dotted(&call.func)),
        Expr::ListComp(one) => return hide(&one.generators, hidden),
        Expr::SetComp(one) => return hide(&one.generators, hidden),
        Expr::DictComp(one) => return hide(&one.generators, hidden),
        Expr::Generator(one) => return hide(&one.generators, hidden),
        Expr::Name(one) => one.ctx == ExprContext::Store,
        Expr::Attribute(one) => one.ctx == ExprContext::Store,
        Expr::Subscript(one) => one.ctx == ExprContext::Store,
        _ => false,
    };
    let is_hidden = |range: &TextRange| range.contains_range(expression.range());
    if is_stored && !hidden.iter().any(is_hidden) {
        put(&mut step.assigns, dotted(expression));
    }
}

fn hide(generators: &[Comprehension], hidden: &mut Vec<TextRange>) {
    hidden.extend(generators.iter().map(|one| one.target.range()));
}

fn put(list: &mut Vec<String>, name: String) {
    if list.len() < MAX_NAMED && !list.contains(&name) {
        list.push(name);
    }
}

#[cfg(test)]
mod tests;
