//! The engine of a scripted model: logits that make the sampler say the script.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use crate::model::sequence::{Branch, MAX_BRANCHES, Outputs};
use crate::model::vocabulary::Vocabulary;
use crate::model::worker::Engine;
use crate::model::{Job, ModelError, Token};

use super::{Answer, Script, lock};

/// A KV cache that is a list of entries for each branch, `None` where a hole is.
pub(crate) struct ScriptedEngine {
    script: Script,
    branches: Vec<Option<Vec<Option<Entry>>>>,
    /// Entries made so far.
    n_entries: u64,
    answer: Option<Saying>,
    /// Rows of logits of the last batch.
    rows: Vec<Vec<f32>>,
}

/// What a cell of the cache holds. Branches that are copies of one another share their entries.
#[derive(Clone, Copy)]
struct Entry {
    token: Token,
    id: u64,
}

/// An answer being said.
struct Saying {
    /// Where in the cache it begins.
    start: usize,
    /// The texts that it may be.
    ways: Vec<Way>,
}

/// Pieces with the log-probability of each of their tokens.
type Way = Vec<(Vec<u8>, f32)>;

impl ScriptedEngine {
    pub(crate) fn new(script: Script) -> ScriptedEngine {
        ScriptedEngine {
            script,
            branches: Self::one_branch(),
            n_entries: 0,
            answer: None,
            rows: Vec::new(),
        }
    }

    fn one_branch() -> Vec<Option<Vec<Option<Entry>>>> {
        let mut branches = vec![None; MAX_BRANCHES];
        branches[0] = Some(Vec::new());
        branches
    }

    /// The cells of a branch.
    fn cells(&mut self, branch: Branch) -> &mut Vec<Option<Entry>> {
        self.branches[branch]
            .as_mut()
            .expect("the branch was made and not dropped")
    }

    /// What the cache holds, to be compared with the record of it.
    #[cfg(test)]
    pub(crate) fn cache(&self) -> Vec<Option<Token>> {
        let cells = self.branches[0].iter().flatten();
        cells.map(|cell| cell.map(|entry| entry.token)).collect()
    }

    /// Puts a token where a hole is.
    fn put(&mut self, branch: Branch, at: usize, token: Token) {
        self.n_entries += 1;
        let id = self.n_entries;
        let cells = self.cells(branch);
        if cells.len() <= at {
            cells.resize(at + 1, None);
        }
        assert!(cells[at].is_none(), "the cache and its record disagree");
        cells[at] = Some(Entry { token, id });
    }

    /// Refuses what the cells do not hold beside all that they hold, as llama.cpp does.
    fn reserve(&self, n_tokens: usize) -> Result<(), ModelError> {
        let entries = self.branches.iter().flatten().flatten().flatten();
        let needed = match self.branches[1..].iter().all(Option::is_none) {
            true => entries.count(),
            false => entries.map(|entry| entry.id).collect::<HashSet<_>>().len(),
        } + n_tokens;
        match needed > self.n_ctx() {
            true => Err(ModelError::ContextFull {
                needed,
                available: self.n_ctx(),
            }),
            false => Ok(()),
        }
    }

    /// A cache ends with its last entry.
    fn drop_holes(&mut self) {
        let cells = self.cells(0);
        while cells.last().is_some_and(Option::is_none) {
            cells.pop();
        }
    }

    /// Whether the next token may be computed.
    fn may_pass(&self, interrupted: &(dyn Fn() -> bool + Sync)) -> bool {
        match &self.script.gate {
            Some(gate) => gate.pass(interrupted),
            None => !interrupted(),
        }
    }

