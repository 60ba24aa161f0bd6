"""Byte-level BPE whose tokens may cross spaces but never end a line in the middle.

The text is cut before every newline, runs of digits are cut in threes from the
right, and BPE merges whatever lies between (llama.cpp's pre-type `superbpe`;
SuperBPE, arXiv 2503.13423). A newline only ever starts a token, so merging the
whole text gives the same ids as merging line by line, which is how it is trained.

The special tokens carry Qwen's names: llama.cpp and editors find them by name.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import Corpus

END = "<|endoftext|>"
PREFIX = "<|fim_prefix|>"
SUFFIX = "<|fim_suffix|>"
MIDDLE = "<|fim_middle|>"
PAD = "<|fim_pad|>"
REPO = "<|repo_name|>"
FILE = "<|file_sep|>"
SPECIALS = (END, PREFIX, SUFFIX, MIDDLE, PAD, REPO, FILE)

PRE_TYPE = "superbpe"
NEWLINE = "Ċ"
"""How byte-level BPE spells a newline."""
HEALED_AT_MOST = 4
"""Tokens that `Codec.heal` takes off, as the editor does."""
LONGEST = 32
"""Longest token in bytes; longer ones are memorised lines, not words."""

HOSTILE = (
    "x = 1234567 + 0x1F_00  # naïve café 漢字 🙂\r\n"
    "\tdef f(a, *, b=None) -> 'Dict[str, int]':\n\n\n"
    "        return f\"{a!r:>10}\\n\" % {'k': 12, \"é\": b'\\x00'}   \n"
    "\u00a0\u200b\ufeff e\u0301 <|fim_prefix|> <|endoftext|> \x0c\x00\n    \n"
    "a.b.c(1.5e-10)[::-1] **= ~-1_000_000\n١٢٣٤٥ ½ Ⅻ ²\n"
    "\n \n  \n\t\t\nlast line without end"
)
"""Text with everything that sets tokenizers apart; used by `check` and the tests."""


def spelling() -> dict[str, int]:
    """The byte that each character of byte-level BPE's alphabet stands for (GPT-2's table)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(others)}


SPELLING = spelling()


