use expect_test::{Expect, expect};

use super::super::super::target;
use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    fn tell(steps: &[Step], depth: usize, told: &mut String) {
        for step in steps {
            let indent = "  ".repeat(depth);
            let Lines { first, last } = step.lines;
            told.push_str(&format!(
                "{indent}{first}-{last} {:?} {}",
                step.kind, step.text
            ));
            if !step.assigns.is_empty() {
                told.push_str(&format!(" assigns {}", step.assigns.join(" ")));
            }
            if !step.calls.is_empty() {
                told.push_str(&format!(" calls {}", step.calls.join(" ")));
            }
            told.push('\n');
            tell(&step.steps, depth + 1, told);
        }
    }
    let source = Source::parse(text);
    let functions = target::functions(&source);
    let mut told = String::new();
    tell(&of(&functions[0].def.body, &source), 0, &mut told);
    expected.assert_eq(&told);
}

#[test]
fn branches_and_loops_are_a_tree_with_what_is_done_between() {
    check(
        "
def f(xs, flag):
'''Says.'''
import os
total = count(xs)
log.info('start', total)
if not xs:
    return None
elif flag:
    raise ValueError(f'{flag}')
else:
    pass
for i, x in enumerate(xs):
    if x:
        continue
    self.last, seen[x] = x, i
else:
    yield total
while True:
    break
with open('x') as file, lock:
    assert file
def inner():
    ignored()
return [g(x) for x in xs]
",
        expect![""],
    );
}

#[test]
fn the_clauses_of_a_try_and_a_match_are_steps() {
    check(
        "
def f(x):
try:
    a()
except (A, B) as e:
    b()
except:
    c()
else:
    d()
finally:
    e()
match x.kind():
    case 1 if g(x):
        x += 1
    case [a, *_]:
        yield from a
    case _:
        class C: pass
",
        expect![""],
    );
}
