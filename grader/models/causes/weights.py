"""Weights that are not there yet, that do not fit, or that another model's optimizer was to train."""

from __future__ import annotations

import ast
from types import FrameType
from typing import Any

import keras

from grader.causes import NoShapeYet, OptimizerUsed, UnlikeWeights
from grader.models.causes.wiring import shapeless
from grader.models.expressions import expression_at, value_of
from grader.models.layers import class_name
from grader.models.method_calls import MethodCall
from grader.models.notes import Names, lengths, short
from grader.models.raised import Raised

__all__ = ["optimizer_used", "unlike_weights", "weights_not_made"]

_LISTS = ("get_weights", "weights", "trainable_weights", "variables", "trainable_variables")
_WEIGHTS = ("kernel", "bias", "gamma", "beta", "embeddings", "moving_mean", "moving_variance")
_OPTIMIZING = ("keras.src.optimizers.", "keras.src.backend.common.stateless_scope")


def weights_not_made(raised: Raised, names: Names) -> NoShapeYet | None:
    """Find the layer of Keras's whose weights were taken by position or name before there were any."""
    frame, at = next(iter(raised.student_frames), (None, 0))
    found = None if frame is None else expression_at(frame.f_code, at)
    if frame is None or found is None or len(found.path) < 2:
        return None
    last, around = found.path[-1], found.path[-2]
    asked: ast.expr | None = None
    if isinstance(raised.error, IndexError) and isinstance(last, ast.Subscript):
        asked = last.value
    elif isinstance(raised.error, ValueError) and isinstance(around, ast.Assign) and last in around.targets:
        asked = around.value
    elif isinstance(raised.error, AttributeError) and isinstance(last, ast.Attribute):
        asked = last if last.attr in _WEIGHTS else None
    asked = asked.func if isinstance(asked, ast.Call) else asked
    if not isinstance(asked, ast.Attribute) or asked.attr not in (*_LISTS, *_WEIGHTS):
        return None
    layer = _holder(asked.value, frame)
    if not isinstance(layer, keras.Layer) or not type(layer).__module__.startswith("keras."):
        return None
    if layer.weights or (type(layer).build is keras.Layer.build and not isinstance(layer, keras.Model)):
        return None  # a layer that makes none when it is built
    return shapeless(layer, asked.attr, names.of(layer))


def _holder(expression: ast.expr, frame: FrameType) -> Any:
    """Look a layer up, also where it is written as one of a model's: ``model.layers[0]``."""
    if not isinstance(expression, ast.Subscript) or not isinstance(expression.value, ast.Attribute):
        return value_of(expression, frame)
    model, place = value_of(expression.value.value, frame), value_of(expression.slice, frame)
    listed = isinstance(model, keras.Model) and type(model).__module__.startswith("keras.")
    if not listed or expression.value.attr != "layers" or not isinstance(place, int):
        return None
    return model.layers[place] if -len(model.layers) <= place < len(model.layers) else None


def unlike_weights(raised: Raised, names: Names) -> UnlikeWeights | NoShapeYet | None:
    """Find the weight that ``set_weights`` was given in another shape, or that they are not as many."""
    frame = raised.last(keras.Layer.set_weights)
    if frame is None or not isinstance(raised.error, ValueError):
        return None
    layer, weights = frame.f_locals["self"], frame.f_locals["weights"]
    if not layer.weights:
        return shapeless(layer, "set_weights", names.of(layer))
    counts = (len(weights), len(layer.weights))
    name = short(class_name(layer))
    if counts[0] != counts[1]:
        return UnlikeWeights(class_name=name, counts=counts)
    for place, (own, given) in enumerate(zip(layer.weights, weights, strict=True)):
        if tuple(own.shape) != tuple(given.shape):
            return UnlikeWeights(
                class_name=name,
                counts=counts,
                place=place,
                found=lengths(given.shape),
                wanted=lengths(own.shape),
            )
    return None


def optimizer_used(raised: Raised, call: MethodCall) -> OptimizerUsed | None:
    """Find an optimizer that was set up for other weights than those that the model trains."""
    optimizer: Any = getattr(call.model, "optimizer", None)
    last = raised.frames[-1][0].f_globals.get("__name__", "")
    if not getattr(optimizer, "built", False) or not str(last).startswith(_OPTIMIZING):
        return None
    known = getattr(optimizer, "_trainable_variables_indices", None)
    if not known or all(optimizer._var_key(one) in known for one in call.model.trainable_variables):
        return None
    return OptimizerUsed(
        class_name=short(type(optimizer).__name__),
        method=call.method,
        same=any(optimizer._var_key(one) in known for one in call.model.variables),
    )
