//! What commits wrote, as plans for typing. Works on clones and on bare repositories.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::keystrokes::{Hunk, Plan};
use crate::seeded::Seeded;

/// Longer files are left out: nobody types in them.
const LONGEST_FILE: usize = 300_000;

/// Plans from `n_commits` commits of a repository, drawn at random: one plan a Python file that a
/// commit changed or added. Equal seeds draw equal commits.
///
/// # Errors
/// When git is not there, or finds no repository or no commit that changed Python files.
pub fn plans(repository: &Path, n_commits: usize, seed: u64) -> Result<Vec<Plan>> {
    let git = Git(repository);
    let list = git.text(&["rev-list", "--no-merges", "HEAD", "--", "*.py"])?;
    let commits: Vec<&str> = list.lines().collect();
    if commits.is_empty() {
        bail!(
            "no commit of {} changed a Python file",
            repository.display()
        );
    }
    let mut seeded = Seeded::new(seed);
    let mut drawn = Vec::new();
    let mut found = Vec::new();
    // Some commits have nothing to type: renames, deletions, the very first commit.
    for _ in 0..n_commits.saturating_mul(20).min(2_000) {
        let commit = commits[seeded.below(commits.len())];
        if drawn.contains(&commit) {
            continue;
        }
        drawn.push(commit);
        let plans = git.plans(commit)?;
        if !plans.is_empty() {
            found.push(plans);
        }
        if found.len() == n_commits {
            break;
        }
    }
    Ok(found.concat())
}

struct Git<'a>(&'a Path);

impl Git<'_> {
    fn bytes(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = Command::new("git")
            // Reading is all that is done here, whoever owns the folder.
            .args(["-c", "safe.directory=*", "-c", "core.quotePath=false", "-C"])
            .arg(self.0)
            .args(arguments)
            .output()
            .context("cannot start git; install it, or give files instead of a repository")?;
        if !output.status.success() {
            bail!(
                "git cannot read {}: {}",
                self.0.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(output.stdout)
    }

    fn text(&self, arguments: &[&str]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes(arguments)?).into_owned())
    }

    /// One plan a Python file of a commit; none where it has no parent.
    fn plans(&self, commit: &str) -> Result<Vec<Plan>> {
        let parent = format!("{commit}^");
        let range = [parent.as_str(), commit];
        let filter = ["diff-tree", "-r", "--no-renames", "--diff-filter=AM"];
        let Ok(raw) = self.text(&[&filter[..], &["--raw", "-z"], &range, &["--", "*.py"]].concat())
        else {
            return Ok(Vec::new());
        };
        let mut plans = Vec::new();
        let mut fields = raw.split('\0');
        while let (Some(entry), Some(path)) = (fields.next(), fields.next()) {
            let ids: Vec<&str> = entry.split(' ').collect();
            let [_, _, old, new, _] = ids[..] else {
                bail!("git diff-tree wrote {entry:?}, which is not its raw format");
            };
            // Files that are not text, or that a partial clone lacks, cannot be typed.
            let (Some(old), Some(new)) = (self.blob(old), self.blob(new)) else {
                continue;
            };
            let diff = ["--unified=0", "-p", "--no-color", "--no-ext-diff"];
            let diff = self.text(&[&filter[..], &diff, &range, &["--", path]].concat())?;
            let hunks = hunks(&old, &new, &ranges(&diff));
            if new.len() <= LONGEST_FILE && hunks.iter().any(|hunk| !hunk.insert.is_empty()) {
                plans.push(Plan {
                    name: format!("{path} @ {}", &commit[..commit.len().min(8)]),
                    path: path.to_owned(),
                    before: old,
                    hunks,
                });
            }
        }
        Ok(plans)
    }

    /// The text of a blob; that of a file that is not there yet is empty.
    fn blob(&self, id: &str) -> Option<String> {
        if id.bytes().all(|byte| byte == b'0') {
            return Some(String::new());
        }
        String::from_utf8(self.bytes(&["cat-file", "blob", id]).ok()?).ok()
    }
}

/// Lines of one hunk of a diff without context: the first, from 0, and how many.
type Lines = std::ops::Range<usize>;

/// The old and new lines of each hunk, from its `@@` line.
fn ranges(diff: &str) -> Vec<(Lines, Lines)> {
    let side = |text: &str| -> Option<Lines> {
        let (start, n) = text[1..].split_once(',').unwrap_or((&text[1..], "1"));
        let (start, n): (usize, usize) = (start.parse().ok()?, n.parse().ok()?);
        // Where there are no lines, git names the line before.
        let first = if n == 0 { start } else { start.checked_sub(1)? };
        Some(first..first + n)
    };
    diff.lines()
        .filter_map(|line| {
            let mut words = line.strip_prefix("@@ ")?.split(' ');
            Some((side(words.next()?)?, side(words.next()?)?))
        })
        .collect()
}

