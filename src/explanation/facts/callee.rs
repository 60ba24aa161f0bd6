//! What is called, in the form of a name.

use ruff_python_ast::Expr;

/// An expression as a dotted path, with what is no name left out: `a.b`, `f().b`, `xs[…].sort`,
/// `"…".join`, `(…)`.
pub(in super::super) fn dotted(expression: &Expr) -> String {
    match expression {
        Expr::Name(name) => name.id.to_string(),
        Expr::Attribute(attribute) => {
            format!("{}.{}", dotted(&attribute.value), attribute.attr)
        }
        Expr::Call(call) => dotted(&call.func) + "()",
        Expr::Subscript(subscript) => dotted(&subscript.value) + "[…]",
        Expr::StringLiteral(_) => "\"…\"".to_owned(),
        Expr::FString(_) => "f\"…\"".to_owned(),
        Expr::BytesLiteral(_) => "b\"…\"".to_owned(),
        Expr::List(_) | Expr::ListComp(_) => "[…]".to_owned(),
        Expr::Dict(_) | Expr::Set(_) | Expr::DictComp(_) | Expr::SetComp(_) => "{…}".to_owned(),
        _ => "(…)".to_owned(),
    }
}

/// The names of `a.b.c`, where an expression is nothing but names.
pub(in super::super) fn path(expression: &Expr) -> Option<Vec<&str>> {
    match expression {
        Expr::Name(name) => Some(vec![name.id.as_str()]),
        Expr::Attribute(attribute) => {
            let mut names = path(&attribute.value)?;
            names.push(attribute.attr.as_str());
            Some(names)
        }
        _ => None,
    }
}

/// The name that an expression starts with: `a` of `a.b[0].c`, not that of what a call gives.
pub(in super::super) fn root(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => root(&attribute.value),
        Expr::Subscript(subscript) => root(&subscript.value),
        Expr::Starred(starred) => root(&starred.value),
        _ => None,
    }
}
