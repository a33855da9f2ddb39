"""Pairs of models that differ in a step: another layer, other settings, one missing or too many, another shape."""

import keras
from keras import layers, ops


def digits(*steps):
    """A stack for digits of 16 × 16 dots, of the steps that are given."""
    return keras.Sequential([keras.Input((16, 16, 1)), *steps])


def cnn(pool=layers.MaxPooling2D, filters=(4, 8), kernel=3, end=layers.Flatten, padding="valid", rate=0.25):
    return digits(
        layers.Conv2D(filters[0], kernel, padding=padding, activation="relu"),
        pool(2),
        layers.Conv2D(filters[1], kernel, padding=padding, activation="relu"),
        end(),
        layers.Dropout(rate),
        layers.Dense(10, activation="softmax"),
    )


def cnn_line_by_line():
    """The same as a Functional model, with activations as layers."""
    inputs = keras.Input((16, 16, 1))
    x = ops.relu(layers.Conv2D(4, (3, 3))(inputs))
    x = layers.MaxPool2D(pool_size=(2, 2), strides=2)(x)
    x = layers.ReLU()(layers.Conv2D(8, 3)(x))
    x = layers.Dropout(0.25)(layers.Reshape((-1,))(x))
    return keras.Model(inputs, layers.Softmax()(layers.Dense(10)(x)))


def cnn_without_pooling():
    return digits(
        layers.Conv2D(4, 3, activation="relu"),
        layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.25),
        layers.Dense(10, activation="softmax"),
    )


def cnn_with_strides():
    """What a pooling of its own should do, done by the convolution's strides."""
    return digits(
        layers.Conv2D(4, 3, strides=2, activation="relu"),
        layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.25),
        layers.Dense(10, activation="softmax"),
    )


def words(cell=layers.LSTM, both=True, units=6, sequences=True, second=True, vocabulary=50, **given):
    """A stack of recurrent layers over words, the first one read in both directions."""
    model = keras.Sequential([keras.Input((None,), dtype="int32"), layers.Embedding(vocabulary, 8)])
    first = cell(units, return_sequences=sequences and second, **given)
    model.add(layers.Bidirectional(first) if both else first)
    if second:
        model.add(cell(units))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def table(units=(16, 8), hidden="relu", end="softmax", norm=True, rate=0.3, classes=3, width=7):
    """A classifier of rows of a table."""
    inputs = keras.Input((width,))
    x = inputs
    for size in units:
        x = layers.Dense(size)(x)
        if norm:
            x = layers.BatchNormalization()(x)
        x = layers.Activation(hidden)(x)
    if rate:
        x = layers.Dropout(rate)(x)
    return keras.Model(inputs, layers.Dense(classes, activation=end)(x))


class Scorer(keras.Model):
    """The table's classifier as a class; the dropout is made, and only sometimes called."""

    def __init__(self, drop=True):
        super().__init__()
        self.hidden = [layers.Dense(16), layers.Dense(8)]
        self.norms = [layers.BatchNormalization(), layers.BatchNormalization()]
        self.dropout = layers.Dropout(0.3)
        self.head = layers.Dense(3, activation="softmax")
        self.drop = drop

    def call(self, x):
        for dense, norm in zip(self.hidden, self.norms, strict=True):
            x = ops.relu(norm(dense(x)))
        return self.head(self.dropout(x) if self.drop else x)


def built(model, shape=(7,)):
    model(keras.Input(shape))
    return model


def autoencoder(up="transpose", end="sigmoid", code=None, channels=1):
    """Down to a few numbers and back to an image."""
    inputs = keras.Input((16, 16, 1))
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(inputs)
    if code:
        x = layers.Dense(code, name="code")(layers.Flatten()(x))
        x = layers.Reshape((8, 8, 4))(layers.Dense(256, activation="relu")(x))
    if up == "transpose":
        x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(x)
    else:
        x = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.UpSampling2D()(x))
    return keras.Model(inputs, layers.Conv2D(channels, 3, padding="same", activation=end)(x))


def inception(
    middle=3, reduce=True, pool=layers.MaxPooling2D, join=layers.Concatenate, filters=4, last="relu"
):
    """Branches of several kernel sizes side by side."""
    inputs = keras.Input((12, 12, 6))
    one = layers.Conv2D(filters, 1, padding="same", activation="relu")(inputs)
    three = layers.Conv2D(2, 1, padding="same", activation="relu")(inputs) if reduce else inputs
    three = layers.Conv2D(filters, middle, padding="same", activation=last)(three)
    pooled = pool(3, strides=1, padding="same")(inputs)
    pooled = layers.Conv2D(filters, 1, padding="same", activation="relu")(pooled)
    return keras.Model(inputs, join()([one, three, pooled]))


def wide_and_deep(steps=2, width=(5, 9)):
    """A line straight to the answer, and a deep part beside it."""
    wide, deep = keras.Input((width[0],)), keras.Input((width[1],))
    x = deep
    for _ in range(steps):
        x = layers.Dense(8, activation="relu")(x)
    return keras.Model([wide, deep], layers.Dense(1)(layers.Concatenate()([wide, x])))


def of_size(size, channels=1):
    """A fully convolutional net, which fits every size: only its input says which one."""
    inputs = keras.Input((size, size, channels))
    x = layers.Conv2D(4, 3, activation="relu", padding="same")(inputs)
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


