"""The code that a model's own classes and functions are made of, as text that another process can run.

Taken from what was typed: a notebook's cells, a script's file. Only statements that define something are taken, and
only those that the classes need, so that no model is trained and nothing is downloaded in the other process.
"""

from __future__ import annotations

import ast
import inspect
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

from grader.errors import UnreadableModelError

__all__ = ["closure", "own_objects", "own_source"]

_DEFINING = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.If,
    ast.Try,
)


def own_source(objects: Iterable[Any]) -> str:
    """Return the code that defines some classes and functions that are not Keras's own.

    What stands in a notebook or script comes without what they do not need; a module beside it comes as a whole.

    Raises:
        UnreadableModelError: code is nowhere to be found; the message names a class or function.
    """
    own = [thing for thing in objects if _is_own(thing)]
    modules = {
        thing.__module__: sys.modules.get(thing.__module__) for thing in own if thing.__module__ != "__main__"
    }
    names = {thing.__name__ for thing in own if thing.__module__ == "__main__"}
    typed = closure(_typed(), names)
    lost = sorted(names - {name for statement in ast.parse(typed).body for name in _defined(statement)})
    if lost:
        raise UnreadableModelError(
            f"The code of {lost[0]} was not found: it stands in no cell that was run and in no file, so that no other "
            "process can run it. Define it at the top level of a cell or of a module."
        )
    for name in _modules_in(typed):
        module = sys.modules.get(name)
        if module is not None and _is_file_of_the_user(module):
            modules.setdefault(name, module)
    parts = [_as_module(name, module) for name, module in modules.items() if module is not None]
    return "\n\n".join([*filter(None, parts), typed])


def _is_own(thing: Any) -> bool:
    root = str(getattr(thing, "__module__", "")).partition(".")[0]
    return inspect.isclass(thing) | inspect.isfunction(thing) and root not in ("keras", "builtins", "grader")


def _typed() -> Sequence[str]:
    """Return the texts that ``__main__`` was made of, in order: a notebook's cells as they ran, or a script."""
    shell = None
    if "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
    if shell is not None:
        return [str(cell) for cell in shell.history_manager.input_hist_parsed if cell]
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    try:
        return [Path(file).read_text(encoding="utf-8")] if file else []
    except OSError:
        return []


def closure(cells: Sequence[str], names: Iterable[str]) -> str:
    """Return the statements of some cells that define names, and what those need, in the order they stood in.

    Cells that cannot be parsed (magics, half-written ones) are passed over; so are statements that define nothing.
    Of a function or class that was defined again, the last counts.
    """
    statements: list[ast.stmt] = []
    for cell in cells:
        try:
            statements += ast.parse(cell).body
        except (SyntaxError, ValueError):
            continue
    needed, taken = set(names), set[int]()
    complete: set[str] = set()  # by a later definition that does not build on an earlier one
    changed = True
    while changed:
        changed = False
        complete.clear()
        for place in range(len(statements) - 1, -1, -1):
            statement = statements[place]
            defined = _defined(statement)
            if place in taken:
                complete |= _anew(statement)
                continue
            if isinstance(statement, _DEFINING) and defined & (needed - complete):
                taken.add(place)
                needed |= _used(statement)
                complete |= _anew(statement)
                changed = True
    return "\n\n".join(ast.unparse(statements[place]) for place in sorted(taken))


def _defined(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds in its module; of ``a.b = c`` the name ``a``, which it changes."""
    found: set[str] = set()
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.If | ast.Try):
        blocks = [statement.body, statement.orelse]
        if isinstance(statement, ast.Try):
            blocks += [handler.body for handler in statement.handlers]
        return {name for block in blocks for inner in block for name in _defined(inner)}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    for target in targets:
        if target is not None:
            found |= {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    return found


def _anew(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds whatever they were bound to before."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name} - _used(statement)
    return set()


def _used(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _modules_in(source: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def _is_file_of_the_user(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if not file or not file.endswith(".py") or module.__name__.partition(".")[0] in ("keras", "grader"):
        return False
    return not any(Path(file).is_relative_to(path) for path in set(sysconfig.get_paths().values()))


def _as_module(name: str, module: ModuleType) -> str:
    """Return code that makes a module of the file that it came from."""
    if not _is_file_of_the_user(module):
        return ""
    try:
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
    except OSError:
        return ""
    return (
        "import sys as _sys, types as _types\n"
        f"_sys.modules[{name!r}] = _module = _types.ModuleType({name!r})\n"
        f"exec(compile({text!r}, {Path(str(module.__file__)).name!r}, 'exec'), vars(_module))"
    )


def own_objects(model: Any) -> list[Any]:
    """Return the classes of a model and its layers, its parents among them, that are not Keras's own."""
    found: dict[int, Any] = {}
    for layer in model._flatten_layers(include_self=True):
        for cls in type(layer).__mro__:
            if _is_own(cls) and cls is not object and not issubclass(keras.Layer, cls):
                found.setdefault(id(cls), cls)
        for name, value in vars(
            layer
        ).items():  # Keras puts its wrappers of a class's own methods there as well
            if inspect.isfunction(value) and _is_own(value) and not hasattr(type(layer), name):
                found.setdefault(id(value), value)
    return list(found.values())
