//! Which document the KV cache holds, and what it held for others.
//!
//! One document's entries are in the cache at a time, so that a step takes no longer when others
//! are known: llama.cpp's attention looks at every cell up to the last one in use, whoever it
//! belongs to, and a pool for each would leave nothing to share between branches. The others'
//! entries wait in memory, at their exact size. To change documents copies them out and in, which
//! takes as long as computing one or two tokens.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::Token;
use super::sequence::{Saved, Sequence};
use super::snapshots::Snapshots;
use super::worker::Engine;

/// Fewer tokens than this are not worth keeping.
const MIN_TOKENS: usize = 32;

/// Snapshots written at the end, at most: an editor that quits waits for no more.
const MOST_LAST_WORDS: usize = 8;

/// The document in the cache, and the others.
pub(crate) struct Documents {
    /// The slot of the document in the cache.
    current: u64,
    /// What the cache held for others, the one used last at the end.
    shelf: Vec<(u64, Saved)>,
    /// Bytes the shelf may take.
    most_bytes: usize,
    snapshots: Option<Snapshots>,
    /// What is known to be on disk: of each slot that was looked for there, a hash of its tokens.
    on_disk: HashMap<u64, Option<u64>>,
}

impl Documents {
    /// Keeps up to `most_bytes` in memory, and what `snapshots` may keep on disk.
    pub(crate) fn new(most_bytes: usize, snapshots: Option<Snapshots>) -> Documents {
        Documents {
            current: 0,
            shelf: Vec::new(),
            most_bytes,
            snapshots,
            on_disk: HashMap::new(),
        }
    }

    /// Makes `sequence` hold what is known of the document in `slot`, or else of whichever has
    /// the longest beginning in common with `prompt`.
    pub(crate) fn turn_to<E: Engine>(
        &mut self,
        sequence: &mut Sequence<E>,
        slot: u64,
        prompt: &[Token],
    ) {
        if slot == self.current {
            return;
        }
        self.put_away(sequence);
        self.current = slot;
        let known = self.shelf.iter().position(|(known, _)| *known == slot);
        if let Some(known) = known {
            let (_, saved) = self.shelf.remove(known);
            sequence.restore(&saved);
            return;
        }
        if let Some(saved) = self.read(slot) {
            sequence.restore(&saved);
            return;
        }
        let others = self.shelf.iter().map(|(_, saved)| saved);
        let closest = others.max_by_key(|saved| saved.n_shared(prompt));
        if let Some(saved) = closest
            && saved.n_shared(prompt) >= sequence.n_shared(prompt) + MIN_TOKENS
        {
            sequence.restore(saved);
        }
    }

    /// Keeps what `sequence` holds for its document. From then on it belongs to none.
    pub(crate) fn put_away<E: Engine>(&mut self, sequence: &mut Sequence<E>) {
        let slot = std::mem::take(&mut self.current);
        if slot == 0 || sequence.len() < MIN_TOKENS {
            return;
        }
        if let Some(saved) = sequence.save() {
            self.shelf.push((slot, saved));
            self.shrink();
        }
    }

    /// Writes to disk what is not there yet, of the documents used last.
    pub(crate) fn write<E: Engine>(&mut self, sequence: &mut Sequence<E>) {
        let Some(snapshots) = &self.snapshots else {
            return;
        };
        if self.current != 0 && sequence.len() >= MIN_TOKENS {
            let hash = hash(sequence.tokens());
            if self.on_disk.get(&self.current) != Some(&Some(hash))
                && let Some(saved) = sequence.save()
            {
                snapshots.write(self.current, &saved);
                self.on_disk.insert(self.current, Some(hash));
            }
        }
        for (slot, saved) in self.shelf.iter().rev().take(MOST_LAST_WORDS) {
            let hash = hash(&saved.tokens);
            if self.on_disk.get(slot) != Some(&Some(hash)) {
                snapshots.write(*slot, saved);
                self.on_disk.insert(*slot, Some(hash));
            }
        }
    }

