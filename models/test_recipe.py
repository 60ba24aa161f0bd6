"""What the recipe promises, checked without torch: run `python -m pytest models` or `unittest`."""

from __future__ import annotations

import ast
import json
import random
import tempfile
import unittest
from pathlib import Path

import zstandard
from tokenizers import pre_tokenizers, trainers

import corpus
import fim
import spans
from tokenizer import HOSTILE, SPECIALS, Codec, untrained

SOURCE = '''"""A small module – with a dash."""
import os
from dataclasses import dataclass


@dataclass
class Queue:
    """First in, first out."""

    size: int = 0

    def push(self, item):
        self.items.append(item)
        self.size += 1

    def pop(self):
        if not self.items:
            raise IndexError("pop from an empty queue")
        self.size -= 1
        return self.items.pop(0)
'''


def codec() -> Codec:
    """A tokenizer of 400 tokens that has read SOURCE and nothing else."""
    tokenizer = untrained()
    tokenizer.train_from_iterator(
        [SOURCE] * 4,
        trainers.BpeTrainer(
            vocab_size=400,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=list(SPECIALS),
            show_progress=False,
        ),
    )
    return Codec.of(tokenizer)


def corpus_of(directory: Path, files: list[tuple[str, str, str]], **options: object) -> dict:
    """Shards of (repo, path, text) files, run through `corpus.prepare`; gives its summary."""
    kept = directory / "kept"
    kept.mkdir(exist_ok=True)
    lines = "".join(
        json.dumps({
            "repo": repo, "commit": None, "path": path, "blob": str(hash(text)),
            "licence": "MIT", "bytes": len(text.encode()), "text": text,
        }) + "\n"
        for repo, path, text in files
    )
    (kept / "kept-00000.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(lines.encode()))
    arguments = corpus.parser().parse_args([str(kept), "--out", str(directory / "corpus")])
    for name, value in options.items():
        setattr(arguments, name, value)
    return corpus.prepare(arguments)


class TokenizerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.codec = codec()

    def test_hostile_text_comes_back_unchanged(self) -> None:
        self.assertEqual(self.codec.decode(self.codec.encode(HOSTILE)), HOSTILE)

    def test_sentinels_spelled_out_in_a_file_stay_text(self) -> None:
        ids = self.codec.encode("x = '<|fim_middle|>'")
        self.assertNotIn(self.codec.middle, ids)

    def test_a_newline_only_starts_a_token(self) -> None:
        for i in self.codec.encode(SOURCE):
            self.assertNotIn("\n", self.codec.decode([i])[1:])

    def test_digits_are_cut_in_threes_from_the_right(self) -> None:
        pieces = untrained().pre_tokenizer.pre_tokenize_str("a1234567b")
        self.assertEqual([piece for piece, _ in pieces], ["a", "1", "234", "567", "b"])


class HealingTest(unittest.TestCase):
    def check(self, before: str, kept: str, owed: str) -> None:
        c = codec()
        ids, text = c.heal(c.encode(before))
        self.assertEqual((c.decode(ids), text), (kept, owed))

    def test_half_a_word_is_taken_off(self) -> None:
        self.check("        self.it", "        ", "self.it")

    def test_a_line_break_and_its_indentation_may_go_but_nothing_above(self) -> None:
        self.check("x\n        ", "x", "\n        ")
        self.check("return x:\n", "return x:", "\n")

    def test_text_that_no_token_goes_on_from_stays(self) -> None:
        self.check("Q漢", "Q漢", "")

    def test_no_cut_reaches_over_a_sentinel(self) -> None:
        c = codec()
        ids = [c.prefix, *c.encode("de")]
        self.assertEqual(c.heal(ids), ([c.prefix], "de"))

    def test_what_is_taken_off_stands_at_the_start_of_the_middle(self) -> None:
        c = codec()
        at = SOURCE.index("items.append") + 2
        parts = fim.crop(SOURCE, spans.Span(at, at + 3), 300)
        made = fim.assemble(c, parts, spm=True, head=None, budget=600, heal=True)
        text = c.decode(made.ids)
        prefix, middle = text.split("<|fim_prefix|>")[1].split("<|fim_middle|>")
        self.assertEqual(prefix + middle, parts.prefix + parts.middle + "<|endoftext|>")
        self.assertEqual(middle, "\n        self.items<|endoftext|>")


class SpanTest(unittest.TestCase):
    def middles(self, kind: str) -> list[str]:
        """The distinct middles of 300 draws from SOURCE."""
        rng = random.Random(1)
        drawn = (spans.SPANS[kind](SOURCE, rng) for _ in range(300))
        return sorted({SOURCE[s.start : s.end] for s in drawn if s is not None})

    def test_the_rest_of_a_line_ends_where_the_line_ends(self) -> None:
        rng = random.Random(2)
        for _ in range(300):
            span = spans.rest_of_line(SOURCE, rng)
            if span is not None:
                self.assertEqual(SOURCE[span.end], "\n")
                self.assertNotIn("\n", SOURCE[span.start : span.end])
                self.assertTrue(SOURCE[span.start : span.end])

    def test_whole_lines_come_with_and_without_their_indentation(self) -> None:
        middles = self.middles("lines")
        self.assertIn("self.size += 1", middles)
        self.assertIn("        self.size += 1", middles)
        self.assertIn("\n        self.size += 1", middles)

    def test_nodes_are_whole_pieces_of_syntax(self) -> None:
        middles = self.middles("node")
        self.assertIn('"""First in, first out."""', middles)
        self.assertIn("self.items.append(item)", middles)
        self.assertTrue(any(m.lstrip().startswith("if not self.items:\n") for m in middles))

    def test_nodes_are_found_behind_text_that_is_not_ascii(self) -> None:
        text = 'x = "é漢🙂"; y = f(alpha, beta)\n'
        rng = random.Random(1)
        middles = {text[s.start : s.end] for s in (spans.node(text, rng) for _ in range(200)) if s}
        self.assertIn("f(alpha, beta)", middles)
        self.assertIn("alpha, beta", middles)
        for middle in middles:
            ast.parse(f"g({middle})" if "=" not in middle else middle)

    def test_nodes_are_found_behind_a_form_feed_and_odd_line_ends(self) -> None:
        text = "\x0cx = 1\ny = 'a\u2028b'\rz = f(alpha)\n"
        rng = random.Random(1)
        middles = {text[s.start : s.end] for s in (spans.node(text, rng) for _ in range(200)) if s}
        self.assertIn("z = f(alpha)", middles)
        self.assertIn("y = 'a\u2028b'", middles)

    def test_a_file_that_does_not_parse_has_no_nodes(self) -> None:
        self.assertIsNone(spans.node("def f(:\n", random.Random(1)))


class CropTest(unittest.TestCase):
    def test_the_parts_join_back_to_a_run_of_the_file(self) -> None:
        rng = random.Random(3)
        for _ in range(500):
            for kind in spans.SPANS:
                span = spans.SPANS[kind](SOURCE, rng)
                if span is None:
                    continue
                parts = fim.crop(SOURCE, span, rng.randint(0, 600))
                joined = parts.prefix + parts.middle + parts.suffix
                self.assertEqual(joined, SOURCE[parts.start : parts.start + len(joined)])
                self.assertEqual(parts.middle, SOURCE[span.start : span.end])

    def test_a_crop_starts_and_ends_with_whole_lines(self) -> None:
        at = SOURCE.index("append")
        parts = fim.crop(SOURCE, spans.Span(at, at + 6), 150)
        self.assertEqual(SOURCE[parts.start - 1], "\n")
        self.assertTrue(parts.suffix.endswith("\n"))
        self.assertLessEqual(len(parts.prefix) + len(parts.middle) + len(parts.suffix), 150)

    def test_room_that_one_side_leaves_goes_to_the_other(self) -> None:
        parts = fim.crop(SOURCE, spans.Span(0, 3), len(SOURCE) - 1)
        self.assertGreater(len(parts.suffix), 0.8 * len(SOURCE))

    def test_the_outline_holds_imports_and_what_encloses_the_cursor(self) -> None:
        start = SOURCE.index("        self.size -= 1")
        self.assertEqual(
            fim.outline(SOURCE, start, 200),
            "import os\nfrom dataclasses import dataclass\nclass Queue:\n    def pop(self):\n",
        )
        self.assertEqual(fim.outline(SOURCE, start, 45), "import os\nclass Queue:\n    def pop(self):\n")

    def test_a_repeated_block_leaves_the_middle_as_it_was(self) -> None:
        rng = random.Random(4)
        for _ in range(200):
            span = spans.rest_of_line(SOURCE, rng)
            if span is None:
                continue
            text, moved = fim.repeat_block(SOURCE, span, rng)
            self.assertEqual(text[moved.start : moved.end], SOURCE[span.start : span.end])
            self.assertGreater(text.count(SOURCE[span.start : span.end]), SOURCE.count(SOURCE[span.start : span.end]))


class AssembleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.codec = codec()
        at = SOURCE.index("append")
        self.parts = fim.crop(SOURCE, spans.Span(at, at + len("append(item)")), 300)

    def check(self, spm: bool, head: str | None, expected: str) -> None:
        made = fim.assemble(self.codec, self.parts, spm=spm, head=head, budget=600)
        self.assertEqual(self.codec.decode(made.ids), expected)
        self.assertEqual(len(made.ids), len(made.weights))

    def test_suffix_first_order_is_the_one_llama_cpp_builds(self) -> None:
        p = self.parts
        self.check(
            True, None,
            f"<|fim_suffix|>{p.suffix}<|fim_prefix|>{p.prefix}<|fim_middle|>append(item)<|endoftext|>",
        )

    def test_prefix_first_order(self) -> None:
        p = self.parts
        self.check(
            False, None,
            f"<|fim_prefix|>{p.prefix}<|fim_suffix|>{p.suffix}<|fim_middle|>append(item)<|endoftext|>",
        )

    def test_the_path_stands_inside_the_prefix(self) -> None:
        p = self.parts
        self.check(
            True, "a/queue.py\n",
            f"<|fim_suffix|>{p.suffix}<|fim_prefix|><|file_sep|>a/queue.py\n{p.prefix}"
            "<|fim_middle|>append(item)<|endoftext|>",
        )

    def test_only_text_and_the_end_of_the_middle_count_in_the_loss(self) -> None:
        made = fim.assemble(self.codec, self.parts, spm=True, head=None, budget=600, middle_weight=3.0)
        c = self.codec
        for i, weight in zip(made.ids, made.weights):
            if i in (c.prefix, c.suffix, c.middle, c.file, c.pad):
                self.assertEqual(weight, 0.0)
            else:
                self.assertGreater(weight, 0.0)
        self.assertEqual(made.weights[-1], 3.0)

    def test_a_small_budget_shortens_the_context_and_keeps_head_and_middle(self) -> None:
        for budget in range(60, 200, 7):
            made = fim.assemble(self.codec, self.parts, spm=True, head="q.py\n", budget=budget)
            if made is None:
                continue
            text = self.codec.decode(made.ids)
            self.assertLessEqual(len(made.ids), budget)
            self.assertIn("<|file_sep|>q.py\n", text)
            self.assertTrue(text.endswith("<|fim_middle|>append(item)<|endoftext|>"))

    def test_a_middle_longer_than_the_budget_gives_nothing(self) -> None:
        parts = fim.Parts("", SOURCE, "", 0)
        self.assertIsNone(fim.assemble(self.codec, parts, spm=True, head=None, budget=60))


class RowsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        root = Path(self.directory.name)
        corpus_of(root, [("a/b", f"m{i}.py", SOURCE.replace("Queue", f"Queue{i}")) for i in range(5)])
        self.corpus = corpus.Corpus(root / "corpus")
        self.codec = codec()

    def test_a_row_is_as_long_as_asked_and_always_the_same(self) -> None:
        rows, again = (fim.Rows(self.corpus, self.codec, 1) for _ in range(2))
        for number in range(40):
            ids, weights = rows.row(number, 257, fim.MIXES["copying"])
            self.assertEqual((len(ids), len(weights)), (257, 257))
            self.assertEqual((ids, weights), again.row(number, 257, fim.MIXES["copying"]))
        self.assertNotEqual(rows.row(0, 257, fim.Mix()), rows.row(1, 257, fim.Mix()))

    def test_padding_does_not_count(self) -> None:
        rows = fim.Rows(self.corpus, self.codec, 1)
        for number in range(40):
            for i, weight in zip(*rows.row(number, 257, fim.MIXES["line"])):
                if i == self.codec.pad:
                    self.assertEqual(weight, 0.0)


class CorpusTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def test_texts_come_back_unchanged(self) -> None:
        corpus_of(self.root, [("a/b", "x.py", SOURCE), ("c/d", "y.py", "é = 1\n")])
        read = corpus.Corpus(self.root / "corpus")
        self.assertEqual({read[i].text for i in range(len(read))}, {SOURCE, "é = 1\n"})

    def test_one_repository_cannot_take_more_than_its_cap(self) -> None:
        files = [("a/b", f"{i}.py", f"value_{i} = {i}\n" * 10) for i in range(50)]
        summary = corpus_of(self.root, files, cap=1000)
        self.assertLessEqual(summary["taken"]["bytes"], 1000)
        self.assertIn("over the cap of its repository", summary["left_out"])

    def test_tests_and_vendored_copies_are_thinned_out(self) -> None:
        files = [("a/b", "x.py", "x = 1\n"), ("a/b", "tests/t.py", "y = 1\n"), ("a/b", "src/_vendor/v.py", "z = 1\n")]
        summary = corpus_of(self.root, files, tests=0.0)
        self.assertEqual(summary["taken"]["files"], 1)
        self.assertEqual(summary["left_out"], {"test, thinned out": 1, "vendored copy": 1})

    def test_what_repeats_a_benchmark_is_found(self) -> None:
        known = 'def truncate_number(number: float) -> float:\n    """ Given a positive floating point number, it can be decomposed into an integer part"""\n'
        wanted = set(corpus.shingles(known))
        self.assertTrue(corpus.overlaps("import math\n\n" + known, wanted))
        self.assertFalse(corpus.overlaps(SOURCE, wanted))


if __name__ == "__main__":
    unittest.main()
