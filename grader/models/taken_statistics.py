"""Layers that compute with copies of their weights, made to take them anew.

``Normalization`` keeps mean and variance as weights and computes with copies, made when it is built, adapted or loaded.
On PyTorch a copy shares the weight's memory and follows it; on TensorFlow and JAX it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

__all__ = ["taken_statistics"]


@contextmanager
def taken_statistics(model: Any) -> Iterator[None]:
    """Have such layers of a model compute with the weights they hold now, for the ``with`` block."""
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Normalization) and layer.built and layer.input_mean is None
    ]
    before = [(layer.mean, layer.variance) for layer in layers]
    try:
        for layer in layers:
            layer.finalize_state()
        yield
    finally:
        for layer, (mean, variance) in zip(layers, before, strict=True):
            layer.mean, layer.variance = mean, variance
