"""Models with classes of one's own that are saved and loaded, rightly and wrongly; built in a worker process."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from grader.comparison import saving_faults
from grader.models import describe
from grader.models.lazy_tensorflow import tensorflow_not_imported

ROWS = np.linspace(-1.0, 1.0, 12, dtype="float32").reshape(2, 6)
registered = keras.saving.register_keras_serializable(package="tests")


class Dense(layers.Layer):
    """A Dense in a class of one's own; the classes below differ in what a file keeps of it."""

    def __init__(self, units, function="tanh", **kwargs):
        super().__init__(**kwargs)
        self.units, self.function = units, function
        self.inner = layers.Dense(units, activation=function)

    def build(self, shape):
        self.inner.build(shape)

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.units)

    def call(self, x):
        return self.inner(x)


@registered
class Whole(Dense):
    def get_config(self):
        return {**super().get_config(), "units": self.units, "function": self.function}


@registered
class Automatic(Dense):
    """Keras keeps numbers and texts by itself."""


@registered
class Forgetful(Dense):
    def get_config(self):
        return {**super().get_config(), "units": self.units}


@registered
class Unable(Dense):
    def get_config(self):
        return {**super().get_config(), "function": self.function}


@registered
class Strict(Dense):
    """Its constructor does not take what Keras adds."""

    def __init__(self, units, function="tanh"):
        super().__init__(units, function)


class Unknown(Dense):
    """Nobody registered it."""


class Preset(layers.Dense):
    """A Dense that only chooses its units; nobody registered it."""

    def __init__(self, units=8, **kwargs):
        super().__init__(units, **kwargs)


@registered
class Around(layers.Layer):
    """A wrapper of a layer that was given to it, without a config of its own."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


@registered
class Restored(Around):
    """The same wrapper, which knows how to make itself again."""

    def get_config(self):
        return {**super().get_config(), "inner": keras.saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "inner": keras.saving.deserialize_keras_object(config["inner"])})


@registered
class Net(keras.Model):
    """A model without a config of its own: Keras saves its defaults."""

    def __init__(self, function="tanh", **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.head = layers.Dense(8, activation=function), layers.Dense(2)

    def call(self, x):
        return self.head(self.hidden(x))


@registered
class WholeNet(Net):
    def __init__(self, function="tanh", **kwargs):
        super().__init__(function, **kwargs)
        self.function = function

    def get_config(self):
        return {**super().get_config(), "function": self.function}


@registered
class HolderNet(keras.Model):
    """Its constructor makes the layers again, so that nobody has to find their class."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.head = Unknown(8, "relu"), layers.Dense(2)

    def call(self, x):
        return self.head(self.hidden(x))

    def get_config(self):
        return {"name": self.name}


@registered
def squash(x):
    return x / (1.0 + ops.abs(x))


def unknown_squash(x):
    return x / (1.0 + ops.abs(x))


def stack(*between):
    return keras.Sequential([keras.Input((6,)), *between, layers.Dense(2)])


def called(model):
    model(ROWS)
    return model


def nested(layer):
    table = keras.Input((6,))
    return keras.Model(table, layers.Dense(2)(keras.Sequential([keras.Input((6,)), layer])(table)))


