"""The decoder-only transformer that Midfill ships: the `qwen3` graph of llama.cpp.

RMSNorm before each sublayer, rotary positions, grouped-query attention with an
RMSNorm on every query and key head, SwiGLU, no biases, head tied to the token
embedding or not. Everything here has a counterpart in the GGUF that
`export.py` writes, so nothing may be added that llama.cpp cannot run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INIT_STD = 0.02
"""Standard deviation of the embedding and the head at the start."""
CPU_PIECE = 128
"""Queries at once where attention is not fused."""


@dataclass(frozen=True)
class Shape:
    """Sizes of one model; all widths in units of one float."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    vocab: int = 4096
    tied: bool = True
    rope_base: float = 100_000.0
    norm_eps: float = 1e-6

    def to_dict(self) -> dict:
        """The sizes as plain numbers, to be stored in a checkpoint."""
        return asdict(self)


SHAPES: dict[str, Shape] = {
    # For tests: a few seconds of CPU.
    "tiny": Shape(layers=2, width=64, heads=2, kv_heads=1, head_dim=32, hidden=128),
    # What two CPU cores can train in about an hour.
    "3m": Shape(layers=6, width=192, heads=3, kv_heads=3, head_dim=64, hidden=512),
    # What one data-centre GPU can train in half an hour.
    "59m": Shape(
        layers=16, width=512, heads=8, kv_heads=4, head_dim=64, hidden=1536,
        vocab=8192, tied=False,
    ),
}


def shape_named(name: str, **changes: object) -> Shape:
    """The preset `name`, with single sizes replaced by `changes`."""
    return replace(SHAPES[name], **changes)


class Block(nn.Module):
    """One layer: attention and SwiGLU, each added to the residual stream."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.attn_norm = nn.RMSNorm(shape.width, eps=shape.norm_eps)
        self.attn_q = nn.Linear(shape.width, q, bias=False)
        self.attn_k = nn.Linear(shape.width, kv, bias=False)
        self.attn_v = nn.Linear(shape.width, kv, bias=False)
        self.attn_output = nn.Linear(q, shape.width, bias=False)
        self.attn_q_norm = nn.RMSNorm(shape.head_dim, eps=shape.norm_eps)
        self.attn_k_norm = nn.RMSNorm(shape.head_dim, eps=shape.norm_eps)
        self.ffn_norm = nn.RMSNorm(shape.width, eps=shape.norm_eps)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """`x` is [batch, tokens, width]; so is the result."""
        batch, tokens, _ = x.shape
        s = self.shape
        h = self.attn_norm(x)
        q = self.attn_q(h).view(batch, tokens, s.heads, s.head_dim)
        k = self.attn_k(h).view(batch, tokens, s.kv_heads, s.head_dim)
        v = self.attn_v(h).view(batch, tokens, s.kv_heads, s.head_dim)
        q = rotate(self.attn_q_norm(q), cos, sin).to(v.dtype).transpose(1, 2)
        k = rotate(self.attn_k_norm(k), cos, sin).to(v.dtype).transpose(1, 2)
        v = v.transpose(1, 2)
        if s.kv_heads != s.heads:
            k = k.repeat_interleave(s.heads // s.kv_heads, dim=1)
            v = v.repeat_interleave(s.heads // s.kv_heads, dim=1)
        a = attend(q, k, v)
        x = x + self.attn_output(a.transpose(1, 2).reshape(batch, tokens, -1))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention; queries, keys, values and the result are [batch, heads, tokens, head_dim].

    PyTorch's fused kernel takes 45% of a training step on a CPU. There the
    queries go in pieces of 128, each with the keys it may see, which makes the
    whole step a fifth faster.
    """
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    out = []
    for i in range(0, q.shape[2], CPU_PIECE):
        end = min(i + CPU_PIECE, q.shape[2])
        scores = (q[:, :, i:end] @ k[:, :, :end].mT).float() * q.shape[-1] ** -0.5
        hidden = torch.ones(end - i, end, dtype=torch.bool).triu(i + 1)
        weights = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        out.append(weights.to(v.dtype) @ v[:, :, :end])
    return torch.cat(out, 2)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions in the NEOX layout: the first half pairs with the second.

    `x` is [batch, tokens, heads, head_dim]; `cos` and `sin` are [tokens, 1, head_dim / 2].
    """
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Gpt(nn.Module):
    """Token ids in, next-token logits out."""

    def __init__(self, shape: Shape, max_tokens: int = 1024) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocab, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, eps=shape.norm_eps)
        self.output = nn.Linear(shape.width, shape.vocab, bias=False)
        if shape.tied:
            self.output.weight = self.token_embd.weight
        half = shape.head_dim // 2
        angle = torch.outer(
            torch.arange(max_tokens).float(),
            shape.rope_base ** (-torch.arange(half).float() / half),
        )
        self.register_buffer("cos", angle.cos()[:, None, :], persistent=False)
        self.register_buffer("sin", angle.sin()[:, None, :], persistent=False)
        self.init_weights()

    def init_weights(self) -> None:
        """Small normal weights; what writes to the residual stream starts at zero."""
        for name, p in self.named_parameters():
            if p.ndim < 2:
                nn.init.ones_(p)
            elif name.endswith(("attn_output.weight", "ffn_down.weight")):
                nn.init.zeros_(p)
            elif name.startswith(("token_embd", "output")):
                nn.init.normal_(p, std=INIT_STD)
            else:
                nn.init.normal_(p, std=p.shape[1] ** -0.5 / 2)

    def hidden(self, ids: Tensor) -> Tensor:
        """The last hidden state, normed: [batch, tokens] to [batch, tokens, width]."""
        tokens = ids.shape[1]
        cos, sin = self.cos[:tokens], self.sin[:tokens]
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, cos, sin)
        return self.output_norm(x)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits: [batch, tokens] to [batch, tokens, vocab]."""
        return self.output(self.hidden(ids))

    def loss(self, ids: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Mean cross-entropy in nats per unit of weight; all three are [batch, tokens]."""
        logits = self(ids).float().flatten(0, 1)
        each = F.cross_entropy(logits, targets.flatten(), reduction="none")
        return (each * weights.flatten()).sum() / weights.sum().clamp(min=1)
