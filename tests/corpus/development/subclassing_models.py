"""Models and blocks written as classes: the same architectures in the styles classes allow."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _mlp() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(4, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )


def _conv_bn(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _two_blocks() -> keras.Model:
    image = keras.Input((8, 8, 3))
    x = _conv_bn(_conv_bn(image, 4), 6)
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def _encoder() -> keras.Model:
    series = keras.Input((7, 8))
    x = layers.LayerNormalization()(series + layers.MultiHeadAttention(2, 4)(series, series))
    y = layers.Dropout(0.1)(layers.Dense(8)(layers.Dense(16, activation="gelu")(x)))
    return keras.Model(series, layers.LayerNormalization()(x + y))


@PAIRS.accepted("03_subclassing")
def layers_in_attributes():
    """The plain form: layers made in __init__, called in call, and the training flag handed to the dropout."""

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = layers.Dense(8, activation="relu")
            self.noise = layers.Dropout(0.3)
            self.narrow = layers.Dense(4, activation="relu")
            self.head = layers.Dense(2, activation="softmax")

        def call(self, x, training=None):
            x = self.noise(self.hidden(x), training=training)
            return self.head(self.narrow(x))

    def student():
        model = Classifier()
        model(ops.zeros((1, 6)))
        return model

    return student, _mlp


@PAIRS.accepted("03_subclassing")
def dropout_only_while_training():
    """Call asks the Python flag for training itself, which is no decision on a tensor."""

    class Classifier(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.second, self.third = (layers.Dense(units) for units in (8, 4, 2))
            self.noise = layers.Dropout(0.3)

        def call(self, inputs, training=False):
            x = ops.relu(self.first(inputs))
            if training:
                x = self.noise(x, training=True)
            return ops.softmax(self.third(ops.relu(self.second(x))))

    def student():
        model = Classifier(name="classifier")
        model(keras.Input((6,)))
        return model

    return student, _mlp


@PAIRS.accepted("03_subclassing")
def layers_in_a_list():
    """The layers are kept in a list and called in a loop; the model was called on data of one row."""

    class Stack(keras.Model):
        def __init__(self, sizes):
            super().__init__()
            self.stack = [layers.Dense(sizes[0], activation="relu"), layers.Dropout(0.3)]
            self.stack.append(layers.Dense(sizes[1], activation="relu"))
            self.stack.append(layers.Dense(sizes[2], activation="softmax"))

        def call(self, x):
            for layer in self.stack:
                x = layer(x)
            return x

    def student():
        model = Stack((8, 4, 2))
        model(np.ones((1, 6), "float32"))
        return model

    return student, _mlp


@PAIRS.accepted("03_subclassing")
def layers_made_in_build():
    """The layers are made in build, which knows the width of the input, and kept in a dictionary."""

    class Lazy(keras.Model):
        def build(self, input_shape):
            width = input_shape[-1] + 2
            self.parts = {"hidden": layers.Dense(width, "relu"), "narrow": layers.Dense(width // 2, "relu")}
            self.parts["head"] = layers.Dense(2, "softmax")
            self.noise = layers.Dropout(0.3)
            self.parts["hidden"].build((None, input_shape[-1]))
            self.parts["narrow"].build((None, width))
            self.parts["head"].build((None, width // 2))

        def call(self, x):
            x = self.noise(self.parts["hidden"](x))
            return self.parts["head"](self.parts["narrow"](x))

    def student():
        model = Lazy()
        model(keras.Input((6,)))
        return model

    return student, _mlp


@PAIRS.accepted("03_subclassing")
def functional_model_in_a_subclass():
    """The subclass of Model hands inputs and outputs to super().__init__, and has no call at all."""

    class Classifier(keras.Model):
        def __init__(self, width, classes):
            inputs = keras.Input((width,))
            x = layers.Dropout(0.3)(layers.Dense(8, activation="relu")(inputs))
            x = layers.Dense(4, activation="relu")(x)
            super().__init__(inputs, layers.Dense(classes, activation="softmax")(x))

    return lambda: Classifier(6, 2), _mlp


@PAIRS.accepted("03_subclassing")
def call_traced_into_a_functional_model():
    """The model's call is run on an Input, and the Functional model of the result is returned."""

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.body = keras.Sequential(
                [layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(4, "relu")]
            )
            self.head = layers.Dense(2, "softmax")

        def call(self, x):
            return self.head(self.body(x))

    def student():
        inputs = keras.Input((6,))
        return keras.Model(inputs, Classifier().call(inputs))

    return student, _mlp


