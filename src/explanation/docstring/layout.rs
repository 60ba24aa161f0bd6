//! A docstring in lines, in the style asked for.

use super::super::telling::say;
use super::content::{Content, Gives, Item};
use super::style::Style;
use super::voice::Voice;
use super::wrapped::{width, wrap};

/// How the lines are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// The most columns of a line.
    pub(super) width: usize,
    /// One step of indentation.
    pub(super) step: &'a str,
    /// Whether annotated types are told.
    pub(super) tells_types: bool,
}

/// The lines of a docstring, without the indentation that all share.
pub(super) fn lines(
    voice: &Voice<'_>,
    page: Page<'_>,
    summary: &str,
    content: &Content,
) -> Vec<String> {
    // The quotes stand before the first line.
    let mut lines = wrap(&format!("\"\"\"{summary}"), "", "", page.width);
    lines[0].drain(..3);
    let sections = match voice.style {
        Style::Google => google(page, content),
        Style::Numpy => numpy(voice, page, content),
        Style::Sphinx => vec![sphinx(page, content)],
        Style::Line => Vec::new(),
    };
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        lines.push(String::new());
        lines.extend(section);
    }
    lines
}

impl Page<'_> {
    /// The type to tell beside a name, where there is room for it.
    fn kind<'k>(&self, name: &str, kind: Option<&'k String>) -> Option<&'k str> {
        let kind = kind.filter(|_| self.tells_types)?;
        (width(name) + width(kind) + 16 <= self.width).then_some(kind.as_str())
    }

    fn deeper(&self, n: usize) -> String {
        self.step.repeat(n)
    }

    /// A text below its head.
    fn below(&self, text: &str) -> Vec<String> {
        wrap(text, self.step, self.step, self.width)
    }
}

fn google(page: Page<'_>, content: &Content) -> Vec<Vec<String>> {
    let items = |head: &str, items: &[Item]| {
        let mut lines = Vec::new();
        for one in items {
            let kind = page.kind(&one.name, one.kind.as_ref());
            let kind = kind.map_or(String::new(), |kind| format!(" ({kind})"));
            let head = format!("{}{kind}: ", one.name);
            let first = page.deeper(1) + &head;
            lines.extend(wrap(&one.text, &first, &page.deeper(2), page.width));
        }
        headed(head, lines)
    };
    let gives = content.gives.as_ref().map(|gives| {
        let kind = page.kind("", gives.kind.as_ref());
        let kind = kind.map_or(String::new(), |kind| format!("{kind}: "));
        let first = page.deeper(1) + &kind;
        let text = wrap(&gives.text, &first, &page.deeper(2), page.width);
        headed(&format!("{}:", head_of(gives)), text)
    });
    vec![
        items("Args:", &content.parameters),
        gives.unwrap_or_default(),
        items("Raises:", &content.raises),
    ]
}

fn headed(head: &str, mut lines: Vec<String>) -> Vec<String> {
    if !lines.is_empty() {
        lines.insert(0, head.to_owned());
    }
    lines
}

fn head_of(gives: &Gives) -> &'static str {
    match gives.is_yielded {
        true => "Yields",
        false => "Returns",
    }
}

fn numpy(voice: &Voice<'_>, page: Page<'_>, content: &Content) -> Vec<Vec<String>> {
    let section = |head: &str, lines: Vec<String>| match lines.is_empty() {
        true => lines,
        false => {
            let mut all = vec![head.to_owned(), "-".repeat(head.len())];
            all.extend(lines);
            all
        }
    };
    let mut parameters = Vec::new();
    for one in &content.parameters {
        let kind = page.kind(&one.name, one.kind.as_ref());
        parameters.push(match (kind, one.has_default) {
            (Some(kind), true) => {
                let optional = say!(voice, "optional", "可选");
                format!("{} : {kind}, {optional}", one.name)
            }
            (Some(kind), false) => format!("{} : {kind}", one.name),
            (None, _) => one.name.clone(),
        });
        parameters.extend(page.below(&one.text));
    }
    let mut raises = Vec::new();
    for one in &content.raises {
        raises.push(one.name.clone());
        raises.extend(page.below(&one.text));
    }
    let gives = content.gives.as_ref().map(|gives| {
        // The style has no place for a text without a type, and everything is an object.
        let kind = gives.kind.as_deref().unwrap_or("object");
        let mut lines = vec![kind.to_owned()];
        lines.extend(page.below(&gives.text));
        section(head_of(gives), lines)
    });
    vec![
        section("Parameters", parameters),
        gives.unwrap_or_default(),
        section("Raises", raises),
    ]
}

fn sphinx(page: Page<'_>, content: &Content) -> Vec<String> {
    let mut lines = Vec::new();
    let mut field = |head: &str, text: &str| {
        lines.extend(wrap(text, &format!(":{head}: "), page.step, page.width));
    };
    for one in &content.parameters {
        field(&format!("param {}", one.name), &one.text);
        if let Some(kind) = page.kind(&one.name, one.kind.as_ref()) {
            field(&format!("type {}", one.name), kind);
        }
    }
    if let Some(gives) = &content.gives {
        let (head, kind) = match gives.is_yielded {
            true => ("yields", "ytype"),
            false => ("returns", "rtype"),
        };
        field(head, &gives.text);
        if let Some(told) = page.kind(kind, gives.kind.as_ref()) {
            field(kind, told);
        }
    }
    for one in &content.raises {
        field(&format!("raises {}", one.name), &one.text);
    }
    lines
}
