"""Plain code that needs a tensor's value."""

import keras
import numpy as np
from keras import layers, ops

from tests.unit.explain.programs.table import broken


@broken("value-needed", "Python's `if` asked whether the result of a comparison is true", "`keras.ops.where(")
def if_on_a_tensor():
    x = keras.Input((4,))
    if ops.mean(x) > 0:
        layers.Dense(2)(x)


@broken("value-needed", "Python's `while`", "`keras.ops.while_loop`", "[python-branch-on-tensor]")
def while_on_a_tensor():
    x = keras.Input((4,))
    while ops.sum(x) > 1:
        x = layers.Dense(4)(x)


@broken("value-needed")
def choice_by_and():
    x = keras.Input((4,))
    return x is not None and not x


@broken("value-needed", "went through the Input `x` element by element")
def loop_over_a_tensor():
    x = keras.Input((4, 2))
    return [layers.Dense(2)(step) for step in x]


@broken("value-needed")
def unpacked_tensor():
    x = keras.Input((2,))
    a, b = x
    return a + b


@broken("value-needed", "asked for the length of the Input `x`", "`x.shape`")
def length_of_a_tensor():
    x = keras.Input((4,))
    return len(x)


@broken("value-needed")
def number_of_a_tensor():
    x = keras.Input((4,))
    return float(ops.mean(x))


@broken("value-needed", "`np.mean` was called on the Input `x`", "belongs to NumPy")
def numpy_on_a_tensor():
    x = keras.Input((4,))
    return np.mean(x)


class Repeating(layers.Layer):
    def call(self, x):
        while ops.any(x > 0):
            x = x - 1
        return x


@broken("value-needed", "Python's `while`", "while ops.any(x > 0):", backends=("tensorflow", "jax"))
def while_in_call():
    Repeating()(keras.Input((4,)))


class Deciding(keras.Model):
    def __init__(self):
        super().__init__()
        self.calm, self.excited = layers.Dense(3), layers.Dense(3)

    def call(self, x):
        return self.excited(x) if ops.mean(x) > 0 else self.calm(x)


@broken("value-needed", "Python's `if`", "ops.mean(x) > 0", backends=("tensorflow", "jax"))
def if_while_training():
    model = Deciding()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 3), "float32"), verbose=0)


class WithNumPy(layers.Layer):
    def call(self, x):
        return np.exp(x)


@broken("value-needed", "`np.exp`", "return np.exp(x)", backends=("tensorflow", "jax"))
def numpy_in_call():
    WithNumPy()(keras.Input((4,)))
