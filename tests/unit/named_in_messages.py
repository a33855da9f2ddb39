"""What the code's texts tell a reader to write, and whether it can be written: run where Keras is."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.environment import PROJECT

__all__ = ["commands", "not_callable", "snippets"]

_BLANK = "_"  # stands where a text is filled in
_CODE = re.compile(r"`([^`\n]+)`")
_OWNERS = "keras|grader|unit|model|layer|backbone"
_BARE = re.compile(rf"(?<![\w/`.-])(?:{_OWNERS})(?:\.[A-Za-z_]+)+(?:\((?:[^()]|\([^()]*\))*\))?")


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings, with a blank where a value is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped.update(map(id, node.values))
            parts = [part.value if isinstance(part, ast.Constant) else _BLANK for part in node.values]
            yield "".join(map(str, parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def snippets() -> list[str]:
    """Return what stands between backticks, and dotted names of Keras's and ours that stand without."""
    found: dict[str, None] = {}
    for path in sorted((PROJECT / "grader").rglob("*.py")):
        for text in _texts(path):
            found |= dict.fromkeys(_CODE.findall(text))
            if " " in text:  # a sentence, not the name of a module or logger
                found |= dict.fromkeys(_BARE.findall(_CODE.sub("", text)))
    return list(found)


def commands() -> list[list[str]]:
    """Return the shell commands among the snippets, as words."""
    return [one.split() for one in snippets() if re.match(r"(?:grader|make|nbgrader) ", one)]


def not_callable(also: str = "") -> list[str]:
    """Return the snippets that name something there is not, or an argument that it does not take."""
    return [one for one in [*snippets(), *filter(None, [also])] if _faults(one)]


def _faults(snippet: str) -> list[str]:
    try:
        tree = ast.parse(snippet.lstrip("@").replace("**" + _BLANK, ""))
    except SyntaxError:  # a fragment of code, as in `def __init__(self, units):`
        return []
    faults = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (path := _path(node)):
            try:
                _found(path)
            except (AttributeError, ImportError):
                faults.append(path)
        if isinstance(node, ast.Call) and (path := _path(node.func)) and not _faults(path):
            known = inspect.signature(_found(path)).parameters.values()
            if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known):
                names = {parameter.name for parameter in known}
                faults += [f"{path}({one.arg}=)" for one in node.keywords if one.arg and one.arg not in names]
                faults += [path] * (len(node.args) > len(names))
    return faults


def _path(node: ast.AST) -> str:
    """Write ``keras.layers.Dense`` of an expression; nothing where it does not start with a name we know."""
    path = ast.unparse(node)
    names = path.split(".")
    whole = all(name.isidentifier() for name in names)
    return path if whole and names[0] in _OWNERS.split("|") and _BLANK not in names else ""


def _found(path: str) -> Any:
    import keras

    import grader
    from grader.course_unit import CourseUnit

    x = keras.Input((2,))
    layer = keras.layers.Dense(2)
    model = keras.Model(x, layer(x))
    model.compile("sgd", "mse")
    owners = {"keras": keras, "grader": grader, "unit": CourseUnit("u"), "layer": layer}
    first, *names = path.split(".")
    found = owners.get(first, model)
    for position, name in enumerate(names):
        if not hasattr(found, name) and first == "grader":
            found = importlib.import_module(".".join((first, *names[: position + 1])))
        else:
            found = getattr(found, name)
    return found
