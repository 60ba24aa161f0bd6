//! Where a new import goes: behind the module's docstring and `__future__`, among those of its
//! kind, sorted.

use std::ops::Range;

use grammars::tree_sitter::{Node, Tree};

/// Where a module comes from; imports stand in groups in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `__future__`.
    Future,
    /// The standard library.
    Library,
    /// Installed packages.
    Installed,
    /// The project itself.
    Project,
}

/// An import that stands in a module already.
struct Standing<'t> {
    node: Node<'t>,
    origin: Origin,
    key: Key,
}

/// What imports of one group are sorted by: `import a` before `from a import b`, then by module.
type Key = (bool, String);

/// The edit that adds an import to a module: the byte range it replaces, which is empty, and the
/// text it puts there. `None` where the import stands there already.
///
/// `statement` is a single `import a as b` or `from a import b`; `origin` tells where a module
/// comes from.
pub fn add_import(
    tree: &Tree,
    text: &str,
    statement: &str,
    origin: impl Fn(&str) -> Origin,
) -> Option<(Range<usize>, String)> {
    let line_end = match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let root = tree.root_node();
    let mut cursor = root.walk();
    let mut standing = Vec::new();
    let mut head_end = 0;
    for node in root.named_children(&mut cursor) {
        match node.kind() {
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                let written = &text[node.byte_range()];
                if squeezed(written) == squeezed(statement) {
                    return None;
                }
                standing.push(Standing {
                    node,
                    origin: origin(module_of(written)),
                    key: key(written),
                });
            }
            "comment" => {
                if standing.is_empty() {
                    head_end = below(text, node.end_byte());
                }
            }
            "expression_statement"
                if standing.is_empty()
                    && node
                        .named_child(0)
                        .is_some_and(|inner| inner.kind() == "string") =>
            {
                head_end = below(text, node.end_byte());
            }
            // Imports behind the first code are not the block's, but a guard in between, such as
            // a `try` around an import, does not end it.
            "try_statement" | "if_statement" => {}
            _ => break,
        }
    }
    let ours = origin(module_of(statement));
    if let Some(edit) = into_standing(&standing, text, statement) {
        return Some(edit);
    }
    let own_key = key(statement);
    let insert = |at: usize, text: String| Some((at..at, text));
    let mut group = standing.iter().filter(|one| one.origin == ours).peekable();
    if group.peek().is_some() {
        let mut last = None;
        for one in group {
            if one.key > own_key {
                let at = one.node.start_byte();
                return insert(at, format!("{statement}{line_end}"));
            }
            last = Some(one);
        }
        let at = below(text, last?.node.end_byte());
        return insert(at, on_own_line(text, at, statement, line_end));
    }
    // A group of its own, between those before and behind it.
    if let Some(before) = standing.iter().rev().find(|one| one.origin < ours) {
        let at = below(text, before.node.end_byte());
        let line = on_own_line(text, at, statement, line_end);
        // A blank line follows already, unless the next group or code stands right behind.
        return match text[at..].starts_with(['\n', '\r']) || text[at..].is_empty() {
            true => insert(at, format!("{line_end}{line}")),
            false => insert(at, format!("{line_end}{line}{line_end}")),
        };
    }
    if let Some(behind) = standing.first() {
        let at = behind.node.start_byte();
        return insert(at, format!("{statement}{line_end}{line_end}"));
    }
    let line = on_own_line(text, head_end, statement, line_end);
    let has_head = head_end > 0;
    let gap_before = if has_head { line_end } else { "" };
    let gap_behind = match text[head_end..].starts_with(['\n', '\r']) || text[head_end..].is_empty()
    {
        true => "",
        false => line_end,
    };
    insert(head_end, format!("{gap_before}{line}{gap_behind}"))
}

/// `from a import b` joins a `from a import c` that stands on one line without brackets.
fn into_standing(
    standing: &[Standing<'_>],
    text: &str,
    statement: &str,
) -> Option<(Range<usize>, String)> {
    let (module, name) = statement.strip_prefix("from ")?.split_once(" import ")?;
    let one = standing.iter().find(|one| {
        let written = &text[one.node.byte_range()];
        written.starts_with("from ")
            && module_of(written) == module
            && !written.contains(['(', '\n', '\\', '*', ';'])
    })?;
    let mut cursor = one.node.walk();
    let names: Vec<Node<'_>> = one
        .node
        .children_by_field_name("name", &mut cursor)
        .collect();
    for known in &names {
        let written = &text[known.byte_range()];
        if written.to_lowercase() > name.to_lowercase() {
            let at = known.start_byte();
            return Some((at..at, format!("{name}, ")));
        }
    }
    let at = names.last()?.end_byte();
    Some((at..at, format!(", {name}")))
}

/// The module an import names: the first of several.
fn module_of(statement: &str) -> &str {
    let rest = statement
        .strip_prefix("from ")
        .or_else(|| statement.strip_prefix("import "))
        .unwrap_or_default();
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| c.is_whitespace() || c == ',')
        .unwrap_or(rest.len());
    &rest[..end]
}

