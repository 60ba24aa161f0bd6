//! How an object of a class is made.

use ruff_python_ast::{Expr, Stmt, StmtClassDef};

use super::super::facts::{Facts, Kind, Parameter, ParameterKind};
use super::super::source::Source;
use super::super::study::Study;
use super::super::target;

/// What is known of making an object of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Construction {
    /// By an `__init__` with these parameters, or the fields of a dataclass.
    With(Vec<Parameter>),
    /// By that of a class it comes from.
    Inherited,
}

/// How the class of a method is made, `class` by its qualified name.
pub(super) fn of(class: &str, study: &Study, source: &Source<'_>) -> Construction {
    let init = format!("{class}.__init__");
    let by_init = study
        .functions
        .iter()
        .rfind(|one| one.facts.signature.qualified_name == init);
    if let Some(init) = by_init {
        return Construction::With(given(&init.facts).into_iter().cloned().collect());
    }
    let functions = target::functions(source);
    let written = functions.iter().find_map(|function| {
        let own = function.class()?;
        let name = function.qualified_name();
        (name.rsplit_once('.')?.0 == class).then_some(own)
    });
    match written {
        Some(class) if has_fields(class, source) => Construction::With(fields(class, source)),
        Some(class) if class.arguments.as_ref().is_none_or(|it| it.args.is_empty()) => {
            Construction::With(Vec::new())
        }
        _ => Construction::Inherited,
    }
}

/// The parameters that a caller gives, without the object or class of a method.
pub(super) fn given(facts: &Facts) -> Vec<&Parameter> {
    let signature = &facts.signature;
    let has_receiver = match signature.kind {
        Kind::Method | Kind::ClassMethod | Kind::Property => true,
        Kind::StaticMethod => signature.name == "__new__",
        Kind::Function => false,
    };
    let skipped = usize::from(has_receiver).min(signature.parameters.len());
    signature.parameters[skipped..].iter().collect()
}

fn has_fields(class: &StmtClassDef, source: &Source<'_>) -> bool {
    let decorators = class.decorator_list.iter();
    let is_dataclass = decorators.into_iter().any(|one| {
        let text = source.text_of(&one.expression);
        let name = text.split('(').next().unwrap_or_default();
        matches!(
            name.rsplit('.').next(),
            Some("dataclass" | "define" | "frozen")
        )
    });
    let bases = class.arguments.as_ref().map_or(&[][..], |it| &it.args);
    is_dataclass
        || bases.iter().any(|base| {
            let name = source.text_of(base);
            matches!(name.rsplit('.').next(), Some("NamedTuple" | "BaseModel"))
        })
}

/// The annotated variables of a class, as parameters.
fn fields(class: &StmtClassDef, source: &Source<'_>) -> Vec<Parameter> {
    let field = |statement: &Stmt| {
        let Stmt::AnnAssign(one) = statement else {
            return None;
        };
        let Expr::Name(name) = &*one.target else {
            return None;
        };
        let annotation = source.brief(&*one.annotation, 200);
        let is_of_class = annotation.contains("ClassVar");
        (!is_of_class).then(|| Parameter {
            name: name.id.to_string(),
            kind: ParameterKind::PositionalOrKeyword,
            annotation: Some(annotation),
            default: one.value.as_deref().map(|value| source.brief(value, 200)),
            line: source.line_of(one),
        })
    };
    class.body.iter().filter_map(field).collect()
}
