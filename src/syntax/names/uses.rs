//! What a stretch of code uses: names it reads, attributes, keyword arguments, imports.

use std::ops::Range;

use grammars::tree_sitter::Node;

/// One use of a name that must exist.
#[derive(Debug, Clone, Copy)]
pub enum Use<'t> {
    /// A name that is read; the node is its identifier.
    Name(Node<'t>),
    /// An attribute that is read or called; the node is the whole `object.name`.
    Attribute(Node<'t>),
    /// The name of a keyword argument, and the call it stands in.
    Keyword {
        /// The identifier.
        name: Node<'t>,
        /// The `call`.
        call: Node<'t>,
    },
    /// A name in `from module import name`: the statement, and the name without its alias.
    Import {
        /// The `import_from_statement`.
        statement: Node<'t>,
        /// The `dotted_name`.
        name: Node<'t>,
    },
}

impl<'t> Use<'t> {
    /// The node whose text must exist.
    pub fn name(&self) -> Node<'t> {
        match self {
            Use::Name(node) | Use::Keyword { name: node, .. } | Use::Import { name: node, .. } => {
                *node
            }
            Use::Attribute(node) => node.child_by_field_name("attribute").unwrap_or(*node),
        }
    }
}

/// The uses whose names reach into `range`, in the order of the text. Places that the grammar
/// could not read are left out: what a name there is meant for cannot be told.
pub fn uses<'t>(root: Node<'t>, range: Range<usize>) -> Vec<Use<'t>> {
    let mut found = Vec::new();
    collect(root, &range, true, &mut found);
    found.sort_by_key(|one| one.name().start_byte());
    found
}

fn collect<'t>(node: Node<'t>, range: &Range<usize>, is_read: bool, found: &mut Vec<Use<'t>>) {
    if node.end_byte() <= range.start || node.start_byte() >= range.end {
        return;
    }
    let is_read = match node.kind() {
        "ERROR" => false,
        // A statement stands for itself, whatever is broken around it.
        kind if kind.ends_with("_statement") || kind.ends_with("_definition") => true,
        "comment" => return,
        _ => is_read,
    };
    if node.kind() == "identifier" {
        if is_read {
            found.extend(used(node));
        }
        return;
    }
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        collect(child, range, is_read, found);
    }
}

/// What an identifier is used for; `None` where it binds or names nothing that must exist.
fn used(node: Node<'_>) -> Option<Use<'_>> {
    let parent = node.parent()?;
    let is_field = |name: &str| parent.child_by_field_name(name) == Some(node);
    match parent.kind() {
        "attribute" if is_field("attribute") => {
            (!is_stored(parent)).then_some(Use::Attribute(parent))
        }
        "keyword_argument" if is_field("name") => {
            let arguments = parent.parent()?;
            let call = arguments.parent()?;
            (call.kind() == "call").then_some(Use::Keyword { name: node, call })
        }
        "function_definition" | "class_definition" if is_field("name") => None,
        "named_expression" if is_field("name") => None,
        "parameters"
        | "lambda_parameters"
        | "global_statement"
        | "nonlocal_statement"
        | "as_pattern_target"
        | "type_alias_statement"
        | "keyword_pattern"
        | "splat_pattern"
        | "list_splat_pattern"
        | "dictionary_splat_pattern"
        | "aliased_import"
        | "ERROR" => None,
        "default_parameter" | "typed_default_parameter" if is_field("name") => None,
        "typed_parameter" => None,
        "type_parameter" | "generic_type" | "member_type" | "splat_type" | "constrained_type" => {
            // `X[Y]` in an annotation reads both; the grammar names only the first here.
            (parent.kind() == "generic_type").then_some(Use::Name(node))
        }
        "dotted_name" => dotted(node, parent),
        "pattern_list" | "tuple_pattern" | "list_pattern" => None,
        "assignment" | "augmented_assignment" if is_field("left") => {
            // `x += 1` reads `x`.
            (parent.kind() == "augmented_assignment").then_some(Use::Name(node))
        }
        "for_statement" | "for_in_clause" if is_field("left") => None,
        "except_clause" if is_field("alias") => None,
        "case_pattern" | "as_pattern" if in_pattern(parent) => None,
        "tuple" | "list" if is_alias(parent) => None,
        _ => Some(Use::Name(node)),
    }
}

/// Whether a tuple or list is what `as` unpacks into.
fn is_alias(node: Node<'_>) -> bool {
    let mut up = node.parent();
    while let Some(node) = up {
        match node.kind() {
            "as_pattern_target" => return true,
            "tuple" | "list" | "list_splat" => up = node.parent(),
            _ => return false,
        }
    }
    false
}

/// An identifier in a dotted name: of an import, or of a value in a pattern.
fn dotted<'t>(node: Node<'t>, dotted: Node<'t>) -> Option<Use<'t>> {
    let mut around = dotted.parent()?;
    if around.kind() == "aliased_import" {
        around = around.parent()?;
    }
    match around.kind() {
        "import_from_statement" => {
            let is_module = around.child_by_field_name("module_name") == Some(dotted);
            let is_single = dotted.named_child_count() == 1;
            (!is_module && is_single).then_some(Use::Import {
                statement: around,
                name: dotted,
            })
        }
        "class_pattern" if dotted.named_child_count() == 1 => Some(Use::Name(node)),
        "case_pattern" | "class_pattern" if dotted.named_child_count() > 1 => {
            (dotted.named_child(0) == Some(node)).then_some(Use::Name(node))
        }
        "decorator" => (dotted.named_child(0) == Some(node)).then_some(Use::Name(node)),
        _ => None,
    }
}

fn in_pattern(node: Node<'_>) -> bool {
    let mut up = Some(node);
    while let Some(node) = up {
        match node.kind() {
            "case_pattern" | "case_clause" => return true,
            "block" | "module" => return false,
            _ => up = node.parent(),
        }
    }
    false
}

/// Whether an attribute is assigned or deleted rather than read.
fn is_stored(attribute: Node<'_>) -> bool {
    let Some(parent) = attribute.parent() else {
        return false;
    };
    let is_left = parent.child_by_field_name("left") == Some(attribute);
    match parent.kind() {
        "assignment" | "for_statement" | "for_in_clause" => is_left,
        "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern"
        | "as_pattern_target" | "delete_statement" => true,
        _ => false,
    }
}
