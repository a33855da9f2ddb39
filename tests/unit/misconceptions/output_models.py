"""Pairs of models with several outputs: one missing, two in each other's place, a head with another activation."""

import keras
from keras import layers, ops

HEADS = {"digit": (10, "softmax"), "box": (4, "sigmoid"), "sure": (1, "sigmoid")}


def detector(outputs=("digit", "box"), pack=list, **ends):
    """Features, and a head for each output; ``ends`` give a head another activation."""
    inputs = keras.Input((16, 16, 1))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    made = {}
    for name in sorted(outputs):
        size, end = HEADS[name]
        made[name] = layers.Dense(size, ends.get(name, end), name=name)(x)
    return keras.Model(inputs, made if pack is dict else [made[name] for name in outputs])


def detector_with_swapped_keys():
    inputs = keras.Input((16, 16, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(inputs))
    digit, box = layers.Dense(10, "softmax", name="digit")(x), layers.Dense(4, "sigmoid", name="box")(x)
    return keras.Model(inputs, {"digit": box, "box": digit})


class Detector(keras.Model):
    """The detector as a class, which gives a dict."""

    def __init__(self):
        super().__init__()
        self.conv, self.pool = layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()
        self.digit, self.box = layers.Dense(10), layers.Dense(4)

    def call(self, x):
        x = self.pool(ops.relu(self.conv(x)))
        return {"box": ops.sigmoid(self.box(x)), "digit": ops.softmax(self.digit(x))}


def detector_as_a_class():
    model = Detector()
    model(keras.Input((16, 16, 1)))
    return model


def autoencoder(code=True, swapped=False, end="sigmoid", code_end=None):
    """A picture again, and the code it went through."""
    inputs = keras.Input((12, 12, 1))
    latent = layers.Dense(5, activation=code_end)(layers.Flatten()(inputs))
    picture = layers.Reshape((12, 12, 1))(layers.Dense(144, activation=end)(latent))
    outputs = [picture, latent] if code else picture
    return keras.Model(inputs, outputs[::-1] if swapped else outputs)


def variational(outputs=("mean", "spread")):
    """The two halves of a variational encoder, which look alike."""
    inputs = keras.Input((20,))
    x = layers.Dense(8, activation="relu")(inputs)
    made = {"mean": layers.Dense(2)(x), "spread": layers.Dense(2)(layers.Dense(2, activation="relu")(x))}
    return keras.Model(inputs, [made[name] for name in outputs])


def tagger(outputs=("tag", "end"), end="sigmoid", names=False):
    """A tag for each word, and whether the sentence has come to an end."""
    words = keras.Input((None,), dtype="int32")
    x = layers.GRU(6, return_sequences=True)(layers.Embedding(40, 8)(words))
    made = {
        "tag": layers.Dense(5, activation="softmax")(x),
        "end": layers.Dense(1, activation=end)(layers.GlobalMaxPooling1D()(x)),
        "states": x,
    }
    return keras.Model(words, [made[name] for name in outputs])


def single(end="softmax"):
    inputs = keras.Input((6,))
    return keras.Model(inputs, layers.Dense(3, activation=end)(layers.Dense(8, activation="relu")(inputs)))


TRIGGERS = {
    "missing-output": [
        (lambda: detector(("digit",)), detector),
        (lambda: detector(("digit", "box"), dict), lambda: detector(("digit", "box", "sure"), dict)),
        (lambda: autoencoder(code=False), autoencoder),
        (lambda: variational(("mean",)), variational),
        (lambda: tagger(("tag",)), tagger),
    ],
    "outputs-swapped": [
        (lambda: detector(("box", "digit")), detector),
        (detector_with_swapped_keys, lambda: detector(pack=dict)),
        (lambda: autoencoder(swapped=True), autoencoder),
        (lambda: variational(("spread", "mean")), variational),
        (lambda: detector(("digit", "sure", "box")), lambda: detector(("digit", "box", "sure"))),
    ],
    "wrong-head-activation": [
        (lambda: detector(box=None), detector),
        (lambda: detector(digit="sigmoid"), detector),
        (lambda: detector(box="softmax", pack=dict), lambda: detector(pack=dict)),
        (lambda: tagger(end=None), tagger),
        (lambda: autoencoder(end="tanh"), autoencoder),
    ],
}
NEAR_MISSES = {
    "missing-output": [
        (detector_as_a_class, lambda: detector(pack=dict), None),
        (lambda: detector(("digit", "box", "sure")), detector, "extra-output"),
        (lambda: tagger(("tag", "states")), tagger, "missing-layer"),
        (lambda: detector(("box", "digit")), detector, "outputs-swapped"),
    ],
    "outputs-swapped": [
        (detector_as_a_class, lambda: detector(pack=dict), None),
        (lambda: detector(("box", "digit"), dict), lambda: detector(("digit", "box"), dict), None),
        (lambda: variational(("mean", "mean")), variational, "missing-layer"),
        (lambda: detector(digit="sigmoid", box="softmax"), detector, "wrong-head-activation"),
    ],
    "wrong-head-activation": [
        (lambda: single("sigmoid"), single, "wrong-activation"),
        (lambda: detector(("box", "digit")), detector, "outputs-swapped"),
        (detector_as_a_class, lambda: detector(pack=dict), None),
        (lambda: autoencoder(code_end="relu"), autoencoder, "wrong-activation"),
    ],
}
