//! From a syntax tree to what it offers.

use std::sync::Arc;

use grammars::Language;
use grammars::tree_sitter::Node;

use super::{Class, Function, Module, Nature, Parameter, ParameterKind, Symbol};
use crate::syntax::names::{
    Binding, How, bindings, decorators, parameter_name, self_attributes, text_of,
};
use crate::syntax::parse_str;

/// Texts that tell of names made at run time.
const MAKES_NAMES: [&str; 4] = ["globals()", "sys.modules[", "vars()", "__dict__.update"];

impl Module {
    /// Sums up the text of a module.
    pub fn of(text: &str) -> Module {
        let mut module = Module::default();
        let tree = Language::from_id("python").and_then(|python| parse_str(python, text));
        let Some(tree) = tree else {
            module.is_open = true;
            return module;
        };
        let root = tree.root_node();
        let bound = bindings(root, text);
        for (name, places) in bound.iter() {
            module.symbols.insert(name.into(), symbol(places, text));
        }
        module.stars = bound.stars.iter().map(|star| (*star).into()).collect();
        module.all = all(root, text);
        module.doc = doc(root, text);
        module.is_open = root.has_error()
            || module.symbols.contains_key("__getattr__")
            || MAKES_NAMES.iter().any(|word| text.contains(word));
        module
    }
}

