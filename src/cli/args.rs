//! Arguments, as typed.

mod writing;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::explanation::tongue::Tongue;
pub use writing::{DocstringArgs, TestsArgs};

/// Inline completion for Python from a model on your own machine.
#[derive(Debug, Parser)]
#[command(
    name = "midfill",
    version,
    about,
    after_help = "\
Examples:
  midfill complete app.py:12:20            what would stand at line 12, column 20?
  midfill complete app.py:12 --json        at the end of line 12, for a program to read
  midfill why app.py:12:20                 why this, or why nothing?
  midfill explain app.py:12                what does the function at line 12 do?
  midfill docstring app.py:12              what docstring would that function have?
  midfill doctor                           is all well, and how fast is it?
  midfill doctor --model qwen.gguf         the same for another model
  midfill serve                            the language server, on standard input and output

Nothing leaves this machine. https://microsoft.github.io/language-server-protocol tells how
editors speak to `midfill serve`; the README has the set-up for Neovim."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve an editor over standard input and output (LSP).
    Serve(ServeArgs),
    /// Complete at a place in a file.
    #[command(after_help = "\
Examples:
  midfill complete app.py:12:20     at line 12, before column 20 (both from 1)
  midfill complete app.py:12        at the end of line 12
  midfill complete - < app.py       at the end of standard input")]
    Complete(CompleteArgs),
    /// Explain a completion: prompt, tokens, times, every rule's verdict, or why there is none.
    #[command(after_help = "\
Examples:
  midfill why app.py:12:20          why does, or would, this stand at line 12, column 20?
  midfill why app.py:12 --by-hand   the same for a completion asked for by hand

In an editor, the command `midfill.why` explains the last ghost text; in Neovim, :Midfill why.")]
    Why(WhyArgs),
    /// Explain a function: what it does, how it works, what may break, how to better it.
    #[command(after_help = "\
Examples:
  midfill explain app.py:12                      the function at line 12, or the class and its methods
  midfill explain app.py:12-40                   the functions in these lines
  midfill explain app.py:12 --lang zh            in Chinese
  midfill explain app.py:12 --model qwen2.5-coder-1.5b-instruct.gguf
                                                 with what an instruct model has to say
  midfill explain app.py --json                  every function of the file, for a program to read

Facts are read off the code, in milliseconds and without a model. What a model says comes behind
them, and what contradicts the code is struck through.")]
    Explain(ExplainArgs),
    /// Write docstrings for functions that have none, in the style of the repository.
    #[command(after_help = "\
Examples:
  midfill docstring app.py:12                    what would be written for the function at line 12
  midfill docstring app.py:12 --write            write it into the file
  midfill docstring app.py --facts --write       for every function of the file, without a model
  midfill docstring app.py:12 --style numpy      in another style than the repository's

Parameters, results and exceptions are read off the code. The first line is the model's where what
it says holds, else the name of the function in words; standard error tells which.")]
    Docstring(DocstringArgs),
    /// Write a pytest skeleton for a function.
    #[command(after_help = "\
Examples:
  midfill tests shop/cart.py:12                          print tests for the function at line 12
  midfill tests shop/cart.py:12 -o tests/test_cart.py    put them into a file; what it has stays
  midfill tests shop/cart.py:12 --facts                  without a model

There is a test for an ordinary call, one for each exception and one for each parameter that decides
on a branch. What cannot be known is `...` with a TODO. An instruct model adds up to three cases,
marked as its own.")]
    Tests(TestsArgs),
    /// Say what was learnt of which suggestions you take, or forget it.
    #[command(after_help = "\
Examples:
  midfill learning            what was learnt, and where it is kept
  midfill learning --reset    forget it

It is learnt on this machine only, as a few numbers and nothing of your code. The option `learn`
switches it off; in an editor, the command `midfill.resetLearning` forgets it too.")]
    Learning(LearningArgs),
    /// Say what was found, how fast it is, and what is wrong.
    Doctor(DoctorArgs),
    /// Measure how often the rest of a line is right, beside baselines.
    #[command(after_help = "\
