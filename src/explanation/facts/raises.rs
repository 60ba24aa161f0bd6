//! Which exceptions a function raises, catches and asserts.

use std::collections::HashSet;

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef};
use serde::Serialize;

use super::super::source::Source;
use super::callee::dotted;

/// What a function raises and catches itself, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Exceptions {
    /// Its `raise` statements.
    pub raises: Vec<Raise>,
    /// Its `except` clauses.
    pub catches: Vec<Catch>,
    /// Its `assert` statements.
    pub asserts: Vec<Assertion>,
}

/// A `raise`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Raise {
    /// What is raised, the callee where it is a call: `ValueError`, `errors.NotFound`. `None` for
    /// a bare `raise`.
    pub exception: Option<String>,
    /// Whether it raises again what was caught.
    pub is_reraise: bool,
    /// What stands behind `from`, on one line.
    pub cause: Option<String>,
    /// Its line.
    pub line: usize,
    /// The innermost condition it stands under.
    pub condition: Option<Condition>,
}

/// An `except` clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Catch {
    /// The exceptions, each as written. Empty where all are caught.
    pub exceptions: Vec<String>,
    /// The name behind `as`.
    pub name: Option<String>,
    /// Its line.
    pub line: usize,
}

/// An `assert`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assertion {
    /// What is asserted, on one line.
    pub test: String,
    /// Its line.
    pub line: usize,
}

/// What must hold for a statement to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Which branch.
    pub branch: Branch,
    /// What decides, on one line: the test, of the `if` for an `else`; the pattern of a `case`;
    /// the exceptions of an `except`; the head of a loop for what follows it. Empty for an
    /// `except` that catches all.
    pub text: String,
    /// The line of the branch.
    pub line: usize,
}

/// A branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Branch {
    /// Of an `if`.
    If,
    /// Of an `elif`.
    Elif,
    /// The `else` of an `if`: the test is false, and those of the `elif`s.
    Else,
    /// Of a `while`.
    While,
    /// The `else` of a loop, which was not left by `break`.
    LoopElse,
    /// Of a `case`.
    Case,
    /// Of an `except`.
    Except,
    /// The `else` of a `try`, which raised nothing.
    TryElse,
}

/// Characters of a condition, at most.
const MAX_TEXT: usize = 120;

impl Exceptions {
    pub(super) fn of(function: &StmtFunctionDef, source: &Source<'_>) -> Exceptions {
        let mut walk = Walk {
            source,
            found: Exceptions::default(),
            caught: HashSet::new(),
        };
        walk.body(&function.body, None);
        walk.found
    }
}

struct Walk<'s> {
    source: &'s Source<'s>,
    found: Exceptions,
    /// Names behind `as` of the `except` clauses around.
    caught: HashSet<&'s str>,
}

impl<'s> Walk<'s> {
    fn body(&mut self, body: &'s [Stmt], condition: Option<&Condition>) {
        for statement in body {
            self.statement(statement, condition);
        }
    }

    fn statement(&mut self, statement: &'s Stmt, condition: Option<&Condition>) {
        let source = self.source;
        let text = |expression: &Expr| source.brief(expression, MAX_TEXT);
        match statement {
            Stmt::Raise(one) => {
                let exception = one.exc.as_deref();
                let is_caught = |name: &Expr| matches!(name, Expr::Name(name) if self.caught.contains(name.id.as_str()));
                self.found.raises.push(Raise {
                    exception: exception.map(|exception| match exception {
                        Expr::Call(call) => dotted(&call.func),
                        other => dotted(other),
                    }),
                    is_reraise: exception.is_none_or(is_caught),
                    cause: one.cause.as_deref().map(text),
                    line: source.line_of(one),
                    condition: condition.cloned(),
                });
            }
            Stmt::Assert(one) => self.found.asserts.push(Assertion {
                test: text(&one.test),
                line: source.line_of(one),
            }),
            Stmt::If(one) => {
                let test = text(&one.test);
                let branch = |branch, text, line| Condition { branch, text, line };
                let line = source.line_of(one);
                self.body(&one.body, Some(&branch(Branch::If, test.clone(), line)));
                for clause in &one.elif_else_clauses {
                    let line = source.line_of(clause);
                    let condition = match &clause.test {
                        Some(test) => branch(Branch::Elif, text(test), line),
                        None => branch(Branch::Else, test.clone(), line),
                    };
                    self.body(&clause.body, Some(&condition));
                }
            }
            Stmt::While(one) => {
                let of = |branch| Condition {
                    branch,
                    text: text(&one.test),
                    line: source.line_of(one),
                };
                self.body(&one.body, Some(&of(Branch::While)));
                self.body(&one.orelse, Some(&of(Branch::LoopElse)));
            }
            Stmt::For(one) => {
                self.body(&one.body, condition);
                let after = Condition {
                    branch: Branch::LoopElse,
                    text: format!("{} in {}", text(&one.target), text(&one.iter)),
                    line: source.line_of(one),
                };
                self.body(&one.orelse, Some(&after));
            }
            Stmt::With(one) => self.body(&one.body, condition),
            Stmt::Match(one) => {
                let subject = text(&one.subject);
                for case in &one.cases {
                    let pattern = source.brief(&case.pattern, MAX_TEXT);
                    let guard = case
                        .guard
                        .as_deref()
                        .map(|guard| format!(" if {}", text(guard)));
                    let condition = Condition {
                        branch: Branch::Case,
                        text: format!("{subject} is {pattern}{}", guard.unwrap_or_default()),
                        line: source.line_of(case),
                    };
                    self.body(&case.body, Some(&condition));
                }
            }
            Stmt::Try(one) => {
                self.body(&one.body, condition);
                for handler in &one.handlers {
                    self.handler(handler);
                }
                let after = Condition {
                    branch: Branch::TryElse,
                    text: String::new(),
                    line: source.line_of(one),
                };
                self.body(&one.orelse, Some(&after));
                self.body(&one.finalbody, condition);
            }
            // A class's body is executed as part of the function.
            Stmt::ClassDef(one) => self.body(&one.body, condition),
            _ => {}
        }
    }

