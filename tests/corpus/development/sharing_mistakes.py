"""Mistakes with shared layers: made anew, shared too far, or compared in the wrong way."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "05_weight_sharing"


def _encoder() -> keras.Model:
    return keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(5)]
    )


def _images() -> list:
    return [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]


def _head(distance):
    return layers.Dense(1, activation="sigmoid")(distance)


def _verifier() -> keras.Model:
    encoder, pair = _encoder(), _images()
    first, second = (encoder(image) for image in pair)
    return keras.Model(pair, _head(ops.abs(first - second)))


def _triplet() -> keras.Model:
    encode = layers.Dense(4)
    triple = [keras.Input((6,)) for _ in range(3)]
    return keras.Model(triple, [encode(one) for one in triple])


@PAIRS.rejected(UNIT, "weights-not-shared")
def encoder_made_twice():
    """The function that makes the encoder is called once per image."""

    def student():
        left, right = _images()
        return keras.Model([left, right], _head(ops.abs(_encoder()(left) - _encoder()(right))))

    return student, _verifier


@PAIRS.rejected(UNIT, "weights-not-shared")
def encoder_made_from_its_config():
    """The second encoder is made from the first one's config: the same layers, other weights."""

    def student():
        left, right = _images()
        first = _encoder()
        second = keras.Sequential.from_config({**first.get_config(), "name": "second"})
        return keras.Model([left, right], _head(ops.abs(first(left) - second(right))))

    return student, _verifier


@PAIRS.rejected(UNIT, "weights-not-shared")
def weights_copied_once():
    """Two encoders start from the same weights, which set_weights copied; training will part them."""

    def student():
        left, right = _images()
        first, second = _encoder(), _encoder()
        second.set_weights(first.get_weights())
        return keras.Model([left, right], _head(ops.abs(first(left) - second(right))))

    return student, _verifier


@PAIRS.rejected(UNIT, "weights-not-shared")
def only_the_last_layer_shared():
    """The convolution is made for each image, and only the Dense layer after it is shared."""

    def student():
        pair, dense = _images(), layers.Dense(5)
        first, second = (dense(layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(one))) for one in pair)
        return keras.Model(pair, _head(ops.abs(first - second)))

    return student, _verifier


@PAIRS.rejected(UNIT, "weights-not-shared")
def layers_made_inside_the_helper():
    """The helper that encodes makes its layers each time it is called, under the names of the first."""

    def student():
        def encode(x, side):
            x = layers.Conv2D(4, 3, activation="relu", name=f"conv_{side}")(x)
            return layers.Dense(5, name=f"code_{side}")(layers.Flatten()(x))

        left, right = _images()
        return keras.Model([left, right], _head(ops.abs(encode(left, "left") - encode(right, "right"))))

    return student, _verifier


@PAIRS.rejected(UNIT, "weights-not-shared")
def two_encoders_in_a_class():
    """The subclassed verifier has an encoder for the left image, and one for the right."""

    class Verifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = _encoder(), _encoder()
            self.score = layers.Dense(1, activation="sigmoid")

        def call(self, pair):
            return self.score(ops.abs(self.left(pair[0]) - self.right(pair[1])))

    def student():
        model = Verifier()
        model(_images())
        return model

    return student, _verifier


@PAIRS.rejected(UNIT, "unused-input", also=("wrong-connection",))
def both_codes_of_the_left_image():
    """The encoder is called on the left image twice, so that every pair is equal."""

    def student():
        encoder, (left, right) = _encoder(), _images()
        return keras.Model([left, right], _head(ops.abs(encoder(left) - encoder(left))))

    return student, _verifier


@PAIRS.rejected(UNIT, "missing-layer")
def difference_with_its_sign():
    """The codes are subtracted and the difference keeps its sign: which image comes first matters."""

    def student():
        encoder, (left, right) = _encoder(), _images()
        return keras.Model([left, right], _head(encoder(left) - encoder(right)))

    return student, _verifier


@PAIRS.rejected(UNIT, "wrong-layer")
def codes_side_by_side():
    """The codes are concatenated, and the head has to learn by itself what a difference is."""

    def student():
        encoder, pair = _encoder(), _images()
        return keras.Model(pair, _head(layers.Concatenate()([encoder(image) for image in pair])))

    def reference():
        encoder, pair = _encoder(), _images()
        return keras.Model(pair, _head(layers.Subtract()([encoder(image) for image in pair])))

    return student, reference


@PAIRS.rejected(UNIT, "wrong-config")
def cosine_without_the_norm():
    """Dot is not told to normalize, so that long vectors look alike."""

    def student():
        encode, pair = layers.Dense(4), [keras.Input((6,)), keras.Input((6,))]
        return keras.Model(pair, layers.Dot(axes=1)([encode(one) for one in pair]))

    def reference():
        encode, pair = layers.Dense(4), [keras.Input((6,)), keras.Input((6,))]
        return keras.Model(pair, layers.Dot(axes=1, normalize=True)([encode(one) for one in pair]))

    return student, reference


@PAIRS.rejected(UNIT, "weights-not-shared")
def third_of_three_left_out():
    """Anchor and positive share the encoder, the negative has one of its own."""

    def student():
        encode, other = layers.Dense(4), layers.Dense(4)
        anchor, positive, negative = (keras.Input((6,)) for _ in range(3))
        return keras.Model([anchor, positive, negative], [encode(anchor), encode(positive), other(negative)])

    return student, _triplet


