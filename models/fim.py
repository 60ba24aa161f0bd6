"""Fill in the middle: from a source file to rows of tokens with a hole in them.

A span of the file becomes the middle; what stands before and after it, cropped
to the context the way the editor crops, becomes prefix and suffix. Two orders
(arXiv 2207.14255): PSM, and SPM as llama.cpp's `--spm-infill` builds it,

  <|fim_suffix|> suffix <|fim_prefix|> prefix <|fim_middle|> middle <|endoftext|>

A prefix may open with `<|file_sep|>path`, a newline and an outline (imports and
the `class` and `def` lines around the cursor that the crop cut off), because
that is what the prompt holds at run time. Every draw is a function of a seed and
a row number, so training resumes where it stopped.
"""

from __future__ import annotations

import bisect
import random
import re
from dataclasses import dataclass
from itertools import accumulate

from corpus import Corpus, SourceFile
from spans import SPANS, Span, line_end
from tokenizer import Codec

BYTES_PER_TOKEN = 3.6
"""A low guess, so that a crop is seldom longer than its budget."""
PREFIX_SHARE = 0.7
HEALED = 0.85
"""Share of holes that begin where the editor's token healing makes them begin."""
FORMS = (0.15, 0.25, 0.6)
"""Prefixes that are bare, that open with the path, and with path and outline."""
SHORTEST = 48
"""Room in tokens below which the end of a row is padded."""
LARGEST_SHARE = 65_536
"""Bytes of a file that count when files are drawn by size."""


@dataclass(frozen=True)
class Mix:
    """What the rows of a stage of training are made of; all but the last are shares."""

    practice: float = 0.0
    """Made-up repetition, half of it `echo`, half `repeat_block`."""
    left_to_right: float = 0.25
    """Runs of text without a hole."""
    spm: float = 0.7
    """Holes shown suffix first."""
    kinds: tuple[float, ...] = (0.50, 0.20, 0.20, 0.10)
    """Holes by kind, in the order of `SPANS`."""
    middle_weight: float = 3.0
    """Loss weight of a token of the middle; the rest of the row counts once."""


MIXES: dict[str, Mix] = {
    # First a small model learns to look back and copy, which ordinary files teach slowly,
    "copying": Mix(practice=0.4),
    "some-copying": Mix(practice=0.15),
    # then Python,
    "broad": Mix(practice=0.05),
    # and at the end, as the learning rate falls, what the editor will ask for.
    "line": Mix(left_to_right=0.1, spm=0.85, kinds=(0.65, 0.15, 0.12, 0.08), middle_weight=5.0),
}

IMPORT = re.compile(r"(?:from|import)\s")
ENCLOSING = re.compile(r"\s*(?:class|def|async\s+def)\s")


@dataclass(frozen=True)
class Parts:
    """A text with a hole: `prefix + middle + suffix` is a run of the file."""

    prefix: str
    middle: str
    suffix: str
    start: int
    """Where `prefix` starts in the file, in characters."""


def crop(text: str, span: Span, room: int, prefix_share: float = PREFIX_SHARE) -> Parts:
    """The nearest whole lines around `span` that fit into `room` characters."""
    room = max(0, room - (span.end - span.start))
    after = len(text) - span.end
    before = max(int(room * prefix_share), room - after)
    start = max(0, span.start - before)
    if start > 0:
        cut = text.find("\n", start - 1, span.start) + 1
        start = cut if cut > 0 else span.start
    stop = min(len(text), span.end + room - (span.start - start))
    if stop < len(text):
        cut = text.rfind("\n", span.end, stop)
        stop = cut + 1 if cut >= 0 else span.end
    return Parts(text[start : span.start], text[span.start : span.end], text[span.end : stop], start)


def outline(text: str, start: int, room: int) -> str:
    """Imports and enclosing `class` and `def` lines among what stands before `start`.

    At most `room` characters, every line ended. Enclosing lines come first in
    importance, imports first in order; both are taken whole where they go over
    several lines.
    """
    cut = text[:start].split("\n")[:-1]
    below = next((row for row in text[start:].split("\n") if row.strip()), "")
    indent = len(below) - len(below.lstrip())
    around: list[str] = []
    for i in range(len(cut) - 1, -1, -1):
        if indent == 0:
            break
        row = cut[i]
        if row.strip() and len(row) - len(row.lstrip()) < indent and not row.lstrip().startswith((")", "]")):
            indent = len(row) - len(row.lstrip())
            if ENCLOSING.match(row):
                whole = balanced(cut, i)
                if room < len(whole):
                    break
                room -= len(whole)
                around.append(whole)
    around.reverse()
    imports: list[str] = []
    for i, row in enumerate(cut):
        if IMPORT.match(row):
            whole = balanced(cut, i)
            if room < len(whole):
                break
            room -= len(whole)
            imports.append(whole)
    return "".join(imports + around)


