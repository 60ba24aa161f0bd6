//! Values for arguments: from annotations, names, and the conditions that they are to meet.

use ruff_python_ast::{CmpOp, Expr, Number, UnaryOp};
use ruff_python_parser::parse_expression;
use ruff_text_size::Ranged as _;

use super::super::docstring::words;
use super::super::facts::Parameter;

/// A value to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Python code.
    Code(String),
    /// A file in pytest's own folder for a test.
    File(String),
    /// Not known: what is wanted, in words.
    Wanted(String),
}

impl Value {
    pub(super) fn code(&self) -> String {
        match self {
            Value::Code(code) => code.clone(),
            Value::File(name) => format!("tmp_path / {name:?}"),
            Value::Wanted(_) => "...".to_owned(),
        }
    }
}

/// A value for a parameter, by its annotation, else by its name.
pub(super) fn of(parameter: &Parameter, touches_files: bool) -> Value {
    let name = parameter.name.as_str();
    let code = |code: &str| Value::Code(code.to_owned());
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    let Some(annotation) = &parameter.annotation else {
        return match last {
            "path" | "file" | "filename" | "dir" | "directory" | "folder" if touches_files => {
                Value::File(name.to_owned())
            }
            "name" | "text" | "title" | "label" | "prefix" | "suffix" | "message" | "msg" => {
                Value::Code(format!("{name:?}"))
            }
            "n" | "count" | "size" | "index" | "width" | "height" | "limit" | "seconds" => {
                code("1")
            }
            "args" => code("()"),
            "kwargs" | "options" => code("{}"),
            "callback" => code("lambda *args, **kwargs: None"),
            _ => Value::Wanted(format!("`{name}`")),
        };
    };
    let annotation = annotation.trim_matches(['"', '\'']);
    let may_be_none = annotation.starts_with("Optional[")
        || annotation.ends_with("| None")
        || annotation.contains("| None |");
    let head = annotation.split('[').next().unwrap_or_default();
    match head.rsplit('.').next().unwrap_or_default() {
        _ if may_be_none => code("None"),
        "int" => code("1"),
        "float" | "complex" => code("1.0"),
        "bool" => code("True"),
        "str" | "AnyStr" => Value::Code(format!("{name:?}")),
        "bytes" | "bytearray" | "ReadableBuffer" => Value::Code(format!("b{name:?}")),
        "list" | "List" | "Sequence" | "Iterable" | "Collection" | "MutableSequence" => code("[]"),
        "dict" | "Dict" | "Mapping" | "MutableMapping" => code("{}"),
        "set" | "Set" | "MutableSet" => code("set()"),
        "frozenset" | "FrozenSet" => code("frozenset()"),
        "tuple" | "Tuple" => code("()"),
        "Path" | "PathLike" | "StrPath" => Value::File(name.to_owned()),
        "Callable" => code("lambda *args, **kwargs: None"),
        "object" => code("object()"),
        "None" => code("None"),
        _ => Value::Wanted(format!("`{name}`, of type `{annotation}`")),
    }
}

/// The parameter that a test is about, and a value that it holds for: 0 for `n < 1`. `None` for the
/// value where that takes knowledge.
pub(super) fn meeting(test: &str, parameters: &[&Parameter]) -> Option<(String, Option<String>)> {
    let parsed = parse_expression(test).ok()?;
    let named = |expression: &Expr| match expression {
        Expr::Name(name) => {
            let known = parameters.iter().find(|one| one.name == name.id.as_str())?;
            Some(known.name.clone())
        }
        _ => None,
    };
    let text = |one: &Expr| test[one.start().to_usize()..one.end().to_usize()].to_owned();
    match parsed.expr() {
        Expr::Name(_) => Some((named(parsed.expr())?, Some("True".to_owned()))),
        Expr::UnaryOp(one) if one.op == UnaryOp::Not => match &*one.operand {
            Expr::Call(call) if matches!(&*call.func, Expr::Name(it) if it.id == "isinstance") => {
                let name = named(call.arguments.args.first()?)?;
                Some((name, Some("object()".to_owned())))
            }
            operand => Some((named(operand)?, Some("None".to_owned()))),
        },
        Expr::Compare(one) => {
            let ([op], [right]) = (&*one.ops, &*one.comparators) else {
                return None;
            };
            let name = named(&one.left)?;
            let value = match (op, integer(right)) {
                (CmpOp::Lt, Some(n)) => n.checked_sub(1).map(|n| n.to_string()),
                (CmpOp::Gt, Some(n)) => n.checked_add(1).map(|n| n.to_string()),
                (CmpOp::LtE | CmpOp::GtE | CmpOp::Eq, Some(n)) => Some(n.to_string()),
                (CmpOp::NotEq, Some(n)) => n.checked_add(1).map(|n| n.to_string()),
                (CmpOp::Eq | CmpOp::Is, None) if is_literal(right) => Some(text(right)),
                (CmpOp::In, None) => match right {
                    Expr::Tuple(all) => all.elts.first().filter(|it| is_literal(it)).map(text),
                    Expr::List(all) => all.elts.first().filter(|it| is_literal(it)).map(text),
                    Expr::Set(all) => all.elts.first().filter(|it| is_literal(it)).map(text),
                    _ => None,
                },
                _ => None,
            };
            Some((name, value))
        }
        _ => None,
    }
}

fn integer(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(n) => n.as_i64(),
            _ => None,
        },
        Expr::UnaryOp(one) if one.op == UnaryOp::USub => {
            integer(&one.operand).and_then(i64::checked_neg)
        }
        _ => None,
    }
}

/// Whether an expression says what it is without any name.
pub(super) fn is_literal(expression: &Expr) -> bool {
    match expression {
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_) => true,
        Expr::UnaryOp(one) => one.op == UnaryOp::USub && integer_or_float(&one.operand),
        Expr::List(all) => all.elts.iter().all(is_literal),
        Expr::Tuple(all) => all.elts.iter().all(is_literal),
        Expr::Set(all) => all.elts.iter().all(is_literal),
        Expr::Dict(all) => all
            .items
            .iter()
            .all(|item| item.key.as_ref().is_some_and(is_literal) && is_literal(&item.value)),
        _ => false,
    }
}

fn integer_or_float(expression: &Expr) -> bool {
    matches!(expression, Expr::NumberLiteral(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explanation::facts::ParameterKind;

    #[test]
    fn a_value_meets_the_condition_where_it_can_be_seen() {
        let parameter = Parameter {
            name: "n".to_owned(),
            kind: ParameterKind::PositionalOrKeyword,
            annotation: None,
            default: None,
            line: 1,
        };
        let check = |test: &str, value: Option<Option<&str>>| {
            let met = meeting(test, &[&parameter]);
            let value = value.map(|it| ("n".to_owned(), it.map(str::to_owned)));
            assert_eq!(met, value, "{test}");
        };
        check("n < 1", Some(Some("0")));
        check("n >= -3", Some(Some("-3")));
        check("n is None", Some(Some("None")));
        check("n == 'r'", Some(Some("'r'")));
        check("n in ('a', 'b')", Some(Some("'a'")));
        check("not isinstance(n, int)", Some(Some("object()")));
        check("n not in xs", Some(None));
        check("m < 1", None);
        check("n <", None);
    }
}
