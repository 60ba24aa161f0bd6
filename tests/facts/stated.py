"""What an explanation states about a function, read from its English text and held against `ast`.

Nothing is taken from the program's data: the text is read as a reader reads it, line by line. A line
of a form that is not known here is a failure, so that nothing is stated without being checked.
"""

import ast
import re

from radon.visitors import ComplexityVisitor

from truth import FUNCTIONS, dotted

LINES = re.compile(r"\(lines? ([\d, –and]+)\)$")
PLACE = re.compile(r"`([^`]*\.py):(\d+)`")


class Stated(Exception):
    """A statement that is not so, or not understood."""


def code(text):
    """The code spans of a text."""
    return re.findall(r"`([^`]*)`", text)


def numbers(text):
    """The lines that `line 3`, `lines 3–5` or `lines 3, 5 and 9` name, as written."""
    return [int(number) for number in re.findall(r"\d+", text)]


def squeezed(text):
    """A text without blanks, line breaks, comments and backslashes, to compare code written on one line."""
    text = re.sub(r"(?m)#[^'\"\n]*$", "", text)
    return re.sub(r"[\s\\]", "", text)


class Reader:
    """Checks the statements about one function."""

    def __init__(self, text, function):
        self.text, self.function = text, function
        self.source = text.splitlines()
        self.own = list(own(function.body))
        self.n_checked = 0

    def check(self, markdown):
        part = None
        seen = set()
        lines = iter(markdown.splitlines())
        for line in lines:
            if not line.strip():
                continue
            try:
                if line.startswith("## "):
                    part = line[3:]
                    seen.add(part)
                elif line.startswith("# "):
                    self.title(line)
                elif part == "What it does":
                    self.purpose(line)
                elif part == "How it works":
                    self.step(line)
                elif part in ("Potential problems", "Improvements"):
                    self.remark(line)
                else:
                    raise Stated("a line outside the four parts")
            except (Stated, KeyError, ValueError, IndexError, AttributeError) as error:
                raise Stated(f"{line!r}: {error}") from error
        if seen != {"What it does", "How it works", "Potential problems", "Improvements"}:
            raise Stated(f"the parts are {seen}")
        return self.n_checked

    def so(self, is_so, what):
        self.n_checked += 1
        if not is_so:
            raise Stated(what)

    def lines(self, first, last=None):
        return "\n".join(self.source[first - 1 : last or first])

    # ------------------------------------------------------------------ title and purpose

    def title(self, line):
        name = code(line)[0]
        self.so(name.rsplit(".", 1)[-1] == self.function.name, "another name")
        first = min([self.function.lineno, *(d.lineno for d in self.function.decorator_list)])
        wanted = [first] if first == self.function.end_lineno else [first, self.function.end_lineno]
        self.so(numbers(line.split("`")[-1]) == wanted, f"its lines are {wanted}")
        self.so(("async " in line) == isinstance(self.function, ast.AsyncFunctionDef), "async")
        yields = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in self.own)
        self.so(("generator" in line) == yields, "whether it yields")

    def purpose(self, line):
        label = re.match(r"- \*\*([A-Z][a-z ]+)\*\* ?(.*)$", line)
        if not label:
            plain = re.sub(r"\\(.)", r"\1", line)
            docstring = ast.get_docstring(self.function) or ""
            self.so(squeezed(plain) in squeezed(docstring), "not in the docstring")
            return
        what, rest = label.groups()
        {
            "Takes": self.takes,
            "Returns": self.returns,
            "Yields": self.yields,
            "Raises": self.raises,
            "Catches": self.catches,
            "Asserts": self.asserts,
            "Changes": self.changes,
            "Reaches out to": self.reaches,
            "Calls": self.calls,
            "Called by": self.called_by,
            "A guess": self.guess,
        }[what](rest)

    def guess(self, rest):
        self.so("may be wrong" in rest and not ast.get_docstring(self.function), "unmarked")

    def takes(self, rest):
        rest, _, returns = rest.partition("; declared to return ")
        annotation = self.function.returns
        self.so(bool(returns) == bool(annotation), "the return annotation")
        if returns:
            self.same(code(returns)[0], annotation)
        arguments = self.function.args
        rows = [(one, "") for one in arguments.posonlyargs + arguments.args]
        defaults = [None] * (len(rows) - len(arguments.defaults)) + arguments.defaults
        rows = [(one, stars, default) for (one, stars), default in zip(rows, defaults)]
        if arguments.vararg:
            rows.append((arguments.vararg, "*", None))
        rows += [(one, "", d) for one, d in zip(arguments.kwonlyargs, arguments.kw_defaults)]
        if arguments.kwarg:
            rows.append((arguments.kwarg, "**", None))
        rows = [row for row in rows if row[0].arg not in ("self", "cls")]
        if rest == "no parameters":
            self.so(not rows, "it takes some")
            return
        told = rest.split("; ")
        self.so(len(told) == len(rows), f"{len(rows)} parameters")
        for item, (one, stars, default) in zip(told, rows):
            head, *notes = code(item)
            name, _, annotation = head.partition(": ")
            self.so(name == stars + one.arg, f"{stars}{one.arg} comes here")
            self.so(bool(annotation) == bool(one.annotation), "the annotation")
            if annotation:
                self.same(annotation, one.annotation)
            self.so(("by default" in item) == (default is not None), "the default")
            if default is not None:
                self.same(notes[0], default)
            self.so(("by name only" in item) == (one in arguments.kwonlyargs), "by name")
            self.so(("by position only" in item) == (one in arguments.posonlyargs), "by position")

    def same(self, told, expression):
        """An expression as it is written; a long one ends with `…`."""
        written = ast.get_source_segment(self.text, expression)
        told, written = squeezed(told), squeezed(written)
        is_same = written.startswith(told[:-1]) if told.endswith("…") else told == written
        self.so(is_same, f"{written} is written")

    def several(self, rest):
        """The items of a list, and how many more there are."""
        rest, *more = re.split(r"; and (\d+) more$", rest)
        items = []
        # A semicolon within a code span parts nothing.
        for piece in re.split(r"; (?=(?:[^`]*`[^`]*`)*[^`]*$)", rest):
            items.append(piece)
        return items, int(more[0]) if more else 0

    def at(self, kinds):
        found = {}
        for node in self.own:
            if isinstance(node, kinds):
                found.setdefault(node.lineno, []).append(node)
        return found

    def returns(self, rest):
        nodes = self.at(ast.Return)
        valued = [n for all_ in nodes.values() for n in all_ if n.value is not None]
        if rest == "nothing":
            only_none = all(ast.unparse(node.value) == "None" for node in valued)
            self.so(only_none, "something is returned")
            return
        items, n_more = self.several(rest)
        ends = [item for item in items if "its end is reached" in item]
        items = [item for item in items if item not in ends]
        n = sum(len(all_) for all_ in nodes.values())
        self.so(len(items) + n_more >= n and len(items) <= n, f"{n} returns")
        for item in items:
            self.value(item, nodes)

    def value(self, item, nodes):
        line = numbers(LINES.search(item).group(1))[0]
        told = item[item.index("`") + 1 : item.rindex("`")].strip("` ")
        values = [getattr(node, "value", None) for node in nodes[line]]
        written = [squeezed(ast.get_source_segment(self.text, v)) if v else "None" for v in values]
        told = squeezed(told)
        same = [w.startswith(told[:-1]) if told.endswith("…") else w == told for w in written]
        self.so(any(same), f"{written} in line {line}")

    def yields(self, rest):
        nodes = self.at((ast.Yield, ast.YieldFrom))
        for item in self.several(rest)[0]:
            self.value(item, nodes)

    def raises(self, rest):
        nodes = self.at(ast.Raise)
        items, n_more = self.several(rest)
        n = sum(len(all_) for all_ in nodes.values())
        self.so(len(items) + n_more == n, f"{n} raises")
        for item in items:
            line = numbers(item[item.rindex("(line") :])[0]
            names = []
            for node in nodes[line]:
                exception = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                names.append(dotted(exception) if exception else "what was caught")
            told = code(item)[0] if item.startswith("`") else "what was caught"
            self.so(told in names, f"{names} in line {line}")
            for word in (" if ", " unless ", " while "):
                if word in item:
                    test = item[item.index(word) + len(word) : item.rindex(" (line")].strip("` ")
                    self.condition(line, test)

    def condition(self, line, told):
        """A test that a branch around the line has."""
        tests = [
            squeezed(ast.get_source_segment(self.text, node.test))
            for node in self.own
            if isinstance(node, (ast.If, ast.While)) and node.lineno <= line <= node.end_lineno
        ]
        told = squeezed(told)
        same = [t.startswith(told[:-1]) if told.endswith("…") else t == told for t in tests]
        self.so(any(same), f"the tests around line {line} are {tests}")

    def catches(self, rest):
        handlers = self.at(ast.ExceptHandler)
        items, n_more = self.several(rest)
        n = sum(len(all_) for all_ in handlers.values())
        self.so(len(items) + n_more == n, f"{n} handlers")
        for item in items:
            (handler,) = handlers[numbers(LINES.search(item).group(1))[0]]
            names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            wanted = [dotted(name) for name in names if name]
            self.so(code(item) == wanted, f"{wanted} are caught")

    def asserts(self, rest):
        nodes = self.at(ast.Assert)
        for item in self.several(rest)[0]:
            line = numbers(LINES.search(item).group(1))[0]
            self.same(item[1 : item.rindex("`")].strip("`"), nodes[line][0].test)

    def changes(self, rest):
        for item in self.several(rest)[0]:
            (line,) = numbers(LINES.search(item).group(1))
            name, *target = code(item)
            written = self.statement(line)
            self.so(name in written, f"{name} is not in line {line}")
            for one in target:
                self.so(squeezed(one.rstrip("…")) in squeezed(written), f"not in line {line}")
            if "argument" in item:
                arguments = [node.arg for node in ast.walk(self.function.args) if isinstance(node, ast.arg)]
                self.so(name in arguments, "no argument")

    def statement(self, line):
        """The statement that starts on a line, or has it, as written."""
        if line < self.function.body[0].lineno:
            return self.lines(self.function.lineno, self.function.body[0].lineno - 1)
        fitting = [n for n in self.own if isinstance(n, ast.stmt) and n.lineno <= line <= n.end_lineno]
        smallest = min(fitting, key=lambda node: node.end_lineno - node.lineno)
        return self.lines(smallest.lineno, smallest.end_lineno)

    def reaches(self, rest):
        for item in self.several(rest)[0]:
            operation = code(item)[0].rsplit(".", 1)[-1]
            for line in numbers(LINES.search(item).group(1)):
                self.so(operation in self.statement(line), f"{operation} is not in line {line}")

    def calls(self, rest):
        calls = {}
        for node in self.own:
            if isinstance(node, ast.Call):
                calls.setdefault(dotted(node.func), set()).add(node.lineno)
        items, n_more = self.several(rest)
        self.so(len(items) + n_more <= len(calls), f"{len(calls)} callees")
        for item in items:
            callee = code(item)[0]
            told = set(numbers(LINES.search(item).group(1)))
            self.so(told == calls[callee], f"{callee} is called in {calls[callee]}")
            defined = re.search(r"defined in line (\d+)", item)
            if defined:
                self.so(callee.rsplit(".", 1)[-1] in self.lines(int(defined.group(1))), "defined elsewhere")
            elif "defined in" not in item and "standard library" not in item and "package" not in item:
                self.so("," not in item.split("(line")[0] or "given by" in item, "an origin")

    def called_by(self, rest):
        for line in re.findall(r"lines? ([\d, and]+)\)", PLACE.sub("", rest)):
            for number in numbers(line):
                self.so(self.function.name in self.lines(number), f"not in line {number}")

    # ------------------------------------------------------------------ the course

    KINDS = {
        "if": (ast.If, ast.ExceptHandler),
        "else if": ast.If,
        "for each": ast.For,
        "while": ast.While,
        "with": (ast.With, ast.AsyncWith),
        "return": ast.Return,
        "raise": ast.Raise,
        "yield": ast.Expr,
        "assert": ast.Assert,
        "try": ast.Try,
        "leave the loop": ast.Break,
        "go on with the next round": ast.Continue,
        "define the function": FUNCTIONS,
        "compare": ast.Match,
    }

    def step(self, line):
        measures = re.match(r"Cyclomatic complexity (\d+), blocks (\d+) deep at most\.", line)
        if measures:
            wanted = ComplexityVisitor.from_ast(self.function).functions[0].complexity
            self.so(int(measures.group(1)) == wanted, f"radon counts {wanted}")
            wanted = depth(self.function.body)
            self.so(int(measures.group(2)) == wanted, f"{wanted} deep")
            return
        more = re.match(r"\s*- (\d+) more steps \(lines? [\d–]+\)$", line)
        text = re.sub(r"^\s*(\d+\.|-) ", "", line)
        lines = numbers(LINES.search(text).group(1))
        first, last = lines[0], lines[-1]
        self.so(self.function.lineno <= first <= last <= self.function.end_lineno, "outside")
        if more:
            return
        text = LINES.sub("", text).strip()
        text = re.sub(r": \d+ steps?$", "", text)
        kind = next((k for k in sorted(self.KINDS, key=len, reverse=True) if re.match(rf"{k}\b", text)), None)
        if kind:
            nodes = [n for n in self.own if isinstance(n, self.KINDS[kind]) and n.lineno == first]
            self.so(bool(nodes), f"no {kind} in line {first}")
        if text.startswith(("set ", "call ")):
            self.names(text, first, last)
        elif "`" in text:
            told = squeezed(text[text.index("`") + 1 : text.rindex("`")].strip("` ").rstrip("…"))
            self.so(told in squeezed(self.lines(first, last)), "not written there")

    def names(self, text, first, last):
        """What is set and called by statements."""
        sets, _, calls = text.partition("calling ") if text.startswith("set ") else ("", "", text)
        nodes = [n for n in self.own if hasattr(n, "lineno") and first <= n.lineno <= last]
        stored = {
            dotted(n) for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store) and not isinstance(n, (ast.Tuple, ast.List))
        }
        stored |= {alias.asname or alias.name.split(".")[0] for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom)) for alias in n.names}
        called = {dotted(n.func) for n in nodes if isinstance(n, ast.Call)}
        for name in code(sets):
            self.so(name in stored, f"{name} is not among {stored}")
        for name in code(calls):
            self.so(name in called, f"{name} is not among {called}")

    # ------------------------------------------------------------------ problems, improvements

    def remark(self, line):
        """A remark: the lines it names are lines of the function, and the names in it stand in it."""
        if line.startswith(("Midfill's rules", "No problem")):
            return
        self.so(line.startswith("- "), "no remark")
        for number in re.findall(r"lines? (\d+(?:(?:, |–| and )\d+)*)", line):
            for one in numbers(number):
                first = min([self.function.lineno, *(d.lineno for d in self.function.decorator_list)])
                self.so(first <= one <= self.function.end_lineno, f"line {one} is outside")
        problem = re.match(r"- \*\*(?:Bug|Risk|Note)\*\*: (.*) \(line (\d+)(?:, ruff .*)?\)$", line)
        if problem:
            what, number = problem.group(1), int(problem.group(2))
            for name in code(what):
                if name in ("None", "==", "is", "+=", "except:"):
                    continue
                around = self.statement(number)
                self.so(squeezed(name.rstrip("…")) in squeezed(around), f"{name} is not in line {number}")
        measured = re.search(r"(\d+) ways lead through it", line)
        if measured:
            wanted = ComplexityVisitor.from_ast(self.function).functions[0].complexity
            self.so(int(measured.group(1)) == wanted, f"radon counts {wanted}")


def own(nodes):
    """What a body executes itself: not the bodies of functions within."""
    for node in nodes:
        yield node
        if isinstance(node, FUNCTIONS):
            yield from own([*node.decorator_list, node.args])
        else:
            yield from own(ast.iter_child_nodes(node))


def depth(body):
    """Blocks within blocks; an `elif` is as deep as its `if`."""
    deepest = 0
    for node in body:
        inner = 0
        if isinstance(node, ast.If):
            branches = [node.body]
            rest = node.orelse
            while len(rest) == 1 and isinstance(rest[0], ast.If) and rest[0].col_offset == node.col_offset:
                branches.append(rest[0].body)
                rest = rest[0].orelse
            inner = 1 + max(depth(branch) for branch in [*branches, rest])
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            inner = 1 + max(depth(node.body), depth(node.orelse))
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            inner = 1 + depth(node.body)
        elif isinstance(node, ast.Try):
            blocks = [node.body, node.orelse, node.finalbody, *(h.body for h in node.handlers)]
            inner = 1 + max(depth(block) for block in blocks)
        elif isinstance(node, ast.Match):
            inner = 1 + max(depth(case.body) for case in node.cases)
        deepest = max(deepest, inner)
    return deepest
