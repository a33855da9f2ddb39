"""Classes of a student's own: not set up, lost on the way through a file, or not needed; and what looks like it.

Each row is a student's function and the reference's; many of the students' functions raise.
"""

import keras
from keras import layers

from grader.models.lazy_tensorflow import tensorflow_not_imported
from tests.unit.misconceptions import class_models, saved_models
from tests.unit.misconceptions.saved_models import called, load, nested, registered, stack


def reloaded(build, **given):
    """Return a function that builds, saves and loads a model."""
    return lambda: load(build(), **given)


# --- constructors


class Unprepared(layers.Layer):
    def __init__(self, factor):
        self.factor = factor

    def call(self, x):
        return x * self.factor


class UnpreparedNet(keras.Model):
    def __init__(self):
        self.hidden, self.head = layers.Dense(8, activation="relu"), layers.Dense(2)

    def call(self, x):
        return self.head(self.hidden(x))


class Base(layers.Layer):
    def __init__(self, units):
        self.units = units


class Heir(Base):
    def __init__(self):
        super().__init__(8)

    def build(self, shape):
        self.inner = layers.Dense(self.units)

    def call(self, x):
        return self.inner(x)


class Hasty(layers.Layer):
    """It makes a layer in its constructor, and in call too, without having been set up."""

    def __init__(self):
        self.hidden = layers.Dense(8)

    def call(self, x):
        return layers.Dense(8)(self.hidden(x))


class Scaled(layers.Layer):
    """Right: the constructor calls Keras's, in the way that was chosen."""

    def __init__(self, factor, way="super"):
        if way == "last":
            self.factor = factor
        if way == "by name":
            layers.Layer.__init__(self)
        else:
            super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor


class Plain(layers.Layer):
    def call(self, x):
        return x * 2.0


class Refusing(layers.Layer):
    def __init__(self):
        super().__init__(units=3)


class Misspelt(layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(8)

    def call(self, x):
        return self.desne(x)


def scaled():
    table = keras.Input((6,))
    return keras.Model(table, layers.Dense(2)(table * 2.0))


def dense(activation=None):
    return stack(layers.Dense(8, activation=activation))


# --- saving


@registered
class OwnWay(layers.Layer):
    def call(self, x):
        return x * 2.0

    @classmethod
    def from_config(cls, config):
        raise LookupError("not today")


def no_such_file():
    with tensorflow_not_imported():
        return keras.saving.load_model("nowhere.keras")


def relu_net():
    return stack(layers.Dense(8, activation="relu"))


# --- a class where nothing is dynamic


def functional(steps):
    def build():
        table = keras.Input((6,))
        return keras.Model(table, layers.Dense(2)(steps(table)))

    return build


TRIGGERS = {
    "missing-super-init": [
        (lambda: stack(Unprepared(2.0)), scaled),
        (lambda: called(UnpreparedNet()), relu_net),
        (lambda: stack(Heir()), dense),
        (lambda: stack(Hasty()), dense),
    ],
    "config-not-saved": [
        *saved_models.LOADED,
        (reloaded(lambda: stack(saved_models.Unable(8, "relu"))), relu_net),
        (reloaded(lambda: stack(saved_models.Strict(8, "relu"))), relu_net),
        (reloaded(lambda: stack(saved_models.Around(layers.Dense(8)))), dense),
    ],
    "not-registered": [
        (reloaded(lambda: stack(saved_models.Unknown(8, "relu"))), relu_net),
        (reloaded(lambda: stack(saved_models.Preset())), dense),
        (
            reloaded(lambda: stack(layers.Dense(8, activation=saved_models.unknown_squash))),
            lambda: stack(layers.Dense(8, activation=saved_models.squash)),
        ),
        (reloaded(lambda: nested(saved_models.Unknown(8, "relu"))), relu_net),
    ],
    "static-graph-subclassed": [
        *((build, build) for build in class_models.STATIC),
        (class_models.STATIC[0], dense),
        (class_models.STATIC[1], functional(lambda x: layers.Add()([x, layers.Dense(6)(x)]))),
        (lambda: called(saved_models.Net("relu")), relu_net),
    ],
}
# The third entry is the id of what is told first; "" where it fails and no mistake is named, None where it is right.
NEAR_MISSES = {
    "missing-super-init": [
        (lambda: stack(Scaled(2.0)), scaled, None),
        (lambda: stack(Scaled(2.0, "last")), scaled, None),
        (lambda: stack(Scaled(2.0, "by name")), scaled, None),
        (lambda: stack(Plain()), scaled, None),
        (lambda: stack(Refusing()), scaled, ""),
        (lambda: stack(Misspelt()), dense, ""),
    ],
    "config-not-saved": [
        *saved_models.NOT_BY_LOADING,
        (reloaded(lambda: stack(saved_models.Whole(8, "relu"))), relu_net, None),
        (reloaded(lambda: called(saved_models.WholeNet("relu"))), relu_net, None),
        (reloaded(lambda: stack(OwnWay())), scaled, ""),
        (no_such_file, scaled, ""),
    ],
    "not-registered": [
        (reloaded(lambda: called(saved_models.HolderNet())), relu_net, None),
        (reloaded(lambda: stack(saved_models.Whole(8, "relu"))), relu_net, None),
        (
            reloaded(
                lambda: stack(saved_models.Unknown(8, "relu")),
                custom_objects={"Unknown": saved_models.Unknown},
            ),
            relu_net,
            None,
        ),
        (reloaded(lambda: stack(saved_models.Unable(8, "relu"))), relu_net, "config-not-saved"),
        (reloaded(lambda: stack(OwnWay())), scaled, ""),
        (no_such_file, scaled, ""),
    ],
    "static-graph-subclassed": [
        *((build, build, "") for build in class_models.BY_OTHER_MEANS),  # right, but not Functional
        *((build, build, None) for build in class_models.FUNCTIONAL),
        (lambda: stack(layers.Dense(8, activation="tanh")), relu_net, "wrong-activation"),
    ],
}
