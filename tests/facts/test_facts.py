"""The facts of the standard library's functions, beside what `ast` and radon say of them.

The program is named by MIDFILL; it is built before.
"""

import os
import sysconfig
import unittest
from pathlib import Path

import compare
import truth

LEAST = 0.99


class Truth(unittest.TestCase):
    def test_the_truth_is_told_as_a_reader_would_tell_it(self):
        text = (
            "def f(a, /, b: int = 1, *c, d, **e):\n"
            "    'Says.'\n"
            "    if a and b:\n"
            "        raise x.Y('z') from a\n"
            "    def g(h=i()):\n"
            "        j()\n"
            "    return k().l(*c, m=n)\n"
        )
        f, g = truth.functions(text)
        self.assertEqual((f.name, f.line, g.name, g.line), ("f", 1, "f.<locals>.g", 5))
        kinds = [(name, kind) for name, kind, _, _ in f.parameters]
        self.assertEqual(
            kinds,
            [
                ("a", "positional_only"),
                ("b", "positional_or_keyword"),
                ("c", "var_positional"),
                ("d", "keyword_only"),
                ("e", "var_keyword"),
            ],
        )
        self.assertEqual(f.raises, [(4, "x.Y", True)])
        self.assertEqual(f.results, [(7, "return", True)])
        self.assertEqual(f.calls, [(4, "x.Y", 1), (5, "i", 0), (7, "k", 0), (7, "k().l", 2)])
        self.assertEqual((f.complexity, g.complexity, f.docstring), (3, 1, "Says."))


class Facts(unittest.TestCase):
    def test_facts_of_the_standard_library_are_true(self):
        library = Path(sysconfig.get_paths()["stdlib"])
        comparison = compare.Comparison(os.environ["MIDFILL"])
        for path in sorted(library.glob("*.py")):
            comparison.add(path)
        print(comparison.report())
        self.assertGreater(comparison.n_functions, 1000)
        for fact in compare.FACTS:
            with self.subTest(fact=fact):
                self.assertGreaterEqual(comparison.rate(fact), LEAST)


if __name__ == "__main__":
    unittest.main()