@PAIRS.accepted("03_subclassing")
def sequential_subclass():
    """A subclass of Sequential adds its own layers."""

    class Classifier(keras.Sequential):
        def __init__(self, units=(8, 4)):
            super().__init__()
            self.add(keras.Input((6,)))
            self.add(layers.Dense(units[0], activation="relu"))
            self.add(layers.Dropout(0.3))
            self.add(layers.Dense(units[1], activation="relu"))
            self.add(layers.Dense(2, activation="softmax"))

    return Classifier, _mlp


@PAIRS.accepted("03_subclassing")
def dense_layer_of_ones_own():
    """The hidden layers are a Dense layer written with add_weight and matmul."""

    class Linear(layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform")
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros")

        def call(self, x):
            return ops.matmul(x, self.kernel) + self.bias

    def student():
        return keras.Sequential([keras.Input((5,)), Linear(4), layers.ReLU(), Linear(2)])

    def reference():
        return keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(2)])

    return student, reference


@PAIRS.accepted("03_subclassing")
def block_as_a_layer():
    """The block is a Layer with get_config, wired with the Functional API."""

    @keras.saving.register_keras_serializable(package="development")
    class ConvBlock(layers.Layer):
        def __init__(self, filters, **kwargs):
            super().__init__(**kwargs)
            self.filters = filters
            self.conv = layers.Conv2D(filters, 3, padding="same", use_bias=False)
            self.norm = layers.BatchNormalization()

        def build(self, input_shape):
            self.conv.build(input_shape)
            self.norm.build(self.conv.compute_output_shape(input_shape))

        def call(self, x, training=None):
            return ops.relu(self.norm(self.conv(x), training=training))

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], self.filters)

        def get_config(self):
            return {**super().get_config(), "filters": self.filters}

    def student():
        image = keras.Input((8, 8, 3))
        x = image
        for filters in (4, 6):
            x = ConvBlock(filters)(x)
        return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))

    return student, _two_blocks


@PAIRS.accepted("03_subclassing")
def block_as_a_model_in_a_model():
    """Blocks and network are both subclasses of Model, one inside the other, the blocks in a list."""

    class Block(keras.Model):
        def __init__(self, filters):
            super().__init__()
            self.steps = [
                layers.Conv2D(filters, 3, padding="same", use_bias=False),
                layers.BatchNormalization(),
            ]

        def call(self, x):
            for step in self.steps:
                x = step(x)
            return keras.activations.relu(x)

    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Block(4), Block(6)]
            self.pool, self.head = layers.GlobalAveragePooling2D(), layers.Dense(3)

        def call(self, images):
            for block in self.blocks:
                images = block(images)
            return self.head(self.pool(images))

    def student():
        model = Network()
        model(keras.Input((8, 8, 3)))
        return model

    return student, _two_blocks


@PAIRS.accepted("03_subclassing")
def inherited_layer_with_another_default():
    """A subclass of Conv2D only fixes arguments of its parent."""

    class Conv3x3(layers.Conv2D):
        def __init__(self, filters, **kwargs):
            super().__init__(filters, kernel_size=3, padding="same", use_bias=False, **kwargs)

    def student():
        image = keras.Input((8, 8, 3))
        x = layers.ReLU()(layers.BatchNormalization()(Conv3x3(4)(image)))
        x = layers.ReLU()(layers.BatchNormalization()(Conv3x3(6)(x)))
        return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))

    return student, _two_blocks