    /// Logits after the first `len` positions of a branch: the script's next tokens, or the end.
    fn next_logits(&self, branch: Branch, len: usize) -> Vec<f32> {
        let n_vocab = self.vocabulary().len();
        let mut logits = vec![0.0; n_vocab];
        let Some(saying) = &self.answer else {
            return logits;
        };
        let mut next = self.next_tokens(saying, branch, len);
        // Who is certain of a token leaves the others that the script names their part.
        let others = next.iter().filter(|(_, logprob)| *logprob < 0.0);
        let others: f32 = others.map(|(_, logprob)| logprob.exp()).sum();
        let sure = next.iter_mut().filter(|(_, logprob)| *logprob == 0.0);
        if others > 0.0 {
            let left = (0.99 * (1.0 - others)).ln();
            sure.take(1).for_each(|(_, logprob)| *logprob = left);
        }
        let sum: f64 = next
            .iter()
            .map(|(_, logprob)| f64::from(*logprob).exp())
            .sum();
        // What is left is shared by all other tokens, whose logits are zero.
        let share = (1.0 - sum).max(0.0) / (n_vocab - next.len()) as f64;
        for (token, logprob) in next {
            let logit = f64::from(logprob) - share.ln();
            logits[token as usize] = logit.min(60.0) as f32;
        }
        logits
    }

    /// The next token of every text that begins with what was said, and its log-probability.
    fn next_tokens(&self, saying: &Saying, branch: Branch, len: usize) -> Vec<(Token, f32)> {
        let end = (self.script.tokens.end(), 0.0);
        let cells = self.branches[branch].as_deref().unwrap_or_default();
        let said = &cells[saying.start.min(len)..len];
        let said: Vec<u8> = said
            .iter()
            .flatten()
            .flat_map(|entry| self.vocabulary().bytes(entry.token).iter().copied())
            .collect();
        let mut next: Vec<(Token, f32)> = Vec::new();
        for (idx, way) in saying.ways.iter().enumerate() {
            let Some((token, logprob)) = self.next_of(way, &said) else {
                continue;
            };
            // A way has its own probability where it parts from those before it.
            let is_sure = idx > 0 && next.is_empty();
            if next.iter().all(|(known, _)| *known != token) {
                next.push((token, if is_sure { 0.0 } else { logprob }));
            }
        }
        if next.is_empty() {
            // The sampler chose something else than the script.
            next.push(end);
        }
        next
    }

    /// The next token of one text; `None` where something else was said.
    fn next_of(&self, way: &Way, said: &[u8]) -> Option<(Token, f32)> {
        let mut said = said;
        for (text, logprob) in way {
            let n = said.len().min(text.len());
            if said[..n] != text[..n] {
                return None;
            }
            if n < text.len() {
                let next = self.vocabulary().longest_prefix(&text[n..]);
                return next.map(|token| (token, *logprob));
            }
            said = &said[n..];
        }
        said.is_empty().then_some((self.script.tokens.end(), 0.0))
    }
}

impl Engine for ScriptedEngine {
    fn vocabulary(&self) -> &Vocabulary {
        self.script.tokens.vocabulary()
    }

    fn is_end(&self, token: Token) -> bool {
        token == self.script.tokens.end()
    }

    fn n_ctx(&self) -> usize {
        self.script.context_size()
    }

    fn n_batch(&self) -> usize {
        self.script.n_batch.unwrap_or(64)
    }

    fn remove(&mut self, range: Range<usize>, to_the_end: bool) -> bool {
        if self.script.only_grows {
            return false;
        }
        let cells = self.cells(0);
        match to_the_end {
            true => cells.truncate(range.start),
            false => cells[range].fill(None),
        }
        self.drop_holes();
        true
    }

    fn clear(&mut self) {
        self.branches = Self::one_branch();
    }

    fn why_no_shift(&self) -> Option<&str> {
        self.script.why_no_shift()
    }

    fn shift_cost(&self) -> usize {
        0
    }

    fn shift(&mut self, range: Range<usize>, to: usize) {
        let cells = self.cells(0);
        let moved: Vec<_> = cells[range.clone()].to_vec();
        assert!(moved.iter().all(Option::is_some), "there is no entry");
        cells[range].fill(None);
        let end = to + moved.len();
        if cells.len() < end {
            cells.resize(end, None);
        }
        assert!(
            cells[to..end].iter().all(Option::is_none),
            "the place is taken"
        );
        cells[to..end].copy_from_slice(&moved);
        self.drop_holes();
    }

