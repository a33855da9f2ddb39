"""Models with several heads that answer the wrong thing, in the wrong order, or learn it wrongly."""

from __future__ import annotations

import keras
from keras import layers

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "06_multi_output"


def _trunk(x):
    y = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu")(x))
    return layers.Flatten()(y)


def _digit_and_box() -> keras.Model:
    x = keras.Input((12, 12, 1))
    y = _trunk(x)
    digit = layers.Dense(10, activation="softmax", name="digit")(y)
    box = layers.Dense(4, activation="sigmoid", name="box")(y)
    return keras.Model(x, [digit, box])


def _people() -> keras.Model:
    x = keras.Input((8,))
    y = layers.Dense(12, activation="relu")(x)
    return keras.Model(
        x,
        {
            "age": layers.Dense(1, name="age")(y),
            "income": layers.Dense(1, activation="softplus", name="income")(y),
            "member": layers.Dense(1, activation="sigmoid", name="member")(y),
        },
    )


def _compiled(losses, weights=None, learning_rate=0.001) -> keras.Model:
    model = _digit_and_box()
    model.compile(keras.optimizers.Adam(learning_rate), loss=losses, loss_weights=weights)
    return model


@PAIRS.rejected(UNIT, "outputs-swapped")
def box_before_digit():
    """The list of outputs is in the other order."""

    def student():
        x = keras.Input((12, 12, 1))
        y = _trunk(x)
        box = layers.Dense(4, activation="sigmoid")(y)
        digit = layers.Dense(10, activation="softmax")(y)
        return keras.Model(x, [box, digit])

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "outputs-swapped")
def keys_on_the_wrong_heads():
    """The two regressions stand under each other's key."""

    def student():
        x = keras.Input((8,))
        y = layers.Dense(12, activation="relu")(x)
        age = layers.Dense(1)(y)
        income = layers.Dense(1, activation="softplus")(y)
        member = layers.Dense(1, activation="sigmoid")(y)
        return keras.Model(x, {"age": income, "income": age, "member": member})

    return student, _people


@PAIRS.rejected(UNIT, "missing-output")
def one_head_not_returned():
    """The box head is made and left out of the outputs."""

    def student():
        x = keras.Input((12, 12, 1))
        y = _trunk(x)
        digit = layers.Dense(10, activation="softmax")(y)
        _box = layers.Dense(4, activation="sigmoid")(y)
        return keras.Model(x, digit)

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "missing-output", also=("wrong-config", "missing-layer"))
def heads_melted_into_one():
    """One Dense of fourteen units is to hold the classes and the box."""

    def student():
        x = keras.Input((12, 12, 1))
        return keras.Model(x, layers.Dense(14, activation="softmax")(_trunk(x)))

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "extra-output")
def features_returned_as_well():
    """The trunk's features are a third output that nobody asked for."""

    def student():
        x = keras.Input((12, 12, 1))
        y = _trunk(x)
        heads = [layers.Dense(10, activation="softmax")(y), layers.Dense(4, activation="sigmoid")(y)]
        return keras.Model(x, [*heads, y])

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "wrong-head-activation")
def softmax_on_a_box():
    """The four sides of the box are made to add up to one."""

    def student():
        x = keras.Input((12, 12, 1))
        y = _trunk(x)
        digit, box = layers.Dense(10, activation="softmax"), layers.Dense(4, activation="softmax")
        return keras.Model(x, [digit(y), box(y)])

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "wrong-head-activation")
def regression_head_that_cannot_go_below_zero():
    """The age head keeps the relu of the hidden layers."""

    def student():
        x = keras.Input((8,))
        y = layers.ReLU()(layers.Dense(12)(x))
        outputs = {name: layers.Dense(1)(y) for name in ("age", "income", "member")}
        outputs["age"] = layers.ReLU()(outputs["age"])
        outputs["income"] = layers.Activation("softplus")(outputs["income"])
        outputs["member"] = layers.Activation("sigmoid")(outputs["member"])
        return keras.Model(x, outputs)

    return student, _people


@PAIRS.rejected(UNIT, "wrong-head-activation")
def several_labels_under_softmax():
    """Tags that may all hold at once are given softmax in place of sigmoid."""

    def tagger(function):
        x = keras.Input((20,), dtype="int32")
        y = layers.GlobalAveragePooling1D()(layers.Embedding(40, 8)(x))
        return keras.Model(x, [layers.Dense(6, activation=function)(y), layers.Dense(1)(y)])

    return lambda: tagger("softmax"), lambda: tagger("sigmoid")


@PAIRS.rejected(UNIT, "wrong-connection")
def box_head_reads_the_class_scores():
    """The box is computed from the softmax, not from the trunk."""

    def student():
        x = keras.Input((12, 12, 1))
        y = _trunk(x)
        digit = layers.Dense(10, activation="softmax")(y)
        return keras.Model(x, [digit, layers.Dense(4, activation="sigmoid")(digit)])

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "weights-not-shared")
def a_trunk_for_each_head():
    """The helper that makes the trunk is called once per head, so nothing is shared."""

    def student():
        x = keras.Input((12, 12, 1))
        digit = layers.Dense(10, activation="softmax")(_trunk(x))
        box = layers.Dense(4, activation="sigmoid")(_trunk(x))
        return keras.Model(x, [digit, box])

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "weights-wrongly-shared")
def one_head_under_two_keys():
    """Two scores are asked for; one Dense object gives both."""

    def reference():
        x = keras.Input((8,))
        y = layers.Dense(12, activation="relu")(x)
        return keras.Model(x, {"comfort": layers.Dense(1)(y), "price": layers.Dense(1)(y)})

    def student():
        x = keras.Input((8,))
        y = layers.Dense(12, activation="relu")(x)
        score = layers.Dense(1)
        return keras.Model(x, {"comfort": score(y), "price": score(y)})

    return student, reference


