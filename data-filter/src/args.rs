//! The command line, as typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Turns GitHub Python into fine-tuning data.
#[derive(Debug, Parser)]
#[command(name = "data-filter", version, arg_required_else_help = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Filter directories and git repositories into shards
    Run(RunArgs),
    /// Print kept records as JSON lines
    Cat(CatArgs),
}

const RUN_EXAMPLES: &str = "\
Examples:
  data-filter run ~/src/flask --out data
      one clone: the files of its HEAD commit, not those of the work tree
  data-filter run mirrors/*.git --repos repos.tsv --out data --force
      bare repositories, with names, commits and licences from a list
  data-filter run old-sources --ext py,pyw --max-lines 100 --out short
      a plain directory, two extensions, short files only

The preset `codex` drops, in this order, the first rule that objects giving the reason:
  size          larger than 1,000,000 bytes            (paper: under 1 MB)
  duplicate     content seen before in this run        (paper: unique files)
  nul, blank    a NUL byte; nothing but white space    (our own)
  generated     says so in its first lines             (paper; phrases from CodeParrot, StarCoder2)
  line_length   a line over 1000 characters            (paper; characters as in CodeParrot)
  line_mean     over 100 characters a line on average  (paper)
  alphanumeric  under 0.25 letters and digits          (paper; the number from CodeParrot)
Paper: arXiv 2107.03374, section 3.1.

What it leaves in DIR:
  kept-00000.jsonl.zst …  repo, commit, path, blob, licence, bytes, text
  dropped.jsonl.zst       the same without text, with the rule and the measured value
  unreadable.jsonl        what could not be read, and why
  summary.json            counts by rule and by repository
The same inputs give the same bytes, whatever --threads says.

Exit codes: 0 done, 1 done with some input unreadable, 2 could not run.";

/// `data-filter run`.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Directories of sources, or git repositories, bare or with a work tree
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,

    /// Directory for the results
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// The rules
    #[arg(long, value_enum, default_value_t = PresetName::Codex)]
    pub preset: PresetName,

    /// Also drop files of more than this many lines
    #[arg(long, value_name = "N")]
    pub max_lines: Option<u64>,

    /// File extensions to read, separated by commas
    #[arg(long, value_name = "EXT", value_delimiter = ',', default_value = "py")]
    pub ext: Vec<String>,

    /// Commit, branch or tag to read from git repositories [default: the list's, else HEAD]
    #[arg(long, value_name = "REV")]
    pub rev: Option<String>,

    /// Tab-separated list with the columns repository, commit and licence
    #[arg(long, value_name = "LIST")]
    pub repos: Option<PathBuf>,

    /// Threads [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,

    /// Zstandard level of the shards, 1 (fast) to 19 (small)
    #[arg(long, value_name = "N", default_value_t = crate::shard::LEVEL, value_parser = clap::value_parser!(i32).range(1..=19))]
    pub level: i32,

    /// Replace results that DIR already holds
    #[arg(long)]
    pub force: bool,
}

/// The presets by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresetName {
    /// The filters of the Codex paper
    Codex,
}

const CAT_EXAMPLES: &str = "\
Examples:
  data-filter cat data | head -1
  data-filter cat data --fields repo,path,bytes
  data-filter cat data/kept-00003.jsonl.zst > three.jsonl";

/// `data-filter cat`.
#[derive(Debug, clap::Args)]
#[command(after_help = CAT_EXAMPLES)]
pub struct CatArgs {
    /// Directories of a finished run, or single shards
    #[arg(required = true, value_name = "DIR|SHARD")]
    pub inputs: Vec<PathBuf>,

    /// Only these fields, in this order, separated by commas
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub fields: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Args::command().debug_assert();
    }
}
