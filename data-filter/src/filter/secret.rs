use aho_corasick::{AhoCorasick, MatchKind};

use super::{Filter, Measured, Text};

/// How a well-known credential begins, and how many characters of its alphabet must follow.
struct Shape {
    start: &'static str,
    n_following: usize,
}

/// Token formats as their issuers document them.
const SHAPES: [Shape; 12] = [
    shape("AKIA", 16),
    shape("ASIA", 16),
    shape("ghp_", 36),
    shape("gho_", 36),
    shape("ghs_", 36),
    shape("github_pat_", 22),
    shape("glpat-", 20),
    shape("xoxb-", 20),
    shape("xoxp-", 20),
    shape("sk_live_", 20),
    shape("AIza", 35),
    shape("-----BEGIN ", 0),
];

const fn shape(start: &'static str, n_following: usize) -> Shape {
    Shape { start, n_following }
}

/// Drops files that hold what looks like a private key or an access token.
#[derive(Debug, Clone)]
pub struct Secret {
    starts: AhoCorasick,
}

impl Secret {
    /// The rule, with its shapes compiled.
    pub fn new() -> Self {
        let starts = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(SHAPES.map(|shape| shape.start))
            .expect("a dozen short words fit any automaton");
        Self { starts }
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

impl Filter for Secret {
    fn name(&self) -> &'static str {
        "secret"
    }

    fn describe(&self) -> String {
        "holds what looks like a private key or an access token".into()
    }

    fn check(&self, text: &Text<'_>) -> Option<Measured> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let bytes = text.content.as_bytes();
        let found = self.starts.find_iter(text.content).find(|found| {
            let shape = &SHAPES[found.pattern().as_usize()];
            let rest = &bytes[found.end()..];
            if shape.n_following == 0 {
                // A key's header line; public keys and certificates are no secret.
                let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
                return line.windows(11).any(|word| word == b"PRIVATE KEY");
            }
            // A word of its own: `MAKIA…` in the middle of base64 is none.
            let is_start = found.start() == 0 || !is_part(&bytes[found.start() - 1]);
            is_start && rest.iter().take_while(|byte| is_part(byte)).count() >= shape.n_following
        })?;
        let shape = &SHAPES[found.pattern().as_usize()];
        Some(Measured::Phrase(shape.start.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;
    use crate::filter::check_filter;

    #[test]
    fn keys_and_tokens_are_told_by_the_shape_their_issuers_document() {
        check_filter(
            Secret::new(),
            "
keep        | key = os.environ['API_KEY']
drop secret | -----BEGIN RSA PRIVATE KEY-----\\nx
keep        | -----BEGIN PUBLIC KEY-----\\nx
drop secret | id = 'AKIAA…×16'
keep        | id = 'AKIA'
keep        | id = 'xAKIAA…×16'
drop secret | t = 'ghp_a…×36'
keep        | prefixes = ('ghp_', 'gho_')
",
        );
    }
}
