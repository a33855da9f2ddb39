"""The addition as `+`, the activation as a function, and the head in two layers."""

import keras
from keras import layers, ops


def convolve(x, filters, size, stride=1):
    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def residual_block(x, filters):
    y = ops.relu(convolve(x, filters, 3))
    return ops.relu(x + convolve(y, filters, 3))


def block_parameters(filters):
    return 18 * filters**2 + 8 * filters


def projection_block(x, filters, stride):
    y = keras.activations.relu(convolve(x, filters, 3, stride))
    return keras.activations.relu(convolve(y, filters, 3) + convolve(x, filters, 1, stride))


def bottleneck_block(x, filters):
    y = layers.ReLU()(convolve(x, filters, 1))
    y = layers.ReLU()(convolve(y, filters, 3))
    return layers.ReLU()(ops.add(convolve(y, 4 * filters, 1), x))


def resnet(depth, filters, classes):
    inputs = keras.Input((28, 28, 1))
    x = ops.relu(convolve(inputs, filters, 3))
    for stage in (1, 2):
        for block in range(depth):
            if stage == 2 and block == 0:
                x = projection_block(x, 2 * filters, stride=2)
            else:
                x = residual_block(x, stage * filters)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(classes)(x)
    return keras.Model(inputs, layers.Softmax()(x))
