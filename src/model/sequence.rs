//! What the KV cache holds for one use, and how a new prompt makes the most of it.

use super::{ModelError, Token, worker::Engine};

/// An engine's KV cache and the record of the tokens in it. The two agree at every moment, also
/// after an interrupted batch.
pub(crate) struct Sequence<E> {
    engine: E,
    /// The tokens in the cache, from position 0 on.
    tokens: Vec<Token>,
    /// Set once the cache refused to be cut, as recurrent models' does: their state is one sum
    /// over all tokens. Such a sequence can only grow or be cleared.
    only_grows: bool,
}

impl<E: Engine> Sequence<E> {
    pub(crate) fn new(engine: E) -> Sequence<E> {
        Sequence {
            engine,
            tokens: Vec::new(),
            only_grows: false,
        }
    }

    pub(crate) fn engine(&self) -> &E {
        &self.engine
    }

    pub(crate) fn engine_mut(&mut self) -> &mut E {
        &mut self.engine
    }

    /// Whether the cache is known to be one that cannot be cut.
    pub(crate) fn only_grows(&self) -> bool {
        self.only_grows
    }

    /// Number of tokens in the cache.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Drops everything after the shared prefix of cache and `prompt`, and returns its length.
    /// The last `n_fresh` tokens of the prompt are left to compute in any case: one where its
    /// logits are needed.
    pub(crate) fn rewind(&mut self, prompt: &[Token], n_fresh: usize) -> usize {
        let n_most = prompt.len().saturating_sub(n_fresh);
        let n_shared = shared_prefix(&self.tokens, prompt).min(n_most);
        if n_shared < self.tokens.len() {
            if !self.only_grows && self.engine.truncate(n_shared) {
                self.tokens.truncate(n_shared);
            } else {
                if !self.only_grows && n_shared > 0 {
                    self.only_grows = true;
                    tracing::info!(
                        "this model's memory cannot be cut: prompts that do not continue the last \
                         one are read from the start"
                    );
                }
                self.clear();
            }
        }
        self.tokens.len()
    }

    /// Computes the next batch of `tokens`, which go on where the cache ends, and returns how
    /// many of them are in the cache now: fewer than the batch when `interrupted` said so inside
    /// it, none when it said so at once.
    pub(crate) fn advance(
        &mut self,
        tokens: &[Token],
        outputs: Outputs,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, ModelError> {
        let batch = &tokens[..tokens.len().min(self.engine.n_batch())];
        match self
            .engine
            .decode(batch, self.tokens.len(), outputs, interrupted)
        {
            Ok(n_done) => {
                self.tokens.extend_from_slice(&batch[..n_done]);
                Ok(n_done)
            }
            Err(error) => {
                // What a failed batch left behind is not known: start over next time.
                self.clear();
                Err(error)
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.engine.clear();
        self.tokens.clear();
    }
}

/// Of which tokens of a batch the logits are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outputs {
    /// None: the tokens are only read.
    None,
    /// The last one's, at index 0.
    Last,
    /// Every token's, at its index in the batch.
    Each,
}

fn shared_prefix(a: &[Token], b: &[Token]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::scripted;

    /// Reads prompt after prompt into one cache; one line each: what was found there and what
    /// was computed.
    #[track_caller]
    fn check_reuse(script: scripted::Script, prompts: &[&str], expected: Expect) {
        let mut sequence = Sequence::new(script.engine());
        let tokenizer = scripted::Tokens::default();
        let mut transcript = String::new();
        for prompt in prompts {
            let tokens = super::super::Tokenizer::tokenize(&tokenizer, prompt);
            let n_reused = sequence.rewind(&tokens, 1);
            while sequence.len() < tokens.len() {
                let left = &tokens[sequence.len()..];
                sequence
                    .advance(left, Outputs::Last, &|| false)
                    .expect("the script does not fail");
            }
            let (reused, computed) = prompt.split_at(n_reused);
            transcript.push_str(&format!("{reused}▏{computed}\n"));
        }
        expected.assert_eq(&transcript);
    }

    #[test]
    fn only_what_differs_is_computed() {
        check_reuse(
            scripted::Script::new(),
            &["def f", "def fo", "def go", "x", "x"],
            expect![[r#"
                ▏def f
                def f▏o
                def ▏go
                ▏x
                ▏x
            "#]],
        );
    }

    #[test]
    fn the_last_token_is_computed_again_when_all_are_there() {
        check_reuse(
            scripted::Script::new(),
            &["return x", "return x", "return"],
            expect![[r#"
                ▏return x
                return ▏x
                retur▏n
            "#]],
        );
    }

    #[test]
    fn a_memory_that_cannot_be_cut_is_still_continued() {
        check_reuse(
            scripted::Script::new().only_grows(),
            &["def f", "def foo", "def g", "def g(x)"],
            expect![[r#"
                ▏def f
                def f▏oo
                ▏def g
                def g▏(x)
            "#]],
        );
    }
}
