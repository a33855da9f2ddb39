"""Pairs of models of which the sentences are read, by name; runs in a backend's process."""

import keras
import numpy as np
from keras import layers

import grader


def told(pair, **options):
    """Whether two models are the same, what is said of them, and each diagnosis's last hint."""
    student, reference = PAIRS[pair]
    found = grader.compare(student(), reference(), **options)
    return [
        found.equivalent,
        [difference.message for difference in found.differences],
        [diagnosis.hints[-1] for diagnosis in found.diagnoses],
    ]


def _stack(first=None, last=None):
    inputs = keras.Input((8,))
    x = layers.Dense(4, name=first)(inputs) + 1
    return keras.Model(inputs, layers.ReLU(name=last)(layers.Dense(2)(x)))


def _heads(*, inputs, outputs):
    """A model of two inputs and two heads, each in a list or a dict."""
    title, body = keras.Input((8,), name="title"), keras.Input((6,), name="body")
    joined = layers.Concatenate()([layers.Dense(4)(title), layers.Dense(5)(body)])
    priority = layers.Dense(1, activation="sigmoid", name="priority")(joined)
    department = layers.Dense(3, activation="softmax", name="department")(joined)
    return keras.Model(
        {"title": title, "body": body} if inputs is dict else [title, body],
        {"priority": priority, "department": department} if outputs is dict else [priority, department],
    )


def _around(between):
    """A Dense layer, what stands between, and another Dense layer."""
    inputs = keras.Input((6, 4))
    return keras.Model(inputs, layers.Dense(3)(between(layers.Dense(4)(inputs))))


def _between(student, reference):
    return (lambda: _around(student), lambda: _around(reference))


def _two_blocks(first_relu):
    """Two residual blocks in one: the sum takes what the first or the second activation gives."""
    inputs = keras.Input((8, 8, 4))
    stem = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(inputs))
    block = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(stem))
    x = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(block))
    x = layers.Conv2D(4, 3, padding="same")(x)
    return keras.Model(inputs, layers.ReLU()(layers.Add()([x, stem if first_relu else block])))


class Sampling(layers.Layer):
    def __init__(self, noise=True, **options):
        super().__init__(**options)
        self.noise = noise
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_variance = inputs
        width = keras.ops.exp(0.5 * log_variance)
        if not self.noise:
            return mean + width
        return mean + width * keras.random.normal(keras.ops.shape(mean), seed=self.seed_generator)


def _encoder(taken="mv", given="mvz", sampling=None):
    """Mean and logarithmic variance, by letter, in the order in which they are sampled and given."""
    inputs = keras.Input((8,))
    made = {
        "m": layers.Dense(2, name="z_mean")(inputs),
        "v": layers.Dense(2, name="z_log_var")(inputs),
    }
    made["z"] = (sampling or Sampling())([made[letter] for letter in taken])
    return keras.Model(inputs, [made[letter] for letter in given])


def _table(length, changed=0.0):
    numbers = np.arange(4.0 * length, dtype="float32").reshape(length, 4)
    numbers[-1, 2] += changed
    return numbers


def _swishing(x):
    return x * keras.ops.sigmoid(x * 1.7)


PAIRS = {
    "a shortcut from before the block": (lambda: _two_blocks(True), lambda: _two_blocks(False)),
    "a shortcut from inside the block": (lambda: _two_blocks(False), lambda: _two_blocks(True)),
    "sampled the wrong way round": (lambda: _encoder(taken="vm"), _encoder),
    "given the wrong way round": (lambda: _encoder(given="vmz"), _encoder),
    "a ReLU without its bound": _between(layers.ReLU(), layers.ReLU(max_value=20)),
    "a ReLU with a bound": _between(layers.ReLU(max_value=20), layers.ReLU()),
    "a ReLU with another threshold": _between(
        layers.ReLU(max_value=2, threshold=0.5), layers.ReLU(max_value=2, threshold=1)
    ),
    "other numbers in a small table": _between(lambda x: x + _table(6, 0.5), lambda x: x + _table(6)),
    "other numbers in a large table": _between(
        lambda x: keras.ops.reshape(x, (-1, 1, 24)) + np.tile(_table(6, 0.5), (4, 6)),
        lambda x: keras.ops.reshape(x, (-1, 1, 24)) + np.tile(_table(6), (4, 6)),
    ),
    "a tiny number added": _between(lambda x: x + 1e-12, lambda x: x + 1e-3),
    "scaled by one number, not shifted": _between(lambda x: x / 255.0, lambda x: x / 127.5 - 1),
    "not taken from one": _between(lambda x: x, lambda x: 1 - x),
    "the largest for the mean": _between(
        lambda x: keras.ops.max(x, 1, keepdims=True), lambda x: keras.ops.mean(x, 1, keepdims=True)
    ),
    "the mean not taken off": _between(lambda x: x, lambda x: x - keras.ops.mean(x, 1, keepdims=True)),
    "two means, one bent": _between(
        lambda x: layers.ReLU()(keras.ops.mean(x, 1, keepdims=True)) * keras.ops.max(x, 1, keepdims=True),
        lambda x: keras.ops.tanh(keras.ops.mean(x, 1, keepdims=True)) * keras.ops.max(x, 1, keepdims=True),
    ),
    "a Rescaling layer set otherwise": _between(layers.Rescaling(0.5), layers.Rescaling(0.25)),
    "a lambda as activation": _between(
        layers.Activation("gelu"), layers.Activation(lambda x: x * keras.ops.sigmoid(x * 1.7))
    ),
    "a function as activation": _between(layers.Activation("gelu"), layers.Activation(_swishing)),
    "named by Keras twice": (_stack, _stack),
    "named by Keras and by hand": (_stack, lambda: _stack("encoder")),
    "named by hand and by Keras": (lambda: _stack("encoder", "bend"), lambda: _stack("encoder")),
    "all in a dict for lists": (
        lambda: _heads(inputs=dict, outputs=dict),
        lambda: _heads(inputs=list, outputs=list),
    ),
    "outputs in a list for a dict": (
        lambda: _heads(inputs=list, outputs=list),
        lambda: _heads(inputs=list, outputs=dict),
    ),
}
