"""Mistakes in stacks for small images: a step left out, a setting, or more than a stack can hold."""

from __future__ import annotations

import keras
from keras import layers

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _stack(*steps, shape=(12, 12, 1)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *steps])


def _digits() -> keras.Model:
    return _stack(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    )


def _normalized() -> keras.Model:
    return _stack(
        layers.Conv2D(4, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10),
    )


@PAIRS.rejected("01_sequential", "wrong-activation")
def second_convolution_left_linear():
    """Only the first convolution has its relu."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "wrong-activation", also=("wrong-head-activation",))
def ten_classes_with_sigmoid():
    """The ten classes exclude each other, and each got a sigmoid of its own."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="sigmoid"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "wrong-activation", also=("extra-layer",))
def softmax_of_a_softmax():
    """The last layer has a softmax, and a Softmax layer follows."""

    def student():
        model = _digits()
        model.add(layers.Softmax())
        return model

    return student, _digits


@PAIRS.rejected("01_sequential", "missing-layer")
def dropout_left_out():
    """Flatten is followed by the head at once: the parameters are the same, the training is not."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "missing-layer")
def image_never_flattened():
    """The head is applied at every pixel, because nothing made a vector of the image."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "extra-layer")
def one_more_pooling():
    """A pooling follows the second convolution too."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "wrong-layer")
def average_pooling_for_max_pooling():
    """The image is halved by averaging."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.AveragePooling2D(2),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "wrong-layer")
def channels_dropped_for_numbers():
    """SpatialDropout2D drops whole channels, where single numbers were to be dropped."""

    def student():
        return _stack(layers.Conv2D(4, 3), layers.SpatialDropout2D(0.3), layers.Flatten(), layers.Dense(2))

    def reference():
        return _stack(layers.Conv2D(4, 3), layers.Dropout(0.3), layers.Flatten(), layers.Dense(2))

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def as_many_filters_in_both():
    """The second convolution has the first one's number of filters."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "wrong-config")
def kernel_larger_than_the_image():
    """A kernel of 9 where 3 was asked for finds no room in what pooling left, and Keras raises."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 9, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        )

    return student, _digits


@PAIRS.rejected("01_sequential", "wrong-config")
def stride_forgotten():
    """The second convolution does not halve the image; the global average hides it in every shape after."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        )

    return student, _normalized


@PAIRS.rejected("01_sequential", "wrong-config")
def normalization_over_the_rows():
    """The statistics are taken per row of the image, axis 1, where one per channel was asked for."""

    def student():
        return _stack(layers.Conv2D(10, 3), layers.BatchNormalization(axis=1), layers.GlobalMaxPooling2D())

    def reference():
        return _stack(layers.Conv2D(10, 3), layers.BatchNormalization(), layers.GlobalMaxPooling2D())

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-config")
def dropout_rate_read_as_kept_share():
    """The rate is the share that is kept, as in an old paper, not the share that is dropped."""

    def student():
        return _stack(
            layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dropout(0.8), layers.Dense(2)
        )

    def reference():
        return _stack(
            layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dropout(0.2), layers.Dense(2)
        )

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-connection")
def normalization_after_the_relu():
    """In the first of two blocks the relu comes before the normalization."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.ReLU(),
            layers.BatchNormalization(),
            layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        )

    return student, _normalized


@PAIRS.rejected("01_sequential", "wrong-layer")
def flattened_instead_of_averaged():
    """All numbers of the last feature map go to the head, not their averages."""

    def student():
        model = _normalized()
        model.pop()
        model.pop()
        model.add(layers.Flatten())
        model.add(layers.Dense(10))
        return model

    return student, _normalized


@PAIRS.rejected("01_sequential", "wrong-shape")
def colour_image_expected_grey_given():
    """The input has one channel, the images have three."""

    def student():
        return _stack(layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(), shape=(10, 10, 1))

    def reference():
        return _stack(layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(), shape=(10, 10, 3))

    return student, reference


@PAIRS.rejected("01_sequential", "wrong-shape")
def channel_axis_forgotten():
    """The input is (10, 10), without the axis of the one channel, and the convolution refuses it."""

    def student():
        return _stack(layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(), shape=(10, 10))

    def reference():
        return _stack(layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(), shape=(10, 10, 1))

    return student, reference


@PAIRS.rejected("01_sequential", "missing-input")
def stack_that_never_hears_a_shape():
    """The list starts with the first convolution; nothing says what an image looks like."""

    def student():
        return keras.Sequential([layers.Conv2D(4, 3), layers.GlobalMaxPooling2D()])

    def reference():
        return _stack(layers.Conv2D(4, 3), layers.GlobalMaxPooling2D())

    return student, reference


@PAIRS.rejected("01_sequential", "missing-input")
def parameters_counted_before_any_shape():
    """The parameters are counted of a model whose layers do not know their input yet, which raises."""

    def student():
        model = keras.Sequential()
        model.add(layers.Conv2D(8, 3, activation="relu"))
        model.add(layers.Flatten())
        model.add(layers.Dense(10))
        print(f"{model.count_params():,} parameters")
        return model

    def reference():
        return _stack(layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(10))

    return student, reference


def _two_kernels() -> keras.Model:
    image = keras.Input((10, 10, 1))
    views = [layers.Conv2D(4, size, padding="same", activation="relu")(image) for size in (3, 5)]
    return keras.Model(image, layers.GlobalAveragePooling2D()(layers.Concatenate()(views)))


@PAIRS.rejected("01_sequential", "sequential-cannot-branch")
def two_kernel_sizes_in_one_list():
    """Both convolutions and the Concatenate that should join them stand in one list."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.Conv2D(4, 5, padding="same", activation="relu"),
            layers.Concatenate(),
            layers.GlobalAveragePooling2D(),
            shape=(10, 10, 1),
        )

    return student, _two_kernels


@PAIRS.rejected("01_sequential", "sequential-cannot-branch")
def branches_as_a_list_in_the_list():
    """The two branches are written as a list within the list of layers."""

    def student():
        return _stack(
            [layers.Conv2D(4, size, padding="same", activation="relu") for size in (3, 5)],
            layers.Concatenate(),
            layers.GlobalAveragePooling2D(),
            shape=(10, 10, 1),
        )

    return student, _two_kernels


@PAIRS.rejected("01_sequential", "sequential-cannot-branch")
def add_layer_in_a_stack():
    """A residual block is tried with Add as one more layer of the stack."""

    def student():
        model = _stack(layers.Conv2D(4, 3, padding="same", activation="relu"))
        model.add(layers.Conv2D(4, 3, padding="same"))
        model.add(layers.Add())
        model.add(layers.ReLU())
        return model

    def reference():
        image = keras.Input((12, 12, 1))
        x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
        y = layers.Conv2D(4, 3, padding="same")(x)
        return keras.Model(image, layers.ReLU()(layers.Add()([x, y])))

    return student, reference


@PAIRS.rejected("01_sequential", "sequential-cannot-branch", also=("wrong-connection",))
def branches_became_a_line():
    """The second branch is simply stacked on the first: nothing raises, but nothing branches either."""

    def student():
        return _stack(
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.Conv2D(4, 5, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            shape=(10, 10, 1),
        )

    return student, _two_kernels
