"""Train the GPT, on CPU cores and on GPUs alike.

Muon for the matrices of the blocks, AdamW for the rest, a learning rate that
follows the wall clock, an exponential average of the weights, a checkpoint every
few minutes that holds all it takes to go on: weights, average, momentum, seed
and the number of the next row.

Several processes share a step (`--processes 2`, or `torchrun` on GPUs); each
computes its own rows and the gradients are averaged. On a busy machine two
processes of one thread waste far less than one process of two threads.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor

from corpus import Corpus
from feed import Feed, stages
from gpt import SHAPES, Gpt, Shape
from muon import Muon
from tokenizer import Codec

LOG_FIELDS = ("seconds", "step", "tokens", "loss", "bits_per_byte", "rate", "row_tokens", "tokens_per_second")

ADAM_BETAS = (0.8, 0.99)
"""A long second moment: with few tokens a step, a short one follows the noise."""


class Clock:
    """The share of the planned wall-clock time that is over."""

    def __init__(self, seconds: float, spent: float = 0.0) -> None:
        self.planned, self.origin = seconds, time.monotonic() - spent

    def seconds(self) -> float:
        return time.monotonic() - self.origin

    def progress(self) -> float:
        return min(1.0, self.seconds() / self.planned)


def rate_factor(progress: float, step: int, flat: float, floor: float) -> float:
    """Forty steps up, flat until `flat`, then straight down to `floor`."""
    warm = min(1.0, (step + 1) / 40)
    if progress <= flat:
        return warm
    return warm * (1 - (1 - floor) * (progress - flat) / (1 - flat))


def heldout_batch(corpus: Corpus, codec: Codec, tokens: int, files: int) -> tuple[Tensor, Tensor, int]:
    """Openings of held-out files, spread evenly over the repositories.

    Gives ids and weights [files, tokens + 1] and the bytes that the weighted
    tokens stand for.
    """
    by_repo: dict[str, list[int]] = {}
    for i, repo in enumerate(corpus.repos()):
        by_repo.setdefault(repo, []).append(i)
    picked: list[int] = []
    for numbers in by_repo.values():
        share = max(1, files // len(by_repo))
        picked += numbers[:: max(1, len(numbers) // share)][:share]
    ids = np.full((len(picked), tokens + 1), codec.pad, dtype=np.int64)
    weights = np.zeros((len(picked), tokens + 1), dtype=np.float32)
    size = 0
    for row, i in enumerate(picked):
        file = corpus[i]
        head = [codec.file, *codec.encode(file.path)]
        body = codec.encode("\n" + file.text)[: tokens + 1 - len(head)]
        size += len(codec.decode(body).encode())
        ids[row, : len(head) + len(body)] = head + body
        weights[row, len(head) : len(head) + len(body)] = 1
    return torch.from_numpy(ids), torch.from_numpy(weights), size


@torch.no_grad()
def bits_per_byte(model: Gpt, batch: tuple[Tensor, Tensor, int], device: str) -> float:
    """Cross-entropy of held-out text in bits per byte of it: independent of the tokenizer."""
    ids, weights, size = batch
    nats = 0.0
    for i in range(0, len(ids), 8):
        part, w = ids[i : i + 8].to(device), weights[i : i + 8, 1:].to(device)
        with torch.autocast(device, torch.bfloat16):
            nats += float(model.loss(part[:, :-1], part[:, 1:], w) * w.sum())
    return nats / math.log(2) / size


def save(path: Path, content: dict) -> None:
    """Write a checkpoint so that a crash leaves either the old one or the new one."""
    part = path.with_suffix(".part")
    torch.save(content, part)
    os.replace(part, path)


def until_seconds(clock: str) -> float:
    """Seconds from now to the next `HH:MM`, UTC."""
    now = datetime.now(timezone.utc)
    try:
        hours, minutes = map(int, clock.split(":"))
        then = now.replace(hour=hours, minute=minutes, second=0, microsecond=0)
    except ValueError:
        raise SystemExit(f"--until {clock}: write a time of day as HH:MM, UTC") from None
    return ((then - now) % timedelta(days=1)).total_seconds()


def run(rank: int, processes: int, args: argparse.Namespace) -> None:
    """One process of the training run."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        torch.cuda.set_device(rank % torch.cuda.device_count())
    else:
        torch.set_num_threads(args.threads)
    if processes > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", str(args.port))
        dist.init_process_group("nccl" if device == "cuda" else "gloo", rank=rank, world_size=processes)
    first = rank == 0
    torch.manual_seed(args.seed)
    codec = Codec(args.tokenizer)
    plan = stages(args.rows)
    longest = max(s.tokens for s in plan)
    sizes = {**SHAPES[args.shape].to_dict(), "vocab": codec.size}
    saved = torch.load(args.out / "last.pt", map_location="cpu") if args.resume else None
    if saved is not None:
        sizes = saved["shape"]
    model = Gpt(Shape(**sizes), longest).to(device)
    matrices = [p for n, p in model.named_parameters() if n.startswith("blk.") and p.ndim == 2]
    tables = [p for n, p in model.named_parameters() if not n.startswith("blk.") and p.ndim == 2]
    gains = [p for p in model.parameters() if p.ndim < 2]
    muon = Muon(matrices, momentum=0.95, decay=args.decay)
    adam = torch.optim.AdamW(
        [{"params": tables, "peak": args.table_rate}, {"params": gains, "peak": args.gain_rate}],
        lr=0.0, betas=ADAM_BETAS, eps=1e-10, weight_decay=0.001,
    )
    average = {n: p.detach().clone() for n, p in model.named_parameters()}
    step, tokens_seen, next_row, spent = 0, 0, 0, 0.0
    if saved is not None:
        model.load_state_dict(saved["model"])
        average = {n: t.to(device) for n, t in saved["average"].items()}
        muon.load(saved["muon"])
        adam.load_state_dict(saved["adam"])
        for group, peak in zip(adam.param_groups, (args.table_rate, args.gain_rate)):
            group.update(peak=peak, betas=ADAM_BETAS)  # the command line wins over the checkpoint
        step, tokens_seen, next_row, spent = (saved[k] for k in ("step", "tokens", "next_row", "seconds"))
    seconds = until_seconds(args.until) if args.until else args.minutes * 60
    clock = Clock(seconds + spent, spent)
    loss_of = torch.compile(model.loss, dynamic=False) if args.compile else model.loss
    feeder = Feed(args.corpus, args.tokenizer, args.seed, args.workers)
    heldout = None
    log = None
    if first:
        args.out.mkdir(parents=True, exist_ok=True)
        fresh = saved is None or not (args.out / "log.csv").exists()
        log_file = open(args.out / "log.csv", "w" if fresh else "a", newline="")
        log = csv.DictWriter(log_file, LOG_FIELDS)
        if fresh:
            log.writeheader()
        if args.heldout:
            heldout = heldout_batch(Corpus(args.heldout), codec, min(512, longest), args.heldout_files)
        count = sum(p.numel() for p in model.parameters())
        print(f"{count:,} parameters on {device}, {processes} process(es), {seconds / 60:.1f} minutes", file=sys.stderr)
    checkpoint_at = log_at = time.monotonic()
    measure_at = time.monotonic() + args.measure * 60
    tokens_at_log, losses = tokens_seen, []

    def state() -> dict:
        return {
            "shape": sizes, "context": longest, "model": model.state_dict(), "average": average,
            "muon": muon.state(), "adam": adam.state_dict(), "step": step, "tokens": tokens_seen,
            "next_row": next_row, "seconds": clock.seconds(), "arguments": {k: str(v) for k, v in vars(args).items()},
        }

    while True:
        progress = clock.progress()
        if processes > 1:  # Everyone follows the clock of the first process.
            shared = torch.tensor([progress], device=device, dtype=torch.float64)
            dist.broadcast(shared, 0)
            progress = shared.item()
        if progress >= 1:
            break
        stage = [s for s in plan if s.start <= progress][-1]
        tokens = stage.tokens
        rows = max(1, args.batch // tokens // processes)
        ids, weights = feeder.take(next_row + rank * rows, rows, stage, rows * processes)
        micro = max(1, min(rows, args.micro // tokens))
        # All processes and micro-batches divide by one number, so that every weight counts the same.
        total = weights[:, 1:].sum() * processes
        loss_sum = 0.0
        for i in range(0, rows, micro):
            part, w = ids[i : i + micro].to(device), weights[i : i + micro, 1:].to(device)
            with torch.autocast(device, torch.bfloat16, enabled=args.bf16):
                loss = loss_of(part[:, :-1].contiguous(), part[:, 1:].contiguous(), w.contiguous())
            loss = loss * (w.sum() / total)
            loss.backward()
            loss_sum += loss.item()
        gradients = [p.grad for p in model.parameters()]
        if processes > 1:
            flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor([loss_sum], device=device)])
            dist.all_reduce(flat)
            loss_sum = flat[-1].item()
            for g, part in zip(gradients, flat[:-1].split([g.numel() for g in gradients])):
                g.copy_(part.view_as(g))
        norm = torch.nn.utils.clip_grad_norm_(tables + gains, 1.0)
        if not math.isfinite(loss_sum) or not math.isfinite(norm):
            raise SystemExit(f"step {step}: the loss is {loss_sum}; go on from the last checkpoint with a lower rate")
        factor = rate_factor(progress, step, args.flat, 0.0)
        for group in adam.param_groups:
            group["lr"] = group["peak"] * factor
        muon.step(args.rate * factor)
        adam.step()
        model.zero_grad(set_to_none=True)
        step += 1
        next_row += rows * processes
        tokens_seen += rows * processes * tokens
        keep = min(args.average, 1 - 1 / (step + 1))
        with torch.no_grad():
            for name, p in model.named_parameters():
                average[name].lerp_(p, 1 - keep)
        losses.append(loss_sum)
        if not first:
            continue
        now = time.monotonic()
        if now - log_at >= args.log_seconds:
            row = dict.fromkeys(LOG_FIELDS, "")
            row.update(
                seconds=f"{clock.seconds():.0f}", step=step, tokens=tokens_seen, row_tokens=tokens,
                loss=f"{sum(losses) / len(losses):.4f}", rate=f"{args.rate * factor:.5f}",
                tokens_per_second=f"{(tokens_seen - tokens_at_log) / (now - log_at):.0f}",
            )
            if heldout is not None and now >= measure_at:
                row["bits_per_byte"] = f"{measure(model, average, heldout, device):.4f}"
                measure_at = time.monotonic() + args.measure * 60
            log.writerow(row)
            log_file.flush()
            print(" ".join(f"{k} {v}" for k, v in row.items() if v != ""), file=sys.stderr, flush=True)
            log_at, tokens_at_log, losses = time.monotonic(), tokens_seen, []
        if now - checkpoint_at >= args.checkpoint * 60:
            save(args.out / "last.pt", state())
            checkpoint_at = time.monotonic()
    if first:
        save(args.out / "last.pt", state())
        row = dict.fromkeys(LOG_FIELDS, "")
        row.update(seconds=f"{clock.seconds():.0f}", step=step, tokens=tokens_seen, row_tokens=longest)
        if heldout is not None:
            row["bits_per_byte"] = f"{measure(model, average, heldout, device):.4f}"
        log.writerow(row)
        log_file.close()
        print(f"done: {tokens_seen:,} tokens in {step:,} steps, held-out {row['bits_per_byte'] or '–'} bits per byte")
    if processes > 1:
        dist.barrier()
        dist.destroy_process_group()


def measure(model: Gpt, average: dict[str, Tensor], heldout: tuple[Tensor, Tensor, int], device: str) -> float:
    """Held-out bits per byte of the averaged weights; the model is left as it was."""
    current = {n: p.detach().clone() for n, p in model.named_parameters()}
    with torch.no_grad():
        for n, p in model.named_parameters():
            p.copy_(average[n])
        result = bits_per_byte(model, heldout, device)
        for n, p in model.named_parameters():
            p.copy_(current[n])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python train.py --shape 3m --processes 2 --corpus run/corpus --heldout run/heldout \\\n"
        "      --tokenizer run/tokenizer.json --out run --minutes 80\n"
        "  python train.py … --out run --resume --until 23:45\n"
        "  torchrun --nproc-per-node 8 train.py --shape 59m --batch 262144 --micro 32768 …",
    )
    a = parser.add_argument
    a("--shape", choices=sorted(SHAPES), default="3m")
    a("--corpus", type=Path, required=True, help="directory made by corpus.py")
    a("--heldout", type=Path, help="directory made by corpus.py from held-out repositories")
    a("--tokenizer", type=Path, required=True, help="file made by tokenizer.py")
    a("--out", type=Path, required=True, help="directory for last.pt and log.csv")
    a("--minutes", type=float, default=60, help="wall-clock length of the run [%(default)s]")
    a("--until", metavar="HH:MM", help="end of the run, UTC, instead of --minutes")
    a("--resume", action="store_true", help="go on from OUT/last.pt")
    a("--rows", default="0:256:copying,0.25:512:some-copying,0.45:512:broad,0.72:1024:line",
      help="tokens a row and their mix, by share of the run [%(default)s]")
    a("--batch", type=int, default=8192, help="tokens a step, over all processes [%(default)s]")
    a("--micro", type=int, default=4096, help="tokens computed at once [%(default)s]")
    a("--rate", type=float, default=0.02, help="peak rate of Muon [%(default)s]")
    a("--table-rate", type=float, default=0.004, help="peak rate of embedding and head [%(default)s]")
    a("--gain-rate", type=float, default=0.01, help="peak rate of the norms' gains [%(default)s]")
    a("--decay", type=float, default=0.05, help="weight decay of Muon [%(default)s]")
    a("--flat", type=float, default=0.25, help="share of the run at the peak rate [%(default)s]")
    a("--average", type=float, default=0.99, help="weight of the past in the averaged weights [%(default)s]")
    a("--processes", type=int, default=1, help="processes on this machine, CPU only [%(default)s]")
    a("--threads", type=int, default=1, help="CPU threads of a process [%(default)s]")
    a("--workers", type=int, default=1, help="processes that make rows, for each trainer [%(default)s]")
    a("--port", type=int, default=29511, help="port on which the processes meet [%(default)s]")
    a("--seed", type=int, default=1)
    a("--heldout-files", type=int, default=48, help="files for bits per byte [%(default)s]")
    a("--measure", type=float, default=5, help="minutes between held-out measurements [%(default)s]")
    a("--checkpoint", type=float, default=3, help="minutes between checkpoints [%(default)s]")
    a("--log-seconds", type=float, default=20, help="seconds between log lines [%(default)s]")
    a("--no-compile", dest="compile", action="store_false", help="run without torch.compile")
    a("--no-bf16", dest="bf16", action="store_false", help="compute in single precision")
    args = parser.parse_args()
    if args.resume and not (args.out / "last.pt").is_file():
        raise SystemExit(f"--resume: there is no {args.out / 'last.pt'}; start without --resume")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if "RANK" in os.environ:
        run(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), args)
    elif args.processes > 1:
        mp.spawn(run, args=(args.processes, args), nprocs=args.processes)
    else:
        run(0, 1, args)


if __name__ == "__main__":
    main()
