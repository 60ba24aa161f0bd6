//! Where a docstring stands in a text, and how it is written there.

use std::ops::Range;

use ruff_python_ast::StmtFunctionDef;
use ruff_text_size::Ranged as _;

use super::super::facts::Docstring;
use super::super::source::Source;
use crate::session::Edit;
use crate::syntax;

/// The room for the docstring of a function that has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// What the docstring takes the place of: nothing, or the blanks between a head and a body on
    /// the same line.
    range: Range<usize>,
    /// Whether the body stands on the line of the head, and moves to a line of its own.
    is_on_head: bool,
    /// The indentation of the body.
    pub(super) indent: String,
    newline: &'static str,
}

/// How a docstring is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quotes {
    /// `"` or `'`, three of them.
    pub(super) mark: char,
    /// Whether a text of several lines begins on the line behind the quotes.
    pub(super) opens_alone: bool,
}

impl Room {
    /// The room behind the head of a function. `None` where its lines are joined in a way that has
    /// none, or where the head is half-typed.
    pub(in super::super) fn of(def: &StmtFunctionDef, source: &Source<'_>) -> Option<Room> {
        let first = def.body.first()?.start().to_usize();
        let colon = colon(def, source)?;
        let line = source.line(colon);
        let head = source.text_of_line(source.line_of(&def.name));
        // A byte order mark may stand before the first line.
        let head = head.trim_start_matches('\u{feff}');
        let head_indent = syntax::indent(head);
        let is_head = |rest: &str| rest.starts_with("def") || rest.starts_with("async");
        if !is_head(&head[head_indent.len()..]) {
            return None;
        }
        let line_end = source.range_of_line(line).end;
        let rest = source.slice(colon + 1..line_end);
        let newline = newline(source, line);
        if source.line(first) == line {
            let unit = match head_indent.contains('\t') {
                true => "\t",
                false => syntax::indent_unit(source.text()).unwrap_or("    "),
            };
            return Some(Room {
                range: colon + 1..first,
                is_on_head: true,
                indent: format!("{head_indent}{unit}"),
                newline,
            });
        }
        let rest = rest.trim_start_matches([' ', '\t', '\x0c']);
        if !(rest.starts_with(['#', '\n', '\r'])) {
            return None;
        }
        let body = source.text_of_line(source.line(first));
        let indent = syntax::indent(body);
        let start = source.range_of_line(source.line(first)).start;
        (start + indent.len() == first).then(|| Room {
            range: line_end..line_end,
            is_on_head: false,
            indent: indent.to_owned(),
            newline,
        })
    }

    /// Whether a function has no docstring, and room for one.
    pub fn wanted(def: &StmtFunctionDef, source: &Source<'_>) -> bool {
        Docstring::of(&def.body, source).is_none() && Room::of(def, source).is_some()
    }

    /// The edit that puts a docstring there. Its lines come without indentation, the first is never
    /// empty.
    pub(super) fn edit(&self, lines: &[String], quotes: Quotes, width: usize) -> Edit {
        let newline = self.newline;
        let literal = literal(lines, quotes, &self.indent, newline, width);
        let indent = &self.indent;
        Edit {
            range: self.range.clone(),
            text: match self.is_on_head {
                true => format!("{newline}{indent}{literal}{newline}{indent}"),
                false => format!("{indent}{literal}{newline}"),
            },
        }
    }

    /// Columns left of the text; a tab reaches to the next eighth.
    pub(super) fn n_columns(&self) -> usize {
        let next = |column: usize, c: char| match c {
            '\t' => column / 8 * 8 + 8,
            _ => column + 1,
        };
        self.indent.chars().fold(0, next)
    }

    /// One step of indentation within the docstring.
    pub(super) fn step(&self) -> &'static str {
        match self.indent.contains('\t') {
            true => "\t",
            false => "    ",
        }
    }
}

/// The offset of the colon that ends a head: behind the parameters or the return annotation, and
/// whatever closes around that.
fn colon(def: &StmtFunctionDef, source: &Source<'_>) -> Option<usize> {
    let behind = def.returns.as_deref().map(|returns| returns.end());
    let mut at = behind.unwrap_or(def.parameters.end()).to_usize();
    loop {
        let rest = source.slice(at..source.text().len());
        let c = rest.chars().next()?;
        match c {
            ':' => return Some(at),
            '#' => at += rest.find(['\n', '\r'])?,
            ')' | '\\' => at += 1,
            c if c.is_whitespace() => at += c.len_utf8(),
            _ => return None,
        }
    }
}

/// How a line ends, or the first line that does.
fn newline(source: &Source<'_>, line: usize) -> &'static str {
    let own = source.text_of_line(line);
    let first = source.text_of_line(1);
    match [own, first]
        .into_iter()
        .find(|it| it.ends_with(['\n', '\r']))
    {
        Some(line) if line.ends_with("\r\n") => "\r\n",
        Some(line) if line.ends_with('\r') => "\r",
        _ => "\n",
    }
}

/// A string literal that Python reads as these lines, once it has taken the indentation off.
fn literal(lines: &[String], quotes: Quotes, indent: &str, newline: &str, width: usize) -> String {
    let Quotes { mark, opens_alone } = quotes;
    let has_backslash = lines.iter().any(|line| line.contains('\\'));
    let triple: String = [mark; 3].iter().collect();
    let ends_quoted = lines.len() == 1 && lines[0].ends_with(mark);
    let must_escape = ends_quoted || lines.iter().any(|line| line.contains(&triple));
    let escaped = |line: &String| match must_escape {
        true => (line.replace('\\', r"\\")).replace(mark, &format!("\\{mark}")),
        false => line.clone(),
    };
    let raw = if has_backslash && !must_escape {
        "r"
    } else {
        ""
    };
    let lines: Vec<String> = lines.iter().map(escaped).collect();
    let open = format!("{raw}{triple}");
    let column = indent.chars().count();
    if let [only] = &lines[..]
        && column + open.len() + super::wrapped::width(only) + 3 <= width
        && !only.ends_with('\\')
    {
        return format!("{open}{only}{triple}");
    }
    let mut text = open;
    for (n, line) in lines.iter().enumerate() {
        if n > 0 || opens_alone {
            text.push_str(newline);
            if !line.is_empty() {
                text.push_str(indent);
            }
        }
        text.push_str(line);
    }
    text + newline + indent + &triple
}
