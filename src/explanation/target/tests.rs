use expect_test::{Expect, expect};

use super::*;

/// The place is marked with `$0`, or a selection with two.
#[track_caller]
fn check(fixture: &str, expected: Expect) {
    let start = fixture.find("$0").expect("the fixture has a mark");
    let text = fixture.replacen("$0", "", 1);
    let end = text.find("$0").unwrap_or(start);
    let text = text.replacen("$0", "", 1);
    let source = Source::parse(&text);
    let told = match find(&source, start..end) {
        Err(error) => error.to_string(),
        Ok(target) => {
            let names: Vec<_> = target
                .functions
                .iter()
                .map(Function::qualified_name)
                .collect();
            let class = target.class.map(|class| format!("class {}: ", class.name));
            let (first, last) = (
                source.line(target.range.start),
                source.line(target.range.end - 1),
            );
            let class = class.unwrap_or_default();
            format!("{class}{}, lines {first} to {last}", names.join(" "))
        }
    };
    expected.assert_eq(&told);
}

const SHOP: &str = "import os

LIMIT = 3

@cache
def total(xs):
    def add(a, b):
        return a + b

    for x in xs:
        if x:
            one(x)
            two(x)
    return 0

class Cart:
    size = 1

    def put(self, x):
        pass

    def take(self):
        class Inner:
            y = 1
        # what else?

";

/// The first occurrence of `around` in the shop, with its own marks.
#[track_caller]
fn check_shop(around: &str, expected: Expect) {
    let plain = around.replace("$0", "");
    assert!(SHOP.contains(&plain), "{plain} is not in the shop");
    check(&SHOP.replacen(&plain, around, 1), expected);
}

#[test]
fn a_cursor_means_the_innermost_function_with_its_decorators() {
    check_shop("@ca$0che", expect!["total, lines 5 to 14"]);
    check_shop(
        "retu$0rn a + b",
        expect!["total.<locals>.add, lines 7 to 8"],
    );
    check_shop("$0    def add", expect!["total.<locals>.add, lines 7 to 8"]);
    check_shop("for x$0 in", expect!["total, lines 5 to 14"]);
    check_shop("pass$0", expect!["Cart.put, lines 19 to 20"]);
    check_shop("# what$0", expect!["Cart.take, lines 22 to 24"]);
}

#[test]
fn a_class_means_its_methods() {
    check_shop(
        "class C$0art",
        expect!["class Cart: Cart.put Cart.take, lines 16 to 24"],
    );
    check_shop(
        "si$0ze",
        expect!["class Cart: Cart.put Cart.take, lines 16 to 24"],
    );
    check_shop(
        "y =$0 1",
        expect!["The class Inner has no methods to explain."],
    );
}

#[test]
fn a_selection_is_widened_to_whole_statements() {
    check_shop(
        "on$0e(x)\n            t$0wo",
        expect!["total, lines 12 to 13"],
    );
    check_shop("o$0n$0e(x)", expect!["total, lines 12 to 12"]);
    check_shop(
        "if $0x:\n            o$0ne",
        expect!["total, lines 11 to 13"],
    );
    check_shop("tot$0al(xs):\n    def$0", expect!["total, lines 5 to 14"]);
    check_shop(
        "size$0 = 1\n\n    def put(se$0lf",
        expect!["Cart.put, lines 19 to 20"],
    );
    check_shop("LIMIT$0 = 3\n\n@ca$0che", expect!["total, lines 5 to 14"]);
}

#[test]
fn where_no_function_is_a_sentence_says_so() {
    check_shop(
        "LIM$0IT",
        expect!["There is no function or class at line 3; put the cursor inside one."],
    );
    check_shop(
        "$0import os\n\nLIMIT$0",
        expect!["There is no function or class in lines 1 to 3; select one, or a part of one."],
    );
    check(
        "$0",
        expect!["There is no function or class at line 1; put the cursor inside one."],
    );
}

#[test]
fn half_typed_code_still_has_functions() {
    check(
        "def f(x:\n    return g($0\n\ndef h():\n    pass\n",
        expect!["f, lines 1 to 2"],
    );
    check(
        "class A:\n    def f(self, x):\n        if x.$0\n",
        expect!["A.f, lines 2 to 3"],
    );
    check("def f():$0", expect!["f, lines 1 to 1"]);
}
