"""One trunk and several heads, written with lists, dicts, names and classes."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "06_multi_output"


def _digit_and_box() -> keras.Model:
    x = keras.Input((16, 16, 1))
    y = layers.Conv2D(4, 3, activation="relu")(x)
    y = layers.MaxPooling2D()(y)
    y = layers.Flatten()(y)
    digit = layers.Dense(10, activation="softmax", name="digit")(y)
    box = layers.Dense(4, name="box")(layers.Dense(8, activation="relu")(y))
    return keras.Model(x, [digit, box])


def _by_key() -> keras.Model:
    x = keras.Input((6,))
    y = layers.Dense(8, activation="relu")(x)
    return keras.Model(
        x,
        {
            "price": layers.Dense(1, name="price")(y),
            "kind": layers.Dense(3, activation="softmax", name="kind")(y),
        },
    )


@PAIRS.accepted(UNIT)
def heads_made_in_the_other_order():
    """The box head is written first; the list returned is in the right order, the trunk a Sequential."""

    def student():
        trunk = keras.Sequential(
            [
                keras.Input((16, 16, 1)),
                layers.Conv2D(4, (3, 3)),
                layers.ReLU(),
                layers.MaxPool2D(pool_size=2),
                layers.Reshape((-1,)),
            ]
        )
        features = trunk.outputs[0]
        box = layers.Dense(4)(layers.Dense(8, activation="relu")(features))
        digit = layers.Softmax()(layers.Dense(10)(features))
        return keras.Model(inputs=trunk.inputs, outputs=[digit, box])

    return student, _digit_and_box


@PAIRS.accepted(UNIT)
def outputs_as_a_tuple_from_a_subclass():
    """A subclassed model returns a tuple of the two heads."""

    class Detector(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3, activation="relu")
            self.pool = layers.MaxPooling2D()
            self.flat = layers.Flatten()
            self.corner_features = layers.Dense(8, activation="relu")
            self.corners = layers.Dense(4)
            self.classes = layers.Dense(10, activation="softmax")

        def call(self, images):
            shared = self.flat(self.pool(self.conv(images)))
            return self.classes(shared), self.corners(self.corner_features(shared))

    def student():
        model = Detector()
        model(keras.Input((16, 16, 1)))
        return model

    return student, _digit_and_box


@PAIRS.accepted(UNIT)
def dict_filled_in_another_order():
    """The dict of outputs has the same keys, put in the other way round."""

    def student():
        x = keras.Input((6,))
        y = layers.Activation("relu")(layers.Dense(8)(x))
        outputs = {}
        outputs["kind"] = layers.Dense(3, activation="softmax")(y)
        outputs["price"] = layers.Dense(1)(y)
        return keras.Model(x, outputs)

    return student, _by_key


@PAIRS.accepted(UNIT)
def dict_from_a_table_of_heads():
    """Heads come from a dict comprehension over name, units and activation."""

    def student():
        heads = {"price": (1, "linear"), "kind": (3, "softmax")}
        x = keras.Input((6,))
        y = ops.relu(layers.Dense(8)(x))
        outputs = {
            name: layers.Activation(function)(layers.Dense(units)(y))
            for name, (units, function) in heads.items()
        }
        return keras.Model(x, outputs)

    return student, _by_key


@PAIRS.accepted(UNIT)
def three_heads_of_different_kinds():
    """A tagger, a regressor and a counter on a text trunk; exp stands as an op, an Activation in the reference."""

    def reference():
        words = keras.Input((12,), dtype="int32")
        y = layers.Embedding(50, 8)(words)
        y = layers.LSTM(6, return_sequences=True)(y)
        tags = layers.Dense(5, activation="softmax")(y)
        last = layers.GlobalMaxPooling1D()(y)
        mood = layers.Dense(1, activation="tanh")(last)
        amount = layers.Dense(1, activation="exponential")(last)
        return keras.Model(words, [tags, mood, amount])

    def student():
        words = keras.Input((12,), dtype="int32", name="words")
        states = layers.LSTM(6, return_sequences=True, name="trunk")(layers.Embedding(50, 8)(words))
        summary = layers.GlobalMaxPooling1D()(states)
        amount = ops.exp(layers.Dense(1)(summary))
        mood = ops.tanh(layers.Dense(1)(summary))
        tags = layers.Activation(keras.activations.softmax)(layers.Dense(5)(states))
        return keras.Model(words, [tags, mood, amount])

    return student, reference


@PAIRS.accepted(UNIT)
def tickets_with_three_inputs_in_a_dict():
    """Three inputs and two outputs by key: inputs in another order, concatenated in another order."""

    def reference():
        title = keras.Input((None,), dtype="int32", name="title")
        body = keras.Input((None,), dtype="int32", name="body")
        tags = keras.Input((4,), name="tags")
        a = layers.LSTM(4)(layers.Embedding(30, 5)(title))
        b = layers.LSTM(3)(layers.Embedding(30, 5)(body))
        y = layers.Concatenate()([a, b, tags])
        priority = layers.Dense(1, activation="sigmoid")(y)
        team = layers.Dense(3, activation="softmax")(y)
        return keras.Model({"title": title, "body": body, "tags": tags}, {"priority": priority, "team": team})

    def student():
        inputs = {
            "tags": keras.Input((4,)),
            "body": keras.Input((None,), dtype="int32"),
            "title": keras.Input((None,), dtype="int32"),
        }

        def read(name, units):
            return layers.LSTM(units)(layers.Embedding(input_dim=30, output_dim=5)(inputs[name]))

        y = layers.concatenate([inputs["tags"], read("body", 3), read("title", 4)])
        team = layers.Dense(3, activation="softmax", name="team")(y)
        return keras.Model(
            inputs, {"team": team, "priority": layers.Dense(1, activation="sigmoid", name="priority")(y)}
        )

    return student, reference


@PAIRS.accepted(UNIT)
def two_small_encoders_before_the_heads():
    """Image and measurements meet before two heads; the encoders are models called on the inputs."""

    def reference():
        image, numbers = keras.Input((8, 8, 3)), keras.Input((5,))
        a = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(image))
        b = layers.Dense(4, activation="relu")(numbers)
        y = layers.Concatenate()([a, b])
        return keras.Model([image, numbers], [layers.Dense(1)(y), layers.Dense(2, activation="softmax")(y)])

    def student():
        see = keras.Sequential([layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()])
        read = keras.Sequential([layers.Dense(4), layers.ReLU()])
        image, numbers = keras.Input((8, 8, 3), name="image"), keras.Input((5,), name="numbers")
        y = layers.Concatenate(axis=1)([see(image), read(numbers)])
        heads = [layers.Dense(1), layers.Dense(2, activation="softmax")]
        return keras.Model([image, numbers], [head(y) for head in heads])

    return student, reference


@PAIRS.accepted(UNIT)
def deep_supervision_from_inside_the_trunk():
    """An auxiliary classifier leaves the trunk halfway, as in GoogLeNet; found again by the layer's name."""

    def reference():
        x = keras.Input((8, 8, 1))
        a = layers.Conv2D(4, 3, activation="relu")(x)
        b = layers.Conv2D(4, 3, activation="relu")(a)
        main = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(b))
        early = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(a))
        return keras.Model(x, [main, early])

    def student():
        plain = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3, activation="relu", name="halfway"),
                layers.Conv2D(4, 3, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(10, activation="softmax"),
            ]
        )
        side = layers.GlobalAveragePooling2D()(plain.get_layer("halfway").output)
        side = layers.Dense(10, activation="softmax", name="auxiliary")(side)
        return keras.Model(plain.inputs, [plain.outputs[0], side])

    return student, reference