@PAIRS.accepted("03_subclassing")
def transformer_block_as_a_layer():
    """The encoder block is a Layer around six others, as in the tutorials on text."""

    class TransformerBlock(layers.Layer):
        def __init__(self, width, heads, hidden, rate=0.1, **kwargs):
            super().__init__(**kwargs)
            self.attention = layers.MultiHeadAttention(num_heads=heads, key_dim=width // heads)
            self.ffn = keras.Sequential([layers.Dense(hidden, activation="gelu"), layers.Dense(width)])
            self.norm1, self.norm2 = layers.LayerNormalization(), layers.LayerNormalization()
            self.dropout = layers.Dropout(rate)

        def call(self, inputs, training=None):
            out1 = self.norm1(inputs + self.attention(inputs, inputs))
            return self.norm2(out1 + self.dropout(self.ffn(out1), training=training))

    def student():
        series = keras.Input((7, 8))
        return keras.Model(series, TransformerBlock(8, 2, 16)(series))

    return student, _encoder


@PAIRS.accepted("03_subclassing")
def token_and_position_embedding():
    """Words plus positions, where the positions are counted in call; the sum stands the other way round."""

    class Embed(layers.Layer):
        def __init__(self, length, vocabulary, width):
            super().__init__()
            self.words = layers.Embedding(vocabulary, width)
            self.places = layers.Embedding(length, width)

        def call(self, tokens):
            return self.places(ops.arange(ops.shape(tokens)[-1])) + self.words(tokens)

    class TokenAndPosition(layers.Layer):
        def __init__(self, maxlen, vocab_size, embed_dim):
            super().__init__()
            self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
            self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

        def call(self, x):
            maxlen = x.shape[1]
            positions = self.pos_emb(ops.arange(start=0, stop=maxlen, step=1))
            return self.token_emb(x) + positions

    def student():
        tokens = keras.Input((9,), dtype="int32")
        return keras.Model(tokens, layers.Dense(1)(layers.Flatten()(Embed(9, 20, 6)(tokens))))

    def reference():
        tokens = keras.Input((9,), dtype="int32")
        return keras.Model(tokens, layers.Dense(1)(layers.Flatten()(TokenAndPosition(9, 20, 6)(tokens))))

    return student, reference


@PAIRS.accepted("03_subclassing")
def two_inputs_as_a_tuple():
    """Call takes its two inputs apart; the model is called on a list of two Inputs."""

    class TwoTowers(keras.Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = layers.Dense(6, activation="relu"), layers.Dense(6, activation="relu")
            self.join, self.head = layers.Concatenate(), layers.Dense(1)

        def call(self, inputs):
            person, order = inputs
            return self.head(self.join([self.right(order), self.left(person)]))

    def student():
        model = TwoTowers()
        model([keras.Input((4,)), keras.Input((3,))])
        return model

    def reference():
        inputs = [keras.Input((4,)), keras.Input((3,))]
        towers = [layers.Dense(6, activation="relu")(one) for one in inputs]
        return keras.Model(inputs, layers.Dense(1)(layers.Concatenate()(towers)))

    return student, reference


@PAIRS.accepted("03_subclassing")
def choice_between_values_by_where():
    """What depends on the numbers is chosen with where, in a class and with operations alone."""

    class Clip(layers.Layer):
        def call(self, x):
            return ops.where(x > 0.0, x, 0.1 * x)

    def student():
        table = keras.Input((4,))
        return keras.Model(table, layers.Dense(2)(Clip()(layers.Dense(5)(table))))

    def reference():
        table = keras.Input((4,))
        x = layers.Dense(5)(table)
        return keras.Model(table, layers.Dense(2)(ops.where(x > 0.0, x, 0.1 * x)))

    return student, reference


@PAIRS.accepted("03_subclassing")
def recurrent_cell_of_ones_own():
    """A cell written by hand computes a SimpleRNN's step, and RNN runs it along the series."""

    class Cell(layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.state_size = self.output_size = units
            self.units = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units))
            self.recurrent = self.add_weight(shape=(self.units, self.units), initializer="orthogonal")
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros")

        def call(self, x, states):
            h = ops.tanh(ops.matmul(x, self.kernel) + self.bias + ops.matmul(states[0], self.recurrent))
            return h, [h]

    def student():
        return keras.Sequential([keras.Input((6, 3)), layers.RNN(Cell(5)), layers.Dense(2)])

    def reference():
        return keras.Sequential([keras.Input((6, 3)), layers.SimpleRNN(5), layers.Dense(2)])

    return student, reference