def balanced(rows: list[str], i: int) -> str:
    """Row `i` with those below it, up to twenty, until its brackets are closed."""
    depth, taken = 0, ""
    for row in rows[i : i + 20]:
        taken += row + "\n"
        depth += sum(row.count(c) for c in "([{") - sum(row.count(c) for c in ")]}")
        if depth <= 0:
            break
    return taken


@dataclass
class Example:
    """Token ids and, for each, its weight in the loss when it is the target."""

    ids: list[int]
    weights: list[float]

    def special(self, *ids: int) -> None:
        """Append sentinels, which nobody has to predict."""
        self.ids.extend(ids)
        self.weights.extend(0.0 for _ in ids)

    def text(self, ids: list[int], weight: float = 1.0) -> None:
        """Append text."""
        self.ids.extend(ids)
        self.weights.extend(weight for _ in ids)


def shorten_left(text: str, excess: int) -> str:
    """`text` without about `excess` tokens of its first lines."""
    cut = text.find("\n", min(len(text), int(excess * BYTES_PER_TOKEN)))
    return text[cut + 1 :] if cut >= 0 else ""


def shorten_right(ids: list[int], room: int, codec: Codec) -> list[int]:
    """The first tokens, at most `room`, up to the end of a line where there is one."""
    if len(ids) <= room:
        return ids
    kept = ids[: max(0, room)]
    for i in range(len(kept) - 1, len(kept) // 2, -1):
        if codec.starts_line[kept[i]]:
            return kept[:i]
    return kept


def assemble(
    codec: Codec, parts: Parts, *, spm: bool, head: str | None, budget: int,
    heal: bool = False, middle_weight: float = 1.0,
) -> Example | None:
    """The tokens of a hole, at most `budget`; None if the middle alone is too long.

    `head` (path, newline, outline) opens the prefix after `<|file_sep|>`; it is
    tokenized in one piece with the prefix. With `heal`, the end of the prefix
    that the editor would take back stands at the start of the middle.
    """
    middle = codec.encode(parts.middle)
    # What healing moves into the middle leaves the prefix, but may come back in more tokens.
    room = budget - len(middle) - 4 - (head is not None) - (4 if heal else 0)
    if room < len(middle):
        return None
    suffix = codec.encode(parts.suffix)
    before = parts.prefix
    prefix = codec.encode((head or "") + before)
    if len(prefix) + len(suffix) > room:
        suffix = shorten_right(suffix, max(room - len(prefix), int(room * (1 - PREFIX_SHARE))), codec)
    while len(prefix) + len(suffix) > room:
        if not before:
            return None
        before = shorten_left(before, len(prefix) + len(suffix) - room)
        prefix = codec.encode((head or "") + before)
    if heal:
        kept, owed = codec.heal(prefix)
        if len(owed) <= len(before):
            again = codec.encode(owed + parts.middle)
            if len(kept) + len(again) <= len(prefix) + len(middle) + 4:
                prefix, middle = kept, again
    out = Example([], [])
    file = [codec.file] if head is not None else []
    if spm:
        out.special(codec.suffix)
        out.text(suffix)
        out.special(codec.prefix, *file)
        out.text(prefix)
    else:
        out.special(codec.prefix, *file)
        out.text(prefix)
        out.special(codec.suffix)
        out.text(suffix)
    out.special(codec.middle)
    out.text([*middle, codec.end], middle_weight)
    return out


def left_to_right(codec: Codec, path: str, text: str, budget: int, rng: random.Random) -> Example:
    """A run of whole lines, read forwards, with or without its path before it."""
    room = int(budget * BYTES_PER_TOKEN * 1.3)
    start = 0
    if len(text) > room:
        start = text.rfind("\n", 0, rng.randrange(len(text) - room // 2)) + 1
    ids = codec.encode(text[start : start + room])
    whole = start + room >= len(text)
    out = Example([], [])
    if rng.random() < 0.67:
        out.special(codec.file)
        ids = codec.encode(path + "\n" + text[start : start + room])
    else:
        out.special(codec.end)
    if len(ids) < budget - len(out.ids) and whole:
        ids.append(codec.end)
    out.text(ids[: budget - len(out.ids)])
    return out


def repeat_block(text: str, span: Span, rng: random.Random) -> tuple[str, Span]:
    """Copy the line of `span`, with up to four lines above it, to a place nearby.

    What comes next in the middle then stands elsewhere in the prompt: practice
    in finding it. The span moves if the copy was put before it.
    """
    first = text.rfind("\n", 0, span.start) + 1
    end = line_end(text, span.end)
    for _ in range(rng.choice((0, 1, 1, 2, 3, 4))):
        first = text.rfind("\n", 0, max(0, first - 1)) + 1
    block = text[first:end] + "\n"
    if rng.random() < 0.75:
        at = text.rfind("\n", 0, rng.randint(max(0, first - 1200), first)) + 1
        return text[:at] + block + text[at:], Span(span.start + len(block), span.end + len(block))
    at = line_end(text, min(len(text), end + rng.randint(0, 500)))
    return text[:at] + "\n" + block.rstrip("\n") + text[at:], span


def echo(codec: Codec, texts: list[str], budget: int, rng: random.Random) -> Example:
    """Lines of unrelated files, said again in another order until `budget` is full.

    Nothing predicts such a line but its first appearance, so a small model
    learns early to look back and copy; ordinary files teach that far more slowly.
    """
    pool: list[list[int]] = []
    for text in texts:
        start = rng.randrange(max(1, len(text) - 3000))
        rows = text[start : start + 3000].split("\n")[1:-1]
        for row in rng.sample(rows, min(6, len(rows))):
            if len(row.strip()) > 8:
                pool.append(codec.encode("\n" + row[:160]))
    rng.shuffle(pool)
    share = budget // rng.choice((2, 3))
    chosen: list[list[int]] = []
    while pool and sum(map(len, chosen)) < share:
        chosen.append(pool.pop())
    out = Example([], [])
    out.special(codec.end)
    while chosen and len(out.ids) < budget:
        rng.shuffle(chosen)
        for ids in chosen:
            out.text(ids)
    return Example(out.ids[:budget], out.weights[:budget])


def example(
    codec: Codec, path: str, text: str, budget: int, rng: random.Random, mix: Mix
) -> Example:
    """One draw from a file: at most `budget` tokens."""
    if rng.random() >= mix.left_to_right:
        for _ in range(4):
            kind = rng.choices(list(SPANS), mix.kinds)[0]
            span = SPANS[kind](text, rng)
            if span is None or not text[span.start : span.end].strip():
                continue
            if rng.random() < mix.practice / 2:
                text, span = repeat_block(text, span, rng)
            room = int(budget * BYTES_PER_TOKEN)
            form = rng.choices(("bare", "path", "outline"), FORMS)[0]
            parts = crop(text, span, int(room * 0.85) if form == "outline" else room, rng.uniform(0.65, 0.85))
            head = None if form == "bare" else path + "\n"
            if form == "outline":
                head += outline(text, parts.start, room // 7)
            made = assemble(
                codec, parts, spm=rng.random() < mix.spm, head=head, budget=budget,
                heal=rng.random() < HEALED, middle_weight=mix.middle_weight,
            )
            if made is not None:
                return made
    return left_to_right(codec, path, text, budget, rng)


class Rows:
    """Endless training rows; a row is a function of the seed and of what `row` is given."""

    def __init__(self, corpus: Corpus, codec: Codec, seed: int) -> None:
        self.corpus, self.codec, self.seed = corpus, codec, seed
        self.bounds = list(accumulate(min(size, LARGEST_SHARE) for size in corpus.sizes()))

    def file(self, rng: random.Random) -> SourceFile:
        """A file that is not blank, large ones more often."""
        while True:
            i = bisect.bisect_right(self.bounds, rng.randrange(self.bounds[-1]))
            file = self.corpus[i]
            if file.text.strip():
                return file

    def row(self, number: int, tokens: int, mix: Mix) -> tuple[list[int], list[float]]:
        """`tokens` ids and weights: one example, or several shorter ones, then padding."""
        rng = random.Random(f"{self.seed} {number}")
        ids: list[int] = []
        weights: list[float] = []
        share = rng.choices((1, 2, 4), (0.5, 0.3, 0.2))[0]
        while tokens - len(ids) >= SHORTEST:
            budget = min(tokens - len(ids), max(SHORTEST, tokens // share))
            if rng.random() < mix.practice / 2:
                made = echo(self.codec, [self.file(rng).text for _ in range(4)], budget, rng)
            else:
                file = self.file(rng)
                made = example(self.codec, file.path, file.text, budget, rng, mix)
            ids += made.ids
            weights += made.weights
        padding = tokens - len(ids)
        return ids + [self.codec.pad] * padding, weights + [0.0] * padding
