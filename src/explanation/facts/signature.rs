//! How a function is called.

use ruff_python_ast::{Expr, ParameterWithDefault, StmtFunctionDef};
use serde::Serialize;

use super::super::source::Source;
use super::super::target::Function;
use super::callee::dotted;
use super::own::{self, Own};

/// A function's head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// Its name.
    pub name: String,
    /// Python's `__qualname__`: `Class.method`, `outer.<locals>.inner`.
    pub qualified_name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it is written with `async`.
    pub is_async: bool,
    /// Whether it yields.
    pub is_generator: bool,
    /// Its decorators, from the outermost.
    pub decorators: Vec<Decorator>,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The return annotation as written, on one line.
    pub return_annotation: Option<String>,
}

/// What a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A function.
    Function,
    /// A method of instances.
    Method,
    /// A method of the class.
    ClassMethod,
    /// A method of neither.
    StaticMethod,
    /// A property, or the setter or deleter of one.
    Property,
}

/// A decorator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decorator {
    /// As written behind the `@`, on one line.
    pub text: String,
    /// Its line.
    pub line: usize,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name, without stars.
    pub name: String,
    /// How it is given.
    pub kind: ParameterKind,
    /// Its annotation as written, on one line.
    pub annotation: Option<String>,
    /// Its default as written, on one line.
    pub default: Option<String>,
    /// Its line.
    pub line: usize,
}

/// How a parameter is given, in the terms of Python's `inspect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// By position alone.
    PositionalOnly,
    /// By position or name.
    PositionalOrKeyword,
    /// `*args`.
    VarPositional,
    /// By name alone.
    KeywordOnly,
    /// `**kwargs`.
    VarKeyword,
}

/// Characters of an annotation, default or decorator, at most.
const MAX_TEXT: usize = 200;

impl Signature {
    pub(super) fn of(function: &Function<'_>, source: &Source<'_>) -> Signature {
        let def = function.def;
        let text = |expression: &Expr| source.brief(expression, MAX_TEXT);
        Signature {
            name: def.name.to_string(),
            qualified_name: function.qualified_name(),
            kind: kind(function),
            is_async: def.is_async,
            is_generator: is_generator(def),
            decorators: def
                .decorator_list
                .iter()
                .map(|decorator| Decorator {
                    text: text(&decorator.expression),
                    line: source.line_of(&decorator.expression),
                })
                .collect(),
            parameters: parameters(def, source),
            return_annotation: def.returns.as_deref().map(text),
        }
    }
}

/// Decorators that make a property, by the last part of their name.
const PROPERTIES: [&str; 5] = [
    "property",
    "cached_property",
    "setter",
    "deleter",
    "abstractproperty",
];

fn kind(function: &Function<'_>) -> Kind {
    if function.class().is_none() {
        return Kind::Function;
    }
    let decorators = function.def.decorator_list.iter();
    for decorator in decorators {
        let name = dotted(&decorator.expression);
        let last = name.rsplit('.').next().unwrap_or_default();
        match last {
            "staticmethod" => return Kind::StaticMethod,
            "classmethod" => return Kind::ClassMethod,
            _ if PROPERTIES.contains(&last) => return Kind::Property,
            _ => {}
        }
    }
    match function.def.name.as_str() {
        "__new__" => Kind::StaticMethod,
        "__init_subclass__" | "__class_getitem__" => Kind::ClassMethod,
        _ => Kind::Method,
    }
}

/// Whether a function yields: not one in a lambda of it.
fn is_generator(def: &StmtFunctionDef) -> bool {
    let mut n_yields = 0_usize;
    let mut n_in_lambdas = 0;
    let is_yield =
        |own: &Own<'_>| matches!(own, Own::Expression(Expr::Yield(_) | Expr::YieldFrom(_)));
    own::visit(&def.body, &mut |part| {
        n_yields += usize::from(is_yield(&part));
        if let Own::Expression(Expr::Lambda(lambda)) = part {
            own::visit_expression(&lambda.body, &mut |part| {
                n_in_lambdas += usize::from(is_yield(&part));
            });
        }
    });
    n_yields > n_in_lambdas
}

