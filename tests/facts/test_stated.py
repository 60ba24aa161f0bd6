"""Ten functions of ten well-known packages, explained in English and in Chinese with the shipped model:
every fact that the text states, held against the source.

The program is named by MIDFILL, the folder of the packages by EXPLAINED (tests/setup/explained).
"""

import ast
import os
import re
import subprocess
import unittest
from pathlib import Path

import stated
from truth import FUNCTIONS

TEN = [
    ("attr/_funcs.py", "asdict"),
    ("click/utils.py", "make_default_short_help"),
    ("flask/app.py", "Flask.make_response"),
    ("httpx/_utils.py", "get_environment_proxies"),
    ("jinja2/utils.py", "urlize"),
    ("networkx/algorithms/dag.py", "topological_generations"),
    ("requests/sessions.py", "SessionRedirectMixin.resolve_redirects"),
    ("rich/_wrap.py", "divide_line"),
    ("tqdm/std.py", "tqdm.format_meter"),
    ("werkzeug/utils.py", "secure_filename"),
]


def find(tree, name):
    """The function of a qualified name."""
    for part in name.split("."):
        kinds = (*FUNCTIONS, ast.ClassDef)
        tree = next(n for n in ast.walk(tree) if isinstance(n, kinds) and n.name == part)
    return tree


def explain(path, line, language):
    command = [os.environ["MIDFILL"], "explain", f"{path}:{line}", "--alone", "--lang", language]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def outline(markdown):
    """What must be the same in every language: code, and numbers outside of it."""
    guesses = [line for line in markdown.splitlines() if not re.match(r"- \*\*(A guess|模型的猜测)", line)]
    text = "\n".join(guesses)
    return re.findall(r"`[^`]*`", text), sorted(re.findall(r"\d+", re.sub(r"`[^`]*`", "", text)))


class Stated(unittest.TestCase):
    def test_every_fact_stated_of_ten_functions_is_so(self):
        n_checked = 0
        for file, name in TEN:
            with self.subTest(function=name):
                path = Path(os.environ["EXPLAINED"]) / file
                text = path.read_text("utf-8")
                function = find(ast.parse(text), name)
                english = explain(path, function.lineno, "en")
                n = stated.Reader(text, function).check(english)
                print(f"{name}: {n} statements checked")
                n_checked += n
                chinese = explain(path, function.lineno, "zh")
                self.assertEqual(outline(english), outline(chinese))
                for part in ("功能", "工作流程", "潜在问题", "改进建议"):
                    self.assertIn(f"## {part}\n", chinese)
        print(f"{n_checked} statements checked in all")
        self.assertGreater(n_checked, 300)

    def test_what_is_not_so_is_found(self):
        text = "def f(a, b=1):\n    if a:\n        raise ValueError(b)\n    return g(a)\n"
        function = ast.parse(text).body[0]
        right = (
            "# function `f`, lines 1–4\n## What it does\n- **Takes** `a`; `b` (`1` by default)\n"
            "- **Returns** `g(a)` (line 4)\n- **Raises** `ValueError` if `a` (line 3)\n"
            "- **Calls** `g` (line 4)\n## How it works\n1. if `a` (lines 2–3)\n"
            "   - raise `ValueError(b)` (line 3)\n2. return `g(a)` (line 4)\n\n"
            "Cyclomatic complexity 2, blocks 1 deep at most.\n## Potential problems\n## Improvements\n"
        )
        self.assertGreater(stated.Reader(text, function).check(right), 15)
        wrongs = [
            ("`f`, lines", "`h`, lines"),
            ("1–4", "1–5"),
            ("`a`; `b`", "`b`; `a`"),
            ("`1` by", "`2` by"),
            ("`g(a)` (line 4)\n- **Raises", "`g(b)` (line 4)\n- **Raises"),
            ("`ValueError` if", "`TypeError` if"),
            ("if `a` (line 3)", "if `b` (line 3)"),
            ("`g` (line 4)", "`h` (line 4)"),
            ("if `a` (lines 2", "while `a` (lines 2"),
            ("complexity 2", "complexity 3"),
            ("blocks 1", "blocks 2"),
            ("## Improvements\n", ""),
            ("## Improvements\n", "## Improvements\n- Mind line 40.\n"),
            ("## How", "It is good.\n## How"),
        ]
        for told, wrong in wrongs:
            with self.subTest(wrong=wrong), self.assertRaises(stated.Stated):
                stated.Reader(text, function).check(right.replace(told, wrong, 1))


if __name__ == "__main__":
    unittest.main()
