"""What a kernel and everything it starts may use together, and how to say that it used more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from grader.execution.processes import Usage

__all__ = ["LIMIT_NAMES", "Excess", "LimitName", "Limits"]

LimitName = Literal["processes", "threads", "memory", "cpu", "wall"]
LIMIT_NAMES: tuple[LimitName, ...] = get_args(LimitName)


@dataclass(frozen=True)
class Excess:
    """A limit that was passed: which, what was used, and what is allowed, in that limit's unit."""

    limit: LimitName
    used: float
    allowed: float

    @classmethod
    def read(cls, told: object) -> Excess | None:
        """Take over what another process told, if it tells of an excess."""
        match told:
            case {"limit": limit, "used": int() | float() as used, "allowed": int() | float() as allowed}:
                name = next((name for name in LIMIT_NAMES if name == limit), None)
                return cls(name, used, allowed) if name is not None else None
        return None

    def __str__(self) -> str:
        """Say it as the end of a sentence that began with the kernel."""
        allowed = _amount(self.limit, self.allowed)
        if self.limit == "wall":
            return f"it ran for more than the {allowed} allowed"
        used = _amount(self.limit, self.used)
        verb, noun = _WORDS[self.limit]
        if used == allowed:
            return f"it {verb} more than the {allowed}{noun} allowed"
        return f"it {verb} {used}{noun}, more than the {allowed} allowed"


_WORDS: dict[LimitName, tuple[str, str]] = {
    "processes": ("had", " processes at once"),
    "threads": ("had", " threads at once"),
    "memory": ("used", " of memory"),
    "cpu": ("used", " of processor time"),
}


def _amount(limit: LimitName, value: float) -> str:
    if limit == "memory":
        return f"{value / 1e9:.3g} GB" if value >= 1e8 else f"{value / 1e6:.3g} MB"
    if limit in ("cpu", "wall"):
        return f"{round(value, 2 if value < 10 else 0):g} second{'' if value == 1 else 's'}"
    return f"{value:.0f}"


@dataclass(frozen=True)
class Limits:
    """What a kernel and everything it starts may use together; ``None`` is no limit.

    ``processes`` and ``threads`` at one time, ``memory`` in bytes of resident memory (pages that several
    processes share are shared out among them; files in memory count where they are mapped), ``cpu`` in seconds of processor time, ``wall`` in seconds from
    the kernel's start.
    """

    processes: int | None = None
    threads: int | None = None
    memory: int | None = None
    cpu: float | None = None
    wall: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no limit.

        Raises:
            ValueError: a limit is not a number above zero.
        """
        for name in self.set_names:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"the limit on {name} is {value!r}, expected a number above zero")

    @property
    def set_names(self) -> tuple[LimitName, ...]:
        """Return the names of the limits that are set."""
        return tuple(name for name in LIMIT_NAMES if getattr(self, name) is not None)

    def broken_by(self, used: Usage) -> Excess | None:
        """Return the first limit that was passed, or nothing."""
        for name in LIMIT_NAMES:
            allowed = getattr(self, name)
            if allowed is not None and getattr(used, name) > allowed:
                return Excess(name, getattr(used, name), allowed)
        return None
