//! How a file is indented.

use std::collections::HashMap;

/// The blanks a line begins with.
pub fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// One step of indentation, as most blocks of a text have it: by how much the line behind a header
/// (a line that ends with a colon) stands deeper. `None` where the text has no block.
pub fn indent_unit(text: &str) -> Option<&str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut header: Option<&str> = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let own = indent(line);
        if let Some(step) = header.and_then(|header| own.strip_prefix(header))
            && !step.is_empty()
        {
            *counts.entry(step).or_default() += 1;
        }
        header = line.trim_end().ends_with(':').then_some(own);
    }
    // Of equally frequent steps the shorter one, so that the outcome is always the same.
    let frequent = |(one, n): &(&str, usize), (other, m): &(&str, usize)| {
        n.cmp(m)
            .then(other.len().cmp(&one.len()))
            .then(other.cmp(one))
    };
    counts.into_iter().max_by(frequent).map(|(step, _)| step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_that_of_most_blocks() {
        assert_eq!(indent_unit("x = 1\n"), None);
        assert_eq!(indent_unit("def f():\n  if x:\n    y\n"), Some("  "));
        assert_eq!(indent_unit("class A:\n\tdef f():\n\n\t\tx\n"), Some("\t"));
        assert_eq!(
            indent_unit("if a:\n    b\nif c:\n        d\nif e:\n    f(\n        g)\n"),
            Some("    ")
        );
    }
}
