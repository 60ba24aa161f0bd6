//! The prompt: named sections in a fixed order, fitted to the token budget.

use std::ops::Range;

use grammars::tree_sitter::Tree;

use crate::completion::Surroundings;
use crate::completion::context::{self, Context, Spelling};
use crate::completion::excerpt::{Excerpt, excerpt};
use crate::completion::fim::{Assembled, Fim};
use crate::completion::layout::{Frame, Layout, Layouts};
use crate::completion::window;
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
    /// Whether the window was laid anew, because the last one no longer served.
    pub is_relaid: bool,
}

/// One named part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `prefix`, or one of [`SECTIONS`].
    pub name: &'static str,
    /// The text shown.
    pub text: String,
    /// Tokens it takes.
    pub n_tokens: usize,
    /// Index of the first of them in the prompt. Where two sections share a token, about.
    pub start: usize,
}

impl Section {
    /// How many of its tokens are among the prompt's first `n`, which is where a KV cache holds
    /// what is reused (but for entries that were moved).
    pub fn n_among_first(&self, n: usize) -> usize {
        n.saturating_sub(self.start).min(self.n_tokens)
    }
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
pub static SECTIONS: [Optional; 9] = [
    optional("signatures", LARGE),
    optional("snippets", LARGE),
    optional("open_files", LARGE),
    optional("recent_edits", LARGE),
    optional("own_file", LARGE),
    optional("diagnostics", LARGE),
    optional("path", 0),
    optional("outline", 0),
    optional("suffix", 0),
];

/// Parameters from which a model makes good use of other code in its prompt.
const LARGE: u64 = 100_000_000;

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
    /// Tokens of it behind the cursor, at most.
    pub n_behind: usize,
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

/// What a prompt is made from.
pub struct Ground<'a> {
    /// The document.
    pub snapshot: &'a Snapshot,
    /// Byte offset of the cursor.
    pub offset: usize,
    /// What is known beyond it.
    pub surroundings: &'a Surroundings,
    /// What earlier prompts were laid from.
    pub layouts: &'a Layouts,
}

/// Tokens set aside for sentinels.
const SENTINELS: usize = 5;

/// The sections from beyond the window have this share of the prompt, and all that a file leaves
/// which fits whole.
const CONTEXT_SHARE: usize = 4;

/// Far imports and signatures have at most this share of the prompt.
const OUTLINE_SHARE: usize = 8;

/// Builds the prompt. Without a fill-in-the-middle format the model is shown the text before the
/// cursor alone, and goes on from left to right.
///
/// What changes comes last: other files, most stable first, then this file's outline and the
/// window around the cursor, whose ends hold still. So a keystroke changes the end of the prompt
/// alone, where the suffix comes first, and else what stands behind the prefix.
pub fn build(
    ground: &Ground<'_>,
    fim: Option<&Fim>,
    tokenizer: &dyn Tokenizer,
    recipe: Recipe<'_>,
) -> Prompt {
    let snapshot = ground.snapshot;
    let header = fim
        .filter(|_| recipe.shows("path"))
        .map(|fim| fim.place_header(&snapshot.path))
        .unwrap_or_default();
    let lead = fim.map_or("", |fim| fim.lead.as_str());
    let mut own_header: Vec<Token> = header.before.into_iter().collect();
    own_header.extend(tokenizer.tokenize(&header.text_before));
    let path = format!("{lead}{}", header.text_inside);
    let n_own_header = own_header.len();
    let for_path = tokenizer.tokenize(&path).len();
    let budget = recipe
        .n_tokens
        .saturating_sub(SENTINELS + own_header.len() + for_path);
    let spelling = Spelling { fim, tokenizer };
    let laid = lay(ground, &spelling, budget, recipe);
    let excerpt = excerpt(&snapshot.text, ground.offset, &laid.window);

    // One call over all that stands before the cursor: a token may reach over a section's end,
    // and did so when our model was trained.
    let mut prefix = tokenizer.tokenize(&format!("{path}{}{}", laid.outline, excerpt.prefix));
    let suffix = tokenizer.tokenize(&excerpt.suffix);
    let n_prefix = prefix.len();
    let heal = if recipe.config.heal && recipe.config.uses("healing") {
        heal(tokenizer, &mut prefix)
    } else {
        Vec::new()
    };
    let n_header = usize::from(header.inside.is_some());
    prefix.splice(0..0, header.inside);
    let mut before = laid.context.tokens();
    if spelling.is_native() {
        before.extend(own_header);
    } else {
        prefix.splice(0..0, std::mem::replace(&mut before, own_header));
    }
    let assembled = match fim {
        Some(fim) => fim.assemble(tokenizer.bos(), &before, &prefix, &suffix),
        None => left_to_right(tokenizer.bos(), &prefix),
    };
    let for_outline = tokenizer.tokenize(&laid.outline).len();
    let section = |name, text, n_tokens, start| Section {
        name,
        text,
        n_tokens,
        start,
    };
    let n_context = laid.context.n_tokens();
    let inside = assembled.prefix + n_header;
    let (mut at, own_at, header_at) = match spelling.is_native() {
        true => (assembled.before, inside, assembled.before + n_context),
        false => (assembled.prefix, inside + n_context, assembled.before),
    };
    // A family's header for the open file stands apart from what opens its text.
    let path_at = if n_own_header > 0 { header_at } else { own_at };
    let context = laid.context.sections().map(|(name, text, n_tokens)| {
        at += n_tokens;
        section(name, text, n_tokens, at - n_tokens)
    });
    let own_text = n_prefix.saturating_sub(for_path + for_outline);
    let behind_path = own_at + for_path;
    let behind_outline = behind_path + for_outline;
    let own = [
        section(
            "path",
            format!("{}{path}", header.text_before),
            for_path + n_own_header,
            path_at,
        ),
        section("outline", laid.outline.clone(), for_outline, behind_path),
        section("prefix", excerpt.prefix.clone(), own_text, behind_outline),
        section(
            "suffix",
            excerpt.suffix.clone(),
            suffix.len(),
            assembled.suffix,
        ),
    ];
    let sections = context
        .chain(own)
        .filter(|section| !section.text.is_empty())
        .collect();
    Prompt {
        tokens: assembled.tokens,
        heal,
        sections,
        excerpt,
        is_relaid: laid.is_relaid,
    }
}