@PAIRS.rejected(UNIT, "wrong-config")
def eleven_digits():
    """The class head has eleven units, one for no digit at all."""

    def student():
        x = keras.Input((12, 12, 1))
        y = _trunk(x)
        return keras.Model(
            x, [layers.Dense(11, activation="softmax")(y), layers.Dense(4, activation="sigmoid")(y)]
        )

    return student, _digit_and_box


@PAIRS.rejected(UNIT, "missing-layer")
def head_without_its_hidden_layer():
    """The value head of a policy network is a single Dense; a hidden layer was asked for."""

    def reference():
        x = keras.Input((6,))
        y = layers.Dense(16, activation="relu")(x)
        value = layers.Dense(1)(layers.Dense(8, activation="relu")(y))
        return keras.Model(x, [layers.Dense(3, activation="softmax")(y), value])

    def student():
        x = keras.Input((6,))
        y = layers.Dense(16, activation="relu")(x)
        return keras.Model(x, [layers.Dense(3, activation="softmax")(y), layers.Dense(1)(y)])

    return student, reference


@PAIRS.rejected(UNIT, "wrong-connection", also=("missing-output",))
def a_key_of_another_name():
    """The box is returned under the key bbox."""

    def build(key):
        x = keras.Input((12, 12, 1))
        y = _trunk(x)
        return keras.Model(x, {"digit": layers.Dense(10, activation="softmax")(y), key: layers.Dense(4)(y)})

    return lambda: build("bbox"), lambda: build("box")


@PAIRS.rejected(UNIT, "unused-input")
def metadata_listed_and_forgotten():
    """The metadata is an input of the model, but only the image reaches the heads."""

    def build(use_metadata):
        image, metadata = keras.Input((12, 12, 1), name="image"), keras.Input((3,), name="metadata")
        y = _trunk(image)
        z = layers.Concatenate()([y, metadata]) if use_metadata else y
        heads = [layers.Dense(10, activation="softmax")(z), layers.Dense(1)(z)]
        return keras.Model([image, metadata], heads)

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "input-not-listed")
def second_input_left_out():
    """The heads read text and numbers; only the text is given to Model."""

    def build(list_both):
        text, numbers = keras.Input((10,), dtype="int32"), keras.Input((4,))
        y = layers.GRU(5)(layers.Embedding(30, 6)(text))
        z = layers.Concatenate()([y, layers.Dense(3)(numbers)])
        heads = [layers.Dense(2, activation="softmax")(y), layers.Dense(1)(z)]
        return keras.Model([text, numbers] if list_both else text, heads)

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "loss-missing", asks=("compile",))
def loss_for_one_head_only():
    """The dict of losses names the digit alone, so the box is never learned."""
    both = {"digit": "sparse_categorical_crossentropy", "box": "mse"}
    return lambda: _compiled({"digit": both["digit"]}), lambda: _compiled(both)


@PAIRS.rejected(UNIT, "loss-missing", asks=("compile",))
def loss_none_in_the_list():
    """None stands where the box's loss belongs."""
    crossentropy = "sparse_categorical_crossentropy"
    return lambda: _compiled([crossentropy, None]), lambda: _compiled([crossentropy, "mae"])


@PAIRS.rejected(UNIT, "loss-weights", asks=("compile",))
def priorities_the_wrong_way_round():
    """The weights of the two losses are swapped."""
    losses = {"digit": "sparse_categorical_crossentropy", "box": "mse"}
    return (
        lambda: _compiled(losses, {"digit": 10.0, "box": 1.0}),
        lambda: _compiled(losses, {"digit": 1.0, "box": 10.0}),
    )


@PAIRS.rejected(UNIT, "loss-weights", asks=("compile",))
def priorities_not_given():
    """The box should count a tenth; no weights are given."""
    losses = ["sparse_categorical_crossentropy", "mse"]
    return lambda: _compiled(losses), lambda: _compiled(losses, [1.0, 0.1])


@PAIRS.rejected(UNIT, "logits-mismatch", asks=("compile",))
def softmax_and_a_loss_for_logits():
    """The head ends in softmax, and its loss is told that it gets logits."""
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return (
        lambda: _compiled([logits, "mse"]),
        lambda: _compiled(["sparse_categorical_crossentropy", "mse"]),
    )


@PAIRS.rejected(UNIT, "logits-mismatch", asks=("compile",))
def logits_and_a_loss_for_probabilities():
    """The binary head has no sigmoid, and the loss named by a string expects one."""

    def build(loss):
        x = keras.Input((6,))
        y = layers.Dense(8, activation="relu")(x)
        model = keras.Model(x, {"spam": layers.Dense(1)(y), "topic": layers.Dense(4, "softmax")(y)})
        model.compile("adam", loss={"spam": loss, "topic": "categorical_crossentropy"})
        return model

    return (
        lambda: build("binary_crossentropy"),
        lambda: build(keras.losses.BinaryCrossentropy(from_logits=True)),
    )