    fn handler(&mut self, handler: &'s ExceptHandler) {
        let ExceptHandler::ExceptHandler(handler) = handler;
        let exceptions: Vec<String> = match handler.type_.as_deref() {
            None => Vec::new(),
            Some(Expr::Tuple(several)) => several.elts.iter().map(dotted).collect(),
            Some(one) => vec![dotted(one)],
        };
        let line = self.source.line_of(handler);
        let condition = Condition {
            branch: Branch::Except,
            text: exceptions.join(", "),
            line,
        };
        let name = handler.name.as_ref().map(|name| name.as_str());
        self.found.catches.push(Catch {
            exceptions,
            name: name.map(str::to_owned),
            line,
        });
        let is_new = name.is_some_and(|name| self.caught.insert(name));
        self.body(&handler.body, Some(&condition));
        if let (true, Some(name)) = (is_new, name) {
            self.caught.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::super::target;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let source = Source::parse(text);
        let functions = target::functions(&source);
        let found = Exceptions::of(functions[0].def, &source);
        let mut lines: Vec<(usize, String)> = Vec::new();
        for one in &found.raises {
            let cause = one.cause.as_ref().map(|cause| format!(" from {cause}"));
            let again = if one.is_reraise { " again" } else { "" };
            let when = one
                .condition
                .as_ref()
                .map(|when| format!(", {:?} `{}` of line {}", when.branch, when.text, when.line));
            let exception = one.exception.as_deref().unwrap_or("what was caught");
            lines.push((
                one.line,
                format!(
                    "raises {exception}{again}{}{}",
                    cause.unwrap_or_default(),
                    when.unwrap_or_default()
                ),
            ));
        }
        for one in &found.catches {
            lines.push((
                one.line,
                format!("catches {:?} as {:?}", one.exceptions, one.name),
            ));
        }
        for one in &found.asserts {
            lines.push((one.line, format!("asserts {}", one.test)));
        }
        lines.sort();
        let lines = lines.iter().map(|(line, told)| format!("{line}: {told}\n"));
        expected.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn what_is_raised_is_told_with_the_condition_around_it() {
        check(
            "
def f(x, kind):
    assert x, 'nothing'
    if x < 0:
        raise ValueError('negative')
    elif x > 9:
        for y in x:
            raise errors.TooBig
    else:
        raise
    while x:
        raise make()(x)
    match kind:
        case 'a' if x:
            raise StopIteration
    raise Exception
",
            expect![[r#"
                3: asserts x
                5: raises ValueError, If `x < 0` of line 4
                8: raises errors.TooBig, Elif `x > 9` of line 6
                10: raises what was caught again, Else `x < 0` of line 9
                12: raises make(), While `x` of line 11
                15: raises StopIteration, Case `kind is 'a' if x` of line 14
                16: raises Exception
            "#]],
        );
    }

    #[test]
    fn what_is_caught_may_be_raised_again() {
        check(
            "
def f():
    try:
        g()
    except (KeyError, a.Error) as error:
        raise Missing(error) from error
    except ValueError as error:
        raise error
    except:
        raise
    else:
        raise Odd from None
    def inner():
        raise Hidden
",
            expect![[r#"
                5: catches ["KeyError", "a.Error"] as Some("error")
                6: raises Missing from error, Except `KeyError, a.Error` of line 5
                7: catches ["ValueError"] as Some("error")
                8: raises error again, Except `ValueError` of line 7
                9: catches [] as None
                10: raises what was caught again, Except `` of line 9
                12: raises Odd from None, TryElse `` of line 3
            "#]],
        );
    }
}
