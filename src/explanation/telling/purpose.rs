//! What it does: what it says of itself, what it takes, gives, raises, changes and calls.

use super::{Teller, callers, code, effects, plain, results, say, several};
use crate::explanation::facts::{Branch, Call, Condition, Facts, Origin, Parameter, ParameterKind};
use crate::explanation::study::Studied;

pub(super) fn tell(teller: &Teller<'_>, studied: &Studied) -> String {
    let facts = &studied.facts;
    let mut told = String::new();
    if let Some(docstring) = &facts.docstring {
        told.push_str(&format!("{}\n\n", plain(&docstring.summary)));
    }
    let mut items: Vec<Option<String>> = vec![
        takes(teller, facts),
        results::tell(teller, facts),
        raises(teller, facts),
        catches(teller, facts),
        asserts(teller, facts),
    ];
    items.extend(effects::tell(teller, facts).into_iter().map(Some));
    items.push(calls(teller, facts));
    items.push(callers::tell(teller, facts));
    for item in items.into_iter().flatten() {
        told.push_str(&format!("- {item}\n"));
    }
    told
}

/// What one should know before one calls it; its head is known.
pub(super) fn to_know(teller: &Teller<'_>, facts: &Facts) -> Vec<String> {
    let mut items: Vec<String> = raises(teller, facts).into_iter().collect();
    items.extend(effects::tell(teller, facts));
    items
}

fn takes(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let signature = &facts.signature;
    let is_receiver = |one: &&Parameter| !matches!(&*one.name, "self" | "cls");
    let parameters: Vec<String> = signature
        .parameters
        .iter()
        .filter(is_receiver)
        .map(|one| parameter(teller, one))
        .collect();
    let gives = signature.return_annotation.as_deref().map(code);
    let takes = match parameters.is_empty() {
        true => say!(teller, "**Takes** no parameters", "**参数**：无"),
        false => {
            let all = parameters.join(if teller.tongue.is_chinese() {
                "；"
            } else {
                "; "
            });
            say!(teller, "**Takes** {all}", "**参数**：{all}")
        }
    };
    Some(match gives {
        Some(gives) => say!(
            teller,
            "{takes}; declared to return {gives}",
            "{takes}；标注返回 {gives}"
        ),
        None => takes,
    })
}

fn parameter(teller: &Teller<'_>, one: &Parameter) -> String {
    let stars = match one.kind {
        ParameterKind::VarPositional => "*",
        ParameterKind::VarKeyword => "**",
        _ => "",
    };
    let annotation = one.annotation.as_ref().map(|it| format!(": {it}"));
    let name = code(&format!(
        "{stars}{}{}",
        one.name,
        annotation.unwrap_or_default()
    ));
    let mut notes = Vec::new();
    match one.kind {
        ParameterKind::PositionalOnly => notes.push(say!(teller, "by position only", "仅限位置")),
        ParameterKind::KeywordOnly => notes.push(say!(teller, "by name only", "仅限关键字")),
        _ => {}
    }
    if let Some(default) = &one.default {
        let default = code(default);
        notes.push(say!(teller, "{default} by default", "默认 {default}"));
    }
    match notes.is_empty() {
        true => name,
        false => {
            let notes = notes.join(if teller.tongue.is_chinese() {
                "，"
            } else {
                ", "
            });
            say!(teller, "{name} ({notes})", "{name}（{notes}）")
        }
    }
}

fn raises(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let raises = &facts.exceptions.raises;
    let told: Vec<String> = raises
        .iter()
        .map(|raise| {
            let line = teller.line(raise.line);
            let what = match &raise.exception {
                Some(exception) => code(exception),
                None => say!(teller, "what was caught", "捕获的异常"),
            };
            match raise.condition.as_ref().map(|it| condition(teller, it)) {
                Some(when) => say!(teller, "{what} {when} ({line})", "{what}（{when}，{line}）"),
                None => say!(teller, "{what} ({line})", "{what}（{line}）"),
            }
        })
        .collect();
    if told.is_empty() {
        return None;
    }
    let all = several(teller, told);
    Some(say!(teller, "**Raises** {all}", "**引发**：{all}"))
}

/// When a branch is taken, as a clause.
pub(super) fn condition(teller: &Teller<'_>, condition: &Condition) -> String {
    let text = code(&condition.text);
    match condition.branch {
        Branch::If | Branch::Elif => say!(teller, "if {text}", "若 {text}"),
        Branch::Else => say!(teller, "unless {text}", "若非 {text}"),
        Branch::While => say!(teller, "while {text}", "当 {text} 时"),
        Branch::LoopElse => say!(
            teller,
            "when {text} ends without `break`",
            "循环 {text} 未经 `break` 结束时"
        ),
        Branch::Case => say!(teller, "in the case {text}", "匹配 {text} 时"),
        Branch::Except if condition.text.is_empty() => {
            say!(teller, "when anything is raised", "捕获任何异常时")
        }
        Branch::Except => say!(teller, "when {text} is raised", "捕获 {text} 时"),
        Branch::TryElse => say!(teller, "when nothing was raised", "没有异常时"),
    }
}

fn catches(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let told: Vec<String> = facts
        .exceptions
        .catches
        .iter()
        .map(|catch| {
            let line = teller.line(catch.line);
            let all: Vec<String> = catch.exceptions.iter().map(|one| code(one)).collect();
            let what = match all.is_empty() {
                true => say!(teller, "everything", "所有异常"),
                false => teller.list(&all),
            };
            say!(teller, "{what} ({line})", "{what}（{line}）")
        })
        .collect();
    if told.is_empty() {
        return None;
    }
    let all = several(teller, told);
    Some(say!(teller, "**Catches** {all}", "**捕获**：{all}"))
}