@PAIRS.accepted(UNIT)
def policy_and_value_from_nested_heads():
    """Actor and critic: each head is a nested model with an Input of its own."""

    def reference():
        state = keras.Input((4,))
        y = layers.Dense(16, activation="tanh")(layers.Dense(16, activation="tanh")(state))
        return keras.Model(state, {"policy": layers.Dense(2)(y), "value": layers.Dense(1)(y)})

    def student():
        def head(units, name):
            features = keras.Input((16,))
            return keras.Model(features, layers.Dense(units)(features), name=name)

        state = keras.Input((4,))
        y = state
        for _ in range(2):
            y = layers.Dense(16, activation=ops.tanh)(y)
        return keras.Model(state, {h.name: h(y) for h in (head(1, "value"), head(2, "policy"))})

    return student, reference


@PAIRS.accepted(UNIT)
def head_that_reads_the_other_head():
    """The second head is given the first one's answer as well; joined with the columns in another order."""

    def reference():
        x = keras.Input((10,))
        y = layers.Dense(8, activation="relu")(x)
        kind = layers.Dense(3, activation="softmax")(y)
        size = layers.Dense(1)(layers.Concatenate()([y, kind]))
        return keras.Model(x, [kind, size])

    def student():
        x = keras.Input((10,))
        y = layers.Dense(8, activation="relu")(x)
        kind = layers.Dense(3, activation="softmax")(y)
        return keras.Model(x, [kind, layers.Dense(1)(ops.concatenate([kind, y], axis=1))])

    return student, reference


