#!/usr/bin/env python3
"""How many completions name what does not exist, by pyflakes' count and not by ours?

Reads what `midfill eval DIR… --answers FILE.jsonl` wrote, puts each answer into its file in place of
what the author wrote, with the import that the answer brings where it brings one, and counts the
answers on whose lines pyflakes finds an undefined name that it does not find in the author's file.
Files that pyflakes cannot parse, before or after, are counted apart.

    pip install pyflakes==3.2.0
    midfill eval DIR… --cursors 2000 --files 0 --answers with.jsonl
    midfill eval DIR… --cursors 2000 --files 0 --without names --answers without.jsonl
    tests/peers/unknown_names.py with.jsonl without.jsonl --root DIR…
"""

from __future__ import annotations

import ast
import sys
import warnings
from pathlib import Path

from answers import given, parser
from pyflakes import checker, messages


def undefined(text: str) -> set[tuple[str, int]] | None:
    """Undefined names with their lines; None for a text that does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    kinds = (messages.UndefinedName, messages.UndefinedLocal)
    found = checker.Checker(tree).messages
    return {(message.message_args[0], message.lineno) for message in found if isinstance(message, kinds)}


def with_import(text: str, statement: str) -> str:
    """The text with an import behind its docstring and __future__ imports: on a line of its own, or
    it would move the answer's lines."""
    lines = text.split("\n")
    for n, line in enumerate(lines):
        if line.startswith(("import ", "from ")) and "__future__" not in line:
            lines[n] = f"{statement}; {line}"
            return "\n".join(lines)
    return f"{statement}; {text}"


def judge(answer: dict, text: str) -> set[str] | None:
    """Undefined names that the answer brings; None where it cannot be told."""
    # Offsets are in bytes.
    data = text.encode()
    offset = answer["offset"]
    end = offset + len(answer["gold"].encode())
    before, after = data[:offset].decode(), data[end:].decode()
    changed = before + answer["answer"] + after
    if answer.get("import"):
        changed = with_import(changed, answer["import"])
    old, new = undefined(text), undefined(changed)
    if old is None or new is None:
        return None
    first = before.count("\n") + 1
    lines = range(first, first + answer["answer"].count("\n") + 1)
    known = {name for name, _ in old}
    return {name for name, line in new if line in lines and name not in known}


def figures(path: Path, roots: list[Path], by: str | None, show: bool) -> str:
    n_shown = n_unknown = n_unparsed = n_imports = 0
    for answer, file in given(path, roots, by):
        text = file.read_text(encoding="utf-8")
        names = judge(answer, text)
        if names is None:
            n_unparsed += 1
            continue
        n_shown += 1
        n_imports += bool(answer.get("import"))
        n_unknown += bool(names)
        if names and show:
            print(f"{answer['repo']}/{answer['path']}: {answer['before'].strip()}⟦{answer['answer']}⟧ {sorted(names)}")
    rate = 100 * n_unknown / max(n_shown, 1)
    return (
        f"{path.name}: {n_unknown} of {n_shown} answers name something undefined: {rate:.2f} %; "
        f"{n_imports} bring an import; {n_unparsed} in files that do not parse"
    )


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--by", help="only this model's answers")
    arguments.add_argument("--show", action="store_true", help="print each answer that names something undefined")
    args = arguments.parse_args()
    sys.setrecursionlimit(10_000)
    for path in args.answers:
        print(figures(path, args.root, args.by, args.show))


if __name__ == "__main__":
    main()
