"""A bottleneck block as a layer class that Keras cannot find when a model is loaded."""

from keras import layers


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


def bottleneck_block(x, filters):
    return Bottleneck(filters)(x)
