//! A text with a cursor, as the editor holds it while a file is typed.

/// A text with a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffer {
    /// The text.
    pub text: String,
    /// Byte offset of the cursor, on a character boundary.
    pub cursor: usize,
}

/// What one key does at the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stroke {
    /// Bytes that go before the cursor.
    pub back: usize,
    /// Bytes that go behind it.
    pub forward: usize,
    /// Text that comes before it.
    pub insert: String,
    /// Text that comes behind it, such as the bracket an editor closes by itself.
    pub ahead: String,
}

/// A place in a text: line and column from 0, the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Line.
    pub line: usize,
    /// Bytes from the line's start.
    pub column: usize,
}

/// A change as an editor tells it: the text that comes in place of a range of the old text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where the range starts.
    pub start: Spot,
    /// Where it ends in the old text.
    pub end: Spot,
    /// What comes.
    pub text: String,
}

impl Buffer {
    /// The text with the cursor at a byte offset.
    pub fn new(text: String, cursor: usize) -> Buffer {
        Buffer { text, cursor }
    }

    /// Everything before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Everything behind the cursor.
    pub fn after(&self) -> &str {
        &self.text[self.cursor..]
    }

    /// The cursor's line before the cursor.
    pub fn line_before(&self) -> &str {
        let start = self.before().rfind('\n').map_or(0, |at| at + 1);
        &self.before()[start..]
    }

    /// The cursor's line behind the cursor.
    pub fn line_after(&self) -> &str {
        self.after().split('\n').next().unwrap_or_default()
    }

    /// Where the cursor is.
    pub fn spot(&self) -> Spot {
        self.spot_of(self.cursor)
    }

    fn spot_of(&self, offset: usize) -> Spot {
        let before = &self.text[..offset];
        Spot {
            line: before.bytes().filter(|byte| *byte == b'\n').count(),
            column: offset - before.rfind('\n').map_or(0, |at| at + 1),
        }
    }

    /// Presses a key.
    pub fn press(&mut self, stroke: &Stroke) -> Change {
        let (from, to) = (self.cursor - stroke.back, self.cursor + stroke.forward);
        let change = Change {
            start: self.spot_of(from),
            end: self.spot_of(to),
            text: format!("{}{}", stroke.insert, stroke.ahead),
        };
        self.text.replace_range(from..to, &change.text);
        self.cursor = from + stroke.insert.len();
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_changes_the_text_around_the_cursor() {
        let mut buffer = Buffer::new("x = \nfée()\n".to_owned(), 4);
        let key = |insert: &str| Stroke {
            insert: insert.to_owned(),
            ..Stroke::default()
        };
        buffer.press(&Stroke {
            ahead: ")".to_owned(),
            ..key("(")
        });
        buffer.press(&key("1"));
        let change = buffer.press(&Stroke {
            back: 1,
            forward: 1,
            ..key("é")
        });
        assert_eq!(buffer.text, "x = (é\nfée()\n");
        assert_eq!((buffer.line_before(), buffer.line_after()), ("x = (é", ""));
        assert_eq!(buffer.spot(), Spot { line: 0, column: 7 });
        assert_eq!(change.start, Spot { line: 0, column: 5 });
        assert_eq!(change.end, Spot { line: 0, column: 7 });
    }
}
