//! What a scope binds: assignments, imports, definitions, targets of `for`, `with`, `except`,
//! `match` and `:=`, parameters.

use std::collections::{HashMap, HashSet};

use grammars::tree_sitter::Node;

use super::{Import, from_module, parameter_name, text_of};

/// All that one scope binds, by name.
#[derive(Debug, Default)]
pub struct Bindings<'t> {
    by_name: HashMap<&'t str, Vec<Binding<'t>>>,
    /// Modules of which everything is imported.
    pub stars: Vec<Import<'t>>,
    /// Names declared `global` or `nonlocal`.
    pub outer: HashSet<&'t str>,
}

/// One place that binds a name.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'t> {
    /// What binds it.
    pub how: How<'t>,
    /// The statement or clause that binds it.
    pub statement: Node<'t>,
}

/// What binds a name.
#[derive(Debug, Clone, Copy)]
pub enum How<'t> {
    /// An import.
    Import(Import<'t>),
    /// A `function_definition`.
    Function(Node<'t>),
    /// A `class_definition`.
    Class(Node<'t>),
    /// A parameter of a function or lambda; the node is the whole parameter.
    Parameter(Node<'t>),
    /// An assignment, with its annotation and its value where it has them and binds one name.
    Value {
        /// The annotation.
        annotation: Option<Node<'t>>,
        /// The value.
        value: Option<Node<'t>>,
    },
}

/// A value of which nothing is known.
const SOMETHING: How<'static> = How::Value {
    annotation: None,
    value: None,
};

impl<'t> Bindings<'t> {
    /// The places that bind a name, in the order of the text.
    pub fn of(&self, name: &str) -> &[Binding<'t>] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every name with the places that bind it, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&'t str, &[Binding<'t>])> {
        self.by_name
            .iter()
            .map(|(name, places)| (*name, places.as_slice()))
    }

    fn bind(&mut self, name: &'t str, how: How<'t>, statement: Node<'t>) {
        if !name.is_empty() {
            let places = self.by_name.entry(name).or_default();
            places.push(Binding { how, statement });
        }
    }
}

/// What the scope of a node binds: a `module`, `function_definition`, `lambda`,
/// `class_definition` or a comprehension. Bodies of definitions inside it are scopes of their own
/// and are not entered, but for what they declare `global`.
pub fn bindings<'t>(scope: Node<'t>, text: &'t str) -> Bindings<'t> {
    let mut collector = Collector {
        text,
        found: Bindings::default(),
        has_walrus: text.contains(":="),
    };
    match scope.kind() {
        "function_definition" | "lambda" => {
            if let Some(parameters) = scope.child_by_field_name("parameters") {
                collector.parameters(parameters);
            }
            if let Some(body) = scope.child_by_field_name("body") {
                collector.statement(body);
            }
        }
        "class_definition" => {
            if let Some(body) = scope.child_by_field_name("body") {
                collector.statement(body);
            }
        }
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => {
            let mut cursor = scope.walk();
            for clause in scope.named_children(&mut cursor) {
                if let Some(left) = clause.child_by_field_name("left") {
                    collector.target(left, SOMETHING, clause);
                }
            }
        }
        _ => {
            collector.statement(scope);
            if text.contains("global ") {
                collector.declared_global(scope);
            }
        }
    }
    collector.found
}

struct Collector<'t> {
    text: &'t str,
    found: Bindings<'t>,
    has_walrus: bool,
}

impl<'t> Collector<'t> {
    fn text(&self, node: Node<'t>) -> &'t str {
        text_of(node, self.text)
    }

    fn parameters(&mut self, parameters: Node<'t>) {
        let mut cursor = parameters.walk();
        for parameter in parameters.named_children(&mut cursor) {
            if let Some(name) = parameter_name(parameter) {
                self.found
                    .bind(self.text(name), How::Parameter(parameter), parameter);
            } else if let Some(pattern) = parameter.child_by_field_name("name").or(Some(parameter))
            {
                // Python 2 unpacks tuples in a parameter list.
                self.target(pattern, SOMETHING, parameter);
            }
        }
    }

    /// Enters statements and the blocks below them.
    fn statement(&mut self, node: Node<'t>) {
        match node.kind() {
            "function_definition" | "class_definition" => self.definition(node),
            "decorated_definition" => {
                if let Some(definition) = node.child_by_field_name("definition") {
                    self.definition(definition);
                }
            }
            "import_statement" | "future_import_statement" => self.import(node),
            "import_from_statement" => self.import_from(node),
            "expression_statement" => self.children(node, Self::expression),
            "for_statement" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.target(left, SOMETHING, node);
                }
                self.children(node, Self::statement);
            }
            "global_statement" | "nonlocal_statement" => {
                let mut cursor = node.walk();
                for name in node.named_children(&mut cursor) {
                    self.found.outer.insert(text_of(name, self.text));
                }
            }
            "type_alias_statement" => {
                if let Some(name) = first_identifier(node) {
                    self.found.bind(self.text(name), SOMETHING, node);
                }
            }
            "as_pattern" => {
                if let Some(alias) = node.child_by_field_name("alias") {
                    self.target(alias, SOMETHING, node);
                }
                self.children(node, Self::statement);
            }
            "except_clause" => {
                // `except E, e` of Python 2.
                if let Some(alias) = node.child_by_field_name("alias") {
                    self.target(alias, SOMETHING, node);
                }
                self.children(node, Self::statement);
            }
            "case_clause" => self.children(node, |this, child| match child.kind() {
                "case_pattern" => this.pattern(child),
                _ => this.statement(child),
            }),
            "ERROR" => {
                // Half-typed code: any name in it may be meant as a target.
                self.children(node, |this, child| match child.kind() {
                    "identifier" => this.found.bind(this.text(child), SOMETHING, child),
                    "pattern_list" | "tuple_pattern" => this.target(child, SOMETHING, child),
                    _ => this.statement(child),
                });
            }
            "module"
            | "block"
            | "if_statement"
            | "elif_clause"
            | "else_clause"
            | "while_statement"
            | "try_statement"
            | "except_group_clause"
            | "finally_clause"
            | "with_statement"
            | "with_clause"
            | "with_item"
            | "match_statement" => {
                self.children(node, Self::statement);
            }
            _ => self.expression(node),
        }
    }

    fn children(&mut self, node: Node<'t>, mut each: impl FnMut(&mut Self, Node<'t>)) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            each(self, child);
        }
    }

    fn definition(&mut self, node: Node<'t>) {
        let how = match node.kind() {
            "class_definition" => How::Class(node),
            "function_definition" => How::Function(node),
            _ => return,
        };
        if let Some(name) = node.child_by_field_name("name") {
            self.found.bind(self.text(name), how, node);
        }
    }

    /// Expressions bind by `:=` alone; assignments are expressions to the grammar.
    fn expression(&mut self, node: Node<'t>) {
        match node.kind() {
            "assignment" => {
                let value = node.child_by_field_name("right");
                let annotation = node.child_by_field_name("type");
                if let Some(left) = node.child_by_field_name("left") {
                    self.target(left, How::Value { annotation, value }, node);
                }
                if let Some(value) = value {
                    self.expression(value);
                }
            }
            "named_expression" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.found.bind(self.text(name), SOMETHING, node);
                }
                self.children(node, Self::expression);
            }
            "lambda" => {}
            // A `with` item and a `match` subject come here with their targets.
            "as_pattern" => self.statement(node),
            _ if self.has_walrus => self.children(node, Self::expression),
            _ => {}
        }
    }

    /// Binds every name of an assignment's target.
    fn target(&mut self, node: Node<'t>, how: How<'t>, statement: Node<'t>) {
        match node.kind() {
            "identifier" => self.found.bind(self.text(node), how, statement),
            "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "tuple"
            | "list"
            | "expression_list"
            | "list_splat"
            | "parenthesized_expression"
            | "as_pattern_target" => {
                self.children(node, |this, child| this.target(child, SOMETHING, statement));
            }
            // Attributes and subscripts bind no name.
            _ => {}
        }
    }

    /// Capture patterns of a `case`. A dotted name is a value, a lone one a capture.
    fn pattern(&mut self, node: Node<'t>) {
        match node.kind() {
            "identifier" => self.found.bind(self.text(node), SOMETHING, node),
            "dotted_name" if node.named_child_count() == 1 => {
                self.found.bind(self.text(node), SOMETHING, node);
            }
            "dotted_name" => {}
            "class_pattern" | "keyword_pattern" => {
                // The first child names the class or the keyword.
                let mut cursor = node.walk();
                for child in node.named_children(&mut cursor).skip(1) {
                    self.pattern(child);
                }
            }
            _ => self.children(node, Self::pattern),
        }
    }

    fn import(&mut self, statement: Node<'t>) {
        let mut cursor = statement.walk();
        for item in statement.children_by_field_name("name", &mut cursor) {
            let (module, bound) = match item.kind() {
                "aliased_import" => (
                    item.child_by_field_name("name"),
                    item.child_by_field_name("alias"),
                ),
                // `import a.b` binds `a`.
                _ => (item.named_child(0), item.named_child(0)),
            };
            if let (Some(module), Some(bound)) = (module, bound) {
                let how = match statement.kind() {
                    "future_import_statement" => SOMETHING,
                    _ => How::Import(Import {
                        level: 0,
                        module: self.text(module),
                        name: None,
                    }),
                };
                self.found.bind(self.text(bound), how, statement);
            }
        }
    }

    fn import_from(&mut self, statement: Node<'t>) {
        let Some(module) = from_module(statement, self.text) else {
            return;
        };
        let mut cursor = statement.walk();
        for child in statement.named_children(&mut cursor) {
            if child.kind() == "wildcard_import" {
                self.found.stars.push(module);
            }
        }
        let mut cursor = statement.walk();
        for item in statement.children_by_field_name("name", &mut cursor) {
            let (name, bound) = match item.kind() {
                "aliased_import" => (
                    item.child_by_field_name("name"),
                    item.child_by_field_name("alias"),
                ),
                _ => (Some(item), Some(item)),
            };
            if let (Some(name), Some(bound)) = (name, bound) {
                let import = Import {
                    name: Some(self.text(name)),
                    ..module
                };
                self.found
                    .bind(self.text(bound), How::Import(import), statement);
            }
        }
    }

    /// Names that functions below declare `global`, and so may bind here.
    fn declared_global(&mut self, node: Node<'t>) {
        let mut cursor = node.walk();
        let mut nodes: Vec<Node<'t>> = vec![node];
        while let Some(node) = nodes.pop() {
            if node.kind() == "global_statement" {
                for name in node.named_children(&mut cursor) {
                    self.found.bind(text_of(name, self.text), SOMETHING, node);
                }
            } else if may_hold_statements(node) {
                nodes.extend(node.named_children(&mut cursor));
            }
        }
    }
}

