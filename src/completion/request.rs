//! From a place in a document to a job for the model.

use std::sync::Arc;

use crate::completion::fim::{Fim, Order};
use crate::completion::prompt::{self, Ground, Prompt, Recipe};
use crate::completion::show::weights::{self, Heads};
use crate::completion::site::Site;
use crate::completion::trigger::Extent;
use crate::completion::trim::{Around, Draft, Memo, Watch};
use crate::completion::{Means, Surroundings};
use crate::config::CompletionConfig;
use crate::model::{Job, ModelError, Reuse, Sampling};
use crate::session::Snapshot;
use crate::syntax::Place;

/// How a model writes that was not trained to fill in the middle.
pub const LEFT_TO_RIGHT: &str = "left to right, blind to what follows";

/// Bytes of a file that are looked at to judge an answer, at most; beyond, it is the excerpt.
const MAX_SITE: usize = 64 * 1024;

/// A completion that is ready to be written.
#[derive(Clone)]
pub struct Request {
    /// The document.
    pub snapshot: Snapshot,
    /// Byte offset of the cursor.
    pub offset: usize,
    /// What kind of text the cursor stands in.
    pub place: Place,
    /// How far the completion goes.
    pub extent: Extent,
    /// What the model is shown.
    pub prompt: Prompt,
    /// What decides whether an answer fits.
    pub site: Site,
    /// What the rules have found out about it.
    pub memo: Memo,
    /// What the model is asked.
    pub job: Job,
    /// The weights that judge this model's answers.
    pub heads: Arc<Heads>,
    /// What is known beyond the document.
    pub surroundings: Arc<Surroundings>,
    /// How it is asked, for a person to read.
    pub format: String,
}

impl Request {
    /// Watches over an answer.
    pub fn watch(&self) -> Watch {
        Watch::new(&self.snapshot, self.offset, self.extent)
    }

    /// An empty answer in its place.
    pub fn draft(&self) -> Draft<'_> {
        Draft {
            before: &self.site.before,
            after: &self.site.after,
            text: String::new(),
            seen_end: None,
            extent: self.extent,
            language: self.snapshot.language,
            around: Some(Around {
                snapshot: &self.snapshot,
                offset: self.offset,
                surroundings: &self.surroundings,
            }),
            memo: Some(&self.memo),
        }
    }
}

/// Moved entries are for those who ask for them: the shipped model, prefix first, finds the rest of
/// 2.8 % of lines with them and of 7.8 % without (600 cursors, twelve keys typed before each).
fn reuse(config: &CompletionConfig) -> Reuse {
    match config.shift {
        true => Reuse::Shifted,
        false => Reuse::Exact,
    }
}

/// How a line or a block is written. A block ends where its tree says so, which the model cannot
/// know beforehand, so only lines are searched for.
fn sampling(extent: Extent, means: &Means) -> Sampling {
    match extent {
        Extent::Line => search(means).unwrap_or_default(),
        Extent::Block => Sampling::Greedy,
    }
}

/// Lines that are looked for beyond those that are wanted: the rules make some of them equal.
const SPARE_LINES: usize = 2;

/// The search for a line, where one is wanted.
pub(super) fn search(means: &Means) -> Option<Sampling> {
    let (width, n_lines) = match means.n_lines {
        0 | 1 => (means.config.beam, 1),
        n => (means.config.beam.max(n + 1), n + SPARE_LINES),
    };
    (width > 1 && means.config.uses("beam")).then_some(Sampling::Beam { width, n_lines })
}

/// Makes a request, once the model is loaded.
///
/// # Errors
/// When the model could not be loaded.
pub async fn prepare(
    snapshot: &Snapshot,
    offset: usize,
    extent: Extent,
    means: &Means,
) -> Result<Request, ModelError> {
    let Means {
        model,
        config,
        allowance,
        ..
    } = means;
    let info = model.ready().await?;
    let allowance = allowance.for_model(info.n_params);
    let tokenizer = model
        .tokenizer()
        .ok_or_else(|| ModelError::Gone("it is loaded but has no tokenizer".to_owned()))?;
    let mut fim = Fim::choose(config.format.as_deref(), &info, &*tokenizer)?;
    if let (Some(fim), Some(order)) = (&mut fim, config.order) {
        fim.order = order;
    }
    let max_tokens = match extent {
        Extent::Line => config.max_line_tokens.min(allowance.line_tokens),
        Extent::Block => config.max_block_tokens.min(allowance.block_tokens),
    };
    // The room for the answer is the same for a line and a block: a prompt that changed its size
    // with the extent would lose its place in the KV cache at every change.
    let longest = config.max_line_tokens.max(config.max_block_tokens);
    let room = (info.n_ctx as usize).saturating_sub(longest);
    let recipe = Recipe {
        n_tokens: config.prompt_tokens.min(room).min(allowance.prompt_tokens),
        // Prefix first, the suffix stands behind what is typed, and is read anew at every key.
        n_behind: match fim.as_ref().map(|fim| fim.order) {
            Some(Order::Psm) if !config.shift => allowance.suffix_tokens,
            _ => usize::MAX,
        },
        n_params: info.n_params,
        config,
    };
    let ground = Ground {
        snapshot,
        offset,
        surroundings: &means.surroundings,
        layouts: &means.layouts,
    };
    let prompt = prompt::build(&ground, fim.as_ref(), &*tokenizer, recipe);
    let job = Job {
        prompt: prompt.tokens.clone(),
        heal: prompt.heal.clone(),
        max_tokens,
        stop: match extent {
            Extent::Line => vec!["\n".to_owned()],
            Extent::Block => Vec::new(),
        },
        stop_tokens: fim
            .as_ref()
            .map(|fim| fim.stops.clone())
            .unwrap_or_default(),
        sampling: sampling(extent, means),
        guess: config.uses("speculation"),
        priority: means.priority,
        slot: snapshot.document,
        adapter: means.adapter.clone(),
        reuse: reuse(config),
    };
    let site = Site::of(snapshot, offset, MAX_SITE).unwrap_or_else(|| Site {
        before: prompt.excerpt.prefix.clone(),
        after: prompt.excerpt.suffix.clone(),
    });
    Ok(Request {
        snapshot: snapshot.clone(),
        place: snapshot.place(offset),
        offset,
        extent,
        site,
        memo: Memo::default(),
        prompt,
        job,
        heads: weights::heads(&info),
        surroundings: Arc::clone(&means.surroundings),
        format: fim.map_or(LEFT_TO_RIGHT.to_owned(), |fim| fim.describe()),
    })
}
