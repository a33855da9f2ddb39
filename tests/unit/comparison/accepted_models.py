"""Models written otherwise in a way that outputs accept, alone and beside a real slip; runs in a backend's process."""

import keras
from keras import layers, ops

from grader.api import compare, describe


class Gate(layers.Layer):
    """Decides while it runs, so that its inside is not a graph."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], shape[-1]), name="w")

    def call(self, x):
        return x @ self.w if float(ops.sum(x)) > 0 else -(-x @ self.w)


class Door(Gate):
    """The same under another name."""

    def call(self, x):
        return x @ self.w if float(ops.sum(x)) > 0 else -(-x @ self.w)


def own_relu(x):
    """What relu computes, in code that is not Keras's."""
    return x if isinstance(x, keras.KerasTensor) else ops.convert_to_tensor(abs(x) / 2 + x / 2)


def read(dtype="int32", units=6, activation="relu", block=None, name=None):
    tokens = keras.Input((10,), dtype=dtype, name=name)
    x = layers.GlobalAveragePooling1D()(layers.Embedding(50, 8)(tokens))
    x = block()(x) if block else x
    return keras.Model(tokens, layers.Dense(3)(layers.Dense(units, activation=activation)(x)))


PAIRS = {
    "a float input": lambda: (read("float32"), read()),
    "a float input and other units": lambda: (read("float32", units=7), read()),
    "a float input and another activation": lambda: (read("float32", activation="tanh"), read()),
    "another class": lambda: (read(block=Door), read(block=Gate)),
    "another class and another activation": lambda: (read(block=Door, activation="tanh"), read(block=Gate)),
    "a function of one's own": lambda: (read(activation=own_relu), read()),
    "a function of one's own and other units": lambda: (read(units=7, activation=own_relu), read()),
}


def told(pair, **options):
    found = compare(*PAIRS[pair](), **options)
    return [found.equivalent, [difference.message for difference in found.differences]]


def told_of_graphs(pair):
    found = compare(*map(describe, PAIRS[pair]()))
    return [found.equivalent, [difference.message for difference in found.differences]]
