"""Several inputs, attention, and sequences beside tables: accepted in the styles people write them."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def _tickets() -> keras.Model:
    title = keras.Input((6,), dtype="int32", name="title")
    body = keras.Input((12,), dtype="int32", name="body")
    tags = keras.Input((4,), name="tags")
    title_code = layers.LSTM(4)(layers.Embedding(30, 5)(title))
    body_code = layers.LSTM(6)(layers.Embedding(30, 5)(body))
    x = layers.Concatenate()([title_code, body_code, tags])
    priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
    department = layers.Dense(3, activation="softmax", name="department")(x)
    return keras.Model({"title": title, "body": body, "tags": tags}, [priority, department])


def _image_and_facts() -> keras.Model:
    image, facts = keras.Input((8, 8, 1), name="image"), keras.Input((3,), name="table")
    x = layers.Flatten()(layers.Conv2D(2, 3, activation="relu")(image))
    x = layers.Concatenate()([x, layers.Dense(4, activation="relu")(facts)])
    return keras.Model([image, facts], layers.Dense(1)(x))


def _encoder_block() -> keras.Model:
    series = keras.Input((7, 8))
    x = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(series, series)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([series, x]))
    y = layers.Dense(16, activation="relu")(x)
    y = layers.Dense(8)(y)
    return keras.Model(series, layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y])))


@PAIRS.accepted("02_functional")
def tickets_with_the_dict_in_another_order():
    """The dictionary of inputs lists its keys in another order, and every text has a helper to read it."""

    def student():
        def read(tokens, units):
            return layers.LSTM(units)(layers.Embedding(30, 5)(tokens))

        inputs = {"tags": keras.Input((4,), name="tags")}
        for name, length in (("body", 12), ("title", 6)):
            inputs[name] = keras.Input((length,), dtype="int32", name=name)
        x = layers.concatenate([read(inputs["title"], 4), read(inputs["body"], 6), inputs["tags"]])
        priority, department = layers.Dense(1), layers.Dense(3)
        return keras.Model(inputs, [ops.sigmoid(priority(x)), ops.softmax(department(x))])

    return student, _tickets


@PAIRS.accepted("02_functional")
def inputs_in_a_dict_of_the_same_names():
    """The inputs are given as a dictionary whose keys are the names of the inputs in the list."""

    def student():
        inputs = {"image": keras.Input((8, 8, 1), name="image"), "table": keras.Input((3,), name="table")}
        x = layers.Flatten()(layers.Conv2D(2, 3, activation="relu")(inputs["image"]))
        x = layers.Concatenate()([x, layers.Dense(4, activation="relu")(inputs["table"])])
        return keras.Model(inputs, layers.Dense(1)(x))

    return student, _image_and_facts


@PAIRS.accepted("02_functional")
def inputs_in_a_tuple():
    """The inputs come as a tuple, the output as a list of one, the branches as models of their own."""

    def student():
        see = keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Conv2D(2, (3, 3)), layers.ReLU(), layers.Flatten()]
        )
        know = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Activation("relu")])
        image, facts = keras.Input((8, 8, 1)), keras.Input((3,))
        joined = keras.layers.Concatenate(axis=1)([see(image), know(facts)])
        return keras.Model(inputs=(image, facts), outputs=[layers.Dense(1)(joined)])

    return student, _image_and_facts


@PAIRS.accepted("02_functional")
def facts_before_pixels_in_the_joint():
    """The facts come first where the branches are joined, while the inputs keep their order."""

    def student():
        facts, image = keras.Input((3,)), keras.Input((8, 8, 1))
        known = layers.Dense(4, activation="relu")(facts)
        seen = layers.Reshape((-1,))(layers.Conv2D(2, 3, activation="relu")(image))
        return keras.Model([image, facts], layers.Dense(1)(layers.Concatenate()([known, seen])))

    return student, _image_and_facts


@PAIRS.accepted("02_functional")
def wide_and_deep():
    """The deep part is a nested stack in one and inline in the other; they are joined in either order."""

    def student():
        wide, deep = keras.Input((4,)), keras.Input((3,))
        x = layers.Dense(5, activation="relu")(deep)
        return keras.Model(
            [wide, deep], layers.Activation("sigmoid")(layers.Dense(1)(layers.Concatenate()([wide, x])))
        )

    def reference():
        inputs = [keras.Input((4,)), keras.Input((3,))]
        deep = keras.Sequential([layers.Dense(5), layers.ReLU()])(inputs[1])
        return keras.Model(
            inputs, layers.Dense(1, activation="sigmoid")(layers.concatenate([deep, inputs[0]]))
        )

    return student, reference


@PAIRS.accepted("02_functional")
def encoder_block_with_operators():
    """The two residual sums are written with +, the attention is given its arguments by keyword."""

    def student():
        series = keras.Input((7, 8))
        attention = layers.MultiHeadAttention(2, 4, value_dim=4, dropout=0.1, use_bias=True)
        x = attention(query=series, value=series) + series
        x = layers.LayerNormalization(epsilon=1e-6)(x)
        feed_forward = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(8)])
        return keras.Model(series, layers.LayerNormalization(axis=-1, epsilon=1e-6)(feed_forward(x) + x))

    return student, _encoder_block


@PAIRS.accepted("02_functional")
def encoder_block_with_key_named():
    """The key is passed besides the value, and is the same tensor."""

    def student():
        series = keras.Input((7, 8))
        x = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(series, series, key=series)
        x = layers.LayerNormalization(axis=2, epsilon=1e-6)(layers.add([x, series]))
        y = layers.Dense(8)(ops.relu(layers.Dense(16)(x)))
        return keras.Model(series, layers.LayerNormalization(epsilon=1e-6)(layers.add([y, x])))

    return student, _encoder_block


@PAIRS.accepted("02_functional")
def attention_in_scaled_products():
    """Dot-product attention is written with matmul and softmax, where the reference has the Attention layer."""

    def student():
        query, value = keras.Input((5, 4)), keras.Input((6, 4))
        scores = ops.matmul(query, ops.transpose(value, (0, 2, 1)))
        return keras.Model([query, value], layers.Dense(3)(ops.matmul(ops.softmax(scores, axis=-1), value)))

    def reference():
        query, value = keras.Input((5, 4)), keras.Input((6, 4))
        return keras.Model([query, value], layers.Dense(3)(layers.Attention()([query, value])))

    return student, reference


@PAIRS.accepted("02_functional")
def decoder_started_from_the_encoders_state():
    """The encoder's state is passed as a list of the two tensors, or as what is left after the first."""

    def student():
        source, target = keras.Input((6, 3)), keras.Input((5, 4))
        _, *state = layers.LSTM(8, return_state=True)(source)
        x = layers.LSTM(8, return_sequences=True)(target, initial_state=state)
        return keras.Model([source, target], layers.TimeDistributed(layers.Dense(2))(x))

    def reference():
        source, target = keras.Input((6, 3)), keras.Input((5, 4))
        _, hidden, cell = layers.LSTM(8, return_state=True)(source)
        x = layers.LSTM(8, return_sequences=True)(target, initial_state=[hidden, cell])
        return keras.Model([source, target], layers.Dense(2)(x))

    return student, reference


