use super::{Filter, Measured, Text};

/// Drops files with few letters and digits. Codex: "a small percentage"; CodeParrot: under 0.25.
#[derive(Debug, Clone, Copy)]
pub struct Alphanumeric {
    /// The smallest share that is kept, of all characters, line ends included.
    pub min: f64,
}

impl Filter for Alphanumeric {
    fn name(&self) -> &'static str {
        "alphanumeric"
    }

    fn describe(&self) -> String {
        format!("less than {} letters and digits", self.min)
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        let share = text.n_alphanumeric as f64 / text.n_chars.max(1) as f64;
        (share < self.min).then_some(Measured::rounded(share))
    }
}

#[cfg(test)]
mod tests {
    use super::Alphanumeric;
    use crate::filter::check_filter;

    #[test]
    fn letters_of_any_script_count() {
        check_filter(
            Alphanumeric { min: 0.25 },
            "
keep              | a---
drop alphanumeric | a----
keep              | 好---
drop alphanumeric | a---\\n
drop alphanumeric | 🙂…×9
",
        );
    }
}
