"""Programs that raise for another reason than the one they look like; no cause may be made up for them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

import grader
from tests.unit.explain.broken import reloaded


def truth_of_an_array():
    if np.arange(3) > 1:
        pass


def length_of_a_number():
    return len(5)


def name_not_there():
    return layers.Dense(undefined)(keras.Input((4,)))  # noqa: F821


def assertion():
    assert keras.Input((4,)).shape == (4,), "the batch axis counts"


class Strict(layers.Layer):
    def call(self, x):
        if x.shape[-1] != 3:
            raise ValueError("three numbers, please")
        return x


def check_of_ones_own():
    Strict()(keras.Input((4,)))


def check_of_ones_own_in_a_stack():
    keras.Sequential([keras.Input((4,)), Strict(), layers.Dense(2)])


class Refusing(layers.Layer):
    def __init__(self):
        super().__init__(units=3)


def wrong_argument_to_keras():
    Refusing()


def setting_misspelt():
    layers.Conv2D(4, 3, padding="smae")(keras.Input((8, 8, 1)))


def one_name_twice():
    x = keras.Input((4,))
    y = layers.Dense(3, name="same")(layers.Dense(2, name="same")(x))
    keras.Model(x, y)


def error_after_a_handled_one():
    x = keras.Input((4,))
    try:
        if ops.mean(x) > 0:
            pass
    except TypeError:
        raise RuntimeError("something else")  # noqa: B904


def no_such_attribute():
    return keras.Sequential([keras.Input((4,)), layers.Dense(2)]).outptus


def asked_of_a_built_model():
    return keras.Sequential([keras.Input((4,)), layers.Dense(2)]).input_shapes


def no_such_file():
    keras.saving.load_model("nowhere.keras")


class Deep(layers.Layer):
    def call(self, x):
        return x[..., x.shape[7]]


def index_in_call():
    Deep()(keras.Input((4,)))


@keras.saving.register_keras_serializable("no_cause")
class OwnWay(layers.Layer):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, x):
        return x

    def get_config(self):
        return {**super().get_config(), "size": self.size}

    @classmethod
    def from_config(cls, config):
        size = config.pop("size")
        raise TypeError(f"not today, {size}")


def own_way_of_loading():
    reloaded(keras.Sequential([keras.Input((4,)), OwnWay(3)]))


class Eager(layers.Layer):
    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            raise TypeError("symbolic")
        raise LookupError("on values")


def another_error_when_repeated():
    Eager()(keras.Input((4,)))


class Misfitting(layers.Layer):
    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            return layers.Add()([x, keras.Input((7,))])
        raise LookupError("on values")


def a_misfit_only_when_repeated():
    Misfitting()(keras.Input((4,)))


def axes_of_a_dot():
    layers.Dot(1)([keras.Input((4,)), keras.Input((5,))])


def targets_of_another_count():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(np.zeros((4, 4), "float32"), np.zeros((3, 2), "float32"), verbose=0)


PROGRAMS = [
    truth_of_an_array,
    length_of_a_number,
    name_not_there,
    assertion,
    check_of_ones_own,
    check_of_ones_own_in_a_stack,
    wrong_argument_to_keras,
    setting_misspelt,
    one_name_twice,
    error_after_a_handled_one,
    no_such_attribute,
    asked_of_a_built_model,
    no_such_file,
    index_in_call,
    own_way_of_loading,
    another_error_when_repeated,
    a_misfit_only_when_repeated,
    axes_of_a_dot,
    targets_of_another_count,
]


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


def explained(program: Any, filtered: bool) -> dict[str, Any]:
    """Return the cause found for a program that raises."""
    (keras.config.enable_traceback_filtering if filtered else keras.config.disable_traceback_filtering)()
    found = grader.explain(_raised_by(program))
    return {
        "cause": found.cause and found.cause.model_dump(mode="json"),
        "text": str(found),
        "happened": found.happened,
        "line": found.line and found.line.text,
    }


def all_explained(filtered: bool) -> dict[str, dict[str, Any]]:
    """Explain every program, by name."""
    return {program.__name__: explained(program, filtered) for program in PROGRAMS}


def hostile_explained() -> dict[str, list[Any]]:
    """Explain the exceptions that resist: text, HTML and whether a cause was named."""
    found = {name: grader.explain(make()) for name, make in HOSTILE.items()}
    return {name: [str(one), one._repr_html_(), one.recognised] for name, one in found.items()}
