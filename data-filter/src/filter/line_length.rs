use super::{Filter, Measured, Text};

/// Drops files with an overlong line: minified code and data. Codex: over 1000.
#[derive(Debug, Clone, Copy)]
pub struct LineLength {
    /// The longest line that is kept, in characters.
    pub max: u64,
}

impl Filter for LineLength {
    fn name(&self) -> &'static str {
        "line_length"
    }

    fn describe(&self) -> String {
        format!("a line over {} characters", self.max)
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        (text.longest_line > self.max).then_some(Measured::Count(text.longest_line))
    }
}

#[cfg(test)]
mod tests {
    use super::LineLength;
    use crate::filter::check_filter;

    #[test]
    fn the_longest_line_counts_without_its_end() {
        check_filter(
            LineLength { max: 20 },
            "
keep             | short
keep             | x…×20\\r\\nx…×20\\n
drop line_length | short\\nx…×21
",
        );
    }

    #[test]
    fn characters_count_not_bytes() {
        check_filter(
            LineLength { max: 20 },
            "
keep             | 好…×20
drop line_length | 好…×21
",
        );
    }
}
