use std::path::Path;
use std::sync::Arc;

use expect_test::{Expect, expect};
use grammars::Language;

use super::*;
use crate::completion::Surroundings;
use crate::completion::trigger::Extent;
use crate::project::fixture::folder;
use crate::project::{Limits, Project};
use crate::session::Snapshot;

/// A small repository with an environment.
const PROJECT: &str = "//- shop/__init__.py\n//- shop/cart.py\nclass Cart:\n    limit = 10\n    \
    def __init__(self, owner, *, currency='EUR'):\n        self.items = []\n    def add(self, item, n=1):\n        \
    pass\ndef total(cart, tax=0):\n    pass\n//- shop/open.py\ndef __getattr__(name): pass\n\
    //- .venv/lib/python3.11/os.py\nfrom posix import *\nsep = '/'\n//- .venv/lib/python3.11/json/__init__.py\n\
    def dumps(obj, *, indent=None): pass\n//- .venv/lib/python3.11/site-packages/numpy/__init__.py\n\
    def zeros(shape): pass\n";

/// The completion between ⟦ ⟧ as it is shown in `shop/main.py`, or why there is none.
#[track_caller]
fn check_shown(fixture: &str, says: &str, expected: Expect) {
    let dir = folder(PROJECT);
    let project = Project::read(dir.path(), Limits::default());
    expected.assert_eq(&shown(Some(project), fixture, says));
}

fn shown(project: Option<Project>, fixture: &str, says: &str) -> String {
    let (before, after) = fixture.split_once("$0").expect("the fixture has a cursor");
    let snapshot = Snapshot::of("shop/main.py", &format!("{before}{after}"));
    let surroundings = Surroundings {
        project: project.map(Arc::new),
        ..Surroundings::default()
    };
    if let Some(project) = &surroundings.project {
        project.edited(&snapshot.path, &snapshot.text);
    }
    let draft = Draft {
        before,
        after,
        text: says.to_owned(),
        seen_end: None,
        extent: Extent::Block,
        language: Language::from_path(Path::new("a.py")),
        around: Some(Around {
            snapshot: &snapshot,
            offset: before.len(),
            surroundings: &surroundings,
        }),
        memo: None,
    };
    match judge(&draft) {
        Verdict::Keep => format!("⟦{says}⟧"),
        Verdict::Cut(end) => format!("⟦{}⟧", &says[..end]),
        Verdict::Import(missing) => format!("⟦{says}⟧ and {}", missing.statement),
        Verdict::Drop(why) => format!("nothing: {why}"),
    }
}