Examples:
  midfill eval src/                                  on your own code
  midfill eval heldout/ --against random.gguf        a shard of data-filter, and a second model
  midfill eval a/ b/ --ablation --task cross-file    what each prompt section and rule is worth")]
    Eval(EvalArgs),
    /// Measure speed and use on real files, beside other programs.
    Bench {
        /// What to measure.
        #[command(subcommand)]
        what: BenchCommand,
    },
    /// The former name of `bench replay`.
    #[command(hide = true)]
    Replay(Box<ReplayArgs>),
}

/// Which model, and on what.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ModelArgs {
    /// A GGUF file; without it the shipped model.
    #[arg(long, value_name = "FILE.gguf")]
    pub model: Option<PathBuf>,
    /// Context in tokens; without it what the model was trained with.
    #[arg(long, value_name = "TOKENS")]
    pub context: Option<u32>,
    /// Threads; without it one less than there are cores.
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Layers on the GPU; without it as many as fit.
    #[arg(long, value_name = "N")]
    pub gpu_layers: Option<u32>,
    /// How to ask it to fill in the middle, where no known format fits.
    #[arg(long, value_name = "FILE.toml")]
    pub format: Option<PathBuf>,
    /// A llama-server to ask instead: the only thing that ever leaves this machine.
    #[arg(long, value_name = "URL", conflicts_with = "model")]
    pub remote: Option<String>,
    /// What the server speaks: `llama-server` (`/infill`) or `open-ai` (`/v1/completions`).
    #[arg(long, value_name = "KIND", requires = "remote")]
    pub remote_kind: Option<String>,
    /// The model's name there.
    #[arg(long, value_name = "NAME", requires = "remote")]
    pub remote_model: Option<String>,
    /// Its fill-in-the-middle family, for servers that take no suffix.
    #[arg(long, value_name = "FAMILY", requires = "remote")]
    pub remote_family: Option<String>,
    /// The environment variable with the API key.
    #[arg(long, value_name = "NAME", requires = "remote")]
    pub remote_key_env: Option<String>,
    /// A LoRA adapter for it.
    #[arg(long, value_name = "FILE.gguf")]
    pub adapter: Option<PathBuf>,
}

/// `midfill serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Which model; an editor's options override it.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Answer from a file of rules instead of a model, for tests of editors:
    /// `[{"ends_with": "…", "says": "…"}]`; the first rule whose text ends the prefix answers.
    #[arg(long, value_name = "FILE.json", hide = true)]
    pub scripted: Option<PathBuf>,
    /// Accepted because many clients pass it; standard input and output is all there is.
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// `midfill complete`.
#[derive(Debug, clap::Args)]
pub struct CompleteArgs {
    /// FILE:LINE:COLUMN or FILE:LINE, counted from 1; `-` reads standard input to its end.
    pub place: String,
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// JSON for a program to read.
    #[arg(long)]
    pub json: bool,
    /// The model's own text, its likeliest token each time: no token healing, no search, no
    /// clean-up. For comparing with other programs.
    #[arg(long, conflicts_with = "candidates")]
    pub raw: bool,
    /// Show so many different completions to choose from, where there are.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub candidates: u8,
    /// Also draw it as a picture.
    #[arg(long, value_name = "FILE.svg")]
    pub picture: Option<PathBuf>,
    /// Lines shown before and after the completion.
    #[arg(long, value_name = "LINES", default_value_t = 8)]
    pub around: usize,
}

/// `midfill why`.
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// FILE:LINE:COLUMN or FILE:LINE, counted from 1; `-` reads standard input to its end.
    pub place: String,
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// As if asked for by hand, not while typing.
    #[arg(long)]
    pub by_hand: bool,
    /// JSON for a program to read.
    #[arg(long)]
    pub json: bool,
}

