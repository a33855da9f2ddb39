"""Another activation than the one asked for; the wiring and the counts are right."""

import keras
from keras import layers


def residual_block(x, filters):
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.Activation("tanh")(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    return layers.Activation("tanh")(layers.Add()([y, x]))


def bottleneck_block(x, filters):
    y = x
    for channels, size in ((filters, 1), (filters, 3)):
        y = layers.Conv2D(channels, size, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization()(y)
        y = layers.Activation("elu")(y)
    y = layers.Conv2D(4 * filters, 1, use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    return layers.ReLU()(layers.Add()([y, x]))


def resnet(depth, filters, classes):
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    for _ in range(depth):
        x = residual_block(x, filters)
    x = projection_block(x, 2 * filters, stride=2)
    for _ in range(depth - 1):
        x = residual_block(x, 2 * filters)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes, activation="sigmoid")(x))