def pixels_in_rows(rows=14, target=(7, 28)):
    inputs = keras.Input((14, 14))
    x = layers.Reshape(target)(inputs)
    return keras.Model(inputs, layers.GRU(5)(x))


def long_series(steps=None, features=3):
    """A recurrent net, whose weights do not depend on the length of what it reads."""
    inputs = keras.Input((steps, features))
    return keras.Model(inputs, layers.Dense(1)(layers.GRU(4)(inputs)))


TRIGGERS = {
    "wrong-layer": [
        (lambda: cnn(layers.AveragePooling2D), cnn),
        (lambda: words(layers.GRU, both=False, second=False), lambda: words(both=False, second=False)),
        (lambda: autoencoder(up="sampling"), autoencoder),
        (lambda: inception(join=layers.Average), lambda: inception(join=layers.Add)),
        (lambda: cnn(end=layers.GlobalMaxPooling2D), lambda: cnn(end=layers.GlobalAveragePooling2D)),
        (lambda: inception(pool=layers.AveragePooling2D), inception),
    ],
    "wrong-config": [
        (lambda: cnn(filters=(8, 8)), cnn),
        (lambda: cnn(rate=0.5), cnn),
        (lambda: cnn(kernel=5, padding="same"), lambda: cnn(padding="same")),
        (lambda: words(units=8, second=False), lambda: words(second=False)),
        (lambda: inception(middle=5), inception),
        (lambda: words(go_backwards=True, both=False), lambda: words(both=False)),
    ],
    "missing-layer": [
        (cnn_without_pooling, cnn),
        (lambda: words(second=False), words),
        (lambda: built(Scorer(drop=False)), lambda: built(Scorer())),
        (lambda: table(units=(16,)), table),
        (lambda: inception(reduce=False), inception),
        (lambda: wide_and_deep(1), wide_and_deep),
    ],
    "extra-layer": [
        (cnn, cnn_without_pooling),
        (words, lambda: words(second=False)),
        (table, lambda: table(rate=0)),
        (lambda: table(units=(16, 8, 8)), table),
        (inception, lambda: inception(reduce=False)),
        (lambda: wide_and_deep(3), wide_and_deep),
    ],
    "wrong-activation": [
        (lambda: table(hidden="tanh", units=(16,)), lambda: table(units=(16,))),
        (lambda: table(end="sigmoid"), table),
        (lambda: table(end=None), table),
        (lambda: autoencoder(end="tanh"), autoencoder),
        (lambda: inception(last=None), inception),
    ],
    "wrong-shape": [
        (lambda: of_size(32), lambda: of_size(16)),
        (lambda: long_series(20), lambda: long_series(None)),
        (lambda: wide_and_deep(width=(9, 5)), lambda: wide_and_deep(width=(9, 6))),
        (lambda: of_size(16, 3), lambda: of_size(16)),
    ],
}
NEAR_MISSES = {
    "wrong-layer": [
        (cnn_line_by_line, cnn, None),
        (lambda: built(Scorer()), table, None),
        (cnn_with_strides, cnn, "wrong-config"),
        (lambda: table(hidden="tanh"), table, "wrong-activation"),
    ],
    "wrong-config": [
        (cnn_line_by_line, cnn, None),
        (lambda: cnn(layers.AveragePooling2D), cnn, "wrong-layer"),
        (lambda: table(hidden="elu"), table, "wrong-activation"),
        (lambda: of_size(32), lambda: of_size(16), "wrong-shape"),
        (lambda: words(layers.GRU, both=False), lambda: words(both=False), "wrong-layer"),
    ],
    "missing-layer": [
        (lambda: built(Scorer()), table, None),
        (cnn_line_by_line, cnn, None),
        (lambda: table(hidden="linear", units=(16,)), lambda: table(units=(16,)), "wrong-activation"),
        (lambda: autoencoder(up="sampling"), autoencoder, "wrong-layer"),
        (lambda: wide_and_deep(3), wide_and_deep, "extra-layer"),
    ],
    "extra-layer": [
        (lambda: keras.Sequential([cnn(), layers.Activation("linear")]), cnn, None),
        (
            lambda: table(hidden="relu", units=(16,)),
            lambda: table(hidden="linear", units=(16,)),
            "wrong-activation",
        ),
        (lambda: wide_and_deep(1), wide_and_deep, "missing-layer"),
        (cnn_line_by_line, cnn, None),
    ],
    "wrong-activation": [
        (cnn_line_by_line, cnn, None),
        (lambda: built(Scorer()), table, None),
        (lambda: words(layers.GRU, second=False), lambda: words(second=False), "wrong-config"),
        (lambda: words(recurrent_dropout=0.2, second=False), lambda: words(second=False), "wrong-config"),
    ],
    "wrong-shape": [
        (lambda: cnn(filters=(4, 4)), cnn, "wrong-config"),
        (lambda: pixels_in_rows(target=(28, 7)), lambda: pixels_in_rows(target=(28, 7)), None),
        (lambda: autoencoder(channels=3), autoencoder, "wrong-config"),
        (lambda: pixels_in_rows(target=(28, 7)), pixels_in_rows, "wrong-config"),
        (lambda: long_series(None), lambda: long_series(None), None),
    ],
}
