//! Which file of the project defines a name: functions and classes at the margin of a module.
//!
//! Found by looking at lines and not by parsing: all files of a project are read for it. Who uses
//! an entry makes sure of it with [`super::Project::import`].

use std::collections::HashMap;
use std::sync::Arc;

/// Public functions and classes of a project by name.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    by_name: HashMap<Box<str>, Vec<Arc<str>>>,
    /// What each file defines, to take it out again.
    by_path: HashMap<Arc<str>, Box<[Box<str>]>>,
}

impl Definitions {
    /// Puts what a file defines now in place of what it defined before; `None` for a file that is
    /// gone.
    pub(super) fn update(&mut self, path: &Arc<str>, text: Option<&str>) {
        for name in self.by_path.remove(path).into_iter().flatten() {
            if let Some(paths) = self.by_name.get_mut(&name) {
                paths.retain(|known| known != path);
                if paths.is_empty() {
                    self.by_name.remove(&name);
                }
            }
        }
        let Some(text) = text.filter(|_| !is_test(path)) else {
            return;
        };
        let mut names: Vec<Box<str>> = defined(text).map(Into::into).collect();
        names.sort_unstable();
        names.dedup();
        for name in &names {
            let paths = self.by_name.entry(name.clone()).or_default();
            paths.push(Arc::clone(path));
        }
        self.by_path.insert(Arc::clone(path), names.into());
    }

    /// The only file that defines a name.
    pub(super) fn only(&self, name: &str) -> Option<Arc<str>> {
        match self.by_name.get(name)?.as_slice() {
            [path] => Some(Arc::clone(path)),
            _ => None,
        }
    }
}

/// Nobody imports from tests but tests.
fn is_test(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.starts_with("test_")
        || matches!(file, "conftest.py" | "setup.py")
        || path
            .split('/')
            .any(|part| matches!(part, "test" | "tests" | "testing"))
}

/// Names of functions and classes that begin at the margin and are public.
fn defined(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let rest = line.strip_prefix("async ").unwrap_or(line);
        let rest = rest
            .strip_prefix("def ")
            .or_else(|| rest.strip_prefix("class "))?;
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        let name = &rest[..end];
        (!name.is_empty() && !name.starts_with('_')).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_file_or_none() {
        let mut definitions = Definitions::default();
        let mut put = |path: &str, text: Option<&str>| {
            definitions.update(&path.into(), text);
            definitions.only("area").map(|path| path.to_string())
        };
        let text =
            "def area(x):\n    def inner(): pass\nclass _Hidden: pass\nasync def go(): pass\n";
        assert_eq!(put("a.py", Some(text)).as_deref(), Some("a.py"));
        assert_eq!(put("tests/test_a.py", Some(text)).as_deref(), Some("a.py"));
        assert_eq!(put("b.py", Some("class area: pass\n")), None);
        assert_eq!(put("a.py", Some("x = 1\n")).as_deref(), Some("b.py"));
        assert_eq!(put("b.py", None), None);
        assert_eq!(definitions.only("inner"), None);
        assert!(definitions.by_name.is_empty());
    }
}
