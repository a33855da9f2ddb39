"""Stacks for small images: digit classifiers as they are written in a first lesson, and after it."""

from __future__ import annotations

import warnings

import keras
from keras import layers, ops, regularizers

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _digits() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _deep_digits() -> keras.Model:
    model = keras.Sequential([keras.Input((16, 16, 3)), layers.Rescaling(1 / 255)])
    for filters in (4, 8):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(5, activation="softmax"))
    return model


@PAIRS.accepted("01_sequential")
def digits_added_one_by_one():
    """The list became seven calls of add, the input an InputLayer, and every layer has a name."""

    def student():
        model = keras.Sequential(name="digits")
        model.add(layers.InputLayer(shape=(12, 12, 1)))
        model.add(layers.Conv2D(4, (3, 3), activation="relu", name="edges"))
        model.add(layers.MaxPooling2D(pool_size=(2, 2), name="half"))
        model.add(layers.Conv2D(8, (3, 3), activation="relu", name="shapes"))
        model.add(layers.Flatten(name="vector"))
        model.add(layers.Dropout(0.5, seed=3, name="noise"))
        model.add(layers.Dense(10, activation="softmax", name="digit"))
        return model

    return student, _digits


@PAIRS.accepted("01_sequential")
def digits_with_activations_as_layers():
    """Every activation is a layer of its own, each time of another class."""

    def student():
        return keras.Sequential(
            [
                keras.Input((12, 12, 1)),
                layers.Conv2D(4, 3),
                layers.ReLU(),
                layers.MaxPool2D(),
                layers.Conv2D(8, 3),
                layers.Activation("relu"),
                layers.Flatten(),
                layers.Dropout(0.5),
                layers.Dense(10),
                layers.Softmax(),
            ]
        )

    return student, _digits


@PAIRS.accepted("01_sequential")
def digits_wired_by_hand():
    """The stack is written with the Functional API, flattened by a Reshape to -1."""

    def student():
        pixels = keras.Input(shape=(12, 12, 1), name="pixels")
        x = layers.Conv2D(4, 3, activation=keras.activations.relu)(pixels)
        x = layers.MaxPooling2D()(x)
        x = layers.Conv2D(8, 3, activation=ops.relu)(x)
        x = layers.Reshape((-1,))(x)
        x = layers.Dropout(rate=0.5)(x)
        return keras.Model(pixels, layers.Dense(10, activation="softmax")(x))

    return student, _digits


