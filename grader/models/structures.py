"""Nested inputs and outputs (lists, tuples, dicts) as flat, named leaves, in one order on every backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["flatten", "leaves", "pack"]


def leaves(structure: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(key, leaf)``: a lone leaf is ``"0"``, list items count up, dict keys come sorted.

    Keys of deeper levels are joined by dots, as in ``"boxes.0"``.
    """
    if isinstance(structure, (list, tuple)):
        items = [(str(index), value) for index, value in enumerate(structure)]
    elif isinstance(structure, Mapping):
        items = sorted(((str(key), value) for key, value in structure.items()), key=lambda item: item[0])
    else:
        yield prefix or "0", structure
        return
    for key, value in items:
        yield from leaves(value, f"{prefix}.{key}" if prefix else key)


def flatten(structure: Any) -> list[Any]:
    """Return the leaves in the order of ``leaves``."""
    return [leaf for _, leaf in leaves(structure)]


def pack(structure: Any, values: Iterator[Any]) -> Any:
    """Return the structure with each leaf replaced by the next value, in the order of ``leaves``."""
    if isinstance(structure, Mapping):
        by_key = sorted(structure, key=str)
        packed = {key: pack(structure[key], values) for key in by_key}
        return {key: packed[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return [pack(value, values) for value in structure]
    return next(values)