fn key(statement: &str) -> Key {
    (
        statement.starts_with("from"),
        module_of(statement).to_lowercase(),
    )
}

fn squeezed(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The start of the line below an offset, or the end of the text.
fn below(text: &str, offset: usize) -> usize {
    text[offset..]
        .find('\n')
        .map_or(text.len(), |at| offset + at + 1)
}

/// A statement as a line at `at`, where the line above may lack its line break.
fn on_own_line(text: &str, at: usize, statement: &str, line_end: &str) -> String {
    match at == 0 || text[..at].ends_with('\n') {
        true => format!("{statement}{line_end}"),
        false => format!("{line_end}{statement}{line_end}"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use grammars::Language;

    use super::*;

    /// `os`, `re`, `sys` and `__future__` are Python's, `app` the project's, the rest installed.
    #[track_caller]
    fn check(text: &str, statement: &str, expected: Expect) {
        let python = Language::from_id("python").expect("python is a known language");
        let tree = crate::syntax::parse_str(python, text).expect("parses");
        let origin = |module: &str| match module.split('.').next().unwrap_or_default() {
            "__future__" => Origin::Future,
            "os" | "re" | "sys" | "collections" => Origin::Library,
            "app" | "" => Origin::Project,
            _ => Origin::Installed,
        };
        let shown = match add_import(&tree, text, statement, origin) {
            None => "it stands there".to_owned(),
            Some((range, added)) => {
                let mut text = text.to_owned();
                text.replace_range(range, &added);
                text
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn imports_are_sorted_among_their_kind() {
        check(
            "import os\nimport sys\nfrom re import match\n\nimport numpy\n",
            "import re",
            expect![[r#"
                import os
                import re
                import sys
                from re import match

                import numpy
            "#]],
        );
        check(
            "import os\n\nimport numpy\n\nx = 1\n",
            "import pandas as pd",
            expect![[r#"
                import os

                import numpy
                import pandas as pd

                x = 1
            "#]],
        );
    }

    #[test]
    fn a_group_of_its_own_stands_in_its_place() {
        check(
            "import os\n\nfrom app import a\n\nx = 1\n",
            "import numpy as np",
            expect![[r#"
                import os

                import numpy as np

                from app import a

                x = 1
            "#]],
        );
        check(
            "import numpy\n",
            "import os",
            expect![[r#"
                import os

                import numpy
            "#]],
        );
    }

    #[test]
    fn docstring_comments_and_future_stay_on_top() {
        check(
            "#!/usr/bin/env python\n\"\"\"Docs.\"\"\"\nfrom __future__ import annotations\nx = os.sep\n",
            "import os",
            expect![[r#"
                #!/usr/bin/env python
                """Docs."""
                from __future__ import annotations

                import os

                x = os.sep
            "#]],
        );
        check(
            "\"\"\"Docs.\"\"\"\n\nx = os.sep\n",
            "import os",
            expect![[r#"
                """Docs."""

                import os

                x = os.sep
            "#]],
        );
        check(
            "x = os.sep\n",
            "import os",
            expect![[r#"
                import os

                x = os.sep
            "#]],
        );
    }

    #[test]
    fn a_name_joins_the_import_of_its_module() {
        check(
            "from app.models import A, C\n",
            "from app.models import B",
            expect![[r#"
                from app.models import A, B, C
            "#]],
        );
        check(
            "from app.models import A\n",
            "from app.models import B",
            expect![[r#"
                from app.models import A, B
            "#]],
        );
        check(
            "from app.models import (\n    A,\n)\n",
            "from app.models import B",
            expect![[r#"
                from app.models import (
                    A,
                )
                from app.models import B
            "#]],
        );
        check("import  os\n", "import os", expect!["it stands there"]);
    }

    #[test]
    fn line_ends_are_kept() {
        check(
            "import sys\r\nx = 1\r\n",
            "import os",
            expect!["import os\r\nimport sys\r\nx = 1\r\n"],
        );
    }
}