/// `midfill explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// FILE:LINE, FILE:LINE-LINE or FILE, lines counted from 1; `-` reads standard input to its end.
    pub place: String,
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The language to explain in, such as `en`, `zh` or `German`; without it that of the shell.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Tongue>,
    /// The facts alone: no model is asked.
    #[arg(long)]
    pub facts: bool,
    /// Every function of the file, those within functions too; facts alone.
    #[arg(long)]
    pub all: bool,
    /// The file alone: nothing of the project around it.
    #[arg(long)]
    pub alone: bool,
    /// Also draw it as a picture.
    #[arg(long, value_name = "FILE.svg")]
    pub picture: Option<PathBuf>,
    /// JSON for a program to read: the facts as data, and the same text.
    #[arg(long)]
    pub json: bool,
    /// Answer from a file of rules instead of a model, for tests.
    #[arg(long, value_name = "FILE.json", hide = true)]
    pub scripted: Option<PathBuf>,
}

/// `midfill learning`.
#[derive(Debug, clap::Args)]
pub struct LearningArgs {
    /// Forget what was learnt.
    #[arg(long)]
    pub reset: bool,
}

/// `midfill doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// JSON for a program to read.
    #[arg(long)]
    pub json: bool,
}

/// `midfill eval`.
#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    /// Directories of Python files, or shards and output directories of data-filter.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// A further model in the same table; may be given several times.
    #[arg(long, value_name = "FILE.gguf")]
    pub against: Vec<PathBuf>,
    /// Random cursors.
    #[arg(long, default_value_t = 500)]
    pub cursors: usize,
    /// Files scored for bits per byte.
    #[arg(long, default_value_t = 100)]
    pub files: usize,
    /// Equal seeds draw equal cursors.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Tokens of the prompt, at most.
    #[arg(long, value_name = "TOKENS")]
    pub prompt_tokens: Option<usize>,
    /// Hypotheses kept side by side while a line is written; 1 is greedy.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub beam: usize,
    /// Switch token healing off.
    #[arg(long)]
    pub no_healing: bool,
    /// Switch the outline of far imports and signatures off.
    #[arg(long)]
    pub no_outline: bool,
    /// Take the model's text as it is, without the clean-up rules.
    #[arg(long)]
    pub no_clean_up: bool,
    /// The order of the prompt's parts, for a model that learnt both; without it its format's.
    #[arg(long, value_enum)]
    pub order: Option<OrderName>,
    /// Let the model read the prompts of so many keys before each cursor first, as if they had
    /// just been typed.
    #[arg(long, value_name = "KEYS", default_value_t = 0)]
    pub typed: usize,
    /// Move entries of the KV cache to where the next prompt has them.
    #[arg(long)]
    pub shift: bool,
    /// Learn from these cursors when a suggestion of this model is worth showing, and write the
    /// weights, and a picture beside them, to this file; `-` is where the server looks for them.
    #[arg(long, value_name = "FILE.json")]
    pub calibrate: Option<PathBuf>,
    /// Keep what was learnt from in this file, or take it from there if it exists.
    #[arg(long, value_name = "FILE.jsonl")]
    pub rows: Option<PathBuf>,
    /// Write every answer as a line of JSON to this file.
    #[arg(long, value_name = "FILE.jsonl")]
    pub answers: Option<PathBuf>,
    /// What is asked at a cursor.
    #[arg(long, value_enum, default_value_t = TaskName::Line)]
    pub task: TaskName,
    /// Instead: what each prompt section and clean-up rule is worth, with and without it.
    #[arg(long, conflicts_with_all = ["against", "answers"])]
    pub ablation: bool,
    /// Instead: what the name check says of what the authors wrote, which should be nothing. Asks
    /// no model; --answers takes the lines it is wrong about.
    #[arg(long, conflicts_with_all = ["against", "ablation"])]
    pub names: bool,
    /// With --ablation: only these names.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        requires = "ablation"
    )]
    pub only: Vec<String>,
    /// Show these prompt sections although the model is too small for them to pay.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub with: Vec<String>,
    /// Leave these prompt sections and clean-up rules out.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub without: Vec<String>,
    /// With --ablation: JSON for a program to read.
    #[arg(long, requires = "ablation")]
    pub json: bool,
}

