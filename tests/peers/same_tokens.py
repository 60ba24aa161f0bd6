#!/usr/bin/env python3
"""Does stock llama.cpp write the same tokens as Midfill for the same prompt and GGUF?

Midfill is asked at places in Python files (`midfill complete --raw --json`), and its own prompt,
token by token, is then given to a running `llama-server` with temperature 0. Both answer with
text; they must be equal to the last character. Where the server's own two best tokens lie closer
together than the rounding of different CPU kernels, either may win: such a tie is counted apart.

    llama-server -m models/default.gguf --port 8090 &
    tests/peers/same_tokens.py --midfill target/release/midfill --server http://127.0.0.1:8090 FILE.py…
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import urllib.request
from pathlib import Path


# Logits of one model differ by this much between CPU kernels and batch splits, in nats.
TIE = 0.05


def ask_midfill(program: str, place: str, model: str | None) -> dict:
    command = [program, "complete", place, "--raw", "--json"]
    if model:
        command += ["--model", model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"midfill failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def ask_server(server: str, prompt: list[int], n_tokens: int) -> dict:
    body = {
        "prompt": prompt,
        "n_predict": n_tokens,
        "temperature": 0,
        "cache_prompt": False,
        "return_tokens": True,
        "n_probs": 2,
    }
    request = urllib.request.Request(
        f"{server}/completion",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def margin(answer: dict, common: str) -> float:
    """Nats between the two best tokens at the step that writes past `common`."""
    written = b""
    for step in answer.get("completion_probabilities", []):
        best = step["top_logprobs"]
        if not common.encode().startswith(written + bytes(step["bytes"])):
            return best[0]["logprob"] - best[1]["logprob"] if len(best) > 1 else float("inf")
        written += bytes(step["bytes"])
    return float("inf")


def places(files: list[Path], count: int, seed: int) -> list[str]:
    """Random places in code lines, behind a character that is no part of a word."""
    rng = random.Random(seed)
    found = []
    while len(found) < count:
        file = rng.choice(files)
        lines = file.read_text().split("\n")
        number = rng.randrange(len(lines))
        line = lines[number]
        column = rng.randrange(len(line) + 1)
        if line[:column].strip() and not (line[column - 1].isalnum() or line[column - 1] == "_"):
            found.append(f"{file}:{number + 1}:{column + 1}")
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

    same = ties = written = 0
    for place in places(args.files, args.count, args.seed):
        ours = ask_midfill(args.midfill, place, args.model)
        # Ours may end at the first line; what the server writes behind it is not looked at.
        text = (ours["text"] or "").split("\n")[0]
        theirs = ask_server(args.server, ours["prompt_tokens"], ours["usage"]["decoded"] + 1)
        other = theirs["content"].split("\n")[0]
        written += len(theirs.get("tokens", []))
        # The server was asked for one token more than ours wrote.
        if text == other or (ours["stop"] == "MaxTokens" and other.startswith(text)):
            same += 1
            continue
        common = os.path.commonprefix([text, other])
        nats = margin(theirs, common)
        ties += nats < TIE
        kind = "tie" if nats < TIE else "DIFFERENT"
        print(f"{kind} ({nats:.4f} nats) {place}\n  midfill      {text!r}\n  llama-server {other!r}", file=sys.stderr)
    failed = args.count - same - ties
    print(f"{same} of {args.count} answers are the same, {ties} ties ({written} tokens written by llama-server)")
    print(f"{same + ties} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
