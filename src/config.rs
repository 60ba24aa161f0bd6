//! Options, as a person or an editor wrote them, and the config that the program uses.
//!
//! Every key has its meaning and its default here and nowhere else. An unknown key is a warning,
//! a value of the wrong kind is a warning and the default.

pub mod adapters;
pub mod budget;
pub mod format;
pub mod remote;
pub mod territory;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use adapters::Adapters;
use budget::Budget;
use format::{Format, Order};
use remote::Remote;
use territory::Territory;

/// All settings as the program uses them.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The model.
    pub model: ModelConfig,
    /// Ghost text.
    pub completion: CompletionConfig,
    /// How long models stay, and which there are to switch to.
    pub serving: ServingConfig,
    /// The repository around the documents.
    pub project: ProjectConfig,
    /// The language that explanations are in, such as `en`, `zh` or `German`; `None` is that of the
    /// editor. Key `language`.
    pub language: Option<String>,
    /// Whether a function is told in a few lines over its name and calls of it. Key `hover`.
    pub hover: bool,
    /// Whether explanations ask ruff, where it is on `PATH`. Key `ruff`.
    pub ruff: bool,
    /// Where it is kept what this user takes; `None` forgets it at the end. Not an option: the
    /// program knows the place.
    pub taste_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            model: ModelConfig::default(),
            completion: CompletionConfig::default(),
            serving: ServingConfig::default(),
            project: ProjectConfig::default(),
            language: None,
            hover: true,
            ruff: true,
            taste_file: None,
        }
    }
}

/// What is known of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectConfig {
    /// Folder of the virtual environment, absolute or inside the workspace; `None` looks for it.
    /// Read at the start. Key `environment`.
    pub environment: Option<PathBuf>,
}

/// Which model, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelConfig {
    /// A GGUF file; `None` is the shipped model. Key `model`.
    pub path: Option<PathBuf>,
    /// Context in tokens; `None` is what the model was trained with. Key `context`.
    pub n_ctx: Option<u32>,
    /// Threads; `None` is one less than there are cores. Key `threads`.
    pub n_threads: Option<u32>,
    /// Layers on the GPU; `None` is as many as fit. Key `gpuLayers`.
    pub gpu_layers: Option<u32>,
    /// Whether what the KV cache holds for each document is kept on disk, so that the first
    /// suggestion after a restart is warm; `None` is yes. Half a gigabyte at most, in
    /// `midfill/documents` in the user's cache folder, for the owner's eyes only: it holds the
    /// tokens of the text. Key `snapshots`.
    pub snapshots: Option<bool>,
    /// A server that runs the model instead of this machine. Key `remote`: its address, or an
    /// object with `url`, `kind` (`llama-server` or `open-ai`), `model`, `family`, `apiKeyEnv`,
    /// `apiKeyFile` and `timeoutSeconds`.
    pub remote: Option<Remote>,
}

/// How long models stay, and which there are to switch to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServingConfig {
    /// Minutes without a key after which weights and KV cache are given back, until the next key;
    /// 0 is never. `None` lets small models on the CPU stay, whose weights are mapped from their
    /// file, and gives back the others after half an hour. Key `idleUnloadMinutes`.
    pub idle_unload_minutes: Option<u32>,
    /// Models by name, to switch to from the editor. Key `models`: an object of names and paths.
    pub models: BTreeMap<String, PathBuf>,
}

