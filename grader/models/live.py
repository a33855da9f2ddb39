"""A live model, to be held against what other backends make of it."""

from __future__ import annotations

from typing import Any

from grader.models.describe import describe
from grader.models.parity import Subject

__all__ = ["Live"]


class Live(Subject):
    """The model in the notebook's own process; it is left with the weights it had."""

    @classmethod
    def of(cls, model: Any) -> Live:
        """Take a model as it is.

        Raises:
            UnreadableModelError: it cannot be read as a graph.
        """
        return cls(describe(model))
