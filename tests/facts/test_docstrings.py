"""Docstrings for undocumented functions of the standard library: what else the files say stays.

The program is named by MIDFILL; it is built before.
"""

import ast
import os
import shutil
import subprocess
import sysconfig
import tempfile
import unittest
import warnings
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
STYLES = ["google", "numpy", "sphinx"]
# Of the files, so many; they hold more than a thousand functions.
N_FILES = 60
LEAST = 200


def parsed(text):
    """A text as a tree; what it warns of is its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def functions(tree):
    """Functions that stand in no other function, by qualified name and order."""
    found = []

    def collect(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                found.append((prefix + child.name, child, bool(prefix)))
            elif isinstance(child, ast.ClassDef):
                collect(child, f"{prefix}{child.name}.")
            else:
                collect(child, prefix)

    collect(tree, "")
    return found


def parameters(function, is_method):
    """Names that a caller gives: not the object or class of a method."""
    given = function.args
    names = [one.arg for one in given.posonlyargs + given.args]
    is_static = any(
        isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.decorator_list
    )
    if is_method and not is_static:
        names = names[1:]
    names += [one.arg for one in given.kwonlyargs]
    return names + [one.arg for one in (given.vararg, given.kwarg) if one]


class Docstrings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def written(self, path, style):
        """The text of a file before, and with docstrings; `None` where all are there."""
        copy = self.folder / path.name
        shutil.copyfile(path, copy)
        command = [os.environ["MIDFILL"], "docstring", str(copy)]
        command += ["--facts", "--alone", "--write", "--style", style]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 2:
            self.assertRegex(done.stderr, "docstring already|no function|overload")
            return None
        self.assertEqual(done.returncode, 0, f"{path}: {done.stderr}")
        before = path.read_bytes().decode("utf-8")
        return before, copy.read_bytes().decode("utf-8")

    def check(self, path, before, after):
        """Compares a file with what it was, and counts the docstrings that are new."""
        before, after = parsed(before), parsed(after)
        n_new = 0
        pairs = zip(functions(before), functions(after), strict=True)
        for (name, old, is_method), (_, new, _) in pairs:
            if ast.get_docstring(old) is not None:
                continue
            docstring = ast.get_docstring(new)
            self.assertTrue(docstring, f"{path}: {name} has none")
            for parameter in parameters(old, is_method):
                self.assertRegex(docstring, rf"\b{parameter}\b", f"{path}: {name}")
            del new.body[0]
            n_new += 1
        self.assertEqual(ast.dump(before), ast.dump(after), f"{path}: something else was changed")
        return n_new

    def test_docstrings_of_the_standard_library_are_read_and_change_nothing_else(self):
        library = Path(sysconfig.get_paths()["stdlib"])
        n_new = dict.fromkeys(STYLES, 0)
        for at, path in enumerate(sorted(library.glob("*.py"))[:N_FILES]):
            style = STYLES[at % len(STYLES)]
            texts = self.written(path, style)
            if texts:
                n_new[style] += self.check(path, *texts)
        print(f"docstrings: {n_new}")
        for style in STYLES:
            self.assertGreater(n_new[style], LEAST, style)


if __name__ == "__main__":
    unittest.main()
