"""Which names of layers their authors chose, and which Keras made of the class."""

from __future__ import annotations

import re

from grader.graph import Layer

__all__ = ["named_by_keras"]

_NUMBER = re.compile(r"_\d+$")


def named_by_keras(layer: Layer) -> bool:
    """Whether a layer has the name that Keras makes of its class: ``conv2d_3``, ``batch_normalization``.

    The number counts the layers that a process has made: the same code run twice gives two names. Source: ``auto_name``
    in ``keras/src/utils/naming.py``.
    """
    kept = _NUMBER.sub("", layer.name)
    return kept == kept.lower() and kept.replace("_", "") == layer.class_name.replace("_", "").lower()
