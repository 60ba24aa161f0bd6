use super::{Filter, Measured, Text};

/// Drops files over a number of bytes. The Codex paper keeps "files under 1 MB".
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// The largest size that is kept, in bytes.
    pub max_bytes: u64,
}

impl Size {
    /// The rule for a file that has not been read.
    pub fn check_bytes(&self, n_bytes: u64) -> Option<Measured> {
        (n_bytes > self.max_bytes).then_some(Measured::Count(n_bytes))
    }
}

impl Filter for Size {
    fn name(&self) -> &'static str {
        "size"
    }

    fn describe(&self) -> String {
        format!("larger than {} bytes", self.max_bytes)
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        self.check_bytes(text.content.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::Size;
    use crate::filter::check_filter;

    #[test]
    fn bytes_count_not_characters() {
        check_filter(
            Size { max_bytes: 6 },
            "
keep      | abcdef
drop size | abcdefg
keep      | 你好
drop size | 你好!
",
        );
    }
}
