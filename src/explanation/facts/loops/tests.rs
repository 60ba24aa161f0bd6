use expect_test::{Expect, expect};

use super::super::super::target;
use super::super::Surroundings;
use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let source = Source::parse(text);
    let functions = target::functions(&source);
    let surroundings = Surroundings::of(&source);
    let names = Names::of(&functions[0], &surroundings);
    let found = Loops::of(functions[0].def, &source, &names);
    let mut told = String::new();
    for one in &found.loops {
        let input = one
            .input
            .as_ref()
            .map(|input| format!(", {} rounds of {}", input.size, input.parameter));
        let indent = "  ".repeat(one.depth);
        told.push_str(&format!(
            "{indent}{}-{} {:?} over {}{}\n",
            one.lines.first,
            one.lines.last,
            one.kind,
            one.over,
            input.unwrap_or_default()
        ));
    }
    for one in &found.nests {
        told.push_str(&format!(
            "{} {:?} in lines {:?}\n",
            one.estimate, one.parameters, one.lines
        ));
    }
    expected.assert_eq(&told);
}

#[test]
fn the_parameter_that_a_loop_goes_over_is_found_through_what_keeps_its_length() {
    check(
        "
def f(self_, xs, n, table, config):
    for x in xs: pass
    for i, x in enumerate(sorted(xs)): pass
    for i in range(len(xs) - 1): pass
    for i in range(n): pass
    for k, v in table.items(): pass
    for a, b in zip(other(), xs[1:]): pass
    ys = list(xs)
    for y in ys: pass
    for part in config.parts: pass
    for z in other(xs): pass
    while xs: pass
",
        expect![[r#"
            3-3 For over xs, len(xs) rounds of xs
            4-4 For over enumerate(sorted(xs)), len(xs) rounds of xs
            5-5 For over range(len(xs) - 1), len(xs) rounds of xs
            6-6 For over range(n), n rounds of n
            7-7 For over table.items(), len(table) rounds of table
            8-8 For over zip(other(), xs[1:]), len(xs) rounds of xs
            10-10 For over ys, len(xs) rounds of xs
            11-11 For over config.parts, len(config.parts) rounds of config
            12-12 For over other(xs)
            13-13 While over xs
        "#]],
    );
}

#[test]
fn loops_within_loops_over_inputs_multiply() {
    check(
        "
def f(xs, ys, grid):
    for x in xs:
        for y in ys:
            pass
        for again in xs:
            for i in range(10):
                for third in xs:
                    pass
    for row in grid:
        for cell in row:
            pass
    return [a for a in xs if any(a == b for b in xs)]
",
        expect![[r#"
            3-9 For over xs, len(xs) rounds of xs
              4-5 For over ys, len(ys) rounds of ys
              6-9 For over xs, len(xs) rounds of xs
                7-9 For over range(10)
                  8-9 For over xs, len(xs) rounds of xs
            10-12 For over grid, len(grid) rounds of grid
              11-12 For over row, len(row) rounds of grid
            13-13 Comprehension over xs, len(xs) rounds of xs
              13-13 Comprehension over xs, len(xs) rounds of xs
            O(len(xs) · len(ys)) ["xs", "ys"] in lines [3, 4]
            O(len(xs)³) ["xs"] in lines [3, 6, 8]
            O(len(grid) · len(row)) ["grid"] in lines [10, 11]
            O(len(xs)²) ["xs"] in lines [13, 13]
        "#]],
    );
    check(
        "class C:\n    def f(self):\n        for a in self:\n            for b in self.bs: pass\n",
        expect![[r#"
            3-4 For over self
              4-4 For over self.bs
        "#]],
    );
}