@PAIRS.accepted(UNIT)
def detector_on_a_small_pyramid():
    """A feature pyramid with two levels; the same head is called on both, in a loop or by hand."""

    def reference():
        x = keras.Input((16, 16, 3))
        c3 = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
        c4 = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(c3)
        p4 = layers.Conv2D(5, 1)(c4)
        p3 = layers.Add()([layers.Conv2D(5, 1)(c3), layers.UpSampling2D()(p4)])
        head = layers.Conv2D(7, 3, padding="same")
        return keras.Model(x, [head(p3), head(p4)])

    def student():
        x = keras.Input((16, 16, 3))
        levels, y = [], x
        for filters in (4, 6):
            y = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(y)
            levels.append(y)
        coarse = layers.Conv2D(5, 1)(levels.pop())
        fine = layers.UpSampling2D((2, 2), interpolation="nearest")(coarse) + layers.Conv2D(5, 1)(
            levels.pop()
        )
        predict = keras.Sequential([keras.Input((None, None, 5)), layers.Conv2D(7, 3, padding="same")])
        return keras.Model(x, [predict(level) for level in (fine, coarse)])

    return student, reference


@PAIRS.accepted(UNIT, asks=("compile",))
def losses_as_objects_by_name():
    """Losses and weights are given by key and as objects; the reference lists short names in order."""

    def reference():
        model = _digit_and_box()
        model.compile("adam", loss=["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.5])
        return model

    def student():
        model = _digit_and_box()
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=0.001),
            loss={
                "box": keras.losses.MeanSquaredError(),
                "digit": keras.losses.SparseCategoricalCrossentropy(),
            },
            loss_weights={"digit": 1, "box": 0.5},
        )
        return model

    return student, reference


@PAIRS.accepted(UNIT, asks=("compile",))
def weights_of_one_left_out():
    """Loss weights of one each are not written at all; the losses are the functions themselves."""

    def reference():
        model = _by_key()
        model.compile(
            "adam",
            loss={"price": "mae", "kind": "categorical_crossentropy"},
            loss_weights={"price": 1.0, "kind": 1.0},
        )
        return model

    def student():
        model = _by_key()
        model.compile(
            "adam",
            loss={
                "kind": keras.losses.categorical_crossentropy,
                "price": keras.losses.mean_absolute_error,
            },
        )
        return model

    return student, reference


@PAIRS.accepted(UNIT, asks=("compile",))
def logits_with_the_loss_that_knows():
    """The head gives logits and its loss is told so, in both; the learner adds metrics and a name."""

    def build():
        x = keras.Input((6,))
        return keras.Model(x, [layers.Dense(3, name="kind")(x), layers.Dense(1, name="size")(x)])

    def reference():
        model = build()
        crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss={"kind": crossentropy, "size": "mse"})
        return model

    def student():
        model = build()
        losses = [keras.losses.SparseCategoricalCrossentropy(True, name="ce"), "mean_squared_error"]
        model.compile(keras.optimizers.Adam(), loss=losses, metrics=[["accuracy"], ["mae"]])
        return model

    return student, reference


@PAIRS.accepted(UNIT)
def compiled_otherwise_where_nobody_asks():
    """Another optimizer and other loss weights: the architecture is all that is compared."""

    def student():
        model = _digit_and_box()
        model.compile("sgd", loss=["sparse_categorical_crossentropy", "mae"], loss_weights=[1, 100])
        return model

    return student, _digit_and_box
