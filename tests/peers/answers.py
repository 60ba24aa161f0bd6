"""Answers that `midfill eval --answers` wrote, and the files that they belong to."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    """What every judge of answers takes."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("answers", type=Path, nargs="+")
    found.add_argument("--root", type=Path, nargs="+", required=True, help="the folders given to midfill eval")
    return found


def given(path: Path, roots: list[Path], by: str | None = None) -> Iterator[tuple[dict, Path]]:
    """The models' answers that are not empty, or those `by` one, each with the file that it was given for."""
    folders = {root.resolve().name: root for root in roots}
    for line in path.read_text().splitlines():
        answer = json.loads(line)
        if answer["by"] == "copy" or by and answer["by"] != by or not answer["answer"].strip():
            continue
        if answer["repo"] not in folders:
            raise SystemExit(f"{path}: give the folder of {answer['repo']} with --root")
        yield answer, folders[answer["repo"]] / answer["path"]
