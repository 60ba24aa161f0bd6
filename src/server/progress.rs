//! What the editor shows of the model: loading, ready, wrong.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{MessageType, ProgressToken};
use tower_lsp::{Bounded, NotCancellable, OngoingProgress};

use super::protocol::{
    SectionUsage, State, StatusNotification, StatusParams, UsageNotification, UsageParams,
};
use crate::completion::Answer;
use crate::model::{ModelError, ModelInfo, TokenTotals};
use crate::serving::Standing;

/// Shows sentences about the options.
pub(super) async fn report_problems(client: &Client, problems: &[String]) {
    for problem in problems {
        client
            .show_message(MessageType::Warning, format!("Midfill: {problem}."))
            .await;
    }
}

/// Follows which model serves, for as long as the server lives: `$/progress` for loading where the
/// client shows it, and our own status notification.
pub(super) async fn follow(
    client: Client,
    mut standing: watch::Receiver<Standing>,
    work_done_progress: bool,
) {
    let mut bar = None;
    let mut n_loads = 0;
    loop {
        let now = standing.borrow_and_update().clone();
        notify(&client, &now).await;
        match (&now, loading(&now)) {
            (_, Some((title, fraction))) => {
                if bar.is_none() && work_done_progress {
                    n_loads += 1;
                    bar = begin(&client, n_loads, title).await;
                }
                if let Some(bar) = &bar {
                    bar.report(percent(fraction)).await;
                }
            }
            (now, None) => {
                if let Some(bar) = bar.take() {
                    bar.finish().await;
                }
                if let Some(trouble) = trouble(now) {
                    client.show_message(MessageType::Error, trouble).await;
                }
            }
        }
        if standing.changed().await.is_err() {
            break;
        }
    }
}

type Bar = OngoingProgress<Bounded, NotCancellable>;

async fn begin(client: &Client, n: usize, title: &str) -> Option<Bar> {
    let token = ProgressToken::String(format!("midfill/load/{n}"));
    client.create_work_done_progress(token.clone()).await.ok()?;
    let progress = client.progress(token, format!("Midfill: {title}"));
    Some(progress.with_percentage(0).begin().await)
}

/// What is being loaded, and how much of it.
fn loading(standing: &Standing) -> Option<(&'static str, f32)> {
    match standing {
        Standing::Loading(fraction) => Some(("loading the model", *fraction)),
        Standing::Switching { fraction, .. } => Some(("loading another model", *fraction)),
        _ => None,
    }
}

/// What the user must be told, once.
fn trouble(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Failed(why) => Some(format!("Midfill: {why}")),
        Standing::Ready {
            info,
            trouble: Some(why),
        } => Some(format!(
            "Midfill: {} stays, because the other model cannot take over: {why}",
            info.name
        )),
        _ => None,
    }
}

async fn notify(client: &Client, standing: &Standing) {
    let serves = |info: &ModelInfo| format!("{} on {}", info.name, info.backend);
    let (state, message) = match standing {
        Standing::Loading(_) => (State::Loading, "loading the model".to_owned()),
        Standing::Switching { info, .. } => (
            State::Loading,
            format!("loading another model; {} answers until then", info.name),
        ),
        Standing::Ready {
            info,
            trouble: None,
        } => (State::Ready, serves(info)),
        Standing::Ready {
            info,
            trouble: Some(why),
        } => (
            State::Ready,
            format!("{}; another model could not take over: {why}", serves(info)),
        ),
        Standing::Asleep { idle } => (
            State::Asleep,
            format!(
                "the model was given back after {} minutes without a key; the next key loads it",
                idle.as_secs() / 60
            ),
        ),
        Standing::Failed(message) => (State::Error, message.clone()),
    };
    let status = StatusParams {
        state,
        message,
        percent: loading(standing).map(|(_, fraction)| percent(fraction)),
    };
    client.send_notification::<StatusNotification>(status).await;
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

/// What each section of the prompt cost; nothing where none was read for this answer.
fn sections(answer: &Answer) -> Vec<SectionUsage> {
    let n_reused = answer.usage.n_reused;
    let was_read = n_reused + answer.usage.n_computed > 0;
    let sections = answer.prompt.iter().filter(|_| was_read);
    let sections = sections.flat_map(|prompt| &prompt.sections);
    sections
        .map(|section| {
            let reused = section.n_among_first(n_reused);
            SectionUsage {
                name: section.name.to_owned(),
                reused,
                computed: section.n_tokens - reused,
            }
        })
        .collect()
}

/// Tells what a completion cost, and what all have cost so far. `whole` is the time from taking
/// the request to the answer.
pub(super) async fn usage(client: &Client, answer: &Answer, whole: Duration, totals: TokenTotals) {
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let params = UsageParams {
        reused: answer.usage.n_reused,
        computed: answer.usage.n_computed,
        decoded: answer.usage.n_decoded,
        shown: answer.text.is_some(),
        why_nothing: answer.why_nothing.clone(),
        source: answer.source,
        waited_ms: ms(answer.timings.waited),
        prepare_ms: ms(answer.timings.prepare),
        judge_ms: ms(answer.timings.judge),
        model_ms: ms(answer.timings.model),
        prefill_ms: ms(answer.usage.prefill),
        decode_ms: ms(answer.usage.decode),
        sections: sections(answer),
        whole_ms: ms(whole),
        total_computed: totals.n_computed,
        total_decoded: totals.n_decoded,
    };
    client.send_notification::<UsageNotification>(params).await;
    // Notifications and answers reach the wire by two ways, whichever is ready first: this one is
    // let go ahead.
    tokio::task::yield_now().await;
}
