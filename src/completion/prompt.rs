//! The prompt: named sections in a fixed order, fitted to the token budget.

use crate::completion::excerpt::{Budget, Excerpt, excerpt};
use crate::completion::fim::Fim;
use crate::config::CompletionConfig;
use crate::model::{Token, Tokenizer, heal};
use crate::session::Snapshot;
use crate::syntax;

/// A prompt ready for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Tokens, sentinels included.
    pub tokens: Vec<Token>,
    /// Bytes the answer must begin with: the end of the prefix, cut back to a token boundary.
    pub heal: Vec<u8>,
    /// The sections, for people who want to know what the model was shown.
    pub sections: Vec<Section>,
    /// The lines around the cursor that were shown.
    pub excerpt: Excerpt,
}

/// One named part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `path`, `outline`, `prefix` or `suffix`.
    pub name: &'static str,
    /// The text shown.
    pub text: String,
    /// Tokens it takes.
    pub n_tokens: usize,
}

/// A kind of section that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Optional {
    /// Its name, as in `without`, `with` and [`Section::name`].
    pub name: &'static str,
    /// Parameters a model must have for the section to pay for its tokens: below, it is shown only
    /// to who asks for it with the option `with`.
    pub pays_from: u64,
}

/// The sections that can be left out, in the order of the prompt.
pub static SECTIONS: [Optional; 3] = [
    optional("path", 0),
    optional("outline", 0),
    optional("suffix", 0),
];

const fn optional(name: &'static str, pays_from: u64) -> Optional {
    Optional { name, pays_from }
}

/// Whether a section is shown to a model of so many parameters.
pub fn shows(name: &str, config: &CompletionConfig, n_params: u64) -> bool {
    let pays = SECTIONS
        .iter()
        .any(|section| section.name == name && n_params >= section.pays_from);
    config.uses(name) && (pays || config.with.iter().any(|with| with == name))
}

/// What goes into a prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe<'a> {
    /// Tokens for the whole prompt.
    pub n_tokens: usize,
    /// Parameters of the model.
    pub n_params: u64,
    /// Which sections are wanted.
    pub config: &'a CompletionConfig,
}

impl Recipe<'_> {
    fn shows(&self, name: &str) -> bool {
        shows(name, self.config, self.n_params)
    }
}

/// Tokens set aside for sentinels.
const SENTINELS: usize = 5;

/// Builds the prompt for `offset`. Without a fill-in-the-middle format the model is shown the
/// text before the cursor alone, and goes on from left to right.
pub fn build(
    snapshot: &Snapshot,
    offset: usize,
    fim: Option<&Fim>,
    tokenizer: &dyn Tokenizer,
    recipe: Recipe<'_>,
) -> Prompt {
    let budget = recipe.n_tokens.saturating_sub(SENTINELS);
    let header = fim
        .filter(|_| recipe.shows("path"))
        .map(|fim| fim.place_header(&snapshot.path))
        .unwrap_or_default();
    let lead = fim.map_or("", |fim| fim.lead.as_str());
    let mut before: Vec<Token> = header.before.into_iter().collect();
    before.extend(tokenizer.tokenize(&header.text_before));
    let path = header.text_inside;
    let for_path = tokenizer.tokenize(&path).len();
    let with_outline = recipe.config.outline && recipe.shows("outline");
    let with_suffix = fim.is_some() && recipe.shows("suffix");
    let for_outline = if with_outline { budget / 8 } else { 0 };
    let for_suffix = if with_suffix { budget / 4 } else { 0 };
    let for_prefix = budget.saturating_sub(before.len() + for_path + for_outline + for_suffix);
    let around = Budget {
        prefix: for_prefix,
        suffix: for_suffix,
    };
    let excerpt = excerpt(snapshot, offset, around, tokenizer);
    let outline = match with_outline && excerpt.start > 0 {
        true => outline(snapshot, offset, excerpt.start, for_outline, tokenizer),
        false => String::new(),
    };

    // One call over all that stands before the cursor: a token may reach over a section's end,
    // and did so when our model was trained.
    let mut prefix = tokenizer.tokenize(&format!("{lead}{path}{outline}{}", excerpt.prefix));
    let suffix = if with_suffix {
        tokenizer.tokenize(&excerpt.suffix)
    } else {
        Vec::new()
    };
    let n_prefix = prefix.len();
    let heal = if recipe.config.heal && recipe.config.uses("healing") {
        heal(tokenizer, &mut prefix)
    } else {
        Vec::new()
    };
    prefix.splice(0..0, header.inside);
    let tokens = match fim {
        Some(fim) => fim.assemble(tokenizer.bos(), &before, &prefix, &suffix),
        None => tokenizer.bos().into_iter().chain(prefix).collect(),
    };

    let for_outline = tokenizer.tokenize(&outline).len();
    let sections = [
        Section {
            name: "path",
            text: path,
            n_tokens: for_path,
        },
        Section {
            name: "outline",
            text: outline,
            n_tokens: for_outline,
        },
        Section {
            name: "prefix",
            text: excerpt.prefix.clone(),
            n_tokens: n_prefix.saturating_sub(for_path + for_outline),
        },
        Section {
            name: "suffix",
            text: excerpt.suffix.clone(),
            n_tokens: suffix.len(),
        },
    ];
    let sections = sections
        .into_iter()
        .filter(|section| !section.text.is_empty())
        .collect();
    Prompt {
        tokens,
        heal,
        sections,
        excerpt,
    }
}

/// Imports and enclosing signatures that lie before the excerpt, each on lines of its own,
/// nearest signatures first to be kept when the budget is short.
fn outline(
    snapshot: &Snapshot,
    offset: usize,
    excerpt_start: usize,
    budget: usize,
    tokenizer: &dyn Tokenizer,
) -> String {
    let (Some(language), Some(tree)) = (snapshot.language, &snapshot.tree) else {
        return String::new();
    };
    let text = &snapshot.text;
    let mut used = 0;
    let mut keep = |range: std::ops::Range<usize>| -> Option<String> {
        // From the line's start, so that the indentation is seen.
        let line_start = text.line_to_byte(text.byte_to_line(range.start));
        let shown = format!("{}\n", text.byte_slice(line_start..range.end));
        let cost = tokenizer.tokenize(&shown).len();
        (used + cost <= budget).then(|| {
            used += cost;
            shown
        })
    };
    let signatures: Vec<String> = syntax::enclosing_scopes(language, tree, text, offset)
        .into_iter()
        .rev()
        .filter(|scope| scope.signature.end <= excerpt_start)
        .map_while(|scope| keep(scope.signature))
        .collect();
    let imports: Vec<String> = syntax::imports(language, tree, text)
        .into_iter()
        .filter(|range| range.end <= excerpt_start)
        .map_while(keep)
        .collect();
    let mut shown = imports.concat();
    for signature in signatures.iter().rev() {
        shown.push_str(signature);
    }
    shown
}
