//! The count of every fate, for `summary.json` and for a person.

use std::time::Duration;

use serde::Serialize;

use crate::filter::Filters;
use crate::shard::Written;

/// Notes on inputs that the table shows.
const MAX_NOTES: usize = 5;

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Number of files.
    pub files: u64,
    /// Bytes of their contents; a content that could not be read counts as it is listed, or as 0.
    pub bytes: u64,
}

impl Count {
    /// Counts one more file.
    pub fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// One rule and what it dropped.
#[derive(Debug, Clone, Serialize)]
pub struct RuleCount {
    /// Name of the rule.
    pub rule: String,
    /// What it drops.
    pub drops: String,
    /// What it dropped.
    #[serde(flatten)]
    pub count: Count,
}

/// One input.
#[derive(Debug, Clone, Serialize)]
pub struct InputCount {
    /// Repository or directory.
    pub repo: String,
    /// Commit that was read.
    pub commit: Option<String>,
    /// SPDX expression.
    pub licence: Option<String>,
    /// What a person should know of how it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it could not be read as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// All its files.
    pub read: Count,
    /// Files that were kept.
    pub kept: Count,
}

/// `summary.json`. Nothing in it depends on the machine, the clock or the number of threads.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Version of the program.
    pub version: &'static str,
    /// Name of the preset.
    pub preset: &'static str,
    /// Extensions that were read.
    pub extensions: Vec<String>,
    /// All files met.
    pub read: Count,
    /// Files that were kept.
    pub kept: Count,
    /// Files that a rule dropped.
    pub dropped: Count,
    /// Files that could not be read.
    pub unreadable: Count,
    /// Inputs that could not be read at all.
    pub unreadable_inputs: u64,
    /// In the order the rules are asked.
    pub rules: Vec<RuleCount>,
    /// The kept shards.
    pub shards: Vec<Written>,
    /// In the order given.
    pub inputs: Vec<InputCount>,
}

