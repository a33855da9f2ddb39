"""Mistakes in ``call``: layers made and not called, called twice, in another order, or on the wrong tensor."""

from __future__ import annotations

import warnings

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _built(model: keras.Model, *shape: int) -> keras.Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of layers that call does not reach
        model(keras.Input(shape))
    return model


def _three_layers() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(6, activation="relu"),
            layers.Dense(6, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(2),
        ]
    )


class _Three(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(6, activation="relu")
        self.second = layers.Dense(6, activation="relu")
        self.noise = layers.Dropout(0.4)
        self.head = layers.Dense(2)


@PAIRS.rejected("03_subclassing", "missing-layer", also=("dead-branch",))
def layer_made_and_never_called():
    """The second hidden layer stands in __init__, and call passes it by."""

    class Classifier(_Three):
        def call(self, x):
            return self.head(self.noise(self.first(x)))

    return lambda: _built(Classifier(), 6), _three_layers


@PAIRS.rejected("03_subclassing", "weights-wrongly-shared")
def first_called_for_the_second():
    """Call names the first layer twice, and the second one never."""

    class Classifier(_Three):
        def call(self, x):
            return self.head(self.noise(self.first(self.first(x))))

    return lambda: _built(Classifier(), 6), _three_layers


@PAIRS.rejected("03_subclassing", "weights-wrongly-shared")
def one_block_object_in_a_list():
    """The list of blocks is made by multiplication, so that it holds one block three times."""

    class Deep(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [layers.Dense(5, activation="tanh")] * 3
            self.head = layers.Dense(1)

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.head(x)

    def reference():
        blocks = [layers.Dense(5, activation="tanh") for _ in range(3)]
        return keras.Sequential([keras.Input((5,)), *blocks, layers.Dense(1)])

    return lambda: _built(Deep(), 5), reference


@PAIRS.rejected("03_subclassing", "wrong-connection", also=("dead-branch",))
def result_of_the_second_thrown_away():
    """Both hidden layers are called on the input; the first one's result is lost."""

    class Classifier(_Three):
        def call(self, inputs):
            x = self.first(inputs)
            x = self.second(inputs)
            return self.head(self.noise(x))

    return lambda: _built(Classifier(), 6), _three_layers


@PAIRS.rejected("03_subclassing", "wrong-connection")
def dropout_before_the_second_layer():
    """The dropout comes one layer too early."""

    class Classifier(_Three):
        def call(self, x):
            return self.head(self.second(self.noise(self.first(x))))

    return lambda: _built(Classifier(), 6), _three_layers


@PAIRS.rejected("03_subclassing", "missing-layer")
def dropout_never_reached():
    """The dropout is applied when training is False, which turns it off for good."""

    class Classifier(_Three):
        def call(self, x, training=None):
            x = self.second(self.first(x))
            if not training:
                x = self.noise(x, training=training)
            return self.head(x)

    return lambda: _built(Classifier(), 6), _three_layers


@PAIRS.rejected("03_subclassing", "missing-layer")
def normalization_that_call_forgot():
    """The block's normalization is made and built, holds weights, and takes no part."""

    class Block(layers.Layer):
        def __init__(self, filters):
            super().__init__()
            self.conv = layers.Conv2D(filters, 3, padding="same", use_bias=False)
            self.norm = layers.BatchNormalization()

        def build(self, shape):
            self.conv.build(shape)
            self.norm.build(self.conv.compute_output_shape(shape))

        def call(self, x):
            return ops.relu(self.conv(x))

    def student():
        return keras.Sequential([keras.Input((6, 6, 1)), Block(4), layers.GlobalAveragePooling2D()])

    def reference():
        conv = layers.Conv2D(4, 3, padding="same", use_bias=False)
        stack = [conv, layers.BatchNormalization(), layers.ReLU(), layers.GlobalAveragePooling2D()]
        return keras.Sequential([keras.Input((6, 6, 1)), *stack])

    return student, reference


@PAIRS.rejected("03_subclassing", "wrong-activation")
def activation_kept_and_not_used():
    """The block takes an activation as an argument and always applies relu."""

    class Block(layers.Layer):
        def __init__(self, units, activation="gelu"):
            super().__init__()
            self.dense, self.activation = layers.Dense(units), keras.activations.get(activation)

        def call(self, x):
            return ops.relu(self.dense(x))

    def student():
        return keras.Sequential([keras.Input((5,)), Block(4, "gelu"), layers.Dense(1)])

    def reference():
        return keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="gelu"), layers.Dense(1)])

    return student, reference


