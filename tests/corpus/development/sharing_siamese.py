"""Siamese and triplet networks, and other models that call one encoder several times."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "05_weight_sharing"


def _steps() -> list[layers.Layer]:
    return [
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(5),
    ]


def _images(number: int = 2) -> list:
    return [keras.Input((8, 8, 1)) for _ in range(number)]


def _verifier() -> keras.Model:
    """Absolute differences of two codes, then one number."""
    encoder = keras.Sequential([keras.Input((8, 8, 1)), *_steps()])
    left, right = _images()
    distance = ops.absolute(encoder(left) - encoder(right))
    return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(distance))


def _cosine() -> keras.Model:
    encoder = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(4)])
    pair = [keras.Input((6,)), keras.Input((6,))]
    return keras.Model(pair, layers.Dot(axes=1, normalize=True)([encoder(one) for one in pair]))


def _triplet() -> keras.Model:
    encoder = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(4)])
    triple = [keras.Input((6,)) for _ in range(3)]
    anchor, positive, negative = (encoder(one) for one in triple)
    near = ops.sum(ops.square(anchor - positive), axis=-1)
    far = ops.sum(ops.square(anchor - negative), axis=-1)
    return keras.Model(triple, [near, far])


@PAIRS.accepted(UNIT)
def encoder_as_a_functional_model():
    """The shared encoder is a Functional model, called on both images in a list comprehension."""

    def student():
        image = x = keras.Input((8, 8, 1))
        for step in _steps():
            x = step(x)
        encoder = keras.Model(image, x, name="encoder")
        pair = _images()
        first, second = (encoder(one) for one in pair)
        score = layers.Dense(1)(ops.abs(layers.Subtract()([first, second])))
        return keras.Model(pair, layers.Activation("sigmoid")(score))

    return student, _verifier


@PAIRS.accepted(UNIT)
def encoder_as_loose_layers():
    """There is no encoder model: the same layer objects are called one after the other, twice."""

    def student():
        conv, pool, flat, dense = _steps()
        left, right = _images()
        first = dense(flat(pool(conv(left))))
        second = dense(flat(pool(conv(right))))
        return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(abs(first - second)))

    return student, _verifier


@PAIRS.accepted(UNIT)
def encoder_as_a_function_over_shared_layers():
    """A function that closes over layers made outside it is called on each image."""

    def student():
        steps = _steps()

        def encode(x):
            for step in steps:
                x = step(x)
            return x

        left, right = _images()
        distance = layers.Lambda(ops.abs)(layers.subtract([encode(left), encode(right)]))
        return keras.Model((left, right), layers.Dense(1, activation="sigmoid")(distance))

    return student, _verifier


@PAIRS.accepted(UNIT)
def encoder_as_a_layer_class():
    """The encoder is a subclassed layer that is made once and called twice."""

    class Encoder(layers.Layer):
        def __init__(self):
            super().__init__()
            self.steps = _steps()

        def call(self, x):
            for step in self.steps:
                x = step(x)
            return x

    def student():
        encoder = Encoder()
        left, right = _images()
        distance = ops.abs(encoder(left) - encoder(right))
        return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(distance))

    return student, _verifier


@PAIRS.accepted(UNIT)
def whole_verifier_as_a_class():
    """The Siamese network is one subclass of Model; the codes are subtracted the other way round."""

    class Verifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = keras.Sequential(_steps())
            self.score = layers.Dense(1, activation="sigmoid")

        def call(self, pair):
            left, right = pair
            return self.score(ops.abs(self.encoder(right) - self.encoder(left)))

    def student():
        model = Verifier()
        model(_images())
        return model

    return student, _verifier


@PAIRS.accepted(UNIT)
def both_images_through_time_distributed():
    """The images are stacked, encoded by one TimeDistributed call, and taken apart again."""

    def student():
        encoder = keras.Sequential([keras.Input((8, 8, 1)), *_steps()])
        pair = _images()
        codes = layers.TimeDistributed(encoder)(ops.stack(pair, axis=1))
        distance = ops.abs(codes[:, 0] - codes[:, 1])
        return keras.Model(pair, layers.Dense(1, activation="sigmoid")(distance))

    return student, _verifier


@PAIRS.accepted(UNIT)
def cosine_by_hand():
    """The codes are normalized by a layer and multiplied; Dot was to do both."""

    def student():
        encoder = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(4)])
        pair = [keras.Input((6,)), keras.Input((6,))]
        unit = layers.UnitNormalization()
        first, second = (unit(encoder(one)) for one in pair)
        return keras.Model(pair, ops.sum(first * second, axis=-1, keepdims=True))

    return student, _cosine


@PAIRS.accepted(UNIT)
def cosine_with_the_pair_exchanged():
    """The product of the codes does not mind which comes first."""

    def student():
        hidden, code = layers.Dense(8), layers.Dense(4)
        pair = [keras.Input((6,)), keras.Input((6,))]
        first, second = (code(keras.activations.relu(hidden(one))) for one in pair)
        return keras.Model(pair, layers.Dot(axes=-1, normalize=True)([second, first]))

    return student, _cosine


@PAIRS.accepted(UNIT)
def triplet_with_powers():
    """The squares are written as a power, and the encoder is called in another order."""

    def student():
        encoder = keras.Sequential([layers.Dense(8), layers.ReLU(), layers.Dense(4)], name="encoder")
        anchor, positive, negative = (keras.Input((6,)) for _ in range(3))
        codes = {name: encoder(x) for name, x in (("n", negative), ("p", positive), ("a", anchor))}
        far = ops.sum((codes["a"] - codes["n"]) ** 2, axis=1)
        near = ops.sum((codes["p"] - codes["a"]) ** 2, axis=1)
        return keras.Model([anchor, positive, negative], [near, far])

    return student, _triplet


@PAIRS.accepted(UNIT)
def triplet_by_products_of_a_difference():
    """A square is the difference times itself."""

    def student():
        shared = [layers.Dense(8, activation="relu"), layers.Dense(4)]
        triple = [keras.Input((6,)) for _ in range(3)]
        anchor, positive, negative = (shared[1](shared[0](one)) for one in triple)

        def squared_distance(first, second):
            gap = first - second
            return ops.sum(layers.Multiply()([gap, gap]), axis=-1)

        return keras.Model(triple, [squared_distance(anchor, positive), squared_distance(anchor, negative)])

    return student, _triplet


@PAIRS.accepted(UNIT)
def symmetric_head():
    """One head sees the pair in both orders, and the two answers are averaged in either order."""

    def student():
        encode, head = layers.Dense(5, activation="relu"), layers.Dense(1)
        left, right = keras.Input((4,)), keras.Input((4,))
        a, b = encode(left), encode(right)
        backward, forward = head(ops.concatenate([b, a], axis=1)), head(ops.concatenate([a, b], axis=-1))
        return keras.Model([left, right], (backward + forward) * 0.5)

    def reference():
        encode, head = layers.Dense(5, activation="relu"), layers.Dense(1)
        pair = [keras.Input((4,)), keras.Input((4,))]
        a, b = (encode(one) for one in pair)
        votes = [head(layers.Concatenate()([a, b])), head(layers.Concatenate()([b, a]))]
        return keras.Model(pair, layers.Average()(votes))

    return student, reference


@PAIRS.accepted(UNIT)
def same_layer_twice_in_a_stack():
    """A Sequential model holds one layer three times, which shares it; the reference calls it in a loop."""

    def student():
        turn = layers.Dense(6, activation="tanh")
        return keras.Sequential([keras.Input((6,)), turn, turn, turn, layers.Dense(1)])

    def reference():
        state = inputs = keras.Input((6,))
        turn = layers.Dense(6, activation="tanh")
        for _ in range(3):
            state = turn(state)
        return keras.Model(inputs, layers.Dense(1)(state))

    return student, reference


@PAIRS.accepted(UNIT)
def shared_body_taken_from_a_larger_model():
    """The shared encoder is cut out of a trained classifier by its layers' outputs."""

    def student():
        classifier = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu")])
        classifier.add(layers.Dense(4, name="code"))
        classifier.add(layers.Dense(10, activation="softmax"))
        encoder = keras.Model(classifier.inputs, classifier.get_layer("code").output)
        pair = [keras.Input((6,)), keras.Input((6,))]
        return keras.Model(pair, layers.Dot(1, normalize=True)([encoder(one) for one in pair]))

    return student, _cosine


@PAIRS.accepted(UNIT)
def relation_of_three_with_one_comparer():
    """One encoder and one comparer serve three candidates; the scores are joined in the order asked for."""

    def student():
        encode, compare = layers.Dense(5, activation="relu"), layers.Dense(1)
        query, *candidates = [keras.Input((4,)) for _ in range(4)]
        asked = encode(query)
        scores = [compare(layers.Multiply()([encode(one), asked])) for one in candidates]
        return keras.Model([query, *candidates], layers.Softmax()(ops.concatenate(scores, axis=1)))

    def reference():
        encode, compare = layers.Dense(5, activation="relu"), layers.Dense(1)
        inputs = [keras.Input((4,)) for _ in range(4)]
        codes = [encode(one) for one in inputs]
        scores = [compare(codes[0] * code) for code in codes[1:]]
        return keras.Model(inputs, layers.Activation("softmax")(layers.Concatenate()(scores)))

    return student, reference