fn parameters(def: &StmtFunctionDef, source: &Source<'_>) -> Vec<Parameter> {
    let written = &*def.parameters;
    let parameter =
        |parameter: &ruff_python_ast::Parameter, default: Option<&Expr>, kind| Parameter {
            name: parameter.name.to_string(),
            kind,
            annotation: (parameter.annotation.as_deref())
                .map(|annotation| source.brief(annotation, MAX_TEXT)),
            default: default.map(|default| source.brief(default, MAX_TEXT)),
            line: source.line_of(parameter),
        };
    let plain = |parameters: &[ParameterWithDefault], kind| -> Vec<Parameter> {
        parameters
            .iter()
            .map(|one| parameter(&one.parameter, one.default.as_deref(), kind))
            .collect()
    };
    let star = |one: &Option<Box<ruff_python_ast::Parameter>>, kind| {
        one.as_deref().map(|one| parameter(one, None, kind))
    };
    let mut all = plain(&written.posonlyargs, ParameterKind::PositionalOnly);
    all.extend(plain(&written.args, ParameterKind::PositionalOrKeyword));
    all.extend(star(&written.vararg, ParameterKind::VarPositional));
    all.extend(plain(&written.kwonlyargs, ParameterKind::KeywordOnly));
    all.extend(star(&written.kwarg, ParameterKind::VarKeyword));
    all
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::super::target;
    use super::*;

    /// Tells the heads of all functions, one a line.
    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let source = Source::parse(text);
        let told: Vec<String> = target::functions(&source)
            .iter()
            .map(|function| tell(&Signature::of(function, &source)))
            .collect();
        expected.assert_eq(&told.join("\n"));
    }

    fn tell(signature: &Signature) -> String {
        let word = |is: bool, word: &str| {
            if is {
                format!(" {word}")
            } else {
                String::new()
            }
        };
        let part = |mark: &str, text: &Option<String>| match text {
            Some(text) => format!("{mark}{text}"),
            None => String::new(),
        };
        let parameters: Vec<String> = signature
            .parameters
            .iter()
            .map(|one| {
                let (annotation, default) = (part(": ", &one.annotation), part("=", &one.default));
                format!("\n  {:?} {}{annotation}{default}", one.kind, one.name)
            })
            .collect();
        let decorators: String = signature
            .decorators
            .iter()
            .map(|one| format!(" @{} in line {}", one.text, one.line))
            .collect();
        format!(
            "{:?} {}{}{}{}{decorators}{}",
            signature.kind,
            signature.qualified_name,
            part(" -> ", &signature.return_annotation),
            word(signature.is_async, "async"),
            word(signature.is_generator, "generator"),
            parameters.concat(),
        )
    }

    #[test]
    fn every_way_to_give_a_parameter_is_told() {
        check(
            "def f(a, /, b: int = 1, *args: str, c, d=(\n    2,\n), **rest) -> 'dict[str, int]': ...\n",
            expect![[r#"
                Function f -> 'dict[str, int]'
                  PositionalOnly a
                  PositionalOrKeyword b: int=1
                  VarPositional args: str
                  KeywordOnly c
                  KeywordOnly d=(2,)
                  VarKeyword rest"#]],
        );
    }

    #[test]
    fn what_a_function_is_follows_from_its_decorators_and_where_it_stands() {
        check(
            "
class C:
    @property
    def p(self): return 1
    @p.setter
    def p(self, x): pass
    @classmethod
    async def make(cls): pass
    @staticmethod
    def s(): yield 1
    if X:
        def m(self):
            def inner(): pass
            return lambda: (yield)
",
            expect![[r#"
                Property C.p @property in line 3
                  PositionalOrKeyword self
                Property C.p @p.setter in line 5
                  PositionalOrKeyword self
                  PositionalOrKeyword x
                ClassMethod C.make async @classmethod in line 7
                  PositionalOrKeyword cls
                StaticMethod C.s generator @staticmethod in line 9
                Method C.m
                  PositionalOrKeyword self
                Function C.m.<locals>.inner"#]],
        );
    }
}