/// An order of the prompt's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OrderName {
    /// Prefix, suffix, middle.
    Psm,
    /// Suffix, prefix, middle.
    Spm,
}

/// What is asked at a cursor of `midfill eval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TaskName {
    /// The rest of a line, from a random character of it.
    Line,
    /// A statement of one line, on its emptied line.
    Next,
    /// A statement of two to eight lines, on an empty line.
    Block,
    /// The rest of a line that uses a name which only another file of the repository defines.
    CrossFile,
}

/// `midfill bench`.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Type real files through the real server, key by key.
    #[command(after_help = "\
Each input is a Python file, of which a part is typed, or a git repository (bare ones too), of which
some commits are typed: hunks in file order, deletions erased, insertions typed.

Examples:
  midfill bench replay app.py --from 100 --keys 300
  midfill bench replay project/ --commits 5 --seed 2     what five commits changed
  midfill bench replay app.py --rhythm 60                as a person types, 60 words a minute
  midfill bench replay a.py b.py --peer llama-server --plot ghost-text.svg
                                                         beside llama-server, in turns

A peer gets the same keys, model, context and threads. It is asked as llama.vim asks it; where that
is not exactly so, it is in its favour. tests/setup/llama-server brings one.")]
    Replay(Box<ReplayArgs>),
}

/// `midfill bench replay`.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// Python files and git repositories.
    #[arg(required = true, value_name = "FILE|REPOSITORY")]
    pub inputs: Vec<PathBuf>,
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Line to start typing at, counted from 1; without it the middle of the file.
    #[arg(long, value_name = "LINE")]
    pub from: Option<usize>,
    /// Keys to type: of each file, or of each repository.
    #[arg(long, default_value_t = 300)]
    pub keys: usize,
    /// Commits to draw from each repository.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub commits: usize,
    /// Equal seeds draw equal commits and equal gaps between keys.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Type as a person does, at so many words a minute, the gaps between keys drawn from a
    /// log-normal distribution; without it a key is pressed when the answer to the one before is
    /// there.
    #[arg(long, value_name = "WORDS", num_args = 0..=1, default_missing_value = "60")]
    pub rhythm: Option<f64>,
    /// The simulated person really takes what is worth taking, instead of only counting it.
    #[arg(long)]
    pub accept: bool,
    /// The editor closes brackets ahead.
    #[arg(long)]
    pub auto_close: bool,
    /// The project that the files lie in, for the server to look around in.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// An option of the server, such as `promptTokens=512`; may be given several times.
    #[arg(long = "set", value_name = "OPTION=VALUE")]
    pub options: Vec<String>,
    /// Answer from a file of rules instead of a model, for tests.
    #[arg(long, value_name = "FILE.json", hide = true)]
    pub scripted: Option<PathBuf>,
    /// Another program that gets the same keys in the same run; may be given several times.
    #[arg(long, value_name = "PEER")]
    pub peer: Vec<Peer>,
    /// The peer's program, if it is not on PATH.
    #[arg(long, value_name = "PROGRAM", default_value = "llama-server")]
    pub peer_program: PathBuf,
    /// Tokens that an answer has, at most; a peer writes exactly so many, the likeliest ones. For
    /// comparing speed with a model of random weights, which knows no end.
    #[arg(long, value_name = "TOKENS")]
    pub tokens: Option<usize>,
    /// Draw how the time to an answer is distributed.
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// JSON for a program to read.
    #[arg(long)]
    pub json: bool,
    /// Write every key, with what came of it, as a line of JSON to this file.
    #[arg(long, value_name = "FILE.jsonl")]
    pub answers: Option<PathBuf>,
}

/// What Midfill is measured beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Peer {
    /// llama-server, its prompt in the order prefix, suffix, middle.
    LlamaServer,
    /// llama-server with the suffix first.
    LlamaServerSpm,
}