def untrained() -> Tokenizer:
    """The cutting rules, without a vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\n"), "merged_with_next"),
        pre_tokenizers.Split(Regex(r"\p{N}+"), "isolated"),
        pre_tokenizers.Split(Regex(r"(?=([0-9]{3})+(?![0-9]))"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train(corpus: Corpus, vocab: int, sample: int, seed: int) -> Tokenizer:
    """Learn `vocab` tokens, specials included, from about `sample` bytes of the corpus."""
    order = list(range(len(corpus)))
    random.Random(seed).shuffle(order)
    texts, room = [], sample
    for i in order:
        if room <= 0:
            break
        file = corpus[i]
        texts.append(file.text[:20_000])
        room -= len(texts[-1])
    tokenizer = untrained()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(SPECIALS),
        max_token_length=LONGEST,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Codec:
    """Text to ids and back; text that spells a special token stays text."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SystemExit(f"{path} does not exist: make it with `python tokenizer.py train`")
        self._set(Tokenizer.from_file(str(path)))

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Codec:
        """A codec around a tokenizer in memory."""
        codec = cls.__new__(cls)
        codec._set(tokenizer)
        return codec

    def _set(self, tokenizer: Tokenizer) -> None:
        # Without this, "<|fim_prefix|>" inside a file would become the sentinel.
        tokenizer.encode_special_tokens = True
        self.tokenizer = tokenizer
        self.size = tokenizer.get_vocab_size()
        self.end, self.prefix, self.suffix, self.middle, self.pad, self.repo, self.file = (
            tokenizer.token_to_id(s) for s in SPECIALS
        )
        self.starts_line = [
            (tokenizer.id_to_token(i) or "").startswith(NEWLINE) for i in range(self.size)
        ]

        self.bytes = [
            b"" if token in SPECIALS else bytes(SPELLING[c] for c in token)
            for token in (tokenizer.id_to_token(i) for i in range(self.size))
        ]
        self.beginnings = {b[:n] for b in self.bytes for n in range(1, len(b))}

    def heal(self, ids: list[int]) -> tuple[list[int], str]:
        """Take tokens off the end of a prompt; gives what stays and the text taken off.

        The editor's rule: of the cuts of one to four tokens the longest for whose
        bytes some longer token exists; never over a special token, nor past a
        newline. Nothing is taken where that would split a character.
        """
        tail, cut = b"", (0, b"")
        for n, i in enumerate(reversed(ids[-HEALED_AT_MOST:]), 1):
            if not self.bytes[i] or b"\n" in self.bytes[i][1:]:
                break
            tail = self.bytes[i] + tail
            if tail in self.beginnings:
                cut = (n, tail)
            if self.bytes[i].startswith(b"\n"):
                break
        try:
            return ids[: len(ids) - cut[0]], cut[1].decode()
        except UnicodeDecodeError:
            return ids, ""

    def encode(self, text: str) -> list[int]:
        """The ids of `text`, without any special token."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """The text of `ids`, special tokens spelled out."""
        return self.tokenizer.decode(ids, skip_special_tokens=False)


def check(path: Path, dump: Path | None, gguf: Path | None) -> None:
    """Compare our ids on hostile text with llama.cpp's, from a dump or through a GGUF."""
    codec = Codec(path)
    ours = codec.encode(HOSTILE)
    if codec.decode(ours) != HOSTILE:
        raise SystemExit("the tokenizer does not give its own input back")
    if dump is not None:
        theirs = json.loads(dump.read_text())
    elif gguf is not None:
        try:
            from llama_cpp import Llama
        except ImportError:
            raise SystemExit("llama-cpp-python is not installed: give the ids with --dump") from None
        llama = Llama(str(gguf), vocab_only=True, verbose=False)
        theirs = llama.tokenize(HOSTILE.encode(), add_bos=False, special=False)
    else:
        print(f"round trip: {len(ours)} tokens for {len(HOSTILE.encode())} bytes")
        return
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            raise SystemExit(
                f"token {i} differs: ours {a} {codec.decode([a])!r}, theirs {b}; "
                f"before it: {codec.decode(ours[:i])[-30:]!r}"
            )
    if len(ours) != len(theirs):
        raise SystemExit(f"ours has {len(ours)} tokens, theirs {len(theirs)}")
    print(f"same {len(ours)} tokens")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python tokenizer.py train --corpus run/corpus --out run/tokenizer.json\n"
        "  python tokenizer.py check run/tokenizer.json --gguf default.gguf",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    p = commands.add_parser("train", help="learn a vocabulary")
    p.add_argument("--corpus", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--vocab", type=int, default=4096, help="tokens, specials included [%(default)s]")
    p.add_argument("--sample", type=int, default=20_000_000, help="bytes to learn from [%(default)s]")
    p.add_argument("--seed", type=int, default=1)
    p = commands.add_parser("check", help="compare with llama.cpp on hostile text")
    p.add_argument("tokenizer", type=Path)
    p.add_argument("--gguf", type=Path, help="model to load with llama-cpp-python")
    p.add_argument("--dump", type=Path, help="JSON list of the ids llama.cpp gives")
    args = parser.parse_args()
    if args.command == "check":
        check(args.tokenizer, args.dump, args.gguf)
        return
    tokenizer = train(Corpus(args.corpus), args.vocab, args.sample, args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out))
    codec = Codec.of(tokenizer)
    corpus = Corpus(args.corpus)
    texts = [corpus[i].text for i in range(0, len(corpus), max(1, len(corpus) // 200))]
    rate = sum(len(t.encode()) for t in texts) / sum(len(codec.encode(t)) for t in texts)
    print(f"{codec.size} tokens, {rate:.2f} bytes a token")


if __name__ == "__main__":
    main()
