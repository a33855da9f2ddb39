"""Exceptions that resist being looked at."""

from typing import Any

import keras
from keras import layers

import grader


class RudeError(Exception):
    """An exception that does not want to be looked at."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def _strange_locals() -> BaseException:
    class Evil:
        @property
        def __class__(self):
            raise RuntimeError("no class")

        def __getattr__(self, name):
            raise RuntimeError("no attributes")

        def __eq__(self, other):
            raise RuntimeError("no comparing")

        def __iter__(self):
            while True:
                yield self

        __hash__ = None

    self = layer = cls = config = args = kwargs = Evil()  # noqa: F841
    try:
        raise ValueError("look around")
    except ValueError as caught:
        return caught


def _circle() -> BaseException:
    first, second = _raised(ValueError("one")), _raised(ValueError("two"))
    first.__cause__, second.__cause__ = second, first
    return first


def _deep() -> BaseException:
    def down(n: int) -> None:
        down(n + 1)

    return _raised_by(lambda: down(0))


def _raised_by(run: Any) -> BaseException:
    try:
        run()
    except BaseException as caught:
        return caught
    raise AssertionError("it raises nothing")


class NamedError(ValueError):
    """A class whose name is long, and no name."""


NamedError.__name__ = "<b>\x1b[31m" + "n" * 100_000


class Leaving(layers.Layer):
    """A layer that leaves the process when it is called again to see what is wrong."""

    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            raise SystemExit(3)
        raise LookupError("on values")


HOSTILE = {
    "text raises": lambda: _raised(RudeError()),
    "huge text": lambda: _raised(ValueError("x" * 10_000_000)),
    "terminal codes": lambda: _raised(ValueError("\x1b[31m\x1b]0;title\x07\u202e red")),
    "strange locals": _strange_locals,
    "a circle of causes": _circle,
    "a deep recursion": _deep,
    "no traceback": lambda: ValueError("never raised"),
    "a strange name": lambda: _raised(NamedError("<script>alert(1)</script>")),
    "an interrupt": lambda: _raised(KeyboardInterrupt()),
    "an exit while it is read": lambda: _raised_by(lambda: Leaving()(keras.Input((4,)))),
    "no exception": lambda: "a text",
}


def hostile_explained() -> dict[str, list[Any]]:
    """Explain the exceptions that resist: text, HTML and whether a cause was named."""
    found = {name: grader.explain(make()) for name, make in HOSTILE.items()}
    return {name: [str(one), one._repr_html_(), one.recognised] for name, one in found.items()}