@PAIRS.accepted("01_sequential")
def digits_in_two_nested_stacks():
    """Features and classifier are Sequential models of their own, stacked in a third."""

    def student():
        features = keras.Sequential(
            [
                keras.Input((12, 12, 1)),
                layers.Conv2D(4, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(8, 3, activation="relu"),
                layers.Flatten(),
            ],
            name="features",
        )
        classifier = keras.Sequential([layers.Dropout(0.5), layers.Dense(10, activation="softmax")])
        return keras.Sequential([keras.Input((12, 12, 1)), features, classifier])

    return student, _digits


@PAIRS.accepted("01_sequential")
def digits_with_input_shape_on_the_first_layer():
    """The first layer is told input_shape, as in the books written for Keras 2."""

    def student():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras 3 advises against it
            first = layers.Conv2D(4, 3, activation="relu", input_shape=(12, 12, 1))
        rest = [layers.MaxPooling2D(), layers.Conv2D(8, 3, activation="relu"), layers.Flatten()]
        return keras.Sequential([first, *rest, layers.Dropout(0.5), layers.Dense(10, "softmax")])

    return student, _digits


@PAIRS.accepted("01_sequential")
def digits_mended_with_pop():
    """A head of the wrong size was popped and the right one added, then the model was called once."""

    def student():
        model = keras.models.clone_model(_digits())
        model.pop()
        model.add(layers.Dense(7))
        model.pop()
        model.add(layers.Dense(10, activation="softmax", kernel_initializer="he_normal"))
        model(ops.zeros((2, 12, 12, 1)))
        return model

    return student, _digits


@PAIRS.accepted("01_sequential")
def digits_pooled_before_the_relu():
    """The relu is applied after max pooling, which gives the same numbers for less work."""

    def student():
        return keras.Sequential(
            [
                keras.Input((12, 12, 1)),
                layers.Conv2D(4, 3),
                layers.MaxPooling2D(),
                layers.ReLU(),
                layers.Conv2D(8, 3, activation="relu"),
                layers.Flatten(),
                layers.Dropout(0.5),
                layers.Dense(10, activation="softmax"),
            ]
        )

    return student, _digits


@PAIRS.accepted("01_sequential")
def defaults_spelled_out():
    """Every default is written down, the axis of the normalization counted from the front."""

    def student():
        block = {"kernel_size": (3, 3), "strides": (1, 1), "padding": "same", "dilation_rate": (1, 1)}
        stack = [keras.Input(batch_shape=(None, 16, 16, 3)), layers.Rescaling(scale=1 / 255, offset=0.0)]
        for filters in (4, 8):
            stack += [
                layers.Conv2D(filters, **block, data_format="channels_last", use_bias=False, groups=1),
                layers.BatchNormalization(axis=3, momentum=0.99, epsilon=1e-3, center=True, scale=True),
                layers.ReLU(max_value=None, negative_slope=0.0, threshold=0.0),
                layers.MaxPooling2D(pool_size=(2, 2), strides=(2, 2), padding="valid"),
            ]
        stack += [layers.GlobalAveragePooling2D(keepdims=False), layers.Dense(5, activation="softmax")]
        return keras.Sequential(stack)

    return student, _deep_digits


@PAIRS.accepted("01_sequential")
def pixels_divided_with_an_operator():
    """The images are scaled by writing x / 255, and averaged with keras.ops.mean."""

    def student():
        inputs = keras.Input((16, 16, 3))
        x = inputs / 255
        for filters in (4, 8):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = ops.relu(layers.BatchNormalization()(x))
            x = layers.MaxPooling2D()(x)
        x = ops.mean(x, axis=(1, 2))
        return keras.Model(inputs, ops.softmax(layers.Dense(5)(x)))

    return student, _deep_digits


@PAIRS.accepted("01_sequential")
def average_that_keeps_its_axes():
    """The global average keeps two axes of length one, which Flatten takes away."""

    def student():
        model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(6, 3)])
        model.add(layers.GlobalAveragePooling2D(keepdims=True))
        model.add(layers.Flatten())
        model.add(layers.Dense(3))
        return model

    def reference():
        return keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Conv2D(6, 3), layers.GlobalAveragePooling2D(), layers.Dense(3)]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def padding_as_a_layer():
    """ZeroPadding2D and a valid convolution stand for a convolution with same padding."""

    def student():
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.ZeroPadding2D(1),
                layers.Conv2D(4, 3, activation="relu"),
                layers.GlobalMaxPooling2D(),
            ]
        )

    def reference():
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3, padding="same", activation="relu"),
                layers.GlobalMaxPooling2D(),
            ]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def separable_convolution_in_two_steps():
    """A depthwise convolution without bias and a 1x1 convolution do what SeparableConv2D does."""

    def student():
        stack = [
            layers.DepthwiseConv2D(3, padding="same", use_bias=False),
            layers.Conv2D(6, 1, activation="relu"),
        ]
        return keras.Sequential([keras.Input((8, 8, 3)), *stack, layers.GlobalAveragePooling2D()])

    def reference():
        stack = [layers.SeparableConv2D(6, 3, padding="same", activation="relu")]
        return keras.Sequential([keras.Input((8, 8, 3)), *stack, layers.GlobalAveragePooling2D()])

    return student, reference


@PAIRS.accepted("01_sequential")
def regularizer_by_name():
    """The regularizer is given by name and by the older of its two spellings; the aliases of layers are used."""

    def student():
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Convolution2D(4, 3, kernel_regularizer="l2"),
                layers.LeakyReLU(negative_slope=0.2),
                layers.AvgPool2D(2),
                layers.GlobalMaxPool2D(),
                layers.Dense(2, kernel_regularizer=regularizers.l1(0.001)),
            ]
        )

    def reference():
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3, kernel_regularizer=regularizers.L2(0.01), activation="leaky_relu"),
                layers.AveragePooling2D(2),
                layers.GlobalMaxPooling2D(),
                layers.Dense(2, kernel_regularizer=regularizers.L1(0.001)),
            ]
        )

    return student, reference


@PAIRS.accepted("01_sequential")
def upscaling_stack_with_given_interpolation():
    """A stack that enlarges images names the interpolation it would have used anyway."""

    def student():
        model = keras.Sequential([keras.Input((4, 4, 8))])
        model.add(layers.UpSampling2D((2, 2), interpolation="nearest"))
        model.add(layers.Conv2D(4, 3, padding="same"))
        model.add(layers.Activation(keras.activations.gelu))
        model.add(layers.UpSampling2D(2))
        model.add(layers.Conv2D(1, 3, padding="same"))
        model.add(layers.Activation(ops.sigmoid))
        return model

    def reference():
        model = keras.Sequential([keras.Input((4, 4, 8))])
        for filters, activation in ((4, "gelu"), (1, "sigmoid")):
            model.add(layers.UpSampling2D())
            model.add(layers.Conv2D(filters, 3, padding="same", activation=activation))
        return model

    return student, reference


@PAIRS.accepted("01_sequential")
def frozen_first_convolution():
    """The first convolution is not trainable, and the normalization's statistics start elsewhere."""

    def student():
        model = _deep_digits()
        model.layers[1].trainable = False
        model.layers[2].moving_mean.assign(ops.ones((4,)))
        return model

    return student, _deep_digits
