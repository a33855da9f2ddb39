"""Three convolutions with the right wiring, and PyTorch's ReLU in place of Keras's."""

from keras import layers


def bottleneck_block(x, filters):
    import torch

    y = layers.Conv2D(filters, 1, use_bias=False)(x)
    y = torch.relu(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = torch.relu(layers.BatchNormalization()(y))
    y = layers.Conv2D(4 * filters, 1, use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    return torch.relu(layers.Add()([x, y]))
