//! The import that a completion needs: an edit beside it, or a command behind it.

use std::collections::HashMap;

use serde_json::json;
use tower_lsp::gen_lsp_types::{
    Command, ExecuteCommandParams, LspAny, Range, TextEdit, WorkspaceEdit,
};
use tower_lsp::jsonrpc::{Error, Result};

use super::{Server, convert, surroundings};
use crate::completion::trim::{Around, MissingImport};
use crate::session::Edit;

/// Adds an import to a document. Arguments: the document's URI, the name that the import brings,
/// and the statement on one line. Behind an inline completion that needs it; the client runs it
/// once the completion is in the text.
pub(super) const ADD_IMPORT: &str = "midfill.addImport";

/// The command for an inline completion, which has no room for edits elsewhere.
pub(super) fn command(uri: &str, missing: &MissingImport) -> Command {
    Command {
        title: format!("Add `{}`", missing.statement),
        tooltip: None,
        command: ADD_IMPORT.to_owned(),
        arguments: Some(vec![
            json!(uri),
            json!(missing.name),
            json!(missing.statement),
        ]),
    }
}

/// Runs the command: asks the client to make the edit. Answers whether there was one to make.
pub(super) async fn execute(
    server: &Server,
    params: ExecuteCommandParams,
) -> Result<Option<LspAny>> {
    let arguments = params.arguments.unwrap_or_default();
    let texts: Vec<&str> = arguments.iter().filter_map(|one| one.as_str()).collect();
    let [uri, name, statement] = texts[..] else {
        return Err(Error::invalid_params(format!(
            "{ADD_IMPORT} takes the URI of a document, a name and an import statement"
        )));
    };
    let missing = MissingImport {
        name: name.to_owned(),
        statement: statement.to_owned(),
    };
    let Some(edit) = edit(server, uri, &missing) else {
        return Ok(Some(json!(false)));
    };
    let edit = WorkspaceEdit {
        changes: Some(HashMap::from([(edit.uri.into(), vec![edit.edit])])),
        ..WorkspaceEdit::default()
    };
    let result = server.client.apply_edit(edit).await?;
    Ok(Some(json!(result.applied)))
}

/// An edit of a text that the client has.
pub(super) struct ClientEdit {
    /// The text's URI.
    pub(super) uri: String,
    pub(super) edit: TextEdit,
}

/// The edit that adds it to the document as it is now, or to that cell of its notebook where the
/// imports stand; `None` where it stands there already.
pub(super) fn edit(server: &Server, uri: &str, missing: &MissingImport) -> Option<ClientEdit> {
    let started = server.started()?;
    let mut session = server.session();
    let document = session.place(uri)?.document;
    let snapshot = session.snapshot(&document)?;
    let around = Around {
        snapshot: &snapshot,
        offset: 0,
        surroundings: &surroundings::around(started, &session, &document),
    };
    let (range, new_text) = missing.edit(around)?;
    let (uri, text, range, new_text) = match session.notebook(&document) {
        None => (document, snapshot.text.clone(), range, new_text),
        Some(notebook) => {
            let (uri, edit) = notebook.insertion(Edit {
                range,
                text: new_text,
            })?;
            (
                uri.to_owned(),
                notebook.text(uri)?.clone(),
                edit.range,
                edit.text,
            )
        }
    };
    let position = |offset| convert::position(&text, offset, started.traits.encoding);
    Some(ClientEdit {
        uri,
        edit: TextEdit {
            range: Range {
                start: position(range.start),
                end: position(range.end),
            },
            new_text,
        },
    })
}
