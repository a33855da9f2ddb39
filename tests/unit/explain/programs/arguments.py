"""Layers, functions and methods that were given other arguments than they take."""

import keras
import numpy as np
from keras import layers

from tests.unit.explain.programs.table import broken


def model():
    return keras.Sequential([keras.Input((4,)), layers.Dense(1)])


@broken(
    "unknown-argument",
    "`Dense` takes no argument `activaton`",
    "nearest that it takes is `activation`",
    "`units`",
)
def misspelt_argument():
    layers.Dense(3, activaton="relu")


@broken(
    "unknown-argument", "`Dense` takes no argument `filters`", "Write `units=...` in place of `filters=...`"
)
def argument_of_another_layer():
    layers.Dense(filters=3)


@broken("unknown-argument", "`Sequential.fit` takes no argument `epoch`", "`epochs`")
def misspelt_argument_of_fit():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 1)), epoch=2)


@broken("unknown-argument", "`Sequential.compile` takes no argument `optimiser`", "`optimizer`")
def misspelt_argument_of_compile():
    model().compile(optimiser="adam", loss="mse")


@broken("unknown-argument", "`Adam` takes no argument `lr`", "`learning_rate`")
def abbreviated_argument():
    keras.optimizers.Adam(lr=0.1)


@broken("unknown-argument", "The call of Dense takes no argument `trainig`", "`training`")
def misspelt_argument_of_a_call():
    layers.Dense(3)(keras.Input((4,)), trainig=True)


@broken("unknown-argument", "`Input` takes no argument `nme`", "`name`")
def misspelt_argument_of_input():
    keras.Input((4,), nme="x")


@broken("missing-argument", "`Dense` was not given `units`", "`Dense(units=...)`")
def nothing_given():
    layers.Dense()


@broken("missing-argument", "`Conv2D` was not given `kernel_size`")
def no_kernel_size():
    layers.Conv2D(32)


@broken("missing-argument", "`Model` was not given `outputs`")
def no_outputs():
    keras.Model(keras.Input((4,)))


@broken("missing-argument", "MultiHeadAttention was called without `value`", "`attention(x, x)`")
def attention_without_value():
    layers.MultiHeadAttention(2, 4)(keras.Input((5, 4)))


@broken("missing-argument", "called without `value`", "given one list", "one by one")
def attention_on_a_list():
    x = keras.Input((5, 4))
    layers.MultiHeadAttention(2, 4)([x, x])


@broken(
    "tensor-as-setting",
    "Flatten was made with the Input `x` of shape (None, 4, 4), where it was taken for `data_format`",
    "It has not been called",
    "`Flatten()(x)`",
)
def flatten_made_with_a_tensor():
    x = keras.Input((4, 4))
    layers.Flatten(x)


@broken("tensor-as-setting", "taken for `units`", "`Dense(units)(x)`")
def dense_made_with_a_tensor():
    layers.Dense(keras.Input((4,)), 3)


@broken("tensor-as-setting", "taken for `activation`")
def tensor_after_the_units():
    layers.Dense(3, keras.Input((4,)))


@broken("tensor-as-setting", "Dropout was made with", "taken for `rate`", "`Dropout(rate)(x)`")
def dropout_made_with_a_tensor():
    layers.Dropout(keras.Input((4,)))


@broken("tensor-as-setting", "Add was made with a list of tensors (the Input `a`", "`Add()([a, ...])`")
def add_made_with_tensors():
    a, b = keras.Input((4,)), keras.Input((4,))
    layers.Add([a, b])


@broken("tensor-as-setting", "Concatenate was made with a list of tensors", "taken for `axis`")
def join_made_with_tensors():
    a, b = keras.Input((4,)), keras.Input((4,))
    joined = layers.Concatenate([a, b])
    layers.Dense(2)(joined)


