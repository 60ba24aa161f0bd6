use expect_test::{Expect, expect};
use grammars::Language;

use super::*;

/// Every use in the whole text, resolved: `name→line` of each place that binds it, `name?` where
/// nothing does; attributes, keyword arguments and imports by their names alone.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let python = Language::from_id("python").expect("python is a known language");
    let tree = crate::syntax::parse_str(python, text).expect("parses");
    let scopes = Scopes::new(tree.root_node(), text);
    let mut shown = Vec::new();
    for one in uses(tree.root_node(), 0..text.len()) {
        let name = text_of(one.name(), text);
        shown.push(match one {
            Use::Attribute(_) => format!(".{name}"),
            Use::Keyword { .. } => format!("{name}="),
            Use::Import { .. } => format!("import {name}"),
            Use::Name(node) => match scopes.resolve(name, node) {
                None => format!("{name}?"),
                Some(resolved) => {
                    let line = |place: &Binding<'_>| {
                        (place.statement.start_position().row + 1).to_string()
                    };
                    let lines: Vec<_> = resolved.places.iter().map(line).collect();
                    format!("{name}→{}", lines.join(","))
                }
            },
        });
    }
    expected.assert_eq(&shown.join(" "));
}

#[test]
fn every_way_to_bind_a_name() {
    check(
        "import a, b.c as d\nfrom .e import f as g, h\nx, (y, *z) = a\nfor i, j in h: pass\n\
         with g() as k, d as (l, m): pass\ntry: pass\nexcept E as n: n\n\
         if (o := 1): pass\nmatch o:\n    case P(q, r=s) | [t, *u]: (q, s, t, u)\n\
         (a, d, g, x, y, z, i, j, k, l, m, o)\ndel x\ntype W = int\nW\n",
        expect![
            "import f import h a→1 h→2 g→2 d→1 E? n→7 o→8 P? q→10 s→10 t→10 u→10 a→1 d→1 g→2 x→3 y→3 z→3 i→4 j→4 k→5 l→5 m→5 o→8 x→3 W→13 int? W→13"
        ],
    );
}

#[test]
fn functions_see_outwards_and_classes_do_not_leak() {
    check(
        "class A:\n    size = 1\n    double = size * 2\n    def f(self, n=size, *args, **kw):\n        \
         def g(): return n + size + late\n        return g, self.x, args, kw, A\nlate = 2\n",
        expect!["size→2 size→2 n→4 size? late→7 g→5 self→4 .x args→4 kw→4 A→1"],
    );
}

#[test]
fn comprehensions_and_lambdas_are_scopes() {
    check(
        "xs = [y for y in z for z in xs if y]\ny\nf = lambda a, b=a: a + b\n{k: v for k, v in f()}\nk\n",
        expect!["y→1 z→1 xs? y→1 y? a? a→3 b→3 k→4 v→4 f→3 k?"],
    );
}

#[test]
fn a_name_bound_later_counts_where_it_can_have_run() {
    check(
        "def f():\n    a\n    a = 1\n    while b:\n        c\n        c = 1\n    d += 1\n    e = e\n\
         def g():\n    h()\ndef h(): pass\ni()\ndef i(): pass\n",
        expect!["a? b? c→6 d? e? h→11 i?"],
    );
}

#[test]
fn global_and_nonlocal_reach_out() {
    check(
        "def f():\n    global a\n    a = 1\n    b = 2\n    def g():\n        nonlocal b\n        \
         b = 3\n        return a, b\na\n",
        expect!["a→2 b→4 a→2"],
    );
}

#[test]
fn calls_attributes_and_annotations() {
    check(
        "def f(a: T, b: List[U] = 1) -> V[W]: pass\n@deco.x(y=1)\nclass C(B, metaclass=M): x: int = z\n\
         f(a=1, **k).m.n = o\np.q += 1\nr.s = 1\n",
        expect!["T? List? U? V? W? deco? .x y= B? M? int? z? f→1 a= k? .m o? p? .q r?"],
    );
}

#[test]
fn strings_are_left_out_but_for_what_f_strings_compute() {
    check(
        "x = 'name' f'{value!r:>{width}} text' # comment\n",
        expect!["value? width?"],
    );
}

#[track_caller]
fn check_self(text: &str, expected: Expect) {
    let python = Language::from_id("python").expect("python is a known language");
    let tree = crate::syntax::parse_str(python, text).expect("parses");
    let class = tree.root_node().named_child(0).expect("a class");
    let mut names: Vec<_> = self_attributes(class, text)
        .iter()
        .map(|(name, _)| *name)
        .collect();
    names.sort_unstable();
    expected.assert_eq(&names.join(" "));
}

#[test]
fn attributes_of_self_are_what_methods_assign() {
    check_self(
        "class A:\n    def __init__(me, x):\n        me.a = x\n        me.b, (x.c, me.d) = x\n        \
         for me.e in x: pass\n        with x as me.f: pass\n        me.g: int = 1\n        \
         me.h.i = 2\n        me.j()\n        def inner(self):\n            me.k = 1\n            self.l = 2\n",
        expect!["a b d e f g k"],
    );
}
