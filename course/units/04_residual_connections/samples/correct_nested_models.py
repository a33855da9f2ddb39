"""Each block is a small model, called inside the large one."""

import keras
from keras import layers


def branch(shape, filters, stride):
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
        ]
    )


def block(shape, filters, stride=1, project=False):
    inputs = keras.Input(shape)
    shortcut = inputs
    if project:
        shortcut = layers.Conv2D(filters, 1, strides=stride, use_bias=False)(shortcut)
        shortcut = layers.BatchNormalization()(shortcut)
    return keras.Model(
        inputs, layers.ReLU()(layers.Add()([branch(shape, filters, stride)(inputs), shortcut]))
    )


def residual_block(x, filters):
    return block(x.shape[1:], filters)(x)


def projection_block(x, filters, stride):
    return block(x.shape[1:], filters, stride, project=True)(x)


def resnet(depth, filters, classes):
    model = keras.Sequential([keras.Input((28, 28, 1))])
    model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU())
    for _ in range(depth):
        model.add(block(model.output_shape[1:], filters))
    model.add(block(model.output_shape[1:], 2 * filters, 2, project=True))
    for _ in range(depth - 1):
        model.add(block(model.output_shape[1:], 2 * filters))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(classes, activation="softmax"))
    return model
