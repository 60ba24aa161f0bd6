//! What the editor shows of the model: loading, ready, wrong.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{MessageType, ProgressToken};

use super::protocol::{State, StatusNotification, StatusParams, UsageNotification, UsageParams};
use crate::completion::Answer;
use crate::model::{Model, ModelError, Status};

/// Shows sentences about the options.
pub(super) async fn report_problems(client: &Client, problems: &[String]) {
    for problem in problems {
        client
            .show_message(MessageType::Warning, format!("Midfill: {problem}."))
            .await;
    }
}

/// Follows the model until it is ready or has failed: `$/progress` where the client shows it, and
/// our own status notification.
pub(super) async fn follow_model(client: Client, model: Model, work_done_progress: bool) {
    let mut status = model.watch();
    // The handle would keep the model alive; the channel is all that is needed here.
    drop(model);
    let token = ProgressToken::String("midfill/load".to_owned());
    let shows = work_done_progress
        && matches!(*status.borrow(), Status::Loading(_))
        && client
            .create_work_done_progress(token.clone())
            .await
            .is_ok();
    let progress = match shows {
        true => Some(
            client
                .progress(token, "Midfill: loading the model")
                .with_percentage(0)
                .begin()
                .await,
        ),
        false => None,
    };
    loop {
        let now = status.borrow_and_update().clone();
        notify(&client, &now).await;
        match now {
            Status::Loading(fraction) => {
                if let Some(progress) = &progress {
                    progress.report(percent(fraction)).await;
                }
            }
            Status::Ready(_) => break,
            Status::Failed(message) => {
                client
                    .show_message(MessageType::Error, format!("Midfill: {message}"))
                    .await;
                break;
            }
        }
        if status.changed().await.is_err() {
            break;
        }
    }
    if let Some(progress) = progress {
        progress.finish().await;
    }
}

async fn notify(client: &Client, status: &Status) {
    let params = match status {
        Status::Loading(fraction) => StatusParams {
            state: State::Loading,
            message: "loading the model".to_owned(),
            percent: Some(percent(*fraction)),
        },
        Status::Ready(info) => StatusParams {
            state: State::Ready,
            message: format!("{} on {}", info.name, info.backend),
            percent: None,
        },
        Status::Failed(message) => StatusParams {
            state: State::Error,
            message: message.clone(),
            percent: None,
        },
    };
    client.send_notification::<StatusNotification>(params).await;
}

fn percent(fraction: f32) -> u32 {
    (fraction.clamp(0.0, 1.0) * 100.0) as u32
}

/// Tells of a model that cannot answer, the same trouble once and not at every keystroke.
pub(super) async fn model_error(client: &Client, error: &ModelError) {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let mut hasher = DefaultHasher::new();
    error.to_string().hash(&mut hasher);
    let this = hasher.finish();
    if LAST.swap(this, Ordering::Relaxed) != this {
        let status = StatusParams {
            state: State::Error,
            message: error.to_string(),
            percent: None,
        };
        client.send_notification::<StatusNotification>(status).await;
        client
            .show_message(MessageType::Error, format!("Midfill: {error}"))
            .await;
    }
}

/// Tells what a completion cost. `whole` is the time from taking the request to the answer.
pub(super) async fn usage(client: &Client, answer: &Answer, whole: Duration) {
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let params = UsageParams {
        reused: answer.usage.n_reused,
        computed: answer.usage.n_computed,
        decoded: answer.usage.n_decoded,
        shown: answer.text.is_some(),
        why_nothing: answer.why_nothing.clone(),
        source: answer.source,
        waited_ms: ms(answer.timings.waited),
        model_ms: ms(answer.timings.model),
        whole_ms: ms(whole),
    };
    client.send_notification::<UsageNotification>(params).await;
}
