"""Why a model is not the same on another backend, by the name of the mistake."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from grader.comparison import Diagnosis
from grader.evidence import Failure
from grader.graph import Lost, ModelGraph
from grader.misconceptions import CATALOGUE, diagnose_failure
from grader.portability.records import BACKEND_NAMES

__all__ = ["backend_calls", "diagnoses"]

_LIBRARIES = {**BACKEND_NAMES, "jaxlib": "JAX"}
_MOST = 3


def diagnoses(
    failures: Iterable[Failure], graph: ModelGraph | None, source: str, *, differs: bool
) -> tuple[Diagnosis, ...]:
    """Name what keeps a model from being the same everywhere; nothing where it is, or where that is not known.

    ``failures`` were raised on some backend; ``graph`` and ``source`` are of the model itself. ``differs``: some
    backend built it and computes something else.
    """
    failures = tuple(failures)
    found: dict[str, Diagnosis] = {}
    for diagnosis in (d for failure in failures for d in diagnose_failure(failure)):
        found.setdefault(diagnosis.id, diagnosis)
    calls = backend_calls(source) if failures or differs else []
    if calls:
        library, function, _ = calls[0]
        named = found.pop("backend-only-function", None) or _named("backend-only-function")
        told = f" Here: {', '.join(f'`{function}` in `{place}`' for _, function, place in calls[:_MOST])}."
        words = f"`{function}` belongs to {_LIBRARIES[library]}. {named.explanation}{told}"
        found = {named.id: named.model_copy(update={"explanation": words})} | found
    if graph is not None and (failures or differs):
        lost = [(fact.name, lost) for layer in graph.layers for fact in layer.saved for lost in fact.lost]
        if lost and "config-not-saved" not in found:
            named = _named("config-not-saved")
            told = f" Here: {', '.join(_lost(name, one) for name, one in lost[:_MOST])}."
            found[named.id] = named.model_copy(update={"explanation": named.explanation + told})
        if any(layer.untracked == "made in a call" for layer in graph.layers):
            found.setdefault("state-created-in-call", _named("state-created-in-call"))
        if graph.value_asked is not None and failures:
            found.setdefault("python-branch-on-tensor", _named("python-branch-on-tensor"))
    return tuple(found.values())


def _named(name: str) -> Diagnosis:
    return next(mistake.diagnosis for mistake in CATALOGUE if mistake.id == name)


def _lost(name: str, lost: Lost) -> str:
    what = "has no default" if lost.required else f"comes back as {lost.default!r}"
    return f"`{lost.name}` of `{name}` {what}"


def backend_calls(source: str) -> list[tuple[str, str, str]]:
    """Return the calls of a backend's own functions in the classes and functions of a text.

    Each as library, function as it is written, and where: ``("tensorflow", "tf.nn.relu", "Scaled.call")``.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    found: dict[tuple[str, str, str], None] = {}
    for place, function in _functions(tree.body, ""):
        known = _imported(ast.walk(tree)) | _imported(ast.walk(function))
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                root, written = _root(node.func)
                if root in known:
                    found[known[root], written, place] = None
    return list(found)


def _functions(statements: Sequence[ast.stmt], inside: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            yield inside + statement.name, statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body, f"{inside}{statement.name}.")


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Return, by the name it goes by, the backend that something was imported from."""
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                if root in _LIBRARIES:
                    found[alias.asname or root] = root
        elif isinstance(node, ast.ImportFrom) and node.module:
            root = node.module.partition(".")[0]
            if root in _LIBRARIES:
                found |= {alias.asname or alias.name: root for alias in node.names}
    return found


def _root(node: ast.expr) -> tuple[str, str]:
    written = ast.unparse(node)
    while isinstance(node, ast.Attribute):
        node = node.value
    return (node.id, written) if isinstance(node, ast.Name) else ("", written)
