"""The problems that Midfill's own rules find, beside what ruff finds in the same functions, and what
becomes of both where ruff is installed.

The program is named by MIDFILL; ruff lies beside the Python that runs this.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from collections import Counter
from pathlib import Path

RUFF = Path(sys.executable).parent / "ruff"
LEAST = 0.99

# Our rules, and the rules of ruff that find the same and more. Not here are those that count
# otherwise (complexity and length), that name another line (a missing return), and that ruff has
# not (loops, unreachable code, files that nobody can close).
SAME = {
    "mutable_default": ["B006"],
    "bare_except": ["E722"],
    "swallowed_exception": ["S110", "S112", "E722"],
    "broad_except": ["BLE001"],
    "shadowed_builtin": ["A001", "A002"],
    "is_literal": ["F632"],
    "compared_to_singleton": ["E711", "E712"],
    "late_binding": ["B023"],
    "unused_parameter": ["ARG001", "ARG002", "ARG003", "ARG004"],
    "unused_variable": ["F841"],
    "assert_tuple": ["F631"],
    "empty_f_string": ["F541"],
}


def ruff(paths):
    """What ruff finds, as (path, line, code)."""
    codes = ",".join(code for codes in SAME.values() for code in codes)
    command = [RUFF, "check", "--isolated", "--no-cache", "--exit-zero", "--ignore-noqa"]
    command += ["--output-format", "json", "--select", codes, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return {(one["filename"], one["location"]["row"], one["code"]) for one in found}


def midfill(path, *arguments, **options):
    """The functions that Midfill tells of."""
    command = [os.environ["MIDFILL"], "explain", path, "--facts", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    return json.loads(done.stdout)["functions"] if done.returncode == 0 else []


class Problems(unittest.TestCase):
    def test_what_our_rules_find_in_the_standard_library_ruff_finds_too(self):
        library = Path(sysconfig.get_paths()["stdlib"]).resolve()
        paths = sorted(map(str, library.glob("*.py")))
        theirs = ruff(paths)
        found, agreed, alone = Counter(), Counter(), []
        for path in paths:
            for function in midfill(path, "--all", "--alone"):
                for problem in function["problems"]:
                    rule, line = problem["rule"], problem["line"]
                    if rule not in SAME:
                        continue
                    found[rule] += 1
                    if any((path, line, code) in theirs for code in SAME[rule]):
                        agreed[rule] += 1
                    else:
                        name = function["qualified_name"]
                        alone.append(f"{path}:{line} {name}: {rule} {problem['subject']}")
        for rule in sorted(found):
            print(f"  {rule:<22} {agreed[rule]:>4} of {found[rule]:>4}")
        print("\n".join(alone))
        self.assertGreater(sum(found.values()), 300)
        self.assertGreaterEqual(sum(agreed.values()) / sum(found.values()), LEAST)

    def test_ruff_is_asked_where_it_is_installed(self):
        text = (
            "import os\n"
            "def f(xs):\n"
            "    l = 1\n"
            "    made = xs\n"
            "    return lambda: l\n"
            "def g():\n"
            "    unused = 1\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a.py")
            path.write_text(text, "utf-8")
            told = {}
            for name, value in [("with", str(RUFF.parent)), ("without", folder)]:
                environment = {**os.environ, "PATH": value}
                problems = midfill(f"{path}:2", cwd=folder, env=environment)[0]["problems"]
                told[name] = [
                    (one["line"], one["rule"], (one.get("ruff") or {}).get("code"))
                    for one in problems
                ]
        expected = [(3, "ruff", "E741"), (4, "unused_variable", "F841")]
        self.assertEqual(told["with"], expected)
        self.assertEqual(told["without"], [(4, "unused_variable", None)])


if __name__ == "__main__":
    unittest.main()
