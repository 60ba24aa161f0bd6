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
        expect![[r#"
            4-6 Statements  assigns total calls count log.info
            7-8 If not xs
              8-8 Return None
            9-10 Elif flag
              10-10 Raise ValueError(f'{flag}') calls ValueError
            11-12 Else 
              12-12 Statements pass
            13-16 For i, x in enumerate(xs) assigns i x calls enumerate
              14-15 If x
                15-15 Continue 
              16-16 Statements self.last, seen[x] = x, i assigns self.last seen[…]
            18-18 Else 
              18-18 Yield total
            19-20 While True
              20-20 Break 
            21-22 With open('x') as file, lock assigns file calls open
              22-22 Assert file
            23-24 Function inner
            25-25 Return [g(x) for x in xs] calls g
        "#]],
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
        expect![[r#"
            3-4 Try 
              4-4 Statements a() calls a
            5-6 Except (A, B) as e
              6-6 Statements b() calls b
            7-8 Except 
              8-8 Statements c() calls c
            10-10 Else 
              10-10 Statements d() calls d
            12-12 Finally 
              12-12 Statements e() calls e
            13-19 Match x.kind() calls x.kind
              14-15 Case 1 if g(x) calls g
                15-15 Statements x += 1 assigns x
              16-17 Case [a, *_]
                17-17 Yield from a
              18-19 Case _
                19-19 Class C
        "#]],
    );
}
