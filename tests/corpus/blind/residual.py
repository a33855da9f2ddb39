"""Shortcuts: identity, projection and dense blocks."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def conv_bn(x, filters, size=3, strides=1, relu=True):
    """Call a convolution without bias, a batch normalisation and perhaps relu on x."""
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def resnet(skip="block", merge=layers.Add, relu_first=False) -> keras.Model:
    """Return two identity blocks after a stem, or the variant that a pair is about."""
    image = keras.Input((8, 8, 3))
    x = conv_bn(image, 4)
    for block in (0, 1):
        first = conv_bn(x, 4)
        second = conv_bn(first, 4, relu=relu_first)
        start = first if block == 1 and skip == "inside" else x
        y = second if block == 1 and skip is None else merge()([second, start])
        x = y if relu_first else layers.ReLU()(y)
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def projected() -> keras.Model:
    """Return a block that halves the picture, with a projected shortcut."""
    image = keras.Input((8, 8, 4))
    main = conv_bn(conv_bn(image, 8, strides=2), 8, relu=False)
    short = conv_bn(image, 8, size=1, strides=2, relu=False)
    x = layers.ReLU()(layers.Add()([main, short]))
    return keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))


@PAIRS.accepted("04_residual_connections")
def operator_instead_of_add():
    """The additions are written with +, the relu with keras.ops, and the shortcut comes first."""

    def student():
        image = keras.Input((8, 8, 3))
        x = conv_bn(image, 4)
        for _ in range(2):
            x = ops.relu(x + conv_bn(conv_bn(x, 4), 4, relu=False))
        return keras.Model(image, layers.Dense(5)(ops.mean(x, axis=[1, 2])))

    return student, resnet


@PAIRS.accepted("04_residual_connections")
def blocks_as_small_models():
    """Each block is a Functional model of its own, made by a function and called on the tensor."""

    def block():
        x = keras.Input((8, 8, 4))
        y = conv_bn(conv_bn(x, 4), 4, relu=False)
        return keras.Model(x, keras.activations.relu(layers.add([x, y])))

    def student():
        stem = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, padding="same", use_bias=False)])
        stem.add(layers.BatchNormalization(axis=3))
        stem.add(layers.Activation("relu"))
        return keras.Sequential([stem, block(), block(), layers.GlobalAvgPool2D(), layers.Dense(5)])

    return student, resnet


@PAIRS.accepted("04_residual_connections")
def residual_layer_class():
    """The block is a class that decides when it is built whether the shortcut is projected."""

    class Residual(layers.Layer):
        def __init__(self, filters, strides=1):
            super().__init__()
            self.filters, self.strides = filters, strides

        def build(self, shape):
            def conv(size, strides):
                return layers.Conv2D(self.filters, size, strides, "same", use_bias=False)

            self.main = [conv(3, self.strides), layers.BatchNormalization(), layers.ReLU()]
            self.main += [conv(3, 1), layers.BatchNormalization()]
            same = self.strides == 1 and shape[-1] == self.filters
            self.short = [] if same else [conv(1, self.strides), layers.BatchNormalization()]
            for path in (self.main, self.short):
                path_shape = shape
                for layer in path:
                    layer.build(path_shape)
                    path_shape = layer.compute_output_shape(path_shape)

        def call(self, x):
            y = x
            for layer in self.main:
                y = layer(y)
            for layer in self.short:
                x = layer(x)
            return ops.relu(y + x)

    def student():
        image = keras.Input((8, 8, 4))
        return keras.Model(image, layers.Dense(3)(layers.Flatten()(Residual(8, strides=2)(image))))

    return student, projected


@PAIRS.accepted("04_residual_connections")
def dense_block_in_the_other_order():
    """A densely connected block puts its new maps first; what follows each join absorbs the order."""

    def dense_block(new_first):
        x = keras.Input((6, 6, 4))
        h = x
        for _ in range(2):
            y = layers.ReLU()(layers.BatchNormalization()(h))
            y = layers.Conv2D(3, 3, padding="same")(y)
            h = layers.Concatenate()([y, h] if new_first else [h, y])
        h = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(h))
        return keras.Model(x, layers.Dense(2)(h))

    return lambda: dense_block(True), lambda: dense_block(False)


@PAIRS.accepted("04_residual_connections")
def sum_of_everything_before():
    """Each step adds to a running sum; the reference adds up all former outputs again each time."""

    def student():
        x = total = keras.Input((5,))
        for _ in range(3):
            total = total + layers.Dense(5, activation="tanh")(total)
        return keras.Model(x, layers.Dense(1)(total))

    def reference():
        x = keras.Input((5,))
        terms = [x]
        for _ in range(3):
            total = layers.Add()(terms) if len(terms) > 1 else x
            terms.append(layers.Dense(5, activation="tanh")(total))
        return keras.Model(x, layers.Dense(1)(layers.Add()(terms)))

    return student, reference


@PAIRS.accepted("04_residual_connections")
def two_shortcuts_in_one_addition():
    """Two nested additions are one addition of three tensors, and the activations are separate layers."""

    def student():
        x = keras.Input((10, 4))
        a = layers.Conv1D(4, 3, padding="causal", activation="relu")(x)
        b = layers.Conv1D(4, 3, padding="causal", dilation_rate=2)(a)
        return keras.Model(x, layers.Activation("relu")(layers.Add()([b, x, a])))

    def reference():
        x = keras.Input((10, 4))
        a = layers.ReLU()(layers.Conv1D(4, 3, padding="causal")(x))
        b = layers.Conv1D(4, 3, dilation_rate=2, padding="causal")(a)
        return keras.Model(x, layers.ReLU()(layers.Add()([layers.Add()([x, a]), b])))

    return student, reference


@PAIRS.rejected("04_residual_connections", "missing-skip")
def second_block_is_plain():
    """The second block has no shortcut."""
    return lambda: resnet(skip=None), resnet


@PAIRS.rejected("04_residual_connections", "skip-from-wrong-tensor")
def shortcut_from_inside():
    """The shortcut of the second block starts after its first convolution."""
    return lambda: resnet(skip="inside"), resnet


@PAIRS.rejected("04_residual_connections", "concatenate-instead-of-add")
def joined_instead_of_added():
    """Main path and shortcut of both blocks are concatenated."""
    return lambda: resnet(merge=layers.Concatenate), resnet


@PAIRS.rejected("04_residual_connections", "activation-before-add")
def bent_before_the_addition():
    """The last relu of each block comes before the addition instead of after it."""
    return lambda: resnet(relu_first=True), resnet


@PAIRS.rejected("04_residual_connections", "missing-projection")
def shapes_that_cannot_be_added():
    """The picture and the eight maps made from it are added without a projection."""

    def student():
        image = keras.Input((8, 8, 4))
        main = conv_bn(conv_bn(image, 8, strides=2), 8, relu=False)
        x = layers.ReLU()(layers.Add()([main, image]))
        return keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))

    return student, projected


@PAIRS.rejected("04_residual_connections", "missing-projection")
def grey_picture_broadcast():
    """A picture of one channel is added to six maps without a projection, and broadcasts silently."""

    def model(project):
        image = keras.Input((8, 8, 1))
        main = layers.Conv2D(6, 3, padding="same")(
            layers.Conv2D(6, 3, padding="same", activation="relu")(image)
        )
        short = layers.Conv2D(6, 1)(image) if project else image
        x = layers.ReLU()(layers.Add()([main, short]))
        return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))

    return lambda: model(False), lambda: model(True)
