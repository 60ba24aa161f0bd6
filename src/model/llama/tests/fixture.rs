//! A GGUF file made on the spot: two layers of random weights and a byte-level vocabulary. What
//! it writes is nonsense, always the same, and enough to watch llama.cpp at work.

use std::path::Path;

pub(crate) const N_EMBD: u64 = 64;
const N_HEADS: u32 = 4;
const N_FF: u64 = 128;
const N_LAYERS: u32 = 2;
pub(crate) const N_CTX: u32 = 512;

const CONTROL: i32 = 3;
const NORMAL: i32 = 1;
const BYTE: i32 = 6;
const SPECIALS: [&str; 6] = [
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|im_start|>",
    "<|im_end|>",
];
/// Longer tokens; each is made by merging its two parts.
const MERGES: [(&str, &str); 5] = [("d", "e"), ("de", "f"), ("r", "e"), ("re", "t"), ("Ġ", "x")];

/// What a file says of itself.
#[derive(Clone)]
pub(crate) struct Gguf {
    pub(crate) architecture: &'static str,
    pub(crate) with_tensors: bool,
    /// Whether the vocabulary is SentencePiece's, as Llama 2's, rather than byte-level BPE.
    pub(crate) sentence_piece: bool,
    /// How text is cut before the merges.
    pub(crate) pre_tokenizer: &'static str,
    /// Special tokens; the first ends an answer.
    pub(crate) specials: Vec<&'static str>,
    /// Whether a prompt begins with the first special token.
    pub(crate) with_bos: bool,
    /// Further keys with text.
    pub(crate) keys: Vec<(&'static str, &'static str)>,
    /// Another seed gives other weights.
    pub(crate) seed: u32,
}

impl Default for Gguf {
    fn default() -> Gguf {
        Gguf {
            architecture: "llama",
            with_tensors: true,
            sentence_piece: false,
            pre_tokenizer: "qwen2",
            specials: SPECIALS.to_vec(),
            with_bos: false,
            keys: Vec::new(),
            seed: 1,
        }
    }
}

impl Gguf {
    pub(crate) fn write(&self, path: &Path) {
        std::fs::write(path, self.bytes()).expect("a temporary folder can be written");
    }

    /// The file, by the GGUF specification, version 3.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut tokens: Vec<String> = match self.sentence_piece {
            true => pieces(),
            false => byte_alphabet(),
        };
        if !self.sentence_piece {
            tokens.extend(MERGES.map(|(left, right)| format!("{left}{right}")));
        }
        let n_ordinary = tokens.len();
        tokens.extend(self.specials.iter().map(|&special| special.to_owned()));
        let kinds = tokens
            .iter()
            .enumerate()
            .map(|(idx, token)| match idx < n_ordinary {
                true if token.starts_with("<0x") => BYTE,
                true => NORMAL,
                false => CONTROL,
            });
        let n_vocab = tokens.len() as u64;

        let mut metadata = Metadata::default();
        let key = |name: &str| format!("{}.{name}", self.architecture);
        metadata.string("general.architecture", self.architecture);
        metadata.string("general.name", "Fixture");
        metadata.u32(&key("block_count"), N_LAYERS);
        metadata.u32(&key("context_length"), N_CTX);
        metadata.u32(&key("embedding_length"), N_EMBD as u32);
        metadata.u32(&key("feed_forward_length"), N_FF as u32);
        metadata.u32(&key("attention.head_count"), N_HEADS);
        metadata.f32(&key("attention.layer_norm_rms_epsilon"), 1e-6);
        let kind = if self.sentence_piece { "llama" } else { "gpt2" };
        metadata.string("tokenizer.ggml.model", kind);
        metadata.string("tokenizer.ggml.pre", self.pre_tokenizer);
        metadata.strings("tokenizer.ggml.tokens", &tokens);
        metadata.i32s("tokenizer.ggml.token_type", &kinds.collect::<Vec<_>>());
        // SentencePiece joins what scores best.
        metadata.f32s("tokenizer.ggml.scores", &vec![0.0; tokens.len()]);
        let merges = MERGES.map(|(left, right)| format!("{left} {right}"));
        metadata.strings("tokenizer.ggml.merges", &merges);
        metadata.u32("tokenizer.ggml.eos_token_id", n_ordinary as u32);
        if self.with_bos {
            metadata.u32("tokenizer.ggml.bos_token_id", n_ordinary as u32);
        }
        metadata.bool("tokenizer.ggml.add_bos_token", self.with_bos);
        for (key, text) in &self.keys {
            metadata.string(key, text);
        }
        // llama.cpp knows ChatML by its first special token.
        metadata.string("tokenizer.chat_template", "<|im_start|>");

        let tensors = match self.with_tensors {
            true => tensors(n_vocab),
            false => Vec::new(),
        };
        file(&metadata, &tensors, self.seed)
    }
}

