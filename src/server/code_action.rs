//! What can be done with the function at the cursor.

use serde_json::json;
use tower_lsp::gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CodeActionResponse, Command, LspAny, Range,
};
use tower_lsp::jsonrpc::Result;

use super::Server;
use super::docstring::DOCSTRING;
use super::explain::{Asked, EXPLAIN, tongue};
use super::pytests::TESTS;
use crate::explanation::docstring::Room;
use crate::explanation::pytests;
use crate::explanation::source::Source;
use crate::explanation::study::must_be_python;
use crate::explanation::target;
use crate::explanation::tongue::Tongue;

/// `textDocument/codeAction`: to explain the function under the cursor, or what is selected, and to
/// write a docstring where it has none. Asked
/// at every move of the cursor, so it reads the text and works out nothing.
pub(super) async fn actions(
    server: &Server,
    params: CodeActionParams,
) -> Result<Option<Vec<CodeActionResponse>>> {
    let wants = |kind: &str| {
        let only = params.context.only.as_deref();
        only.is_none_or(|only| only.iter().any(|one| is_within(kind, one.as_str())))
    };
    // Whoever wants quick fixes or refactorings only does not want to read.
    let wants_to_read = params.context.only.is_none();
    if !wants_to_read && !wants(REWRITE) {
        return Ok(None);
    }
    let uri = params.text_document.uri.0.clone();
    let Some(asked) = Asked::of(server, &uri, params.range) else {
        return Ok(None);
    };
    if must_be_python(&asked.snapshot.path, asked.snapshot.language).is_err() {
        return Ok(None);
    }
    let found = tokio::task::spawn_blocking(move || {
        let text = asked.snapshot.text.to_string();
        let source = Source::parse(&text);
        let target = target::find(&source, asked.range).ok()?;
        Some(match (target.class, &target.functions[..]) {
            (Some(class), _) => (class.name.to_string(), false, false),
            (None, [one]) => {
                let name = one.qualified_name();
                let can_be_tested = pytests::can_be_tested(&name);
                (name, Room::wanted(one.def, &source), can_be_tested)
            }
            (None, several) => (several.len().to_string(), false, false),
        })
    });
    let Ok(Some((name, has_no_docstring, can_be_tested))) = found.await else {
        return Ok(None);
    };
    let tongue = tongue(server, None);
    let action = |title: String, command: &str, kind| {
        let command = Command {
            title: title.clone(),
            tooltip: None,
            command: command.to_owned(),
            arguments: Some(vec![argument(&uri, params.range)]),
        };
        CodeActionResponse::CodeAction(CodeAction {
            title,
            kind,
            command: Some(command),
            ..CodeAction::default()
        })
    };
    let mut actions = Vec::new();
    if wants_to_read {
        actions.push(action(title(&tongue, &name), EXPLAIN, None));
    }
    if has_no_docstring && wants(REWRITE) {
        let title = match tongue.is_chinese() {
            false => format!("Write a docstring for {name}"),
            true => format!("为 {name} 编写文档字符串"),
        };
        actions.push(action(
            title,
            DOCSTRING,
            Some(CodeActionKind::RefactorRewrite),
        ));
    }
    if wants_to_read && can_be_tested {
        let title = match tongue.is_chinese() {
            false => format!("Write tests for {name}"),
            true => format!("为 {name} 编写测试"),
        };
        actions.push(action(title, TESTS, None));
    }
    Ok(Some(actions))
}

/// What the actions that change code are, in LSP's words.
const REWRITE: &str = "refactor.rewrite";

/// Whether a kind of action is meant by another: all of `refactor.rewrite` is `refactor`.
fn is_within(kind: &str, wanted: &str) -> bool {
    let rest = kind.strip_prefix(wanted);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || wanted.is_empty())
}

fn title(tongue: &Tongue, name: &str) -> String {
    let is_count = name.starts_with(|c: char| c.is_ascii_digit());
    match (tongue.is_chinese(), is_count) {
        (false, false) => format!("Explain {name}"),
        (false, true) => format!("Explain {name} functions"),
        (true, false) => format!("解释 {name}"),
        (true, true) => format!("解释 {name} 个函数"),
    }
}

fn argument(uri: &str, range: Range) -> LspAny {
    json!({"textDocument": {"uri": uri}, "range": range})
}
