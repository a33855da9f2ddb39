"""Programs that raise for another reason than the one they look like; no cause may be made up for them."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from tests.unit.explain.programs.saving import reloaded
from tests.unit.explain.programs.table import near_miss


@near_miss
def truth_of_an_array():
    if np.arange(3) > 1:
        pass


@near_miss
def length_of_a_number():
    return len(5)


@near_miss
def name_not_there():
    return layers.Dense(undefined)(keras.Input((4,)))  # noqa: F821


@near_miss
def assertion():
    assert keras.Input((4,)).shape == (4,), "the batch axis counts"


class Strict(layers.Layer):
    def call(self, x):
        if x.shape[-1] != 3:
            raise ValueError("three numbers, please")
        return x


@near_miss
def check_of_ones_own():
    Strict()(keras.Input((4,)))


@near_miss
def check_of_ones_own_in_a_stack():
    keras.Sequential([keras.Input((4,)), Strict(), layers.Dense(2)])


class Refusing(layers.Layer):
    def __init__(self):
        super().__init__(units=3)


@near_miss
def wrong_argument_to_keras():
    Refusing()


@near_miss
def error_after_a_handled_one():
    x = keras.Input((4,))
    try:
        if ops.mean(x) > 0:
            pass
    except TypeError:
        raise RuntimeError("something else")  # noqa: B904


@near_miss
def no_such_attribute():
    return keras.Sequential([keras.Input((4,)), layers.Dense(2)]).outptus


@near_miss
def asked_of_a_built_model():
    return keras.Sequential([keras.Input((4,)), layers.Dense(2)]).input_shapes


class Deep(layers.Layer):
    def call(self, x):
        return x[..., x.shape[7]]


@near_miss
def index_in_call():
    Deep()(keras.Input((4,)))


@keras.saving.register_keras_serializable("no_cause")
class OwnWay(layers.Layer):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, x):
        return x

    def get_config(self):
        return {**super().get_config(), "size": self.size}

    @classmethod
    def from_config(cls, config):
        size = config.pop("size")
        raise TypeError(f"not today, {size}")


@near_miss
def own_way_of_loading():
    reloaded(keras.Sequential([keras.Input((4,)), OwnWay(3)]))


class Eager(layers.Layer):
    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            raise TypeError("symbolic")
        raise LookupError("on values")


@near_miss
def another_error_when_repeated():
    Eager()(keras.Input((4,)))


class Misfitting(layers.Layer):
    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            return layers.Add()([x, keras.Input((7,))])
        raise LookupError("on values")


@near_miss
def a_misfit_only_when_repeated():
    Misfitting()(keras.Input((4,)))


@near_miss
def axes_of_a_dot():
    layers.Dot(1)([keras.Input((4,)), keras.Input((5,))])


def fitted(model, loss="mse", **settings):
    model.compile("sgd", loss)
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 1), "float32"), verbose=0, **settings)


def stack():
    return keras.Sequential([keras.Input((4,)), layers.Dense(1)])


@near_miss
def loss_of_ones_own_that_raises():
    def refusing(y_true, y_pred):
        raise ValueError("not these")

    fitted(stack(), refusing)


@near_miss
def callback_that_raises():
    class Stopping(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise ValueError("enough")

    fitted(stack(), callbacks=[Stopping()])


@near_miss
def generator_that_raises():
    def batches():
        yield np.ones((4, 4)), np.ones((4, 1))
        raise ValueError("no more")

    model = stack()
    model.compile("sgd", "mse")
    model.fit(batches(), steps_per_epoch=3, verbose=0)


class OwnStep(keras.Sequential):
    def train_step(self, *args):
        raise ValueError("not today")


@near_miss
def training_of_ones_own_without_labels():
    model = OwnStep([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4)), verbose=0)


class Careful(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(1)

    def call(self, x):
        self.head(x)
        raise RuntimeError("before it returns anything")


@near_miss
def call_that_raises_before_it_ends():
    Careful()(keras.Input((4,)))


@near_miss
def call_that_raises_while_labels_are_wrong_too():
    model = Careful()
    model.compile("sgd", "categorical_crossentropy")
    model.fit(np.ones((4, 4), "float32"), np.ones(4), verbose=0)


class Holding(layers.Layer):
    def __init__(self, tensor):
        super().__init__()
        raise ValueError("cannot hold this")


@near_miss
def class_of_ones_own_made_with_a_tensor():
    Holding(keras.Input((4,)))


def scaled(x, factor):
    return x * factor


@near_miss
def function_of_ones_own_with_another_argument():
    scaled(keras.Input((4,)), facto=2)


@near_miss
def function_of_pythons_with_another_argument():
    sorted([2, 1], revers=True)


@near_miss
def setting_of_a_wrong_value():
    layers.Dense(-3)


@near_miss
def index_of_ones_own():
    [1, 2, 3][len(layers.Embedding(3, 4).name) + 9]


FOLDER = tempfile.TemporaryDirectory()  # there when the error is explained


@near_miss
def broken_file():
    path = Path(FOLDER.name, "model.keras")
    path.write_bytes(b"nothing of a model")
    keras.saving.load_model(path)


@near_miss
def name_that_is_no_name():
    layers.Dense(3, name="a/b")


@near_miss
def targets_that_cannot_be_read():
    class Odd:
        shape = (4, 1)

    model = stack()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4)), Odd(), verbose=0)


@near_miss
def callback_that_is_a_text():
    fitted(stack(), callbacks=["stop"])


class OwnLoss(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(y_pred)


@near_miss
def loss_of_ones_own_that_needs_no_labels():
    model = OwnLoss([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4), "float32"), callbacks=["stop"], verbose=0)


class Grouped(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Conv2D(6, 3, groups=3)

    def call(self, x):
        return self.head(ops.abs(x))


@near_miss
def layer_on_an_expression_while_predicting():
    Grouped().predict(np.ones((2, 8, 8, 4), "float32"), verbose=0)


@near_miss
def larger_images_that_a_stack_takes():
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 9, 9, 1), "float32"), np.ones((4, 2)), callbacks=["stop"], verbose=0)


@near_miss
def unpacked_list_of_ones_own():
    states = [1, 2, 3]
    y, h = states
    return y, h


@near_miss
def unpacked_in_a_function_of_ones_own():
    def parts(x):
        return [x, x, x]

    y, h = parts(layers.LSTM(4)(keras.Input((5, 3))))
    return y, h


@near_miss
def weight_that_a_built_layer_has_not():
    layer = layers.Dense(3)
    layer.build((None, 4))
    return layer.get_weights()[2]


@near_miss
def weight_of_a_layer_that_has_none():
    flat = layers.Flatten()
    return flat.get_weights()[0]


class Late(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(3), layers.Dense(3)
        self.turned = False

    def call(self, x):
        return self.second(x) if self.turned else self.first(x)


@near_miss
def layer_of_ones_own_built_late():
    model = Late()
    model.predict(np.ones((4, 4), "float32"), verbose=0)
    model.turned = True
    model.predict(np.ones((3, 5), "float32")[:, :4], verbose=0)


class Refusal(keras.optimizers.SGD):
    def update_step(self, *args, **kwargs):
        raise ValueError("no step today")


@near_miss
def optimizer_that_refuses_by_itself():
    model = stack()
    model.compile(Refusal(), "mse")
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 1), "float32"), verbose=0)


@near_miss
def product_that_fits_and_fails_otherwise():
    return np.ones((2, 3)) @ "text"


@near_miss
def random_numbers_of_a_wrong_spread():
    return keras.random.normal((2, 3), stddev="wide")


@near_miss
def function_of_ones_own_with_too_many_arguments():
    scaled(keras.Input((4,)), 2, 3)


class Prepared(layers.Layer):
    def __init__(self):
        layers.Layer.__init__(self)

    def call(self, x):
        raise RuntimeError("set up, and something else")


@near_miss
def constructor_called_by_name():
    Prepared()(keras.Input((4,)))
