use super::{Filter, Measured, Text};

/// Drops files with nothing but white space (a byte order mark counts as such).
#[derive(Debug, Clone, Copy)]
pub struct Blank;

impl Filter for Blank {
    fn name(&self) -> &'static str {
        "blank"
    }

    fn describe(&self) -> String {
        "empty or nothing but white space (measured: its bytes)".into()
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        let is_blank = text
            .content
            .chars()
            .all(|c| c.is_whitespace() || c == '\u{feff}');
        is_blank.then_some(Measured::Count(text.content.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::Blank;
    use crate::filter::check_filter;

    #[test]
    fn white_space_of_any_kind_is_blank() {
        check_filter(
            Blank,
            "
keep       | x
drop blank |
drop blank |  \\n\\r\\n\u{3000}
drop blank | \u{feff}\\n
keep       | \\n\\n#\\n
",
        );
    }
}