/// How ghost text is made.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionConfig {
    /// Whether ghost text is offered at all. Key `enabled`.
    pub enabled: bool,
    /// Tokens of the prompt, at most; the model's context may lower it. Key `promptTokens`.
    pub prompt_tokens: usize,
    /// Tokens written to the end of a line, at most. Key `maxLineTokens`.
    pub max_line_tokens: usize,
    /// Tokens written to the end of a block, at most. Key `maxBlockTokens`.
    pub max_block_tokens: usize,
    /// How long somebody waits for ghost text: prompts and answers are as long as the model is fast
    /// enough for. `None` waits for as long as it takes. Key `budget`: an object with `firstMs` and
    /// `wholeMs`, or `false`.
    pub budget: Option<Budget>,
    /// Hypotheses that are kept side by side while a line is written; 1 is greedy, and the line comes
    /// piece by piece. Key `beam`.
    pub beam: usize,
    /// Lowest mean log-probability of a token that is still shown. Does not hold for a completion
    /// asked for by hand. Key `minScore`.
    pub min_score: f32,
    /// How the model is asked to fill in the middle, where no known format fits: the path of a file
    /// or the format itself. Key `format`.
    pub format: Option<Arc<Format>>,
    /// LoRA adapters by repository root, or one for all. Key `adapters`.
    pub adapters: Arc<Adapters>,
    /// The order of the prompt's parts, `psm` or `spm`, for a model that learnt both; `None` is its
    /// format's. Key `order`.
    pub order: Option<Order>,
    /// Whether entries of the KV cache are moved to where the next prompt has them. Prefix first, a
    /// key then costs few tokens instead of the whole suffix, but what the model reads is
    /// approximate, and its answers are worse. Key `shift`.
    pub shift: bool,
    /// Whether it is learnt, on this machine only, which suggestions the user takes. Key `learn`.
    pub learn: bool,
    /// Least probability, in `0.0..=1.0`, that a suggestion is kept for it to be shown. Below it a
    /// shorter part that is sure enough is shown, or nothing. 0 shows all there is, whole. Does not
    /// hold for a completion asked for by hand. At the default the shipped model shows something at
    /// 47 % of places and 68 % of that is kept; at 0.2 it is 53 % and 63 %, at 0.5 41 % and 74 %
    /// (1,200 places in six repositories that it never saw). Key `minConfidence`.
    pub min_confidence: f32,
    /// Whether imports and signatures from far above are shown to the model. Key `outline`.
    pub outline: bool,
    /// Whether the last token before the cursor is healed. Key `healing`.
    pub heal: bool,
    /// Whether the clean-up rules run over what the model wrote. Key `cleanUp`.
    pub clean_up: bool,
    /// Whether the completion after the one being shown is written ahead, and prompts are read
    /// ahead while the user pauses. Key `prefetch`.
    pub prefetch: bool,
    /// Whether ghost text is offered in comments. Key `inComments`.
    pub in_comments: bool,
    /// Whether ghost text is offered in strings. Key `inStrings`.
    pub in_strings: bool,
    /// In which languages, and in which files not. Keys `languages` and `exclude`.
    pub territory: Arc<Territory>,
    /// Names of what is left out, to measure what each is worth: prompt sections, clean-up rules,
    /// and `healing`, `beam`, `speculation`, `further_line`, `further_token`, `copy` (what stands
    /// elsewhere is offered too), `cut` (shorter parts are shown). Key `without`.
    pub without: Vec<String>,
    /// Names of prompt sections that are shown although the model is too small for them to pay.
    /// Key `with`.
    pub with: Vec<String>,
}

impl CompletionConfig {
    /// Whether what has this name in `without` is in use.
    pub fn uses(&self, name: &str) -> bool {
        !self.without.iter().any(|without| without == name)
    }

    /// For the model's own text: what it writes token by token, likeliest first, with nothing
    /// healed, searched for, copied, cut or cleaned up.
    pub fn raw(mut self) -> CompletionConfig {
        self.heal = false;
        self.clean_up = false;
        let ways = ["beam", "copy", "cut", "further_line", "further_token"];
        self.without.extend(ways.map(str::to_owned));
        self
    }
}

impl Default for CompletionConfig {
    fn default() -> Self {
        CompletionConfig {
            enabled: true,
            prompt_tokens: 1024,
            max_line_tokens: 48,
            max_block_tokens: 128,
            budget: Some(Budget::default()),
            beam: 1,
            min_score: f32::NEG_INFINITY,
            format: None,
            adapters: Arc::default(),
            order: None,
            shift: false,
            learn: true,
            min_confidence: 0.35,
            outline: true,
            heal: true,
            clean_up: true,
            prefetch: true,
            in_comments: true,
            in_strings: true,
            territory: Arc::default(),
            without: Vec::new(),
            with: Vec::new(),
        }
    }
}

/// Reads the options a client sent. What is wrong with them comes back as sentences; the rest
/// holds.
pub fn from_options(options: &Value) -> (Config, Vec<String>) {
    from_options_over(&Config::default(), options)
}

/// Reads the options a client sent, over what the command line gave.
pub fn from_options_over(given: &Config, options: &Value) -> (Config, Vec<String>) {
    let mut config = given.clone();
    let mut problems = Vec::new();
    let Value::Object(options) = options else {
        if !options.is_null() {
            problems.push("the options are not a JSON object; the defaults hold".to_owned());
        }
        return (config, problems);
    };
    for (key, value) in options {
        match OPTIONS.iter().find(|(known, _)| known == key) {
            None => problems.push(format!("there is no option `{key}`")),
            // `null` is the default.
            Some(_) if value.is_null() => {}
            Some((_, set)) => {
                if let Err(problem) = set(&mut config, value) {
                    let problem =
                        problem.unwrap_or_else(|| format!("the option `{key}` cannot be {value}"));
                    problems.push(format!("{problem}; its default holds"));
                }
            }
        }
    }
    (config, problems)
}

/// Sets one option. For a value it cannot have nothing is set; what is wrong with it may be told
/// in a sentence.
type Set = fn(&mut Config, &Value) -> Result<(), Option<String>>;