MODELS = {
    "config and registration": lambda: stack(Whole(8, "relu")),
    "Keras's own layers": lambda: stack(layers.Dense(8, activation="relu"), layers.Dropout(0.2)),
    "automatic config": lambda: stack(Automatic(8, "relu")),
    "a registered function": lambda: stack(layers.Dense(8, activation=squash)),
    "a config with from_config": lambda: stack(Restored(layers.Dense(8))),
    "a model with a config": lambda: called(WholeNet("relu")),
    "a model that makes its layers": lambda: called(HolderNet()),
    "in a nested model": lambda: nested(Whole(8, "relu")),
    "in a wrapper": lambda: keras.Sequential(
        [keras.Input((2, 3)), layers.TimeDistributed(Whole(8, "relu")), layers.Flatten(), layers.Dense(2)]
    ),
    "an optional argument forgotten": lambda: stack(Forgetful(8, "relu")),
    "a required argument forgotten": lambda: stack(Unable(8, "relu")),
    "no kwargs": lambda: stack(Strict(8, "relu")),
    "a layer as an argument": lambda: stack(Around(layers.Dense(8))),
    "a model without a config": lambda: called(Net("relu")),
    "forgotten in a nested model": lambda: nested(Forgetful(8, "relu")),
    "forgotten in a wrapper": lambda: keras.Sequential(
        [keras.Input((2, 3)), layers.TimeDistributed(Forgetful(8, "relu")), layers.Flatten(), layers.Dense(2)]
    ),
    "an unregistered class": lambda: stack(Unknown(8, "relu")),
    "an unregistered preset": lambda: stack(Preset()),
    "an unregistered function": lambda: stack(layers.Dense(8, activation=unknown_squash)),
    "a lambda": lambda: stack(layers.Lambda(lambda x: x * 2.0)),
    "an unregistered class in a nested model": lambda: nested(Unknown(8, "relu")),
}


def load(model, **given):
    """Save a model and load it again; saving would import TensorFlow."""
    with tensorflow_not_imported(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return keras.saving.load_model(path, **given)


def comes_back(model):
    """Save and load, and say what happened."""
    rows = ROWS.reshape(2, *model.inputs[0].shape[1:]) if getattr(model, "inputs", None) else ROWS
    before = ops.convert_to_numpy(model(rows))
    try:
        loaded = load(model)
    except Exception as error:
        return type(error).__name__
    after = ops.convert_to_numpy(loaded(rows))
    return "as it was" if np.allclose(before, after, atol=1e-6) else "as another"


def judged():
    """What really becomes of each model, and what is read from its graph, by the model's name."""
    found = {}
    for name, build in MODELS.items():
        keras.utils.clear_session(free_memory=False)
        model = build()
        faults = saving_faults(describe(model).graph)
        found[name] = [comes_back(model), [fault.kind for fault in faults], [f.message for f in faults]]
    return found


def saved_with_a_flag():
    @registered
    class Flagged(layers.Layer):
        def __init__(self, rate=0.0, **kwargs):
            super().__init__(**kwargs)
            self.noise = layers.Dropout(rate)

        def call(self, x):
            return self.noise(x)

        def get_config(self):
            return super().get_config()

    return load(stack(layers.Dense(8), Flagged(0.4)))


RELU = lambda: stack(layers.Dense(8, activation="relu"))  # noqa: E731  # as short as what it is compared with
LOADED = [
    (lambda: load(stack(Forgetful(8, "relu"))), RELU),
    (lambda: load(nested(Forgetful(8, "relu"))), RELU),
    (lambda: load(stack(Forgetful(8, None))), lambda: stack(layers.Dense(8))),
    (saved_with_a_flag, lambda: stack(layers.Dense(8), layers.Dropout(0.4))),
]
# Each with the id of what is told first, or None where nothing is wrong.
NOT_BY_LOADING = [
    # Never loaded: the argument was left out by hand.
    (lambda: stack(Forgetful(8)), RELU, "wrong-activation"),
    # Loaded, and whole: another function was asked for from the start.
    (lambda: load(stack(Whole(8, "tanh"))), RELU, "wrong-activation"),
    # Loaded, and another setting than the one that was lost differs.
    (lambda: load(stack(Forgetful(9))), lambda: stack(layers.Dense(8, activation="tanh")), "wrong-config"),
    # Loaded, with the default that was asked for.
    (lambda: load(stack(Forgetful(8))), lambda: stack(layers.Dense(8, activation="tanh")), None),
    # The difference is at another layer.
    (
        lambda: load(stack(Forgetful(8), layers.Dense(4, activation="tanh"))),
        lambda: stack(layers.Dense(8, activation="tanh"), layers.Dense(4, activation="relu")),
        "wrong-activation",
    ),
]