impl Summary {
    /// A summary of nothing yet.
    pub fn new(preset: &'static str, filters: &Filters, extensions: &[String]) -> Self {
        let mut rules: Vec<_> = filters
            .rules()
            .map(|rule| RuleCount {
                rule: rule.name().into(),
                drops: rule.describe(),
                count: Count::default(),
            })
            .collect();
        let duplicate = RuleCount {
            rule: "duplicate".into(),
            drops: "content seen before".into(),
            count: Count::default(),
        };
        rules.insert(1, duplicate);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            preset,
            extensions: extensions.to_vec(),
            read: Count::default(),
            kept: Count::default(),
            dropped: Count::default(),
            unreadable: Count::default(),
            unreadable_inputs: 0,
            rules,
            shards: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// Counts a file of the last input as kept.
    pub fn keep(&mut self, input_idx: usize, bytes: u64) {
        self.read.add(bytes);
        self.kept.add(bytes);
        self.inputs[input_idx].read.add(bytes);
        self.inputs[input_idx].kept.add(bytes);
    }

    /// Counts a file as dropped by a rule.
    pub fn drop_by(&mut self, input_idx: usize, rule: &str, bytes: u64) {
        self.read.add(bytes);
        self.dropped.add(bytes);
        self.inputs[input_idx].read.add(bytes);
        if let Some(known) = self.rules.iter_mut().find(|known| known.rule == rule) {
            known.count.add(bytes);
        }
    }

    /// Counts a file as unreadable.
    pub fn unreadable(&mut self, input_idx: usize, bytes: u64) {
        self.read.add(bytes);
        self.unreadable.add(bytes);
        self.inputs[input_idx].read.add(bytes);
    }

    /// Whether every file has exactly one fate, and every drop a rule.
    pub fn adds_up(&self) -> bool {
        let total = |counts: &[Count]| {
            counts.iter().fold(Count::default(), |sum, count| Count {
                files: sum.files + count.files,
                bytes: sum.bytes + count.bytes,
            })
        };
        let by_rule: Vec<_> = self.rules.iter().map(|rule| rule.count).collect();
        let by_input: Vec<_> = self.inputs.iter().map(|input| input.read).collect();
        let shards = self.shards.iter().fold((0, 0), |sum, shard| {
            (sum.0 + shard.records, sum.1 + shard.text_bytes)
        });
        total(&[self.kept, self.dropped, self.unreadable]) == self.read
            && total(&by_rule) == self.dropped
            && total(&by_input) == self.read
            && shards == (self.kept.files, self.kept.bytes)
    }

    /// The table for a person.
    pub fn table(&self, wall: Duration) -> String {
        let mut table = format!(
            "{:<14} {:>10} {:>17} {:>8}\n",
            "", "files", "bytes", "of bytes"
        );
        let mut row = |name: &str, count: Count, note: &str| {
            let share = 100.0 * count.bytes as f64 / self.read.bytes.max(1) as f64;
            let line = format!(
                "{name:<14} {:>10} {:>17} {share:>7.2}%  {note}",
                grouped(count.files),
                grouped(count.bytes)
            );
            table += line.trim_end();
            table.push('\n');
        };
        row("read", self.read, "");
        row("kept", self.kept, "");
        row("dropped", self.dropped, "");
        for rule in &self.rules {
            row(&format!("  {}", rule.rule), rule.count, &rule.drops);
        }
        row("unreadable", self.unreadable, "");
        table += &format!(
            "{} inputs, {} shards, {:.1} s, {:.0} MB/s\n",
            grouped(self.inputs.len() as u64),
            self.shards.len(),
            wall.as_secs_f64(),
            self.read.bytes as f64 / 1e6 / wall.as_secs_f64().max(1e-9),
        );
        let mut notes = self
            .inputs
            .iter()
            .filter_map(|input| Some(format!("{}: {}\n", input.repo, input.note.as_ref()?)));
        table.extend(notes.by_ref().take(MAX_NOTES));
        if notes.next().is_some() {
            table += "more such notes: summary.json\n";
        }
        if self.unreadable_inputs > 0 {
            table += &format!(
                "{} inputs could not be read at all\n",
                self.unreadable_inputs
            );
        }
        if self.unreadable.files > 0 || self.unreadable_inputs > 0 {
            table += "what could not be read, and why: unreadable.jsonl\n";
        }
        table
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (digit_idx, digit) in digits.chars().enumerate() {
        if digit_idx > 0 && (digits.len() - digit_idx).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{InputCount, Summary, grouped};
    use crate::filter::Preset;
    use crate::shard::Written;
    use expect_test::expect;
    use std::time::Duration;

    fn summary() -> Summary {
        let mut summary = Summary::new("codex", &Preset::Codex.filters(), &["py".into()]);
        summary.inputs.push(InputCount {
            repo: "a/b".into(),
            commit: None,
            licence: None,
            note: None,
            problem: None,
            read: Default::default(),
            kept: Default::default(),
        });
        summary.keep(0, 3_000_000);
        summary.drop_by(0, "duplicate", 900_000);
        summary.unreadable(0, 100_000);
        summary.shards.push(Written {
            name: "kept-00000.jsonl.zst".into(),
            records: 1,
            text_bytes: 3_000_000,
        });
        summary
    }

    #[test]
    fn the_table_gives_every_fate_and_every_rule() {
        expect![[r#"
                                files             bytes of bytes
            read                    3         4,000,000  100.00%
            kept                    1         3,000,000   75.00%
            dropped                 1           900,000   22.50%
              size                  0                 0    0.00%  larger than 1000000 bytes
              duplicate             1           900,000   22.50%  content seen before
              nul                   0                 0    0.00%  holds a NUL byte (measured: its offset)
              blank                 0                 0    0.00%  empty or nothing but white space (measured: its bytes)
              generated             0                 0    0.00%  says in its first lines that it is generated
              line_length           0                 0    0.00%  a line over 1000 characters
              line_mean             0                 0    0.00%  lines over 100 characters on average
              alphanumeric          0                 0    0.00%  less than 0.25 letters and digits
            unreadable              1           100,000    2.50%
            1 inputs, 1 shards, 2.0 s, 2 MB/s
            what could not be read, and why: unreadable.jsonl
        "#]]
        .assert_eq(&summary().table(Duration::from_secs(2)));
    }

    #[test]
    fn a_lost_file_is_noticed() {
        let sound = summary();
        assert!(sound.adds_up());
        let mut lost = sound.clone();
        lost.read.add(1);
        assert!(!lost.adds_up());
        let mut unnamed = sound.clone();
        unnamed.drop_by(0, "no such rule", 1);
        assert!(!unnamed.adds_up());
        let mut short = sound;
        short.shards.clear();
        assert!(!short.adds_up());
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
