#!/usr/bin/env python3
"""How many completions break a file, by CPython's count and not by ours?

Reads what `midfill eval DIR… --answers FILE.jsonl` wrote, puts each answer into its file in place of
what the author wrote, and counts the answers with which CPython's `compile` refuses a file that it
took before. Two counts: the file as it is, and the file with the brackets and quotes closed behind
the answer that were open at the cursor already. Who types inside a bracket has yet to close it, and
no answer is to blame for that; what an answer opens itself it must close in both counts.

    midfill eval DIR… --cursors 2000 --files 0 --answers answers.jsonl
    tests/peers/syntax_breaks.py answers.jsonl --root DIR…
"""

from __future__ import annotations

import warnings
from pathlib import Path

from answers import given, parser

CLOSERS = {"(": ")", "[": "]", "{": "}"}
QUOTES = ("'", '"')


def compiles(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "answer.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def is_open(text: str, stack: list[str]) -> list[str]:
    """What is open at the end of a text that begins with `stack` open: brackets and quotes, innermost last."""
    stack = list(stack)
    at = 0
    while at < len(text):
        char = text[at]
        top = stack[-1] if stack else ""
        if top.startswith(QUOTES):
            if char == "\\":
                at += 2
                continue
            if text.startswith(top, at):
                stack.pop()
                at += len(top)
                continue
            if char == "\n" and len(top) == 1:
                stack.pop()
        elif char == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
            continue
        elif char in QUOTES:
            stack.append(char * 3 if text.startswith(char * 3, at) else char)
            at += len(stack[-1])
            continue
        elif char in CLOSERS:
            stack.append(char)
        elif top in CLOSERS and char == CLOSERS[top]:
            stack.pop()
        at += 1
    return stack


def with_closers(before: str, answer: str, after: str) -> list[str]:
    """The files that may come of an answer once what was open before it is closed behind it."""
    opened = is_open(before, [])
    left = is_open(answer, opened)
    if left != opened[: len(left)] or not left:
        return []
    closers = "".join(CLOSERS.get(opener, opener) for opener in reversed(left))
    # A call, a header, or an item of something on several lines.
    return [before + answer + between + closers + tail + after for between in ("", "\n") for tail in ("", ":", ",")]


def breaks(text: bytes, answer: str, offset: int, gold: str) -> tuple[bool, bool] | None:
    """Whether an answer breaks the file as it is, and once what was open is closed; None for a file that cannot tell."""
    newline = text.find(b"\n", offset + len(gold.encode()))
    try:
        before, after = text[:offset].decode(), text[newline:].decode() if newline >= 0 else ""
        whole = text.decode()
    except UnicodeDecodeError:
        return None
    if not compiles(whole):
        return None
    if compiles(before + answer + after):
        return False, False
    return True, not any(map(compiles, with_closers(before, answer, after)))


def figures(path: Path, roots: list[Path], show: bool) -> str:
    n_judged = n_unjudged = n_as_it_is = n_closed = 0
    for row, file in given(path, roots):
        found = breaks(file.read_bytes(), row["answer"], row["offset"], row["gold"])
        if found is None:
            n_unjudged += 1
            continue
        n_judged += 1
        n_as_it_is += found[0]
        n_closed += found[1]
        if found[1] and show:
            print(f"{row['repo']}/{row['path']}: {row['before'].strip()}⟦{row['answer']}⟧")
    n = max(n_judged, 1)
    return (
        f"{path.name}: {n_as_it_is} of {n_judged} answers break the file as it is: {100 * n_as_it_is / n:.2f} %; "
        f"{n_closed} with what was open before closed behind: {100 * n_closed / n:.2f} %; "
        f"{n_unjudged} in files that do not compile"
    )


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--show", action="store_true", help="print each answer that breaks its file")
    args = arguments.parse_args()
    for path in args.answers:
        print(figures(path, args.root, args.show))


if __name__ == "__main__":
    main()
