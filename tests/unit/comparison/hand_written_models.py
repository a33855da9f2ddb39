"""Layers that a class of the author's own writes out, with one slip each; runs in a backend's process."""

import keras
from keras import layers, ops

from grader.api import compare, describe


class Squeeze(layers.Layer):
    """Squeeze and excite, with weights of its own; ``slip`` is what was written otherwise."""

    def __init__(self, slip="", **kwargs):
        super().__init__(**kwargs)
        self.slip = slip

    def build(self, shape):
        self.w1 = self.add_weight(shape=(shape[-1], 6 if self.slip == "too wide" else 4), name="w1")
        self.b1 = self.add_weight(shape=(6 if self.slip == "too wide" else 4,), name="b1")
        self.w2 = self.add_weight(shape=(6 if self.slip == "too wide" else 4, shape[-1]), name="w2")
        self.b2 = self.add_weight(shape=(shape[-1],), name="b2")

    def call(self, x):
        s = ops.mean(x, axis=1)[:, 0] if self.slip == "axis" else ops.mean(x, axis=(1, 2))
        h = ops.matmul(s, self.w1)
        h = h if self.slip == "no bias" else h + self.b1
        h = ops.tanh(h) if self.slip == "activation" else ops.relu(h)
        h = ops.matmul(h, self.w2)
        h = h * self.b2 if self.slip == "times the bias" else h + self.b2
        h = h + self.b2 if self.slip == "bias twice" else h
        h = ops.reshape(ops.sigmoid(h), (-1, 1, 1, x.shape[-1]))
        return x + h if self.slip == "add" else x * h


class NoBias(layers.Layer):
    """A Dense without the bias that it should have; ``spare`` makes it, and does not use it."""

    def __init__(self, spare, **kwargs):
        super().__init__(**kwargs)
        self.spare = spare

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 5))
        if self.spare:
            self.bias = self.add_weight(shape=(5,))

    def call(self, x):
        return x @ self.kernel


class Spare(layers.Layer):
    """Doubles, and holds a weight that it never uses."""

    def build(self, shape):
        self.spare = self.add_weight(shape=(shape[-1],), name="spare")

    def call(self, x):
        return 2 * x


class Scale(layers.Layer):
    """Multiplies by a weight, which is added ``again`` or not at all."""

    def __init__(self, again=False, idle=False, **kwargs):
        super().__init__(**kwargs)
        self.again, self.idle = again, idle

    def build(self, shape):
        self.shift = self.add_weight(shape=(shape[-1],), name="shift")
        self.gain = self.add_weight(shape=(shape[-1],), name="gain")

    def call(self, x):
        y = x + self.shift + self.shift if self.again else x + self.shift
        return y if self.idle else y * self.gain


def squeezed(slip=""):
    inputs = keras.Input((8, 8, 3))
    x = Squeeze(slip)(layers.Conv2D(16, 3, activation="relu")(inputs))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def squeezed_with_layers():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(16, 3, activation="relu")(inputs)
    s = layers.Dense(4, activation="relu")(layers.GlobalAveragePooling2D()(x))
    s = layers.Reshape((1, 1, 16))(layers.Dense(16, activation="sigmoid")(s))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(layers.Multiply()([x, s]))))


def of(layer, *, width=4):
    inputs = keras.Input((width,))
    return keras.Model(inputs, layer(inputs))


PAIRS = {
    **{
        slip: lambda slip=slip: (squeezed(slip), squeezed_with_layers())
        for slip in ("", "too wide", "no bias", "activation", "times the bias", "bias twice", "add", "axis")
    },
    "a bias that is not made": lambda: (of(NoBias(spare=False)), of(layers.Dense(5))),
    "a bias that is not used": lambda: (of(NoBias(spare=True)), of(layers.Dense(5))),
    "a bias nobody asked for": lambda: (of(layers.Dense(5)), of(NoBias(spare=False))),
    "a weight added twice": lambda: (of(Scale(again=True)), of(Scale())),
    "a spare weight": lambda: (of(Spare()), of(layers.Rescaling(2))),
    "a spare weight and other units": lambda: (
        of(keras.Sequential([layers.Dense(5), Spare()])),
        of(keras.Sequential([layers.Dense(6), layers.Rescaling(2)])),
    ),
    "a weight never used": lambda: (of(Scale(idle=True)), of(Scale())),
}


def told(pair):
    found = compare(*PAIRS[pair]())
    return [
        found.equivalent,
        [difference.message for difference in found.differences],
        found.diagnoses[:1] and found.diagnoses[0].fix,
    ]


def told_of_graphs(pair):
    found = compare(*map(describe, PAIRS[pair]()))
    return [found.equivalent, [difference.message for difference in found.differences]]
