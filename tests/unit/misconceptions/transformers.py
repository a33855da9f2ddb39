"""Transformers, pre-norm and post-norm, and pre-activated residual blocks, whose light steps stand at several places."""

import keras
from keras import layers, ops


def attended(x):
    return layers.MultiHeadAttention(2, 8)(x, x)


def fed_forward(x):
    return layers.Dense(16)(layers.Dense(32, activation="gelu")(x))


def sublayer(x, compute, norm, drop):
    """Compute something of ``x`` and add it; ``norm`` and ``drop`` say where the light steps stand."""
    y = compute(layers.LayerNormalization()(x) if norm in ("pre", "shortcut too") else x)
    y = layers.Dropout(0.1)(y) if drop == "before" else y
    if norm == "shortcut too":
        x = layers.LayerNormalization()(x)
    x = layers.Add()([x, y])
    x = layers.Dropout(0.1)(x) if drop == "after" else x
    return layers.LayerNormalization()(x) if norm == "post" else x


def normed_once(x, compute):
    """Normalise, and lead the shortcut around what is computed only: it starts one step too late."""
    x = layers.LayerNormalization()(x)
    return layers.Add()([x, compute(x)])


class Positions(layers.Layer):
    """Adds an embedding of the place in the sequence."""

    def __init__(self, length, width):
        super().__init__()
        self.length = length
        self.places = layers.Embedding(length, width)

    def call(self, x):
        return x + self.places(ops.arange(0, self.length))


def classifier(norm="post", drop=None, positions=True, blocks=1):
    """Tokens, their places, a few encoder blocks, and a class."""
    tokens = keras.Input((10,), dtype="int32")
    x = layers.Embedding(50, 16)(tokens)
    if positions:
        x = Positions(10, 16)(x)
    for _ in range(blocks):
        for compute in (attended, fed_forward):
            x = normed_once(x, compute) if norm == "late" else sublayer(x, compute, norm, drop)
    return keras.Model(tokens, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def with_a_last_norm(norm="pre"):
    """An encoder block, and one more normalisation at its end where it is a pre-norm block."""
    x = inputs = keras.Input((10, 16))
    for compute in (attended, fed_forward):
        x = sublayer(x, compute, norm, None)
    return keras.Model(inputs, layers.LayerNormalization()(x) if norm == "pre" else x)


def residual(order="post", blocks=2):
    """A ResNet whose blocks normalise and activate before or after their convolutions, or at one slip's place."""

    def conv(x):
        return layers.Conv2D(8, 3, padding="same")(x)

    def normed(x):
        return layers.BatchNormalization()(x)

    inputs = keras.Input((12, 12, 3))
    x = conv(inputs)
    for _ in range(blocks):
        if order == "pre":
            y = conv(layers.ReLU()(normed(x)))
            x = layers.Add()([x, conv(layers.ReLU()(normed(y)))])
        elif order == "normed sum":
            y = conv(layers.ReLU()(normed(conv(x))))
            x = layers.ReLU()(normed(layers.Add()([x, y])))
        elif order == "activated early":
            y = normed(conv(layers.ReLU()(normed(conv(x)))))
            x = layers.Add()([x, layers.ReLU()(y)])
        else:
            y = normed(conv(layers.ReLU()(normed(conv(x)))))
            x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
