"""Labels and ids that a loss, or an Embedding, cannot work with."""

import keras
import numpy as np
from keras import layers

from tests.unit.explain.programs.table import broken

x_train = np.ones((8, 4), "float32")
SPARSE = "sparse_categorical_crossentropy"
# JAX computes with an index that is out of range, and raises nothing.
RAISING = ("tensorflow", "torch")


def fitted(loss, y_train, units=10, activation="softmax", **settings):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(units, activation=activation)])
    model.compile("sgd", loss)
    model.fit(x_train, y_train, verbose=0, **settings)


@broken(
    "out-of-range",
    "`y_train` go from 1 to 8, and the model has 8 outputs, one for each of the classes 0 to 7",
    "`y_train - 1`",
    backends=RAISING,
)
def classes_from_one():
    fitted(SPARSE, np.arange(1, 9), units=8)


@broken("out-of-range", "from 3 to 10", "an output for each class (11)", backends=RAISING)
def class_without_an_output():
    fitted(keras.losses.SparseCategoricalCrossentropy(), np.arange(3, 11))


@broken("out-of-range", "from -1 to 6", "a class below 0 has no output", backends=RAISING)
def class_below_nought():
    fitted(SPARSE, np.arange(-1, 7))


@broken("out-of-range", "validation_data[1]", "from 0 to 10", backends=RAISING)
def class_without_an_output_to_validate():
    fitted(SPARSE, np.zeros(8), validation_data=(x_train, np.full(8, 10) * np.array([0, 1] * 4)))


def reader(size):
    return keras.Sequential([keras.Input((3,)), layers.Embedding(size, 4), layers.Flatten(), layers.Dense(1)])


@broken(
    "out-of-range",
    "`ids` (given for `x`) go from 0 to 10, and the Embedding has 10 rows, for the ids 0 to 9",
    "`Embedding(11, ...)`",
    backends=RAISING,
)
def id_without_a_row():
    model = reader(10)
    model.compile("sgd", "mse")
    ids = np.array([[0, 5, 10]] * 8)
    model.fit(ids, np.ones((8, 1)), verbose=0)


@broken("out-of-range", "from 0 to 10", backends=RAISING)
def id_without_a_row_to_predict():
    reader(10).predict(np.array([[0, 5, 10]]), verbose=0)


@broken("out-of-range", "from 0 to 10", "10 rows", backends=RAISING)
def id_without_a_row_in_a_call():
    layers.Embedding(10, 4)(np.array([[0, 5, 10]]))


@broken(
    "loss-unlike-labels",
    "`categorical_crossentropy` compares `y_train` of shape (8,) with outputs of shape (None, 10)",
    "Use `sparse_categorical_crossentropy`",
    "`keras.utils.to_categorical(y_train, 10)`",
)
def class_numbers_for_columns():
    fitted("categorical_crossentropy", np.arange(8))


@broken("loss-unlike-labels", "of shape (8,)", "number the classes from 0 to 9, which they are not yet")
def class_numbers_from_one_for_columns():
    fitted("categorical_crossentropy", np.arange(3, 11))


@broken("loss-unlike-labels", "of shape (8, 1)", "Use `sparse_categorical_crossentropy`")
def a_column_of_class_numbers():
    fitted(keras.losses.CategoricalCrossentropy(), np.arange(8)[:, None])


@broken(
    "loss-unlike-labels", "of shape (8, 10)", "Use `categorical_crossentropy`", "`y_train.argmax(axis=-1)`"
)
def columns_for_class_numbers():
    fitted(SPARSE, np.eye(10)[:8])


@broken("loss-unlike-labels", "`binary_crossentropy`", "`Dense(1, activation='sigmoid')`")
def yes_or_no_for_ten_outputs():
    fitted("binary_crossentropy", np.ones((8, 1)), activation="sigmoid")


@broken("loss-unlike-labels", "`mean_squared_error`", "as many numbers as the labels have (3)")
def numbers_of_another_width():
    fitted("mse", np.ones((8, 3)), activation=None)


def judged(model, loss, x, y):
    model.compile("sgd", loss)
    model.fit(x, y, verbose=0)


pictures = np.ones((8, 6, 6, 1), "float32")


@broken(
    "loss-unlike-labels",
    "The outputs have an axis too many: the model gives 6 results for each example, and there is one label",
    "outputs of shape (None, 10)",
    "`Flatten`",
)
def flatten_left_out():
    model = keras.Sequential([keras.Input((6, 6)), layers.Dense(10, activation="softmax")])
    judged(model, SPARSE, pictures[..., 0], np.arange(8))


@broken("loss-unlike-labels", "2 axes too many: the model gives 4 × 4 results", "`GlobalAveragePooling2D`")
def flatten_left_out_after_a_convolution():
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Dense(10)])
    judged(model, "categorical_crossentropy", pictures, np.eye(10)[:8])


@broken(
    "loss-unlike-labels",
    "Both hold as many numbers, on unlike axes",
    "`Reshape((6, 6, 1))`",
    "`pictures.reshape(-1, 36)`",
)
def autoencoder_without_reshape():
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(36)])
    model.compile("sgd", "binary_crossentropy")
    model.fit(pictures, pictures, verbose=0)


@broken("loss-unlike-labels", "The outputs have 2 axes too few", "as many numbers as one label has (36)")
def autoencoder_that_ends_too_narrow():
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(5)])
    judged(model, "mse", pictures, pictures)


@broken("loss-unlike-labels", "Give one class number for each example: labels of shape (None, 6)")
def labels_for_another_number_of_steps():
    model = keras.Sequential([keras.Input((6, 6)), layers.Dense(10, activation="softmax")])
    judged(model, SPARSE, pictures[..., 0], np.zeros((8, 5)))


@broken("loss-unlike-labels", "`validation_data[1]` of shape (8, 3)")
def numbers_of_another_width_to_validate():
    fitted("mse", np.ones((8, 10)), activation=None, validation_data=(x_train, np.ones((8, 3))))


@broken("loss-unlike-labels", "`y_train[1]` of shape (8, 2) with outputs of shape (None, 3)")
def second_labels_of_another_width():
    x = keras.Input((4,))
    model = keras.Model(x, [layers.Dense(1)(x), layers.Dense(3)(x)])
    model.compile("sgd", ["mse", "mse"])
    y_train = [np.ones((8, 1)), np.ones((8, 2))]
    model.fit(x_train, y_train, verbose=0)


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(10, activation="softmax")

    def call(self, x):
        return self.head(x)


@broken("loss-unlike-labels", "of shape (8,) with outputs of shape (None, 10)")
def class_numbers_for_columns_in_a_class():
    model = Classifier()
    model.compile("sgd", "categorical_crossentropy")
    model.fit(x_train, np.arange(8), verbose=0)
