//! Notebooks: `notebookDocument/*` of LSP 3.17. The session joins their cells; here it is told of
//! what the client does to them. Synchronous throughout, like [`documents`].
//!
//! Of what a client gets wrong nothing breaks: a notebook or cell that is not open, or a range
//! beyond the list of cells, is left out with a warning.

use tower_lsp::gen_lsp_types::{
    DidChangeNotebookDocumentParams, DidCloseNotebookDocumentParams, DidOpenNotebookDocumentParams,
    NotebookCell, NotebookCellKind, NotebookCellLanguage, NotebookDocumentCellChangeStructure,
    NotebookDocumentFilterWithCells, NotebookDocumentSync, NotebookDocumentSyncOptions,
    TextDocumentItem,
};

use super::Server;
use super::documents::{self, Edits};
use crate::session::{CellText, Document, Listed, Notebook};

/// Which cells the client is to tell of: those in Python, and prose.
pub(super) fn announced() -> NotebookDocumentSync {
    let language = |name: &str| NotebookCellLanguage::new(name.to_owned());
    let cells = NotebookDocumentFilterWithCells {
        notebook: None,
        cells: vec![language("python"), language("markdown")],
    };
    NotebookDocumentSync::Options(NotebookDocumentSyncOptions {
        notebook_selector: vec![cells.into()],
        save: Some(true),
    })
}

fn listed(cell: NotebookCell) -> Listed {
    Listed {
        uri: cell.document.0,
        is_code: cell.kind != NotebookCellKind::Markup,
    }
}

fn opened(item: TextDocumentItem) -> (String, CellText) {
    let cell = CellText {
        language_id: item.language_id.into(),
        text: item.text.as_str().into(),
    };
    (item.uri.0, cell)
}

pub(super) fn open(server: &Server, params: DidOpenNotebookDocumentParams) {
    let Some(started) = server.started() else {
        return;
    };
    let uri = params.notebook_document.uri.0;
    let notebook = Notebook::new(
        (params.notebook_document.cells.into_iter().map(listed)).collect(),
        params.cell_text_documents.into_iter().map(opened),
    );
    let document = Document::new(
        started.traits.shown_path(&uri),
        Some("python"),
        &notebook.joined(),
        params.notebook_document.version,
    );
    let mut session = server.session();
    session.open_notebook(uri.clone(), notebook, document);
    documents::begun(server, started, session, &uri);
}

pub(super) fn change(server: &Server, params: DidChangeNotebookDocumentParams) {
    let Some(started) = server.started() else {
        return;
    };
    started.serving.wake();
    let uri = params.notebook_document.uri.0;
    let mut session = server.session();
    if session.notebook(&uri).is_none() {
        tracing::warn!("a change for a notebook that is not open was left out");
        return;
    }
    let Some(cells) = params.change.cells else {
        return;
    };
    let mut edits = Edits::default();
    let mut closed = Vec::new();
    // In the order that the specification gives: the list, what cells are, what they say.
    if let Some(structure) = cells.structure {
        let NotebookDocumentCellChangeStructure {
            array,
            did_open,
            did_close,
        } = structure;
        let start = array.start as usize;
        let replaced = start..start.saturating_add(array.delete_count as usize);
        let cells = array.cells.into_iter().flatten().map(listed).collect();
        let opened = did_open.into_iter().flatten().map(opened).collect();
        closed = (did_close.into_iter().flatten().map(|closed| closed.uri.0)).collect::<Vec<_>>();
        session.change_notebook(
            &uri,
            |notebook| Vec::from_iter(notebook.restructure(replaced, cells, opened, &closed)),
            |document, edit| edits.apply(document, edit),
        );
        session.list_cells(&uri);
    }
    if let Some(data) = cells.data {
        let kinds: Vec<Listed> = data.into_iter().map(listed).collect();
        session.change_notebook(
            &uri,
            |notebook| Vec::from_iter(notebook.set_kinds(&kinds)),
            |document, edit| edits.apply(document, edit),
        );
    }
    for content in cells.text_content.into_iter().flatten() {
        let cell = content.document.text_document_identifier.uri.0;
        for change in content.changes {
            let notebook = session.notebook(&uri);
            let Some(text) = notebook.and_then(|notebook| notebook.text(&cell)) else {
                tracing::warn!("a change for a cell that is not open was left out");
                break;
            };
            let edit = documents::client_edit(text, change, started.traits.encoding);
            session.change_notebook(
                &uri,
                |notebook| notebook.edit(&cell, &edit),
                |document, edit| edits.apply(document, edit),
            );
        }
    }
    if let Some(document) = session.document_mut(&uri) {
        document.defer(params.notebook_document.version);
    }
    edits.done(server, started, session, &uri);
    for cell in closed {
        server.last_answers.forget(&cell);
    }
}

/// The disk has changed, if nothing else: a good time to look at it.
pub(super) fn save(server: &Server) {
    if let Some(started) = server.started() {
        started.projects.rest();
    }
}

pub(super) fn close(server: &Server, params: &DidCloseNotebookDocumentParams) {
    for cell in &params.cell_text_documents {
        server.last_answers.forget(&cell.uri.0);
    }
    documents::forget(server, &params.notebook_document.uri.0);
}
