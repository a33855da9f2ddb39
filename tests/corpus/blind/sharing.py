"""One layer, several calls: comparing towers and what is or is not shared between them."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def encoder() -> keras.Model:
    """Return the small convolutional encoder that the towers call."""
    x = keras.Input((8, 8, 1))
    h = layers.Conv2D(4, 3, activation="relu")(x)
    h = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, activation="relu")(h))
    return keras.Model(x, layers.Dense(4)(h))


def siamese(right_encoder=None) -> keras.Model:
    """Return a verifier of two pictures; the right one may have an encoder of its own."""
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    first = encoder()
    a, b = first(left), (right_encoder or first)(right)
    distance = ops.abs(layers.Subtract()([a, b]))
    return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(distance))


def question_answer(shared_rnn=False) -> keras.Model:
    """Return a matcher with one table of words and one recurrent layer for each text."""
    question, answer = keras.Input((7,), dtype="int32"), keras.Input((7,), dtype="int32")
    words = layers.Embedding(20, 5)
    reads_question = layers.LSTM(6)
    reads_answer = reads_question if shared_rnn else layers.LSTM(6)
    q, a = reads_question(words(question)), reads_answer(words(answer))
    return keras.Model([question, answer], layers.Dot(axes=1)([q, a]))


def chains(pairs) -> keras.Model:
    """Return the sum of chains of two dense layers, each layer being called in two chains."""
    x = keras.Input((4,))
    first = [layers.Dense(4, activation="tanh") for _ in range(4)]
    second = [layers.Dense(4, activation="tanh") for _ in range(4)]
    return keras.Model(x, layers.Add()([second[j](first[i](x)) for i, j in pairs]))


@PAIRS.accepted("05_weight_sharing")
def layers_called_one_by_one():
    """The shared encoder is a list of layers applied by a function instead of a model."""

    def student():
        pipeline = [layers.Conv2D(4, 3), layers.ReLU(), layers.Conv2D(6, 3), layers.ReLU()]
        pipeline += [layers.GlobalAveragePooling2D(), layers.Dense(4)]

        def embed(x):
            for layer in pipeline:
                x = layer(x)
            return x

        pictures = [keras.Input((8, 8, 1)) for _ in range(2)]
        a, b = [embed(picture) for picture in pictures]
        return keras.Model(pictures, ops.sigmoid(layers.Dense(1)(ops.absolute(a - b))))

    return student, siamese


@PAIRS.accepted("05_weight_sharing")
def siamese_class():
    """The verifier is a subclassed model that calls its one encoder on both of its inputs."""

    class Verifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.encode = encoder()
            self.decide = layers.Dense(1, activation="sigmoid")

        def call(self, inputs):
            left, right = inputs
            return self.decide(ops.abs(self.encode(left) - self.encode(right)))

    def student():
        model = Verifier()
        model([ops.zeros((2, 8, 8, 1)), ops.ones((2, 8, 8, 1))])
        return model

    return student, siamese


@PAIRS.accepted("05_weight_sharing")
def same_layer_twice_in_a_stack():
    """A Sequential model holds one layer three times, which shares it."""

    def student():
        hidden = layers.Dense(5, activation="relu")
        return keras.Sequential([keras.Input((5,)), hidden, hidden, hidden, layers.Dense(2)])

    def reference():
        x = h = keras.Input((5,))
        again = layers.Dense(5)
        for _ in range(3):
            h = layers.Activation("relu")(again(h))
        return keras.Model(x, layers.Dense(2)(h))

    return student, reference


@PAIRS.accepted("05_weight_sharing")
def cosine_by_hand():
    """The similarity is a product of vectors divided by their lengths instead of a normalised Dot."""

    def student():
        a, b = keras.Input((6,)), keras.Input((6,))
        tower = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(4)])
        u, v = tower(a), tower(b)
        u = u / ops.sqrt(ops.sum(u * u, axis=-1, keepdims=True))
        v = v / ops.sqrt(ops.sum(v * v, axis=-1, keepdims=True))
        return keras.Model([a, b], ops.sum(u * v, axis=-1, keepdims=True))

    def reference():
        a, b = keras.Input((6,)), keras.Input((6,))
        hidden, out = layers.Dense(8, activation="relu"), layers.Dense(4)
        u, v = out(hidden(a)), out(hidden(b))
        return keras.Model([a, b], layers.Dot(axes=1, normalize=True)([u, v]))

    return student, reference


@PAIRS.accepted("05_weight_sharing")
def same_chains_in_another_order():
    """Eight chains of shared layers are summed in another order, with both kinds of layers renumbered."""
    ring = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 0)]
    renumbered = [(2, 1), (0, 3), (2, 0), (3, 1), (1, 2), (3, 3), (1, 0), (0, 2)]
    return lambda: chains(renumbered), lambda: chains(ring)


@PAIRS.rejected("05_weight_sharing", "weights-not-shared")
def two_encoders():
    """The second picture gets an encoder of its own."""
    return lambda: siamese(right_encoder=encoder()), siamese


@PAIRS.rejected("05_weight_sharing", "weights-not-shared")
def new_last_layer_for_each_picture():
    """The convolutions are shared and the embedding layer is made anew for the second picture."""

    def model(share):
        left, right = keras.Input((6,)), keras.Input((6,))
        trunk = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(8, activation="relu")])
        embed = layers.Dense(3)
        a, b = embed(trunk(left)), (embed if share else layers.Dense(3))(trunk(right))
        return keras.Model([left, right], layers.Dot(axes=1, normalize=True)([a, b]))

    return lambda: model(False), lambda: model(True)


@PAIRS.rejected("05_weight_sharing", "weights-wrongly-shared")
def one_reader_for_both_texts():
    """Question and answer are read by one recurrent layer where each was to have its own."""
    return lambda: question_answer(shared_rnn=True), question_answer


@PAIRS.rejected("05_weight_sharing", "unused-input")
def picture_compared_with_itself():
    """The shared encoder is called twice on the left picture and never on the right one."""

    def student():
        left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
        encode = encoder()
        distance = ops.abs(encode(left) - encode(left))
        return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(distance))

    return student, siamese


@PAIRS.rejected("05_weight_sharing", "wrong-connection")
def chains_closed_too_early():
    """Every layer is called twice as asked, but the chains make two rings of four instead of one of eight."""
    ring = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 0)]
    two_rings = [(0, 0), (0, 1), (1, 1), (1, 0), (2, 2), (2, 3), (3, 3), (3, 2)]
    return lambda: chains(two_rings), lambda: chains(ring)


@PAIRS.rejected("05_weight_sharing", "wrong-connection")
def shared_layers_in_the_other_order():
    """The second tower calls the two shared layers in the opposite order."""

    def model(flip):
        a, b = keras.Input((6,)), keras.Input((6,))
        one, two = layers.Dense(6, activation="relu"), layers.Dense(6, activation="relu")
        u, v = two(one(a)), one(two(b)) if flip else two(one(b))
        return keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([u, v])))

    return lambda: model(True), lambda: model(False)


@PAIRS.rejected("05_weight_sharing", "wrong-connection")
def gate_from_the_other_half():
    """A shared layer's output is split in two and the gate is taken from the first half, not the second."""

    def model(swap):
        x = keras.Input((6,))
        both = layers.Dense(8)(x)
        value, gate = ops.split(both, 2, axis=-1)
        if swap:
            value, gate = gate, value
        return keras.Model(x, [both, layers.Multiply()([value, layers.Activation("sigmoid")(gate)])])

    return lambda: model(True), lambda: model(False)
