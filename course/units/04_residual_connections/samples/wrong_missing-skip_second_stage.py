"""The blocks are right, but the second stage is stacked without them."""

import keras
from keras import layers


def resnet(depth, filters, classes):
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    for _ in range(depth):
        x = residual_block(x, filters)
    x = projection_block(x, 2 * filters, stride=2)
    for _ in range(depth - 1):
        for _ in range(2):
            x = layers.Conv2D(2 * filters, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
            x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