@PAIRS.accepted("02_functional")
def state_used_as_the_answer():
    """A GRU's state after the last step is its last answer, so either may be read."""

    def student():
        series = keras.Input((6, 3))
        _, state = layers.GRU(5, return_state=True)(series)
        return keras.Model(series, layers.Dense(2)(state))

    def reference():
        series = keras.Input((6, 3))
        return keras.Model(series, layers.Dense(2)(layers.GRU(5)(series)))

    return student, reference


@PAIRS.accepted("02_functional")
def masked_mean_of_words():
    """The mean of the words that are no padding: the mask comes from the Embedding, or is computed."""

    def student():
        tokens = keras.Input((9,), dtype="int32")
        words = layers.Embedding(20, 6)(tokens)
        mean = layers.GlobalAveragePooling1D()(words, mask=ops.not_equal(tokens, 0))
        return keras.Model(tokens, layers.Dense(2)(mean))

    def reference():
        tokens = keras.Input((9,), dtype="int32")
        words = layers.Embedding(20, 6, mask_zero=True)(tokens)
        return keras.Model(tokens, layers.Dense(2)(layers.GlobalAveragePooling1D()(words)))

    return student, reference


@PAIRS.accepted("02_functional")
def frames_of_a_film_as_one_model():
    """TimeDistributed wraps a whole stack in one, and each of its layers in the other."""

    def student():
        film = keras.Input((4, 6, 6, 1))
        look = keras.Sequential([layers.Conv2D(2, 3, activation="relu"), layers.GlobalAveragePooling2D()])
        return keras.Model(film, layers.Dense(2)(layers.GRU(3)(layers.TimeDistributed(look)(film))))

    def reference():
        film = keras.Input((4, 6, 6, 1))
        x = layers.TimeDistributed(layers.Conv2D(2, 3, activation="relu"))(film)
        x = layers.TimeDistributed(layers.GlobalAveragePooling2D())(x)
        return keras.Model(film, layers.Dense(2)(layers.GRU(3)(x)))

    return student, reference


@PAIRS.accepted("02_functional", asks=("merge_order",))
def merges_in_the_order_asked_for():
    """The order of the summands was asked for and kept, in the notation with operators."""

    def student():
        table = keras.Input((4,))
        first = layers.Dense(3, activation="relu")(table)
        second = layers.Dense(3, activation="tanh")(table)
        return keras.Model(table, first + second)

    def reference():
        table = keras.Input((4,))
        first = layers.Dense(3, activation="relu")(table)
        second = layers.Dense(3, activation="tanh")(table)
        return keras.Model(table, layers.Add()([first, second]))

    return student, reference
