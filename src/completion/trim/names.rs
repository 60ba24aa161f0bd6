//! A completion names what exists.
//!
//! Of what the completion adds, names that are read, attributes of `self` and of imported modules
//! and classes, and keyword arguments are looked up: in the document's scopes, its imports, the
//! project, the environment, the standard library, the builtins. Only what is known to be missing
//! counts: where not all that could hold a name can be read, nothing is said of it.

mod meaning;
mod missing_import;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;

use grammars::tree_sitter::Node;
use ropey::Rope;

use super::{Around, Draft, Verdict, closers};
use crate::project::lookup::Found;
use crate::syntax::names::{Scopes, Use, text_of, uses};
use crate::syntax::{self, Opened};
use meaning::Meaning;
pub use missing_import::MissingImport;

/// Steps of the parser that a check may cost before it is asked whether there is anything to find.
const QUICK: usize = 60;

/// What the check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// Names that are missing, in the order of the text.
    pub unknown: Vec<Unknown>,
    /// Names that were looked up.
    pub n_lookups: usize,
    /// The import that would bring all that is missing.
    pub import: Option<MissingImport>,
}

/// A name that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The name.
    pub name: String,
    /// What it is used as.
    pub kind: Kind,
    /// Byte range in the completion; starts at 0 where the person typed its beginning.
    pub range: Range<usize>,
}

/// What a missing name is used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name that no scope binds.
    Name,
    /// An attribute.
    Attribute,
    /// A keyword argument.
    Keyword,
    /// A name imported from a module that has none such.
    Import,
}

/// Cuts back to the last whole line that names nothing missing; drops the answer where there is
/// none.
pub(super) fn judge(draft: &Draft<'_>) -> Verdict {
    let finding = check(draft);
    let Some(first) = finding.unknown.into_iter().next() else {
        return Verdict::Keep;
    };
    if let Some(import) = finding.import {
        return Verdict::Import(import);
    }
    let text = draft.text.as_str();
    let line_ends = text[..first.range.start.min(text.len())]
        .match_indices('\n')
        .map(|(at, _)| text[..at].trim_end().len());
    for end in line_ends.rev() {
        let kept = &text[..end];
        // Not inside brackets, and not at a header without its body.
        let is_whole = still_open(draft, kept) == still_open(draft, "");
        if !kept.trim().is_empty() && is_whole && !kept.ends_with([':', '\\', ',']) {
            return Verdict::Cut(end);
        }
    }
    Verdict::Drop(match first.kind {
        Kind::Name => "it names something that does not exist",
        Kind::Attribute => "it names an attribute that does not exist",
        Kind::Keyword => "it names a parameter that does not exist",
        Kind::Import => "it imports something that does not exist",
    })
}

/// Looks up every name that the draft adds. Nothing is found where the document is not known, or
/// not in Python.
pub fn check(draft: &Draft<'_>) -> Finding {
    let (Some(around), Some(language)) = (draft.around, draft.language) else {
        return Finding::default();
    };
    if language.id != "python" || draft.text.trim().is_empty() || draft.is_prose() {
        return Finding::default();
    }
    let Around {
        snapshot, offset, ..
    } = around;
    let added = finished(draft);
    let mut rope = snapshot.text.clone();
    rope.insert(rope.byte_to_char(offset), &added);
    let old = snapshot.tree.clone().map(|mut tree| {
        tree.edit(&syntax::edit(&snapshot.text, offset, offset, &added));
        tree
    });
    // A tree that was too dear to parse before is so here too.
    let quickly = match snapshot.is_approximate {
        true => None,
        false => syntax::parse_within(language, &rope, old.as_ref(), QUICK),
    };
    let tree = match quickly {
        None if old.is_some() && stands_elsewhere(draft, &snapshot.text) => None,
        None => syntax::parse(language, &rope, old.as_ref()),
        tree => tree,
    };
    let Some(tree) = tree else {
        return Finding::default();
    };
    let text = rope.to_string();
    let scopes = Scopes::new(tree.root_node(), &text);
    let check = Check {
        meaning: Meaning::new(&scopes, around),
        added: offset..offset + draft.text.len(),
        n_lookups: Cell::new(0),
        scopes: &scopes,
    };
    let (mut unknown, mut nodes) = (Vec::new(), Vec::new());
    for one in uses(tree.root_node(), check.added.clone()) {
        let Some(kind) = check.missing(one) else {
            continue;
        };
        let node = one.name();
        unknown.push(Unknown {
            name: text_of(node, &text).to_owned(),
            kind,
            range: node.start_byte().saturating_sub(offset)..node.end_byte() - offset,
        });
        nodes.push(node);
    }
    Finding {
        import: missing_import::find(&unknown, &nodes, &text, around),
        n_lookups: check.n_lookups.get(),
        unknown,
    }
}

