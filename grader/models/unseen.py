"""A stretch of a call that is no call of a layer, where what a layer does is known from running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from pydantic import JsonValue

__all__ = ["Unseen"]


class Unseen(keras.Operation):
    """Code of a layer that only its effect is known of: it joins the tensors that it may depend on.

    ``owner`` is the layer whose code it is, ``number`` its place among the owner's. Two are alike where class,
    settings and place are: what holds for layers that cannot be looked into at all. ``weights`` are those of the
    owner that the code uses without calling a layer.
    """

    def __init__(
        self,
        owner: Any,
        config: Mapping[str, JsonValue],
        number: int,
        weights: Sequence[Any],
        *,
        chooses: bool,
    ) -> None:
        super().__init__(name=str(owner.name))
        self.config = {**config, "inside": type(owner).__name__, "number": number}
        if chooses:
            self.config["chooses"] = "by values"
        self.weights = list(weights)
        self.dtype_policy = getattr(owner, "dtype_policy", None)
        self._call_has_training_arg = getattr(owner, "_call_has_training_arg", False)

    def get_config(self) -> dict[str, Any]:
        """Return the owner's settings and where in it the code stands."""
        return self.config

    def call(self, *tensors: Any) -> Any:
        """Refuse: nobody knows what to compute."""
        raise NotImplementedError(f"the code inside {self.config['inside']} was not seen")
