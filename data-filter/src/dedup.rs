//! Exact duplicates: the first file of a content wins, in input order.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

/// The identity of a content: XXH3, 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content(u128);

impl Content {
    /// Hashes a content.
    pub fn of(content: &[u8]) -> Self {
        Self(xxh3_128(content))
    }
}

/// The contents met so far.
#[derive(Debug, Default)]
pub struct Seen(HashSet<Content>);

impl Seen {
    /// Notes a content. True the first time.
    pub fn is_first(&mut self, content: Content) -> bool {
        self.0.insert(content)
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Seen};

    #[test]
    fn the_first_of_equal_contents_wins_and_white_space_counts() {
        let mut seen = Seen::default();
        let answers = ["a", "b", "a", "a\n", "", ""]
            .map(|content| seen.is_first(Content::of(content.as_bytes())));
        assert_eq!(answers, [true, true, false, true, true, false]);
    }
}
