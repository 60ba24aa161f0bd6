//! llama-server as llama.vim drives it, for comparison: the same lines around the cursor, the same
//! limits and samplers, its cache of answers, its ring of chunks from elsewhere, its request for
//! what comes behind the suggestion that is shown.
//!
//! Where this differs from the editor plugin it is in the peer's favour. Requests go over one open
//! connection instead of a new `curl` each, and the plugin's own time, spent in the editor, is not
//! counted. Without a rhythm, a key that the cache of answers can serve costs no request, and none
//! is sent for what comes behind a suggestion, since the next key would have to wait for it.
//!
//! Facts: `autoload/llama.vim` of ggml-org/llama.vim at a1c8e6e (January 2026).

mod answers;
mod context;
mod ring;
mod server;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::buffer::{Buffer, Change};
use super::figures::ms;
use super::system::{Origin, Reply, Run, System};
use super::wire::PATIENCE;
use answers::Answers;
use context::Context;
use ring::Ring;
use server::Server;

/// Longest text behind the cursor, on its line, with which a suggestion is asked for.
const LONGEST_REST_OF_LINE: usize = 8;
/// Tokens written, at most.
const N_PREDICT: usize = 128;
/// Milliseconds of writing for a suggestion, at most.
const T_PREDICT_MS: u64 = 250;
/// The same for what comes behind a suggestion.
const T_PREDICT_AHEAD_MS: u64 = 1000;
/// While a request is running the next waits, and looks again after this.
const RETRY: Duration = Duration::from_millis(100);

/// How a llama-server is started and asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlamaServerOptions {
    /// The program.
    pub program: PathBuf,
    /// The GGUF.
    pub model: PathBuf,
    /// Context in tokens.
    pub n_ctx: u32,
    /// Threads.
    pub n_threads: u32,
    /// Layers on the GPU; `None` leaves it to the server.
    pub gpu_layers: Option<u32>,
    /// Suffix first, for models that know it.
    pub spm: bool,
    /// Write exactly so many tokens, the likeliest, without a limit of time: for comparing speed
    /// with weights that know no end.
    pub n_tokens: Option<usize>,
}

/// llama-server as llama.vim drives it.
pub struct LlamaVim {
    name: String,
    server: Server,
    answers: Answers,
    ring: Ring,
    n_tokens: Option<usize>,
    buffer: Buffer,
    /// The request that is running.
    running: Option<Context>,
    /// When to look again whether a request can be sent.
    retry_at: Option<Instant>,
    run: Run,
}

impl LlamaVim {
    /// Starts a llama-server and waits for its model.
    ///
    /// # Errors
    /// When it cannot be started or its model does not load.
    pub fn start(options: &LlamaServerOptions) -> Result<LlamaVim> {
        let server = Server::start(options)?;
        let start_ms = ms(server.ready_after);
        Ok(LlamaVim {
            name: match options.spm {
                true => "llama-server, SPM".to_owned(),
                false => "llama-server".to_owned(),
            },
            server,
            answers: Answers::default(),
            ring: Ring::new(),
            n_tokens: options.n_tokens,
            buffer: Buffer::new(String::new(), 0),
            running: None,
            retry_at: None,
            run: Run {
                start_ms,
                computed: Some(0),
                decoded: Some(0),
                ..Run::default()
            },
        })
    }

    /// Asks for a suggestion at the cursor, unless there is one or another request is running.
    fn ask(&mut self) -> Result<()> {
        let context = Context::at(&self.buffer);
        self.ask_for(context, T_PREDICT_MS)
    }

    fn ask_for(&mut self, context: Context, t_predict_ms: u64) -> Result<()> {
        if self.running.is_some() {
            self.retry_at = Some(Instant::now() + RETRY);
            return Ok(());
        }
        self.retry_at = None;
        if context.rest_of_line > LONGEST_REST_OF_LINE || self.answers.has(&context) {
            return Ok(());
        }
        self.ring.evict_like(&self.buffer);
        let mut body = json!({
            "id_slot": 0,
            "input_prefix": context.prefix,
            "input_suffix": context.suffix,
            "input_extra": self.ring.extra(),
            "prompt": context.middle,
            "n_predict": N_PREDICT,
            "stop": [],
            "n_indent": context.indent,
            "top_k": 40,
            "top_p": 0.90,
            "samplers": ["top_k", "top_p", "infill"],
            "stream": false,
            "cache_prompt": true,
            "t_max_prompt_ms": 500,
            "t_max_predict_ms": t_predict_ms,
            "response_fields": [
                "content", "truncated", "timings/prompt_n", "timings/cache_n",
                "timings/prompt_ms", "timings/predicted_n", "timings/predicted_ms",
            ],
        });
        if let Some(n_tokens) = self.n_tokens {
            body["n_predict"] = n_tokens.into();
            body["t_max_predict_ms"] = 60_000.into();
            body["samplers"] = json!(["top_k"]);
            body["top_k"] = 1.into();
            body["ignore_eos"] = true.into();
        }
        self.server.send(body);
        self.running = Some(context);
        self.ring.moved_to(&self.buffer);
        Ok(())
    }

