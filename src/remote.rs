//! Models on a server: llama-server's `/infill` and OpenAI's `/v1/completions`.
//!
//! A job looks the same as for a model on this machine, and so do the events that come back: what
//! trims, scores and cancels them does not know the difference. Dropping the generation closes the
//! connection, on which the server stops. Nothing connects unless the options name a server, and
//! then only to it.

mod parts;
mod request;
mod response;
mod wire;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::config::format::{self, Format};
use crate::config::remote::{Kind, Remote};
use crate::model::{Event, Job, Model, ModelError, ModelInfo, StopReason, Usage, Work};
use response::{Reader, Told};
use wire::Wire;
use words::Words;

/// Context assumed where the options name none.
const CONTEXT: u32 = 8192;

/// Parameters assumed of a model that is worth a server: it pays to show such models more context
/// than the shipped one can use.
const PARAMETERS: u64 = 1_500_000_000;

/// The family that the server itself knows how to ask.
const SERVER_S_OWN: &str = "the server's own";

/// Opens a model on a server. Nothing is sent before the first job.
pub fn open(remote: Remote, n_ctx: Option<u32>) -> Model {
    Model::relayed(move |desk| {
        let server = match Server::new(remote) {
            Ok(server) => Arc::new(server),
            Err(error) => return desk.fail(error),
        };
        // One thread for all connections; the model's own thread only hands jobs over.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("remote")
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return desk.fail(ModelError::Gone(format!("no thread: {error}"))),
        };
        desk.succeed(server.info(n_ctx), server.words.clone());
        while let Some(work) = desk.next() {
            match work {
                Work::Answer { job, events, asked } => {
                    runtime.spawn(server.clone().answer(job, events, asked));
                }
                // Weights of a given text are not to be had; nobody depends on them.
                Work::Weigh { reply, .. } => drop(reply.send(Ok(None))),
                other => other.fail(server.trouble(
                    "only writes: it neither scores a given text nor is it measured".to_owned(),
                )),
            }
        }
        runtime.shutdown_background();
    })
}

/// One configured server.
struct Server {
    remote: Remote,
    format: &'static Format,
    words: Arc<Words>,
    wire: Wire,
    /// Until when the server asked not to be asked.
    paused: Mutex<Option<Instant>>,
}

impl Server {
    fn new(remote: Remote) -> Result<Server, ModelError> {
        let trouble = |reason: String| ModelError::Remote {
            url: remote.url.clone(),
            reason,
        };
        let name = match (remote.kind, &remote.family) {
            (Kind::OpenAi, Some(family)) => family,
            _ => SERVER_S_OWN,
        };
        let known = |format: &&Format| format.family.eq_ignore_ascii_case(name);
        let format = format::KNOWN.iter().find(known).ok_or_else(|| {
            let families = format::KNOWN.iter().map(|format| format.family.as_str());
            let families: Vec<_> = families.filter(|name| *name != SERVER_S_OWN).collect();
            trouble(format!(
                "cannot be asked as `{name}`: there is no such family, there are {}",
                families.join(", ")
            ))
        })?;
        let key = api_key(&remote).map_err(&trouble)?;
        let wire = Wire::new(&remote, key).map_err(&trouble)?;
        // The server puts the first token of a text by itself.
        let specials = format.specials();
        let specials = specials.filter(|special| Some(*special) != format.bos.as_deref());
        let words = Arc::new(Words::new(specials.map(str::to_owned).collect()));
        Ok(Server {
            format,
            words,
            wire,
            paused: Mutex::new(None),
            remote,
        })
    }

    fn info(&self, n_ctx: Option<u32>) -> ModelInfo {
        let when = &self.format.when;
        let n_ctx = n_ctx.unwrap_or(CONTEXT);
        ModelInfo {
            name: self
                .remote
                .model
                .clone()
                .unwrap_or("remote model".to_owned()),
            architecture: "remote".to_owned(),
            // What tells the family from others with the same tokens.
            pre_tokenizer: when.pre_tokenizer.first().cloned().unwrap_or_default(),
            fim_order: when.ordered_by_key.then(|| "spm".to_owned()),
            path: self.remote.url.clone().into(),
            n_params: PARAMETERS,
            n_ctx_train: n_ctx,
            n_ctx,
            backend: self.wire.endpoint(),
            ..ModelInfo::default()
        }
    }

    fn trouble(&self, reason: String) -> ModelError {
        ModelError::Remote {
            url: self.remote.url.clone(),
            reason,
        }
    }

