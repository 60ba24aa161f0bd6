//! What can be done with the function at the cursor.

use serde_json::json;
use tower_lsp::gen_lsp_types::{
    CodeAction, CodeActionParams, CodeActionResponse, Command, LspAny, Range,
};
use tower_lsp::jsonrpc::Result;

use super::Server;
use super::explain::{Asked, EXPLAIN, tongue};
use crate::explanation::source::Source;
use crate::explanation::study::must_be_python;
use crate::explanation::target;
use crate::explanation::tongue::Tongue;

/// `textDocument/codeAction`: to explain the function under the cursor, or what is selected. Asked
/// at every move of the cursor, so it reads the text and works out nothing.
pub(super) async fn actions(
    server: &Server,
    params: CodeActionParams,
) -> Result<Option<Vec<CodeActionResponse>>> {
    // Whoever wants quick fixes or refactorings only does not want to read.
    if params.context.only.is_some() {
        return Ok(None);
    }
    let uri = params.text_document.uri.0.clone();
    let Some(asked) = Asked::of(server, &uri, params.range) else {
        return Ok(None);
    };
    if must_be_python(&asked.snapshot.path, asked.snapshot.language).is_err() {
        return Ok(None);
    }
    let name = tokio::task::spawn_blocking(move || {
        let text = asked.snapshot.text.to_string();
        let source = Source::parse(&text);
        let target = target::find(&source, asked.range).ok()?;
        Some(match (target.class, &target.functions[..]) {
            (Some(class), _) => class.name.to_string(),
            (None, [one]) => one.qualified_name(),
            (None, several) => several.len().to_string(),
        })
    });
    let Ok(Some(name)) = name.await else {
        return Ok(None);
    };
    let title = title(&tongue(server, None), &name);
    let command = Command {
        title: title.clone(),
        tooltip: None,
        command: EXPLAIN.to_owned(),
        arguments: Some(vec![argument(&uri, params.range)]),
    };
    let explain = CodeAction {
        title,
        command: Some(command),
        ..CodeAction::default()
    };
    Ok(Some(vec![CodeActionResponse::CodeAction(explain)]))
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
