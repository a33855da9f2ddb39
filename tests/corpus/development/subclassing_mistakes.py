"""Mistakes in classes: forgotten calls of super, states made too late, configs that say too little."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _built(model: keras.Model, *shape: int) -> keras.Model:
    model(keras.Input(shape))
    return model


def _saved_and_loaded(model: keras.Model) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return keras.saving.load_model(path)


def _mlp() -> keras.Model:
    return keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(2)])


@PAIRS.rejected("03_subclassing", "missing-super-init")
def model_without_super_init():
    """The model's __init__ assigns layers without having called super().__init__()."""

    class Classifier(keras.Model):
        def __init__(self):
            self.hidden = layers.Dense(8, activation="relu")
            self.head = layers.Dense(2)

        def call(self, x):
            return self.head(self.hidden(x))

    return lambda: _built(Classifier(), 6), _mlp


@PAIRS.rejected("03_subclassing", "missing-super-init")
def base_class_without_super_init():
    """The block calls super().__init__(), but the student's own base class in between does not."""

    class Base(layers.Layer):
        def __init__(self, rate):
            self.rate = rate

    class Half(Base):
        def __init__(self):
            super().__init__(rate=0.5)

        def call(self, x):
            return ops.relu(x) * self.rate

    def student():
        return keras.Sequential([keras.Input((6,)), layers.Dense(8), Half(), layers.Dense(2)])

    def reference():
        table = keras.Input((6,))
        return keras.Model(table, layers.Dense(2)(layers.Dense(8, activation="relu")(table) * 0.5))

    return student, reference


@PAIRS.rejected("03_subclassing", "missing-super-init")
def block_without_super_init_in_a_functional_model():
    """A custom layer keeps only a number, and fails when it is called because nothing set it up."""

    class Scale(layers.Layer):
        def __init__(self, factor):
            self.factor = factor

        def call(self, x):
            return x * self.factor

    def student():
        table = keras.Input((4,))
        return keras.Model(table, layers.Dense(2)(Scale(3.0)(table)))

    def reference():
        table = keras.Input((4,))
        return keras.Model(table, layers.Dense(2)(table * 3.0))

    return student, reference


@PAIRS.rejected("03_subclassing", "python-branch-on-tensor")
def if_on_the_sum_of_a_tensor():
    """A Functional model is wired with an if on a symbolic tensor's value, which raises."""

    def student():
        table = keras.Input((4,))
        x = layers.Dense(4)(table)
        if ops.sum(x) > 0:
            x = ops.relu(x)
        return keras.Model(table, layers.Dense(2)(x))

    def reference():
        table = keras.Input((4,))
        x = layers.Dense(4)(table)
        return keras.Model(table, layers.Dense(2)(ops.where(ops.sum(x) > 0, ops.relu(x), x)))

    return student, reference


@PAIRS.rejected("03_subclassing", "python-branch-on-tensor")
def if_in_the_call_of_a_model():
    """Call decides with if on the mean of its input; it was only ever tried on real numbers."""

    class Moody(keras.Model):
        def __init__(self):
            super().__init__()
            self.calm, self.excited = layers.Dense(3), layers.Dense(3)

        def call(self, x):
            if ops.mean(x) > 0.0:
                return self.excited(x)
            return self.calm(x)

    def student():
        model = Moody()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of the layer not reached so far
            model(np.ones((2, 4), "float32"))
            model(-np.ones((2, 4), "float32"))
        return model

    def reference():
        table = keras.Input((4,))
        excited, calm = layers.Dense(3)(table), layers.Dense(3)(table)
        return keras.Model(table, ops.where(ops.mean(table) > 0.0, excited, calm))

    return student, reference


@PAIRS.rejected("03_subclassing", "python-branch-on-tensor")
def while_on_a_tensor():
    """A refining step is repeated while a tensor says so; three rounds were asked for."""

    class Refine(keras.Model):
        def __init__(self):
            super().__init__()
            self.step = layers.Dense(4, activation="tanh")

        def call(self, x):
            while ops.max(ops.abs(x)) > 1.0:
                x = self.step(x)
            return x

    def student():
        model = Refine()
        model(np.full((2, 4), 3.0, "float32"))
        return model

    def reference():
        step = layers.Dense(4, activation="tanh")
        return keras.Sequential([keras.Input((4,)), step, step, step])

    return student, reference


@PAIRS.rejected("03_subclassing", "state-created-in-call")
def dense_made_in_call():
    """The hidden layer is made in call, anew each time, and belongs to nobody."""

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2)

        def call(self, x):
            return self.head(layers.Dense(8, activation="relu")(x))

    def student():
        model = Classifier()
        model(np.zeros((2, 6), "float32"))
        return model

    return student, _mlp


@PAIRS.rejected("03_subclassing", "state-created-in-call")
def layer_assigned_in_call():
    """Call assigns a new layer to self, when the model is already built, and Keras refuses."""

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2)

        def build(self, input_shape):
            self.built = True

        def call(self, x):
            self.hidden = layers.Dense(8, activation="relu")
            return self.head(self.hidden(x))

    def student():
        model = Classifier()
        model(np.zeros((2, 6), "float32"))
        model(np.zeros((2, 6), "float32"))
        return model

    return student, _mlp


