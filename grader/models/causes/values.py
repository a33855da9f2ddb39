"""Plain code that needs the value of a tensor: ``if``, loops, ``len``, functions of other libraries."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Literal

import keras

from grader.causes import ValueNeeded
from grader.models.notes import Names, short
from grader.models.raised import Raised

__all__ = ["Asked", "branch_on_value", "value_needed"]

Asked = Literal["if", "while", "bool"]

_Library = Literal["numpy", "tensorflow", "jax", "torch"]
_NUMBERS = ("__int__", "__float__", "__index__", "__complex__")
_LIBRARIES: dict[str, _Library] = {
    "numpy": "numpy",
    "tensorflow": "tensorflow",
    "jax": "jax",
    "torch": "torch",
}
# The exceptions by which backends refuse to give the value of a tensor while they trace.
_REFUSALS = {
    ("jax", "TracerBoolConversionError"): "bool",
    ("jax", "TracerArrayConversionError"): "array",
    ("jax", "TracerIntegerConversionError"): "number",
    ("jax", "ConcretizationTypeError"): "number",
    ("tensorflow", "OperatorNotAllowedInGraphError"): "bool",
}


def value_needed(raised: Raised, names: Names) -> ValueNeeded | None:
    """Find the place where the student's code asked for what a tensor holds while it holds nothing."""
    own = raised.student_frames
    if not own:
        return None
    frame, at = own[0]
    inner = raised.frames[[f for f, _ in raised.frames].index(frame) + 1 :]
    node = _expression_at(frame.f_code, at)
    if inner:
        return _asked_by_a_method(inner, node, frame, names)
    return _asked_by_a_builtin(raised, node, frame, names)


def branch_on_value(error: BaseException) -> Asked | None:
    """Say which statement asked whether a symbolic tensor is true, where that is why a call cannot be followed."""
    try:
        raised = Raised.of(error)
        cause = value_needed(raised, Names(raised))
    except Exception:  # whatever the student's objects do when they are looked at
        return None
    if cause is not None and (cause.how == "if" or cause.how == "while" or cause.how == "bool"):
        return cause.how
    return None


def _asked_by_a_method(
    inner: list[tuple[FrameType, int]], node: _Found | None, frame: FrameType, names: Names
) -> ValueNeeded | None:
    """The innermost frames are those of a tensor's own ``__bool__`` and the like, which refused."""
    asked = next(
        (f for f, _ in inner if f.f_code.co_name in _ASKING and _is_symbolic(f.f_locals.get("self"))), None
    )
    if asked is None:
        return None
    method, tensor = asked.f_code.co_name, asked.f_locals["self"]
    note = names.note(tensor) if isinstance(tensor, keras.KerasTensor) else None
    library, function = _library_call(node, frame)
    if library is not None:
        return ValueNeeded(how=library, function=function, tensor=note)
    if inner[0][0] is not asked:
        return None  # asked for somewhere inside a library, for a reason that is not known
    if method == "__bool__":
        return ValueNeeded(how=_branching(node), tensor=note)
    if method == "__iter__":
        return ValueNeeded(how="for", tensor=note)
    if method in _NUMBERS:
        return ValueNeeded(how="number", tensor=note)
    return ValueNeeded(how="numpy", function=function, tensor=note) if method == "__array__" else None


_ASKING = ("__bool__", "__iter__", "__array__", "__jax_array__", "__tf_tensor__", *_NUMBERS)


def _asked_by_a_builtin(
    raised: Raised, node: _Found | None, frame: FrameType, names: Names
) -> ValueNeeded | None:
    """The student's line called something written in C: ``len``, or a library's function, on a symbolic tensor."""
    refused = _REFUSALS.get((type(raised.error).__module__.partition(".")[0], type(raised.error).__name__))
    if refused is not None:
        # The backend says so itself, and has cut its own frames off.
        library, function = _library_call(node, frame)
        if refused == "array":
            return None if library is None else ValueNeeded(how=library, function=function)
        return ValueNeeded(how="number" if refused == "number" else _branching(node))
    if not isinstance(raised.error, (TypeError, ValueError, NotImplementedError)) or node is None:
        return None
    call = node.call
    if call is None:
        return None
    given = [value for value in (_value(argument, frame) for argument in call.args) if _is_keras(value)]
    if not given:
        return None
    note = names.note(given[0])
    library, function = _library_call(node, frame)
    if library is not None:
        return ValueNeeded(how=library, function=function, tensor=note)
    called = _value(call.func, frame)
    if called is len:
        return ValueNeeded(how="len", tensor=note)
    if called in (int, float):
        return ValueNeeded(how="number", tensor=note)
    return None


def _is_keras(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor)


def _is_symbolic(value: Any) -> bool:
    """Whether this is a tensor that holds no value yet: Keras's, or one of a backend while it traces."""
    if _is_keras(value):
        return True
    module = type(value).__module__.partition(".")[0]
    kind = type(value).__name__
    if module in ("jax", "jaxlib"):
        return kind.endswith("Tracer")
    return module == "tensorflow" and kind == "SymbolicTensor"


class _Found:
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


def _expression_at(code: CodeType, at: int) -> _Found | None:
    """Find the expression whose instruction raised, in the source as it was read; ``None`` without source."""
    positions = next((p for i, p in enumerate(code.co_positions()) if i == at // 2), None)
    if positions is None or None in positions:
        return None
    line, end_line, column, end_column = positions
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _Found(tree, (line or 0, column or 0, end_line or 0, end_column or 0))


def _branching(node: _Found | None) -> Asked:
    """Say which statement asked: ``if`` and ``x if c else y`` are one; anything unclear is ``bool``."""
    path = node.path if node is not None else []
    if path and isinstance(
        path[-1], (ast.While, ast.If)
    ):  # the jump back belongs to the statement as a whole
        return "while" if isinstance(path[-1], ast.While) else "if"
    for outer, inner in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
        if isinstance(outer, (ast.If, ast.IfExp)) and inner is outer.test:
            return "if"
        if isinstance(outer, ast.While) and inner is outer.test:
            return "while"
        if isinstance(outer, (ast.Call, ast.stmt)):
            return "bool"
    return "bool"


def _library_call(node: _Found | None, frame: FrameType) -> tuple[_Library | None, str]:
    call = node.call if node is not None else None
    if call is None:
        return None, ""
    function = _value(call.func, frame)
    module = getattr(function, "__module__", None)
    if not isinstance(module, str):
        module = type(function).__module__ if function is not None else ""
        module = _root_of(call.func, frame) or module
    library = _LIBRARIES.get(module.partition(".")[0])
    library = library or _LIBRARIES.get(_root_of(call.func, frame).partition(".")[0])
    return library, short(ast.unparse(call.func)) if library is not None else ""


def _root_of(function: ast.expr, frame: FrameType) -> str:
    """Return the name of the module that an expression such as ``torch.relu`` starts from."""
    while isinstance(function, ast.Attribute):
        function = function.value
    from types import ModuleType

    value = _value(function, frame)
    return value.__name__ if isinstance(value, ModuleType) else ""


def _value(expression: ast.expr, frame: FrameType) -> Any:
    """Look up a name, or an attribute of a module; anything else would run the student's code."""
    from types import ModuleType

    if isinstance(expression, ast.Name):
        for scope in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if expression.id in scope:
                return scope[expression.id]
    if isinstance(expression, ast.Attribute):
        owner = _value(expression.value, frame)
        return vars(owner).get(expression.attr) if isinstance(owner, ModuleType) else None
    return None