/// The prompt of a model that knows no other way than on from the prefix.
fn left_to_right(bos: Option<Token>, prefix: &[Token]) -> Assembled {
    let mut tokens: Vec<Token> = bos.into_iter().collect();
    let start = tokens.len();
    tokens.extend_from_slice(prefix);
    Assembled {
        before: start,
        prefix: start,
        suffix: tokens.len(),
        tokens,
    }
}

/// What a prompt shows, but for headers and sentinels.
struct Laid {
    context: Context,
    outline: String,
    window: Range<usize>,
    is_relaid: bool,
}

/// Lays a prompt of at most `budget` tokens, as much like the document's last one as it can be.
fn lay(ground: &Ground<'_>, spelling: &Spelling<'_>, budget: usize, recipe: Recipe<'_>) -> Laid {
    let Ground {
        snapshot, offset, ..
    } = *ground;
    let text = &snapshot.text;
    let tokenizer = spelling.tokenizer;
    let with_suffix = spelling.fim.is_some() && recipe.shows("suffix");
    let most_behind = if with_suffix { recipe.n_behind } else { 0 };
    let with_outline = recipe.config.outline && recipe.shows("outline");
    let shown = SECTIONS.iter().map(|section| section.name);
    let frame = Frame {
        n_tokens: budget,
        family: spelling
            .fim
            .map_or_else(String::new, |fim| fim.family.clone()),
        sections: shown.filter(|name| recipe.shows(name)).collect(),
    };
    let outline_from = |start: usize| match with_outline && start > 0 {
        true => outline(snapshot, offset, start, budget / OUTLINE_SHARE, tokenizer),
        false => String::new(),
    };
    let last = ground.layouts.last(snapshot.document, &frame);
    // Code that is being typed breaks the tree, and what a broken tree says comes and goes with
    // every key: the outline would change, and all behind it be read anew.
    let is_broken = |tree: &Tree| tree.root_node().has_error();
    let is_broken = snapshot.is_approximate || snapshot.tree.as_ref().is_some_and(is_broken);
    let n_context = last.as_ref().map_or(0, |last| last.context.n_tokens());

    // The window of the last prompt, if it still serves.
    let held = last.as_ref().and_then(|last| {
        let mut window = last.window_in(text)?;
        if !with_suffix {
            window.end = offset.max(window.start);
        }
        let outline = match is_broken {
            true => last.outline.clone(),
            false => outline_from(window.start),
        };
        let room = budget.saturating_sub(n_context + tokenizer.tokenize(&outline).len());
        let shown = window::serves(&window, text, offset, room, most_behind, tokenizer)?;
        Some((window, outline, shown))
    });
    let is_relaid = held.is_none();

    // The sections, as far as there is room for them.
    let (around, behind, room) = match (&held, &last) {
        (Some((window, _, shown)), Some(last)) => (window.clone(), *shown, last.context.room),
        _ => {
            let around = window::lay(text, offset, budget, most_behind, tokenizer);
            let shown = text.byte_slice(around.clone()).to_string();
            let left = budget.saturating_sub(tokenizer.tokenize(&shown).len());
            let is_whole = around.start == 0 && (!with_suffix || around.end == text.len_bytes());
            let share = budget / CONTEXT_SHARE;
            (around, 0, if is_whole { left.max(share) } else { share })
        }
    };
    let ask = context::Ask {
        snapshot,
        offset,
        window: around,
        surroundings: ground.surroundings,
        query: context::Query::at(text, offset),
    };
    let held_context = last.as_ref().map(|last| &last.context);
    let context = Context::settle(held_context, &ask, &frame.sections, room, behind, spelling);

    // And the window in what is left.
    let left = budget.saturating_sub(context.n_tokens());
    let (window, outline) = match held {
        Some((window, outline, _)) if context.n_tokens() <= n_context => (window, outline),
        _ => {
            let window = window::lay(text, offset, left, most_behind, tokenizer);
            let outline = outline_from(window.start);
            let left = left.saturating_sub(tokenizer.tokenize(&outline).len());
            match outline.is_empty() {
                true => (window, outline),
                false => {
                    let window = window::lay(text, offset, left, most_behind, tokenizer);
                    let outline = outline_from(window.start);
                    (window, outline)
                }
            }
        }
    };
    ground.layouts.keep(
        snapshot.document,
        Layout {
            frame,
            text: text.clone(),
            window: window.clone(),
            outline: outline.clone(),
            context: context.clone(),
        },
    );
    Laid {
        context,
        outline,
        window,
        is_relaid,
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
    let mut keep = |range: Range<usize>| -> Option<String> {
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
