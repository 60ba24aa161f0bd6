//! One kept file, as it stands in a shard.

use serde::{Deserialize, Serialize};

/// A kept file: a line of a `kept-*.jsonl.zst` shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Repository as `owner/name`, or the name of the input directory.
    pub repo: String,
    /// Commit the file was read at; none for a plain directory.
    pub commit: Option<String>,
    /// Path inside the repository, `/` between its parts.
    pub path: String,
    /// Git blob id of the content, in hex.
    pub blob: String,
    /// SPDX expression of the repository's licence, where known.
    pub licence: Option<String>,
    /// Length of `text` in bytes.
    pub bytes: u64,
    /// The content, UTF-8, unchanged.
    pub text: String,
}

impl Record {
    /// The names of the fields, in the order they are written.
    pub const FIELDS: [&'static str; 7] =
        ["repo", "commit", "path", "blob", "licence", "bytes", "text"];
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn the_list_of_fields_is_what_is_written() {
        let record = Record {
            repo: "owner/name".into(),
            commit: None,
            path: "a.py".into(),
            blob: "e69de29".into(),
            licence: None,
            bytes: 0,
            text: String::new(),
        };
        let line = serde_json::to_string(&record).expect("a record is plain data");
        let places: Vec<_> = Record::FIELDS
            .iter()
            .map(|field| line.find(&format!("\"{field}\":")).expect(field))
            .collect();
        assert!(places.is_sorted(), "{line}");
        assert_eq!(line.matches("\":").count(), Record::FIELDS.len());
    }
}
