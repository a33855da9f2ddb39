"""Models that cannot be saved or loaded."""

import tempfile
from pathlib import Path

import keras
from keras import layers, ops

from tests.unit.explain.programs.table import broken


def reloaded(model):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.keras"))
        model.save(path)
        return keras.saving.load_model(path)


class Unknown(layers.Layer):
    def call(self, x):
        return x


def squeeze_down(x):
    return x / (1.0 + ops.abs(x))


@broken("not-registered", "the class `Unknown`", "register_keras_serializable")
def class_unknown_to_loading():
    reloaded(keras.Sequential([keras.Input((4,)), Unknown()]))


@broken("not-registered", "the function `squeeze_down`")
def function_unknown_to_loading():
    reloaded(keras.Sequential([keras.Input((4,)), layers.Dense(2, activation=squeeze_down)]))


@keras.saving.register_keras_serializable("broken")
class Forgetful(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, x):
        return x

    def get_config(self):
        return super().get_config()


@keras.saving.register_keras_serializable("broken")
class Wrapping(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


@broken(
    "config-not-saved", "its constructor needs `units`, which `get_config` did not save", "[config-not-saved]"
)
def argument_forgotten():
    reloaded(keras.Sequential([keras.Input((4,)), Forgetful(3)]))


class Odd:
    pass


@broken("config-not-saved", "`Wrapping` cannot be saved", "(`inner`)")
def argument_not_to_be_written():
    layer = Wrapping(lambda x: x)
    reloaded(keras.Sequential([keras.Input((4,)), layer]))
