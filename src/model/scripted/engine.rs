//! The engine of a scripted model: logits that make the sampler say the script.

use std::path::Path;

use std::ops::Range;

use crate::model::sequence::{Branch, MAX_BRANCHES, Outputs};
use crate::model::vocabulary::Vocabulary;
use crate::model::worker::Engine;
use crate::model::{Job, ModelError, Token};

use super::{Answer, Script, lock};

/// A KV cache that is a list of tokens for each branch, `None` where a hole is.
pub(crate) struct ScriptedEngine {
    script: Script,
    branches: Vec<Option<Vec<Option<Token>>>>,
    answer: Option<Saying>,
    /// Rows of logits of the last batch.
    rows: Vec<Vec<f32>>,
}

/// An answer being said.
struct Saying {
    /// Where in the cache it begins.
    start: usize,
    pieces: Vec<(Vec<u8>, f32)>,
}

impl ScriptedEngine {
    pub(crate) fn new(script: Script) -> ScriptedEngine {
        ScriptedEngine {
            script,
            branches: Self::one_branch(),
            answer: None,
            rows: Vec::new(),
        }
    }

    fn one_branch() -> Vec<Option<Vec<Option<Token>>>> {
        let mut branches = vec![None; MAX_BRANCHES];
        branches[0] = Some(Vec::new());
        branches
    }

    /// The cells of a branch.
    fn cells(&mut self, branch: Branch) -> &mut Vec<Option<Token>> {
        self.branches[branch]
            .as_mut()
            .expect("the branch was made and not dropped")
    }

    /// What the cache holds, to be compared with the record of it.
    #[cfg(test)]
    pub(crate) fn cache(&self) -> &[Option<Token>] {
        self.branches[0].as_deref().unwrap_or_default()
    }

    /// A cache ends with its last entry.
    fn drop_holes(&mut self) {
        let cells = self.cells(0);
        while cells.last() == Some(&None) {
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

    /// Logits after the first `len` positions of a branch: the script's next token, or the end.
    fn next_logits(&self, branch: Branch, len: usize) -> Vec<f32> {
        let n_vocab = self.vocabulary().len();
        let mut logits = vec![0.0; n_vocab];
        if let Some(saying) = &self.answer {
            let (token, logprob) = self.next_token(saying, branch, len);
            let p = f64::from(logprob).exp();
            // The logit that has probability p beside n − 1 logits of zero.
            let logit = (p / (1.0 - p)).ln() + ((n_vocab - 1) as f64).ln();
            logits[token as usize] = logit.min(60.0) as f32;
        }
        logits
    }

    fn next_token(&self, saying: &Saying, branch: Branch, len: usize) -> (Token, f32) {
        let end = (self.script.tokens.end(), 0.0);
        let cells = self.branches[branch].as_deref().unwrap_or_default();
        let said = &cells[saying.start.min(len)..len];
        let mut said: Vec<u8> = said
            .iter()
            .flatten()
            .flat_map(|&token| self.vocabulary().bytes(token).iter().copied())
            .collect();
        for (text, logprob) in &saying.pieces {
            let n = said.len().min(text.len());
            if said[..n] != text[..n] {
                // The sampler chose something else than the script.
                return end;
            }
            if n < text.len() {
                let next = self.vocabulary().longest_prefix(&text[n..]);
                return next.map_or(end, |token| (token, *logprob));
            }
            said.drain(..n);
        }
        end
    }
}

fn put(cells: &mut Vec<Option<Token>>, at: usize, token: Token) {
    if cells.len() <= at {
        cells.resize(at + 1, None);
    }
    assert_eq!(cells[at], None, "the cache and its record disagree");
    cells[at] = Some(token);
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
        let Answer(pieces) = self.script.next_answer(&prompt);
        lock(&self.script.record.0).push((prompt, job.clone()));
        let mut pieces: Vec<_> = pieces?
            .into_iter()
            .map(|(text, logprob)| (text.into_bytes(), logprob))
            .collect();
        // A real model knows the word it is in the middle of, so the first token may reach from
        // the healed bytes into the answer.
        match pieces.first_mut() {
            Some((text, _)) => drop(text.splice(0..0, job.heal.iter().copied())),
            None => pieces.push((job.heal.clone(), 0.0)),
        }
        let start = self.cells(0).len();
        self.answer = Some(Saying { start, pieces });
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
        self.rows.clear();
        for (idx, &token) in tokens.iter().enumerate() {
            if !self.may_pass(interrupted) {
                return Ok(idx);
            }
            put(self.cells(0), at + idx, token);
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
        self.rows.clear();
        for &(branch, token, at) in steps {
            let cells = self.cells(branch);
            assert_eq!(cells.len(), at, "the branch and its record disagree");
            put(cells, at, token);
            self.rows.push(self.next_logits(branch, at + 1));
        }
        Ok(true)
    }

    fn save(&mut self, n_positions: usize) -> Option<Vec<u8>> {
        assert_eq!(self.cells(0).len(), n_positions);
        if self.script.only_grows {
            return None;
        }
        let cells = self.cells(0).iter();
        Some(
            cells
                .flat_map(|cell| cell.unwrap_or(-1).to_le_bytes())
                .collect(),
        )
    }

    fn restore(&mut self, entries: &[u8]) -> bool {
        let (cells, rest) = entries.as_chunks::<4>();
        let cells = cells.iter().map(|bytes| Token::from_le_bytes(*bytes));
        *self.cells(0) = cells.map(|token| (token >= 0).then_some(token)).collect();
        rest.is_empty()
    }

    fn bytes_per_position(&self) -> usize {
        size_of::<Token>()
    }

    fn fork(&self) -> Result<ScriptedEngine, ModelError> {
        Ok(ScriptedEngine::new(self.script.clone()))
    }
}
