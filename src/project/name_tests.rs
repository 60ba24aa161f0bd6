use expect_test::{Expect, expect};

use super::lookup::{Entity, Found, From};
use super::symbols::{Nature, Symbol};
use super::*;
use crate::syntax::names::Import;

fn shown(found: Found) -> String {
    match found {
        Found::Missing => "missing".to_owned(),
        Found::Unknown => "unknown".to_owned(),
        Found::Is(Entity::Module(module)) => format!("module {}", module.name),
        Found::Is(Entity::Class(class, at)) => format!("class {} of {}", class.name, at.name),
        Found::Is(Entity::Function(function)) => function.signature.to_string(),
        Found::Is(Entity::Value) => "value".to_owned(),
    }
}

/// Imports, written as in Python in the file `at`, and what each stands for.
#[track_caller]
fn check(fixture: &str, at: &str, imports: &[&str], expected: Expect) {
    let dir = fixture::folder(fixture);
    let project = Project::read(dir.path(), Limits::default());
    let lines: Vec<_> = imports
        .iter()
        .map(|written| {
            let (module, name) = match written.strip_prefix("from ") {
                None => (written.trim_start_matches("import "), None),
                Some(rest) => {
                    let (module, name) = rest.split_once(" import ").expect("from … import …");
                    (module, Some(name))
                }
            };
            let level = module.len() - module.trim_start_matches('.').len();
            let module = &module[level..];
            let import = Import {
                level,
                module,
                name,
            };
            format!(
                "{written}: {}",
                shown(project.import(import, From::File(at)))
            )
        })
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

const PACKAGE: &str = "//- pkg/__init__.py\nfrom .a import f, A as B\nfrom .stars import *\nVERSION = '1'\n\
    //- pkg/a.py\nimport os\ndef f(x, *, y=1):\n    pass\nclass A: pass\n\
    //- pkg/stars.py\nfrom .deep.low import *\nstar = 1\n//- pkg/deep/low.py\nlow = 2\n\
    //- pkg/late.py\ndef __getattr__(name): pass\n//- tools/run.py\nimport side\n//- tools/side.py\nz = 1\n\
    //- src/lib/__init__.py\n//- src/lib/core.py\nc = 1\n";

#[test]
fn imports_are_followed_to_what_they_stand_for() {
    check(
        PACKAGE,
        "pkg/a.py",
        &[
            "import pkg",
            "from pkg import f",
            "from pkg import B",
            "from pkg import A",
            "from pkg import VERSION",
            "from pkg import star",
            "from pkg import low",
            "from pkg import a",
            "from . import stars",
            "from . import VERSION",
            "from .a import f",
            "from .deep import low",
            "from .late import anything",
            "from lib.core import c",
            "from lib.core import d",
            "from nowhere import x",
        ],
        expect![[r#"
            import pkg: module pkg
            from pkg import f: def f(x, *, y=1)
            from pkg import B: class A of pkg.a
            from pkg import A: missing
            from pkg import VERSION: value
            from pkg import star: value
            from pkg import low: value
            from pkg import a: module pkg.a
            from . import stars: module pkg.stars
            from . import VERSION: value
            from .a import f: def f(x, *, y=1)
            from .deep import low: module low
            from .late import anything: unknown
            from lib.core import c: value
            from lib.core import d: missing
            from nowhere import x: unknown"#]],
    );
}

#[test]
fn a_script_sees_the_modules_beside_it() {
    check(
        PACKAGE,
        "tools/run.py",
        &["from side import z", "from side import y", "import a"],
        expect![[r#"
            from side import z: value
            from side import y: missing
            import a: unknown"#]],
    );
}

#[test]
fn the_environment_is_read_where_the_project_has_no_such_module() {
    check(
        "//- .venv/lib/python3.11/os.py\nfrom posix import *\ndef getcwdx(): pass\n\
         //- .venv/lib/python3.11/site-packages/dep/__init__.py\ndef g(): pass\n\
         //- .venv/lib/python3.11/site-packages/dep-stubs/__init__.pyi\ndef g(a: int) -> str: ...\n\
         //- .venv/lib/python3.11/site-packages/fast.cpython-311-x86_64-linux-gnu.so\n\
         //- .venv/lib/python3.11/site-packages/ns/part.py\np = 1\n//- m.py\n",
        "m.py",
        &[
            "from os import getcwdx",
            "from os import getpid",
            "from os import getpidd",
            "from dep import g",
            "from fast import anything",
            "from ns.part import p",
            "from ns.other import q",
            "from time import sleep",
            "from time import slep",
        ],
        expect![[r#"
            from os import getcwdx: def getcwdx()
            from os import getpid: value
            from os import getpidd: missing
            from dep import g: def g(a: int) -> str
            from fast import anything: unknown
            from ns.part import p: value
            from ns.other import q: unknown
            from time import sleep: value
            from time import slep: missing"#]],
    );
}

#[test]
fn circles_of_imports_and_bases_come_to_an_end() {
    check(
        "//- a.py\nfrom b import x\nfrom b import *\nclass C(C): pass\n//- b.py\nfrom a import x\nfrom a import *\n",
        "a.py",
        &["from a import x", "from a import y"],
        expect![[r#"
            from a import x: value
            from a import y: unknown"#]],
    );
}

/// Members of the class `C` of `m.py`.
#[track_caller]
fn check_members(fixture: &str, names: &[&str], expected: Expect) {
    let dir = fixture::folder(fixture);
    let project = Project::read(dir.path(), Limits::default());
    let module = project.module("m").expect("the fixture has m.py");
    let Found::Is(Entity::Class(class, at)) = project.member(&module, "C") else {
        panic!("C is a class");
    };
    let lines: Vec<_> = names
        .iter()
        .map(|name| format!("{name}: {}", shown(project.class_member(&class, &at, name))))
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn members_are_found_in_the_class_and_its_bases() {
    check_members(
        "//- base.py\nclass Base(dict):\n    size = 1\n    def __init__(self):\n        self.made = {}\n\
         //- m.py\nimport base\nclass C(base.Base):\n    __slots__ = ('slot',)\n    def f(self, a=1):\n        \
         self.x, self.y = a\n",
        &[
            "f",
            "x",
            "y",
            "size",
            "made",
            "slot",
            "setdefault",
            "__len__",
            "sizes",
        ],
        expect![[r#"
            f: def f(self, a=1)
            x: value
            y: value
            size: value
            made: value
            slot: value
            setdefault: value
            __len__: value
            sizes: missing"#]],
    );
    check_members(
        "//- m.py\nimport nowhere\nclass C(nowhere.Base):\n    x = 1\n",
        &["x", "y"],
        expect![[r#"
            x: value
            y: unknown"#]],
    );
    check_members(
        "//- m.py\nclass C:\n    def __getattr__(self, name): pass\n",
        &["y"],
        expect!["y: unknown"],
    );
}

#[test]
fn a_summary_has_what_a_caller_needs() {
    let module = symbols::Module::of(
        "\"\"\"Shapes.\n\nMore.\"\"\"\n__all__ = ['area', 'N']\nN: int = 1\nalias = os.path\n\
         def area(\n    width: float, /,\n    height=2, *rest: int, unit='m', **kw,\n) -> float:\n    '''The area.'''\n\
         class Shape:\n    @property\n    def size(self): pass\n    @size.setter\n    def size(self, x): pass\n    \
         @deco\n    def odd(self): pass\n",
    );
    assert_eq!(module.doc.as_deref(), Some("Shapes."));
    assert_eq!(
        module.all.as_deref(),
        Some(&["area".into(), "N".into()][..])
    );
    let Some(Symbol::Function(area)) = module.symbols.get("area") else {
        panic!("area is a function");
    };
    expect!["def area(width: float, /, height=2, *rest: int, unit='m', **kw,) -> float"]
        .assert_eq(&area.signature);
    let parameters: Vec<_> = area
        .parameters
        .iter()
        .map(|one| (&*one.name, one.kind))
        .collect();
    expect![[r#"[("width", Positional), ("height", Named), ("rest", Rest), ("unit", Named), ("kw", Keywords)]"#]].assert_eq(&format!("{parameters:?}"));
    assert_eq!(area.doc.as_deref(), Some("The area."));
    let Some(Symbol::Class(shape)) = module.symbols.get("Shape") else {
        panic!("Shape is a class");
    };
    let nature = |name: &str| match &shape.members[name] {
        Symbol::Function(function) => function.nature,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (nature("size"), nature("odd")),
        (Nature::Property, Nature::Changed)
    );
    assert!(matches!(&module.symbols["alias"], Symbol::Alias(to) if &**to == "os.path"));
    assert!(!module.is_open);
}

#[test]
fn an_open_document_is_what_others_import() {
    let dir = fixture::folder("//- a.py\nold = 1\n");
    let project = Project::read(dir.path(), Limits::default());
    let has = |name: &str| {
        project
            .module("a")
            .expect("there")
            .symbols
            .contains_key(name)
    };
    assert!(has("old"));
    project.edited("a.py", &Rope::from_str("typed = 1\n"));
    assert!(has("typed") && !has("old"));
    project.closed("a.py");
    assert!(has("old") && !has("typed"));
}
