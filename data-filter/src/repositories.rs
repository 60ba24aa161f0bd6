//! The list of repositories given with `--repos`: which commit and which licence.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path};

use anyhow::{Context, Result, bail};

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Repository as `owner/name`.
    pub repo: String,
    /// Full commit id, where given.
    pub commit: Option<String>,
    /// SPDX expression, where given.
    pub licence: Option<String>,
}

/// The list, by name in lower case.
#[derive(Debug, Default)]
pub struct Repositories(HashMap<String, Listed>);

impl Repositories {
    /// Reads a tab-separated list whose first line names its columns.
    ///
    /// # Errors
    /// When the file cannot be read, or has no column `repository`.
    pub fn read(path: &Path) -> Result<Self> {
        let list = fs::read_to_string(path)
            .with_context(|| format!("cannot read the list {}", path.display()))?;
        Self::parse(&list).with_context(|| format!("in the list {}", path.display()))
    }

    fn parse(list: &str) -> Result<Self> {
        let mut lines = list.lines();
        let header: Vec<_> = lines.next().unwrap_or("").split('\t').collect();
        let column = |name: &str| header.iter().position(|column| *column == name);
        let Some(repository) = column("repository") else {
            bail!(
                "the first line must name tab-separated columns, `repository` among them; \
                 `commit` and `licence` are used where present"
            );
        };
        let (commit, licence) = (column("commit"), column("licence"));
        let mut by_name = HashMap::new();
        for (line_idx, line) in lines.enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let fields: Vec<_> = line.split('\t').collect();
            let field = |column: Option<usize>| {
                let value = fields.get(column?)?.trim();
                (!value.is_empty()).then(|| value.to_owned())
            };
            let Some(repo) = field(Some(repository)) else {
                bail!("line {} names no repository", line_idx + 2);
            };
            let listed = Listed {
                commit: field(commit),
                licence: field(licence),
                repo: repo.clone(),
            };
            by_name.insert(repo.to_lowercase(), listed);
        }
        Ok(Self(by_name))
    }

    /// What to note of an input whose row was looked for: nothing if there is no list at all.
    pub fn note_if_unlisted(&self, listed: Option<&Listed>) -> Option<String> {
        (listed.is_none() && !self.0.is_empty()).then(|| "not in the list".to_owned())
    }

    /// The row of an input, found by the end of its path (`…/OWNER/NAME`, `…/OWNER+NAME/repo`,
    /// with or without `.git`) or by the address it was cloned from.
    pub fn find(&self, path: &Path, remote: Option<&str>) -> Option<&Listed> {
        let by_remote = remote.and_then(|url| self.0.get(&repo_of_url(url)?.to_lowercase()));
        by_remote.or_else(|| {
            let names = names(path);
            let pairs = names.windows(2).rev().map(|pair| pair.join("/"));
            let plus = names
                .iter()
                .rev()
                .take(2)
                .map(|name| name.replacen('+', "/", 1));
            pairs
                .take(2)
                .chain(plus)
                .find_map(|name| self.0.get(&name.to_lowercase()))
        })
    }
}

/// A name for an input that no list names: from the address it was cloned from, else its path.
pub fn name_of(path: &Path, remote: Option<&str>) -> String {
    remote
        .and_then(repo_of_url)
        .or_else(|| names(path).pop())
        .unwrap_or_else(|| "sources".into())
}

/// The parts of a path that can be names: without `.git`, `repo` and the like at the end.
fn names(path: &Path) -> Vec<String> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut names: Vec<String> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    while let Some(last) = names.pop() {
        let is_generic = last == ".git" || last == "repo" || last == "repo.git";
        if !is_generic || names.is_empty() {
            names.push(last.strip_suffix(".git").unwrap_or(&last).to_owned());
            break;
        }
    }
    names
}

/// `owner/name` from `https://host/owner/name.git` or `git@host:owner/name`.
fn repo_of_url(url: &str) -> Option<String> {
    let address = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, address)) => address.split_once('/')?.1,
        None => url.split_once(':')?.1,
    };
    let address = address.trim_matches('/');
    let address = address.strip_suffix(".git").unwrap_or(address);
    let mut parts = address.rsplit('/');
    let (name, owner) = (parts.next()?, parts.next()?);
    (!name.is_empty() && !owner.is_empty()).then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::{Repositories, name_of, repo_of_url};
    use expect_test::{Expect, expect};
    use std::path::Path;

    const LIST: &str = "\
repository\tcommit\tlicence\tpy_files
psf/requests\t1f6589\tApache-2.0\t37
tox-dev/tox\t\tMIT\t9
";

    #[track_caller]
    fn check_found(path: &str, remote: Option<&str>, expected: Expect) {
        let list = Repositories::parse(LIST).expect("a good list");
        let found = list.find(Path::new(path), remote);
        expected.assert_eq(&match found {
            Some(row) => format!("{} {:?} {:?}", row.repo, row.commit, row.licence),
            None => format!("not listed: {}", name_of(Path::new(path), remote)),
        });
    }

    #[test]
    fn inputs_are_found_by_the_end_of_their_path() {
        let requests = || expect![[r#"psf/requests Some("1f6589") Some("Apache-2.0")"#]];
        check_found("/mirror/psf+requests/repo", None, requests());
        check_found("/mirror/psf+requests", None, requests());
        check_found("/mirror/PSF/Requests.git", None, requests());
        check_found("/mirror/psf/requests/.git", None, requests());
    }

    #[test]
    fn or_by_the_address_they_came_from() {
        check_found(
            "/tmp/x",
            Some("git@github.com:tox-dev/tox.git"),
            expect![[r#"tox-dev/tox None Some("MIT")"#]],
        );
    }

    #[test]
    fn others_are_named_after_address_or_directory() {
        check_found("/src/mine.git", None, expect!["not listed: mine"]);
        check_found(
            "/src/mine",
            Some("https://github.com/me/ours/"),
            expect!["not listed: me/ours"],
        );
    }

    #[test]
    fn a_list_without_the_column_is_refused() {
        let error = Repositories::parse("name,commit\n").expect_err("no such column");
        assert!(error.to_string().contains("`repository`"), "{error}");
    }

    #[test]
    fn local_addresses_name_no_repository() {
        assert_eq!(repo_of_url("file:///srv/git/a/b"), None);
        assert_eq!(repo_of_url("../elsewhere"), None);
    }
}
