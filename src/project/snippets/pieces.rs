//! Where a file is cut into pieces that can be shown one by one.

use std::ops::Range;

/// Lines of a piece, at most.
const MOST_LINES: usize = 16;

/// Lines that a piece has before a definition begins a new one.
const FEWEST_LINES: usize = 4;

/// The pieces of a text: runs of whole lines that cover it. A piece begins at a definition where
/// there is one, decorators included, and ends before it is too long. Byte ranges, in order.
pub fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut n_lines, mut at) = (0, 0, 0);
    let mut is_decorated = false;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start();
        let begins = ["def ", "class ", "async def ", "@"]
            .iter()
            .any(|word| code.starts_with(word));
        let is_new = begins && !is_decorated && n_lines >= FEWEST_LINES;
        if is_new || n_lines == MOST_LINES {
            pieces.push(start..at);
            (start, n_lines) = (at, 0);
        }
        is_decorated = code.starts_with('@');
        n_lines += 1;
        at += line.len();
    }
    if start < at {
        pieces.push(start..at);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let pieces = pieces(text);
        let shown: Vec<_> = pieces.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(shown.concat(), text);
        expected.assert_eq(&shown.join("-----\n"));
    }

    #[test]
    fn a_piece_begins_at_a_definition_and_is_not_long() {
        check(
            "import os\n\nX = 1\n\n@wraps\ndef f():\n    pass\n\nclass A:\n    def g(self):\n        pass\n",
            expect![[r#"
                import os

                X = 1

                -----
                @wraps
                def f():
                    pass

                -----
                class A:
                    def g(self):
                        pass
            "#]],
        );
        assert_eq!(pieces(&"x = 1\n".repeat(40)).len(), 3);
        assert!(pieces("").is_empty());
    }
}
