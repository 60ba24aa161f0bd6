#!/usr/bin/env python3
"""Does stock llama.cpp write the same tokens as Midfill for the same prompt and GGUF?

Midfill is asked at places in Python files (`midfill complete --raw --json`), and its own prompt,
token by token, is then given to a running `llama-server` with temperature 0. Both answer with
text; they must be equal to the last character.

    llama-server -m models/default.gguf --port 8090 &
    tests/peers/same_tokens.py --midfill target/release/midfill --server http://127.0.0.1:8090 FILE.py…
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import urllib.request
from pathlib import Path


def ask_midfill(program: str, file: Path, line: int, model: str | None) -> dict:
    command = [program, "complete", f"{file}:{line}", "--raw", "--json"]
    if model:
        command += ["--model", model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"midfill failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def ask_server(server: str, prompt: list[int], n_tokens: int, one_line: bool) -> dict:
    body = {
        "prompt": prompt,
        "n_predict": n_tokens,
        "temperature": 0,
        "cache_prompt": False,
        "stop": ["\n"] if one_line else [],
        "return_tokens": True,
    }
    request = urllib.request.Request(
        f"{server}/completion",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def places(files: list[Path], count: int, seed: int) -> list[tuple[Path, int]]:
    """Ends of random code lines."""
    rng = random.Random(seed)
    found = []
    while len(found) < count:
        file = rng.choice(files)
        lines = file.read_text().split("\n")
        number = rng.randrange(len(lines))
        if lines[number].strip():
            found.append((file, number + 1))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--midfill", required=True, help="the program")
    parser.add_argument("--server", required=True, help="address of a running llama-server")
    parser.add_argument("--model", help="the GGUF, if not the shipped one; the server's must be it")
    parser.add_argument("--count", type=int, default=50, help="places [%(default)s]")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    same = written = 0
    for file, line in places(args.files, args.count, args.seed):
        ours = ask_midfill(args.midfill, file, line, args.model)
        n_decoded = ours["usage"]["decoded"]
        text = ours["text"] or ""
        theirs = ask_server(args.server, ours["prompt_tokens"], max(n_decoded, 1) + 1, True)
        # Ours may have been cut at the first line, theirs may go on: compare what both have.
        other = theirs["content"]
        equal = text.split("\n")[0] == other[: len(text.split("\n")[0])]
        same += equal
        written += len(theirs.get("tokens", []))
        if not equal:
            print(f"{file}:{line}\n  midfill      {text!r}\n  llama-server {other!r}", file=sys.stderr)
    failed = args.count - same
    print(f"{same} of {args.count} answers are the same ({written} tokens written by llama-server)")
    print(f"{same} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
