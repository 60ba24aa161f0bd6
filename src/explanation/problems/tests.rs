use expect_test::{Expect, expect};

use super::super::target;
use super::*;

/// Tells the problems of all functions.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let source = Source::parse(text);
    let surroundings = Surroundings::of(&source);
    let mut told = String::new();
    for function in target::functions(&source) {
        let facts = Facts::of(&function, &surroundings);
        for one in of(&function, &facts, &surroundings) {
            told.push_str(&format!(
                "{}: {:?} {:?} {}\n",
                one.line, one.severity, one.rule, one.subject
            ));
        }
    }
    expected.assert_eq(&told);
}

#[test]
fn defaults_that_calls_share_are_worse_where_they_are_changed() {
    check(
        "
def f(a=[], b={}, c=(), d=None, *, e=set(), g=collections.deque()):
    a.append(b)
    return a, b, c, d, e, g
",
        expect![[r#"
            2: Error MutableDefault a
            2: Warning MutableDefault b
            2: Warning MutableDefault e
            2: Warning MutableDefault g
        "#]],
    );
}

#[test]
fn an_except_that_catches_everything_is_told_unless_it_raises_or_logs() {
    check(
        "
def f():
    try:
        g()
    except:
        h()
    try:
        g()
    except Exception:
        pass
    try:
        g()
    except (ValueError, Exception) as error:
        print(error)
    try:
        g()
    except Exception:
        log.exception('no')
    try:
        g()
    except:
        clean()
        raise
    try:
        g()
    except KeyError:
        pass
",
        expect![[r#"
            5: Warning BareExcept 
            9: Warning SwallowedException Exception
            13: Hint BroadExcept (ValueError, Exception)
        "#]],
    );
}

#[test]
fn names_of_builtins_are_not_for_other_things() {
    check(
        "
def f(id, other, _):
    for list in other:
        id(list)
    def filter(): pass
    class type: pass
    return filter(type)
",
        expect![[r#"
            2: Hint ShadowedBuiltin id
            3: Hint ShadowedBuiltin list
            5: Hint ShadowedBuiltin filter
        "#]],
    );
}

#[test]
fn comparisons_asserts_and_strings_that_say_something_else_are_told() {
    check(
        "
def f(x):
    assert (x, 'must be there')
    if x is 'a' or x is not 1 or x is None:
        return x == None
    print(f'nothing', f'{x}', f'a' 'b')
    return x != True
",
        expect![[r#"
            3: Error AssertTuple (x, 'must be there')
            4: Error IsLiteral x is 'a'
            4: Error IsLiteral x is not 1
            5: Warning ComparedToSingleton x == None
            6: Hint EmptyFString f'nothing'
            6: Hint EmptyFString f'a' 'b'
            7: Hint ComparedToSingleton x != True
        "#]],
    );
}

#[test]
fn functions_made_in_a_loop_see_its_variable_too_late() {
    check(
        "
def f(xs):
    made = []
    for x in xs:
        made.append(lambda: x)
        made.append(lambda x=x: x)
        made.append(sorted(xs, key=lambda y: y - x))
        def only_called():
            return x
        only_called()
        def kept():
            return x
        made.append(kept)
        def bound(x):
            return x
        made.append(bound)
        event = x + 1
        made.append([lambda: event, [lambda: [z for z in x]]])
    while made:
        made.append(lambda: made)
    return made
",
        expect![[r#"
            5: Warning LateBinding x
            12: Warning LateBinding x
            18: Warning LateBinding event
            18: Warning LateBinding x
        "#]],
    );
}

#[test]
fn files_that_nobody_closes_are_told() {
    check(
        "
import json
from pathlib import Path
def f(path, keep):
    text = open(path).read()
    data = json.load(open(path))
    for line in open(path):
        print(line)
    left = open(path)
    left.read()
    closed = open(path)
    closed.close()
    with open(path) as used:
        used.read()
    later = Path(path).open()
    with later:
        later.read()
    keep.file = open(path)
    given = open(path)
    keep(given)
    return open(path), text, data
",
        expect![[r#"
            5: Warning UnclosedFile open(path)
            6: Warning UnclosedFile open(path)
            7: Warning UnclosedFile open(path)
            9: Warning UnclosedFile open(path)
        "#]],
    );
}

#[test]
fn loops_that_copy_or_search_all_they_have_are_told() {
    check(
        "
def f(xs, ys: list[int]):
    text = ''
    seen = []
    number = 0
    for x in xs:
        text += str(x)
        number += 1
        if x in seen or x in [1, 2, 3]:
            continue
        seen.append(x)
    text += 'end'
    return text, number, [x for x in xs if x in ys], 3 in ys
",
        expect![[r#"
            7: Hint StringInLoop text
            9: Hint ListMembership seen
            13: Hint ListMembership ys
        "#]],
    );
}

#[test]
fn what_is_not_used_is_told() {
    check(
        "
def f(used, unused, _meant, *args):
    a = 1
    b, c = used
    d = 2
    with open(used) as g:
        pass
    try:
        n = 0
        n += 1
    except ValueError as error:
        pass
    def inner():
        return d
    return inner

def stub(x):
    raise NotImplementedError

class C(Base):
    def overridden(self, x):
        return 1

@callback
def called(x):
    print(1)
",
        expect![[r#"
            2: Hint UnusedParameter unused
            3: Warning UnusedVariable a
            6: Warning UnusedVariable g
            11: Warning UnusedVariable error
        "#]],
    );
}

#[test]
fn ways_that_lead_nowhere_are_told() {
    check(
        "
def f(x):
    if x:
        return 1
        print(x)
    while True:
        break
        x()

def g(x):
    return 1
    yield

def h(x) -> int:
    for y in x:
        return y

def k(x) -> int | None:
    if x:
        return x

def m(x):
    if x:
        return
    return x
",
        expect![[r#"
            5: Warning Unreachable print(x)
            8: Warning Unreachable x()
            8: Hint MissingReturn 
            10: Hint UnusedParameter x
            16: Warning MissingReturn 
            24: Hint MissingReturn 
        "#]],
    );
}

#[test]
fn functions_that_are_too_much_to_read_at_once_are_told() {
    let branches: String = (0..11)
        .map(|n| format!("    if a > {n}: print(a)\n"))
        .collect();
    let statements = "    print(b, c, d, e, g, h, i)\n".repeat(40);
    check(
        &format!("def f(a, b, c, d, e, g, h, i):\n{branches}{statements}"),
        expect![[r#"
            1: Hint LongFunction 62
            1: Hint ManyParameters 8
            1: Hint Complex 12
        "#]],
    );
    check(
        "def f(a):\n for b in a:\n  if b:\n   while b:\n    with b:\n     if a: pass\n",
        expect![[r#"
            1: Hint DeepNesting 5
        "#]],
    );
}
