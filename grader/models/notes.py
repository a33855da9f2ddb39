"""Name tensors as their author does: by variable, by the name given to an ``Input``, by the layer that made them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import keras

from grader.causes import TensorNote
from grader.models.layers import class_name
from grader.models.nodes import maker
from grader.models.raised import Raised

__all__ = ["Names", "input_name", "is_automatic", "lengths", "short"]

_AUTOMATIC = re.compile(r"(input_layer|keras_tensor)(_\d+)?")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff\x1b]")
_LONGEST = 80
_MOST_NAMES = 5000
_MOST_ITEMS = 50


def short(text: object) -> str:
    """Return a text of unknown origin on one line, cut to what a cause may hold."""
    cleaned = _UNSAFE.sub(" ", str(text)[: _LONGEST + 1])
    return cleaned if len(cleaned) <= _LONGEST else cleaned[: _LONGEST - 1] + "…"


def lengths(shape: Any) -> tuple[int | None, ...]:
    """Return a shape as plain numbers; a symbolic length counts as unknown."""
    return tuple(n if isinstance(n, int) else None for n in tuple(shape)[:12])


def is_automatic(name: str) -> bool:
    """Whether Keras made a name up for an ``Input`` that was given none."""
    return _AUTOMATIC.fullmatch(name) is not None


def input_name(tensor: Any) -> str:
    """Return the name by which a model knows one of its Inputs."""
    history = getattr(tensor, "_keras_history", None)
    return str(tensor.name if history is None or history.operation is None else history.operation.name)


class Names:
    """The names that the author's code gives to objects."""

    def __init__(self, raised: Raised, namespace: Mapping[str, Any] | None = None) -> None:
        scopes: list[Mapping[str, Any]] = []
        for frame, _ in raised.student_frames:
            scopes += [frame.f_locals, frame.f_globals]
        if namespace is not None:
            scopes.append(namespace)
        self._known: dict[int, str] = {}
        self._alive: list[Any] = []  # ids name these objects
        read: set[int] = set()
        for scope in scopes:
            if id(scope) not in read:
                read.add(id(scope))
                self._alive.append(scope)
                for value, name in _named(scope):
                    self._known.setdefault(id(value), name)

    def of(self, value: Any) -> str:
        """Return what the author's code calls an object, or nothing."""
        return self._known.get(id(value), "")

    def note(self, tensor: Any) -> TensorNote:
        """Describe a tensor, symbolic or not."""
        node = maker(tensor)
        own = getattr(tensor, "name", "") if isinstance(tensor, keras.KerasTensor) and node is None else ""
        return TensorNote(
            variable=self.of(tensor),
            name="" if not isinstance(own, str) or _AUTOMATIC.fullmatch(own) else short(own),
            maker=short(class_name(node.operation)) if node is not None else "",
            data=not isinstance(tensor, keras.KerasTensor),
            shape=lengths(tensor.shape),
        )


def _named(scope: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Yield the objects a scope names, those that are easily mistaken for others left out."""
    for name, value in islice(list(scope.items()), _MOST_NAMES):
        if not name.isidentifier() or name.startswith("_"):
            continue
        if isinstance(value, (keras.KerasTensor, keras.Operation)):
            yield value, short(name)
        elif type(value) is dict:
            for key, item in islice(list(value.items()), _MOST_ITEMS):
                if isinstance(key, str) and isinstance(item, keras.KerasTensor):
                    yield item, short(f"{name}[{key!r}]")
        elif type(value) in (list, tuple):
            for index, item in enumerate(value[:_MOST_ITEMS]):
                if isinstance(item, keras.KerasTensor):
                    yield item, short(f"{name}[{index}]")
