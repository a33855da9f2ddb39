"""Models whose own classes hold numbers that no training changes; runs in a backend's process."""

import keras
import numpy as np
from keras import layers, ops

import grader


def sines(shape, base):
    return np.sin(np.arange(np.prod(shape)).reshape(shape) / base).astype("float32")


class Positions(layers.Layer):
    """Adds a table that is made when the layer is built: by ``assign``, by an initializer, or number by number."""

    def __init__(self, base=10.0, way="assign", **settings):
        super().__init__(**settings)
        self.base, self.way = base, way

    def build(self, shape):
        if self.way == "initializer":
            start = lambda size, dtype=None: ops.convert_to_tensor(sines(size, self.base))  # noqa: E731
            self.table = self.add_weight(shape=shape[1:], initializer=start, trainable=False)
            return
        self.table = self.add_weight(shape=shape[1:], trainable=False, name="table")
        table = sines(shape[1:], self.base)
        if self.way == "otherwise":  # the same numbers, but for their last bits
            table = (sines(shape[1:], self.base).astype("float64") * (1 + 1e-7)).astype("float32")
        self.table.assign(table)

    def call(self, x):
        return x + self.table


class Projection(layers.Layer):
    """A random matrix that is never trained."""

    def build(self, shape):
        self.matrix = self.add_weight(shape=(shape[-1], 5), initializer="random_normal", trainable=False)

    def call(self, x):
        return ops.matmul(x, self.matrix)


class Centre(layers.Layer):
    """Takes a moving mean away, and another axis's scale: statistics as Keras's own layers keep them."""

    def build(self, shape):
        self.norm = layers.BatchNormalization()
        self.norm.build(shape)

    def call(self, x, training=None):
        return self.norm(x, training=training)


def model(*steps):
    x = keras.Input((6, 4))
    y = x
    for step in steps:
        y = step(y)
    return keras.Model(x, layers.Dense(2)(y))


PAIRS = {
    "the same": (lambda: model(Positions()), lambda: model(Positions())),
    "by an initializer": (lambda: model(Positions(way="initializer")), lambda: model(Positions())),
    "with other last bits": (lambda: model(Positions(way="otherwise")), lambda: model(Positions())),
    "statistics": (lambda: model(Centre()), lambda: model(Centre())),
    "Keras's own statistics": (lambda: model(Centre()), lambda: model(layers.BatchNormalization())),
    "another base": (lambda: model(Positions(20.0)), lambda: model(Positions())),
    "another base by an initializer": (
        lambda: model(Positions(20.0, way="initializer")),
        lambda: model(Positions(way="initializer")),
    ),
    "two tables, one of another base": (
        lambda: model(Positions(10.0), Positions(30.0)),
        lambda: model(Positions(10.0), Positions(20.0)),
    ),
    "two tables, exchanged": (
        lambda: model(Positions(10.0), layers.Dense(4), Positions(20.0)),
        lambda: model(Positions(20.0), layers.Dense(4), Positions(10.0)),
    ),
    "drawn at random": (lambda: model(Projection()), lambda: model(Projection())),
}


def found():
    """Compare each pair: whether it is equivalent, and what is to be looked at."""
    comparisons = {name: grader.compare(ours(), theirs()) for name, (ours, theirs) in PAIRS.items()}
    return {name: [one.equivalent, list(one.tables)] for name, one in comparisons.items()}
