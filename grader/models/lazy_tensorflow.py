"""Keep Keras from importing TensorFlow on the other backends.

``keras/src/saving/serialization_lib.py`` asks whether an object is a ``tf.TensorShape`` through a
lazy module (``keras/src/utils/module_utils.py``), and the question alone imports TensorFlow: 2 to
7 seconds at the first ``get_config`` on JAX and PyTorch. A process that has not imported
TensorFlow cannot hold a TensorFlow object, so the answer is known without asking.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["tensorflow_not_imported"]


@contextmanager
def tensorflow_not_imported() -> Iterator[None]:
    """Make Keras's lazy module answer "not available" while TensorFlow is not imported."""
    try:
        from keras.src.utils.module_utils import tensorflow as lazy
    except ImportError:  # moved: describing works all the same, only slower the first time
        lazy = None
    state = vars(lazy) if lazy is not None else {}
    if "tensorflow" in sys.modules or state.get("_available", True) is not None:
        yield
        return
    lazy._available = False
    try:
        yield
    finally:
        lazy._available = None