/// A LoRA adapter of rank 4 for the first layer's queries and values, with random weights. `n_embd`
/// is the width of the model it was made for.
pub(crate) fn write_adapter(path: &Path, n_embd: u64, seed: u32) {
    const RANK: u64 = 4;

    let mut metadata = Metadata::default();
    metadata.string("general.architecture", "llama");
    metadata.string("general.type", "adapter");
    metadata.string("adapter.type", "lora");
    metadata.f32("adapter.lora.alpha", 8.0);
    let mut tensors = Vec::new();
    for weight in ["attn_q", "attn_v"] {
        let name = format!("blk.0.{weight}.weight");
        tensors.push((format!("{name}.lora_a"), vec![n_embd, RANK]));
        tensors.push((format!("{name}.lora_b"), vec![RANK, n_embd]));
    }
    let bytes = file(&metadata, &tensors, seed);
    std::fs::write(path, bytes).expect("a temporary folder can be written");
}

/// A file with random weights.
fn file(metadata: &Metadata, tensors: &[(String, Vec<u64>)], seed: u32) -> Vec<u8> {
    let mut file = b"GGUF".to_vec();
    file.extend(3u32.to_le_bytes());
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend(metadata.n.to_le_bytes());
    file.extend(&metadata.bytes);
    let mut offset = 0u64;
    for (name, shape) in tensors {
        push_string(&mut file, name);
        file.extend((shape.len() as u32).to_le_bytes());
        for n in shape {
            file.extend(n.to_le_bytes());
        }
        // Type 0 is F32.
        file.extend(0u32.to_le_bytes());
        file.extend(offset.to_le_bytes());
        offset += shape.iter().product::<u64>() * 4;
    }
    file.resize(file.len().next_multiple_of(32), 0);
    let mut state = seed;
    for (name, shape) in tensors {
        for _ in 0..shape.iter().product::<u64>() {
            // A linear congruential generator (Numerical Recipes); norms are near one.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
            let value = if name.contains("norm") {
                1.0 + noise * 0.1
            } else {
                noise
            };
            file.extend(value.to_le_bytes());
        }
    }
    file
}

/// Names and shapes, each a multiple of 32 bytes, so that offsets are aligned.
fn tensors(n_vocab: u64) -> Vec<(String, Vec<u64>)> {
    let mut tensors = vec![
        ("token_embd.weight".to_owned(), vec![N_EMBD, n_vocab]),
        ("output_norm.weight".to_owned(), vec![N_EMBD]),
    ];
    for layer in 0..N_LAYERS {
        for (name, shape) in [
            ("attn_norm", vec![N_EMBD]),
            ("attn_q", vec![N_EMBD, N_EMBD]),
            ("attn_k", vec![N_EMBD, N_EMBD]),
            ("attn_v", vec![N_EMBD, N_EMBD]),
            ("attn_output", vec![N_EMBD, N_EMBD]),
            ("ffn_norm", vec![N_EMBD]),
            ("ffn_gate", vec![N_EMBD, N_FF]),
            ("ffn_up", vec![N_EMBD, N_FF]),
            ("ffn_down", vec![N_FF, N_EMBD]),
        ] {
            tensors.push((format!("blk.{layer}.{name}.weight"), shape));
        }
    }
    tensors
}

/// The alphabet of byte-level BPE (Radford et al., 2019): printable bytes stand for themselves,
/// the others for the characters from U+0100 on.
fn byte_alphabet() -> Vec<String> {
    let mut next = 0x100;
    (0..=255u8)
        .map(|byte| {
            let is_printable = matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
            let code = if is_printable {
                u32::from(byte)
            } else {
                next += 1;
                next - 1
            };
            char::from_u32(code).map(String::from).unwrap_or_default()
        })
        .collect()
}

/// SentencePiece's alphabet: its space, letters, two words, and a token for every byte.
fn pieces() -> Vec<String> {
    let letters = ('a'..='z').chain('A'..='Z').map(String::from);
    let words = ["▁", "▁P", "▁PR"].map(str::to_owned);
    let bytes = (0..=255u8).map(|byte| format!("<0x{byte:02X}>"));
    words.into_iter().chain(letters).chain(bytes).collect()
}

/// Key-value pairs as GGUF writes them: key, type, value.
#[derive(Default)]
struct Metadata {
    n: u64,
    bytes: Vec<u8>,
}

impl Metadata {
    fn key(&mut self, key: &str, kind: u32) {
        self.n += 1;
        push_string(&mut self.bytes, key);
        self.bytes.extend(kind.to_le_bytes());
    }

    fn u32(&mut self, key: &str, value: u32) {
        self.key(key, 4);
        self.bytes.extend(value.to_le_bytes());
    }

    fn f32(&mut self, key: &str, value: f32) {
        self.key(key, 6);
        self.bytes.extend(value.to_le_bytes());
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.key(key, 7);
        self.bytes.push(u8::from(value));
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key, 8);
        push_string(&mut self.bytes, value);
    }

    fn strings(&mut self, key: &str, values: &[String]) {
        self.array(key, 8, values.len());
        for value in values {
            push_string(&mut self.bytes, value);
        }
    }

    fn i32s(&mut self, key: &str, values: &[i32]) {
        self.array(key, 5, values.len());
        for value in values {
            self.bytes.extend(value.to_le_bytes());
        }
    }

    fn f32s(&mut self, key: &str, values: &[f32]) {
        self.array(key, 6, values.len());
        for value in values {
            self.bytes.extend(value.to_le_bytes());
        }
    }

    fn array(&mut self, key: &str, kind: u32, len: usize) {
        self.key(key, 9);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend((len as u64).to_le_bytes());
    }
}

fn push_string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
