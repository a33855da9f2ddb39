"""Everything with layers only: one line a call, keyword arguments spelled out."""

import keras
from keras import layers


def residual_block(x, filters):
    shortcut = x
    x = layers.Conv2D(filters=filters, kernel_size=(3, 3), padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(filters=filters, kernel_size=(3, 3), padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([shortcut, x])
    return layers.Activation("relu")(x)


def block_parameters(filters):
    convolutions = 2 * (3 * 3 * filters * filters)
    normalizations = 2 * (4 * filters)
    return convolutions + normalizations


def projection_block(x, filters, stride):
    shortcut = layers.Conv2D(filters, (1, 1), strides=(stride, stride), padding="same", use_bias=False)(x)
    shortcut = layers.BatchNormalization()(shortcut)
    x = layers.Conv2D(filters, (3, 3), strides=(stride, stride), padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(filters, (3, 3), padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([shortcut, x])
    return layers.Activation("relu")(x)


def bottleneck_block(x, filters):
    shortcut = x
    x = layers.Conv2D(filters, 1, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(shortcut.shape[-1], 1, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([shortcut, x])
    return layers.Activation("relu")(x)


def resnet(depth, filters, classes):
    inputs = layers.Input(shape=(28, 28, 1), name="image")
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="stem")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    for _ in range(depth):
        x = residual_block(x, filters)
    x = projection_block(x, filters * 2, 2)
    for _ in range(1, depth):
        x = residual_block(x, filters * 2)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(classes, activation="softmax", name="digit")(x)
    return keras.Model(inputs=inputs, outputs=x, name="my_resnet")