    /// Asks for what comes behind a suggestion, as if it had been taken.
    fn ask_ahead(&mut self, shown: &str) -> Result<()> {
        let mut taken = self.buffer.clone();
        taken.text.insert_str(taken.cursor, shown);
        taken.cursor += shown.len();
        // The plugin counts the rest of the line as part of what is taken.
        taken.cursor += taken.line_after().len();
        self.ask_for(Context::at(&taken), T_PREDICT_AHEAD_MS)
    }

    /// Notes an answer: what it cost goes to this key.
    fn note(&mut self, answer: &Value, reply: &mut Reply) {
        let count = |name: &str| answer[name].as_u64().unwrap_or(0);
        let time = |name: &str| {
            Duration::from_secs_f64(answer[name].as_f64().unwrap_or(0.0).max(0.0) / 1000.0)
        };
        reply.computed += count("timings/prompt_n");
        reply.reused += count("timings/cache_n");
        reply.decoded += count("timings/predicted_n");
        let (prefill, decode) = (time("timings/prompt_ms"), time("timings/predicted_ms"));
        reply.prefill = Some(reply.prefill.unwrap_or_default() + prefill);
        reply.decode = Some(reply.decode.unwrap_or_default() + decode);
        let add = |total: &mut Option<u64>, n: u64| *total = total.map(|total| total + n);
        add(&mut self.run.computed, count("timings/prompt_n"));
        add(&mut self.run.decoded, count("timings/predicted_n"));
        let content = answer["content"].as_str().unwrap_or_default();
        if let Some(context) = self.running.take() {
            self.answers.insert(&context, content);
        }
    }

    /// The suggestion that the answers so far have for the cursor.
    fn hint(&mut self) -> Option<String> {
        let content = self.answers.find(&Context::at(&self.buffer))?;
        context::shown(&self.buffer, &content)
    }
}

impl System for LlamaVim {
    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> String {
        self.server.about.clone()
    }

    fn open(&mut self, _path: &str, buffer: &Buffer) -> Result<()> {
        // A file that is left is saved, and gives a chunk; so does the one that is entered. The
        // chunks go to the ring, and to the server, while nobody types.
        self.ring.pick_around(&self.buffer);
        self.buffer = buffer.clone();
        self.ring.pick_around(&self.buffer);
        if self.ring.update() {
            let body = json!({
                "id_slot": 0, "input_prefix": "", "input_suffix": "",
                "input_extra": self.ring.extra(), "prompt": "", "n_predict": 0,
                "temperature": 0.0, "samplers": [], "stream": false, "cache_prompt": true,
                "t_max_prompt_ms": 1, "t_max_predict_ms": 1,
            });
            self.server.send(body);
            self.server.receive(Instant::now() + PATIENCE)?;
        }
        Ok(())
    }

    fn key(&mut self, buffer: &Buffer, _: &Change, until: Option<Instant>) -> Result<Reply> {
        let pressed = Instant::now();
        self.buffer.clone_from(buffer);
        let mut reply = Reply::default();
        if let Some(shown) = self.hint() {
            (reply.after, reply.origin) = (Some(pressed.elapsed()), Origin::Memory);
            reply.not_own = Some(Duration::ZERO);
            reply.shown = Some(shown.clone());
            if until.is_none() {
                return Ok(reply);
            }
            self.ask_ahead(&shown)?;
        }
        if buffer.line_after().len() > LONGEST_REST_OF_LINE && reply.shown.is_none() {
            (reply.after, reply.origin) = (Some(pressed.elapsed()), Origin::Nobody);
        } else {
            self.ask()?;
            if self.running.is_none() && reply.shown.is_none() {
                // It was asked here before, and the answer was nothing.
                (reply.after, reply.origin) = (Some(pressed.elapsed()), Origin::Memory);
            }
        }
        let deadline = until.unwrap_or_else(|| pressed + PATIENCE);
        loop {
            if until.is_none() && reply.after.is_some() {
                break;
            }
            if self.running.is_none() && self.retry_at.is_none() {
                break;
            }
            let wake = self.retry_at.map_or(deadline, |at| at.min(deadline));
            if let Some(answer) = self.server.receive(wake)? {
                let is_here = self.running.as_ref() == Some(&Context::at(&self.buffer));
                self.note(&answer, &mut reply);
                if reply.shown.is_none() {
                    reply.shown = self.hint();
                    if reply.shown.is_some() || is_here {
                        (reply.after, reply.origin) = (Some(pressed.elapsed()), Origin::Model);
                        reply.not_own = reply.prefill.zip(reply.decode).map(|(p, d)| p + d);
                    }
                    if let (Some(shown), Some(_)) = (reply.shown.clone(), until) {
                        self.ask_ahead(&shown)?;
                    }
                }
            }
            if Instant::now() >= deadline {
                break;
            }
            if self.retry_at.is_some_and(|at| at <= Instant::now()) {
                self.retry_at = None;
                self.ask()?;
            }
        }
        Ok(reply)
    }

    fn wait_for_rest(&mut self) {
        self.server.process.wait_for_rest();
    }

    fn finish(&mut self) -> Result<Run> {
        if self.running.take().is_some() {
            let answer = self.server.receive(Instant::now() + PATIENCE)?;
            self.run.n_unanswered = usize::from(answer.is_none());
        }
        self.run.peak_memory = self.server.process.peak_memory();
        Ok(self.run.clone())
    }
}
