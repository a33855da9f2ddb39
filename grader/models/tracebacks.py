"""Exceptions as Keras raises them, before it shortens them for display."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

__all__ = ["full_tracebacks"]


@contextmanager
def full_tracebacks() -> Iterator[None]:
    """Keep Keras's own frames in tracebacks, and its messages as raised, for the ``with`` block.

    Filtered tracebacks have lost the frames that hold the arguments of the failing call.
    """
    filtering = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        yield
    finally:
        if filtering:
            keras.config.enable_traceback_filtering()
