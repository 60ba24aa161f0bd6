//! `midfill bench replay`.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use super::{plot, table};
use crate::cli::args::{Peer, ReplayArgs};
use crate::cli::open;
use crate::evaluation::replay::{
    self, Figures, Key, LlamaServerOptions, LlamaVim, Manner, Midfill, Plan, Run, System,
};

/// What one run found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The systems, in the order of all lists below.
    pub(super) systems: Vec<String>,
    /// What each is and how it was started.
    pub(super) about: Vec<String>,
    /// What has to be known to read the figures.
    pub(super) notes: Vec<String>,
    /// Each input.
    pub(super) inputs: Vec<InputReport>,
    /// All inputs together.
    pub(super) all: Vec<Figures>,
    /// How each system ran.
    pub(super) runs: Vec<Run>,
}

impl Report {
    fn names(&self) -> Vec<String> {
        let name = |input: &InputReport| format!("{} ({} lines)", input.name, input.n_lines);
        self.inputs.iter().map(name).collect()
    }
}

/// What was found for one input.
#[derive(Debug, Serialize)]
pub(super) struct InputReport {
    /// File or repository.
    pub(super) name: String,
    /// Lines of the file, or of all files typed in.
    pub(super) n_lines: usize,
    /// Figures of each system.
    pub(super) figures: Vec<Figures>,
}

/// One input: a file, or what some commits of a repository changed.
struct Input {
    name: String,
    plans: Vec<Plan>,
}

pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode> {
    let inputs: Vec<Input> = args
        .inputs
        .iter()
        .map(|path| input(path, args))
        .collect::<Result<_>>()?;
    let manner = Manner {
        words_per_minute: args.rhythm,
        takes: args.accept,
        closes_ahead: args.auto_close,
        block: 25,
        n_keys: args.keys,
        seed: args.seed,
    };
    if args
        .rhythm
        .is_some_and(|speed| !(1.0..=1000.0).contains(&speed))
    {
        bail!("--rhythm takes 1 to 1000 words a minute");
    }
    let mut systems = systems(args)?;
    let mut keys: Vec<Vec<Vec<Key>>> = Vec::new();
    let progress = crate::cli::progress(args.keys * inputs.len() * systems.len(), " keys");
    for input in &inputs {
        let mut of_input = vec![Vec::new(); systems.len()];
        for plan in &input.plans {
            let n_left = args.keys.saturating_sub(of_input[0].len());
            let manner = Manner {
                n_keys: n_left,
                ..manner
            };
            let typed = replay::replay(&mut systems, plan, &manner, || progress.inc(1))?;
            for (all, typed) in of_input.iter_mut().zip(typed) {
                all.extend(typed);
            }
        }
        keys.push(of_input);
    }
    progress.finish_and_clear();
    let runs = systems.iter_mut().map(|system| system.finish());
    let runs = runs.collect::<Result<Vec<Run>>>()?;
    let mut report = report(&inputs, &systems, &keys, runs);
    report.notes = notes(args);
    if let Some(path) = &args.answers {
        write_keys(path, &report, &keys)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::plot(&report.systems, &report.names(), &keys))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", table::table(&report));
    }
    let amiss = |run: &Run| run.n_unanswered + run.n_out_of_order > 0;
    Ok(ExitCode::from(u8::from(report.runs.iter().any(amiss))))
}

fn input(path: &Path, args: &ReplayArgs) -> Result<Input> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    if path.is_dir() {
        let plans = replay::plans(path, args.commits, args.seed)?;
        if plans.is_empty() {
            bail!("no commit of {} has anything to type", path.display());
        }
        return Ok(Input { name, plans });
    }
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {} as UTF-8", path.display()))?;
    // With a root, the file is named as it lies in it.
    let within = args.root.as_ref().and_then(|root| {
        let (root, path) = (root.canonicalize().ok()?, path.canonicalize().ok()?);
        Some(path.strip_prefix(root).ok()?.to_string_lossy().into_owned())
    });
    let from = args.from.unwrap_or(text.lines().count() / 2).max(1);
    let file = within.as_deref().unwrap_or(&name);
    let mut plan = Plan::of_file(file, &text, from - 1, args.keys).map_err(anyhow::Error::msg)?;
    plan.name.clone_from(&name);
    Ok(Input {
        name,
        plans: vec![plan],
    })
}

