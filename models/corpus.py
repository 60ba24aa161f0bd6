"""From filtered shards to the text the model reads: cap, thin out, decontaminate.

Reads the `kept-*.jsonl.zst` shards of `data-filter run` (one file a line, with
repo, commit, path, blob, licence, bytes, text) and writes a corpus directory:

  text.bin      the files one after another, UTF-8
  files.tsv     repo, path, offset and length in bytes, licence; one row a file
  summary.json  what was taken and what was left out, and why

The counts in the model card come from `summary.json`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import mmap
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

SHINGLE = 10
"""Length in words of a shingle (DeepSeek-Coder, arXiv 2401.14196, used ten)."""
DISTINCT = 7
"""Different words a shingle must hold to count."""

WORD = re.compile(r"[^\W\d]\w*")
TEST_PATH = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")
VENDORED_PATH = re.compile(r"(^|/)(_?vendor(ed)?|external|externals|extern|third_party|site-packages)/")


@dataclass(frozen=True)
class SourceFile:
    """One file of the corpus."""

    repo: str
    path: str
    text: str


class Corpus:
    """A corpus directory, memory-mapped; `corpus[i]` is the i-th file."""

    def __init__(self, directory: Path) -> None:
        try:
            with open(directory / "files.tsv", encoding="utf-8", newline="") as f:
                rows = list(csv.DictReader(f, delimiter="\t"))
            with open(directory / "text.bin", "rb") as f:
                self._map = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        except (FileNotFoundError, NotADirectoryError) as e:
            raise SystemExit(
                f"{directory} is not a corpus directory ({e.filename} is missing): "
                "make one with `python corpus.py`"
            ) from None
        except ValueError:  # an empty file cannot be mapped
            rows = []
        if not rows:
            raise SystemExit(f"{directory} contains no files: look at its summary.json")
        self._rows = [(r["repo"], r["path"], int(r["offset"]), int(r["bytes"])) for r in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: int) -> SourceFile:
        repo, path, offset, length = self._rows[i]
        return SourceFile(repo, path, self._map[offset : offset + length].decode())

    def sizes(self) -> list[int]:
        """Bytes of every file."""
        return [length for _, _, _, length in self._rows]

    def repos(self) -> list[str]:
        """The repository of every file."""
        return [repo for repo, _, _, _ in self._rows]


def records(directory: Path) -> Iterator[dict]:
    """The records of every `kept-*.jsonl.zst` in `directory`, in order of name."""
    shards = sorted(directory.glob("kept-*.jsonl.zst"))
    if not shards:
        raise SystemExit(f"no kept-*.jsonl.zst in {directory}: run `data-filter run … --out {directory}` first")
    for shard in shards:
        with open(shard, "rb") as f:
            stream = zstandard.ZstdDecompressor().stream_reader(f, read_across_frames=True)
            for line in io.TextIOWrapper(stream, encoding="utf-8"):
                yield json.loads(line)


def shingles(text: str) -> Iterator[int]:
    """Hashes of every run of ten names and words, at least seven of them different.

    Runs that repeat themselves (`a, b, a, b …`) or list types in an import say
    nothing about where a file comes from.
    """
    words = WORD.findall(text)
    for i in range(len(words) - SHINGLE + 1):
        run = tuple(words[i : i + SHINGLE])
        if len(set(run)) >= DISTINCT and "import" not in run:
            yield hash(run)


def benchmark_shingles(paths: list[Path]) -> set[int]:
    """Shingles of prompts and solutions of benchmarks in HumanEval's format."""
    found: set[int] = set()
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as f:
            for line in f:
                item = json.loads(line)
                found.update(shingles(item["prompt"] + item["canonical_solution"]))
    return found


def overlaps(text: str, wanted: set[int]) -> bool:
    """Whether `text` shares a shingle with a benchmark."""
    return any(s in wanted for s in shingles(text))


def prepare(args: argparse.Namespace) -> dict:
    """Write the corpus directory `args.out`; returns its summary."""
    rng = random.Random(args.seed)
    forbidden_repos: set[str] = set()
    forbidden_blobs: set[str] = set()
    for directory in args.exclude:
        for r in records(directory):
            forbidden_repos.add(r["repo"])
            forbidden_blobs.add(r["blob"])
    benchmark = benchmark_shingles(args.benchmark)
    by_repo: dict[str, list[dict]] = {}
    left_out: Counter[str] = Counter()
    read = Counter()
    for r in (r for d in args.kept for r in records(d)):
        read["files"] += 1
        read["bytes"] += r["bytes"]
        test = TEST_PATH.search(r["path"]) is not None
        if r["repo"] in forbidden_repos:
            left_out["held-out repository"] += 1
        elif r["blob"] in forbidden_blobs:
            left_out["same content as a held-out file"] += 1
        elif VENDORED_PATH.search(r["path"]):
            left_out["vendored copy"] += 1
        elif test and rng.random() >= args.tests:
            left_out["test, thinned out"] += 1
        else:
            by_repo.setdefault(r["repo"], []).append(r)
    args.out.mkdir(parents=True, exist_ok=True)
    taken: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    hashes: set[bytes] = set()
    with (
        open(args.out / "text.bin", "wb") as text,
        open(args.out / "files.tsv", "w", encoding="utf-8", newline="") as f,
    ):
        table = csv.writer(f, delimiter="\t", lineterminator="\n")
        table.writerow(["repo", "path", "offset", "bytes", "licence"])
        for repo in sorted(by_repo):
            files = by_repo[repo]
            rng.shuffle(files)
            room = args.cap
            for r in files:
                data = r["text"].replace("\r\n", "\n").encode()
                digest = hashlib.sha256(b" ".join(data.split())).digest()
                if len(data) > room:
                    left_out["over the cap of its repository"] += 1
                elif digest in hashes:
                    left_out["same but for white space"] += 1
                elif benchmark and overlaps(r["text"], benchmark):
                    left_out["shares ten words with a benchmark"] += 1
                else:
                    hashes.add(digest)
                    table.writerow([repo, r["path"], text.tell(), len(data), r["licence"] or ""])
                    text.write(data)
                    room -= len(data)
                    taken["files"] += 1
                    taken["bytes"] += len(data)
                    licences[r["licence"] or "unknown"] += len(data)
    summary = {
        "read": dict(read),
        "taken": {**taken, "repositories": len(by_repo)},
        "left_out": dict(left_out.most_common()),
        "bytes_by_licence": dict(licences.most_common()),
        "cap_bytes": args.cap,
        "tests_kept": args.tests,
        "seed": args.seed,
    }
    (args.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python corpus.py data/train --exclude data/heldout "
        "--benchmark HumanEval.jsonl.gz --out run/corpus",
    )
    parser.add_argument("kept", nargs="+", type=Path, help="directories with kept-*.jsonl.zst")
    parser.add_argument("--out", type=Path, required=True, help="corpus directory to write")
    parser.add_argument("--exclude", nargs="*", type=Path, default=[], metavar="DIR",
                        help="held-out shards: their repositories and contents are left out")
    parser.add_argument("--benchmark", nargs="*", type=Path, default=[], metavar="FILE",
                        help="HumanEval-like .jsonl.gz whose text is left out")
    parser.add_argument("--cap", type=int, default=4_000_000, help="most bytes of one repository [%(default)s]")
    parser.add_argument("--tests", type=float, default=1 / 3, help="share of test files to keep [%(default).2f]")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main() -> None:
    summary = prepare(parser().parse_args())
    json.dump(summary, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
