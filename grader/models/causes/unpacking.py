"""What a recurrent layer gave was given another number of names than it is tensors."""

from __future__ import annotations

import ast
from types import FrameType
from typing import Any, NamedTuple

import keras

from grader.causes import WrongUnpacking
from grader.models.expressions import expression_at, value_of
from grader.models.layers import class_name
from grader.models.nodes import maker
from grader.models.notes import Names, short
from grader.models.raised import Raised
from grader.models.structures import flatten

__all__ = ["wrong_unpacking"]

_STATES = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}
_RECURRENT = {cls: cls.__name__ for cls in (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)}


class _Recurrent(NamedTuple):
    """A recurrent layer as far as the number of its outputs goes."""

    class_name: str
    states: bool
    both_ways: bool = False

    @property
    def outputs(self) -> int:
        return 1 + self.states * _STATES[self.class_name] * (2 if self.both_ways else 1)


def wrong_unpacking(raised: Raised, _: Names) -> WrongUnpacking | None:
    """Find the recurrent layer whose outputs a line wanted to give more, or fewer, names than there are."""
    frame, at = next(iter(raised.student_frames), (None, 0))
    if frame is None or not isinstance(raised.error, Exception):
        return None
    inner = [f for f, _ in raised.frames[[f for f, _ in raised.frames].index(frame) + 1 :]]
    if any(f.f_code.co_name != "__iter__" for f in inner):
        return None
    found = expression_at(frame.f_code, at)
    path = found.path if found is not None else []
    assign, target = (path[-2], path[-1]) if len(path) > 1 else (None, None)
    if not isinstance(assign, ast.Assign) or not isinstance(target, (ast.Tuple, ast.List)):
        return None
    if target not in assign.targets or any(isinstance(name, ast.Starred) for name in target.elts):
        return None
    layer = _source(assign.value, frame)
    if layer is None or layer.outputs == len(target.elts):
        return None
    return WrongUnpacking(
        class_name=short(layer.class_name),
        wanted=len(target.elts),
        found=layer.outputs,
        states=layer.states,
        both_ways=layer.both_ways,
    )


def _source(expression: ast.expr, frame: FrameType) -> _Recurrent | None:
    """Find the layer that gave what an expression stands for."""
    if isinstance(expression, ast.Call):
        return _written(expression.func, frame)
    tensors = flatten(value_of(expression, frame))
    node = maker(tensors[0]) if tensors and isinstance(tensors[0], keras.KerasTensor) else None
    return None if node is None else _made(node.operation)


def _made(layer: Any) -> _Recurrent | None:
    if type(layer) is keras.layers.Bidirectional:
        way = _made(layer.forward_layer)
        return None if way is None or layer.merge_mode is None else way._replace(both_ways=True)
    return _Recurrent(class_name(layer), bool(layer.return_state)) if type(layer) in _RECURRENT else None


def _written(expression: ast.expr, frame: FrameType) -> _Recurrent | None:
    """Read a layer, or the call that makes one, off the source."""
    if not isinstance(expression, ast.Call):
        return _made(value_of(expression, frame))
    cls = value_of(expression.func, frame)
    settings = {keyword.arg: keyword.value for keyword in expression.keywords}
    if None in settings:
        return None  # some are hidden behind stars
    if cls is keras.layers.Bidirectional:
        wrapped = expression.args[0] if expression.args else settings.get("layer")
        way = None if wrapped is None or "merge_mode" in settings else _written(wrapped, frame)
        return None if way is None else way._replace(both_ways=True)
    states = settings.get("return_state", ast.Constant(value=False))
    if not isinstance(cls, type) or cls not in _RECURRENT or not isinstance(states, ast.Constant):
        return None
    return _Recurrent(_RECURRENT[cls], bool(states.value))