/// What a name bound at these places stands for.
fn symbol(places: &[Binding<'_>], text: &str) -> Symbol {
    let mut all: Vec<Symbol> = places
        .iter()
        .map(|place| match place.how {
            How::Function(node) => Symbol::Function(Arc::new(Function::of(node, text))),
            How::Class(node) => Symbol::Class(Arc::new(Class::of(node, text))),
            How::Import(import) => Symbol::Import(import.into()),
            How::Parameter(_) => Symbol::Value(None),
            How::Value { annotation, value } => value_symbol(annotation, value, text),
        })
        .collect();
    match all.len() {
        1 => all.remove(0),
        _ => {
            // A property and its setter, or a value set twice, is one thing.
            let is_property = |one: &Symbol| matches!(one, Symbol::Function(function) if function.nature == Nature::Property);
            if all.iter().all(|one| matches!(one, Symbol::Value(_))) || all.iter().any(is_property)
            {
                return all.remove(0);
            }
            Symbol::Several(all.into())
        }
    }
}

fn value_symbol(annotation: Option<Node<'_>>, value: Option<Node<'_>>, text: &str) -> Symbol {
    if let Some(annotation) = annotation {
        return Symbol::Value(Some(on_one_line(text_of(annotation, text), 80)));
    }
    match value {
        Some(value) if is_plain(value) => Symbol::Alias(text_of(value, text).into()),
        _ => Symbol::Value(None),
    }
}

/// Whether an expression is `a` or `a.b`.
pub(super) fn is_plain(node: Node<'_>) -> bool {
    match node.kind() {
        "identifier" => true,
        "attribute" => node.child_by_field_name("object").is_some_and(is_plain),
        _ => false,
    }
}

impl Function {
    /// Sums up a `function_definition`.
    pub fn of(node: Node<'_>, text: &str) -> Function {
        let body = node.child_by_field_name("body");
        let header = body.map_or(node.end_byte(), |body| body.start_byte());
        let header = text.get(node.start_byte()..header).unwrap_or_default();
        // A comment may stand between the colon and the body.
        let header = header.rfind(':').map_or(header, |colon| &header[..colon]);
        Function {
            signature: on_one_line(header, 300),
            parameters: parameters(node, text),
            doc: body.and_then(|body| doc(body, text)),
            nature: nature(node, text),
        }
    }
}

fn parameters(function: Node<'_>, text: &str) -> Box<[Parameter]> {
    let Some(list) = function.child_by_field_name("parameters") else {
        return Box::default();
    };
    let mut found: Vec<Parameter> = Vec::new();
    let mut cursor = list.walk();
    for node in list.named_children(&mut cursor) {
        if node.kind() == "positional_separator" {
            found
                .iter_mut()
                .for_each(|before| before.kind = ParameterKind::Positional);
            continue;
        }
        let Some(name) = parameter_name(node) else {
            continue;
        };
        let star = match node.kind() {
            "typed_parameter" => node.named_child(0).map_or("", |inner| inner.kind()),
            kind => kind,
        };
        let kind = match star {
            "list_splat_pattern" => ParameterKind::Rest,
            "dictionary_splat_pattern" => ParameterKind::Keywords,
            _ => ParameterKind::Named,
        };
        let name = text_of(name, text).into();
        found.push(Parameter { name, kind });
    }
    found.into()
}

/// Decorators that leave the parameters as they are.
const HARMLESS: [&str; 14] = [
    "abstractmethod",
    "abc.abstractmethod",
    "contextmanager",
    "contextlib.contextmanager",
    "asynccontextmanager",
    "contextlib.asynccontextmanager",
    "functools.cache",
    "functools.lru_cache",
    "lru_cache",
    "override",
    "typing.override",
    "final",
    "typing.final",
    "types.coroutine",
];

fn nature(function: Node<'_>, text: &str) -> Nature {
    let mut nature = Nature::Plain;
    for decorator in decorators(function) {
        let decorator = text_of(decorator, text);
        let name = decorator.split('(').next().unwrap_or_default().trim();
        nature = match name {
            "staticmethod" => Nature::Static,
            "classmethod" => Nature::OfClass,
            "property"
            | "cached_property"
            | "functools.cached_property"
            | "abc.abstractproperty" => Nature::Property,
            _ if name.ends_with(".setter") || name.ends_with(".getter") => Nature::Property,
            _ if HARMLESS.contains(&name) => nature,
            _ => return Nature::Changed,
        };
    }
    nature
}

/// Class decorators that add no attribute but dunder methods.
const HARMLESS_FOR_CLASSES: [&str; 14] = [
    "dataclass",
    "dataclasses.dataclass",
    "total_ordering",
    "functools.total_ordering",
    "final",
    "typing.final",
    "runtime_checkable",
    "typing.runtime_checkable",
    "attr.s",
    "attr.define",
    "attrs.define",
    "enum.unique",
    "unique",
    "six.python_2_unicode_compatible",
];

/// What tells that a class makes attributes at run time.
const MAKES_ATTRIBUTES: [&str; 5] = [
    "setattr(",
    "__dict__",
    "vars(self)",
    "__getattr",
    "locals()",
];

impl Class {
    /// Sums up a `class_definition`.
    pub fn of(node: Node<'_>, text: &str) -> Class {
        let mut class = Class {
            name: node
                .child_by_field_name("name")
                .map_or("", |name| text_of(name, text))
                .into(),
            ..Class::default()
        };
        class.is_open = node.has_error();
        let mut bases = Vec::new();
        for base in bases_of(node) {
            match base {
                Base::Plain(base) => bases.push(text_of(base, text).into()),
                Base::Meta(meta) => {
                    class.is_open |= !matches!(text_of(meta, text), "ABCMeta" | "abc.ABCMeta");
                }
                Base::Other => class.is_open = true,
            }
        }
        class.bases = bases.into();
        class.is_open |= decorators(node).iter().any(|decorator| {
            let name = text_of(*decorator, text)
                .split('(')
                .next()
                .unwrap_or_default();
            !HARMLESS_FOR_CLASSES.contains(&name)
        });
        if let Some(body) = node.child_by_field_name("body") {
            class.doc = doc(body, text);
            let body = text_of(body, text);
            class.is_open |= MAKES_ATTRIBUTES.iter().any(|word| body.contains(word));
        }
        for (name, places) in bindings(node, text).iter() {
            class.members.insert(name.into(), symbol(places, text));
        }
        for (name, how) in self_attributes(node, text) {
            if !class.members.contains_key(name) {
                let symbol = match how {
                    How::Value {
                        annotation: Some(annotation),
                        ..
                    } => value_symbol(Some(annotation), None, text),
                    _ => Symbol::Value(None),
                };
                class.members.insert(name.into(), symbol);
            }
        }
        // `__slots__ = ('a', 'b')` makes attributes as well.
        for slot in slots(node, text) {
            class.members.entry(slot).or_insert(Symbol::Value(None));
        }
        class
    }
}

/// A base as written.
pub enum Base<'t> {
    /// `a` or `a.b`, without what stands in brackets behind it.
    Plain(Node<'t>),
    /// A metaclass.
    Meta(Node<'t>),
    /// Anything else.
    Other,
}

/// The bases of a `class_definition`.
pub fn bases_of(class: Node<'_>) -> Vec<Base<'_>> {
    let Some(list) = class.child_by_field_name("superclasses") else {
        return Vec::new();
    };
    let mut cursor = list.walk();
    let all = list.named_children(&mut cursor);
    all.filter(|node| node.kind() != "comment")
        .map(|node| match node.kind() {
            "keyword_argument" => match node.child_by_field_name("value") {
                Some(value) => Base::Meta(value),
                None => Base::Other,
            },
            // `Generic[T]` is `Generic` as far as attributes go.
            "subscript" => match node.child_by_field_name("value") {
                Some(value) if is_plain(value) => Base::Plain(value),
                _ => Base::Other,
            },
            _ if is_plain(node) => Base::Plain(node),
            _ => Base::Other,
        })
        .collect()
}

fn slots(class: Node<'_>, text: &str) -> Vec<Box<str>> {
    let bound = bindings(class, text);
    let value = bound
        .of("__slots__")
        .iter()
        .find_map(|place| match place.how {
            How::Value { value, .. } => value,
            _ => None,
        });
    value.map_or_else(Vec::new, |value| strings_in(value, text))
}

/// The strings of a list or tuple of plain strings.
fn strings_in(list: Node<'_>, text: &str) -> Vec<Box<str>> {
    let mut cursor = list.walk();
    let strings = list
        .named_children(&mut cursor)
        .filter(|node| node.kind() == "string");
    strings
        .filter_map(|string| Some(text_of(string.named_child(1)?, text).into()))
        .collect()
}

/// `__all__`, unless it is put together in several steps.
fn all(root: Node<'_>, text: &str) -> Option<Box<[Box<str>]>> {
    let mut cursor = root.walk();
    let mut found = None;
    for statement in root.named_children(&mut cursor) {
        let Some(expression) = statement.named_child(0) else {
            continue;
        };
        if !text_of(expression, text).starts_with("__all__") {
            continue;
        }
        let value = expression.child_by_field_name("right").filter(|value| {
            expression.kind() == "assignment" && matches!(value.kind(), "list" | "tuple")
        });
        if found.is_some() {
            return None;
        }
        found = Some(strings_in(value?, text).into());
    }
    found
}

/// The first line of the docstring that a module or body starts with, cut at 120 bytes.
fn doc(body: Node<'_>, text: &str) -> Option<Box<str>> {
    let mut cursor = body.walk();
    let first = body
        .named_children(&mut cursor)
        .find(|node| node.kind() != "comment")?;
    let string = first
        .named_child(0)
        .filter(|_| first.kind() == "expression_statement")?;
    let content = string
        .named_child(1)
        .filter(|_| string.kind() == "string")?;
    let line = text_of(content, text)
        .trim_start()
        .lines()
        .next()?
        .trim_end();
    (!line.is_empty()).then(|| on_one_line(line, 120))
}

/// A text with every run of blanks made one blank, cut at `max` bytes.
fn on_one_line(text: &str, max: usize) -> Box<str> {
    let mut line = String::with_capacity(text.len().min(max));
    for word in text.split_whitespace() {
        let opens = line.ends_with(['(', '[']) || word.starts_with([')', ']']);
        if !line.is_empty() && !opens {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > max {
            let mut end = max;
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            line.truncate(end);
            line.push('…');
            break;
        }
    }
    line.into()
}

/// The nature of the function that a node is, for callers that hold no summary.
pub fn nature_of(function: Node<'_>, text: &str) -> Nature {
    nature(function, text)
}
