"""The table of programs that Keras stops, filled by decorators beside each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["BACKENDS", "BROKEN", "NEAR_MISSES", "Program", "broken", "near_miss"]

BACKENDS = ("tensorflow", "jax", "torch")


@dataclass(frozen=True)
class Program:
    """A program, the kind of its cause, what has to be said of it, and the backends that raise anything."""

    run: Callable[[], Any]
    kind: str
    says: tuple[str, ...]
    backends: tuple[str, ...]


BROKEN: dict[str, Program] = {}
NEAR_MISSES: dict[str, Callable[[], Any]] = {}


def broken(kind: str, *says: str, backends: tuple[str, ...] = BACKENDS) -> Callable[[Any], Any]:
    """Enter a program whose cause is of this kind."""

    def entered(program: Any) -> Any:
        assert program.__name__ not in BROKEN
        BROKEN[program.__name__] = Program(program, kind, says, backends)
        return program

    return entered


def near_miss(program: Any) -> Any:
    """Enter a program that raises for another reason than the one it looks like."""
    assert program.__name__ not in NEAR_MISSES
    NEAR_MISSES[program.__name__] = program
    return program