fn systems(args: &ReplayArgs) -> Result<Vec<Box<dyn System>>> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut arguments = vec!["serve".to_owned()];
    arguments.extend(args.model.arguments());
    if let Some(rules) = &args.scripted {
        arguments.extend(["--scripted".to_owned(), rules.display().to_string()]);
    }
    let root = args
        .root
        .as_ref()
        .map(|root| {
            root.canonicalize()
                .with_context(|| format!("cannot read the project {}", root.display()))
        })
        .transpose()?;
    let mut options = options(&args.options)?;
    // What a simulated person takes says nothing of the user, nor the other way round.
    if options.get("learn").is_none() {
        options["learn"] = false.into();
    }
    if let Some(n_tokens) = args.tokens {
        options["maxLineTokens"] = n_tokens.into();
        options["maxBlockTokens"] = n_tokens.into();
        // Weights that know nothing are never sure.
        options["minConfidence"] = 0.into();
    }
    let midfill = Midfill::start(&program, &arguments, &options, root.as_deref())?;
    let mut systems: Vec<Box<dyn System>> = vec![Box::new(midfill)];
    for peer in &args.peer {
        let options = LlamaServerOptions {
            program: args.peer_program.clone(),
            model: open::path(&args.model.config()?)?,
            n_ctx: args.model.context.unwrap_or(MOST_CONTEXT),
            n_threads: args.model.threads.unwrap_or_else(threads),
            gpu_layers: args.model.gpu_layers,
            spm: *peer == Peer::LlamaServerSpm,
            n_tokens: args.tokens,
        };
        systems.push(Box::new(LlamaVim::start(&options)?));
    }
    Ok(systems)
}

/// Context that Midfill gives a model which was trained with more, in tokens.
const MOST_CONTEXT: u32 = 4096;

/// Threads that Midfill takes by itself: one less than there are cores.
fn threads() -> u32 {
    let n = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(n - 1).unwrap_or(1).max(1)
}

/// `name=value` pairs as a JSON object; a value that is no JSON is a text.
fn options(pairs: &[String]) -> Result<Value> {
    let mut options = serde_json::Map::new();
    for pair in pairs {
        let Some((name, value)) = pair.split_once('=') else {
            bail!("--set takes OPTION=VALUE, such as promptTokens=512, and not {pair}");
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        options.insert(name.to_owned(), value);
    }
    Ok(Value::Object(options))
}

fn report(
    inputs: &[Input],
    systems: &[Box<dyn System>],
    keys: &[Vec<Vec<Key>>],
    runs: Vec<Run>,
) -> Report {
    let of_input = |(input, keys): (&Input, &Vec<Vec<Key>>)| InputReport {
        name: input.name.clone(),
        n_lines: input
            .plans
            .iter()
            .map(|plan| plan.before.lines().count())
            .sum(),
        figures: keys.iter().map(|keys| Figures::of(keys)).collect(),
    };
    let all = (0..systems.len()).map(|idx| {
        let pooled: Vec<Key> = keys.iter().flat_map(|keys| keys[idx].clone()).collect();
        Figures::of(&pooled)
    });
    Report {
        systems: systems
            .iter()
            .map(|system| system.name().to_owned())
            .collect(),
        about: systems.iter().map(|system| system.about()).collect(),
        notes: Vec::new(),
        inputs: inputs.iter().zip(keys).map(of_input).collect(),
        all: all.collect(),
        runs,
    }
}

/// What makes the comparison fair, and what does not.
fn notes(args: &ReplayArgs) -> Vec<String> {
    let mut notes = Vec::new();
    if args.peer.is_empty() {
        return notes;
    }
    let mut note = |text: &str| notes.push(text.to_owned());
    note(
        "Same keys in turns of 25, same model file, context and threads. A ratio is Midfill's figure \
         divided by the peer's.",
    );
    note(match args.rhythm {
        None => {
            "The peer is asked as llama.vim asks it, but a key that its cache of answers can serve \
             sends no request, and nothing is asked ahead."
        }
        Some(_) => {
            "The peer is asked as llama.vim asks it: one request at a time, the next after 100 ms, \
             and ahead for what comes behind a suggestion."
        }
    });
    if let Some(n) = args.tokens {
        note(&format!(
            "Answers were fixed at {n} tokens, the likeliest: how many each wrote stands above. \
             With random weights, what is shown says nothing; times and tokens do."
        ));
    }
    notes
}

fn write_keys(path: &Path, report: &Report, keys: &[Vec<Vec<Key>>]) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    for (input, keys) in report.inputs.iter().zip(keys) {
        for (system, keys) in report.systems.iter().zip(keys) {
            for key in keys {
                let line = json!({"input": input.name, "system": system, "key": key});
                writeln!(out, "{line}")?;
            }
        }
    }
    out.flush()
}
