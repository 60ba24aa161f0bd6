//! LSP positions and ranges to byte offsets and back. UTF-16 exists here and nowhere else.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ropey::Rope;
use tower_lsp::gen_lsp_types as lsp;

/// The unit of a position's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// 16-bit code units.
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    pub(super) fn kind(self) -> lsp::PositionEncodingKind {
        match self {
            Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
            Encoding::Utf32 => lsp::PositionEncodingKind::UTF32,
        }
    }
}

/// The byte offset of a position. A line behind the last means the end of the text, a column
/// behind the line's end means the line's end, as the specification says; a column inside a
/// character means the character's start.
pub(super) fn offset(text: &Rope, position: lsp::Position, encoding: Encoding) -> usize {
    let line = position.line as usize;
    if line >= text.len_lines() {
        return text.len_bytes();
    }
    let start = text.line_to_byte(line);
    let mut content = text.line(line);
    while let Some('\n' | '\r') = content
        .len_chars()
        .checked_sub(1)
        .map(|last| content.char(last))
    {
        content = content.slice(..content.len_chars() - 1);
    }
    let column = position.character as usize;
    let in_line = match encoding {
        Encoding::Utf8 => {
            let byte = column.min(content.len_bytes());
            content.char_to_byte(content.byte_to_char(byte))
        }
        Encoding::Utf16 => {
            let unit = column.min(content.len_utf16_cu());
            content.char_to_byte(content.utf16_cu_to_char(unit))
        }
        Encoding::Utf32 => content.char_to_byte(column.min(content.len_chars())),
    };
    start + in_line
}

/// The byte range of an LSP range. A range that ends before it starts is taken the other way
/// round.
pub(super) fn range(text: &Rope, range: lsp::Range, encoding: Encoding) -> Range<usize> {
    let start = offset(text, range.start, encoding);
    let end = offset(text, range.end, encoding);
    start.min(end)..start.max(end)
}

/// The position of a byte offset on a character boundary.
pub(super) fn position(text: &Rope, offset: usize, encoding: Encoding) -> lsp::Position {
    let line = text.byte_to_line(offset);
    let start = text.line_to_byte(line);
    let before = text.byte_slice(start..offset);
    let character = match encoding {
        Encoding::Utf8 => before.len_bytes(),
        Encoding::Utf16 => before.len_utf16_cu(),
        Encoding::Utf32 => before.len_chars(),
    };
    lsp::Position {
        line: line as u32,
        character: character as u32,
    }
}

/// The path of a `file:` URI; other URIs come back as they are.
pub(super) fn path(uri: &str) -> String {
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// The `file:` URI of an absolute path; `None` for a path that is not Unicode.
pub(super) fn uri(path: &std::path::Path) -> Option<String> {
    /// All that a path of a URI may not hold as it is (RFC 3986, section 3.3).
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    let path = path.to_str()?;
    Some(format!("file://{}", utf8_percent_encode(path, ESCAPED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

    #[test]
    fn every_boundary_goes_to_a_position_and_back() {
        let text = "é = '🦀'\r\nx\ty\n\n# 漢字\u{2028}same line\rlast";
        let rope = Rope::from_str(text);
        for encoding in ALL {
            for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
                // Inside a line break there is no position of its own.
                if text[at..].starts_with('\n') && text[..at].ends_with('\r') {
                    continue;
                }
                let there = position(&rope, at, encoding);
                assert_eq!(offset(&rope, there, encoding), at, "{encoding:?} {there:?}");
            }
        }
        assert_eq!(rope.len_lines(), 5);
    }

    #[track_caller]
    fn check_offset(line: u32, character: u32, encoding: Encoding, expected: usize) {
        let rope = Rope::from_str("a🦀b\r\ncd");
        let position = lsp::Position { line, character };
        assert_eq!(offset(&rope, position, encoding), expected);
    }

    #[test]
    fn wild_positions_are_brought_back_into_the_text() {
        check_offset(0, 99, Encoding::Utf16, 6);
        check_offset(9, 0, Encoding::Utf16, 10);
        check_offset(1, 99, Encoding::Utf8, 10);
        // The middle of the crab.
        check_offset(0, 2, Encoding::Utf16, 1);
        check_offset(0, 3, Encoding::Utf8, 1);
    }

    #[test]
    fn a_file_uri_is_a_path() {
        assert_eq!(path("file:///home/a%20b/%C3%A9.py"), "/home/a b/é.py");
        assert_eq!(path("untitled:Untitled-1"), "untitled:Untitled-1");
        let there = std::path::Path::new("/home/a b/é.py");
        assert_eq!(uri(there).as_deref(), Some("file:///home/a%20b/%C3%A9.py"));
    }
}
