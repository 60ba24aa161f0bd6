//! Which scopes a place sees, and what a name means there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use grammars::tree_sitter::Node;

use super::bindings::{Binding, Bindings, bindings};

/// The scopes of one tree. What a scope binds is collected when it is first asked for.
pub struct Scopes<'t> {
    root: Node<'t>,
    text: &'t str,
    collected: RefCell<HashMap<usize, Rc<Bindings<'t>>>>,
}

/// Where a name is bound.
pub struct Resolved<'t> {
    /// The scope.
    pub scope: Node<'t>,
    /// The places in it that bind the name and may have been run before the name is used; at
    /// least one.
    pub places: Vec<Binding<'t>>,
}

impl<'t> Scopes<'t> {
    /// The scopes of a tree and its text.
    pub fn new(root: Node<'t>, text: &'t str) -> Scopes<'t> {
        Scopes {
            root,
            text,
            collected: RefCell::default(),
        }
    }

    /// The text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The root of the tree.
    pub fn root(&self) -> Node<'t> {
        self.root
    }

    /// What a scope binds.
    pub fn bindings(&self, scope: Node<'t>) -> Rc<Bindings<'t>> {
        if let Some(found) = self.collected.borrow().get(&scope.id()) {
            return Rc::clone(found);
        }
        let found = Rc::new(bindings(scope, self.text));
        self.collected
            .borrow_mut()
            .insert(scope.id(), Rc::clone(&found));
        found
    }

    /// The scopes around a node, innermost first; the module is last.
    pub fn around(&self, node: Node<'t>) -> Vec<Node<'t>> {
        let mut scopes = Vec::new();
        let mut child = node;
        while let Some(parent) = child.parent() {
            let is_inside = match parent.kind() {
                "function_definition" | "lambda" | "class_definition" => {
                    // Defaults, annotations, decorators and bases belong to the scope outside.
                    parent.child_by_field_name("body") == Some(child)
                }
                kind => is_comprehension(kind),
            };
            if is_inside {
                scopes.push(parent);
            }
            child = parent;
        }
        scopes.push(self.root);
        scopes
    }

    /// What a name means where `node` stands. `None` if no scope binds it; builtins and star
    /// imports are not looked at.
    pub fn resolve(&self, name: &str, node: Node<'t>) -> Option<Resolved<'t>> {
        let scopes = self.around(node);
        let mut saw_function = false;
        // A name declared global means the module's, whatever stands between.
        let mut skips_to_module = false;
        for (n, scope) in scopes.iter().enumerate() {
            let is_last = n + 1 == scopes.len();
            let kind = scope.kind();
            if skips_to_module && !is_last {
                continue;
            }
            // The names of a class are not seen from the functions in it.
            if kind == "class_definition" && saw_function {
                continue;
            }
            let is_deferred = saw_function;
            saw_function |= matches!(kind, "function_definition" | "lambda");
            let bound = self.bindings(*scope);
            if bound.outer.contains(name) && !is_last {
                skips_to_module = is_global(*scope, name, self.text);
                continue;
            }
            let places: Vec<Binding<'t>> = bound
                .of(name)
                .iter()
                .filter(|place| is_deferred || may_have_run(place.statement, node, *scope))
                .copied()
                .collect();
            if !places.is_empty() {
                return Some(Resolved {
                    scope: *scope,
                    places,
                });
            }
            if !bound.of(name).is_empty() && kind == "function_definition" {
                // Local all through the function, and not bound yet: Python looks no further.
                return None;
            }
            if type_parameters(*scope).is_some_and(|list| names(list, name, self.text)) {
                return Some(Resolved {
                    scope: *scope,
                    places: Vec::new(),
                });
            }
        }
        // Type parameters are seen in the header as well.
        let mut child = node;
        while let Some(parent) = child.parent() {
            if type_parameters(parent).is_some_and(|list| names(list, name, self.text)) {
                return Some(Resolved {
                    scope: parent,
                    places: Vec::new(),
                });
            }
            child = parent;
        }
        None
    }
}

fn is_comprehension(kind: &str) -> bool {
    matches!(
        kind,
        "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression"
    )
}

/// Whether `statement` can have run before `node` is reached, both in `scope`: it stands before,
/// or both stand in one loop.
fn may_have_run(statement: Node<'_>, node: Node<'_>, scope: Node<'_>) -> bool {
    if matches!(statement.kind(), "named_expression" | "global_statement")
        || is_comprehension(scope.kind())
    {
        return true;
    }
    // In the body of a `for`, the statement that binds its variable is around the node.
    let is_around =
        statement.start_byte() <= node.start_byte() && node.end_byte() <= statement.end_byte();
    if is_around {
        let left = statement
            .child_by_field_name("left")
            .map_or(statement.start_byte(), |left| left.end_byte());
        return match statement.kind() {
            // Not in its own value: `x = x + 1` needs another `x`.
            "assignment" => in_loop(statement, scope),
            "for_statement" => {
                let iterable = statement.child_by_field_name("right");
                let in_iterable = iterable.is_some_and(|iterable| {
                    iterable.start_byte() <= node.start_byte()
                        && node.end_byte() <= iterable.end_byte()
                });
                node.start_byte() >= left && !in_iterable || in_loop(statement, scope)
            }
            // Decorators, defaults and bases run before the definition binds its name.
            "function_definition" | "class_definition" => in_loop(statement, scope),
            _ => true,
        };
    }
    if statement.start_byte() < node.start_byte() {
        return true;
    }
    // Behind the node: only a loop around both brings it before.
    let mut up = node.parent();
    while let Some(around) = up {
        if around == scope {
            return false;
        }
        if matches!(around.kind(), "for_statement" | "while_statement")
            && around.start_byte() <= statement.start_byte()
            && statement.end_byte() <= around.end_byte()
        {
            return true;
        }
        up = around.parent();
    }
    false
}

fn in_loop(node: Node<'_>, scope: Node<'_>) -> bool {
    let mut up = node.parent();
    while let Some(around) = up {
        if around == scope {
            return false;
        }
        if matches!(around.kind(), "for_statement" | "while_statement") {
            return true;
        }
        up = around.parent();
    }
    false
}

/// Whether a function declares a name `global` rather than `nonlocal`.
fn is_global(function: Node<'_>, name: &str, text: &str) -> bool {
    let mut nodes = vec![function];
    let mut cursor = function.walk();
    while let Some(node) = nodes.pop() {
        if node.kind() == "global_statement" && names(node, name, text) {
            return true;
        }
        nodes.extend(node.named_children(&mut cursor));
    }
    false
}

fn type_parameters(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("type_parameters")
}

/// Whether an identifier of this name stands below a node.
fn names(node: Node<'_>, name: &str, text: &str) -> bool {
    let mut nodes = vec![node];
    let mut cursor = node.walk();
    while let Some(node) = nodes.pop() {
        if node.kind() == "identifier" && &text[node.byte_range()] == name {
            return true;
        }
        nodes.extend(node.named_children(&mut cursor));
    }
    false
}
