"""Write a checkpoint, or random weights of the same shape, as a GGUF that llama.cpp runs.

Architecture `qwen3`, tokenizer `gpt2` with pre-type `superbpe`. The ids of the
FIM tokens are written as keys, so that no reader has to guess them from names.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import gguf
import numpy as np
import torch

from gpt import Gpt, Shape
from tokenizer import END, FILE, MIDDLE, PAD, PRE_TYPE, PREFIX, REPO, SPECIALS, SUFFIX, Codec

QUANTIZATIONS = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}

# The order that Midfill asks in. `fim.py` trains both; suffix first lets the KV cache keep all but
# what is typed. Readers that do not know the key pass over it.
FIM_ORDER_KEY, FIM_ORDER = "midfill.fim_order", "spm"
FIM_KEYS = {"pre": PREFIX, "suf": SUFFIX, "mid": MIDDLE, "pad": PAD, "rep": REPO, "sep": FILE}


def add_tokenizer(writer: gguf.GGUFWriter, path: Path, vocab: int) -> None:
    """Tokens, their types and the merges, and the ids of the special ones."""
    codec = Codec(path)
    merges = [
        pair if isinstance(pair, str) else " ".join(pair)
        for pair in json.loads(path.read_text(encoding="utf-8"))["model"]["merges"]
    ]
    tokens: list[str] = []
    types: list[int] = []
    for i in range(vocab):
        token = codec.tokenizer.id_to_token(i)
        if token is None:
            tokens.append(f"[unused {i}]")
            types.append(gguf.TokenType.UNUSED)
        else:
            tokens.append(token)
            types.append(gguf.TokenType.CONTROL if token in SPECIALS else gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TYPE)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(codec.tokenizer.token_to_id(END))
    writer.add_pad_token_id(codec.tokenizer.token_to_id(PAD))
    writer.add_add_bos_token(False)
    for key, token in FIM_KEYS.items():
        writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", codec.tokenizer.token_to_id(token))
    writer.add_string(FIM_ORDER_KEY, FIM_ORDER)


def write(
    out: Path, shape: Shape, context: int, weights: dict[str, np.ndarray], tokenizer: Path,
    quantization: str, name: str, description: str,
) -> None:
    """Write the GGUF `out`; `weights` are in float32 under the model's own names."""
    kind, file_type = QUANTIZATIONS[quantization]
    part = out.with_suffix(".part")
    writer = gguf.GGUFWriter(str(part), "qwen3")
    writer.add_name(name)
    writer.add_description(description)
    writer.add_license("apache-2.0")
    writer.add_languages(["python"])
    writer.add_size_label(f"{sum(w.size for w in weights.values()) / 1e6:.1f}M")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(shape.layers)
    writer.add_context_length(context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_eps)
    writer.add_vocab_size(shape.vocab)
    add_tokenizer(writer, tokenizer, shape.vocab)
    for tensor, value in weights.items():
        wanted = kind if value.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(tensor, gguf.quantize(value, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(part, out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python export.py run/last.pt --tokenizer run/tokenizer.json --out default.gguf\n"
        "  python export.py run/last.pt --tokenizer run/tokenizer.json --random --out random.gguf",
    )
    a = parser.add_argument
    a("checkpoint", type=Path, help="last.pt of train.py")
    a("--tokenizer", type=Path, required=True, help="the tokenizer.json it was trained with")
    a("--out", type=Path, required=True)
    a("--quantization", choices=sorted(QUANTIZATIONS), default="q8_0")
    a("--name", default="Midfill Python 3M")
    a("--random", action="store_true", help="same shape, random initial weights: the baseline that knows nothing")
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        raise SystemExit(f"{args.checkpoint} does not exist: train.py writes one every few minutes")
    saved = torch.load(args.checkpoint, map_location="cpu")
    shape = Shape(**saved["shape"])
    if args.random:
        torch.manual_seed(0)
        model = Gpt(shape)
        for parameter in model.parameters():
            if parameter.ndim == 2:
                torch.nn.init.normal_(parameter, std=0.02)
        named = dict(model.named_parameters())
        name, description = f"{args.name} (random)", "Random weights: a baseline, not a model."
    else:
        named = saved["average"]
        name = args.name
        description = f"Fill-in-the-middle for Python, trained on {saved['tokens'] / 1e6:.1f}M tokens."
    weights = {n: t.detach().float().numpy() for n, t in named.items()}
    write(args.out, shape, saved["context"], weights, args.tokenizer, args.quantization, name, description)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes, step {saved['step']:,}")


if __name__ == "__main__":
    main()
