"""Pairs of models with several mistakes at once, or one that drags others along, and what is told in which order."""

import keras
from keras import layers

from grader.models import describe
from tests.unit.misconceptions import layer_models as steps
from tests.unit.misconceptions import residual_models as residual
from tests.unit.misconceptions import sharing_models as sharing
from tests.unit.misconceptions import sized_models as sized
from tests.unit.misconceptions import trained_models as trained
from tests.unit.misconceptions import wiring_models as wiring


def two_broken_blocks():
    """The first block is activated too early, the second has no shortcut."""
    inputs = keras.Input((14, 14, 1))
    x = residual.conv(8, activation="relu")(inputs)
    y = residual.conv(8, activation="relu")(residual.conv(8, activation="relu")(x))
    x = layers.Add()([x, y])
    x = layers.ReLU()(residual.conv(8)(residual.conv(8, activation="relu")(x)))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def of_image(block, filters):
    x = keras.Input((8, 8, 4))
    return keras.Model(x, block(x, filters))


def detector(filters=4, outputs=("digit", "box"), box="sigmoid"):
    inputs = keras.Input((16, 16, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(filters, 3, activation="relu")(inputs))
    made = {"digit": layers.Dense(10, "softmax")(x), "box": layers.Dense(4, box)(layers.Dense(6, "relu")(x))}
    return keras.Model(inputs, [made[name] for name in outputs])


def twins(shared=True, norm=True):
    """Two pictures through a network that is one, or two, normalised before they are compared."""
    a, b = keras.Input((10, 10, 1)), keras.Input((10, 10, 1))
    first = sharing.embedding()
    second = first if shared else sharing.embedding()
    x = layers.Subtract()([first(a), second(b)])
    x = layers.LayerNormalization()(x) if norm else x
    return keras.Model([a, b], layers.Dense(1, activation="sigmoid")(x))


def heads(order=("digit", "box"), losses=(trained.SPARSE, "mse")):
    x = keras.Input((4,))
    made = {"digit": layers.Dense(3, "softmax")(x), "box": layers.Dense(2)(x)}
    model = keras.Model(x, [made[name] for name in order])
    model.compile("adam", loss=list(losses))
    return model


def opened_whole(model):
    model.get_layer("backbone").trainable = True
    return model


COMPOUND = {
    "an output is missing with what feeds it": (
        lambda: detector(outputs=("digit",)),
        detector,
        ["missing-output"],
    ),
    "an output is missing, and what all share is set otherwise": (
        lambda: detector(8, outputs=("digit",)),
        detector,
        ["missing-output", "wrong-config"],
    ),
    "an input is unused, so the branch behind it is missing": (
        wiring.priced_by_the_photo,
        wiring.priced,
        ["unused-input", "missing-layer"],
    ),
    "one input is used twice, so the other one is unused": (
        lambda: wiring.two_numbers(second=False),
        wiring.two_numbers,
        ["unused-input", "wrong-connection"],
    ),
    "a part is rebuilt, so nothing in it is shared": (
        lambda: sharing.decoders(encoders=2),
        sharing.decoders,
        ["submodel-rebuilt"],
    ),
    "one block has no shortcut, another is activated early": (
        two_broken_blocks,
        lambda: residual.network(2),
        ["missing-skip", "activation-before-add"],
    ),
    "the filters are wrong, so no projection seems to be needed": (
        lambda: of_image(sized.block_of_four_channels, 6),
        lambda: of_image(sized.block, 6),
        ["wrong-config", "missing-projection"],
    ),
    "the shortcut is not projected, and the filters are wrong": (
        lambda: residual.from_grey(project=False, filters=3),
        residual.from_grey,
        ["missing-projection", "wrong-config"],
    ),
    "the second recurrent layer is missing, so the first gives no series": (
        lambda: steps.words(second=False),
        steps.words,
        ["missing-layer", "wrong-config"],
    ),
    "a step is missing, and twins have weights of their own": (
        lambda: twins(shared=False, norm=False),
        twins,
        ["missing-layer", "weights-not-shared"],
    ),
    "two that have nothing to do with each other, as they come in the model": (
        lambda: steps.inception(pool=layers.AveragePooling2D, last="tanh"),
        steps.inception,
        ["wrong-activation", "wrong-layer"],
    ),
    "the outputs are swapped, and the losses are right once they are not": (
        lambda: heads(("box", "digit")),
        heads,
        ["outputs-swapped"],
    ),
    "the outputs are swapped, and the losses with them": (
        lambda: heads(("box", "digit"), ("mse", trained.SPARSE)),
        heads,
        ["outputs-swapped", "wrong-loss"],
    ),
    "a head ends otherwise, and its loss is missing": (
        lambda: trained.heads([trained.SPARSE, None], ends=("softmax", "sigmoid")),
        trained.both,
        ["wrong-head-activation", "loss-missing"],
    ),
    "all is opened, normalizations too, and never compiled again": (
        lambda: opened_whole(trained.train(trained.classifier(trained.frozen, 1e-5))),
        trained.compiled_phase_two,
        ["batchnorm-drift", "not-recompiled"],
    ),
    "the backbone is not frozen, and the rate is high": (
        lambda: trained.classifier(rate=1e-3),
        lambda: trained.classifier(trained.frozen, 1e-5),
        ["backbone-not-frozen", "learning-rate-too-high"],
    ),
}


def graphs():
    """The graphs of all pairs as JSON, with the ids in their order, by what is wrong."""

    def read(build):
        keras.utils.clear_session(free_memory=False)
        return describe(build()).graph.to_json()

    return {
        what: [read(student), read(reference), ids] for what, (student, reference, ids) in COMPOUND.items()
    }