#[test]
fn names_in_scope_are_kept_and_others_dropped() {
    let function = "import os\ndef f(xs):\n    n = 1\n    $0\nlate = 2\n";
    check_shown(
        function,
        "return xs + n + late",
        expect!["⟦return xs + n + late⟧"],
    );
    check_shown(
        function,
        "return len(os.sep)",
        expect!["⟦return len(os.sep)⟧"],
    );
    check_shown(
        function,
        "return ys",
        expect!["nothing: it names something that does not exist"],
    );
    check_shown(
        function,
        "for y in xs:\n        print(y, 'ys')  # ys",
        expect![[r#"
            ⟦for y in xs:
                    print(y, 'ys')  # ys⟧"#]],
    );
}

#[test]
fn a_longer_answer_is_cut_back_to_the_last_line_that_is_sound() {
    check_shown(
        "def f(xs):\n    $0\n",
        "total = sum(xs)\n    print(total)\n    return missing",
        expect![[r#"
            ⟦total = sum(xs)
                print(total)⟧"#]],
    );
    check_shown(
        "def f(xs):\n    $0\n",
        "for x in xs:\n        print(missing)",
        expect!["nothing: it names something that does not exist"],
    );
}

#[test]
fn what_the_person_reads_unbound_elsewhere_is_theirs_to_know() {
    check_shown(
        "a = injected\nb = $0\n",
        "injected + 1",
        expect!["⟦injected + 1⟧"],
    );
    // Here the other place binds the name itself.
    check_shown(
        "def g(injected):\n    return injected\nb = $0\n",
        "injected + 1",
        expect!["nothing: it names something that does not exist"],
    );
}

#[test]
fn attributes_of_self_are_those_of_the_class_and_its_bases() {
    let class = "from shop.cart import Cart\nclass Basket(Cart):\n    def __init__(self):\n        \
        self.own = 1\n    def f(self):\n        $0\n";
    for says in [
        "self.own",
        "self.items",
        "self.limit",
        "self.f()",
        "self.new = self.own",
    ] {
        let dir = folder(PROJECT);
        let project = Project::read(dir.path(), Limits::default());
        assert_eq!(shown(Some(project), class, says), format!("⟦{says}⟧"));
    }
    check_shown(
        class,
        "self.owner",
        expect!["nothing: it names an attribute that does not exist"],
    );
    check_shown(
        "import nowhere\nclass A(nowhere.B):\n    def f(self):\n        $0\n",
        "self.anything",
        expect!["⟦self.anything⟧"],
    );
}

#[test]
fn attributes_of_modules_and_classes_are_looked_up_at_their_source() {
    let imports = "import os, shop.cart, shop.open\nfrom shop.cart import Cart\nx = $0\n";
    check_shown(imports, "os.getpid()", expect!["⟦os.getpid()⟧"]);
    check_shown(
        imports,
        "os.getpidd()",
        expect!["nothing: it names an attribute that does not exist"],
    );
    check_shown(
        imports,
        "shop.cart.total(1)",
        expect!["⟦shop.cart.total(1)⟧"],
    );
    check_shown(
        imports,
        "Cart.limits",
        expect!["nothing: it names an attribute that does not exist"],
    );
    check_shown(
        imports,
        "shop.open.anything",
        expect!["⟦shop.open.anything⟧"],
    );
}

#[test]
fn keyword_arguments_are_those_of_the_function() {
    let imports = "import json\nfrom shop.cart import Cart, total\nx = $0\n";
    check_shown(
        imports,
        "json.dumps(1, indent=2)",
        expect!["⟦json.dumps(1, indent=2)⟧"],
    );
    check_shown(
        imports,
        "Cart('me', currency='USD')",
        expect!["⟦Cart('me', currency='USD')⟧"],
    );
    check_shown(
        imports,
        "total(Cart('me'), vat=19)",
        expect!["nothing: it names a parameter that does not exist"],
    );
    check_shown(
        imports,
        "Cart('me', money='USD')",
        expect!["nothing: it names a parameter that does not exist"],
    );
}

#[test]
fn imports_are_of_what_is_there() {
    check_shown(
        "$0\n",
        "from shop.cart import Cart",
        expect!["⟦from shop.cart import Cart⟧"],
    );
    check_shown(
        "$0\n",
        "from shop.cart import Card",
        expect!["nothing: it imports something that does not exist"],
    );
    check_shown(
        "$0\n",
        "from elsewhere import x",
        expect!["⟦from elsewhere import x⟧"],
    );
}

#[test]
fn a_missing_import_is_brought_along_if_there_is_exactly_one() {
    check_shown("x = $0\n", "os.sep", expect!["⟦os.sep⟧ and import os"]);
    check_shown(
        "x = $0\n",
        "np.zeros(1)",
        expect!["⟦np.zeros(1)⟧ and import numpy as np"],
    );
    check_shown(
        "x = $0\n",
        "Cart('me')",
        expect!["⟦Cart('me')⟧ and from shop.cart import Cart"],
    );
    check_shown(
        "from .open import y\nx = $0\n",
        "Cart('me')",
        expect!["⟦Cart('me')⟧ and from .cart import Cart"],
    );
    // pandas is not installed, and `os` has no such attribute.
    check_shown(
        "x = $0\n",
        "pd.DataFrame()",
        expect!["nothing: it names something that does not exist"],
    );
    check_shown(
        "x = $0\n",
        "os.nothing()",
        expect!["nothing: it names something that does not exist"],
    );
    check_shown(
        "x = $0\n",
        "os.sep + missing",
        expect!["nothing: it names something that does not exist"],
    );
}

/// The import that comes along with a completion in a file of a repository.
#[track_caller]
fn check_import(files: &str, path: &str, says: &str, expected: &str) {
    let dir = folder(files);
    let project = Project::read(dir.path(), Limits::default());
    let (snapshot, text) = (Snapshot::of(path, "x = \n"), says.to_owned());
    let surroundings = Surroundings {
        project: Some(Arc::new(project)),
        ..Surroundings::default()
    };
    let draft = Draft {
        before: "x = ",
        after: "\n",
        text,
        seen_end: None,
        extent: Extent::Block,
        language: Language::from_path(Path::new("a.py")),
        around: Some(Around {
            snapshot: &snapshot,
            offset: 4,
            surroundings: &surroundings,
        }),
        memo: None,
    };
    let said = match judge(&draft) {
        Verdict::Import(missing) => missing.statement,
        Verdict::Drop(why) => format!("nothing: {why}"),
        Verdict::Keep | Verdict::Cut(_) => "nothing is missing".to_owned(),
    };
    assert_eq!(said, expected, "in {path}");
}

#[test]
fn a_folder_without_init_is_a_package_too() {
    let files = "//- app/tools/text.py\ndef squeeze(s): pass\n//- app/tools/json.py\ndef pack(s): pass\n\
                 //- src/space/part/core.py\nclass Core:\n    pass\n//- my-scripts/run.py\ndef go(): pass\n\
                 //- lambda/handler.py\ndef leap(): pass\n//- app/match/case.py\ndef win(): pass\n\
                 //- .venv/lib/python3.11/os.py\nsep = '/'\n\
                 //- .venv/lib/python3.11/json/__init__.py\ndef pack(obj): pass\n";
    let check = |path, says, expected| check_import(files, path, says, expected);
    check(
        "main.py",
        "squeeze(1)",
        "from app.tools.text import squeeze",
    );
    check(
        "app/main.py",
        "squeeze(1)",
        "from tools.text import squeeze",
    );
    check(
        "app/tools/main.py",
        "squeeze(1)",
        "from text import squeeze",
    );
    check("main.py", "pack(1)", "from app.tools.json import pack");
    check(
        "tests/test_core.py",
        "Core()",
        "from space.part.core import Core",
    );
    // No import statement can name such a folder.
    for says in ["go()", "leap()"] {
        check(
            "main.py",
            says,
            "nothing: it names something that does not exist",
        );
    }
    // Only where a statement begins do these mean something else.
    check("main.py", "win()", "from app.match.case import win");
}

#[test]
fn without_a_project_only_the_document_is_judged() {
    let fixture = "import os\nfrom shop import *\nx = $0\n";
    expect!["⟦os.anything⟧"].assert_eq(&shown(None, fixture, "os.anything"));
    expect!["⟦anything⟧"].assert_eq(&shown(None, fixture, "anything"));
    expect!["nothing: it names something that does not exist"]
        .assert_eq(&shown(None, "x = $0\n", "anything"));
}

#[test]
fn unfinished_code_is_read_as_if_it_were_finished() {
    check_shown(
        "def f(xs):\n    print($0\n",
        "len(ys",
        expect!["nothing: it names something that does not exist"],
    );
    check_shown("def f(xs):\n    $0\n", "if xs:", expect!["⟦if xs:⟧"]);
    check_shown(
        "def f(xs):\n    $0\n",
        "if ys:",
        expect!["nothing: it names something that does not exist"],
    );
}
