use std::time::Duration;

use expect_test::{Expect, expect};

use super::buffer::Change;
use super::*;

/// Shows what its rules say of the text before the cursor.
struct Rules {
    rules: &'static [(&'static str, &'static str)],
    text: String,
}

impl System for Rules {
    fn name(&self) -> &str {
        "rules"
    }

    fn open(&mut self, _: &str, buffer: &Buffer) -> Result<()> {
        self.text.clone_from(&buffer.text);
        Ok(())
    }

    fn key(&mut self, buffer: &Buffer, _: &Change, _: Option<Instant>) -> Result<Reply> {
        self.text.clone_from(&buffer.text);
        let before = buffer.before();
        let rule = self.rules.iter().find(|(end, _)| before.ends_with(end));
        Ok(Reply {
            after: Some(Duration::ZERO),
            shown: rule.map(|(_, says)| (*says).to_owned()),
            ..Reply::default()
        })
    }

    fn wait_for_rest(&mut self) {}

    fn finish(&mut self) -> Result<Run> {
        Ok(Run::default())
    }
}

const MANNER: Manner = Manner {
    words_per_minute: None,
    takes: false,
    closes_ahead: false,
    block: 3,
    n_keys: 1000,
    seed: 1,
};

/// Types `author` where `$0` stands; each key that shows something is a line.
#[track_caller]
fn check(
    fixture: &str,
    author: &str,
    manner: &Manner,
    rules: &'static [(&'static str, &'static str)],
    expected: Expect,
) {
    let at = fixture.find("$0").expect("the fixture has a cursor");
    let plan = Plan {
        name: "a.py".to_owned(),
        path: "a.py".to_owned(),
        before: fixture.replacen("$0", "", 1),
        hunks: vec![Hunk {
            at,
            delete: 0,
            insert: author.to_owned(),
            beyond: String::new(),
        }],
    };
    let text = String::new();
    let mut systems: Vec<Box<dyn System>> = vec![Box::new(Rules { rules, text })];
    let keys = replay(&mut systems, &plan, manner, || {}).expect("rules answer");
    let mut lines = format!("{} keys\n", keys[0].len());
    for key in &keys[0] {
        let Some(shown) = &key.reply.shown else {
            continue;
        };
        lines.push_str(&format!(
            "{shown}: {}{} right, {} taken{}\n",
            if key.is_new { "new, " } else { "" },
            key.n_right,
            key.n_taken,
            if key.breaks == Some(true) {
                ", breaks"
            } else {
                ""
            },
        ));
    }
    expected.assert_eq(&lines);
}

#[test]
fn a_person_takes_what_is_right_up_to_a_token_s_end() {
    check(
        "prices = [1]\n$0\n",
        "total = sum(prices)",
        &MANNER,
        &[
            ("total", " = sum(price)"),
            ("total ", "= sum(price)"),
            ("total = sum(p", "rices))"),
            ("sum(", "x"),
        ],
        expect![[r#"
            19 keys
             = sum(price): new, 7 right, 7 taken
            = sum(price): 6 right, 0 taken
            x: new, 0 right, 0 taken, breaks
            rices)): new, 6 right, 6 taken, breaks
        "#]],
    );
}

#[test]
fn what_is_really_taken_is_one_key() {
    check(
        "prices = [1]\n$0\n",
        "total = sum(prices)",
        &Manner {
            takes: true,
            ..MANNER
        },
        &[("total", " = sum(price)"), ("sum(", "prices)")],
        expect![[r#"
            7 keys
             = sum(price): new, 7 right, 7 taken
            prices): new, 7 right, 7 taken
        "#]],
    );
}

#[test]
fn all_systems_get_the_same_keys() {
    let plan = Plan::of_file("a.py", "x = 1\ny = [2]\nz = 3\n", 1, 7).expect("long enough");
    let system = || -> Box<dyn System> {
        let text = String::new();
        Box::new(Rules { rules: &[], text })
    };
    let mut systems = vec![system(), system()];
    let mut n_keys = 0;
    let keys = replay(&mut systems, &plan, &MANNER, || n_keys += 1).expect("rules answer");
    assert_eq!((keys[0].len(), keys[1].len(), n_keys), (7, 7, 14));
}