fn asserts(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let told: Vec<String> = facts
        .exceptions
        .asserts
        .iter()
        .map(|assertion| {
            let (test, line) = (code(&assertion.test), teller.line(assertion.line));
            say!(teller, "{test} ({line})", "{test}（{line}）")
        })
        .collect();
    if told.is_empty() {
        return None;
    }
    let all = several(teller, told);
    Some(say!(teller, "**Asserts** {all}", "**断言**：{all}"))
}

/// What it calls, builtins last, each once with its lines. What makes the exception of a `raise` was
/// told there.
fn calls(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let mut told: Vec<(&Call, Vec<usize>)> = Vec::new();
    let is_raised = |call: &Call| {
        let raises = facts.exceptions.raises.iter();
        raises
            .into_iter()
            .any(|raise| raise.line == call.line && raise.exception.as_ref() == Some(&call.callee))
    };
    for call in facts.calls.iter().filter(|call| !is_raised(call)) {
        match told.iter_mut().find(|(one, _)| one.callee == call.callee) {
            Some((_, lines)) => lines.push(call.line),
            None => told.push((call, vec![call.line])),
        }
    }
    told.sort_by_key(|(call, _)| matches!(call.origin, Origin::Builtin));
    let told: Vec<String> = told
        .into_iter()
        .map(|(call, lines)| {
            let (name, lines) = (code(&call.callee), teller.several_lines(&lines));
            match origin(teller, call) {
                Some(of) => say!(teller, "{name}, {of} ({lines})", "{name}，{of}（{lines}）"),
                None => say!(teller, "{name} ({lines})", "{name}（{lines}）"),
            }
        })
        .collect();
    if told.is_empty() {
        return None;
    }
    let all = several(teller, told);
    Some(say!(teller, "**Calls** {all}", "**调用**：{all}"))
}

/// Where a callee comes from, where that says more than its name.
fn origin(teller: &Teller<'_>, call: &Call) -> Option<String> {
    let definition = call.definition.as_ref();
    match call.origin {
        Origin::File => {
            let line = teller.line(definition?.line?);
            Some(say!(teller, "defined in {line}", "定义于{line}"))
        }
        Origin::Project => {
            let definition = definition?;
            let path = definition.path.as_deref()?;
            let place = match definition.line {
                Some(line) => teller.place(path, line),
                None => code(path),
            };
            Some(say!(teller, "defined in {place}", "定义于 {place}"))
        }
        Origin::Library => Some(say!(teller, "of the standard library", "标准库")),
        Origin::Installed => {
            let package = definition?.name.split('.').next()?;
            let package = code(package);
            Some(say!(
                teller,
                "of the package {package}",
                "来自 {package} 包"
            ))
        }
        Origin::Parameter => Some(say!(teller, "given by the caller", "由调用者传入")),
        Origin::Builtin | Origin::Local | Origin::Variable | Origin::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::explanation::part::Part;
    use crate::explanation::telling::tests::check;

    #[test]
    fn what_it_takes_raises_and_calls_is_told_with_lines() {
        check(
            Part::Purpose,
            r#"
import json

def load(path, /, *names: str, strict=True, **rest) -> dict:
    """Loads it. Slowly."""
    assert names
    try:
        data = json.loads(open(path).read())
    except (OSError, ValueError) as error:
        raise
    if not data:
        raise KeyError(path)
    else:
        check(data)
    return check(data)

def check(data): ...
"#,
            expect![[r#"
                ### `load`, lines 3–14

                Loads it.

                - **Takes** `path` (by position only); `*names: str`; `strict` (by name only, `True` by default); `**rest`; declared to return `dict`
                - **Returns** `check(data)` (line 14)
                - **Raises** what was caught when `OSError, ValueError` is raised (line 9); `KeyError` if `not data` (line 11)
                - **Catches** `OSError` and `ValueError` (line 8)
                - **Asserts** `names` (line 5)
                - **Reaches out to** files, by `io.IOBase.read` (line 7); files, by `open` (line 7)
                - **Calls** `json.loads`, of the standard library (line 7); `check`, defined in line 16 (lines 13 and 14); `open` (line 7); `open().read` (line 7)

                ### `check`, line 16

                - **Takes** `data`
                - **Returns** nothing
                - **Called by** `load` (lines 13 and 14)

                ### `load`，第 3–14 行

                Loads it.

                - **参数**：`path`（仅限位置）；`*names: str`；`strict`（仅限关键字，默认 `True`）；`**rest`；标注返回 `dict`
                - **返回**：`check(data)`（第 14 行）
                - **引发**：捕获的异常（捕获 `OSError, ValueError` 时，第 9 行）；`KeyError`（若 `not data`，第 11 行）
                - **捕获**：`OSError`、`ValueError`（第 8 行）
                - **断言**：`names`（第 5 行）
                - **外部访问**：文件，通过 `io.IOBase.read`（第 7 行）；文件，通过 `open`（第 7 行）
                - **调用**：`json.loads`，标准库（第 7 行）；`check`，定义于第 16 行（第 13、14 行）；`open`（第 7 行）；`open().read`（第 7 行）

                ### `check`，第 16 行

                - **参数**：`data`
                - **返回**：无
                - **调用者**：`load`（第 13、14 行）
            "#]],
        );
    }
}