@PAIRS.rejected("03_subclassing", "wrong-config")
def argument_kept_and_not_used():
    """The block takes its filters as an argument and has eight whatever is asked for."""

    class Block(layers.Layer):
        def __init__(self, filters, **kwargs):
            super().__init__(**kwargs)
            self.filters, self.conv = filters, layers.Conv2D(8, 3, padding="same")

        def call(self, x):
            return self.conv(x)

    def student():
        image = keras.Input((6, 6, 1))
        return keras.Model(image, layers.GlobalMaxPooling2D()(Block(4)(image)))

    def reference():
        image = keras.Input((6, 6, 1))
        return keras.Model(image, layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, padding="same")(image)))

    return student, reference


@PAIRS.rejected("03_subclassing", "missing-skip")
def block_without_its_shortcut():
    """The block returns its last layer's result; what came in is not added to it."""

    class Block(layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.dense = layers.Dense(units, activation="relu")

        def call(self, x):
            return self.dense(x)

    def student():
        table = keras.Input((5,))
        return keras.Model(table, layers.Dense(1)(Block(5)(table)))

    def reference():
        table = keras.Input((5,))
        return keras.Model(table, layers.Dense(1)(table + layers.Dense(5, activation="relu")(table)))

    return student, reference


@PAIRS.rejected("03_subclassing", "unused-input", also=("wrong-connection",))
def attention_on_itself_for_both():
    """The decoder layer's second attention looks at the target again, and never at the source."""

    class Decoder(layers.Layer):
        def __init__(self):
            super().__init__()
            self.own, self.cross = layers.MultiHeadAttention(2, 4), layers.MultiHeadAttention(2, 4)

        def call(self, target, source):
            x = target + self.own(target, target, use_causal_mask=True)
            return x + self.cross(x, x)

    class Right(Decoder):
        def call(self, target, source):
            x = target + self.own(target, target, use_causal_mask=True)
            return x + self.cross(x, source)

    def build(layer):
        target, source = keras.Input((5, 8)), keras.Input((5, 8))
        return keras.Model([target, source], layer()(target, source))

    return lambda: build(Decoder), lambda: build(Right)


@PAIRS.rejected("03_subclassing", "missing-output")
def attention_weights_not_handed_out():
    """Call was to return the scores beside the result, and returns the result alone."""

    class Look(keras.Model):
        def __init__(self):
            super().__init__()
            self.attention, self.head = layers.MultiHeadAttention(2, 4), layers.Dense(2)

        def call(self, x):
            y, _scores = self.attention(x, x, return_attention_scores=True)
            return self.head(y)

    def reference():
        series = keras.Input((5, 8))
        x, scores = layers.MultiHeadAttention(2, 4)(series, series, return_attention_scores=True)
        return keras.Model(series, [layers.Dense(2)(x), scores])

    return lambda: _built(Look(), 5, 8), reference


@PAIRS.rejected("03_subclassing", "wrong-config", also=("wrong-shape",))
def row_cut_into_other_pieces():
    """Call cuts a row into two pieces of eight, where four pieces of four were asked for."""

    class Pieces(layers.Layer):
        def call(self, x):
            return ops.reshape(x, (-1, 2, 8))

    def student():
        table = keras.Input((16,))
        return keras.Model(table, layers.GRU(3)(Pieces()(table)))

    def reference():
        table = keras.Input((16,))
        return keras.Model(table, layers.GRU(3)(layers.Reshape((4, 4))(table)))

    return student, reference


@PAIRS.rejected("03_subclassing", "wrong-connection", also=("wrong-activation",))
def sigmoid_of_a_product_for_a_gate():
    """The gate is multiplied into the value before the sigmoid, inside a custom layer."""

    class Gate(layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.value, self.gate = layers.Dense(units), layers.Dense(units)

        def call(self, x):
            return ops.sigmoid(self.value(x) * self.gate(x))

    def student():
        table = keras.Input((6,))
        return keras.Model(table, layers.Dense(2)(Gate(8)(table)))

    def reference():
        table = keras.Input((6,))
        gated = layers.Dense(8)(table) * layers.Dense(8, activation="sigmoid")(table)
        return keras.Model(table, layers.Dense(2)(gated))

    return student, reference
