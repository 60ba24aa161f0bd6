use super::{Filter, Measured, Text};

/// Drops files with many lines. In no preset; asked for with `--max-lines`.
#[derive(Debug, Clone, Copy)]
pub struct LineCount {
    /// The largest number of lines that is kept.
    pub max: u64,
}

impl Filter for LineCount {
    fn name(&self) -> &'static str {
        "line_count"
    }

    fn describe(&self) -> String {
        format!("more than {} lines", self.max)
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        (text.n_lines > self.max).then_some(Measured::Count(text.n_lines))
    }
}

#[cfg(test)]
mod tests {
    use super::LineCount;
    use crate::filter::check_filter;

    #[test]
    fn a_final_line_end_is_no_further_line() {
        check_filter(
            LineCount { max: 2 },
            "
keep            | a\\nb
keep            | a\\nb\\n
drop line_count | a\\nb\\nc
drop line_count | a\\n\\n\\n
",
        );
    }
}