/// Whether statements can stand below a node; expressions hold none.
fn may_hold_statements(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "module" | "block" | "decorated_definition" | "ERROR"
    ) || node.kind().ends_with("_clause")
        || node.kind().ends_with("_definition")
        || matches!(
            node.kind(),
            "if_statement"
                | "for_statement"
                | "while_statement"
                | "try_statement"
                | "with_statement"
                | "match_statement"
        )
}

fn first_identifier(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "identifier" => Some(node),
        _ => first_identifier(node.named_child(0)?),
    }
}

/// Attributes that the methods of a class give to the instance or the class: targets of
/// assignments to `self.name`, with `self` the first parameter of the method. Each with its
/// annotation and value where it has them.
pub fn self_attributes<'t>(class: Node<'t>, text: &'t str) -> Vec<(&'t str, How<'t>)> {
    let mut found = Vec::new();
    let Some(body) = class.child_by_field_name("body") else {
        return found;
    };
    let mut nodes = vec![(body, "")];
    let mut cursor = class.walk();
    while let Some((node, receiver)) = nodes.pop() {
        match node.kind() {
            "class_definition" => continue,
            // A function inside a method sees the method's `self`.
            "function_definition" if receiver.is_empty() => {
                let first = node
                    .child_by_field_name("parameters")
                    .and_then(|parameters| parameters.named_child(0))
                    .and_then(parameter_name);
                let receiver = first.map_or("", |first| text_of(first, text));
                nodes.extend(
                    node.child_by_field_name("body")
                        .map(|body| (body, receiver)),
                );
                continue;
            }
            "attribute" if is_target(node) => {
                let object = node.child_by_field_name("object");
                let name = node.child_by_field_name("attribute");
                if let (Some(object), Some(name)) = (object, name)
                    && object.kind() == "identifier"
                    && !receiver.is_empty()
                    && text_of(object, text) == receiver
                {
                    found.push((text_of(name, text), assigned(node)));
                }
            }
            _ => {}
        }
        if node.named_child_count() > 0 {
            nodes.extend(
                node.named_children(&mut cursor)
                    .map(|child| (child, receiver)),
            );
        }
    }
    found
}

/// Whether a node is assigned to.
fn is_target(node: Node<'_>) -> bool {
    let Some(mut parent) = node.parent() else {
        return false;
    };
    let mut child = node;
    while matches!(
        parent.kind(),
        "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "tuple"
            | "list"
            | "as_pattern_target"
    ) {
        child = parent;
        match parent.parent() {
            Some(next) => parent = next,
            None => return false,
        }
    }
    match parent.kind() {
        "assignment" | "for_statement" | "for_in_clause" => {
            parent.child_by_field_name("left") == Some(child)
        }
        "as_pattern" => parent.child_by_field_name("alias") == Some(child),
        _ => false,
    }
}

fn assigned<'t>(target: Node<'t>) -> How<'t> {
    match target.parent() {
        Some(parent) if parent.kind() == "assignment" => How::Value {
            annotation: parent.child_by_field_name("type"),
            value: parent.child_by_field_name("right"),
        },
        _ => SOMETHING,
    }
}
