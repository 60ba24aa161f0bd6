use expect_test::{Expect, expect};

use super::super::super::target;
use super::super::Surroundings;
use super::*;

/// Tells the effects of the last function.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let source = Source::parse(text);
    let functions = target::functions(&source);
    let function = functions.last().expect("the fixture has a function");
    let surroundings = Surroundings::of(&source);
    let found = Effects::of(function.def, &source, &Names::of(function, &surroundings));
    let mut told = String::new();
    let kinds = [
        ("global", &found.globals),
        ("nonlocal", &found.nonlocals),
        ("attribute", &found.attributes),
        ("argument", &found.arguments),
    ];
    for (kind, changes) in kinds {
        for one in changes {
            let (line, name, how, target) = (one.line, &one.name, one.how, &one.target);
            told.push_str(&format!("{line}: {kind} {name} {how:?} {target}\n"));
        }
    }
    for one in &found.attributes_read {
        told.push_str(&format!("{:?}: reads {}\n", one.lines, one.name));
    }
    for one in &found.io {
        told.push_str(&format!(
            "{}: {:?} {}\n",
            one.line, one.medium, one.operation
        ));
    }
    expected.assert_eq(&told);
}

#[test]
fn changes_of_variables_outside_are_told() {
    check(
        "
CACHE = {}
COUNT = 0
def outer():
    seen = []
    n = 0
    def f(key):
        global COUNT
        nonlocal n
        COUNT += 1
        n = 2
        CACHE[key] = 1
        seen.append(key)
        local = {}
        local[key] = 1
        unknown.append(1)
",
        expect![[r#"
            10: global COUNT Assigned COUNT
            12: global CACHE ItemAssigned CACHE[key]
            11: nonlocal n Assigned n
            13: nonlocal seen Method seen.append
        "#]],
    );
}

#[test]
fn changes_of_attributes_are_told_apart_from_reading_them() {
    check(
        "
class C:
    def f(self, x):
        self.size = self.width * 2
        self.items.append(x)
        self.table[x].value = self.width
        del self.old
        self.run(self.name)
        self.a, self.b = x
        x.size = 1
",
        expect![[r#"
            4: attribute size Assigned self.size
            5: attribute items Method self.items.append
            6: attribute table AttributeAssigned self.table[x].value
            7: attribute old Deleted self.old
            9: attribute a Assigned self.a
            9: attribute b Assigned self.b
            10: argument x AttributeAssigned x.size
            [4, 6]: reads width
            [8]: reads name
        "#]],
    );
}

#[test]
fn changes_of_arguments_are_told_also_through_other_names() {
    check(
        "
def f(xs, grid, other, fresh, options=None, n=0):
    xs[0] = 1
    xs.sort()
    xs += [1]
    n += 1
    for row in grid:
        row.append(0)
    first = other.parts[0]
    first.name = 'x'
    fresh = list(fresh)
    fresh.append(1)
    options = options or {}
    options.update(a=1)
    del other[0]
    copy = sorted(xs)
    copy.pop()
",
        expect![[r#"
            3: argument xs ItemAssigned xs[0]
            4: argument xs Method xs.sort
            5: argument xs Method xs
            8: argument grid Method row.append
            10: argument other AttributeAssigned first.name
            14: argument options Method options.update
            15: argument other Deleted other[0]
        "#]],
    );
}

#[test]
fn input_and_output_are_told_by_what_they_reach() {
    check(
        "
import logging, os, subprocess, requests, sqlite3, random, time, json, sys
from pathlib import Path
from urllib.request import urlopen
import shutil as sh
log = logging.getLogger(__name__)
def f(path: Path, other):
    print('x')
    with open('a') as file:
        json.dump({}, file)
        file.write('b')
    path.write_text('')
    other.read_text()
    Path('b').unlink()
    os.path.join('a', 'b')
    os.remove('c')
    sh.rmtree('d')
    os.environ['HOME']
    os.getenv('HOME')
    subprocess.run(['ls'])
    requests.get('http://x')
    urlopen('http://x')
    sqlite3.connect('x')
    log.info('y')
    logging.warning('z')
    random.random()
    time.sleep(1)
    sys.stdout.write('x')
    print(str(path), file=file)
",
        expect![[r#"
            8: Console print
            9: Files open
            10: Files json.dump
            11: Files io.IOBase.write
            12: Files pathlib.Path.write_text
            13: Files other.read_text
            14: Files pathlib.Path.unlink
            16: Files os.remove
            17: Files shutil.rmtree
            18: Environment os.environ
            19: Environment os.getenv
            20: Processes subprocess.run
            21: Network requests.get
            22: Network urllib.request.urlopen
            23: Database sqlite3.connect
            24: Log logging.Logger.info
            25: Log logging.warning
            26: Chance random.random
            27: Clock time.sleep
            28: Console sys.stdout.write
            29: Files print
        "#]],
    );
}
