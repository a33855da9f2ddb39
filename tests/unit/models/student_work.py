"""Models as students write them. Each ``MODELS`` entry builds one; it runs in a worker process."""

import keras
from keras import layers, ops

SHAPE = (8, 8, 4)


def dense_relu():
    return keras.Sequential([keras.Input((5,)), layers.Dense(3, activation="relu"), layers.Dense(2)])


def body(x, filters=4):
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    return layers.Conv2D(filters, 3, padding="same")(x)


def residual_add():
    x = keras.Input(SHAPE)
    return keras.Model(x, layers.Activation("relu")(layers.Add()([body(x), x])))


def residual_operator():
    x = keras.Input(SHAPE)
    return keras.Model(x, layers.Activation("relu")(body(x) + x))


class Block(keras.layers.Layer):
    def __init__(self, filters=4, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Conv2D(filters, 3, padding="same")
        self.norm = layers.BatchNormalization()
        self.relu = layers.Activation("relu")
        self.second = layers.Conv2D(filters, 3, padding="same")
        self.add = layers.Add()
        self.last = layers.Activation("relu")

    def call(self, x):
        return self.last(self.add([self.second(self.relu(self.norm(self.first(x)))), x]))


def residual_layer():
    x = keras.Input(SHAPE)
    return keras.Model(x, Block()(x))


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.block = Block()

    def call(self, x):
        return self.block(x)


def residual_model():
    model = Net()
    model(keras.Input(SHAPE))
    return model


def nested_twice():
    inner_in = keras.Input((5,))
    inner = keras.Model(inner_in, layers.Dense(5)(layers.Dense(7)(inner_in)))
    x, y = keras.Input((5,)), keras.Input((5,))
    return keras.Model([x, y], layers.Concatenate()([inner(x), inner(y)]))


def nested_sequential():
    x = keras.Input((5,))
    stack = keras.Sequential([layers.Dense(4), layers.Dense(3)])
    return keras.Model(x, stack(x))


def nested_on_other_shapes():
    inner_in = keras.Input((None, None, 3))
    inner = keras.Model(inner_in, layers.Conv2D(2, 3)(inner_in))
    x = keras.Input((9, 9, 3))
    return keras.Model(x, inner(x))


def submodel_from_the_middle():
    x = keras.Input((5,))
    hidden = layers.Dense(4)(x)
    out = layers.Dense(3)(hidden)
    keras.Model(x, out)
    return keras.Model(hidden, out)


def dict_ports():
    inputs = {"right": keras.Input((3,), name="right"), "left": keras.Input((2,), name="left")}
    both = layers.Concatenate()([inputs["left"], inputs["right"]])
    return keras.Model(inputs, {"mark": layers.Dense(2)(both), "box": layers.Dense(4)(both)})


def nested_called_with_dict():
    inner_inputs = [keras.Input((2,), name="zeta"), keras.Input((3,), name="alpha")]
    inner = keras.Model(inner_inputs, layers.Concatenate()(inner_inputs))
    x, y = keras.Input((2,)), keras.Input((3,))
    return keras.Model([x, y], inner({"alpha": y, "zeta": x}))


class ManyPorts(keras.Model):
    def __init__(self):
        super().__init__()
        self.one, self.two = layers.Dense(2), layers.Dense(3)

    def call(self, inputs):
        both = ops.concatenate([inputs["a"], inputs["b"]], axis=-1)
        return {"zeta": self.one(both), "alpha": [self.two(both), both]}


def subclassed_dict_ports():
    model = ManyPorts()
    model({"b": keras.Input((2,)), "a": keras.Input((3,))})
    return model


class Gate(keras.layers.Layer):
    """The variable comes first, so symbolic tensors cannot pass."""

    def __init__(self, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def build(self, shape):
        self.gate = self.add_weight(shape=(shape[-1],), name="gate", initializer="ones")

    def call(self, x):
        return (self.gate * 2.0) * x


def opaque_layer():
    x = keras.Input((5,))
    return keras.Model(x, layers.Dense(2)(Gate(scale=2.0)(x)))


class Baked(keras.layers.Layer):
    """The input comes first, but the variable has become a constant by then."""

    def build(self, shape):
        self.gate = self.add_weight(shape=(shape[-1],), name="gate", initializer="ones")

    def call(self, x):
        return x * (self.gate * 2.0)


def baked_weight():
    x = keras.Input((5,))
    return keras.Model(x, Baked()(x))


class Scale(keras.layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale", initializer="ones")

    def call(self, x):
        return x * self.scale + 1.0


def weight_as_argument():
    x = keras.Input((5,))
    return keras.Model(x, Scale()(x))


class Hidden(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = layers.Dropout(0.3)

    def call(self, x, training=False):
        return self.drop(x, training=training) if training else x


def hidden_dropout():
    x = keras.Input((5,))
    return keras.Model(x, Hidden()(x))


class HiddenModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = Hidden()

    def call(self, x):
        return self.hidden(x)


def hidden_dropout_model():
    model = HiddenModel()
    model(keras.Input((5,)))
    return model


class Branching(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x):
        x = self.dense(x)
        return ops.cond(ops.sum(x) > 0, lambda: x, lambda: -x)


def dynamic_model():
    model = Branching()
    model(keras.Input((5,)))
    return model


class Preset(layers.Conv2D):
    def __init__(self, filters):
        super().__init__(filters, 3, padding="same")


def preset_subclass():
    x = keras.Input(SHAPE)
    return keras.Model(x, Preset(2)(x))


def square_plus_one(x):
    return x * x + 1.0


def functions_and_lambdas():
    x = keras.Input((5,))
    y = layers.Dense(4, activation=square_plus_one, kernel_regularizer="l2")(x)
    y = layers.Dense(4, activation=lambda z: z)(y)
    return keras.Model(x, layers.Lambda(lambda z: z * 2.0)(y))


def operations():
    x = keras.Input((4, 3))
    y = ops.reshape(x[:, :2] * 2.0, (-1, 6))
    return keras.Model(x, ops.mean(keras.activations.relu(y), axis=-1, keepdims=True))


def recurrent():
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(10, 4, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.MultiHeadAttention(2, 3)(x, value=x)
    x = layers.TimeDistributed(layers.Dense(2, name="shared"))(x)
    return keras.Model(tokens, layers.GRU(3)(x))


def partly_frozen():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4)], name="frozen")
    inner.trainable = False
    x = keras.Input((5,))
    return keras.Model(x, layers.Dense(2)(inner(x)))


def mixed_precision():
    x = keras.Input((5,))
    y = layers.Dense(4, dtype="mixed_float16")(x)
    return keras.Model(x, layers.Dense(2, dtype="float32")(y))


def same_tensor_twice():
    x = keras.Input((5,))
    return keras.Model(x, layers.Add()([x, x]))


def unused_input():
    x, y = keras.Input((5,)), keras.Input((6,))
    return keras.Model([x, y], layers.Dense(1)(x))


class Unused(keras.Model):
    def __init__(self):
        super().__init__()
        self.used, self.unused = layers.Dense(2), layers.Dense(3)
        self.unused.build((None, 7))

    def call(self, x):
        return self.used(x)


def unused_layer():
    model = Unused()
    model(keras.Input((5,)))
    return model


class Two(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, left, right):
        return self.dense(left) - self.dense(right)


def two_arguments():
    model = Two()
    model(keras.Input((5,)), keras.Input((5,)))
    return model


MODELS = {
    function.__name__: function
    for function in (
        dense_relu,
        residual_add,
        residual_operator,
        residual_layer,
        residual_model,
        nested_twice,
        nested_sequential,
        nested_on_other_shapes,
        submodel_from_the_middle,
        dict_ports,
        nested_called_with_dict,
        subclassed_dict_ports,
        opaque_layer,
        baked_weight,
        weight_as_argument,
        hidden_dropout,
        hidden_dropout_model,
        dynamic_model,
        preset_subclass,
        functions_and_lambdas,
        operations,
        recurrent,
        partly_frozen,
        mixed_precision,
        same_tensor_twice,
        unused_input,
        unused_layer,
        two_arguments,
    )
}


def unbuilt_sequential():
    return keras.Sequential([layers.Dense(3)])


def empty_sequential():
    return keras.Sequential()


def uncalled_model():
    return Net()


def uncalled_two():
    model = Two()
    model(ops.ones((1, 5)), ops.ones((1, 5)))
    return model


def no_model():
    return layers.Dense(3)


def a_file():
    return "model.keras"


def called_on_data():
    model = Net()
    model(ops.ones((1, *SHAPE)))
    return model


class Crashing(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(5)

    def call(self, x):
        self.dense(x)
        raise RuntimeError("after the first layer")


class Counting(keras.Model):
    def __init__(self):
        super().__init__()
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
        self.dense = layers.Dense(2)

    def call(self, x):
        print("called")
        self.calls.assign(self.calls + 1.0)
        return self.dense(x)


# What is handed to unit.check: functions, classes, objects.


def block(x, filters):
    y = layers.Conv2D(filters, 3, padding="same")(x)
    y = layers.BatchNormalization()(y)
    return layers.Activation("relu")(layers.Add()([y, x]))


def block_by_operator(x, filters):
    y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x))
    return layers.Activation("relu")(y + x)


class BlockLayer(keras.layers.Layer):
    def __init__(self, filters):
        super().__init__()
        self.norm = layers.BatchNormalization()  # made before the convolution, called after
        self.conv = layers.Conv2D(filters, 3, padding="same")
        self.relu = layers.Activation("relu")

    def call(self, x):
        return self.relu(self.norm(self.conv(x)) + x)


class BlockModel(keras.Model):
    def __init__(self, filters):
        super().__init__()
        self.block = BlockLayer(filters)

    def call(self, x):
        return self.block(x)


def block_returning_model(x, filters):
    return keras.Model(x, block(x, filters))


def kept_block():
    x = keras.Input(SHAPE)
    return keras.Model(x, block(x, 4))


def wrong_shapes(x, filters):
    y = layers.Conv2D(filters, 3)(x)
    return layers.Add()([x, y])


def wrong_shapes_by_operator(x, filters):
    return layers.Conv2D(filters, 3)(x) + x


class WrongShapesLayer(keras.layers.Layer):
    def __init__(self, filters):
        super().__init__()
        self.conv = layers.Conv2D(filters, 3)

    def call(self, x):
        return layers.Add()([x, self.conv(x)])


class WrongShapesInside(keras.Model):
    def __init__(self, filters):
        super().__init__()
        self.first = layers.Conv2D(filters, 1)
        self.inner = WrongShapesLayer(filters)

    def call(self, x):
        return self.inner(self.first(x))


def merge_in_sequential(x, filters):
    return keras.Sequential([keras.Input(SHAPE), layers.Conv2D(filters, 3), layers.Add()])


def sequential_without_input(x, filters):
    return keras.Sequential([layers.Conv2D(filters, 3)])


def fails_in_plain_python(x, filters):
    return layers.Conv2D(filters, undefined)(x)  # noqa: F821


def stub_raises(x, filters):
    raise NotImplementedError("write me")


def stub_body(x, filters):
    """Build the block."""


def forgot_return(x, filters):
    layers.Conv2D(filters, 3)(x)


def fails_in_a_helper(x, filters):
    return [wrong_shapes(tensor, filters) for tensor in [x]]


def fails_in_a_comprehension(x, filters):
    return [layers.Conv2D(size, undefined)(x) for size in [filters]]  # noqa: F821


def misses_an_argument(x):
    return x


def starts_elsewhere(x, filters):
    return layers.ReLU()(keras.Input(SHAPE))


class FailsWhenRead(keras.Model):
    def call(self, x, training=False):
        return layers.Dense(undefined)(x) if training else x  # noqa: F821


def returns_what_cannot_be_read(x, filters):
    model = FailsWhenRead()
    model(x)
    return model


def ends_the_process(x, filters):
    raise SystemExit(3)


def not_a_result(x, filters):
    return object()


class LayerWithoutCall(keras.layers.Layer):
    def __init__(self, filters):
        super().__init__()


class AwkwardError(Exception):
    def __str__(self):
        raise ValueError("no text")


def awkward_error(x, filters):
    raise AwkwardError


built_block = kept_block()
norm_layer = layers.BatchNormalization()
tensor = keras.Input(SHAPE)
missing = None
number = 3.5
array = ops.ones((2, 2))
mixed = {"counts": (1, 2.0), "name": "net", "nan": float("nan")}


def same_layer_twice_in_a_stack():
    layer = layers.Dense(4)
    return keras.Sequential([keras.Input((4,)), layer, layer])


def layer_in_two_nested_models():
    shared, x = layers.Dense(4), keras.Input((4,))
    one = keras.Sequential([keras.Input((4,)), shared])
    other = keras.Sequential([keras.Input((4,)), shared, layers.ReLU()])
    return keras.Model(x, other(one(x)))


def too_long_for_a_config():
    return keras.Sequential(
        [keras.Input((4,)), layers.Discretization([number / 7 for number in range(400_000)])]
    )