    /// Moves what is known of a document from memory to disk.
    pub(crate) fn close<E: Engine>(&mut self, sequence: &mut Sequence<E>, slot: u64) {
        if slot == self.current {
            self.put_away(sequence);
        }
        if let Some(known) = self.shelf.iter().position(|(known, _)| *known == slot) {
            let (_, saved) = self.shelf.remove(known);
            if let Some(snapshots) = &self.snapshots
                && self.on_disk.get(&slot) != Some(&Some(hash(&saved.tokens)))
            {
                snapshots.write(slot, &saved);
            }
        }
        // Should it be opened again, it is looked for there.
        self.on_disk.remove(&slot);
    }

    /// A document's snapshot, when it is asked for the first time.
    fn read(&mut self, slot: u64) -> Option<Saved> {
        if slot == 0 || self.on_disk.contains_key(&slot) {
            return None;
        }
        let saved = self.snapshots.as_ref()?.read(slot);
        let hash = saved.as_ref().map(|saved| hash(&saved.tokens));
        self.on_disk.insert(slot, hash);
        saved
    }

    /// Drops the documents used longest ago until the rest fits.
    fn shrink(&mut self) {
        let mut n_bytes: usize = self.shelf.iter().map(|(_, saved)| saved.n_bytes()).sum();
        while n_bytes > self.most_bytes && !self.shelf.is_empty() {
            let (_, dropped) = self.shelf.remove(0);
            n_bytes -= dropped.n_bytes();
        }
    }
}

fn hash(tokens: &[Option<Token>]) -> u64 {
    let bytes = tokens.iter().map(|token| token.unwrap_or(-1).to_le_bytes());
    xxh3_64(&bytes.flatten().collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::scripted::{Script, Tokens};
    use crate::model::sequence::Outputs;
    use crate::model::{Reuse, Tokenizer};

    /// Reads prompts of documents into one cache: slot, tokens found, tokens computed.
    #[track_caller]
    fn check_documents(most_bytes: usize, prompts: &[(u64, &str)], expected: Expect) {
        let mut sequence = Sequence::new(Script::new().engine());
        let mut documents = Documents::new(most_bytes, None);
        let mut transcript = String::new();
        for (slot, prompt) in prompts {
            let tokens = Tokens::default().tokenize(prompt);
            documents.turn_to(&mut sequence, *slot, &tokens);
            let n_reused = sequence.prepare(&tokens, 1, Reuse::Exact);
            while sequence.len() < tokens.len() {
                let n = sequence.fill(&tokens, Outputs::Last, &|| false);
                n.expect("the script does not fail");
            }
            assert_eq!(sequence.record(), sequence.engine().cache());
            let n_computed = tokens.len() - n_reused;
            transcript.push_str(&format!("{slot}: {n_reused}+{n_computed}\n"));
        }
        expected.assert_eq(&transcript);
    }

    const A: &str = "class Alpha:\n    def first(self): return 1\n";
    const B: &str = "def beta(x, y):\n    return x * y + x * x + 2\n";
    const C: &str = "import os\nimport sys\nprint(os.environ, sys.argv)\n";

    #[test]
    fn documents_do_not_overwrite_each_other() {
        check_documents(
            1 << 20,
            &[(1, A), (2, B), (1, A), (3, C), (2, B), (1, A)],
            expect![[r#"
                1: 0+43
                2: 0+45
                1: 42+1
                3: 0+49
                2: 44+1
                1: 42+1
            "#]],
        );
    }

    #[test]
    fn the_one_used_longest_ago_goes_first() {
        check_documents(
            2_000,
            &[(1, A), (2, B), (3, C), (2, B), (1, A)],
            expect![[r#"
                1: 0+43
                2: 0+45
                3: 0+49
                2: 44+1
                1: 0+43
            "#]],
        );
    }

    #[test]
    fn a_new_document_begins_with_what_another_has_in_common() {
        let other = format!("{A}    def second(self): return 2\n");
        check_documents(
            1 << 20,
            &[(1, A), (2, B), (3, &other), (1, A)],
            expect![[r#"
                1: 0+43
                2: 0+45
                3: 43+31
                1: 42+1
            "#]],
        );
    }

    #[test]
    fn what_belongs_to_no_document_is_not_kept() {
        check_documents(
            1 << 20,
            &[(0, A), (0, B), (0, A), (1, A), (0, A)],
            expect![[r#"
                0: 0+43
                0: 0+45
                0: 0+43
                1: 42+1
                0: 42+1
            "#]],
        );
    }
}
