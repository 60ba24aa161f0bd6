use super::{Filter, Measured, Text};

/// Drops files whose lines are long on average. Codex: a mean over 100.
#[derive(Debug, Clone, Copy)]
pub struct LineMean {
    /// The largest mean that is kept, in characters. Blank lines count.
    pub max: f64,
}

impl Filter for LineMean {
    fn name(&self) -> &'static str {
        "line_mean"
    }

    fn describe(&self) -> String {
        format!("lines over {} characters on average", self.max)
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        let mean = text.line_chars as f64 / text.n_lines.max(1) as f64;
        (mean > self.max).then_some(Measured::rounded(mean))
    }
}

#[cfg(test)]
mod tests {
    use super::LineMean;
    use crate::filter::check_filter;

    #[test]
    fn blank_lines_lower_the_mean() {
        check_filter(
            LineMean { max: 10.0 },
            "
keep           | x…×10
drop line_mean | x…×11
keep           | x…×20\\n\\n
drop line_mean | x…×21\\n\\n
keep           |
",
        );
    }
}
