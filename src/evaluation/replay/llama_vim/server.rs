//! A llama-server in a child process, asked over one connection on this machine.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;
use ureq::Agent;

use super::super::process::Process;
use super::super::wire::PATIENCE;
use super::LlamaServerOptions;

/// Tokens of a batch, which bounds the prompt, as in the server's own presets for such models.
const BATCH: u64 = 1024;
/// Tokens of the context that the prompt must leave free.
const ROOM: u64 = 256;
/// How long its model may take to load.
const LOADING: Duration = Duration::from_secs(120);

pub(super) struct Server {
    pub(super) process: Process,
    /// Version and arguments, for the report.
    pub(super) about: String,
    /// From starting the program to its model being ready.
    pub(super) ready_after: Duration,
    requests: Sender<Value>,
    answers: Receiver<Result<Value>>,
}

impl Server {
    pub(super) fn start(options: &LlamaServerOptions) -> Result<Server> {
        let version = version(&options.program)?;
        let began = Instant::now();
        let (process, address, arguments) = started(options, BATCH)?;
        let ready_after = began.elapsed();
        let agent = agent();
        let props = agent.get(format!("{address}/props")).call();
        let props = props.context("llama-server does not tell its properties")?;
        let props: Value = serde_json::from_reader(props.into_body().into_reader())?;
        let n_ctx = props
            .pointer("/default_generation_settings/n_ctx")
            .and_then(Value::as_u64);
        // It fills the batch without regard to a context that is as small.
        if let Some(n_ctx) = n_ctx.filter(|n_ctx| *n_ctx < BATCH + ROOM) {
            drop(process);
            let began = Instant::now();
            let (process, address, arguments) = started(options, n_ctx.saturating_sub(ROOM))?;
            let ready_after = began.elapsed();
            return Ok(Server::new(
                &version,
                process,
                address,
                &arguments,
                ready_after,
            ));
        }
        Ok(Server::new(
            &version,
            process,
            address,
            &arguments,
            ready_after,
        ))
    }

    fn new(
        version: &str,
        process: Process,
        address: String,
        arguments: &[String],
        ready_after: Duration,
    ) -> Server {
        let (requests, to_send) = channel::<Value>();
        let (answered, answers) = channel();
        // One request at a time; ends when the server is dropped.
        std::thread::spawn(move || {
            let agent = agent();
            for body in to_send {
                if answered.send(post(&agent, &address, &body)).is_err() {
                    break;
                }
            }
        });
        Server {
            process,
            about: format!("{version}, {}", arguments.join(" ")),
            ready_after,
            requests,
            answers,
        }
    }

    /// Sends a request to `/infill`.
    pub(super) fn send(&self, body: Value) {
        // The other end is gone only with this one.
        let _ = self.requests.send(body);
    }

    /// The answer to the request that was sent; `None` when it is not there by `until`.
    pub(super) fn receive(&self, until: Instant) -> Result<Option<Value>> {
        let left = until.saturating_duration_since(Instant::now());
        match self.answers.recv_timeout(left) {
            Ok(answer) => answer.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("llama-server cannot be asked any more"),
        }
    }
}

/// Nothing but the server itself is ever asked: no proxy, no redirect, an error's text kept.
fn agent() -> Agent {
    Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn post(agent: &Agent, address: &str, body: &Value) -> Result<Value> {
    let answer = agent
        .post(format!("{address}/infill"))
        .content_type("application/json")
        .send(serde_json::to_vec(body)?)
        .context("llama-server does not answer")?;
    let status = answer.status();
    let answer: Value = serde_json::from_reader(answer.into_body().into_reader())
        .context("llama-server answered with something that is no JSON")?;
    if !status.is_success() {
        let message = answer.pointer("/error/message").and_then(Value::as_str);
        return Err(anyhow!(
            "llama-server refused: {}",
            message.unwrap_or("without a reason")
        ));
    }
    Ok(answer)
}

/// Starts the program on a free port of the loopback interface and waits for its model.
fn started(options: &LlamaServerOptions, batch: u64) -> Result<(Process, String, Vec<String>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    let port = listener.local_addr()?.port();
    drop(listener);
    let mut arguments = vec![
        format!("-c {}", options.n_ctx),
        format!("-t {}", options.n_threads),
        format!("-b {batch}"),
        format!("-ub {batch}"),
        "-np 1".to_owned(),
        "--cache-reuse 256".to_owned(),
    ];
    arguments.extend(options.gpu_layers.map(|n| format!("-ngl {n}")));
    arguments.extend(options.spm.then(|| "--spm-infill".to_owned()));
    let mut command = ended_with_us(&options.program);
    command
        .arg("-m")
        .arg(&options.model)
        .args(arguments.iter().flat_map(|pair| pair.split(' ')))
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .args(["--no-webui"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut process = Process::start(&mut command)?;
    let address = format!("http://127.0.0.1:{port}");
    let agent = agent();
    let started = Instant::now();
    loop {
        let health = agent.get(format!("{address}/health")).call();
        if health.is_ok_and(|health| health.status().is_success()) {
            return Ok((process, address, arguments));
        }
        if process.child.try_wait()?.is_some() || started.elapsed() > LOADING {
            bail!(
                "llama-server did not load {}; run it by hand to see why: {} -m {0} {}",
                options.model.display(),
                options.program.display(),
                arguments.join(" ")
            );
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The command, which the kernel ends when this program ends in whatever way, where there is a tool
/// that says so; dropping [`Process`] covers the other ways but a kill.
fn ended_with_us(program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if cfg!(target_os = "linux") && setpriv.exists() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        return command;
    }
    Command::new(program)
}

/// What the program says of its version.
fn version(program: &Path) -> Result<String> {
    let said = Command::new(program).arg("--version").output();
    let said = said.with_context(|| {
        format!(
            "cannot start {}; install llama.cpp, or run tests/setup/llama-server and give the path \
             it prints with --peer-program",
            program.display()
        )
    })?;
    let said = [said.stdout, said.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().find(|line| line.starts_with("version"));
    Ok(format!(
        "llama-server {}",
        line.unwrap_or("of unknown version")
    ))
}