/// Whether all words of the draft stand in the document.
fn stands_elsewhere(draft: &Draft<'_>, document: &Rope) -> bool {
    // Of a word that the person began the rest alone stands in the draft.
    let line = draft.line_before();
    let begun = &line[line.trim_end_matches(is_word).len()..];
    let text = format!("{begun}{}", draft.text);
    let document = document.to_string();
    let mut words = text.split(|c| !is_word(c)).filter(|word| !word.is_empty());
    words.all(|word| places(&document, word).next().is_some())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where words stand in a text as words of their own, in bytes.
fn places<'t>(text: &'t str, words: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 128)
    };
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, words.as_bytes()).filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !is_word(before) && !is_word(bytes.get(at + words.len()))
    })
}

/// What is open behind `text` at the cursor, and not closed by the rest of the line.
fn still_open(draft: &Draft<'_>, text: &str) -> Vec<Opened> {
    let mut open = closers::at_cursor(draft);
    open.read(text);
    closers::close(&mut open.stack, draft.line_after());
    open.stack
}

/// The draft with its open brackets closed and a body behind its last header, so that the grammar
/// can read it.
fn finished(draft: &Draft<'_>) -> String {
    let mut added = draft.text.clone();
    if !draft.line_after().trim().is_empty() {
        return added;
    }
    for opened in still_open(draft, &draft.text).into_iter().rev() {
        added.push_str(&opened.closer());
    }
    if added.trim_end().ends_with(':') {
        let column = |line: &str| line.len() - line.trim_start().len();
        let whole = format!("{}{added}", draft.line_before());
        let header = whole.rsplit('\n').next().unwrap_or_default();
        let mut below = draft.after.lines().skip(1);
        let next = below.find(|line| !line.trim().is_empty());
        if next.is_none_or(|next| column(next) <= column(header)) {
            added.push_str(" ...");
        }
    }
    added
}

/// One check of one draft.
struct Check<'a, 't> {
    scopes: &'a Scopes<'t>,
    meaning: Meaning<'a, 't>,
    /// The draft's bytes in the text.
    added: Range<usize>,
    n_lookups: Cell<usize>,
}

impl<'t> Check<'_, 't> {
    /// What a use is, if its name is known to be missing.
    fn missing(&self, one: Use<'t>) -> Option<Kind> {
        self.n_lookups.set(self.n_lookups.get() + 1);
        let text = self.scopes.text();
        match one {
            Use::Name(node) => self.is_missing_name(node).then_some(Kind::Name),
            Use::Attribute(attribute) => {
                let object = attribute.child_by_field_name("object")?;
                let name = attribute.child_by_field_name("attribute")?;
                let thing = self.meaning.of(object);
                let found = self.meaning.attribute(&thing, text_of(name, text));
                let is_missing = matches!(found, Found::Missing)
                    && !self.is_used_elsewhere(&format!(
                        "{}.{}",
                        text_of(object, text),
                        text_of(name, text)
                    ));
                is_missing.then_some(Kind::Attribute)
            }
            Use::Keyword { name, call } => {
                let function = call.child_by_field_name("function")?;
                let parameters = self.meaning.parameters(function)?;
                let name = text_of(name, text);
                (!parameters.iter().any(|known| &**known == name)).then_some(Kind::Keyword)
            }
            Use::Import { statement, name } => {
                let found = self.meaning.imported(statement, text_of(name, text));
                matches!(found, Found::Missing).then_some(Kind::Import)
            }
        }
    }

    fn is_missing_name(&self, node: Node<'t>) -> bool {
        let name = text_of(node, self.scopes.text());
        self.scopes.resolve(name, node).is_none()
            && self.meaning.is_unbound(name)
            && !self.is_read_elsewhere(name, node)
    }

    /// Whether the person's own code reads the name where nothing binds it either: then it comes
    /// from somewhere that cannot be seen, or is the person's own business.
    fn is_read_elsewhere(&self, name: &str, node: Node<'t>) -> bool {
        self.places_of(name).any(|at| {
            let root = self.scopes.root();
            let Some(other) = root.descendant_for_byte_range(at, at + name.len()) else {
                return false;
            };
            other.kind() == "identifier"
                && other != node
                && uses(root, other.byte_range())
                    .iter()
                    .any(|one| matches!(one, Use::Name(read) if *read == other))
                && self.scopes.resolve(name, other).is_none()
        })
    }

    /// Whether the person's own code has these words, such as `self.name`.
    fn is_used_elsewhere(&self, words: &str) -> bool {
        self.places_of(words).next().is_some()
    }

    /// Where words stand in the person's own code, as words of their own.
    fn places_of<'s>(&'s self, words: &'s str) -> impl Iterator<Item = usize> + 's {
        let text = self.scopes.text();
        places(text, words).filter(move |at| {
            let is_member = text[..*at].ends_with('.');
            let is_added = *at < self.added.end && at + words.len() > self.added.start;
            !is_member && !is_added
        })
    }
}
