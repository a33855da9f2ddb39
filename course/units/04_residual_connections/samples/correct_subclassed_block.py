"""The blocks as layer classes of their own, wired with the Functional API."""

import keras
from keras import layers


class Residual(layers.Layer):
    def __init__(self, filters, stride=1, project=False, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)
        self.first_norm = layers.BatchNormalization()
        self.second = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        self.second_norm = layers.BatchNormalization()
        self.add = layers.Add()
        self.relu = layers.ReLU()
        self.project = project
        if project:
            self.shortcut = layers.Conv2D(filters, 1, strides=stride, use_bias=False)
            self.shortcut_norm = layers.BatchNormalization()

    def call(self, x, training=None):
        y = self.relu(self.first_norm(self.first(x), training=training))
        y = self.second_norm(self.second(y), training=training)
        if self.project:
            x = self.shortcut_norm(self.shortcut(x), training=training)
        return self.relu(self.add([y, x]))


@keras.saving.register_keras_serializable(package="blocks")
class Bottleneck(layers.Layer):
    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.steps = []
        for channels, size in ((filters, 1), (filters, 3), (4 * filters, 1)):
            self.steps.append(layers.Conv2D(channels, size, padding="same", use_bias=False))
            self.steps.append(layers.BatchNormalization())
            self.steps.append(layers.ReLU())

    def call(self, x):
        y = x
        for step in self.steps[:-1]:
            y = step(y)
        return self.steps[-1](x + y)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


def residual_block(x, filters):
    return Residual(filters)(x)


def projection_block(x, filters, stride):
    return Residual(filters, stride, project=True)(x)


def bottleneck_block(x, filters):
    return Bottleneck(filters)(x)