    /// Runs one job; gives up, and closes the connection, once nobody listens.
    async fn answer(self: Arc<Self>, job: Job, events: UnboundedSender<Event>, asked: Instant) {
        let gone = events.clone();
        let outcome = tokio::select! {
            biased;
            () = gone.closed() => return,
            outcome = self.run(&job, &events, asked) => outcome,
        };
        if let Err(reason) = outcome {
            let _ = events.send(Event::Failed(self.trouble(reason)));
        }
    }

    async fn run(
        &self,
        job: &Job,
        events: &UnboundedSender<Event>,
        asked: Instant,
    ) -> Result<(), String> {
        let started = Instant::now();
        let mut usage = Usage {
            waited: started - asked,
            ..Usage::default()
        };
        // Reading ahead is worth a request only where the server keeps what it read.
        if job.max_tokens == 0 && self.remote.kind != Kind::LlamaServer {
            let _ = events.send(Event::Started {
                n_reused: 0,
                n_computed: 0,
            });
            return done(events, StopReason::MaxTokens, usage);
        }
        self.check_pause()?;
        let parts = parts::split(&self.words, self.format, &job.prompt);
        let body = request::body(&self.remote, self.format, &parts, job);
        let mut stream = match self.wire.post(&body).await {
            Ok(stream) => stream,
            Err(refusal) => {
                if let Some(wait) = refusal.retry_after {
                    let until = Instant::now() + wait.min(Duration::from_secs(600));
                    *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
                }
                return Err(refusal.reason);
            }
        };
        let mut reader = Reader::new(self.remote.kind);
        let mut first = None;
        let mut reason = StopReason::EndOfGeneration;
        loop {
            let chunk = stream.next().await?;
            let is_over = chunk.is_none();
            for told in reader.push(chunk.as_deref())? {
                match told {
                    Told::Text {
                        text,
                        confidence,
                        n_tokens,
                    } => {
                        if first.is_none() {
                            first = Some(started.elapsed());
                            let _ = events.send(Event::Started {
                                n_reused: 0,
                                n_computed: job.prompt.len(),
                            });
                        }
                        usage.n_decoded += n_tokens;
                        let _ = events.send(Event::Piece { text, confidence });
                    }
                    Told::Stopped(why) => reason = why,
                    Told::Counts { reused, computed } => {
                        (usage.n_reused, usage.n_computed) = (reused, computed);
                    }
                }
            }
            if is_over || reader.is_over() {
                break;
            }
        }
        if !reader.was_understood() {
            return Err(
                "answered with something that is no stream of events. Check that \
                        `remote.url` names the right server and `remote.kind` what it speaks"
                    .to_owned(),
            );
        }
        if first.is_none() {
            let _ = events.send(Event::Started {
                n_reused: usage.n_reused,
                n_computed: usage.n_computed,
            });
        }
        usage.prefill = first.unwrap_or(started.elapsed());
        usage.decode = started.elapsed().saturating_sub(usage.prefill);
        done(events, reason, usage)
    }

    fn check_pause(&self) -> Result<(), String> {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let left = paused.and_then(|until| until.checked_duration_since(Instant::now()));
        match left {
            Some(left) if !left.is_zero() => Err(format!(
                "asked not to be asked for another {} seconds",
                left.as_secs() + 1
            )),
            _ => {
                *paused = None;
                Ok(())
            }
        }
    }
}

fn done(events: &UnboundedSender<Event>, reason: StopReason, usage: Usage) -> Result<(), String> {
    let _ = events.send(Event::Done {
        reason,
        ending: None,
        usage,
    });
    Ok(())
}

/// The API key, from where the options say it is. It is never logged.
fn api_key(remote: &Remote) -> Result<Option<String>, String> {
    if let Some(name) = &remote.api_key_env {
        return match std::env::var(name) {
            Ok(key) if !key.trim().is_empty() => Ok(Some(key.trim().to_owned())),
            _ => Err(format!(
                "wants a key from the environment variable `{name}`, which is not set where the \
                 server of the editor was started"
            )),
        };
    }
    let Some(path) = &remote.api_key_file else {
        return Ok(None);
    };
    let key = std::fs::read_to_string(path).map_err(|error| {
        format!(
            "wants a key from {}, which cannot be read: {error}",
            path.display()
        )
    })?;
    Ok(Some(key.trim().to_owned()))
}
