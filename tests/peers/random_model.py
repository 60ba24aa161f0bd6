#!/usr/bin/env python3
"""Write a GGUF of Qwen2.5-Coder-0.5B's shape with random weights, for measuring speed.

It computes exactly as much as the real model and knows nothing. Shape, order and names of the
tensors, number of tokens and the ids of the fill-in-the-middle tokens are Qwen's; the tokens
themselves are those of our own model, filled up with words that no text has. Equal seeds write equal
files, to the byte.

    $(tests/setup/python numpy gguf) tests/peers/random_model.py --out 0.5b.gguf
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import gguf
import numpy as np

LAYERS, WIDTH, HIDDEN, HEADS, KV_HEADS, VOCAB = 24, 896, 4864, 14, 2, 151936
CONTEXT, ROPE_BASE, NORM_EPS = 32768, 1_000_000.0, 1e-6
SPECIALS = {
    151643: "<|endoftext|>", 151644: "<|im_start|>", 151645: "<|im_end|>",
    151659: "<|fim_prefix|>", 151660: "<|fim_middle|>", 151661: "<|fim_suffix|>",
    151662: "<|fim_pad|>", 151663: "<|repo_name|>", 151664: "<|file_sep|>",
}
FIM_KEYS = {"pre": 151659, "mid": 151660, "suf": 151661, "pad": 151662, "rep": 151663, "sep": 151664}
Q8_0 = gguf.GGMLQuantizationType.Q8_0
# Standard deviation of the weights.
SPREAD = 0.02


def field(reader: gguf.GGUFReader, name: str):
    found = reader.get_field(name)
    if found is None:
        raise SystemExit(f"the model whose tokens are taken has no {name}")
    return found.contents()


def add_tokenizer(writer: gguf.GGUFWriter, source: Path) -> None:
    reader = gguf.GGUFReader(source)
    tokens = list(field(reader, "tokenizer.ggml.tokens"))
    kinds = list(field(reader, "tokenizer.ggml.token_type"))
    # The other model's special tokens have their own places here.
    for i, kind in enumerate(kinds):
        if kind != gguf.TokenType.NORMAL:
            tokens[i], kinds[i] = f"zq{i}", gguf.TokenType.NORMAL
    for i in range(len(tokens), VOCAB):
        tokens.append(SPECIALS.get(i, f"zq{i}"))
        kinds.append(gguf.TokenType.CONTROL if i in SPECIALS else gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(field(reader, "tokenizer.ggml.pre"))
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(list(field(reader, "tokenizer.ggml.merges")))
    writer.add_bos_token_id(151643)
    writer.add_eos_token_id(151643)
    writer.add_pad_token_id(151643)
    writer.add_add_bos_token(False)
    for key, token in FIM_KEYS.items():
        writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", token)


CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def matrix(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A random matrix as Q8_0: blocks of a scale in 16 bits and 32 weights in 8 bits."""
    blocks = np.empty((rows, columns // 32, 34), dtype=np.uint8)
    # Uniform in -127..127, whose standard deviation is 73.3.
    scale = np.array([SPREAD / 73.3], dtype=np.float16).view(np.uint8)
    blocks[:, :, :2] = scale
    blocks[:, :, 2:] = rng.integers(-127, 128, (rows, columns // 32, 32), dtype=np.int8).view(np.uint8)
    return blocks.reshape(rows, -1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens-of", type=Path, default=root / "models/default.gguf")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chat", action="store_true", help="with a chat template, ChatML")
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    part = args.out.with_suffix(".part")
    writer = gguf.GGUFWriter(str(part), "qwen2")
    writer.add_name("Random weights, shape of Qwen2.5-Coder-0.5B")
    writer.add_description("For measuring speed; knows nothing.")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(NORM_EPS)
    add_tokenizer(writer, args.tokens_of)
    if args.chat:
        writer.add_chat_template(CHATML)

    kv = WIDTH // HEADS * KV_HEADS
    ones, zeros = np.ones(WIDTH, dtype=np.float32), np.zeros
    writer.add_tensor("token_embd.weight", matrix(rng, VOCAB, WIDTH), raw_dtype=Q8_0)
    writer.add_tensor("output_norm.weight", ones)
    for n in range(LAYERS):
        for name, rows, columns in [
            ("attn_q", WIDTH, WIDTH), ("attn_k", kv, WIDTH), ("attn_v", kv, WIDTH),
            ("attn_output", WIDTH, WIDTH), ("ffn_gate", HIDDEN, WIDTH),
            ("ffn_up", HIDDEN, WIDTH), ("ffn_down", WIDTH, HIDDEN),
        ]:
            writer.add_tensor(f"blk.{n}.{name}.weight", matrix(rng, rows, columns), raw_dtype=Q8_0)
        for name, size in [("attn_q", WIDTH), ("attn_k", kv), ("attn_v", kv)]:
            writer.add_tensor(f"blk.{n}.{name}.bias", zeros(size, dtype=np.float32))
        writer.add_tensor(f"blk.{n}.attn_norm.weight", ones)
        writer.add_tensor(f"blk.{n}.ffn_norm.weight", ones)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(part, args.out)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
