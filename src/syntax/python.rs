//! What Python itself refuses, where tree-sitter is lenient: its grammar lets `a += b += 1` and
//! many more pass, and knows nothing of a `return` outside a function.

use std::cell::RefCell;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, PySourceType, PythonVersion, Stmt};
use ruff_python_parser::semantic_errors::{
    LazyImportContext, SemanticSyntaxChecker, SemanticSyntaxContext, SemanticSyntaxError,
};
use ruff_python_parser::{ParseOptions, parse_unchecked};
use ruff_text_size::TextRange;

use super::depth::{self, Depth};

/// The oldest Python that is still maintained: what it reads, every newer one reads too.
const VERSION: PythonVersion = PythonVersion::PY311;

/// Byte offsets of the errors for which Python refuses a module, in the order of the text: those of
/// its parser and those of its compiler, such as an `await` outside an `async` function. Empty for a
/// text that compiles, and for one that is nested too deeply to be read. A text with a hundred lines takes some 60 µs.
pub fn refusals(text: &str) -> Vec<usize> {
    refusals_as(text, false)
}

/// The same, for what may be a notebook's cells: there `await` stands outside functions as well.
pub fn refusals_as(text: &str, is_notebook: bool) -> Vec<usize> {
    // A stack that is used up ends the program. What is nested so deeply nobody writes by hand.
    if depth::is_deeper(text, Depth::HERE) {
        return Vec::new();
    }
    let options = ParseOptions::from(PySourceType::Python).with_target_version(VERSION);
    let parsed = parse_unchecked(text, options);
    let Some(parsed) = parsed.try_into_module() else {
        return Vec::new();
    };
    let mut found: Vec<usize> = parsed
        .errors()
        .iter()
        .map(|error| error.location.start().to_usize())
        .chain(
            parsed
                .unsupported_syntax_errors()
                .iter()
                .map(|error| error.range.start().to_usize()),
        )
        .collect();
    let mut compiler = Compiler {
        checker: SemanticSyntaxChecker::new(),
        scopes: vec![Scope::Module],
        n_loops: 0,
        found: RefCell::default(),
        text,
        is_notebook,
    };
    compiler.visit_body(parsed.suite());
    found.extend(compiler.found.take());
    found.sort_unstable();
    found.dedup();
    found
}

/// Walks a module as Python's compiler does, and notes what it would refuse.
struct Compiler<'a> {
    checker: SemanticSyntaxChecker,
    /// From the module inwards.
    scopes: Vec<Scope>,
    /// Loops around the place within its innermost scope.
    n_loops: usize,
    found: RefCell<Vec<usize>>,
    text: &'a str,
    is_notebook: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Module,
    Class,
    Function { is_async: bool },
    Lambda,
    Comprehension { is_async: bool, is_generator: bool },
}

impl Compiler<'_> {
    fn innermost(&self) -> Scope {
        self.scopes.last().copied().unwrap_or(Scope::Module)
    }

    /// The scope that comprehensions are seen through to.
    fn statement_scope(&self) -> Scope {
        let mut scopes = self.scopes.iter().rev().copied();
        let scope = scopes.find(|scope| !matches!(scope, Scope::Comprehension { .. }));
        scope.unwrap_or(Scope::Module)
    }

    fn within(&mut self, scope: Scope, walk: impl FnOnce(&mut Self)) {
        let n_loops = std::mem::take(&mut self.n_loops);
        self.scopes.push(scope);
        walk(self);
        self.scopes.pop();
        self.n_loops = n_loops;
    }

    /// Lets the checker look, which wants itself and its surroundings at once.
    fn check(&mut self, look: impl FnOnce(&mut SemanticSyntaxChecker, &Self)) {
        let mut checker = std::mem::take(&mut self.checker);
        look(&mut checker, self);
        self.checker = checker;
    }
}

impl<'a> Visitor<'a> for Compiler<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.check(|checker, compiler| checker.visit_stmt(statement, compiler));
        match statement {
            Stmt::FunctionDef(function) => {
                // Decorators, defaults and annotations are evaluated outside the function.
                for decorator in &function.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.visit_parameters(&function.parameters);
                if let Some(returns) = &function.returns {
                    self.visit_annotation(returns);
                }
                let is_async = function.is_async;
                self.within(Scope::Function { is_async }, |compiler| {
                    compiler.visit_body(&function.body);
                });
            }
            Stmt::ClassDef(class) => {
                for decorator in &class.decorator_list {
                    self.visit_decorator(decorator);
                }
                if let Some(arguments) = &class.arguments {
                    self.visit_arguments(arguments);
                }
                self.within(Scope::Class, |compiler| compiler.visit_body(&class.body));
            }
            Stmt::For(_) | Stmt::While(_) => {
                self.n_loops += 1;
                walk_stmt(self, statement);
                self.n_loops -= 1;
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.check(|checker, compiler| checker.visit_expr(expression, compiler));
        let generators = match expression {
            Expr::ListComp(comprehension) => &comprehension.generators,
            Expr::SetComp(comprehension) => &comprehension.generators,
            Expr::DictComp(comprehension) => &comprehension.generators,
            Expr::Generator(generator) => &generator.generators,
            Expr::Lambda(_) => {
                return self.within(Scope::Lambda, |compiler| walk_expr(compiler, expression));
            }
            _ => return walk_expr(self, expression),
        };
        // The first iterable is evaluated outside.
        let Some((first, rest)) = generators.split_first() else {
            return walk_expr(self, expression);
        };
        self.visit_expr(&first.iter);
        let scope = Scope::Comprehension {
            is_async: generators.iter().any(|generator| generator.is_async),
            is_generator: matches!(expression, Expr::Generator(_)),
        };
        self.within(scope, |compiler| {
            compiler.visit_expr(&first.target);
            for condition in &first.ifs {
                compiler.visit_expr(condition);
            }
            for generator in rest {
                compiler.visit_comprehension(generator);
            }
            match expression {
                Expr::ListComp(comprehension) => compiler.visit_expr(&comprehension.elt),
                Expr::SetComp(comprehension) => compiler.visit_expr(&comprehension.elt),
                Expr::Generator(generator) => compiler.visit_expr(&generator.elt),
                Expr::DictComp(comprehension) => {
                    compiler.visit_expr(&comprehension.key);
                    compiler.visit_expr(&comprehension.value);
                }
                _ => {}
            }
        });
    }
}

