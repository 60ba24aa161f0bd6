"""Where holes are cut: the spans of a file that can become a middle.

Each kind is a function of a text and a random generator, and gives None where
the draw fell on a place that has no such span.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

PARSED_AT_MOST = 60_000
"""Characters of a file above which `ast` is not asked."""
LINE_BREAK = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Span:
    """The middle: characters `start` to `end` of a text."""

    start: int
    end: int


def rest_of_line(text: str, rng: random.Random) -> Span | None:
    """From a random character of a line that is not blank to its end.

    A long line is drawn more often than a short one in half of the cases only.
    """
    place = rng.randrange(len(text))
    start = text.rfind("\n", 0, place) + 1
    if rng.random() < 0.5:  # The line below a random character's may well be short.
        start = min(line_end(text, start) + 1, len(text) - 1)
        start = text.rfind("\n", 0, start) + 1
    end = line_end(text, start)
    indent = len(text[start:end]) - len(text[start:end].lstrip())
    if start + indent >= end:
        return None
    return Span(rng.randrange(start + indent, end), end)


def lines(text: str, rng: random.Random) -> Span | None:
    """One to three whole lines; their indentation in the middle or in the prefix."""
    start = text.rfind("\n", 0, rng.randrange(len(text))) + 1
    end = line_end(text, start)
    if not text[start:end].strip():
        return None
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        if end + 1 < len(text):
            end = line_end(text, end + 1)
    end = start + len(text[start:end].rstrip("\n"))
    form = rng.random()
    if form < 0.5:
        start += len(text[start:end]) - len(text[start:end].lstrip())
    elif form < 0.75 and start > 0:
        # The cursor stands at the end of the line above.
        start -= 1
    return Span(start, end)


def characters(text: str, rng: random.Random) -> Span | None:
    """A random run of up to 120 characters."""
    start = rng.randrange(len(text))
    return Span(start, min(len(text), start + rng.randint(1, 120)))


def node(text: str, rng: random.Random) -> Span | None:
    """A syntax node: statement, block, call argument, expression or docstring."""
    if len(text) > PARSED_AT_MOST:
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    starts = line_starts(text)
    spans: list[tuple[Span, float]] = []

    def add(first: ast.AST, last: ast.AST, weight: float) -> None:
        a = offset(text, starts, first.lineno, first.col_offset)
        b = offset(text, starts, last.end_lineno, last.end_col_offset)
        rows = last.end_lineno - first.lineno + 1
        if 2 <= b - a <= 800:
            spans.append((Span(a, b), weight / max(1.0, rows / 4)))

    for n in ast.walk(tree):
        body = getattr(n, "body", None)
        if isinstance(body, list) and body and isinstance(n, ast.stmt):
            add(body[0], body[-1], 2.0)
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                add(first, first, 1.0)
        if isinstance(n, ast.stmt):
            add(n, n, 1.0)
        elif isinstance(n, (ast.Call, ast.BinOp, ast.Compare, ast.Dict, ast.List, ast.Subscript)):
            add(n, n, 0.3)
        if isinstance(n, ast.Call) and n.args:
            add(n.args[0], n.args[-1], 0.4)
    if not spans:
        return None
    span = rng.choices([s for s, _ in spans], [w for _, w in spans])[0]
    line = text.rfind("\n", 0, span.start) + 1
    if not text[line : span.start].strip() and rng.random() < 0.5:
        return Span(line, span.end)  # its indentation belongs to the middle
    return span


def line_end(text: str, start: int) -> int:
    """Where the line that holds `start` ends, before its newline."""
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def line_starts(text: str) -> list[int]:
    """Offset of every line, in characters, as `ast` counts lines."""
    return [0, *(m.end() for m in LINE_BREAK.finditer(text))]


def offset(text: str, starts: list[int], line: int, column: int) -> int:
    """Characters up to `column` (UTF-8 bytes, from 0) of `line` (from 1)."""
    start = starts[line - 1]
    row = text[start : line_end(text, start)]
    return start + (column if row.isascii() else len(row.encode()[:column].decode(errors="ignore")))


SPANS: dict[str, Callable[[str, random.Random], Span | None]] = {
    "rest_of_line": rest_of_line,
    "lines": lines,
    "node": node,
    "characters": characters,
}
