"""What a model was compiled with, and which weights training is set up for.

Everything is read, nothing is set: a compiled model trains afterwards as it would have before. What Keras
3.15 keeps is the same on every backend: the optimizer holds the very variables it took over at its first
step, and ``compile`` notes each layer's ``trainable`` (``keras/src/trainers/trainer.py``). Losses are put
on outputs by Keras's own ``CompileLoss``, so that lists, dicts and nested structures mean what they do there.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import keras
from keras.src.trainers.compile_utils import CompileLoss
from pydantic import JsonValue

from grader.graph import Compiled, Loss, Metric
from grader.models.plain import clean_config, constant
from grader.models.structures import flatten, leaves

__all__ = ["compile_state"]

T = TypeVar("T")

_LONGEST_NAME = 200
_MOST_TERMS = 1_000
_DIGITS = 6  # a rate is stored as float32: 1e-5 comes back as 9.999999747378752e-06
_OWN_STEP = frozenset({"train_step", "compute_loss", "compute_loss_and_updates", "fit"})


def compile_state(model: Any, outputs: Any, places: Mapping[int, int]) -> Compiled | None:
    """Read the compile state of a model; ``None`` for one that was not compiled.

    Args:
        model: the Keras model.
        outputs: its symbolic outputs, in the structure it returns.
        places: for the id of each variable, its index in the graph. Variables outside are left out.
    """
    if not getattr(model, "compiled", False):
        return None
    outermost = getattr(model, "optimizer", None)
    optimizer: Any = getattr(
        outermost, "inner_optimizer", outermost
    )  # a LossScaleOptimizer holds the real one
    settings: dict[str, JsonValue] = _guarded(lambda: _nameless(optimizer.get_config())) or {}
    rate = settings.pop("learning_rate", None)
    losses, unplaced = _guarded(lambda: _losses(model, outputs)) or ([], [])
    metrics = _guarded(lambda: list(_metrics(model, outputs))) or []
    held = _guarded(lambda: _held(optimizer))
    trained = held if held is not None else _guarded(lambda: _trainable_at_compile(model))
    return Compiled(
        optimizer=_class_name(optimizer),
        settings=settings,
        learning_rate=_number(rate),
        schedule=rate if _number(rate) is None else None,
        losses=tuple(losses[:_MOST_TERMS]),
        unplaced=tuple(_text(key) for key in unplaced[:_MOST_TERMS]),
        metrics=tuple(metrics[:_MOST_TERMS]),
        own_step=any(
            not _is_keras(cls) and not _OWN_STEP.isdisjoint(vars(cls))
            for cls in type(model).__mro__
            if cls is not object
        ),
        started=held is not None,
        trained=None if trained is None else tuple(sorted(places[id(v)] for v in trained if id(v) in places)),
    )


def _guarded(read: Callable[[], T]) -> T | None:
    """Read something that may run the student's code: ``None`` where that raises."""
    try:
        return read()
    except Exception:
        return None


def _nameless(config: dict[str, Any]) -> dict[str, JsonValue]:
    """Clean a config and drop the names of what is inside, which count up with every object that is made."""

    def bare(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if key != "name"}
        return [bare(item) for item in value] if isinstance(value, list) else value

    return {key: bare(value) for key, value in clean_config(config).items()}


def _held(optimizer: Any) -> list[Any] | None:
    """Return the variables an optimizer took over at its first step; ``None`` before."""
    return list(optimizer._trainable_variables) if getattr(optimizer, "built", False) else None


def _trainable_at_compile(model: Any) -> list[Any] | None:
    """Return the variables that could be trained when the model was compiled.

    Keras notes flags by layer, so a variable's own flag counts as it is now, unless its layer's has changed.
    """
    flags = getattr(model, "_compiled_trainable_state", None)
    if flags is None:
        return None
    if not flags.get(model, True):
        return []
    changed = {
        id(variable): flags[layer]
        for layer in model._flatten_layers()
        if flags.get(layer, layer.trainable) != layer.trainable
        for variable in layer._trainable_variables
    }
    return [v for v in model.weights if changed.get(id(v), v.trainable)]


def _losses(model: Any, outputs: Any) -> tuple[list[Loss], list[str]]:
    """Return the terms of the loss, and the keys of losses that name no output."""
    compiled = model._compile_loss
    if compiled is None:
        return [], []
    given, weights = compiled._user_loss, compiled._user_loss_weights
    fresh = CompileLoss(
        keras.tree.map_structure(_undecided, given), weights, output_names=compiled.output_names
    )
    try:
        fresh.build(outputs, outputs)
    except Exception:  # `fit` would refuse it too: say what can be told by name or position
        return _told(given, weights, outputs, compiled.output_names or [])
    keys = [key for key, _ in leaves(outputs)]
    terms = []
    for term in fresh._flat_losses:
        key = ".".join(str(part) for part in term.path)
        if key in keys or len(keys) == 1:  # the path to a lone output may be empty
            terms.append((key if key in keys else keys[0], term))
    terms.sort(key=lambda placed: keys.index(placed[0]))
    return [_loss(key, term.loss, term.loss_weights) for key, term in terms], []


