"""Models that cannot be put together: Inputs left out, stacks that branch, shapes nobody named."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import keras
from keras.src.layers.merging.base_merge import Merge
from keras.src.models.functional import Functional

from grader.causes import CannotBranch, InputNotListed, NoShapeYet, NotATensor
from grader.models.layers import class_name
from grader.models.nodes import maker, needed_tensors
from grader.models.notes import Names, lengths, short
from grader.models.raised import Raised, symbols
from grader.models.structures import flatten

__all__ = ["cannot_branch", "given", "input_not_listed", "model_of_no_tensors", "no_shape_yet", "shapeless"]

_MOST_INPUTS = 8
Given = Literal["shape", "number", "text", "layer", "class", "nothing", "other"]


def input_not_listed(raised: Raised, names: Names) -> InputNotListed | None:
    """Find the Inputs that a model's outputs come from and that it was not given."""
    frame = raised.last(Functional.__init__)
    if frame is None or not isinstance(raised.error, ValueError):
        return None
    listed, outputs = frame.f_locals.get("flat_inputs"), frame.f_locals.get("flat_outputs")
    if not isinstance(listed, list) or not isinstance(outputs, list):
        return None
    missing, reached = _walk(outputs, {id(tensor) for tensor in listed})
    if not missing:
        return None
    notes = tuple(names.note(tensor) for tensor in missing[:_MOST_INPUTS])
    instead = None
    for place, tensor in enumerate(listed[:_MOST_INPUTS]):
        if id(tensor) not in reached and lengths(tensor.shape) == notes[0].shape:
            instead = place
    return InputNotListed(
        missing=notes, listed=tuple(names.note(tensor) for tensor in listed[:_MOST_INPUTS]), instead=instead
    )


def _walk(outputs: list[Any], stops: set[int]) -> tuple[list[Any], set[int]]:
    """Follow tensors back to where they start: the starts that are no stop, and all that was seen."""
    missing: list[Any] = []
    seen: set[int] = set()
    stack = list(outputs)
    while stack:
        tensor = stack.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        if id(tensor) in stops:
            continue
        node = maker(tensor)
        if node is None:
            missing.append(tensor)
        else:
            stack.extend(needed_tensors(node))
    return missing, seen


def model_of_no_tensors(raised: Raised, _: Names) -> NotATensor | None:
    """Find what was given to ``keras.Model`` in place of tensors."""
    frame = raised.last(Functional.__init__)
    if frame is None:
        return None
    places: tuple[Literal["inputs", "outputs"], ...] = ("inputs", "outputs")
    for place in places:
        flat = frame.f_locals.get(f"flat_{place}")
        if flat is None and place in frame.f_locals:
            flat = flatten(frame.f_locals[place])
        for value in flat or ():
            if not isinstance(value, keras.KerasTensor):
                kind = given(frame.f_locals.get(place))
                kind = kind if kind == "shape" else given(value)
                return NotATensor(
                    place=place, given=kind, value=_value_text(frame.f_locals.get(place), value)
                )
    return None


def given(value: Any) -> Given:
    """Say what kind of thing stands where a tensor should."""
    if value is None:
        return "nothing"
    if isinstance(value, (tuple, list)) and value and all(n is None or type(n) is int for n in value):
        return "shape"
    if isinstance(value, keras.Layer):
        return "layer"
    if isinstance(value, type) and issubclass(value, keras.Layer):
        return "class"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "other"


def _value_text(whole: Any, value: Any) -> str:
    if given(whole) == "shape":
        return short(tuple(whole))
    kind = given(value)
    if kind in ("number", "text"):
        return short(repr(value))
    return short(value.__name__ if isinstance(value, type) else type(value).__name__)


def cannot_branch(raised: Raised, _: Names) -> CannotBranch | NotATensor | None:
    """Find the step of a Sequential model that one tensor in, one tensor out does not fit, or that is no layer."""
    added = raised.last(keras.Sequential.add)
    stack = raised.last(keras.Sequential.build)
    call = raised.calls[-1] if raised.calls else None
    if stack is not None:
        return _refused_step(stack.f_locals.get("layer"), stack.f_locals.get("x"), call)
    if added is None or not isinstance(raised.error, ValueError):
        return None
    step = added.f_locals.get("layer")
    if isinstance(step, keras.layers.InputLayer):
        held = added.f_locals["self"]._layers
        again = bool(held) and isinstance(held[0], keras.layers.InputLayer) and held[0] is not step
        return CannotBranch(step="second-input", class_name="Input") if again else None
    if isinstance(step, (list, tuple)) and step and all(isinstance(item, keras.Layer) for item in step):
        return CannotBranch(step="list", class_name=short(type(step[0]).__name__))
    if isinstance(step, type) and issubclass(step, keras.Layer):
        return NotATensor(place="stack", given="class", value=short(step.__name__))
    if isinstance(step, keras.KerasTensor):
        node = maker(step)
        return CannotBranch(
            step="tensor", class_name="" if node is None else short(class_name(node.operation))
        )
    return None


def _refused_step(layer: Any, given_to_it: Any, call: Any) -> CannotBranch | None:
    if not isinstance(layer, keras.Layer):
        return None
    name = short(type(layer).__name__)
    if len(symbols(given_to_it)) > 1:
        node = maker(symbols(given_to_it)[0])
        before = "" if node is None else short(class_name(node.operation))
        return CannotBranch(step="several-outputs", class_name=name, before=before)
    if call is not None and call.operation is not layer:
        return None  # it was something inside this step that failed
    if isinstance(layer, Merge):
        return CannotBranch(step="merge", class_name=name)
    if _required_tensors(layer) > 1:
        return CannotBranch(step="several-arguments", class_name=name)
    if isinstance(layer, keras.layers.Attention | keras.layers.AdditiveAttention):
        return CannotBranch(step="merge", class_name=name)
    return None


def _required_tensors(layer: Any) -> int:
    parameters = inspect.signature(layer.call).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is p.empty for p in parameters)


_ASKED_OF_SHAPES = ("inputs", "outputs", "input", "output", "input_shape", "output_shape")


def no_shape_yet(raised: Raised, names: Names) -> NoShapeYet | None:
    """Find the model or layer that was asked for what it can only know with its input's shape."""
    frame = raised.last(keras.Layer.count_params)
    if frame is not None and isinstance(raised.error, ValueError):
        model = frame.f_locals["self"]
        return shapeless(model, "count_params", names.of(model))
    if isinstance(raised.error, AttributeError) and raised.error.name in _ASKED_OF_SHAPES:
        model = raised.error.obj
        return shapeless(model, str(raised.error.name), names.of(model))
    return None


def shapeless(model: Any, asked: str, variable: str = "") -> NoShapeYet | None:
    """Say that a model or layer has no shape yet; nothing where it has."""
    if not isinstance(model, keras.Layer) or model.built:
        return None
    what: Literal["sequential", "model", "layer"] = "layer"
    if isinstance(model, keras.Sequential):
        what = "sequential"
    elif isinstance(model, keras.Model):
        what = "model"
    return NoShapeYet(
        what=what, variable=variable, class_name=short(type(model).__name__), asked=short(asked)
    )