impl SemanticSyntaxContext for Compiler<'_> {
    fn report_semantic_error(&self, error: SemanticSyntaxError) {
        self.found.borrow_mut().push(error.range.start().to_usize());
    }

    fn python_version(&self) -> PythonVersion {
        VERSION
    }

    fn source(&self) -> &str {
        self.text
    }

    fn in_module_scope(&self) -> bool {
        self.innermost() == Scope::Module
    }

    fn in_function_scope(&self) -> bool {
        matches!(self.innermost(), Scope::Function { .. } | Scope::Lambda)
    }

    fn in_async_context(&self) -> bool {
        match self.innermost() {
            Scope::Comprehension { is_async: true, .. } => true,
            Scope::Comprehension { .. } => {
                self.statement_scope() == Scope::Function { is_async: true }
            }
            scope => scope == Scope::Function { is_async: true },
        }
    }

    fn in_await_allowed_context(&self) -> bool {
        matches!(
            self.statement_scope(),
            Scope::Function { .. } | Scope::Lambda
        )
    }

    fn in_yield_allowed_context(&self) -> bool {
        self.in_function_scope()
    }

    fn in_sync_comprehension(&self) -> bool {
        let is_sync = |scope: &Scope| {
            matches!(
                scope,
                Scope::Comprehension {
                    is_async: false,
                    ..
                }
            )
        };
        self.scopes.iter().any(is_sync)
    }

    fn in_generator_context(&self) -> bool {
        matches!(
            self.innermost(),
            Scope::Comprehension {
                is_generator: true,
                ..
            }
        )
    }

    fn in_loop_context(&self) -> bool {
        self.n_loops > 0
    }

    fn in_notebook(&self) -> bool {
        self.is_notebook
    }

    // The following need the names of a scope, or an editor that says more: nothing is refused.

    fn future_annotations_or_stub(&self) -> bool {
        true
    }

    fn lazy_import_context(&self) -> Option<LazyImportContext> {
        None
    }

    fn global(&self, _name: &str) -> Option<TextRange> {
        None
    }

    fn has_nonlocal_binding(&self, _name: &str) -> bool {
        true
    }

    fn is_bound_parameter(&self, _name: &str) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn accepts(text: &str) {
        assert_eq!(refusals(text), [0; 0], "{text}");
    }

    /// The refused place is marked with `$0`.
    #[track_caller]
    fn refuses(fixture: &str) {
        let at = fixture.find("$0").expect("the fixture has a mark");
        let text = fixture.replacen("$0", "", 1);
        assert_eq!(refusals(&text).first(), Some(&at), "{text}");
    }

    #[test]
    fn what_is_nested_too_deeply_is_let_pass() {
        let deepest = "[".repeat(Depth::HERE.brackets - 1);
        refuses(&format!("x = {deepest}$0"));
        for one in ["[", "f(", "{", "not "] {
            assert_eq!(refusals(&format!("x = {}", one.repeat(60_000))), [0; 0]);
        }
    }

    #[test]
    fn what_compiles_is_accepted() {
        accepts("");
        accepts("x = [1, 2]\n");
        accepts("def f(a, *, b=1, **c):\n    return (yield a)\n");
        accepts("async def f():\n    return [await x for x in xs]\n");
        accepts("async def f():\n    async with a as b:\n        pass\n");
        accepts("for x in xs:\n    if x:\n        break\n");
        accepts("f = lambda: (yield)\n");
        accepts("class A:\n    def f(self):\n        for x in self:\n            continue\n");
        accepts("match x:\n    case [a, *_]:\n        pass\n");
        accepts("x = f'{a!r:>{width}} {b[\"c\"]}'\n");
    }

    #[test]
    fn what_the_parser_refuses_is_found() {
        refuses("x += y $0+= 1\n");
        refuses("f(a=1, $0b)\n");
        refuses("x = f'{a$0'\n");
        refuses("print $0'hello'\n");
        refuses("if x:\n$0y = 1\n");
        refuses("x = 1\n$0    y = 2\n");
        assert!(!refusals("x = 'abc\n").is_empty());
        assert!(!refusals("x = (1,\n").is_empty());
        assert!(!refusals("def f(:\n    pass\n").is_empty());
        assert!(!refusals("try:\n    x\nexcept A, b:\n    pass\n").is_empty());
    }

    #[test]
    fn what_the_compiler_refuses_is_found() {
        refuses("$0return 1\n");
        refuses("class A:\n    $0return 1\n");
        refuses("def f():\n    $0await x\n");
        refuses("x = [$0await y for y in z]\n");
        refuses("if x:\n    $0break\n");
        refuses("for x in xs:\n    def f():\n        $0continue\n");
        refuses("def f():\n    $0async with a:\n        pass\n");
        refuses("def f(a, $0a):\n    pass\n");
        refuses("class A:\n    x = $0yield 1\n");
    }
}
