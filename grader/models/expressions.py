"""The expression of a student's source that an exception came out of, and what stands for its parts.

Nothing is evaluated: a name is looked up, an attribute only where no code of anybody's runs for it.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterator
from types import CodeType, FrameType, ModuleType
from typing import Any

import keras

__all__ = ["Expression", "expression_at", "root_of", "source_of", "value_of"]


class Expression:
    """A piece of the student's source: the expression that failed, and the statement around it."""

    def __init__(self, tree: ast.AST, span: tuple[int, int, int, int]) -> None:
        self.path = list(_around(tree, span))

    @property
    def call(self) -> ast.Call | None:
        """Return the call that failed itself; ``None`` where another expression did."""
        last = self.path[-1] if self.path else None
        return last if isinstance(last, ast.Call) else None


def _around(tree: ast.AST, span: tuple[int, int, int, int]) -> Iterator[ast.AST]:
    """Yield the nodes that hold a span of the source, outermost first."""
    current: ast.AST | None = tree
    while current is not None:
        yield current
        current = next((child for child in ast.iter_child_nodes(current) if _holds(child, span)), None)


def _holds(node: ast.AST, span: tuple[int, int, int, int]) -> bool:
    if isinstance(node, (ast.expr, ast.stmt)):
        start, end = (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
        return start <= span[:2] and span[2:] <= end
    return any(_holds(child, span) for child in ast.iter_child_nodes(node))


def source_of(code: CodeType) -> ast.Module | None:
    """Return the source that a piece of code was read from, as a tree; ``None`` where there is none."""
    source = "".join(linecache.getlines(code.co_filename))
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def expression_at(code: CodeType, at: int) -> Expression | None:
    """Find the expression whose instruction raised, in the source as it was read; ``None`` without source."""
    positions = next((p for i, p in enumerate(code.co_positions()) if i == at // 2), None)
    if positions is None or None in positions:
        return None
    line, end_line, column, end_column = positions
    tree = source_of(code)
    return (
        None if tree is None else Expression(tree, (line or 0, column or 0, end_line or 0, end_column or 0))
    )


def root_of(function: ast.expr, frame: FrameType) -> str:
    """Return the name of the module that ``torch.relu``, or ``torch.nn.Linear(4, 2)``, starts from."""
    while isinstance(function, (ast.Attribute, ast.Call)):
        function = function.value if isinstance(function, ast.Attribute) else function.func
    value = value_of(function, frame)
    return value.__name__ if isinstance(value, ModuleType) else ""


def value_of(expression: ast.expr, frame: FrameType) -> Any:
    """Look up a name, a list of names, an attribute of a module, a method of a layer; ``None`` for anything else."""
    if isinstance(expression, ast.Name):
        for scope in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if expression.id in scope:
                return scope[expression.id]
    if isinstance(expression, ast.Attribute):
        owner = value_of(expression.value, frame)
        if isinstance(owner, ModuleType):
            return vars(owner).get(expression.attr)
        if isinstance(owner, keras.Operation):
            return vars(owner).get(
                expression.attr, inspect.getattr_static(type(owner), expression.attr, None)
            )
    if isinstance(expression, (ast.List, ast.Tuple)):
        return [value_of(element, frame) for element in expression.elts]
    if isinstance(expression, ast.Constant):
        return expression.value
    return None
