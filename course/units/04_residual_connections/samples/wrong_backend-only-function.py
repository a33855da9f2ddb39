"""Three convolutions with the right wiring, and a ReLU of PyTorch's in a layer: it runs on one backend alone."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="blocks")
class Rectifier(layers.Layer):
    def call(self, x):
        import torch

        return torch.relu(x)


def bottleneck_block(x, filters):
    y = layers.Conv2D(filters, 1, use_bias=False)(x)
    y = Rectifier()(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = Rectifier()(layers.BatchNormalization()(y))
    y = layers.Conv2D(4 * filters, 1, use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    return Rectifier()(layers.Add()([x, y]))
