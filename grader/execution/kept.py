"""What was found last, up to a total size: whoever asks again is given it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")
_MOST = 32 * 1024 * 1024  # characters of text, or what takes as much
_LARGEST = 1024 * 1024


class Kept(Generic[T]):
    """Things by key; those that were not asked for longest go first. Several threads may use it."""

    def __init__(self, most: int = _MOST, largest: int = _LARGEST) -> None:
        self._most, self._largest = most, largest
        self._things: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """Return what is kept under a key; ``None`` where nothing is."""
        with self._lock:
            if key not in self._things:
                return None
            self._things.move_to_end(key)
            return self._things[key][0]

    def keep(self, key: Hashable, thing: T, size: int) -> None:
        """Keep a thing of a size, unless it is too large or one is kept under its key."""
        with self._lock:
            if size > self._largest or key in self._things:
                return
            self._things[key] = (thing, size)
            self._size += size
            while self._size > self._most:
                self._size -= self._things.popitem(last=False)[1][1]