def _undecided(loss: Any) -> Any:
    """Keep Keras from choosing a crossentropy by the shape of labels that nobody has given yet."""
    return crossentropy if isinstance(loss, str) and loss.lower() in ("ce", "crossentropy") else loss


def crossentropy(y_true: Any, y_pred: Any) -> Any:
    """Stand for the crossentropy that Keras chooses by the labels; never called."""
    raise NotImplementedError


def _told(given: Any, weights: Any, outputs: Any, names: list[str]) -> tuple[list[Loss], list[str]]:
    """Place losses that Keras cannot place as a whole."""
    keys = [key for key, _ in leaves(outputs)]
    placed = dict(zip(names, keys, strict=False)) | {key: key for key in keys}
    if not isinstance(given, Mapping):
        given = dict(
            zip(keys, given if isinstance(given, (list, tuple)) else [given] * len(keys), strict=False)
        )
    if not isinstance(weights, Mapping):
        listed = weights if isinstance(weights, (list, tuple)) else [weights] * len(given)
        weights = dict(zip(given, listed, strict=False))
    terms = [
        _loss(placed[name], keras.losses.get(_undecided(loss)), weights.get(name))
        for name, loss in given.items()
        if name in placed and loss is not None
    ]
    return terms, [str(name) for name in given if name not in placed]


def _loss(output: str, loss: Any, weight: Any) -> Loss:
    function = getattr(loss, "fn", None) if _is_keras(type(loss)) else None
    function = loss if function is None else function
    config: dict[str, JsonValue] = {}
    if not inspect.isfunction(function):
        config = _guarded(lambda: clean_config(function.get_config())) or {}
    elif _is_keras(function):
        config = {
            name: constant(parameter.default)
            for name, parameter in list(inspect.signature(function).parameters.items())[2:]
            if parameter.default is not parameter.empty
        }
    config |= clean_config(getattr(loss, "_fn_kwargs", {}))
    reduction = getattr(loss, "reduction", None) or "none"
    config["reduction"] = (
        "sum_over_batch_size" if reduction == "mean" else _text(reduction)
    )  # one and the same
    return Loss(
        output=output,
        function=_name(function),
        config=config,
        weight=1.0 if weight is None else _number(weight),
    )


def _metrics(model: Any, outputs: Any) -> Iterator[Metric]:
    compiled = model._compile_metrics
    if compiled is None:
        return
    keys = [key for key, _ in leaves(outputs)]
    by_name = dict(zip(compiled.output_names or [], keys, strict=False)) | {key: key for key in keys}
    for given, weighted in ((compiled._user_metrics, False), (compiled._user_weighted_metrics, True)):
        if isinstance(given, Mapping):
            placed = [(by_name.get(name, ""), metric) for name, metric in given.items()]
        elif len(keys) == 1:
            placed = [(keys[0], given)]
        elif isinstance(given, (list, tuple)) and len(given) == len(keys):
            placed = list(zip(keys, given, strict=True))
        else:
            placed = [("", given)]
        for output, some in placed:
            for metric in flatten(some):
                if metric is not None:
                    yield Metric(output=output, name=_metric_name(metric), weighted=weighted)


def _metric_name(metric: Any) -> str:
    """Name a metric by its class or function, whichever way it was given."""
    if isinstance(metric, str):
        if metric.lower() in ("acc", "accuracy"):  # chosen by the labels
            return "accuracy"
        metric = _guarded(lambda: keras.metrics.get(metric)) or metric
    return _text(metric) if isinstance(metric, str) else _name(metric)


def _name(thing: Any) -> str:
    """Name a function, or an object by its class; ``custom:`` before what is not Keras's."""
    if not inspect.isroutine(thing):
        return _class_name(thing)
    name = str(getattr(thing, "__name__", "?"))
    return _text(name if _is_keras(thing) or thing is crossentropy else f"custom:{name}")


def _class_name(thing: Any) -> str:
    cls = type(thing)
    return "none" if thing is None else _text(cls.__name__ if _is_keras(cls) else f"custom:{cls.__name__}")


def _is_keras(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "keras"


def _number(value: Any) -> float | None:
    """Return a finite number rounded to what float32 can hold; ``None`` for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return float(f"{number:.{_DIGITS}g}") if math.isfinite(number) else None


def _text(value: object) -> str:
    return str(value)[:_LONGEST_NAME]
