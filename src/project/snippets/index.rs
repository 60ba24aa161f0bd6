//! The inverted index.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::pieces;
use crate::syntax::words;

/// Bytes of text that are indexed, at most: files beyond it are left out.
const MOST_BYTES: usize = 24 << 20;

/// BM25's saturation and length normalization, at their usual values.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// A word that stands in more than this share of many pieces tells nothing.
const COMMON_SHARE: usize = 10;

/// Pieces whose words are so alike (Dice) say the same.
const SAME: f32 = 0.9;

/// A piece that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Snippet {
    /// The path of its file, relative to the project's root.
    pub path: Arc<str>,
    /// Whole lines.
    pub text: String,
    /// How like it is, in `0.0..=1.0`: its BM25 as a share of what a short piece with all words
    /// asked for would have.
    pub weight: f32,
}

/// A piece in the index; one without a file is gone.
#[derive(Debug)]
struct Piece {
    file: Option<u32>,
    range: Range<u32>,
    /// Distinct words.
    n_words: u16,
}

#[derive(Debug)]
struct File {
    path: Arc<str>,
    text: Box<str>,
    pieces: Range<u32>,
}

/// Pieces by word. A file's pieces have numbers in a row; those of a file that is replaced stay
/// behind as dead ones, until there are more of them than others and all is numbered anew.
#[derive(Debug, Default)]
pub(super) struct Index {
    words: HashMap<Box<str>, Vec<u32>>,
    pieces: Vec<Piece>,
    files: Vec<Option<File>>,
    by_path: HashMap<Arc<str>, u32>,
    n_bytes: usize,
    n_dead: usize,
    /// Distinct words in all live pieces together.
    n_words: usize,
}

impl Index {
    pub(super) fn n_pieces(&self) -> usize {
        self.pieces.len() - self.n_dead
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// Puts a file's text in the place of the one it had; `None` takes the file out.
    pub(super) fn replace(&mut self, path: &Arc<str>, text: Option<&str>) {
        self.remove(path);
        if let Some(text) = text.filter(|text| self.n_bytes + text.len() <= MOST_BYTES) {
            self.insert(path, text.into());
        }
        if self.n_dead > self.pieces.len() / 2 {
            let files = std::mem::take(self).files;
            for file in files.into_iter().flatten() {
                self.insert(&file.path, file.text);
            }
        }
    }

    fn remove(&mut self, path: &str) {
        let Some(file) = self.by_path.remove(path) else {
            return;
        };
        let Some(file) = self.files[file as usize].take() else {
            return;
        };
        self.n_bytes -= file.text.len();
        for piece in &mut self.pieces[file.pieces.start as usize..file.pieces.end as usize] {
            piece.file = None;
            self.n_words -= usize::from(piece.n_words);
            self.n_dead += 1;
        }
    }

    fn insert(&mut self, path: &Arc<str>, text: Box<str>) {
        let number = self.files.len() as u32;
        let first = self.pieces.len() as u32;
        for range in pieces(&text) {
            let found: HashSet<&str> = words(&text[range.clone()]).collect();
            let piece = self.pieces.len() as u32;
            for word in &found {
                match self.words.get_mut(*word) {
                    Some(pieces) => pieces.push(piece),
                    None => {
                        self.words.insert((*word).into(), vec![piece]);
                    }
                }
            }
            self.n_words += found.len();
            self.pieces.push(Piece {
                file: Some(number),
                range: range.start as u32..range.end as u32,
                n_words: found.len().min(usize::from(u16::MAX)) as u16,
            });
        }
        self.n_bytes += text.len();
        self.by_path.insert(Arc::clone(path), number);
        self.files.push(Some(File {
            path: Arc::clone(path),
            text,
            pieces: first..self.pieces.len() as u32,
        }));
    }

    /// The pieces most like these words, the likest first. Equal ones in the order of the index.
    pub(super) fn find(&self, asked: &[String], own: &str, n: usize) -> Vec<Snippet> {
        let own = self.by_path.get(own).copied();
        let n_pieces = self.n_pieces();
        let weigher = Weigher::new(n_pieces, self.n_words as f32 / n_pieces.max(1) as f32);
        let mut scores: HashMap<u32, f32> = HashMap::new();
        let mut best = 0.0;
        for word in asked {
            let Some(with) = self.words.get(word.as_str()) else {
                best += weigher.best(0);
                continue;
            };
            let is_common = n_pieces > 100 && with.len() > n_pieces / COMMON_SHARE;
            if is_common {
                continue;
            }
            best += weigher.best(with.len());
            for &piece in with {
                let Piece { file, n_words, .. } = self.pieces[piece as usize];
                if file.is_some() && file != own {
                    *scores.entry(piece).or_default() += weigher.weight(with.len(), n_words.into());
                }
            }
        }
        let mut ranked: Vec<(u32, f32)> = scores.into_iter().collect();
        ranked.sort_unstable_by(|(a, a_score), (b, b_score)| {
            b_score.total_cmp(a_score).then(a.cmp(b))
        });
        let mut found: Vec<Snippet> = Vec::new();
        // Copies are seldom more than a few: further down nothing is worth the look.
        for (piece, score) in ranked.into_iter().take(4 * n) {
            let snippet = self.snippet(piece, score / best);
            let snippet =
                snippet.filter(|new| !found.iter().any(|had| is_same(&had.text, &new.text)));
            found.extend(snippet);
            if found.len() == n {
                break;
            }
        }
        found
    }

    fn snippet(&self, piece: u32, weight: f32) -> Option<Snippet> {
        let piece = &self.pieces[piece as usize];
        let file = self.files[piece.file? as usize].as_ref()?;
        Some(Snippet {
            path: Arc::clone(&file.path),
            text: file.text[piece.range.start as usize..piece.range.end as usize].to_owned(),
            weight,
        })
    }
}

/// Weighs words that a piece shares with a query.
#[derive(Debug, Clone, Copy)]
pub struct Weigher {
    n_pieces: f32,
    mean_words: f32,
}

impl Weigher {
    /// For so many pieces, which have so many distinct words in the mean.
    pub fn new(n_pieces: usize, mean_words: f32) -> Weigher {
        Weigher {
            n_pieces: n_pieces as f32,
            mean_words: mean_words.max(1.0),
        }
    }