class Wrapped(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(2)

    def call(self, x):
        return self.head(layers.Flatten(x))


@broken(
    "tensor-as-setting",
    "Flatten was made with a tensor of shape (None, 4, 4)",
    "`Flatten()(x)`",
    "Wrapped.call",
)
def flatten_made_with_a_tensor_in_call():
    Wrapped()(keras.Input((4, 4)))


@broken(
    "tensor-as-setting",
    "Flatten was made with a tensor of shape (None, 4, 4)",
    "self.head(layers.Flatten(x))",
)
def flatten_made_with_a_tensor_while_training():
    model = Wrapped()
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 4, 4)), np.ones((8, 2)), verbose=0)


@broken("not-a-shape", "`784` was given as a shape", "`keras.Input((784,))`")
def input_of_a_number():
    keras.Input(784)


@broken("not-a-shape", "`784` was given as a shape")
def input_shape_of_a_number():
    keras.Sequential([layers.Dense(3, input_shape=784)])


@broken("class-given", "`optimizer` of `compile` was given the class `Adam`", "`Adam(...)`")
def optimizer_that_is_a_class():
    model().compile(keras.optimizers.Adam, "mse")


@broken("class-given", "`callbacks` of `fit` was given the class `EarlyStopping`")
def callback_that_is_a_class():
    stack = model()
    stack.compile("sgd", "mse")
    stack.fit(np.ones((4, 4)), np.ones((4, 1)), callbacks=[keras.callbacks.EarlyStopping], verbose=0)


class Silent(layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(2)

    def call(self, x):
        self.inner(x)


@broken("nothing-returned", "`Silent.call` has no `return`", backends=("torch",))
def layer_that_returns_nothing():
    Silent()(keras.Input((4,)))


@broken("nothing-returned", "`Silent.call` has no `return`", "End `Silent.call` with `return`")
def layer_on_a_layer_that_returns_nothing():
    x = keras.Input((4,))
    h = Silent()(x)
    layers.Dense(2)(h)


@broken("nothing-returned", "`block` has no `return`")
def called_on_nothing():
    def block(x):
        layers.Dense(3)(x)

    layers.Dense(1)(block(keras.Input((4,))))


class SilentModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(2)

    def call(self, x):
        self.inner(x)


@broken("nothing-returned", "`SilentModel.call` has no `return`")
def model_that_returns_nothing():
    model = SilentModel()
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)


@broken("nothing-returned", "`SilentModel.call` has no `return`")
def prediction_of_nothing():
    SilentModel().predict(np.ones((8, 4)), verbose=0)


class Callless(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(2)

    def cal(self, x):
        return self.inner(x)


@broken("call-miswritten", "`Callless` has no `call`", "It has `cal`", "Rename `cal` to `call`")
def model_without_call():
    Callless()(keras.Input((4,)))


@broken("call-miswritten", "`Callless` has no `call`")
def training_without_call():
    model = Callless()
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)


class Selfless(layers.Layer):
    def call(x):  # noqa: N805  # the mistake
        return x


@broken("call-miswritten", "`Selfless.call` has no `self`")
def call_without_self():
    Selfless()(keras.Input((4,)))


@broken(
    "too-many-arguments",
    "`Reshape` takes at most 1 argument without a name (`target_shape`), and was given 3",
    "`Reshape((7, 7, 1))`",
)
def lengths_one_by_one():
    layers.Reshape(7, 7, 1)


@broken("too-many-arguments", "`relu` takes at most 1 argument without a name (`x`), and was given 2")
def too_much_for_a_function():
    x = keras.Input((4,))
    keras.ops.relu(x, 0.1)


@broken("too-many-arguments", "The call of Flatten takes at most 1 argument without a name", "was given 2")
def two_tensors_for_a_layer_of_one():
    a, b = keras.Input((4,)), keras.Input((4,))
    layers.Flatten()(a, b)


@broken("not-a-shape", "The lengths `28, 28, 1` were given one by one", "`keras.Input((28, 28, 1))`")
def input_of_several_numbers():
    keras.Input(28, 28, 1)


@broken("not-a-shape", "`(28, 28)` stands inside another shape", "side by side")
def input_of_a_shape_in_a_shape():
    keras.Input(((28, 28), 1))