    /// Any file does for an adapter that is not said to be missing.
    fn adapt(&mut self, adapter: Option<&Path>) -> Result<(), ModelError> {
        match adapter {
            Some(path) if path.ends_with("missing.gguf") => Err(ModelError::Adapter {
                path: path.to_owned(),
                reason: "its script says that it is missing".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn begin_answer(&mut self, job: &Job) -> Result<(), ModelError> {
        let prompt = self.script.tokens.render(&job.prompt);
        let Answer(ways) = self.script.next_answer(&prompt);
        lock(&self.script.record.0).push((prompt, job.clone()));
        let mut ways: Vec<Way> = ways?
            .into_iter()
            .map(|pieces| {
                let pieces = pieces.into_iter();
                pieces.map(|(text, p)| (text.into_bytes(), p)).collect()
            })
            .collect();
        // A real model knows the word it is in the middle of, so the first token may reach from
        // the healed bytes into the answer.
        for way in &mut ways {
            match way.first_mut() {
                Some((text, _)) => drop(text.splice(0..0, job.heal.iter().copied())),
                None => way.push((job.heal.clone(), 0.0)),
            }
        }
        let start = self.cells(0).len();
        self.answer = Some(Saying { start, ways });
        self.rows = vec![self.next_logits(0, start)];
        Ok(())
    }

    fn decode(
        &mut self,
        tokens: &[Token],
        at: usize,
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError> {
        self.reserve(tokens.len())?;
        self.rows.clear();
        for (idx, &token) in tokens.iter().enumerate() {
            if !self.may_pass(interrupted) {
                return Ok(idx);
            }
            self.put(0, at + idx, token);
            let is_wanted = match outputs {
                Outputs::None => false,
                Outputs::Last => idx + 1 == tokens.len(),
                Outputs::Each => true,
            };
            if is_wanted {
                self.rows.push(self.next_logits(0, at + idx + 1));
            }
        }
        Ok(tokens.len())
    }

    fn logits(&self, row: usize) -> &[f32] {
        &self.rows[row]
    }

    fn n_branches(&self) -> usize {
        match self.script.only_grows {
            true => 1,
            false => MAX_BRANCHES,
        }
    }

    fn fork_branch(&mut self, from: Branch, to: Branch) {
        self.branches[to] = self.branches[from].clone();
    }

    fn drop_branch(&mut self, branch: Branch) {
        self.branches[branch] = None;
    }

    fn adopt_branch(&mut self, branch: Branch) {
        self.branches[0] = self.branches[branch].take();
    }

    fn step(
        &mut self,
        steps: &[(Branch, Token, usize)],
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, ModelError> {
        if !self.may_pass(interrupted) {
            return Ok(false);
        }
        self.reserve(steps.len())?;
        self.rows.clear();
        for &(branch, token, at) in steps {
            let n_cells = self.cells(branch).len();
            assert_eq!(n_cells, at, "the branch and its record disagree");
            self.put(branch, at, token);
            self.rows.push(self.next_logits(branch, at + 1));
        }
        Ok(true)
    }

    fn save(&mut self, n_positions: usize) -> Option<Vec<u8>> {
        assert_eq!(self.cells(0).len(), n_positions);
        if self.script.only_grows {
            return None;
        }
        let tokens = self.cells(0).iter().map(|cell| match cell {
            Some(entry) => entry.token,
            None => -1,
        });
        Some(tokens.flat_map(Token::to_le_bytes).collect())
    }

    fn restore(&mut self, entries: &[u8]) -> bool {
        let (cells, rest) = entries.as_chunks::<4>();
        self.cells(0).clear();
        for (at, bytes) in cells.iter().enumerate() {
            let token = Token::from_le_bytes(*bytes);
            if token >= 0 {
                self.put(0, at, token);
            }
        }
        rest.is_empty()
    }

    fn bytes_per_position(&self) -> usize {
        size_of::<Token>()
    }

    fn fork(&self) -> Result<ScriptedEngine, ModelError> {
        Ok(ScriptedEngine::new(self.script.clone()))
    }
}
