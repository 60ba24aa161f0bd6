//! Weights of the score: data, made by `midfill eval … --calibrate`.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::candidate::Origin;
use super::features::{FEATURES, Features};
use crate::model::ModelInfo;

/// What the program was built with.
static SHIPPED: &str = include_str!("weights.json");

/// What a probability is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// The whole text is what the author would have written to the end of the line or statement.
    Exact,
    /// The author would have written all of the text, and perhaps more behind it.
    Kept,
}

/// A logistic model: the log-odds are the bias and, for each feature, the weight times its
/// distance from the mean in units of the scale. A feature that is not known counts as the mean.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Head {
    /// Log-odds where all features have their means.
    pub bias: f32,
    /// By feature: mean, scale (standard deviation) and weight.
    pub terms: BTreeMap<String, [f32; 3]>,
}

impl Head {
    /// The log-odds, and what each feature adds to the bias.
    pub fn log_odds(&self, features: &Features) -> (f32, Vec<(&'static str, f32)>) {
        let parts: Vec<_> = FEATURES
            .iter()
            .zip(features)
            .filter_map(|(name, value)| {
                let [mean, scale, weight] = self.terms.get(*name)?;
                let part = weight * (value - mean) / scale.max(1e-6);
                (part.is_finite() && part != 0.0).then_some((*name, part))
            })
            .collect();
        (
            self.bias + parts.iter().map(|(_, part)| part).sum::<f32>(),
            parts,
        )
    }
}

/// The heads for one model, by [`key`].
pub type Heads = BTreeMap<String, Head>;

/// The name of a head.
pub fn key(origin: Origin, question: Question) -> &'static str {
    match (origin, question) {
        (Origin::Model, Question::Exact) => "model.exact",
        (Origin::Model, Question::Kept) => "model.kept",
        (Origin::Copy, Question::Exact) => "copy.exact",
        (Origin::Copy, Question::Kept) => "copy.kept",
    }
}

/// A file of weights.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// The form of the file. Another one is not read.
    pub version: u32,
    /// Which model they were made with; see [`fingerprint`].
    pub model: String,
    /// The heads for that model.
    pub heads: Heads,
    /// Heads of the model's numbers alone, for any other model.
    pub general: Heads,
}

/// The form that this program writes and reads.
pub const VERSION: u32 = 1;

/// What tells a model from others, also as a file name.
pub fn fingerprint(info: &ModelInfo) -> String {
    let name = info.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!("{name}-{}-{}-{}", info.n_params, info.n_vocab, info.n_bytes).to_lowercase()
}

/// Where a calibration made by the user for a model is kept.
pub fn user_file(fingerprint: &str) -> Option<PathBuf> {
    let file = format!("{fingerprint}.json");
    Some(dirs::config_dir()?.join("midfill/calibration").join(file))
}

/// The heads for a model: the user's own calibration, else the shipped one made with this very
/// model, else the shipped general one. Read once a model.
pub fn heads(info: &ModelInfo) -> Arc<Heads> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Heads>>>> = LazyLock::new(Mutex::default);
    let fingerprint = fingerprint(info);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let heads = known.entry(fingerprint).or_insert_with_key(|fingerprint| {
        Arc::new(find(fingerprint, user_file(fingerprint).as_deref()))
    });
    heads.clone()
}

fn find(fingerprint: &str, user_file: Option<&Path>) -> Heads {
    let own = user_file.and_then(|path| {
        let text = std::fs::read_to_string(path).ok()?;
        let weights = read(&text);
        if weights.is_none() {
            tracing::warn!(
                "{} is no calibration of this version and is passed over; make it anew with \
                 `midfill eval DIR --calibrate`",
                path.display()
            );
        }
        weights
    });
    let Some(shipped) = read(SHIPPED) else {
        return Heads::new();
    };
    match own {
        Some(own) if own.model == fingerprint => own.heads,
        _ if shipped.model == fingerprint => shipped.heads,
        _ => shipped.general,
    }
}

fn read(text: &str) -> Option<Weights> {
    let weights: Weights = serde_json::from_str(text).ok()?;
    (weights.version == VERSION).then_some(weights)
}
