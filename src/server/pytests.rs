//! `midfill.tests`: a test file for the function at a place.

use std::path::Path;

use serde_json::json;
use tower_lsp::gen_lsp_types::{ExecuteCommandParams, LspAny};
use tower_lsp::jsonrpc::{Error, Result};

use super::docstring::Place;
use super::explain::{Asked, failed, model};
use super::{Server, convert};
use crate::explanation::pytests::{self, Coroutines, Refusal};

/// Writes pytest's tests for the function at a place. Its argument is a [`Place`], the answer
/// `{"path", "text", "cases"}`: the test file by its full path, its text with the tests that it has
/// already, and how many cases are a model's. Nothing is written. Where there are no tests to
/// write, it is an error whose message is a sentence to show.
pub(super) const TESTS: &str = "midfill.tests";

/// Runs the command.
pub(super) async fn execute(
    server: &Server,
    params: ExecuteCommandParams,
) -> Result<Option<LspAny>> {
    let Some(started) = server.started() else {
        return Ok(None);
    };
    let place = Place::of(TESTS, params)?;
    let uri = place.text_document.uri.0.clone();
    let asked = Asked::open(server, &uri, place.range)?;
    let study = asked.study(false).await?;
    let refused = |why: Refusal| failed(&why.to_string());
    let studied = pytests::wanted(&study).map_err(refused)?;
    let text = asked.snapshot.text.to_string();
    let project = asked.project.clone();
    let document = convert::path(&asked.own.document);
    let inside = asked.snapshot.path.clone();
    let own = studied.clone();
    let written = tokio::task::spawn_blocking(move || {
        let there = match &project {
            Some(project) => {
                let there = pytests::place(project, &inside)?;
                let path = project.root().join(&there.path);
                (path, there.module, there.coroutines)
            }
            None => {
                let module = pytests::module_of(&document)?;
                let name = format!("test_{module}.py");
                (
                    Path::new(&document).with_file_name(name),
                    module,
                    Coroutines::Run,
                )
            }
        };
        let (path, module, coroutines) = there;
        let skeleton = pytests::skeleton(&text, &own, &module, coroutines);
        Ok((path, skeleton))
    });
    let written = written.await.map_err(|_| Error::internal_error())?;
    let (path, mut skeleton) = written.map_err(refused)?;
    let means = model(server, started, &asked);
    let cases = pytests::cases(&mut skeleton, &study, studied, &means).await;
    let cases = cases.unwrap_or_else(|trouble| {
        tracing::info!(%trouble, "the tests have no cases by the model");
        0
    });
    // What the editor shows of it wins over the disk.
    let root = asked
        .project
        .as_ref()
        .map(|project| project.root().to_owned());
    let relative = root.and_then(|root| Some(path.strip_prefix(root).ok()?.to_owned()));
    let open = relative.and_then(|it| asked.project.as_ref()?.text(&it.to_string_lossy()));
    let there = open.or_else(|| std::fs::read_to_string(&path).ok());
    let shown = path.display().to_string();
    let text = pytests::merged(&shown, there.as_deref(), &skeleton).map_err(refused)?;
    Ok(Some(json!({"path": shown, "text": text, "cases": cases})))
}
