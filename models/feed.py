"""Batches from processes of their own, so that making rows costs the trainer no time."""

from __future__ import annotations

import os
import queue
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as mp
from torch import Tensor

from corpus import Corpus
from fim import MIXES, Rows
from tokenizer import Codec


@dataclass(frozen=True)
class Stage:
    """From `start` (share of the run, 0 to 1) on, rows have `tokens` tokens of mix `mix`."""

    start: float
    tokens: int
    mix: str


def stages(text: str) -> list[Stage]:
    """Parse `0:256:copying,0.4:512:broad`."""
    try:
        parts = [part.split(":") for part in text.split(",")]
        found = [Stage(float(a), int(b), c) for a, b, c in parts]
    except ValueError:
        raise SystemExit(
            f"--rows {text}: write it as 0:256:copying,0.4:512:broad (share of the run : tokens a row : mix)"
        ) from None
    for stage in found:
        if stage.mix not in MIXES:
            raise SystemExit(f"--rows {text}: there is no mix {stage.mix}; there are {', '.join(MIXES)}")
    if found[0].start != 0:
        raise SystemExit(f"--rows {text}: the first part must start at 0")
    return found


def feed(corpus: Path, tokenizer: Path, seed: int, orders: mp.Queue, out: mp.Queue) -> None:
    """A worker that makes batches: takes (first row, rows, stage), gives arrays."""
    os.nice(10)
    rows = Rows(Corpus(corpus), Codec(tokenizer), seed)
    while (order := orders.get()) is not None:
        first, count, stage = order
        made = [rows.row(first + i, stage.tokens + 1, MIXES[stage.mix]) for i in range(count)]
        out.put((
            (first, stage),
            np.array([ids for ids, _ in made], dtype=np.int32),
            np.array([weights for _, weights in made], dtype=np.float32),
        ))


class Feed:
    """Batches from `workers` processes, in order of row number, a few steps ahead."""

    AHEAD = 6

    def __init__(self, corpus: Path, tokenizer: Path, seed: int, workers: int) -> None:
        context = mp.get_context("spawn")
        self.orders, self.out = context.Queue(), context.Queue()
        self.waiting: dict[tuple[int, Stage], tuple[np.ndarray, np.ndarray]] = {}
        self.asked: set[tuple[int, Stage]] = set()
        for _ in range(workers):
            context.Process(
                target=feed,
                args=(corpus, tokenizer, seed, self.orders, self.out),
                daemon=True,
            ).start()

    def take(self, first: int, count: int, stage: Stage, stride: int) -> tuple[Tensor, Tensor]:
        """Ids and weights [count, tokens + 1] of the rows from `first` on.

        The next batches are ordered in advance, `stride` rows apart; what was
        ordered for the stage before is thrown away when a new one begins.
        """
        for i in range(self.AHEAD):
            key = (first + i * stride, stage)
            if key not in self.asked:
                self.asked.add(key)
                self.orders.put((key[0], count, stage))
        while (first, stage) not in self.waiting:
            try:
                key, ids, weights = self.out.get(timeout=300)
            except queue.Empty:
                raise SystemExit("no training rows for five minutes: the worker that makes them died") from None
            if key[1] == stage:
                self.waiting[key] = (ids, weights)
        self.asked.discard((first, stage))
        ids, weights = self.waiting.pop((first, stage))
        return torch.from_numpy(ids).long(), torch.from_numpy(weights)
