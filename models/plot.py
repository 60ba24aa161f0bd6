"""Draw the course of a training run from its log.csv: loss, and held-out bits per byte."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402  (the backend is chosen before)

LOSS, HELDOUT = "#4878a8", "#c8553d"


def columns(path: Path, name: str) -> tuple[list[float], list[float]]:
    """Millions of tokens and the values of column `name`, where it is filled in.

    What a resumed run did again replaces what was done before.
    """
    with open(path, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    kept: list[dict[str, str]] = []
    for row in reversed(rows):
        if not kept or int(row["tokens"]) < int(kept[-1]["tokens"]):
            kept.append(row)
    kept = [row for row in reversed(kept) if row[name]]
    return [int(r["tokens"]) / 1e6 for r in kept], [float(r[name]) for r in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog="example: python plot.py run/log.csv --out loss.png")
    parser.add_argument("log", type=Path, help="log.csv of train.py")
    parser.add_argument("--out", type=Path, required=True, help="picture to write, .png or .svg")
    args = parser.parse_args()
    if not args.log.is_file():
        raise SystemExit(f"{args.log} does not exist: train.py writes it into its --out directory")
    figure, left = plt.subplots(figsize=(7.2, 4.0), dpi=150, layout="constrained")
    x, y = columns(args.log, "loss")
    left.plot(x, y, color=LOSS, linewidth=1.2)
    left.set_xlabel("training tokens (millions)")
    left.set_ylabel("training loss (nats per weighted token)", color=LOSS)
    left.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    left.set_xlim(left=0)
    right = left.twinx()
    x, y = columns(args.log, "bits_per_byte")
    right.plot(x, y, color=HELDOUT, marker="o", markersize=3.5, linewidth=1.2)
    right.set_ylabel("held-out bits per byte", color=HELDOUT)
    if y:
        right.annotate(f"{y[-1]:.2f}", (x[-1], y[-1]), xytext=(-4, 7), textcoords="offset points",
                       color=HELDOUT, ha="right")
    for axis in (left, right):
        axis.spines["top"].set_visible(False)
    figure.savefig(args.out)


if __name__ == "__main__":
    main()
