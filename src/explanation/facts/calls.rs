//! What a function calls.

use ruff_python_ast::{Expr, StmtFunctionDef};
use ruff_text_size::Ranged as _;
use serde::Serialize;

use super::super::source::Source;
use super::callee::dotted;
use super::names::{Names, Origin, Place};
use super::own::{self, Own};

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// What is called, as a dotted path; what is no name in it is left out: `self.run`,
    /// `Path().open`, `xs[…].sort`, `"…".join`.
    pub callee: String,
    /// Number of arguments as written; `*args` and `**kwargs` count one each.
    pub n_arguments: usize,
    /// The line it starts on.
    pub line: usize,
    /// Whether its result is awaited.
    pub is_awaited: bool,
    /// Where what is called comes from.
    pub origin: Origin,
    /// What is called, as far as it is known: `os.path.join`.
    pub definition: Option<Place>,
}

/// The calls that a function makes itself, in the order of the text.
pub(super) fn of(
    function: &StmtFunctionDef,
    source: &Source<'_>,
    names: &Names<'_, '_>,
) -> Vec<Call> {
    let mut found = Vec::new();
    let mut awaited = Vec::new();
    own::visit(&function.body, &mut |part| match part {
        Own::Expression(Expr::Await(one)) => awaited.push(one.value.range()),
        Own::Expression(Expr::Call(call)) => found.push(call),
        _ => {}
    });
    // `a.b().c()`: both start at `a`, and `b` is called first.
    found.sort_by_key(|call| (call.start(), call.end()));
    found
        .into_iter()
        .map(|call| {
            let (origin, definition) = names.resolve(&call.func);
            Call {
                callee: dotted(&call.func),
                n_arguments: call.arguments.args.len() + call.arguments.keywords.len(),
                line: source.line_of(call),
                is_awaited: awaited.contains(&call.range()),
                origin,
                definition,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::super::target;
    use super::super::Surroundings;
    use super::*;

    /// Tells the calls of the last function.
    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let source = Source::parse(text);
        let functions = target::functions(&source);
        let function = functions.last().expect("the fixture has a function");
        let surroundings = Surroundings::of(&source);
        let names = Names::of(function, &surroundings);
        let told = of(function.def, &source, &names).into_iter().map(|call| {
            let place = call.definition.map(|place| {
                let line = place.line.map(|line| format!(" in line {line}"));
                format!(" {}{}", place.name, line.unwrap_or_default())
            });
            let awaited = if call.is_awaited { "await " } else { "" };
            let (line, callee, n, origin) = (call.line, call.callee, call.n_arguments, call.origin);
            format!(
                "{line}: {awaited}{callee}/{n} {origin:?}{}\n",
                place.unwrap_or_default()
            )
        });
        expected.assert_eq(&told.collect::<String>());
    }

    #[test]
    fn calls_are_told_in_the_order_of_the_text() {
        check(
            "
def f(xs):
    a(b(1, *xs, key=c()), **d)
    x.y().z()
    return [g(x) for x in h()] + sorted(xs, key=lambda x: k(x))
",
            expect![[r#"
                3: a/2 Unknown
                3: b/3 Unknown
                3: c/0 Unknown
                4: x.y/0 Local
                4: x.y().z/0 Unknown
                5: g/1 Unknown
                5: h/0 Unknown
                5: sorted/2 Builtin sorted
                5: k/1 Unknown
            "#]],
        );
    }

    #[test]
    fn what_functions_within_call_is_not_called_here_but_their_defaults_are() {
        check(
            "
def inner_last(): pass
def f():
    class C(base()):
        x = a()
    return C
",
            expect![[r#"
                4: base/0 Unknown
                5: a/0 Unknown
            "#]],
        );
        check(
            "
class Outer:
    async def f(self):
        await go(f'{a()}')
        return await self.g()
",
            expect![[r#"
                4: await go/1 Unknown
                4: a/0 Unknown
                5: await self.g/0 Unknown
            "#]],
        );
    }

    #[test]
    fn a_name_is_followed_to_what_it_stands_for() {
        check(
            "
import os.path, subprocess as sp
from pathlib import Path
from . import models
from .models import User
import requests

LIMIT = int

def helper(): pass

class Base:
    def save(self): pass

class Model(Base):
    def load(self): pass
    def f(self, callback, path: Path, items: list, user: User):
        helper()
        self.load()
        self.save()
        self.other()
        super().save()
        Model.load(self)
        Model()
        os.path.join('a')
        sp.run([])
        requests.get('x')
        Path('x').open()
        models.make()
        User.find()
        callback()
        path.exists()
        items.append(1)
        user.rename()
        LIMIT()
        p = Path('y')
        p.exists()
        text = ''
        text.join(items)
        with open('x') as file:
            file.read()
        len(items)
        nowhere()
        ', '.join(items)
        (lambda: 1)()
",
            expect![[r#"
                18: helper/0 File helper in line 10
                19: self.load/0 File Model.load in line 16
                20: self.save/0 File Base.save in line 13
                21: self.other/0 Unknown
                22: super/0 Builtin super
                22: super().save/0 File Base.save in line 13
                23: Model.load/1 File Model.load in line 16
                24: Model/0 File Model in line 15
                25: os.path.join/1 Library os.path.join
                26: sp.run/1 Library subprocess.run
                27: requests.get/1 Installed requests.get
                28: Path/1 Library pathlib.Path
                28: Path().open/0 Library pathlib.Path.open
                29: models.make/0 Project .models.make
                30: User.find/0 Project .models.User.find
                31: callback/0 Parameter
                32: path.exists/0 Parameter pathlib.Path.exists
                33: items.append/1 Parameter list.append
                34: user.rename/0 Parameter .models.User.rename
                35: LIMIT/0 Variable
                36: Path/1 Library pathlib.Path
                37: p.exists/0 Local pathlib.Path.exists
                39: text.join/1 Local str.join
                40: open/1 Builtin open
                41: file.read/0 Local io.IOBase.read
                42: len/1 Builtin len
                43: nowhere/0 Unknown
                44: "…".join/1 Builtin str.join
                45: (…)/0 Unknown
            "#]],
        );
    }

    #[test]
    fn scopes_hide_what_is_outside_of_them() {
        check(
            "
import json
def json_like(): pass
def outer(data):
    def parse(): pass
    def inner(print):
        nonlocal data
        global json_like
        json_like = data
        print()
        parse()
        data()
        json_like()
        json.loads()
",
            expect![[r#"
                10: print/0 Parameter
                11: parse/0 File parse in line 5
                12: data/0 Parameter
                13: json_like/0 File json_like in line 3
                14: json.loads/0 Library json.loads
            "#]],
        );
    }

    #[test]
    fn variables_that_are_made_of_each_other_lead_nowhere() {
        check(
            "
def f():
    a = a.step()
    b = c.step()
    c = b.step()
    a.go(b.go())
",
            expect![[r#"
                3: a.step/0 Local
                4: c.step/0 Local
                5: b.step/0 Local
                6: a.go/1 Local
                6: b.go/0 Local
            "#]],
        );
    }

    #[test]
    fn what_is_imported_is_followed_through_the_project() {
        let dir = crate::project::fixture::folder(
            "//- app/__init__.py\nfrom .core import run as start\n\
             //- app/core.py\n\ndef run(): pass\nclass Base:\n    def save(self): pass\n\
             //- app/main.py\nimport json, app.core, unheard_of\nfrom app import start\nfrom .core import Base\n\
             class Model(Base):\n    def f(self, base: Base):\n        start()\n        self.save()\n        base.save()\n        \
             app.core.run()\n        Base().save()\n        super().save()\n        self.gone()\n        json.loads()\n        \
             unheard_of.run()\n",
        );
        let project = crate::project::Project::read(dir.path(), crate::project::Limits::default());
        let text = project.text("app/main.py").expect("the fixture has it");
        let source = Source::parse(&text);
        let surroundings = Surroundings::within(&source, &project, "app/main.py");
        let functions = target::functions(&source);
        let names = Names::of(&functions[0], &surroundings);
        let told = of(functions[0].def, &source, &names)
            .into_iter()
            .map(|call| {
                let place = call.definition.map(|place| {
                    let path = place.path.unwrap_or_default();
                    format!("{} {path}:{}", place.name, place.line.unwrap_or(0))
                });
                format!(
                    "{} {:?} {}\n",
                    call.callee,
                    call.origin,
                    place.unwrap_or_default()
                )
            });
        expect![[r#"
            start Project app.core.run app/core.py:2
            self.save Project app.core.Base.save app/core.py:4
            base.save Parameter app.core.Base.save app/core.py:4
            app.core.run Project app.core.run app/core.py:2
            Base Project app.core.Base app/core.py:3
            Base().save Project app.core.Base.save app/core.py:4
            super Builtin super :0
            super().save Project app.core.Base.save app/core.py:4
            self.gone Unknown 
            json.loads Library json.loads :0
            unheard_of.run Installed unheard_of.run :0
        "#]]
        .assert_eq(&told.collect::<String>());
    }
}
