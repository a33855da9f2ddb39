"""Data that a model cannot be trained, measured or run on."""

import keras
import numpy as np
from keras import layers

from tests.unit.explain.programs.table import broken

x_train, y_train = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")
images = np.ones((8, 28, 28), "float32")


def stack(width=4, outputs=1):
    return keras.Sequential([keras.Input((width,)), layers.Dense(outputs)])


def compiled(model, loss="mse"):
    model.compile("sgd", loss)
    return model


@broken(
    "not-compiled",
    "The model `net` was not compiled, and `fit` was called",
    "`net.compile(optimizer=..., loss=...)`",
)
def fit_before_compile():
    net = stack()
    net.fit(x_train, y_train, verbose=0)


@broken("not-compiled", "`evaluate` was called")
def evaluate_before_compile():
    stack().evaluate(x_train, y_train, verbose=0)


@broken("not-compiled", "`train_on_batch` was called")
def batch_before_compile():
    stack().train_on_batch(x_train, y_train)


@broken("not-numbers", "`fit` was given `rows` (given for `x`), which is a Python list", "`np.array(rows)`")
def list_of_lists():
    rows = [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]]
    compiled(stack()).fit(rows, np.ones(2), verbose=0)


@broken("not-numbers", "`labels` (given for `y`), which is a Python list")
def list_of_labels():
    labels = [1.0] * 8
    compiled(stack()).fit(x_train, labels, verbose=0)


@broken("not-numbers", "which holds text", "np.unique(names, return_inverse=True)`")
def labels_of_text():
    names = np.array(["cat", "dog"] * 4)
    compiled(stack()).fit(x_train, names, verbose=0)


@broken("not-numbers", "array of Python objects")
def ragged_rows():
    rows = np.array([[1.0], [1.0, 2.0]] * 4, dtype=object)
    compiled(stack()).fit(rows, y_train, verbose=0)


@broken("unlike-counts", "`x_train` holds 8 examples", "`fewer` (given for `y`) holds 5 labels")
def fewer_labels():
    fewer = y_train[:5]
    compiled(stack()).fit(x_train, fewer, verbose=0)


@broken("unlike-counts", "`validation_data[0]` holds 3 examples", "`validation_data[1]` holds 2 labels")
def fewer_labels_to_validate():
    held_out = (x_train[:3], y_train[:2])
    compiled(stack()).fit(x_train, y_train, validation_data=(held_out[0], held_out[1]), verbose=0)


def two_inputs():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    return compiled(keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b]))))


@broken(
    "wrong-arrays", "2 inputs ('a' and 'b')", "was given 1 array for `x`", "a dict with the keys 'a' and 'b'"
)
def one_array_for_two_inputs():
    two_inputs().fit(x_train, y_train, verbose=0)


@broken("wrong-arrays", "No input is named 'c'", "keys 'a' and 'b'")
def key_of_no_input():
    two_inputs().fit({"a": x_train, "c": np.ones((8, 3))}, y_train, verbose=0)


@broken("wrong-arrays", "2 outputs", "given 1 array for `y`")
def one_array_for_two_outputs():
    x = keras.Input((4,))
    model = keras.Model(x, [layers.Dense(1)(x), layers.Dense(2)(x)])
    model.compile("sgd", ["mse", "mse"])
    model.fit(x_train, y_train, verbose=0)


@broken(
    "unlike-data", "of shape (8, 28, 28)", "Input takes (None, 784)", "`images.reshape(-1, 784)`", "`Flatten`"
)
def images_for_vectors():
    compiled(stack(784, 10)).fit(images, np.ones((8, 10)), verbose=0)


@broken("unlike-data", "The model was given `images`", "takes (None, 784)")
def images_for_vectors_in_a_call():
    model = stack(784)
    model(images)


@broken(
    "unlike-data", "`predict` was given `x_train[2]`", "one example without the batch axis", "`x_train[2:3]`"
)
def one_example_to_predict():
    stack().predict(x_train[2], verbose=0)


@broken("unlike-data", "one example without the batch axis", "`image[None]`")
def one_image_to_predict():
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(1)])
    image = np.ones((8, 8, 1))
    model.predict(image, verbose=0)


@broken("unlike-data", "of shape (8, 5)", "takes (None, 4)", "`keras.Input((5,))`")
def data_of_another_width():
    compiled(stack()).fit(np.ones((8, 5)), y_train, verbose=0)


@broken("unlike-data", "`validation_data[0]` of shape (8, 5)")
def validation_data_of_another_width():
    compiled(stack()).fit(x_train, y_train, validation_data=(np.ones((8, 5)), y_train), verbose=0)


@broken("unlike-data", "`x[0]` of shape (8, 3), and the Input 'a' takes (None, 4)")
def inputs_in_another_order():
    two_inputs().fit([np.ones((8, 3)), x_train], y_train, verbose=0)


@broken("nothing-to-learn", "`fit` was given no labels", "`model.fit(x, y)`", "`model.fit(x, x)`")
def no_labels():
    compiled(stack()).fit(x_train, verbose=0)


@broken("nothing-to-learn", "compiled without a loss", backends=("tensorflow", "torch"))
def no_loss():
    model = stack()
    model.compile("sgd")
    model.fit(x_train, y_train, verbose=0)


class Narrow(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(3)

    def call(self, x):
        return self.head(x)


@broken(
    "wrong-length",
    "Dense takes the length 4 along axis 1",
    "where it is 5",
    "built for that length",
    "the data",
)
def data_of_another_width_in_a_class():
    model = Narrow()
    model(x_train)
    model.predict(np.ones((8, 5), "float32"), verbose=0)


@broken(
    "optimizer-used",
    "`fit` was to train with an optimizer (`Adam`) that was set up before, for the weights of another model",
    "`keras.optimizers.Adam(...)`",
    "one for each model",
)
def optimizer_of_another_model():
    adam = keras.optimizers.Adam()
    for inputs in (4, 5):
        model = stack(inputs)
        model.compile(adam, "mse")
        model.fit(np.ones((8, inputs), "float32"), y_train, verbose=0)


@broken("optimizer-used", "for other weights of this model", "again, each time `trainable` is changed")
def optimizer_of_fewer_weights():
    x = keras.Input((4,))
    base = layers.Dense(3, trainable=False)
    model = keras.Model(x, layers.Dense(1)(base(x)))
    adam = keras.optimizers.Adam()
    for trainable in (False, True):
        base.trainable = trainable
        model.compile(adam, "mse")
        model.fit(x_train, y_train, verbose=0)


@broken("unlike-weights", "an array of shape (5, 3) for weight 0", "this Dense has shape (4, 3)")
def weights_of_another_width():
    one, other = layers.Dense(3), layers.Dense(3)
    one.build((None, 4))
    other.build((None, 5))
    one.set_weights(other.get_weights())


@broken("unlike-weights", "was given 1 array, and this Sequential has 2 weights")
def weights_without_the_bias():
    stack().set_weights([np.ones((4, 1))])
