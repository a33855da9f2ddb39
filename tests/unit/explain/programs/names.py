"""Names that Keras does not know, names used twice, files by a wrong name."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tests.unit.explain.programs.table import broken


def model():
    return keras.Sequential([keras.Input((4,)), layers.Dense(1)])


def trained(loss="mse", metrics=None):
    stack = model()
    stack.compile("sgd", loss, metrics=metrics)
    stack.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)


@broken("unknown-name", "does not know an activation named 'rleu'", "Write 'relu'")
def activation_misspelt():
    layers.Dense(3, activation="rleu")


@broken("unknown-name", "does not know an optimizer named 'adm'", "Write 'adam'")
def optimizer_misspelt():
    model().compile("adm", "mse")


@broken("unknown-name", "a loss named 'mean_square_error'", "Write 'mean_squared_error'")
def loss_misspelt():
    trained("mean_square_error")


@broken("unknown-name", "a metric named 'acuracy'", "Write 'accuracy'")
def metric_misspelt():
    trained(metrics=["acuracy"])


@broken("unknown-name", "an initializer named 'glorot_unifrom'", "Write 'glorot_uniform'")
def initializer_misspelt():
    layers.Dense(3, kernel_initializer="glorot_unifrom")


@broken("unknown-name", "the padding 'smae'", "Known are 'valid' and 'same'", "Write 'same'")
def padding_misspelt():
    layers.Conv2D(4, 3, padding="smae")(keras.Input((8, 8, 1)))


@broken("unknown-name", "The model has no layer named 'heed'", "Known are 'body' and 'head'", "Write 'head'")
def layer_misspelt():
    keras.Sequential(
        [keras.Input((4,)), layers.Dense(2, name="body"), layers.Dense(1, name="head")]
    ).get_layer("heed")


@broken("name-used-twice", "Two Dense layers of the model have the same name, 'same'")
def one_name_for_two_layers():
    x = keras.Input((4,))
    y = layers.Dense(3, name="same")(layers.Dense(2, name="same")(x))
    keras.Model(x, y)


@broken("name-used-twice", "a Dense and a Dropout, have the same name, 'same'")
def one_name_in_a_stack():
    keras.Sequential([keras.Input((4,)), layers.Dense(3, name="same"), layers.Dropout(0.1, name="same")])


@broken("name-used-twice", "Two InputLayer layers of the model have the same name, 'x'")
def one_name_for_two_inputs():
    a, b = keras.Input((4,), name="x"), keras.Input((4,), name="x")
    keras.Model([a, b], layers.Add()([a, b]))


@broken("wrong-file", "`save` was given 'model'", "ends in `.keras`", "Save to 'model.keras'")
def saved_without_an_ending():
    with tempfile.TemporaryDirectory() as folder:
        model().save(str(Path(folder, "model")))


@broken("wrong-file", "`save_weights` was given 'kept.keras'", "'kept.weights.h5'")
def weights_saved_by_another_ending():
    with tempfile.TemporaryDirectory() as folder:
        model().save_weights(Path(folder, "kept.keras"))


@broken("wrong-file", "no file 'nowhere.keras'", "`load_model`")
def no_such_file():
    keras.saving.load_model("nowhere.keras")


@broken("wrong-file", "'programs' is a folder")
def folder_to_load():
    keras.saving.load_model(str(Path(__file__).parent))
