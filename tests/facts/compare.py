"""Compares what `midfill explain` says of functions with what is true of them.

    python tests/facts/compare.py MIDFILL FOLDER…

prints how often each fact is right, and every disagreement.
"""

import ast
import json
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import truth

FACTS = [
    "found",
    "parameters",
    "results",
    "raises",
    "handlers",
    "attributes",
    "calls",
    "complexity",
    "kind",
    "docstring",
]


class Comparison:
    """Counts of right and wrong facts over files."""

    def __init__(self, midfill):
        self.midfill = str(midfill)
        self.n_files = self.n_unread = self.n_functions = 0
        self.right = Counter()
        self.counted = Counter()
        self.wrong = []

    def add(self, path):
        """Compares all functions of a file; files that either of the two cannot read are counted."""
        try:
            text = path.read_bytes().decode("utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = truth.functions(text)
        except (SyntaxError, ValueError, RecursionError):
            self.n_unread += 1
            return
        self.n_files += 1
        said = self.ask(path)
        self.n_functions += len(expected)
        for one in expected:
            # A function that is there twice in a line has the same facts twice.
            found = said.get((one.line, one.name), [])
            self.count("found", path, one, bool(found), found)
            if found:
                self.compare(path, one, found.pop(0))
        for (line, name), left in said.items():
            for _ in left:
                self.counted["found"] += 1
                self.wrong.append(f"{path}:{line} {name}: found, but is not there")

    def ask(self, path):
        """What Midfill says, by line and qualified name."""
        command = [self.midfill, "explain", str(path), "--all", "--alone", "--facts", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = {}
        if done.returncode == 0:
            for one in json.loads(done.stdout)["functions"]:
                said.setdefault((one["line"], one["qualified_name"]), []).append(one)
        elif "no function in this file" not in done.stderr:
            self.wrong.append(f"{path}: {done.stderr.strip()}")
        return said

    def compare(self, path, expected, said):
        """Compares each fact of one function."""
        parameters = [
            (one["name"], one["kind"], parsed(one["annotation"]), parsed(one["default"]))
            for one in said["parameters"]
        ]
        self.count(
            "parameters",
            path,
            expected,
            all(map(same_parameter, parameters, expected.parameters))
            and len(parameters) == len(expected.parameters),
            (parameters, expected.parameters),
        )
        raises = sorted(
            (one["line"], one["exception"] or "", one["cause"] is not None)
            for one in said["raises"]
        )
        self.count("raises", path, expected, raises == expected.raises, (raises, expected.raises))
        results = [(one["line"], "return", one["value"] is not None) for one in said["returns"]]
        results += [(one["line"], "yield", one["value"] is not None) for one in said["yields"]]
        results.sort()
        self.count(
            "results", path, expected, results == expected.results, (results, expected.results)
        )
        handlers = [(one["line"], one["exceptions"]) for one in said["catches"]]
        handlers += [(one["line"], None) for one in said["asserts"]]
        handlers.sort(key=repr)
        self.count(
            "handlers", path, expected, handlers == expected.handlers, (handlers, expected.handlers)
        )
        attributes = sorted(
            (one["line"], one["name"])
            for one in said["effects"]["attributes"]
            if one["target"].count(".") == 1 and one["how"] in ("assigned", "deleted")
            and not one["target"].endswith("]")
        )
        self.count(
            "attributes",
            path,
            expected,
            attributes == expected.attributes,
            (attributes, expected.attributes),
        )
        calls = [(one["line"], one["callee"], one["n_arguments"]) for one in said["calls"]]
        self.count(
            "calls", path, expected, same_calls(calls, expected.calls), (calls, expected.calls)
        )
        complexity = said["complexity"]["cyclomatic"]
        self.count(
            "complexity",
            path,
            expected,
            complexity == expected.complexity,
            (complexity, expected.complexity),
        )
        kind = (said["is_async"], said["is_generator"], len(said["decorators"]))
        self.count("kind", path, expected, kind == expected.kind, (kind, expected.kind))
        docstring = (said["docstring"] or {}).get("text", "")
        self.count(
            "docstring",
            path,
            expected,
            docstring == expected.docstring,
            (docstring, expected.docstring),
        )

    def count(self, fact, path, function, is_right, told):
        """Counts one fact, and keeps what was told where it is wrong."""
        self.counted[fact] += 1
        self.right[fact] += is_right
        if not is_right:
            self.wrong.append(f"{path}:{function.line} {function.name}: {fact}: {told}")

    def rate(self, fact):
        """How often a fact is right, from 0 to 1."""
        return self.right[fact] / max(self.counted[fact], 1)

    def report(self):
        """The rates, and every disagreement."""
        lines = [f"{self.n_functions} functions in {self.n_files} files, {self.n_unread} not read"]
        for fact in FACTS:
            right, counted = self.right[fact], self.counted[fact]
            lines.append(f"  {fact:<10} {right:>6} of {counted:>6} {self.rate(fact):8.2%}")
        return "\n".join(lines + self.wrong)


def parsed(text):
    """A text as a tree without places; `None` stays, and `…` stands for what was cut."""
    if text is None:
        return None
    if text.endswith("…"):
        return "…"
    try:
        return truth.dump(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return f"not an expression: {text}"


def same_parameter(said, expected):
    """Whether a parameter is told right; of one that is cut off, what is left is not compared."""
    return said[:2] == expected[:2] and all(
        one == other or (one == "…" and other is not None)
        for one, other in zip(said[2:], expected[2:])
    )


def same_calls(said, expected):
    """Whether calls are the same, in the same order where `ast` tells their places."""
    if all(line is not None for line, _, _ in expected):
        return said == expected
    placed = Counter(call for call in expected if call[0] is not None)
    rest = Counter(said)
    rest.subtract(placed)
    if min(rest.values(), default=0) < 0:
        return False
    left = Counter()
    for (_, callee, n), count in rest.items():
        left[callee, n] += count
    others = Counter((callee, n) for line, callee, n in expected if line is None)
    return +left == others


def main(midfill, *folders):
    comparison = Comparison(midfill)
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.py")):
            comparison.add(path)
    print(comparison.report())


if __name__ == "__main__":
    main(*sys.argv[1:])
