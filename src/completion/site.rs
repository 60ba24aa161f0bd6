//! The part of a file that decides whether a completion fits: the statements around the cursor.

use grammars::tree_sitter::{Node, Tree};
use ropey::Rope;

use crate::session::Snapshot;

/// Bytes that are looked at without asking whether fewer would do.
const ENOUGH: usize = 2 * 1024;

/// The text around a cursor, cut where nothing hangs on what is left out: whole statements at the
/// margin, or, where those are long, the headers around the cursor and the statements next to it.
/// What parses in the file parses here, and costs the same in a file of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Text before the cursor, from a line start.
    pub before: String,
    /// Text after the cursor.
    pub after: String,
}

impl Site {
    /// The site of `offset`; `None` without a tree, or where one statement is longer than
    /// `n_bytes`.
    pub fn of(snapshot: &Snapshot, offset: usize, n_bytes: usize) -> Option<Site> {
        let text = &snapshot.text;
        if text.len_bytes() <= ENOUGH.min(n_bytes) {
            return Some(Site {
                before: text.byte_slice(..offset).to_string(),
                after: text.byte_slice(offset..).to_string(),
            });
        }
        let mut site = Site {
            before: String::new(),
            after: String::new(),
        };
        spine(snapshot.tree.as_ref()?, text, offset, &mut site);
        (site.before.len() + site.after.len() <= n_bytes).then_some(site)
    }
}

/// Adds header after header, from the margin inwards, then the statements next to the cursor.
fn spine(tree: &Tree, text: &Rope, offset: usize, site: &mut Site) {
    let mut body = tree.root_node();
    // What follows each header's definition, innermost last.
    let mut behind = Vec::new();
    loop {
        let statements = Neighbours::of(body, offset);
        let (from, to) = statements.lines(text, offset);
        let inner = statements
            .current
            .and_then(|node| definition_body(node, offset));
        if let (true, Some(inner)) = (to - from > ENOUGH, inner) {
            let own = line_start(
                text,
                statements.current.map_or(from, |node| node.start_byte()),
            );
            let header_end = line_start(text, inner.start_byte());
            if header_end > own && header_end <= offset {
                add(&mut site.before, text, own, header_end);
                let node_end = statements.current.map_or(to, |node| node.end_byte());
                behind.push((line_end(text, node_end.max(offset)), to));
                body = inner;
                continue;
            }
        }
        add(&mut site.before, text, from, offset);
        add(&mut site.after, text, offset, to);
        break;
    }
    for (from, to) in behind.into_iter().rev() {
        if !site.after.ends_with('\n') {
            site.after.push('\n');
        }
        add(&mut site.after, text, from, to.max(from));
    }
}

fn add(to: &mut String, text: &Rope, start: usize, end: usize) {
    for chunk in text.byte_slice(start..end.max(start)).chunks() {
        to.push_str(chunk);
    }
}

/// A statement of a body and those next to it.
struct Neighbours<'t> {
    previous: Option<Node<'t>>,
    current: Option<Node<'t>>,
    next: Option<Node<'t>>,
}

