//! `midfill doctor`: what was found, and what is wrong.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::args::DoctorArgs;
use super::open::{devices, open};
use crate::completion::LEFT_TO_RIGHT;
use crate::completion::fim::Fim;
use crate::completion::{self, Ask, Means};
use crate::config::CompletionConfig;
use crate::model::{Model, ModelError, Speed};
use crate::session::Snapshot;

/// Time for measuring speed, all together.
const BUDGET: Duration = Duration::from_secs(2);
/// Below this many tokens a second, ghost text comes too late to be of use.
const SLOW_DECODE: f64 = 20.0;

pub(super) fn run(args: &DoctorArgs) -> Result<ExitCode> {
    let system = sysinfo::System::new_with_specifics(
        sysinfo::RefreshKind::nothing().with_memory(sysinfo::MemoryRefreshKind::everything()),
    );
    let n_cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    if !args.json {
        println!("midfill   {}", env!("CARGO_PKG_VERSION"));
        println!(
            "machine   {} {}, {n_cores} cores, {:.1} GB memory, {:.1} GB free",
            std::env::consts::OS,
            std::env::consts::ARCH,
            system.total_memory() as f64 / 1e9,
            system.available_memory() as f64 / 1e9,
        );
    }
    let devices = devices();
    if !args.json {
        println!("devices   {}", devices.join(", "));
    }
    let config = args.model.completion()?;
    let model = open(&args.model.config()?)?;
    let is_remote = args.model.remote.is_some();
    let (info, speed, family) = super::runtime()?.block_on(async {
        let info = model.ready().await?;
        let tokenizer = model.tokenizer().context("the model has no tokenizer")?;
        let family = Fim::choose(config.format.as_deref(), &info, &*tokenizer)?;
        let speed = match is_remote {
            true => Pace::Elsewhere(ask(&model, config).await),
            false => Pace::Here(model.measure(BUDGET).await?),
        };
        anyhow::Ok((info, speed, family))
    })?;

    let mut problems = Vec::new();
    if family.is_none() {
        problems.push(
            "the model was not trained to fill in the middle: it sees nothing behind the cursor. \
             Take one with fill-in-the-middle tokens, such as Qwen2.5-Coder, or the shipped one."
                .to_owned(),
        );
    }
    match &speed {
        Pace::Here(speed) if speed.decode_tokens_per_s < SLOW_DECODE => problems.push(format!(
            "{:.0} tokens a second is too slow to type along with. Close what keeps the machine \
             busy, try --threads 1, or take a smaller model.",
            speed.decode_tokens_per_s
        )),
        Pace::Elsewhere(Err(error)) => problems.push(error.to_string()),
        Pace::Here(_) | Pace::Elsewhere(Ok(_)) => {}
    }
    if info.n_bytes > system.available_memory() {
        problems.push(
            "the model is larger than the free memory and will be read from disk again and again. \
             Take a smaller one, or one with fewer bits a weight."
                .to_owned(),
        );
    }

    let headers = family.as_ref().map_or("nothing", headers);
    if args.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&json!({
                "version": env!("CARGO_PKG_VERSION"),
                "cores": n_cores,
                "memory_bytes": system.total_memory(),
                "devices": devices,
                "model": &*info,
                "format": family.as_ref().map_or(LEFT_TO_RIGHT.to_owned(), Fim::describe),
                "recognised_by": family.as_ref().map(|fim| &fim.recognised),
                "headers": headers,
                "prefill_tokens_per_s": speed.here().map(|speed| speed.prefill_tokens_per_s),
                "decode_tokens_per_s": speed.here().map(|speed| speed.decode_tokens_per_s),
                "answered_in_ms": speed.elsewhere().map(milliseconds),
                "problems": problems,
            }))?
        );
    } else {
        if is_remote {
            println!("model     {}", info.name);
            println!("runs on   {}", info.backend);
            println!("context   {} tokens are assumed", info.n_ctx);
        } else {
            println!(
                "model     {} ({}, {:.1} M parameters, {:.1} MB)",
                info.name,
                info.architecture,
                info.n_params as f64 / 1e6,
                megabytes(info.n_bytes)
            );
            println!("          {}", info.path.display());
            println!("          loaded in {:.0} ms", milliseconds(info.load_time));
            println!(
                "runs on   {}, {} of {} layers on a GPU, {} threads",
                info.backend, info.gpu_layers, info.n_layers, info.n_threads
            );
            println!(
                "context   {} tokens (trained with {})",
                info.n_ctx, info.n_ctx_train
            );
        }
        println!(
            "asked     {}",
            family
                .as_ref()
                .map_or(LEFT_TO_RIGHT.to_owned(), Fim::describe)
        );
        if let Some(fim) = &family {
            println!(
                "          recognised by {}, headers for {headers}",
                fim.recognised
            );
        }
        match &speed {
            Pace::Here(speed) => println!(
                "speed     reads {:.0} tokens a second, writes {:.0}",
                speed.prefill_tokens_per_s, speed.decode_tokens_per_s
            ),
            Pace::Elsewhere(answered) => {
                println!("speed     not measured: the model runs on a server");
                if let Ok(took) = answered {
                    println!("          answered in {:.0} ms", milliseconds(*took));
                }
            }
        }
        match problems.is_empty() {
            true => println!("\nAll is well."),
            false => println!("\nWhat is wrong:"),
        }
        for problem in &problems {
            println!("- {problem}");
        }
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// What is known of a model's speed.
enum Pace {
    /// It runs on this machine.
    Here(Speed),
    /// It runs on a server, which cannot be measured, only asked: how long a first line took.
    Elsewhere(Result<Duration, ModelError>),
}

impl Pace {
    fn here(&self) -> Option<&Speed> {
        match self {
            Pace::Here(speed) => Some(speed),
            Pace::Elsewhere(_) => None,
        }
    }

    fn elsewhere(&self) -> Option<Duration> {
        match self {
            Pace::Here(_) => None,
            Pace::Elsewhere(answered) => answered.as_ref().ok().copied(),
        }
    }
}

/// Asks a server for one line.
async fn ask(model: &Model, config: CompletionConfig) -> Result<Duration, ModelError> {
    let text = "def double(n):\n    return ";
    let ask = Ask {
        offset: text.len(),
        invoked: true,
    };
    let asked = Instant::now();
    let means = Means::new(model.clone(), config);
    completion::complete(&Snapshot::of("example.py", text), ask, &means).await?;
    Ok(asked.elapsed())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What a family has headers for.
fn headers(fim: &Fim) -> &'static str {
    match (&fim.repo_header, &fim.file_header) {
        (Some(_), Some(_)) => "repository and files",
        (None, Some(_)) => "files",
        (Some(_), None) => "the repository",
        (None, None) => "nothing",
    }
}