/// The hunks as a person types them, in file order.
fn hunks(old: &str, new: &str, ranges: &[(Lines, Lines)]) -> Vec<Hunk> {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let mut found = Vec::new();
    for (was, comes) in ranges {
        let (Some(gone), Some(came)) = (old.get(was.clone()), new.get(comes.clone())) else {
            continue;
        };
        // All that lies before is written already, so offsets are those of the new text.
        let mut at: usize = new[..comes.start].iter().map(|line| line.len()).sum();
        if gone.len() == came.len() {
            // Line for line, each changed in its middle.
            for (gone, came) in gone.iter().zip(came) {
                found.extend(edit(at, gone, came));
                at += came.len();
            }
        } else if gone.is_empty() && at > 0 && came.concat().ends_with('\n') {
            // New lines are begun at the end of the line above.
            let text = came.concat();
            found.push(Hunk {
                at: at - 1,
                delete: 0,
                insert: format!("\n{}", &text[..text.len() - 1]),
                beyond: String::new(),
            });
        } else {
            found.extend(edit(at, &gone.concat(), &came.concat()));
        }
    }
    found
}

/// What differs between two texts, between what they begin and end with alike.
fn edit(at: usize, gone: &str, came: &str) -> Option<Hunk> {
    let alike = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs
            .take_while(|(gone, came)| gone == came)
            .map(|(gone, _)| gone.len_utf8())
            .sum()
    };
    let head = alike(&mut gone.chars().zip(came.chars()));
    let (gone, came) = (&gone[head..], &came[head..]);
    let tail = alike(&mut gone.chars().rev().zip(came.chars().rev()));
    let (gone, came) = (&gone[..gone.len() - tail], &came[..came.len() - tail]);
    (!gone.is_empty() || !came.is_empty()).then(|| Hunk {
        at: at + head,
        delete: gone.len(),
        insert: came.to_owned(),
        beyond: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// A repository with one commit after the other, each a list of files and their texts.
    fn repository(commits: &[&[(&str, &str)]]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let git = |arguments: &[&str]| {
            let done = Command::new("git")
                .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-C"])
                .arg(dir.path())
                .args(arguments)
                .output()
                .expect("git is there");
            assert!(done.status.success(), "{done:?}");
        };
        git(&["init", "-q"]);
        for commit in commits {
            for (path, text) in *commit {
                std::fs::write(dir.path().join(path), text).expect("writable");
            }
            git(&["add", "."]);
            git(&["commit", "-qm", "x"]);
        }
        dir
    }

    /// The plans of the last commit; each must write the new text.
    #[track_caller]
    fn check(old: &str, new: &str, expected: Expect) {
        let dir = repository(&[&[("a.py", old), ("b.txt", "x")], &[("a.py", new)]]);
        let plans = plans(dir.path(), 1, 1).expect("a commit to type");
        let [plan] = &plans[..] else {
            panic!("one file changed, but: {plans:?}")
        };
        assert_eq!((plan.before.as_str(), plan.written().as_str()), (old, new));
        let hunks: Vec<String> = plan
            .hunks
            .iter()
            .map(|hunk| {
                format!(
                    "at {} erase {} type {:?}\n",
                    hunk.at, hunk.delete, hunk.insert
                )
            })
            .collect();
        expected.assert_eq(&hunks.concat());
    }

    #[test]
    fn a_commit_is_typed_hunk_by_hunk() {
        check(
            "import os\n\ndef f(a):\n    return a\n\nx = f(1)\ny = 2\n",
            "import os\nimport sys\n\ndef f(a, b=2):\n    c = a\n    return c\n\nx = f(1)\n",
            expect![[r#"
                at 9 erase 0 type "\nimport sys"
                at 29 erase 15 type ", b=2):\n    c = a\n    return c"
                at 70 erase 6 type ""
            "#]],
        );
    }

    #[test]
    fn a_new_file_is_typed_from_nothing() {
        let dir = repository(&[&[("a.py", "x = 1\n")], &[("b.py", "y = 2\n")]]);
        let plans = plans(dir.path(), 2, 1).expect("a commit to type");
        // The first commit has no parent and is passed over.
        let [plan] = &plans[..] else {
            panic!("one file came, but: {plans:?}")
        };
        assert_eq!((plan.path.as_str(), plan.before.as_str()), ("b.py", ""));
        assert_eq!(plan.written(), "y = 2\n");
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let error = plans(dir.path(), 1, 1).expect_err("nothing is there");
        assert!(error.to_string().starts_with("git cannot read"), "{error}");
    }
}