@PAIRS.rejected(UNIT, "outputs-swapped")
def negative_before_positive():
    """The codes of positive and negative are returned in the other order."""

    def student():
        encode = layers.Dense(4)
        triple = [keras.Input((6,)) for _ in range(3)]
        anchor, positive, negative = (encode(one) for one in triple)
        return keras.Model(triple, [anchor, negative, positive])

    return student, _triplet


@PAIRS.rejected(UNIT, "missing-output")
def anchor_and_positive_only():
    """The code of the negative is computed and not returned."""

    def student():
        encode = layers.Dense(4)
        triple = [keras.Input((6,)) for _ in range(3)]
        return keras.Model(triple, [encode(one) for one in triple][:2])

    return student, _triplet


@PAIRS.rejected(UNIT, "wrong-connection")
def symmetric_head_in_one_order():
    """The shared head is called twice on the pair in the same order, so the answer is not symmetric."""

    def student():
        encode, head = layers.Dense(5, activation="relu"), layers.Dense(1)
        pair = [keras.Input((4,)), keras.Input((4,))]
        a, b = (encode(one) for one in pair)
        votes = [head(layers.Concatenate()([a, b])), head(layers.Concatenate()([a, b]))]
        return keras.Model(pair, layers.Average()(votes))

    def reference():
        encode, head = layers.Dense(5, activation="relu"), layers.Dense(1)
        pair = [keras.Input((4,)), keras.Input((4,))]
        a, b = (encode(one) for one in pair)
        votes = [head(layers.Concatenate()([a, b])), head(layers.Concatenate()([b, a]))]
        return keras.Model(pair, layers.Average()(votes))

    return student, reference


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def photo_and_sketch_by_one_encoder():
    """Photographs and sketches were to have an encoder each, of the same form; one serves both."""

    def student():
        encoder, pair = _encoder(), _images()
        return keras.Model(pair, layers.Dot(1)([encoder(image) for image in pair]))

    def reference():
        pair = _images()
        return keras.Model(pair, layers.Dot(1)([_encoder()(image) for image in pair]))

    return student, reference


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def normalization_shared_across_branches():
    """One BatchNormalization object stands in both branches and mixes their statistics."""

    def student():
        table = keras.Input((6,))
        norm = layers.BatchNormalization()
        branches = [norm(layers.Dense(4)(table)) for _ in range(2)]
        return keras.Model(table, layers.Dense(1)(layers.Multiply()(branches)))

    def reference():
        table = keras.Input((6,))
        branches = [layers.BatchNormalization()(layers.Dense(4)(table)) for _ in range(2)]
        return keras.Model(table, layers.Dense(1)(layers.Multiply()(branches)))

    return student, reference


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def loop_that_closes_over_one_layer():
    """The hidden layer is made before the loop, where each round was to have its own."""

    def student():
        table = x = keras.Input((6,))
        hidden = layers.Dense(6, activation="relu")
        for _ in range(3):
            x = hidden(x)
        return keras.Model(table, layers.Dense(1)(x))

    def reference():
        table = x = keras.Input((6,))
        for _ in range(3):
            x = layers.Dense(6, activation="relu")(x)
        return keras.Model(table, layers.Dense(1)(x))

    return student, reference


@PAIRS.rejected(UNIT, "weights-wrongly-shared", also=("weights-not-shared",))
def sharing_across_the_wrong_pair():
    """The first layer of one tower is the second layer of the same, not the first of the other."""

    def student():
        left, right = keras.Input((4,)), keras.Input((4,))
        once, other = layers.Dense(4, activation="relu"), layers.Dense(4, activation="relu")
        return keras.Model([left, right], layers.Subtract()([once(once(left)), other(other(right))]))

    def reference():
        left, right = keras.Input((4,)), keras.Input((4,))
        first, second = layers.Dense(4, activation="relu"), layers.Dense(4, activation="relu")
        return keras.Model([left, right], layers.Subtract()([second(first(left)), second(first(right))]))

    return student, reference


@PAIRS.rejected(UNIT, "wrong-shape")
def images_of_two_sizes():
    """The right image is larger, and the shared encoder's Dense layer cannot take it."""

    def student():
        encoder = _encoder()
        left, right = keras.Input((8, 8, 1)), keras.Input((10, 10, 1))
        return keras.Model([left, right], _head(ops.abs(encoder(left) - encoder(right))))

    return student, _verifier


@PAIRS.rejected(UNIT, "unused-input", also=("wrong-connection",))
def output_of_a_stack_is_its_first_call():
    """The output attribute of a stack that was called is its first call's tensor, so the right image is not read."""

    def student():
        encoder, (left, right) = _encoder(), _images()
        return keras.Model([left, right], _head(ops.abs(encoder(left) - encoder.output)))

    return student, _verifier


@PAIRS.rejected(UNIT, "input-not-listed")
def encoder_wired_to_its_own_input():
    """The encoder's output tensor is taken for a call of it, and its own Input is not listed."""

    def student():
        own = keras.Input((8, 8, 1))
        code = layers.Dense(5)(layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(own)))
        encoder = keras.Model(own, code)
        left, right = _images()
        return keras.Model([left, right], _head(ops.abs(encoder(left) - encoder.output)))

    return student, _verifier
