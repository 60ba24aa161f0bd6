use super::{Filter, Measured, Text};

/// Drops files that hold a NUL byte: they are data under a source file's name.
#[derive(Debug, Clone, Copy)]
pub struct Nul;

impl Filter for Nul {
    fn name(&self) -> &'static str {
        "nul"
    }

    fn describe(&self) -> String {
        "holds a NUL byte (measured: its offset)".into()
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        let offset = memchr::memchr(0, text.content.as_bytes())?;
        Some(Measured::Count(offset as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::Nul;
    use crate::filter::check_filter;

    #[test]
    fn one_nul_byte_is_enough() {
        check_filter(
            Nul,
            "
keep     | x = 0
drop nul | x = 0\\0
keep     |
",
        );
    }
}
