"""Classes of one's own that Keras cannot use."""

import keras
import numpy as np
from keras import layers, ops

from tests.unit.explain.programs.table import broken


class Unprepared(layers.Layer):
    def __init__(self, factor):
        self.factor = factor

    def call(self, x):
        return x * self.factor


@broken("super-not-called", "`Unprepared.__init__` does not call `super().__init__()`")
def layer_without_super():
    Unprepared(2.0)(keras.Input((4,)))


class Base(keras.Model):
    def __init__(self, units):
        self.units = units


class Heir(Base):
    def __init__(self):
        super().__init__(3)

    def call(self, x):
        return x


@broken("super-not-called", "`Base.__init__` does not call `super().__init__()`", "this `Heir`")
def base_without_super():
    Heir()(keras.Input((4,)))


class WeightInCall(layers.Layer):
    def build(self, input_shape):
        pass

    def call(self, x):
        return x * self.add_weight(shape=(4,))


@broken("state-in-call", "`WeightInCall.call` makes a weight", "`build`", "[state-created-in-call]")
def weight_in_call():
    WeightInCall()(keras.Input((4,)))


class LayerInCall(layers.Layer):
    def build(self, input_shape):
        pass

    def call(self, x):
        self.inner = layers.Dense(4)
        return self.inner(x)


@broken("state-in-call", "`LayerInCall.call` makes a layer, `self.inner`,", "`__init__`")
def layer_in_call():
    LayerInCall()(keras.Input((4,)))


class Late(layers.Layer):
    def __init__(self):
        self.inner = layers.Dense(2)
        super().__init__()


@broken(
    "super-not-called",
    "`Late.__init__` assigns `inner` before it calls `super().__init__()`",
    backends=("torch",),
)
def super_too_late():
    Late()


class Unready(keras.Model):
    def __init__(self, units):
        self.inner = layers.Dense(units)

    def call(self, x):
        return self.inner(x)


@broken(
    "super-not-called",
    "`Unready.__init__` does not call `super().__init__()`",
    "Make `super().__init__()` the first line of `Unready.__init__`",
    "[missing-super-init]",
)
def model_without_super():
    Unready(3)(keras.Input((4,)))


class Open(layers.Layer):
    def __init__(self, units, **settings):
        self.units = units

    def call(self, x):
        return x


@broken("super-not-called", "Make `super().__init__(**settings)` the first line of `Open.__init__`")
def layer_without_super_that_takes_settings():
    Open(3)(keras.Input((4,)))


class Named(keras.Model):
    def __init__(self):
        super().__init__  # noqa: B018  # the mistake
        self.inner = layers.Dense(3)

    def call(self, x):
        return self.inner(x)


@broken("super-not-called", "`Named.__init__` does not call `super().__init__()`")
def super_without_brackets():
    Named()(keras.Input((4,)))


@broken("super-not-called", "`Nameless.__init__` does not call `super().__init__()`")
def class_of_no_module():
    scope = {"layers": layers}
    exec("class Nameless(layers.Layer):\n    def __init__(self):\n        self.units = 3", scope)
    scope["Nameless"]()(keras.Input((4,)))


x_train, y_train = np.ones((8, 4), "float32"), np.ones((8, 3), "float32")


class Forgetful(keras.Model):
    def call(self, x):
        return layers.Dense(3)(x)


@broken(
    "state-in-call",
    "`Forgetful.call` makes a layer",
    "`__init__`",
    "[state-created-in-call]",
    backends=("tensorflow",),
)
def layer_made_and_called_in_call():
    model = Forgetful()
    model.compile("sgd", "mse")
    model.fit(x_train, y_train, verbose=0)


class Within(layers.Layer):
    def call(self, x):
        hidden = layers.Dense(3)
        return hidden(x)


@broken("state-in-call", "`Within.call` makes a layer", backends=("tensorflow",))
def layer_made_in_the_call_of_a_layer():
    keras.Sequential([keras.Input((4,)), Within()]).predict(x_train, verbose=0)


class Transposed(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(3, input_shape[-1]))

    def call(self, x):
        return ops.matmul(x, self.kernel)


@broken(
    "unlike-factors",
    "`keras.ops.matmul` was to multiply `x` of shape (None, 4) by `self.kernel` of shape (3, 4)",
    "the length 4, the last axis but one of the second 3",
    "make it of shape (4, 3)",
    "Transposed.call",
)
def kernel_with_its_axes_exchanged():
    Transposed()(keras.Input((4,)))


class Hard(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(5, 3))

    def call(self, x):
        return x @ self.kernel


@broken(
    "unlike-factors", "`@` was to multiply `x`", "Give `self.kernel` the length 4 along its last axis but one"
)
def kernel_of_another_width():
    Hard()(keras.Input((4,)))


class Nested(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape, 3))

    def call(self, x):
        return ops.matmul(x, self.kernel)


@broken("not-a-shape", "`(None, 4)` stands inside another shape", "`input_shape[-1]`", "Nested.build")
def shape_in_a_shape():
    Nested()(keras.Input((4,)))


class ByTheBatch(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[0], 3))

    def call(self, x):
        return ops.matmul(x, self.kernel)


@broken("open-shape", "`add_weight` was given the shape (None, 3)", "`input_shape[-1]` is the last one")
def weight_as_long_as_the_batch():
    ByTheBatch()(keras.Input((4,)))


class Seeded(layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, parts):
        mean, spread = parts
        return mean + spread * keras.random.normal(mean.shape, seed=self.seed_generator)


@broken(
    "open-shape",
    "`keras.random.normal` was given `mean.shape`, which is (None, 2)",
    "`keras.random.normal(keras.ops.shape(x))`",
    backends=("tensorflow",),
)
def sampling_of_the_static_shape():
    x = keras.Input((4,))
    Seeded()([layers.Dense(2)(x), layers.Dense(2)(x)])


@broken("open-shape", "`keras.random.normal` was given `x.shape`, which is (None, 4)")
def numbers_beside_the_model():
    x = keras.Input((4,))
    return x + keras.random.normal(x.shape)


class Unseeded(layers.Layer):
    def call(self, x):
        return x + keras.random.normal(ops.shape(x))


@broken(
    "no-seed",
    "`Unseeded.call` calls `keras.random.normal` without a seed",
    "keras.random.SeedGenerator(1)",
    backends=("jax",),
)
def sampling_without_a_seed():
    Unseeded()(keras.Input((4,)))


@broken("no-seed", "`Unseeded.call`", backends=("jax",))
def training_without_a_seed():
    model = keras.Sequential([Unseeded(), layers.Dense(3)])
    model.compile("sgd", "mse")
    model.fit(x_train, y_train, verbose=0)


class Mixing(layers.Layer):
    def call(self, x):
        return ops.matmul(x, ops.ones((3, 4)))


@broken(
    "unlike-factors", "`x` of shape (None, 4) by a tensor of shape (3, 4)", "Exchange the axes of the second"
)
def numbers_with_their_axes_exchanged():
    Mixing()(keras.Input((4,)))
