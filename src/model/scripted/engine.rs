//! The engine of a scripted model: logits that make the sampler say the script.

use crate::model::sequence::Outputs;
use crate::model::vocabulary::Vocabulary;
use crate::model::worker::Engine;
use crate::model::{Job, ModelError, Token};

use super::{Answer, Script, lock};

/// A KV cache that is a list of tokens.
pub(crate) struct ScriptedEngine {
    script: Script,
    cache: Vec<Token>,
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
            cache: Vec::new(),
            answer: None,
            rows: Vec::new(),
        }
    }

    /// Logits after what is in the cache: the script's next token, or the end.
    fn next_logits(&self) -> Vec<f32> {
        let n_vocab = self.vocabulary().len();
        let mut logits = vec![0.0; n_vocab];
        if let Some(saying) = &self.answer {
            let (token, logprob) = self.next_token(saying);
            let p = f64::from(logprob).exp();
            // The logit that has probability p beside n − 1 logits of zero.
            let logit = (p / (1.0 - p)).ln() + ((n_vocab - 1) as f64).ln();
            logits[token as usize] = logit.min(60.0) as f32;
        }
        logits
    }

    fn next_token(&self, saying: &Saying) -> (Token, f32) {
        let end = (self.script.tokens.end(), 0.0);
        let said = &self.cache[saying.start.min(self.cache.len())..];
        let mut said: Vec<u8> = said
            .iter()
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

    fn truncate(&mut self, n_keep: usize) -> bool {
        if self.script.only_grows {
            return false;
        }
        self.cache.truncate(n_keep);
        true
    }

    fn clear(&mut self) {
        self.cache.clear();
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
        self.answer = Some(Saying {
            start: self.cache.len(),
            pieces,
        });
        self.rows = vec![self.next_logits()];
        Ok(())
    }

    fn decode(
        &mut self,
        tokens: &[Token],
        at: usize,
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError> {
        assert_eq!(at, self.cache.len(), "the cache and its record disagree");
        self.rows.clear();
        for (idx, &token) in tokens.iter().enumerate() {
            if let Some(gate) = &self.script.gate
                && !gate.pass(interrupted)
            {
                return Ok(idx);
            }
            self.cache.push(token);
            let is_wanted = match outputs {
                Outputs::None => false,
                Outputs::Last => idx + 1 == tokens.len(),
                Outputs::Each => true,
            };
            if is_wanted {
                self.rows.push(self.next_logits());
            }
        }
        Ok(tokens.len())
    }

    fn logits(&self, row: usize) -> &[f32] {
        &self.rows[row]
    }

    fn fork(&self) -> Result<ScriptedEngine, ModelError> {
        Ok(ScriptedEngine::new(self.script.clone()))
    }
}