/// All keys, in the order of [`Config`].
#[rustfmt::skip]
static OPTIONS: &[(&str, Set)] = &[
    ("model", |c, v| put(&mut c.model.path, v.as_str().map(|path| Some(PathBuf::from(path))))),
    ("context", |c, v| put(&mut c.model.n_ctx, positive(v).map(Some))),
    ("threads", |c, v| put(&mut c.model.n_threads, positive(v).map(Some))),
    ("gpuLayers", |c, v| put(&mut c.model.gpu_layers, number(v).map(Some))),
    ("snapshots", |c, v| put(&mut c.model.snapshots, v.as_bool().map(Some))),
    ("remote", |c, v| put_remote(&mut c.model.remote, v)),
    ("idleUnloadMinutes", |c, v| put(&mut c.serving.idle_unload_minutes, number(v).map(Some))),
    ("models", |c, v| put(&mut c.serving.models, paths(v))),
    ("enabled", |c, v| put(&mut c.completion.enabled, v.as_bool())),
    ("promptTokens", |c, v| put(&mut c.completion.prompt_tokens, tokens(v))),
    ("maxLineTokens", |c, v| put(&mut c.completion.max_line_tokens, tokens(v))),
    ("maxBlockTokens", |c, v| put(&mut c.completion.max_block_tokens, tokens(v))),
    ("budget", |c, v| put(&mut c.completion.budget, Budget::from_option(v))),
    ("beam", |c, v| put(&mut c.completion.beam, tokens(v))),
    ("minScore", |c, v| put(&mut c.completion.min_score, v.as_f64().map(|score| score as f32))),
    ("format", |c, v| put_format(&mut c.completion.format, v)),
    ("adapters", |c, v| put_adapters(&mut c.completion.adapters, v)),
    ("order", |c, v| put(&mut c.completion.order, Order::deserialize(v).ok().map(Some))),
    ("shift", |c, v| put(&mut c.completion.shift, v.as_bool())),
    ("learn", |c, v| put(&mut c.completion.learn, v.as_bool())),
    ("minConfidence", |c, v| put(&mut c.completion.min_confidence, probability(v))),
    ("outline", |c, v| put(&mut c.completion.outline, v.as_bool())),
    ("healing", |c, v| put(&mut c.completion.heal, v.as_bool())),
    ("cleanUp", |c, v| put(&mut c.completion.clean_up, v.as_bool())),
    ("environment", |c, v| put(&mut c.project.environment, v.as_str().map(|path| Some(PathBuf::from(path))))),
    ("language", |c, v| put(&mut c.language, v.as_str().map(|name| Some(name.to_owned())))),
    ("hover", |c, v| put(&mut c.hover, v.as_bool())),
    ("ruff", |c, v| put(&mut c.ruff, v.as_bool())),
    ("prefetch", |c, v| put(&mut c.completion.prefetch, v.as_bool())),
    ("inComments", |c, v| put(&mut c.completion.in_comments, v.as_bool())),
    ("inStrings", |c, v| put(&mut c.completion.in_strings, v.as_bool())),
    ("languages", |c, v| Arc::make_mut(&mut c.completion.territory).set_languages(v).ok_or(None)),
    ("exclude", |c, v| Arc::make_mut(&mut c.completion.territory).set_exclude(v).ok_or(None)),
    ("without", |c, v| put(&mut c.completion.without, strings(v))),
    ("with", |c, v| put(&mut c.completion.with, strings(v))),
];

/// The keys of all options.
pub fn option_names() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().map(|(name, _)| *name)
}

fn put<T>(place: &mut T, value: Option<T>) -> Result<(), Option<String>> {
    *place = value.ok_or(None)?;
    Ok(())
}

fn put_format(place: &mut Option<Arc<Format>>, value: &Value) -> Result<(), Option<String>> {
    *place = Some(Arc::new(Format::from_option(value).map_err(Some)?));
    Ok(())
}

fn put_adapters(place: &mut Arc<Adapters>, value: &Value) -> Result<(), Option<String>> {
    *place = Arc::new(Adapters::from_option(value).map_err(Some)?);
    Ok(())
}

fn put_remote(place: &mut Option<Remote>, value: &Value) -> Result<(), Option<String>> {
    *place = Some(Remote::from_option(value).map_err(Some)?);
    Ok(())
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok())
}

fn positive(value: &Value) -> Option<u32> {
    number(value).filter(|n| *n > 0)
}

fn probability(value: &Value) -> Option<f32> {
    let share = value.as_f64()?;
    (0.0..=1.0).contains(&share).then_some(share as f32)
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    value.as_array()?.iter().map(text).collect()
}

fn paths(value: &Value) -> Option<BTreeMap<String, PathBuf>> {
    let path = |(name, path): (&String, &Value)| Some((name.clone(), path.as_str()?.into()));
    value.as_object()?.iter().map(path).collect()
}

fn tokens(value: &Value) -> Option<usize> {
    positive(value).map(|n| n as usize)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn good_keys_hold_and_bad_ones_are_named() {
        let (config, problems) = from_options(&json!({
            "model": "/m/a.gguf", "threads": 2, "outline": false,
            "context": "big", "colour": "red", "enabled": null,
        }));
        assert_eq!(config.model.path, Some(PathBuf::from("/m/a.gguf")));
        assert_eq!(config.model.n_threads, Some(2));
        assert!(!config.completion.outline);
        assert!(config.completion.enabled);
        assert_eq!(
            problems,
            [
                "there is no option `colour`",
                "the option `context` cannot be \"big\"; its default holds",
            ]
        );
    }

    #[test]
    fn no_options_are_the_defaults() {
        assert_eq!(from_options(&Value::Null), (Config::default(), Vec::new()));
        assert_eq!(from_options(&json!({})), (Config::default(), Vec::new()));
        assert_eq!(from_options(&json!([1])).1.len(), 1);
    }
}
