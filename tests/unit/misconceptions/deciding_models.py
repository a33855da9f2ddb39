"""Programs in which Python decides by a tensor's value, and what only looks like them.

Each row is a student's function and the reference's. PyTorch runs some of them on made-up values and raises nothing.
"""

import keras
import numpy as np
from keras import layers, ops

from tests.unit.misconceptions.construction_models import functional, two_dense


def by_if(x):
    if ops.mean(x) > 0:
        return layers.Dense(3)(x)
    return layers.Dense(3)(-x)


def by_while(x):
    while ops.sum(x) > 1:
        x = layers.Dense(8)(x)
    return x


def by_and(x):
    return layers.Dense(3)((ops.max(x) > 1 and x) or -x)


class Doubling(layers.Layer):
    """It doubles what is large: by Python's ``if``, or as the other ways say."""

    def __init__(self, way="if"):
        super().__init__()
        self.way = way

    def call(self, x, training=False):
        if self.way == "if":
            return 2.0 * x if ops.mean(x) > 1 else x
        if self.way == "training":
            return 2.0 * x if training else x
        if self.way == "shape":
            return 2.0 * x if x.shape[-1] > 4 else x
        if self.way == "cond":
            return ops.cond(ops.mean(x) > 1, lambda: 2.0 * x, lambda: x)
        return ops.where(x > 1, 2.0 * x, x)


def doubling(way):
    return functional(lambda x: layers.Dense(3)(Doubling(way)(x)))


def twice():
    x = keras.Input((8,))
    return keras.Model(x, layers.Dense(3)(2.0 * x))


def one_dense():
    x = keras.Input((8,))
    return keras.Model(x, layers.Dense(8)(x))


class Halving(layers.Layer):
    def call(self, x):
        while ops.any(x > 1):
            x = x / 2.0
        return x


class Choosing(keras.Model):
    def __init__(self):
        super().__init__()
        self.calm, self.excited = layers.Dense(3), layers.Dense(3)

    def call(self, x):
        return self.excited(x) if ops.mean(x) > 0 else self.calm(x)


def choosing():
    x = keras.Input((8,))
    return keras.Model(x, Choosing()(x))


def choosing_once_called():
    model = Choosing()
    model(np.ones((2, 8), "float32"))
    return model


def step_by_step(x):
    return layers.Dense(3)(sum(step for step in x))


def mean_by_numpy(x):
    return layers.Dense(3)(x - np.mean(x))


def truth_of_an_array(x):
    if np.arange(3) > 1:
        return layers.Dense(3)(x)
    return x


TRIGGERS = {
    "python-branch-on-tensor": [
        (functional(by_if), functional(lambda x: layers.Dense(3)(ops.where(ops.mean(x) > 0, x, -x)))),
        (functional(by_while), one_dense),
        (functional(by_and), functional(lambda x: layers.Dense(3)(ops.where(ops.max(x) > 1, x, -x)))),
        (choosing, functional(two_dense)),
        (choosing_once_called, functional(two_dense)),
        (
            doubling("if"),
            twice,
        ),
        (functional(lambda x: layers.Dense(3)(Halving()(x))), functional(lambda x: layers.Dense(3)(x / 2.0))),
    ],
}
# The third entry as in ``construction_models``.
NEAR_MISSES = {
    "python-branch-on-tensor": [
        (doubling("training"), doubling("training"), None),
        (doubling("shape"), twice, None),
        (
            doubling("where"),
            functional(lambda x: layers.Dense(3)(ops.where(x > 1, 2.0 * x, x))),
            None,
        ),
        (doubling("cond"), doubling("cond"), None),
        (functional(step_by_step), functional(two_dense), ""),
        (functional(mean_by_numpy), functional(two_dense), ""),
        (functional(truth_of_an_array), functional(two_dense), ""),
    ],
}
