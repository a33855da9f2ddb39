"""Pairs of models that share weights otherwise: twins with weights of their own, one layer for two, parts made again."""

import keras
from keras import layers, ops


def embedding(size=6):
    return keras.Sequential(
        [keras.Input((10, 10, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(size)]
    )


def siamese(twins=2, shared=True, distance="abs"):
    """Each picture through one network; what they give is compared."""
    inputs = [keras.Input((10, 10, 1)) for _ in range(twins)]
    if shared:
        network = embedding()
        codes = [network(x) for x in inputs]
    else:
        codes = [embedding()(x) for x in inputs]
    x = ops.abs(codes[0] - codes[1]) if twins == 2 else layers.Concatenate()(codes)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def siamese_written_out():
    """The layers are made once and called line by line."""
    conv, flat, dense = layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(6)
    a, b = keras.Input((10, 10, 1)), keras.Input((10, 10, 1))
    x, y = dense(flat(conv(a))), dense(flat(conv(b)))
    distance = layers.Lambda(lambda pair: ops.abs(pair[0] - pair[1]))([x, y])
    return keras.Model([a, b], layers.Dense(1, activation="sigmoid")(distance))


def siamese_half_shared():
    """The convolution is one, the last layer is not."""
    conv, flat = layers.Conv2D(4, 3), layers.Flatten()
    a, b = keras.Input((10, 10, 1)), keras.Input((10, 10, 1))
    x, y = layers.Dense(6)(flat(conv(a))), layers.Dense(6)(flat(conv(b)))
    return keras.Model([a, b], layers.Dense(1, activation="sigmoid")(ops.abs(x - y)))


def siamese_of_one_picture():
    """The network is shared, and called on the first picture both times."""
    network = embedding()
    a, b = keras.Input((10, 10, 1)), keras.Input((10, 10, 1))
    distance = ops.abs(network(a) - network(a))
    return keras.Model([a, b], layers.Dense(1, activation="sigmoid")(distance))


class Verifier(keras.Model):
    """The siamese network as a class, with one embedding or two."""

    def __init__(self, networks=1):
        super().__init__()
        self.networks = [embedding() for _ in range(networks)]
        self.head = layers.Dense(1, activation="sigmoid")

    def call(self, inputs):
        a, b = inputs
        return self.head(ops.abs(self.networks[0](a) - self.networks[-1](b)))


def verifier(networks=1):
    model = Verifier(networks)
    model([keras.Input((10, 10, 1)), keras.Input((10, 10, 1))])
    return model


def questions(tables=1, readers=2):
    """A question and an answer, looked up in one table of words, read by layers of their own."""
    ask, answer = (keras.Input((None,), dtype="int32") for _ in range(2))
    words = [layers.Embedding(30, 5) for _ in range(tables)]
    reads = [layers.GRU(4) for _ in range(readers)]
    joined = layers.Concatenate()([reads[0](words[0](ask)), reads[-1](words[-1](answer))])
    return keras.Model([ask, answer], layers.Dense(1)(joined))


def refined(rounds=3, shared=True):
    """One step taken several times over."""
    inputs = keras.Input((8,))
    step = layers.Dense(8, activation="tanh")
    x = inputs
    for _ in range(rounds):
        x = (step if shared else layers.Dense(8, activation="tanh"))(x)
    return keras.Model(inputs, layers.Dense(2)(x))


def pyramid(heads=1):
    """One head over features of two sizes."""
    inputs = keras.Input((12, 12, 3))
    wide = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    small = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(wide)
    convs = [layers.Conv2D(2, 1) for _ in range(heads)]
    return keras.Model(inputs, [convs[0](wide), convs[-1](small)])


def stacked(one=False, loop=False):
    """A stack whose middle layers look alike; ``one`` is called twice."""
    inputs = keras.Input((12,))
    x = layers.Dense(8, activation="relu")(inputs)
    if one:
        layer = layers.Dense(8, activation="relu")
        x = layer(layer(x))
    elif loop:
        for layer in [layers.Dense(8, activation="relu")] * 2:  # a list of one object, twice
            x = layer(x)
    else:
        x = layers.Dense(8, activation="relu")(layers.Dense(8, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(1)(x))


def encoder():
    return keras.Sequential(
        [keras.Input((12, 12, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(5)]
    )


def decoder():
    return keras.Sequential(
        [keras.Input((5,)), layers.Dense(144, activation="sigmoid"), layers.Reshape((12, 12, 1))]
    )


def coder(rebuilt=False, written=False):
    """An autoencoder that gives the code as well; ``rebuilt`` takes the code from an encoder made again."""
    inputs = keras.Input((12, 12, 1))
    if written:
        x = layers.Conv2D(4, 3, activation="relu")(inputs)
        code = layers.Dense(5)(layers.Flatten()(x))
    else:
        code = encoder()(inputs)
    picture = decoder()(code)
    return keras.Model(inputs, [picture, encoder()(inputs) if rebuilt else code])


def decoders(encoders=1):
    """Two decoders on one encoder: the picture again, and the filled-in one."""
    inputs = keras.Input((12, 12, 1))
    codes = [encoder()(inputs) for _ in range(encoders)]
    again = decoder()(codes[0])
    filled = layers.Reshape((12, 12, 1))(layers.Dense(144)(codes[-1]))
    return keras.Model(inputs, [again, filled])


def tasks(backbones=1):
    """A class and a box from one set of features."""
    inputs = keras.Input((16, 16, 1))

    def features():
        x = layers.Conv2D(4, 3, activation="relu")(inputs)
        return layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, activation="relu")(x))

    made = [features() for _ in range(backbones)]
    return keras.Model(inputs, [layers.Dense(10)(made[0]), layers.Dense(4)(made[-1])])


def two_sensors(same=False):
    """Two inputs through two encoders that look alike, as it was asked for."""
    a, b = keras.Input((12, 12, 1)), keras.Input((12, 12, 1))
    first = encoder()
    second = first if same else encoder()
    return keras.Model([a, b], layers.Dense(3)(layers.Concatenate()([first(a), second(b)])))


TRIGGERS = {
    "weights-not-shared": [
        (lambda: siamese(shared=False), siamese),
        (lambda: siamese(twins=3, shared=False), lambda: siamese(twins=3)),
        (siamese_half_shared, siamese),
        (lambda: verifier(2), siamese),
        (lambda: questions(tables=2), questions),
        (lambda: refined(shared=False), refined),
        (lambda: pyramid(heads=2), pyramid),
    ],
    "weights-wrongly-shared": [
        (lambda: stacked(one=True), stacked),
        (lambda: stacked(loop=True), stacked),
        (lambda: questions(readers=1), questions),
        (lambda: two_sensors(same=True), two_sensors),
        (lambda: pyramid(heads=1), lambda: pyramid(heads=2)),
    ],
    "submodel-rebuilt": [
        (lambda: coder(rebuilt=True), coder),
        (lambda: decoders(encoders=2), decoders),
        (lambda: tasks(backbones=2), tasks),
        (lambda: coder(rebuilt=True), lambda: coder(written=True)),
    ],
}
NEAR_MISSES = {
    "weights-not-shared": [
        (siamese_written_out, siamese, None),
        (verifier, siamese, None),
        (siamese_of_one_picture, siamese, "unused-input"),
        (two_sensors, two_sensors, None),
        (lambda: decoders(encoders=2), decoders, "submodel-rebuilt"),
        (lambda: refined(2), refined, "missing-layer"),
    ],
    "weights-wrongly-shared": [
        (siamese_written_out, siamese, None),
        (lambda: stacked(one=True), lambda: stacked(loop=True), None),
        (lambda: refined(shared=False), lambda: refined(shared=False), None),
        (lambda: questions(tables=2), questions, "weights-not-shared"),
        (stacked, lambda: stacked(one=True), "weights-not-shared"),
    ],
    "submodel-rebuilt": [
        (lambda: coder(written=True), coder, None),
        (lambda: siamese(shared=False), siamese, "weights-not-shared"),
        (two_sensors, two_sensors, None),
        (lambda: decoders(encoders=2), lambda: decoders(encoders=2), None),
    ],
}
