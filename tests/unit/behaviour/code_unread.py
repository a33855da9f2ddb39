"""Pairs of models whose code cannot be read as a graph: of one name and equal settings, and the same or not."""

import keras
import numpy as np
from keras import layers, ops

import grader


def sampled(scale=0.5, draw="normal", activation="relu"):
    class Autoencoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = layers.Dense(8, activation=activation)
            self.mean, self.log, self.out = layers.Dense(2), layers.Dense(2), layers.Dense(6)

        def call(self, x):
            hidden = self.hidden(x)
            mean = self.mean(hidden)
            noise = getattr(keras.random, draw)(ops.shape(mean))
            return self.out(mean + ops.exp(scale * self.log(hidden)) * noise)

    model = Autoencoder()
    model(np.zeros((2, 6), "float32"))
    return model


def layered(make):
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(2)(make()(layers.Dense(4)(x))))


def repeated(rounds=3):
    class Repeated(layers.Layer):
        def call(self, x):
            return ops.fori_loop(0, rounds, lambda _, h: ops.tanh(2 * h), x)

    return layered(Repeated)


def chosen(swapped=False):
    class Chosen(layers.Layer):
        def call(self, x):
            ways = (lambda: x * 2, lambda: x + 1)
            return ops.cond(ops.mean(x) > 0, *(ways[::-1] if swapped else ways))

    return layered(Chosen)


def noisy(size=1.0):
    return layered(lambda: layers.Lambda(lambda x: x + size * keras.random.normal(ops.shape(x))))


def activated(bend=1.0):
    def squash(x):
        return x / (bend + ops.abs(x))

    return layered(lambda: layers.Dense(4, activation=squash))


def unsteady():
    """Another answer at every run, whoever is asked."""

    class Unsteady(layers.Layer):
        def call(self, x):
            values = keras.ops.convert_to_numpy(x)  # which nobody can follow
            return x + float(np.random.default_rng().random() + 0 * values.mean())

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    return layered(Unsteady)


APART = {
    "noise of another size": lambda: (sampled(1.0), sampled()),
    "noise of another kind": lambda: (sampled(draw="uniform"), sampled()),
    "another activation beside it": lambda: (sampled(activation="tanh"), sampled()),
    "a round more": lambda: (repeated(4), repeated(3)),
    "the ways of a choice swapped": lambda: (chosen(True), chosen()),
    "another function in a Lambda": lambda: (noisy(3.0), noisy()),
    "another activation function of one name": lambda: (activated(2.0), activated()),
}
SAME = {
    "noise": lambda: (sampled(), sampled()),
    "rounds": lambda: (repeated(), repeated()),
    "a choice": lambda: (chosen(), chosen()),
    "a Lambda": lambda: (noisy(), noisy()),
    "an activation function": lambda: (activated(), activated()),
    "other numbers at every run": lambda: (unsteady(), unsteady()),
}


# Keras on JAX cannot follow random numbers of an open length, nor build what draws them.
ON_VALUES = (
    "another function in a Lambda",
    "a Lambda",
    "noise",
    "noise of another size",
    "noise of another kind",
    "another activation beside it",
)


def compared(which):
    """Compare every pair of a table: whether it is equivalent, the first message, and what is said in all."""
    found = {}
    for name, pair in {"apart": APART, "same": SAME}[which].items():
        if keras.backend.backend() == "jax" and name in ON_VALUES:
            continue
        result = grader.compare(*pair())
        messages = [difference.message for difference in result.differences]
        found[name] = [result.equivalent, messages, str(result)]
    return found


def from_graphs():
    """Compare two graphs alone, of which nothing can be run."""
    one, two = (grader.describe(model) for model in (repeated(4), repeated(3)))
    return str(grader.compare(one, two))
