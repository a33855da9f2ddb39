"""Classes of one's own that Keras cannot use."""

import keras
from keras import layers

from tests.unit.explain.programs.table import broken


class Unprepared(layers.Layer):
    def __init__(self, factor):
        self.factor = factor

    def call(self, x):
        return x * self.factor


@broken("super-not-called", "`Unprepared.__init__` does not call `super().__init__()`")
def layer_without_super():
    Unprepared(2.0)(keras.Input((4,)))


class Base(keras.Model):
    def __init__(self, units):
        self.units = units


class Heir(Base):
    def __init__(self):
        super().__init__(3)

    def call(self, x):
        return x


@broken("super-not-called", "`Base.__init__` does not call `super().__init__()`", "this `Heir`")
def base_without_super():
    Heir()(keras.Input((4,)))


class WeightInCall(layers.Layer):
    def build(self, input_shape):
        pass

    def call(self, x):
        return x * self.add_weight(shape=(4,))


@broken("state-in-call", "`WeightInCall.call` makes a weight", "`build`", "[state-created-in-call]")
def weight_in_call():
    WeightInCall()(keras.Input((4,)))


class LayerInCall(layers.Layer):
    def build(self, input_shape):
        pass

    def call(self, x):
        self.inner = layers.Dense(4)
        return self.inner(x)


@broken("state-in-call", "`LayerInCall.call` makes a layer, `self.inner`,", "`__init__`")
def layer_in_call():
    LayerInCall()(keras.Input((4,)))


class Late(layers.Layer):
    def __init__(self):
        self.inner = layers.Dense(2)
        super().__init__()


@broken(
    "super-not-called",
    "`Late.__init__` assigns `inner` before it calls `super().__init__()`",
    backends=("torch",),
)
def super_too_late():
    Late()
