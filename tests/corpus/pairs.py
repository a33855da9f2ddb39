"""How a pair of the corpus is written down: a student's model, the reference, and what has to be said of them.

A module of pairs makes a ``Pairs`` and decorates functions that return two builders. A builder takes
nothing and returns a Keras model, compiled where that matters; a student's may raise, as learners' do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Builder", "Pair", "Pairs"]

Builder = Callable[[], Any]


@dataclass(frozen=True)
class Pair:
    """``diagnosis`` is the misconception to be named first; ``None`` means the student is right.

    ``also`` are ids that are as good a first answer. ``asks`` names what a teacher turned on:
    ``names``, ``initializers``, ``trainable``, ``merge_order``, ``compile``, or ``functional``
    (the API has to be Functional).
    """

    name: str
    unit: str
    note: str
    builders: Callable[[], tuple[Builder, Builder]]
    diagnosis: str | None = None
    also: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


class Pairs:
    """A list of pairs that fills itself as its decorators are applied."""

    def __init__(self) -> None:
        self._pairs: list[Pair] = []

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def accepted(self, unit: str, *, asks: tuple[str, ...] = ()) -> Callable[[Any], Any]:
        """Add a pair whose student's model is right; the function's docstring says in what style it is written."""
        return self._adder(unit, None, (), asks)

    def rejected(
        self, unit: str, diagnosis: str, *, also: tuple[str, ...] = (), asks: tuple[str, ...] = ()
    ) -> Callable[[Any], Any]:
        """Add a pair whose student made the mistake of that id; the docstring says what was done."""
        return self._adder(unit, diagnosis, also, asks)

    def _adder(
        self, unit: str, diagnosis: str | None, also: tuple[str, ...], asks: tuple[str, ...]
    ) -> Callable[[Any], Any]:
        def add(builders: Any) -> Any:
            note = inspect.getdoc(builders)
            if not note:
                raise ValueError(f"The pair {builders.__name__} has no docstring.")
            if any(pair.name == builders.__name__ for pair in self._pairs):
                raise ValueError(f"There are two pairs named {builders.__name__}.")
            self._pairs.append(Pair(builders.__name__, unit, note, builders, diagnosis, also, asks))
            return builders

        return add