    /// What a word that `n_with` pieces have is worth to a piece of `n_words` distinct words.
    pub fn weight(&self, n_with: usize, n_words: usize) -> f32 {
        let length = 1.0 - B + B * n_words as f32 / self.mean_words;
        self.rarity(n_with) * (K1 + 1.0) / (1.0 + K1 * length)
    }

    /// What it is worth at best.
    pub fn best(&self, n_with: usize) -> f32 {
        self.rarity(n_with) * (K1 + 1.0) / (1.0 + K1 * (1.0 - B))
    }

    fn rarity(&self, n_with: usize) -> f32 {
        let n_with = n_with as f32;
        (1.0 + (self.n_pieces - n_with + 0.5).max(0.0) / (n_with + 0.5)).ln()
    }
}

/// Whether two texts say almost the same.
fn is_same(a: &str, b: &str) -> bool {
    let a: HashSet<&str> = words(a).collect();
    let b: HashSet<&str> = words(b).collect();
    let shared = a.intersection(&b).count();
    2.0 * shared as f32 > SAME * (a.len() + b.len()) as f32
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Files as `//- path` lines, and what is found for a query, with its weight.
    #[track_caller]
    fn check(fixture: &str, query: &str, expected: Expect) {
        let mut index = Index::default();
        for file in fixture.split("//- ").skip(1) {
            let (path, text) = file.split_once('\n').expect("a path line ends");
            index.replace(&path.into(), Some(text));
        }
        let asked: Vec<String> = words(query).map(str::to_owned).collect();
        let shown: Vec<String> = index
            .find(&asked, "own.py", 3)
            .iter()
            .map(|found| format!("{} {:.2}\n{}", found.path, found.weight, found.text))
            .collect();
        expected.assert_eq(&shown.concat());
    }

    #[test]
    fn rare_words_count_more_and_copies_and_the_own_file_are_left_out() {
        check(
            "//- a.py\nrows = fetch_rows(cursor)\nprint(rows)\n\
             //- b.py\ncursor = connect()\n\
             //- c.py\nrows = fetch_rows(cursor)  \nprint(rows)\n\
             //- d.py\nprint('hello')\n\
             //- own.py\nrows = fetch_rows(cursor)\n",
            "for row in fetch_rows(cursor):",
            expect![[r#"
                a.py 0.13
                rows = fetch_rows(cursor)
                print(rows)
                b.py 0.06
                cursor = connect()
            "#]],
        );
    }

    #[test]
    fn the_index_does_not_grow_with_edits() {
        let mut index = Index::default();
        let path: Arc<str> = "a.py".into();
        for n in 0..1_000 {
            index.replace(&path, Some(&format!("x = {n}{n}\n")));
        }
        assert_eq!(index.n_pieces(), 1);
        assert!(index.pieces.len() <= 3, "{}", index.pieces.len());
        assert!(index.words.len() <= 3, "{}", index.words.len());
        index.replace(&path, None);
        assert_eq!((index.n_pieces(), index.n_bytes()), (0, 0));
    }

    #[test]
    fn what_goes_beyond_the_bound_is_left_out() {
        let mut index = Index::default();
        let text = "x = 12\n".repeat(MOST_BYTES / 7 / 4);
        for n in 0..6 {
            index.replace(&format!("{n}.py").into(), Some(&text));
        }
        assert!(index.n_bytes() <= MOST_BYTES);
        assert_eq!(index.by_path.len(), 4);
    }
}
