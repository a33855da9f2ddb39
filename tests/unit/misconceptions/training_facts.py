"""What Keras does, for the sentences about frozen layers, compiling again and losses."""

import keras
import numpy as np
from keras import layers

ROWS = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")


def _compiled(model, optimizer=None):
    model.compile(optimizer or keras.optimizers.SGD(0.1), loss="mse")
    return model


def _moves(model, weight):
    """Fit, and say whether a weight is another one afterwards, or which exception was raised."""
    before = np.array(keras.ops.convert_to_numpy(weight))
    targets = [np.ones((16, 2), "float32")] * len(model.outputs)
    try:
        model.fit(ROWS, targets, batch_size=8, verbose=0)
    except Exception as error:
        return type(error).__name__
    return bool(np.abs(keras.ops.convert_to_numpy(weight) - before).max() > 1e-7)


def _changed(after_fit, to, again=""):
    """Change ``trainable`` after compiling, and say whether the layer learns then."""
    inputs = keras.Input((6,))
    hidden = layers.Dense(4, trainable=not to)
    model = _compiled(keras.Model(inputs, layers.Dense(2)(hidden(inputs))))
    if after_fit:
        _moves(model, hidden.kernel)
    hidden.trainable = to
    if again:
        _compiled(model, model.optimizer if again == "old" else None)
    return _moves(model, hidden.kernel)


def _without_loss():
    inputs = keras.Input((6,))
    heads = [layers.Dense(2), layers.Dense(2)]
    model = keras.Model(inputs, [head(inputs) for head in heads])
    model.compile(keras.optimizers.SGD(0.1), loss=["mse", None])
    return _moves(model, heads[1].kernel)


def seen():
    """For each fact, what was seen."""
    return {
        "opened before the first fit": _changed(False, True),
        "shut before the first fit": _changed(False, False),
        "opened after it": _changed(True, True),
        "shut after it": _changed(True, False),
        "opened after it, compiled with the old optimizer": _changed(True, True, "old"),
        "opened after it, compiled with a new optimizer": _changed(True, True, "new"),
        "a head without a loss": _without_loss(),
    }
