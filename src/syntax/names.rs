//! Names in Python code: what binds them, which of them a place sees, and what a stretch of code
//! uses. After the Python reference, §4.2 "Naming and binding".
//!
//! Everything here looks at one text alone. What an import brings is a question for
//! [`crate::project`].

mod bindings;
mod scopes;
#[cfg(test)]
mod tests;
mod uses;

use grammars::tree_sitter::Node;

pub use bindings::{Binding, Bindings, How, bindings, self_attributes};
pub use scopes::{Resolved, Scopes};
pub use uses::{Use, uses};

/// An import as it is written: of a module, or of a name in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Import<'t> {
    /// Leading dots; 0 for an absolute import.
    pub level: usize,
    /// Dotted name of the module; may be empty behind dots.
    pub module: &'t str,
    /// The name in it, of `from module import name`; `None` where the module itself is bound.
    pub name: Option<&'t str>,
}

/// The text of a node.
pub fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// The import that a `from … import` statement speaks of, without a name.
pub fn from_module<'t>(statement: Node<'_>, text: &'t str) -> Option<Import<'t>> {
    let module = text_of(statement.child_by_field_name("module_name")?, text);
    let dotted = module.trim_start_matches(['.', ' ', '\t', '\\', '\n', '\r']);
    let level = module[..module.len() - dotted.len()].matches('.').count();
    Some(Import {
        level,
        module: dotted.trim_end(),
        name: None,
    })
}

/// The class whose method a function is.
pub fn class_of(function: Node<'_>) -> Option<Node<'_>> {
    let mut node = function.parent()?;
    // The function may be decorated, and may stand under an `if` in the class.
    while matches!(
        node.kind(),
        "decorated_definition"
            | "block"
            | "if_statement"
            | "else_clause"
            | "elif_clause"
            | "try_statement"
            | "except_clause"
            | "with_statement"
    ) {
        node = node.parent()?;
    }
    (node.kind() == "class_definition").then_some(node)
}

/// Expressions of the decorators of a function or class.
pub fn decorators(definition: Node<'_>) -> Vec<Node<'_>> {
    let Some(parent) = definition.parent() else {
        return Vec::new();
    };
    if parent.kind() != "decorated_definition" {
        return Vec::new();
    }
    let mut cursor = parent.walk();
    let all = parent.named_children(&mut cursor);
    all.filter(|child| child.kind() == "decorator")
        .filter_map(|decorator| decorator.named_child(0))
        .collect()
}

/// The identifier of a parameter, whatever surrounds it.
pub fn parameter_name(parameter: Node<'_>) -> Option<Node<'_>> {
    match parameter.kind() {
        "identifier" => Some(parameter),
        "default_parameter" | "typed_default_parameter" => parameter
            .child_by_field_name("name")
            .filter(|name| name.kind() == "identifier"),
        "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
            parameter.named_child(0).and_then(parameter_name)
        }
        _ => None,
    }
}
