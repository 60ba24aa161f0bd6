"""What is true of the functions of a Python text, by CPython's own `ast` and by radon.

Nothing here knows how Midfill reads code; only the way to write a callee down is agreed on:
`a.b`, `f().b`, `xs[…].sort`, `"…".join`, and `(…)` for what has no name.
"""

import ast
import sys
from dataclasses import dataclass

from radon.visitors import ComplexityVisitor

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Before 3.12 the places of what stands inside an f-string are not those of the file.
PLACES_IN_F_STRINGS = sys.version_info >= (3, 12)


@dataclass
class Truth:
    """What is true of one function."""

    name: str
    line: int
    parameters: list  # (name, kind, annotation, default); the last two as `ast.dump`
    raises: list  # (line, exception, whether there is a `from`)
    results: list  # (line, "return" or "yield", whether it has a value)
    handlers: list  # (line, the exceptions); (line, None) for an `assert`
    attributes: list  # (line, name) of what is assigned to the method's object
    calls: list  # (line, or None where `ast` does not tell it; callee; number of arguments)
    complexity: int
    kind: tuple  # (whether it is async, whether it is a generator, number of decorators)
    docstring: str


def functions(text):
    """The truth about every function of a text, in the order of the text."""
    found = []
    _collect(ast.parse(text), "", False, found)
    return found


def _collect(node, prefix, class_body, found):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            found.append(_truth(child, prefix + child.name, class_body))
            _collect(child, f"{prefix}{child.name}.<locals>.", False, found)
        elif isinstance(child, ast.ClassDef):
            _collect(child, f"{prefix}{child.name}.", True, found)
        else:
            _collect(child, prefix, class_body, found)


def _truth(function, name, class_body):
    own = list(_own(function.body))
    return Truth(
        name=name,
        line=function.lineno,
        parameters=_parameters(function.args),
        raises=sorted(_raise(node) for node, _ in own if isinstance(node, ast.Raise)),
        results=_results(function.body),
        handlers=_handlers(own),
        attributes=_attributes(function, own, class_body),
        calls=_calls(own),
        complexity=ComplexityVisitor.from_ast(function).functions[0].complexity,
        kind=(
            isinstance(function, ast.AsyncFunctionDef),
            _is_generator(function.body),
            len(function.decorator_list),
        ),
        docstring=ast.get_docstring(function) or "",
    )


def _own(nodes, in_f_string=False):
    """What a body executes itself, each node with whether it stands in an f-string."""
    for node in nodes:
        yield node, in_f_string
        inside = in_f_string or isinstance(node, ast.JoinedStr)
        if isinstance(node, FUNCTIONS):
            parts = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        else:
            parts = ast.iter_child_nodes(node)
        yield from _own(parts, inside)


def _is_generator(nodes):
    for node in nodes:
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            continue
        if _is_generator(ast.iter_child_nodes(node)):
            return True
    return False


def _parameters(arguments):
    plain = [(one, "positional_only") for one in arguments.posonlyargs]
    plain += [(one, "positional_or_keyword") for one in arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + arguments.defaults
    rows = [(one, kind, default) for (one, kind), default in zip(plain, defaults)]
    if arguments.vararg:
        rows.append((arguments.vararg, "var_positional", None))
    rows += [
        (one, "keyword_only", default)
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults)
    ]
    if arguments.kwarg:
        rows.append((arguments.kwarg, "var_keyword", None))
    return [(one.arg, kind, dump(one.annotation), dump(default)) for one, kind, default in rows]


def dump(expression):
    """An expression without its place; `None` stays."""
    return None if expression is None else ast.dump(expression)


def _raise(node):
    exception = node.exc
    if isinstance(exception, ast.Call):
        exception = exception.func
    return (node.lineno, dotted(exception) if exception else "", node.cause is not None)


def _results(nodes):
    found = []
    for node in nodes:
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            # What is evaluated where they are made may yield as well.
            parts = node.args.defaults + [one for one in node.args.kw_defaults if one]
            found += _results(parts + getattr(node, "decorator_list", []))
            continue
        if isinstance(node, ast.Return):
            found.append((node.lineno, "return", node.value is not None))
        elif isinstance(node, (ast.Yield, ast.YieldFrom)):
            found.append((node.lineno, "yield", node.value is not None))
        found += _results(ast.iter_child_nodes(node))
    return sorted(found)


def _handlers(own):
    found = []
    for node, _ in own:
        if isinstance(node, ast.Assert):
            found.append((node.lineno, None))
        elif isinstance(node, ast.ExceptHandler):
            several = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            found.append((node.lineno, [dotted(one) for one in several if one]))
    return sorted(found, key=repr)


def _attributes(function, own, class_body):
    arguments = function.args.posonlyargs + function.args.args
    is_static = any(dotted(one).split(".")[-1] == "staticmethod" for one in function.decorator_list)
    if not class_body or is_static or not arguments:
        return []
    # `self.x: int` declares and assigns nothing.
    declared = [
        id(node.target)
        for node, _ in own
        if isinstance(node, ast.AnnAssign) and node.value is None
    ]
    return sorted(
        (node.lineno, node.attr)
        for node, _ in own
        if isinstance(node, ast.Attribute)
        and id(node) not in declared
        and isinstance(node.ctx, (ast.Store, ast.Del))
        and isinstance(node.value, ast.Name)
        and node.value.id == arguments[0].arg
    )


def _calls(own):
    calls = [(node, in_f_string) for node, in_f_string in own if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: _span(call[0]))
    return [
        (
            None if in_f_string and not PLACES_IN_F_STRINGS else node.lineno,
            dotted(node.func),
            len(node.args) + len(node.keywords),
        )
        for node, in_f_string in calls
    ]


def _span(node):
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def dotted(node):
    """An expression as a dotted path."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
        case ast.Call():
            return dotted(node.func) + "()"
        case ast.Subscript():
            return dotted(node.value) + "[…]"
        case ast.Constant(value=str()):
            return '"…"'
        case ast.Constant(value=bytes()):
            return 'b"…"'
        case ast.JoinedStr():
            return 'f"…"'
        case ast.List() | ast.ListComp():
            return "[…]"
        case ast.Dict() | ast.DictComp() | ast.Set() | ast.SetComp():
            return "{…}"
        case _:
            return "(…)"
