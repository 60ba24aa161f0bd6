//! Draws an explanation as an SVG picture, the way an editor shows its Markdown.

use unicode_width::UnicodeWidthChar as _;

use super::{ADVANCE, LINE, MARGIN, escaped};

/// Columns of text; wider characters take two.
const COLUMNS: usize = 100;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    is_code: bool,
    is_bold: bool,
    is_italic: bool,
    is_struck: bool,
    /// 1 for the title, 2 and 3 for headings; 0 for text.
    level: u8,
}

/// A piece of text that looks the same throughout.
type Span = (String, Look);

/// A line of the picture: the column it begins at, and its pieces.
struct Row {
    column: usize,
    spans: Vec<Span>,
}

/// The Markdown of an explanation as a picture.
pub(in super::super) fn svg(markdown: &str) -> String {
    let rows = rows(markdown);
    let width = 2.0 * MARGIN + COLUMNS as f64 * ADVANCE;
    let height = 2.0 * MARGIN + rows.len() as f64 * LINE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"ui-monospace, SFMono-Regular, Menlo, \
         Consolas, DejaVu Sans Mono, Noto Sans Mono CJK SC, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1e1e2e\"/>\n"
    );
    for (n, row) in rows.iter().enumerate() {
        let baseline = MARGIN + (n as f64 + 0.75) * LINE;
        let mut column = row.column;
        for (text, look) in &row.spans {
            for run in runs(text) {
                let n_columns = width_of(run);
                if !run.trim().is_empty() {
                    svg.push_str(&span(run, *look, column, n_columns, baseline));
                }
                column += n_columns;
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn span(text: &str, look: Look, column: usize, n_columns: usize, baseline: f64) -> String {
    let x = MARGIN + column as f64 * ADVANCE;
    let fill = match look {
        Look {
            is_struck: true, ..
        } => "#7f849c",
        Look { is_code: true, .. } => "#a6e3a1",
        Look { level: 1, .. } => "#f5c2e7",
        Look { level: 2 | 3, .. } => "#89b4fa",
        _ => "#cdd6f4",
    };
    let mut style = String::new();
    if look.is_bold || look.level > 0 {
        style.push_str(" font-weight=\"bold\"");
    }
    if look.is_italic {
        style.push_str(" font-style=\"italic\"");
    }
    if look.is_struck {
        style.push_str(" text-decoration=\"line-through\"");
    }
    // The length is given so that the columns hold in whatever font is there.
    format!(
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" fill=\"{fill}\"{style} xml:space=\"preserve\" \
         textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>\n",
        n_columns as f64 * ADVANCE,
        escaped(text)
    )
}

fn rows(markdown: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in markdown.trim_end().lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let level = content.len() - content.trim_start_matches('#').len();
        let (mark, text, level) = match level {
            1..=3 => ("", content[level..].trim_start(), level as u8),
            _ => {
                let (mark, text) = list_mark(content);
                (mark, text, 0)
            }
        };
        let mark = if mark == "- " { "• " } else { mark };
        let spans = spans(text, level);
        let hang = indent + width_of(mark);
        let mut wrapped = wrap(&spans, COLUMNS.saturating_sub(hang)).into_iter();
        let mut first = vec![(mark.to_owned(), Look::default())];
        first.extend(wrapped.next().unwrap_or_default());
        rows.push(Row {
            column: indent,
            spans: first,
        });
        rows.extend(wrapped.map(|spans| Row {
            column: hang,
            spans,
        }));
    }
    rows
}

/// What makes a line a list item, and the rest.
fn list_mark(line: &str) -> (&str, &str) {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if line.starts_with("- ") {
        line.split_at(2)
    } else if digits > 0 && line[digits..].starts_with(". ") {
        line.split_at(digits + 2)
    } else {
        ("", line)
    }
}

/// The pieces of a line of our own Markdown: code, bold, italics, struck text, links and escapes.
fn spans(text: &str, level: u8) -> Vec<Span> {
    let mut look = Look {
        level,
        ..Look::default()
    };
    let mut spans: Vec<Span> = Vec::new();
    let mut put = |c: char, look: Look| match spans.last_mut() {
        Some((text, last)) if *last == look => text.push(c),
        _ => spans.push((c.to_string(), look)),
    };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if look.is_code {
            match c {
                '`' => look.is_code = false,
                _ => put(c, look),
            }
            rest = &rest[c.len_utf8()..];
        } else if let Some(after) = rest.strip_prefix("**") {
            look.is_bold = !look.is_bold;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("~~") {
            look.is_struck = !look.is_struck;
            rest = after;
        } else if let Some(after) = rest.strip_prefix('*') {
            look.is_italic = !look.is_italic;
            rest = after;
        } else if let Some((shown, after)) = link(rest) {
            shown.chars().for_each(|c| put(c, look));
            rest = after;
        } else if let Some(escaped) = rest.strip_prefix('\\').and_then(|rest| rest.chars().next()) {
            put(escaped, look);
            rest = &rest[1 + escaped.len_utf8()..];
        } else {
            match c {
                '`' => look.is_code = true,
                _ => put(c, look),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    spans
}

/// A link at the start of a text: what it shows, and what follows it.
fn link(text: &str) -> Option<(&str, &str)> {
    let (shown, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (_, rest) = rest.split_once(')')?;
    Some((shown, rest))
}

/// Lines of at most so many columns; cut at blanks where there are, and between wide characters.
fn wrap(spans: &[Span], columns: usize) -> Vec<Vec<Span>> {
    let all: Vec<(char, Look)> = spans
        .iter()
        .flat_map(|(text, look)| text.chars().map(|c| (c, *look)))
        .collect();
    let mut lines = Vec::new();
    let mut start = 0;
    while start < all.len() {
        let mut end = start;
        let mut n_columns = 0;
        let mut cut = None;
        while end < all.len() && n_columns + width(all[end].0) <= columns {
            n_columns += width(all[end].0);
            end += 1;
            if all[end - 1].0 == ' ' || width(all[end - 1].0) == 2 {
                cut = Some(end);
            }
        }
        if end < all.len() {
            end = cut.unwrap_or(end).max(start + 1);
        }
        let mut line: Vec<Span> = Vec::new();
        for &(c, look) in &all[start..end] {
            match line.last_mut() {
                Some((text, last)) if *last == look => text.push(c),
                _ => line.push((c.to_string(), look)),
            }
        }
        lines.push(line);
        start = end;
    }
    lines
}

/// Runs of characters that are equally wide: a font for one kind has other widths than one for the
/// other.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = width(rest.chars().next()?);
        let end = rest.find(|c| width(c) != first).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        rest = behind;
        Some(run)
    })
}

fn width(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn width_of(text: &str) -> usize {
    text.chars().map(width).sum()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn markdown_becomes_rows_of_pieces() {
        let markdown =
            "# method `f`\n\n- **Takes** `a`; \\_b\\_ (line [3](x#L3))\n   - ~~no~~ *why*\n";
        let told: Vec<String> = rows(markdown)
            .iter()
            .map(|row| {
                format!(
                    "{} {:?}",
                    row.column,
                    row.spans.iter().map(|(text, _)| text).collect::<Vec<_>>()
                )
            })
            .collect();
        expect![[r#"
            0 ["", "method ", "f"]
            0 [""]
            0 ["• ", "Takes", " ", "a", "; _b_ (line 3)"]
            3 ["• ", "no", " ", "why"]"#]]
        .assert_eq(&told.join("\n"));
    }

    #[test]
    fn long_lines_hang_under_their_text_and_wide_characters_take_two_columns() {
        let words = "word ".repeat(25);
        let lines = rows(&format!("- {words}"));
        assert_eq!(
            lines.iter().map(|row| row.column).collect::<Vec<_>>(),
            [0, 2]
        );
        let chinese = "功".repeat(60);
        assert_eq!(rows(&chinese).len(), 2);
        assert_eq!(width_of("功a"), 3);
    }
}