impl<'t> Neighbours<'t> {
    /// The last statement that begins at or before `offset`, and those next to it.
    fn of(body: Node<'t>, offset: usize) -> Neighbours<'t> {
        let mut walk = body.walk();
        let mut found = Neighbours {
            previous: None,
            current: None,
            next: None,
        };
        // The cursor jumps, so that a long body costs no more than a short one.
        if walk.goto_first_child_for_byte(offset).is_some() {
            let mut node = walk.node();
            if node.start_byte() > offset {
                found.next = Some(node);
                match node.prev_sibling() {
                    Some(before) => node = before,
                    None => return found,
                }
            } else {
                found.next = node.next_sibling();
            }
            found.current = Some(node);
            found.previous = node.prev_sibling();
        } else if let Some(last) = body.child_count().checked_sub(1) {
            found.current = body.child(last);
            found.previous = found.current.and_then(|node| node.prev_sibling());
        }
        found
    }

    /// The whole lines from the first to the last, and at least those of the cursor. Of a long
    /// statement before, nothing; of a long definition behind, its beginning.
    fn lines(&self, text: &Rope, offset: usize) -> (usize, usize) {
        let is_short = |node: &Node<'_>| node.byte_range().len() <= ENOUGH / 4;
        let first = self.previous.filter(is_short).or(self.current);
        let from = first.map_or(offset, |node| node.start_byte()).min(offset);
        let to = match (self.next, self.current) {
            (Some(next), _) if is_short(&next) => next.end_byte(),
            (Some(next), _) => definition_body(next, usize::MAX)
                .and_then(|body| body.child(0))
                .map_or(next.end_byte(), |node| node.end_byte()),
            (None, current) => current.map_or(offset, |node| node.end_byte()),
        };
        (line_start(text, from), line_end(text, to.max(offset)))
    }
}

/// The body of a class or function, where the cursor lies behind its beginning.
fn definition_body(node: Node<'_>, offset: usize) -> Option<Node<'_>> {
    let definition = match node.kind() {
        "decorated_definition" => node.child_by_field_name("definition")?,
        _ => node,
    };
    let body = match definition.kind() {
        "class_definition" | "function_definition" => definition.child_by_field_name("body")?,
        _ => return None,
    };
    (body.start_byte() <= offset).then_some(body)
}

fn line_start(text: &Rope, offset: usize) -> usize {
    text.line_to_byte(text.byte_to_line(offset.min(text.len_bytes())))
}

fn line_end(text: &Rope, offset: usize) -> usize {
    let line = text.byte_to_line(offset.min(text.len_bytes())) + 1;
    if line < text.len_lines() {
        text.line_to_byte(line)
    } else {
        text.len_bytes()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::syntax;

    fn site(fixture: &str) -> Site {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let snapshot = Snapshot::of("a.py", &fixture.replacen("$0", "", 1));
        Site::of(&snapshot, offset, usize::MAX).expect("python has a tree")
    }

    #[track_caller]
    fn check(fixture: &str, expected: Expect) {
        let Site { before, after } = site(fixture);
        let whole = format!("{before}$0{after}");
        assert_eq!(
            syntax::refusals(&whole.replacen("$0", "", 1)),
            [0; 0],
            "{whole}"
        );
        let shown: Vec<_> = whole
            .lines()
            .filter(|line| !line.contains("filler"))
            .collect();
        expected.assert_eq(&(shown.join("\n") + "\n"));
    }

    fn fillers(indent: &str) -> String {
        format!("{indent}filler = 'filler filler filler filler filler'\n").repeat(200)
    }

    #[test]
    fn a_short_file_is_looked_at_whole() {
        check(
            "import os\n\nx = $01\n",
            expect![[r#"
            import os

            x = $01
        "#]],
        );
    }

    #[test]
    fn in_a_long_file_headers_and_neighbours_are_enough() {
        let far = fillers("");
        let deep = fillers("        ");
        check(
            &format!(
                "import os\n{far}class A:\n    x = 1\n\n    @property\n    async def f(self):\n{deep}        \
                 y = [\n            1,\n        ]\n        $0\n        return y\n{deep}\n    def g(self):\n        \
                 pass\n\n    def h(self):\n        pass\n\nz = 1\n{far}"
            ),
            expect![[r#"
                class A:
                    @property
                    async def f(self):
                        y = [
                            1,
                        ]
                        $0
                        return y

                    def g(self):
                        pass

                z = 1
            "#]],
        );
    }

    #[test]
    fn behind_a_long_body_the_cursor_is_still_in_its_place() {
        let deep = fillers("    ");
        check(
            &format!("def f():\n{deep}\n\n$0\n\ndef g():\n    pass\n"),
            expect![[r#"
                def f():


                $0

                def g():
                    pass
            "#]],
        );
        check(
            &format!("def f():\n{deep}    x = 1\n    $0\n"),
            expect![[r#"
                def f():
                    x = 1
                    $0
            "#]],
        );
    }
}