@PAIRS.rejected("03_subclassing", "state-created-in-call")
def weight_added_in_call():
    """The scale of a layer is made by add_weight in call, where build should have made it."""

    class Scale(layers.Layer):
        def build(self, input_shape):
            self.width = input_shape[-1]

        def call(self, x):
            return x * self.add_weight(shape=(self.width,), initializer="ones")

    def student():
        return keras.Sequential([keras.Input((6,)), Scale(), layers.Dense(2)])

    class Right(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")

        def call(self, x):
            return x * self.scale

    def reference():
        return keras.Sequential([keras.Input((6,)), Right(), layers.Dense(2)])

    return student, reference


@PAIRS.rejected("03_subclassing", "not-registered")
def class_nobody_registered():
    """The model is saved and loaded, and the class of its layer was never registered."""

    class Swish(layers.Layer):
        def call(self, x):
            return x * ops.sigmoid(x)

    def student():
        return _saved_and_loaded(keras.Sequential([keras.Input((6,)), layers.Dense(8), Swish()]))

    def reference():
        return keras.Sequential([keras.Input((6,)), layers.Dense(8), Swish()])

    return student, reference


@PAIRS.rejected("03_subclassing", "not-registered")
def function_nobody_registered():
    """The activation is a function of the student's own, which loading cannot find."""

    def squash(x):
        return x / (1.0 + ops.abs(x))

    def model():
        return keras.Sequential([keras.Input((6,)), layers.Dense(8, activation=squash), layers.Dense(2)])

    return lambda: _saved_and_loaded(model()), model


@PAIRS.rejected("03_subclassing", "config-not-saved")
def required_argument_not_in_the_config():
    """get_config forgets the number of units, so the layer cannot be made again."""

    @keras.saving.register_keras_serializable(package="development")
    class Hidden(layers.Layer):
        def __init__(self, units, rate=0.0, **kwargs):
            super().__init__(**kwargs)
            self.rate, self.dense = rate, layers.Dense(units, activation="relu")

        def call(self, x):
            return self.dense(x)

        def get_config(self):
            return {**super().get_config(), "rate": self.rate}

    def student():
        return _saved_and_loaded(keras.Sequential([keras.Input((6,)), Hidden(8), layers.Dense(2)]))

    return student, _mlp


@PAIRS.rejected("03_subclassing", "config-not-saved")
def optional_argument_not_in_the_config():
    """get_config forgets the activation: the loaded model has the default one, and nothing warns."""

    @keras.saving.register_keras_serializable(package="development")
    class Unit(layers.Layer):
        def __init__(self, units, function="tanh", **kwargs):
            super().__init__(**kwargs)
            self.units, self.function = units, function
            self.dense = layers.Dense(units, activation=function)

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(x)

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    def student():
        model = keras.Sequential([keras.Input((6,)), Unit(8, function="relu"), layers.Dense(2)])
        return _saved_and_loaded(model)

    return student, _mlp


@PAIRS.rejected("03_subclassing", "config-not-saved")
def layer_in_the_constructor_without_config():
    """A wrapper is given a layer object, has no get_config, and cannot be saved."""

    @keras.saving.register_keras_serializable(package="development")
    class Twice(layers.Layer):
        def __init__(self, inner, size):
            super().__init__()
            self.inner, self.size = inner, np.asarray(size)

        def call(self, x):
            return self.inner(self.inner(x))

    def student():
        twice = Twice(layers.Dense(6, activation="relu"), np.zeros(3))
        return _saved_and_loaded(keras.Sequential([keras.Input((6,)), twice]))

    def reference():
        inner = layers.Dense(6, activation="relu")
        return keras.Sequential([keras.Input((6,)), inner, inner])

    return student, reference


@PAIRS.rejected("03_subclassing", "static-graph-subclassed", asks=("functional",))
def fixed_stack_as_a_class():
    """A Functional model was asked for; the class is right, but nothing in it is dynamic."""

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.head = layers.Dense(8, activation="relu"), layers.Dense(2)

        def call(self, x):
            return self.head(self.hidden(x))

    def reference():
        table = keras.Input((6,))
        return keras.Model(table, layers.Dense(2)(layers.Dense(8, activation="relu")(table)))

    return lambda: _built(Classifier(), 6), reference


@PAIRS.rejected("03_subclassing", "static-graph-subclassed", asks=("functional",))
def fixed_branches_as_a_class():
    """Two branches and a joint are written as a subclass where the Functional API was asked for."""

    class Branches(keras.Model):
        def __init__(self, units):
            super().__init__()
            self.branches = [layers.Dense(units, activation=name) for name in ("relu", "tanh")]

        def call(self, x):
            return ops.concatenate([branch(x) for branch in self.branches], axis=-1)

    def reference():
        table = keras.Input((5,))
        branches = [layers.Dense(3, activation=name)(table) for name in ("relu", "tanh")]
        return keras.Model(table, layers.Concatenate()(branches))

    return lambda: _built(Branches(3), 5), reference
