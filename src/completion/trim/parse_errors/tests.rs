use expect_test::{Expect, expect};

use super::super::fixture::judged;
use super::*;
use crate::completion::trigger::Extent;

#[track_caller]
fn check(fixture: &str, says: &str, expected: Expect) {
    expected.assert_eq(&judged(judge, fixture, Extent::Block, says));
}

#[test]
fn whole_code_passes() {
    check(
        "def f(a):\n    $0\n",
        "return a + 1",
        expect![[r#"
            def f(a):
                ⟦return a + 1⟧
        "#]],
    );
}

#[test]
fn a_header_the_person_began_may_wait_for_its_body() {
    check(
        "class A:\n    def f$0\n",
        "(self, x):",
        expect![[r#"
        class A:
            def f⟦(self, x):⟧
    "#]],
    );
    check(
        "def f(a):\n    $0\n\nf(1)\n",
        "if a:",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "def f(a):\n    $0\n        g()\n",
        "if a:",
        expect![[r#"
            def f(a):
                ⟦if a:⟧
                    g()
        "#]],
    );
}

#[test]
fn what_the_person_opened_may_stay_open_where_the_line_goes_on() {
    check(
        "x = [$0\n",
        "1, 2,",
        expect![[r#"
        x = [⟦1, 2,⟧
    "#]],
    );
    check(
        "x = [$0\n",
        "1, 2",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "f(\n    a,\n    $0\n)\n",
        "b=1,",
        expect![[r#"
        f(
            a,
            ⟦b=1,⟧
        )
    "#]],
    );
    check(
        "x = f'{a$0\n",
        ".b",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "\"\"\"$0\n",
        "Reads a file.",
        expect![[r#"
        """⟦Reads a file.⟧
    "#]],
    );
    check(
        "def f():\n    x = {$0\n    return x\n",
        "'a': 1",
        expect!["nothing: it would break the syntax"],
    );
}

#[test]
fn what_the_answer_opens_it_closes() {
    check(
        "print(f(a,$0\n\ny = 1\n",
        " g(b",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "x = $0\ny = 1\n",
        "foo(a, 'b",
        expect![[r#"
        x = ⟦foo⟧
        y = 1
    "#]],
    );
    check(
        "x = $0\n    'a': 1,\n}\n",
        "{",
        expect![[r#"
        x = ⟦{⟧
            'a': 1,
        }
    "#]],
    );
}

#[test]
fn what_follows_counts() {
    check(
        "x = f(a, $0\n      c)\n",
        "b)",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "x = f(a, $0\n      c)\n",
        "b,",
        expect![[r#"
        x = f(a, ⟦b,⟧
              c)
    "#]],
    );
    check(
        "def f():\n    $0\n    return 1\n",
        "if x:\n        y()",
        expect![[r#"
            def f():
                ⟦if x:
                    y()⟧
                return 1
        "#]],
    );
}

#[test]
fn lines_below_that_wait_for_the_beginning_of_theirs_count() {
    let call = "conf.add_r$0\n    'a',\n    b=1,\n)\n";
    check(
        call,
        "oute(",
        expect![[r#"
        conf.add_r⟦oute(⟧
            'a',
            b=1,
        )
    "#]],
    );
    check(
        call,
        "oute('a')",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "if(a$0\n    b()\n",
        " == 1)",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "if(a$0\n    b()\n",
        " == 1):",
        expect![[r#"
        if(a⟦ == 1):⟧
            b()
    "#]],
    );
    check(
        "if '=$0\n    b()\n",
        "= '",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "def cl$0\n    b()\n",
        "ock_action",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "fo$0\n    b()\n",
        "ld = []",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "$0\n    return 1\n",
        "def f(",
        expect!["nothing: it would break the syntax"],
    );
    let block = "def f():\n    $0\n        g()\n    except E:\n        pass\n";
    check(
        block,
        "raise E",
        expect!["nothing: it would break the syntax"],
    );
    check(
        block,
        "try:",
        expect![[r#"
        def f():
            ⟦try:⟧
                g()
            except E:
                pass
    "#]],
    );
}

#[test]
fn errors_elsewhere_are_not_held_against_it() {
    check(
        "def broken(:\n    pass\n\nx = $0\n",
        "1",
        expect![[r#"
        def broken(:
            pass

        x = ⟦1⟧
    "#]],
    );
    check(
        "def broken(:\n    pass\n\nx = $0\n",
        "1 +",
        expect![[r#"
            def broken(:
                pass

            x = ⟦1⟧
        "#]],
    );
}

#[test]
fn broken_code_is_cut_back_to_whole_code() {
    check(
        "def f(a):\n    $0\n    return b\n",
        "b = a\n    c = = 2",
        expect![[r#"
            def f(a):
                ⟦b = a⟧
                return b
        "#]],
    );
    check(
        "x = $0\n",
        "f(a) g(b)",
        expect![[r#"
        x = ⟦f(a)⟧
    "#]],
    );
    check(
        "x += 1$0\n",
        " += 1",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "x = $0\n",
        "= 2",
        expect!["nothing: it would break the syntax"],
    );
}

#[test]
fn what_only_the_compiler_refuses_is_refused_too() {
    check(
        "def f():\n    x()\n$0\n",
        "return 1",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "def f():\n    x = $0\n",
        "await g()",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "f(a=1, $0)\n",
        "b",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "async def f():\n    x = $0\n",
        "await g()",
        expect![[r#"
            async def f():
                x = ⟦await g()⟧
        "#]],
    );
}

#[test]
fn a_string_ends_with_its_line() {
    check(
        "x = f('a$0\ny = 1\n",
        "bc",
        expect!["nothing: it would break the syntax"],
    );
    check(
        "x = f('a$0')\ny = 1\n",
        "bc",
        expect![[r#"
        x = f('a⟦bc⟧')
        y = 1
    "#]],
    );
    check(
        "# it's a$0\ny = 1\n",
        "bc",
        expect![[r#"
        # it's a⟦bc⟧
        y = 1
    "#]],
    );
}
