"""Skeletons of tests for functions of the standard library: Python reads them, pytest finds them.

The program is named by MIDFILL; it is built before.
"""

import ast
import os
import subprocess
import sys
import sysconfig
import tempfile
import unittest
import warnings
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Of each of so many files the longest functions.
N_FILES = 20
N_EACH = 3


def longest(text):
    """Lines of the longest functions and methods that a test can reach."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    found = []
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        found += [one for one in inner if isinstance(one, FUNCTIONS)]
    found.sort(key=lambda one: one.lineno - one.end_lineno)
    return [one.lineno for one in found[:N_EACH]]


class Skeletons(unittest.TestCase):
    def test_skeletons_are_read_by_python_and_collected_by_pytest(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        library = Path(sysconfig.get_paths()["stdlib"])
        n = n_tests = 0
        for path in sorted(library.glob("[a-h]*.py"))[:N_FILES]:
            for line in longest(path.read_text(encoding="utf-8")):
                command = [os.environ["MIDFILL"], "tests", f"{path}:{line}", "--facts", "--alone"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, f"{path}:{line}: {done.stderr}")
                tree = ast.parse(done.stdout)
                names = [one.name for one in tree.body if isinstance(one, FUNCTIONS)]
                self.assertEqual(len(names), len(set(names)), f"{path}:{line}: {names}")
                self.assertTrue([name for name in names if name.startswith("test_")], path)
                n += 1
                file = Path(folder.name, f"test_{path.stem}_{line}.py")
                file.write_text(done.stdout, encoding="utf-8")
                n_tests += sum(name.startswith("test_") for name in names)
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", folder.name]
        command += ["-p", "no:cacheprovider", "-W", "ignore"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        collected = {line.split("[")[0] for line in done.stdout.splitlines() if "::" in line}
        self.assertEqual(len(collected), n_tests)
        print(f"skeletons: {n}, with {n_tests} tests")
        self.assertGreaterEqual(n, 50)


if __name__ == "__main__":
    unittest.main()
