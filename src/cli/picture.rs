//! Draws a completion as an SVG picture, the way an editor shows ghost text.

pub(super) mod explanation;

/// Width of a character in the picture's monospace font, in pixels.
const ADVANCE: f64 = 8.4;
/// Distance of two lines, in pixels.
const LINE: f64 = 20.0;
/// Room around the text, in pixels.
const MARGIN: f64 = 16.0;

/// A line of the picture: its number in the file, and its parts.
struct Line {
    number: usize,
    parts: Vec<(String, Part)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Typed,
    Ghost,
    Cursor,
}

/// The lines around the cursor with the ghost text in grey and the cursor as a bar.
pub(super) fn svg(text: &str, offset: usize, ghost: Option<&str>, around: usize) -> String {
    let lines = lines(text, offset, ghost.unwrap_or_default(), around);
    let n_columns = lines
        .iter()
        .map(|line| {
            line.parts
                .iter()
                .map(|(text, _)| text.chars().count())
                .sum::<usize>()
        })
        .max()
        .unwrap_or(0);
    let gutter = 5.0 * ADVANCE;
    let width = 2.0 * MARGIN + gutter + (n_columns.max(40) as f64) * ADVANCE;
    let height = 2.0 * MARGIN + lines.len() as f64 * LINE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"ui-monospace, SFMono-Regular, Menlo, \
         Consolas, DejaVu Sans Mono, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1e1e2e\"/>\n"
    );
    for (idx, line) in lines.iter().enumerate() {
        let baseline = MARGIN + (idx as f64 + 0.75) * LINE;
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{baseline:.1}\" fill=\"#585b70\" text-anchor=\"end\">{}</text>\n",
            MARGIN + 3.0 * ADVANCE,
            line.number
        ));
        let mut column = 0;
        for (text, part) in &line.parts {
            let x = MARGIN + gutter + column as f64 * ADVANCE;
            let n_chars = text.chars().count();
            match part {
                Part::Cursor => svg.push_str(&format!(
                    "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"2\" height=\"{LINE}\" fill=\"#f5e0dc\"/>\n",
                    baseline - 0.75 * LINE
                )),
                Part::Typed | Part::Ghost => {
                    let (fill, style) = match part {
                        Part::Ghost => ("#8a8fa8", " font-style=\"italic\""),
                        _ => ("#cdd6f4", ""),
                    };
                    // The length is given so that the columns hold in whatever font is there.
                    svg.push_str(&format!(
                        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" fill=\"{fill}\"{style} \
                         xml:space=\"preserve\" textLength=\"{:.1}\">{}</text>\n",
                        n_chars as f64 * ADVANCE,
                        escaped(text)
                    ));
                    column += n_chars;
                }
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn lines(text: &str, offset: usize, ghost: &str, around: usize) -> Vec<Line> {
    let before = all_lines(&text[..offset]);
    let after = all_lines(&text[offset..]);
    let first = before.len().saturating_sub(around + 1);
    let mut lines: Vec<Vec<(String, Part)>> = before[first..]
        .iter()
        .map(|line| vec![((*line).to_owned(), Part::Typed)])
        .collect();
    for (n, line) in ghost.split('\n').enumerate() {
        match (n, lines.last_mut()) {
            (0, Some(last)) => {
                last.push((String::new(), Part::Cursor));
                last.push((line.to_owned(), Part::Ghost));
            }
            _ => lines.push(vec![(line.to_owned(), Part::Ghost)]),
        }
    }
    if let Some(last) = lines.last_mut() {
        last.push((
            after.first().map_or("", |line| line).to_owned(),
            Part::Typed,
        ));
    }
    for line in after.iter().skip(1).take(around) {
        lines.push(vec![((*line).to_owned(), Part::Typed)]);
    }
    lines
        .into_iter()
        .enumerate()
        .map(|(n, parts)| Line {
            number: first + n + 1,
            parts: parts
                .into_iter()
                .filter(|(text, part)| !text.is_empty() || *part == Part::Cursor)
                .collect(),
        })
        .collect()
}

/// Lines of a text, the last one too when it is empty.
fn all_lines(text: &str) -> Vec<&str> {
    text.split('\n')
        .map(|line| line.trim_end_matches('\r'))
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\t', "    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_the_typed_text_the_cursor_and_the_ghost_text() {
        let text = "a = 1\nif a < 2:\n    \nb = 3\n";
        let svg = svg(text, 20, Some("print(a & 1)"), 1);
        let shown: Vec<&str> = svg
            .lines()
            .filter_map(|line| {
                line.strip_suffix("</text>")?
                    .rsplit_once('>')
                    .map(|(_, text)| text)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "2",
                "if a &lt; 2:",
                "3",
                "    ",
                "print(a &amp; 1)",
                "4",
                "b = 3"
            ]
        );
        assert_eq!(svg.matches("font-style=\"italic\"").count(), 1);
        assert_eq!(svg.matches("width=\"2\"").count(), 1);
    }
}
