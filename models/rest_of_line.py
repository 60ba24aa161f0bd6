"""How often does the model finish the line? A quick estimate while it trains.

Cursors are random characters of non-blank lines in held-out files; the answer
counts when the rest of the line is right to the last character. Beside the
model stands what any editor can do without one: find the longest run of text
before the cursor elsewhere in the open file and copy what followed it.

The model is not asked to write. Its best next token is compared with the right
one at every step, which is what greedy decoding would follow; as in the editor,
the text that healing took back is owed first, and only tokens that agree with it
count. A different way of cutting the same text into tokens is a miss, so this is
a lower bound.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from dataclasses import dataclass
from pathlib import Path

import torch

from corpus import Corpus
from fim import BYTES_PER_TOKEN, assemble, crop, outline
from gpt import Gpt, Shape
from spans import Span, line_end, rest_of_line
from tokenizer import Codec


@dataclass(frozen=True)
class Cursor:
    """A place in a held-out file; the answer is the rest of the line."""

    repo: str
    path: str
    text: str
    span: Span

    @property
    def answer(self) -> str:
        return self.text[self.span.start : self.span.end]


def cursors(corpus: Corpus, count: int, seed: int) -> list[Cursor]:
    """`count` cursors, the same number from every repository, files drawn alike."""
    rng = random.Random(seed)
    by_repo: dict[str, list[int]] = {}
    for i, repo in enumerate(corpus.repos()):
        by_repo.setdefault(repo, []).append(i)
    found: list[Cursor] = []
    while len(found) < count:
        for repo, numbers in sorted(by_repo.items()):
            file = corpus[rng.choice(numbers)]
            span = rest_of_line(file.text, rng) if file.text.strip() else None
            if span is not None and file.text[span.start : span.end].strip():
                found.append(Cursor(repo, file.path, file.text, span))
    return found[:count]


def copied(cursor: Cursor) -> str:
    """The rest of the line after the longest suffix of the prefix found elsewhere in the file.

    Of equally long ones the nearest before the cursor wins, then the nearest after it.
    """
    text, at = cursor.text, cursor.span.start
    after = line_end(text, at)

    def place(length: int) -> int:
        needle = text[at - length : at]
        before = text.rfind(needle, 0, at - 1)
        return before if before >= 0 else text.find(needle, after)

    low, high = 0, at
    while low < high:
        middle = (low + high + 1) // 2
        if place(middle) >= 0:
            low = middle
        else:
            high = middle - 1
    if low == 0:
        return ""
    start = place(low) + low
    return text[start : line_end(text, start)]


def agrees(token: bytes, owed: bytes) -> bool:
    """Whether a token may come next while `owed` must be written first."""
    return bool(token) and (token.startswith(owed) or owed.startswith(token))


def finished(model: Gpt, codec: Codec, found: list[Cursor], tokens: int, headed: bool) -> list[bool]:
    """For every cursor, whether greedy decoding gives the answer and then stops."""
    jobs: list[tuple[int, list[int], int]] = []
    owed: dict[int, bytes] = {}
    for i, c in enumerate(found):
        room = int(tokens * BYTES_PER_TOKEN)
        parts = crop(c.text, c.span, int(room * 0.85) if headed else room)
        head = c.path + "\n" + outline(c.text, parts.start, room // 6) if headed else None
        made = assemble(codec, parts, spm=True, head=head, budget=tokens, heal=True)
        if made is not None:
            middle = made.ids.index(codec.middle)
            written = b"".join(codec.bytes[t] for t in made.ids[middle + 1 : -1])
            owed[i] = written[: len(written) - len(c.answer.encode())]
            jobs.append((i, made.ids, middle))
    jobs.sort(key=lambda job: len(job[1]))
    right = [False] * len(found)
    stops = torch.tensor(codec.starts_line)
    stops[codec.end] = True
    for k in range(0, len(jobs), 4):
        batch = jobs[k : k + 4]
        ids = torch.full((len(batch), max(len(b[1]) for b in batch)), codec.pad)
        for row, (_, tokens_of, _) in enumerate(batch):
            ids[row, : len(tokens_of)] = torch.tensor(tokens_of)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = model.hidden(ids)
        for row, (i, tokens_of, middle) in enumerate(batch):
            logits = model.output(hidden[row, middle : len(tokens_of) - 1].float())
            rest = owed[i]
            for step in range(len(logits)):
                if not rest:
                    break
                logits[step, [not agrees(b, rest) for b in codec.bytes]] = float("-inf")
                rest = rest[len(codec.bytes[tokens_of[middle + 1 + step]]) :]
            best = logits.argmax(-1)
            right[i] = best[:-1].tolist() == tokens_of[middle + 1 : -1] and bool(stops[best[-1]])
    return right


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python rest_of_line.py run/last.pt --tokenizer run/tokenizer.json --heldout run/heldout",
    )
    a = parser.add_argument
    a("checkpoint", type=Path)
    a("--tokenizer", type=Path, required=True)
    a("--heldout", type=Path, required=True, help="corpus directory of held-out repositories")
    a("--count", type=int, default=320, help="cursors [%(default)s]")
    a("--tokens", type=int, default=512, help="length of a prompt with its answer [%(default)s]")
    a("--bare", action="store_true", help="prompts without path and outline")
    a("--seed", type=int, default=7)
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        raise SystemExit(f"{args.checkpoint} does not exist: train.py writes one every few minutes")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    saved = torch.load(args.checkpoint, map_location="cpu")
    model = Gpt(Shape(**saved["shape"]), max(args.tokens, saved["context"]))
    model.load_state_dict(saved["average"], strict=False)
    codec = Codec(args.tokenizer)
    found = cursors(Corpus(args.heldout), args.count, args.seed)
    copy = [copied(c).rstrip() == c.answer.rstrip() for c in found]
    ours = finished(model, codec, found, args.tokens, not args.bare)
    n = len(found)
    error = math.sqrt(max(1, sum(a != b for a, b in zip(ours, copy)))) / n
    print(json.dumps({
        "step": saved["step"],
        "cursors": n,
        "model": round(sum(ours) / n, 4),
        "copy": round(sum(copy) / n, 4),
        "either": round(sum(a or b for a, b in zip(ours, copy)) / n, 4),
        "error_of_difference": round(error, 4),
    }))


if __name__ == "__main__":
    main()
