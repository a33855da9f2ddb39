"""Whole systems, each in two of the three APIs or in a mixture of them."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "10_choosing_an_api"


def _product_matcher() -> keras.Model:
    """Two photos through one residual encoder, a price, and two answers by key."""
    left, right = keras.Input((8, 8, 1), name="left"), keras.Input((8, 8, 1), name="right")
    price = keras.Input((1,), name="price")
    stem = layers.Conv2D(4, 3, padding="same", activation="relu")
    inner = layers.Conv2D(4, 3, padding="same")
    pool = layers.GlobalAveragePooling2D()

    def encode(photo):
        y = stem(photo)
        return pool(layers.ReLU()(layers.Add()([y, inner(y)])))

    a, b = encode(left), encode(right)
    gap = ops.abs(layers.Subtract()([a, b]))
    y = layers.Concatenate()([gap, price])
    outputs = {
        "same": layers.Dense(1, activation="sigmoid")(gap),
        "discount": layers.Dense(1)(layers.Dense(5, activation="relu")(y)),
    }
    return keras.Model({"left": left, "right": right, "price": price}, outputs)


@PAIRS.accepted(UNIT)
def matcher_around_a_nested_encoder():
    """The shared residual encoder is a Functional model, called twice; the wiring around it is Functional."""

    def student():
        photo = keras.Input((8, 8, 1))
        y = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(photo))
        y = ops.relu(y + layers.Conv2D(4, 3, padding="same")(y))
        encoder = keras.Model(photo, layers.GlobalAveragePooling2D()(y), name="encoder")

        inputs = {
            "price": keras.Input((1,)),
            "left": keras.Input((8, 8, 1)),
            "right": keras.Input((8, 8, 1)),
        }
        gap = abs(encoder(inputs["left"]) - encoder(inputs["right"]))
        with_price = layers.Concatenate()([gap, inputs["price"]])
        discount = keras.Sequential([layers.Dense(5, activation="relu"), layers.Dense(1)])(with_price)
        return keras.Model(inputs, {"same": layers.Dense(1, activation="sigmoid")(gap), "discount": discount})

    return student, _product_matcher


@PAIRS.accepted(UNIT)
def matcher_as_a_class():
    """The same system as one subclassed model that takes a dict and gives a dict, with a block of its own."""

    class Encoder(layers.Layer):
        def __init__(self):
            super().__init__()
            self.stem = layers.Conv2D(4, 3, padding="same", activation="relu")
            self.inner = layers.Conv2D(4, 3, padding="same")
            self.pool = layers.GlobalAveragePooling2D()

        def call(self, photo):
            y = self.stem(photo)
            return self.pool(ops.relu(self.inner(y) + y))

    class Matcher(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = Encoder()
            self.same = layers.Dense(1, activation="sigmoid")
            self.hidden, self.discount = layers.Dense(5, activation="relu"), layers.Dense(1)

        def call(self, inputs):
            gap = ops.abs(self.encoder(inputs["left"]) - self.encoder(inputs["right"]))
            both = ops.concatenate([gap, inputs["price"]], axis=-1)
            return {"discount": self.discount(self.hidden(both)), "same": self.same(gap)}

    def student():
        model = Matcher()
        shapes = {"left": (8, 8, 1), "right": (8, 8, 1), "price": (1,)}
        model({name: keras.Input(shape) for name, shape in shapes.items()})
        return model

    return student, _product_matcher


@PAIRS.accepted(UNIT, asks=("functional",))
def class_turned_functional_by_its_own_call():
    """A subclassed model is made Functional again with keras.Model(x, model.call(x)), as the task asks."""

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(6, activation="relu"), layers.Dense(6)
            self.out = layers.Dense(1)

        def call(self, x):
            y = self.first(x)
            return self.out(ops.relu(y + self.second(y)))

    def student():
        x = keras.Input((5,))
        net = Net()
        net(x)
        return keras.Model(x, net.call(x))

    def reference():
        x = keras.Input((5,))
        y = layers.Dense(6, activation="relu")(x)
        y = layers.ReLU()(layers.Add()([y, layers.Dense(6)(y)]))
        return keras.Model(x, layers.Dense(1)(y))

    return student, reference


@PAIRS.accepted(UNIT)
def grown_out_of_a_stack():
    """A Sequential model that grew: its layers are called one after the other, a second head hangs in the middle."""

    def student():
        old = keras.Sequential(
            [
                keras.Input((12, 4)),
                layers.Conv1D(6, 3, activation="relu"),
                layers.MaxPooling1D(2),
                layers.LSTM(5),
                layers.Dense(2, activation="softmax"),
            ]
        )
        x = y = keras.Input((12, 4))
        for layer in old.layers[:-1]:
            y = layer(y)
        return keras.Model(x, {"label": old.layers[-1](y), "level": layers.Dense(1)(y)})

    def reference():
        x = keras.Input((12, 4))
        y = layers.MaxPooling1D()(layers.ReLU()(layers.Conv1D(6, 3)(x)))
        y = layers.LSTM(5)(y)
        return keras.Model(x, {"label": layers.Softmax()(layers.Dense(2)(y)), "level": layers.Dense(1)(y)})

    return student, reference


@PAIRS.accepted(UNIT)
def recommender_with_sum_of_products():
    """Matrix factorisation: Dot of two embeddings, against a product that is summed, plus the two biases."""

    def reference():
        user, film = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
        u = layers.Flatten()(layers.Embedding(30, 4)(user))
        f = layers.Flatten()(layers.Embedding(50, 4)(film))
        bu = layers.Flatten()(layers.Embedding(30, 1)(user))
        bf = layers.Flatten()(layers.Embedding(50, 1)(film))
        score = layers.Add()([layers.Dot(axes=1)([u, f]), bu, bf])
        return keras.Model([user, film], layers.Activation("sigmoid")(score))

    def student():
        ids = [keras.Input((1,), dtype="int32", name=name) for name in ("user", "film")]
        sizes = (30, 50)
        u, f = (layers.Reshape((4,))(layers.Embedding(n, 4)(i)) for n, i in zip(sizes, ids, strict=True))
        bu, bf = (layers.Reshape((1,))(layers.Embedding(n, 1)(i)) for n, i in zip(sizes, ids, strict=True))
        match = ops.sum(layers.Multiply()([u, f]), axis=1, keepdims=True)
        return keras.Model(ids, ops.sigmoid(match + bu + bf))

    return student, reference


@PAIRS.accepted(UNIT)
def wide_and_deep():
    """Wide and deep meet in the last Dense; the deep arm is a loop over widths, the join in the other order."""

    def reference():
        x = keras.Input((8,))
        deep = layers.Dense(6, activation="relu")(layers.BatchNormalization()(x))
        deep = layers.Dense(4, activation="relu")(deep)
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()([x, deep])))

    def student():
        x = keras.Input((8,))
        deep = layers.BatchNormalization(momentum=0.99, epsilon=0.001)(x)
        for width in (6, 4):
            deep = layers.Activation("relu")(layers.Dense(width)(deep))
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()([deep, x])))

    return student, reference


@PAIRS.accepted(UNIT)
def question_answering_over_an_image():
    """Image, question and a gate: Multiply of two towers, one Bidirectional; built from functions that return layers."""

    def reference():
        image, question = keras.Input((8, 8, 3)), keras.Input((7,), dtype="int32")
        a = layers.Conv2D(4, 3, activation="relu")(image)
        a = layers.Dense(6, activation="tanh")(layers.Flatten()(layers.MaxPooling2D()(a)))
        b = layers.Bidirectional(layers.LSTM(3))(layers.Embedding(25, 5, mask_zero=True)(question))
        y = layers.Dropout(0.2)(layers.Multiply()([a, b]))
        return keras.Model([image, question], layers.Dense(9, activation="softmax")(y))

    def student():
        def see():
            return [
                layers.Conv2D(4, 3, activation="relu"),
                layers.MaxPool2D(strides=2),
                layers.Flatten(data_format="channels_last"),
                layers.Dense(6, activation="tanh"),
            ]

        def read():
            memory = layers.LSTM(3, name="memory")
            return [
                layers.Embedding(25, 5, mask_zero=True),
                layers.Bidirectional(memory, merge_mode="concat"),
            ]

        def through(x, steps):
            for step in steps:
                x = step(x)
            return x

        question, image = keras.Input((7,), dtype="int32"), keras.Input((8, 8, 3))
        y = through(question, read()) * through(image, see())
        answer = through(y, [layers.Dropout(0.2), layers.Dense(9), layers.Softmax(axis=-1)])
        return keras.Model([image, question], answer)

    return student, reference


@PAIRS.accepted(UNIT)
def translator_with_cross_attention():
    """Encoder and decoder with cross-attention; keywords and positions mixed, the causal mask asked for by name."""

    def reference():
        source, target = keras.Input((6,), dtype="int32"), keras.Input((5,), dtype="int32")
        memory = layers.Embedding(20, 8)(source)
        memory = layers.LayerNormalization()(
            layers.Add()([memory, layers.MultiHeadAttention(2, 4)(memory, memory)])
        )
        y = layers.Embedding(22, 8)(target)
        own = layers.MultiHeadAttention(2, 4)(y, y, use_causal_mask=True)
        y = layers.LayerNormalization()(layers.Add()([y, own]))
        y = layers.LayerNormalization()(layers.Add()([y, layers.MultiHeadAttention(2, 4)(y, memory)]))
        return keras.Model([source, target], layers.Dense(22, activation="softmax")(y))

    def student():
        def attend(query, value, **kwargs):
            found = layers.MultiHeadAttention(num_heads=2, key_dim=4)(query, value=value, **kwargs)
            return layers.LayerNormalization()(found + query)

        source, target = keras.Input((6,), dtype="int32"), keras.Input((5,), dtype="int32")
        words = layers.Embedding(20, 8, name="source_words")(source)
        memory = attend(words, words)
        y = layers.Embedding(22, 8, name="target_words")(target)
        y = attend(attend(y, y, use_causal_mask=True), memory)
        return keras.Model([source, target], ops.softmax(layers.Dense(22)(y), axis=-1))

    return student, reference


@PAIRS.accepted(UNIT)
def sensor_bank_with_a_dict_of_towers():
    """One tower per sensor, held in a dict by a subclass; the reference writes out the three of them."""

    def reference():
        a, b, c = (keras.Input((4,), name=name) for name in ("heat", "noise", "light"))
        found = [layers.Dense(3, activation="relu")(x) for x in (a, b, c)]
        return keras.Model({"heat": a, "noise": b, "light": c}, layers.Dense(2)(layers.Average()(found)))

    class Bank(keras.Model):
        def __init__(self, names):
            super().__init__()
            self.towers = {name: layers.Dense(3, activation="relu") for name in names}
            self.join, self.out = layers.Average(), layers.Dense(2)

        def call(self, inputs):
            return self.out(self.join([tower(inputs[name]) for name, tower in self.towers.items()]))

    def student():
        model = Bank(["light", "heat", "noise"])
        model({name: keras.Input((4,)) for name in ("heat", "light", "noise")})
        return model

    return student, reference


@PAIRS.accepted(UNIT)
def shared_block_with_an_average_by_hand():
    """Three views pass one encoder; their mean is (a + b + c) / 3 where the reference has Average."""

    def reference():
        views = [keras.Input((6,)) for _ in range(3)]
        encoder = layers.Dense(4, activation="relu")
        return keras.Model(views, layers.Dense(2)(layers.Average()([encoder(view) for view in views])))

    def student():
        views = [keras.Input((6,)) for _ in range(3)]
        encoder = layers.Dense(4, activation="relu")
        a, b, c = map(encoder, views)
        return keras.Model(views, layers.Dense(2)((a + b + c) / 3))

    return student, reference
