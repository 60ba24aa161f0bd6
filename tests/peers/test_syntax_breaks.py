"""What counts as breaking a file: the fixture's gold stands between ⟦ ⟧."""

from __future__ import annotations

import unittest

from syntax_breaks import breaks


class Breaks(unittest.TestCase):
    def check(self, fixture: str, answer: str, expected: tuple[bool, bool] | None) -> None:
        before, rest = fixture.split("⟦")
        gold, after = rest.split("⟧")
        text = (before + gold + after).encode()
        self.assertEqual(breaks(text, answer, len(before.encode()), gold), expected)

    def test_whole_code_breaks_nothing(self) -> None:
        self.check("é = ⟦1⟧\ny = 2\n", "f(2)", (False, False))

    def test_what_the_answer_opens_it_closes(self) -> None:
        self.check("x = ⟦1⟧\ny = 2\n", "f(2", (True, True))
        self.check("for x in y:\n    ⟦a()⟧\n    b()\n", "if a:", (True, True))

    def test_what_was_open_may_stay_open(self) -> None:
        self.check("x = [\n    1,\n⟦]⟧\n", "    2,", (True, False))
        self.check('def f():\n    """⟦A."""⟧\n', "Reads a file.", (True, False))
        self.check("def f(⟦a):⟧\n    pass\n", "a, b", (True, False))

    def test_a_file_that_does_not_compile_cannot_tell(self) -> None:
        self.check("def (:\nx = ⟦1⟧\n", "2", None)


if __name__ == "__main__":
    unittest.main()
