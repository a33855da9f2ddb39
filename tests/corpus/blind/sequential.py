"""Straight stacks: classifiers of images, rows and sequences."""

from __future__ import annotations

import keras
from keras import layers

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def digits_cnn(hidden="relu", flatten=True, dense_layers=1) -> keras.Model:
    """Return the classifier of digits that most pairs of this module start from."""
    model = keras.Sequential([keras.Input((16, 16, 1))])
    model.add(layers.Conv2D(6, 3, activation="relu"))
    model.add(layers.MaxPooling2D(2))
    model.add(layers.Conv2D(8, 3, activation="relu"))
    if flatten:
        model.add(layers.Flatten())
    for _ in range(dense_layers):
        model.add(layers.Dense(12, activation=hidden))
    model.add(layers.Dropout(0.4))
    model.add(layers.Dense(10, activation="softmax"))
    return model


def tabular_mlp() -> keras.Model:
    """Return a classifier of rows with normalised hidden layers."""
    return keras.Sequential(
        [
            keras.Input((9,)),
            layers.Dense(16, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(16, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@PAIRS.accepted("01_sequential")
def one_line_per_step():
    """Every activation is a layer of its own and the layers have names and other initial weights."""

    def student():
        model = keras.Sequential(name="my_first_cnn")
        model.add(keras.Input(batch_shape=(None, 16, 16, 1), name="pixels"))
        model.add(layers.Conv2D(6, (3, 3), strides=(1, 1), padding="valid", kernel_initializer="he_normal"))
        model.add(layers.Activation("relu", name="bend"))
        model.add(layers.MaxPooling2D(pool_size=(2, 2), strides=2))
        model.add(layers.Conv2D(8, kernel_size=3))
        model.add(layers.ReLU())
        model.add(layers.Flatten())
        model.add(layers.Dense(12, bias_initializer="ones"))
        model.add(layers.Activation(keras.activations.relu))
        model.add(layers.Dropout(0.4, seed=7))
        model.add(layers.Dense(10))
        model.add(layers.Softmax())
        return model

    return student, digits_cnn


@PAIRS.accepted("01_sequential")
def built_by_its_shape():
    """There is no Input, but the model is built with a shape before it is handed in."""

    def student():
        model = keras.Sequential()
        for _ in range(2):
            model.add(layers.Dense(16, use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation("relu"))
        model.add(layers.Dense(1, activation="sigmoid"))
        model.build((None, 9))
        return model

    return student, tabular_mlp


@PAIRS.accepted("01_sequential")
def padded_by_hand():
    """The borders are padded by a layer before a valid convolution instead of by the convolution."""

    def student():
        return keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                layers.ZeroPadding2D(1),
                layers.Conv2D(4, 3, activation="relu"),
                layers.ZeroPadding2D(((2, 2), (2, 2))),
                layers.Conv2D(4, 5, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(5, activation="softmax"),
            ]
        )

    def reference():
        return keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                layers.Conv2D(4, 3, padding="same", activation="relu"),
                layers.Conv2D(4, 5, padding="same", activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(5, activation="softmax"),
            ]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def stack_of_stacks():
    """Features and head are two stacks inside a third, and Reshape does the work of Flatten."""

    def student():
        features = keras.Sequential(
            [
                layers.Conv2D(6, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Conv2D(8, 3, activation="relu"),
            ]
        )
        head = [layers.Dense(12, activation="relu"), layers.Dropout(0.4), layers.Dense(10, "softmax")]
        return keras.Sequential(
            [keras.Input((16, 16, 1)), features, layers.Reshape((-1,)), keras.Sequential(head)]
        )

    return student, digits_cnn


@PAIRS.accepted("01_sequential")
def depthwise_then_pointwise():
    """Separable convolutions are written as their two halves, with the bias on the second one."""

    def student():
        model = keras.Sequential([keras.Input((12, 12, 3))])
        for filters in (6, 8):
            model.add(layers.DepthwiseConv2D(3, padding="same", use_bias=False))
            model.add(layers.Conv2D(filters, 1, activation="relu"))
        model.add(layers.GlobalMaxPooling2D())
        model.add(layers.Dense(3))
        return model

    def reference():
        return keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                layers.SeparableConv2D(6, 3, padding="same", activation="relu"),
                layers.SeparableConv2D(8, 3, padding="same", activation="relu"),
                layers.GlobalMaxPooling2D(),
                layers.Dense(3),
            ]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def leaky_by_name():
    """The leaky slope is the one the activation has by default, and in the other model a layer's argument."""

    def student():
        return keras.Sequential(
            [
                keras.Input((10,)),
                layers.Dense(8, activation="leaky_relu"),
                layers.Dense(8, activation="leaky_relu"),
                layers.Dense(2, activation="linear"),
            ]
        )

    def reference():
        return keras.Sequential(
            [
                keras.Input((10,)),
                layers.Dense(8),
                layers.LeakyReLU(negative_slope=0.2),
                layers.Dense(8),
                layers.LeakyReLU(negative_slope=0.2),
                layers.Dense(2),
            ]
        )

    return student, reference


@PAIRS.rejected("01_sequential", "missing-input")
def no_input_first():
    """The stack starts with its first Dense layer, so nothing is built."""

    def student():
        return keras.Sequential(unbuilt_layers())

    def unbuilt_layers():
        return [
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]

    def reference():
        return keras.Sequential([keras.Input((9,)), *unbuilt_layers()])

    return student, reference


@PAIRS.rejected("01_sequential", "missing-layer")
def nothing_flattens():
    """The feature maps go into the dense layers without Flatten."""
    return lambda: digits_cnn(flatten=False), digits_cnn


@PAIRS.rejected("01_sequential", "extra-layer")
def one_hidden_layer_too_many():
    """A second hidden layer of the same width was added."""
    return lambda: digits_cnn(dense_layers=2), digits_cnn


@PAIRS.rejected("01_sequential", "wrong-activation")
def hidden_layer_bent_otherwise():
    """The hidden layer has a gelu where a relu was asked for."""
    return lambda: digits_cnn(hidden="gelu"), digits_cnn


@PAIRS.rejected("01_sequential", "wrong-shape")
def pictures_of_another_size():
    """The Input is of another height and width; the global pooling hides it from the parameters."""

    def stack(size):
        return keras.Sequential(
            [
                keras.Input((size, size, 3)),
                layers.Conv2D(8, 3, activation="relu"),
                layers.Conv2D(8, 3, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(4, activation="softmax"),
            ]
        )

    return lambda: stack(28), lambda: stack(32)


@PAIRS.rejected("01_sequential", "sequential-cannot-branch")
def merge_at_the_end_of_a_stack():
    """Two towers are listed one after the other with a Concatenate that was meant to join them."""

    def student():
        return keras.Sequential(
            [
                keras.Input((6,)),
                layers.Dense(4, activation="relu"),
                layers.Dense(4, activation="tanh"),
                layers.Concatenate(),
                layers.Dense(1),
            ]
        )

    def reference():
        x = keras.Input((6,))
        both = [layers.Dense(4, activation="relu")(x), layers.Dense(4, activation="tanh")(x)]
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()(both)))

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def normalised_over_rows():
    """The batch normalisation runs over the rows of a square picture instead of its channels."""

    def stack(axis):
        return keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                layers.Conv2D(8, 3, padding="same", use_bias=False),
                layers.BatchNormalization(axis=axis),
                layers.ReLU(),
                layers.GlobalAveragePooling2D(),
                layers.Dense(2),
            ]
        )

    return lambda: stack(1), lambda: stack(-1)
