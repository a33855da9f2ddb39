"""Several heads, their losses and their weights."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def trunk(image):
    """Call the encoder that the heads share on an image."""
    h = layers.Conv2D(4, 3, activation="relu")(image)
    return layers.Flatten()(layers.MaxPooling2D(2)(h))


def detector(class_activation="softmax") -> keras.Model:
    """Return a classifier that also gives a box."""
    image = keras.Input((10, 10, 1))
    shared = trunk(image)
    for_class = layers.Dense(8, activation="relu")(shared)
    for_box = layers.Dense(8, activation="relu")(shared)
    digit = layers.Dense(5, activation=class_activation, name="digit")(for_class)
    box = layers.Dense(4, activation="sigmoid", name="box")(for_box)
    return keras.Model(image, {"digit": digit, "box": box})


def compiled(model, loss, **config):
    """Compile a model and return it."""
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, **config)
    return model


def ages() -> keras.Model:
    """Return a model with two outputs of one shape, taken at different depths."""
    x = keras.Input((7,))
    early = layers.Dense(6, activation="relu")(x)
    late = layers.Dense(6, activation="relu")(early)
    return keras.Model(x, [layers.Dense(1, name="age")(early), layers.Dense(1, name="income")(late)])


LOSSES = {"digit": "sparse_categorical_crossentropy", "box": "mean_squared_error"}
WEIGHTS = {"digit": 1.0, "box": 5.0}


def trained_detector(loss=None, weights=None) -> keras.Model:
    """Return the detector compiled with a loss and a weight for each head."""
    return compiled(detector(), loss or LOSSES, loss_weights=weights or WEIGHTS)


@PAIRS.accepted("06_multi_output")
def heads_as_models():
    """Trunk and heads are models of their own, and the outputs' dict lists the same keys in another order."""

    def student():
        image = keras.Input((10, 10, 1))
        encoder = keras.Sequential(
            [layers.Conv2D(4, 3), layers.ReLU(), layers.MaxPooling2D(), layers.Flatten()]
        )
        features = encoder(image)
        outputs = {}
        for key, units, last in [("box", 4, "sigmoid"), ("digit", 5, "softmax")]:
            head = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(units)])
            outputs[key] = layers.Activation(last, name=key)(head(features))
        return keras.Model(image, outputs)

    return student, detector


@PAIRS.accepted("06_multi_output")
def detector_class():
    """The detector is a subclassed model that returns a dict."""

    class Detector(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.pool = layers.Conv2D(4, 3, activation="relu"), layers.MaxPool2D((2, 2))
            self.flatten = layers.Flatten()
            self.hidden = {key: layers.Dense(8, activation="relu") for key in ("digit", "box")}
            self.digit, self.box = layers.Dense(5), layers.Dense(4)

        def call(self, image):
            h = self.flatten(self.pool(self.conv(image)))
            digit = ops.softmax(self.digit(self.hidden["digit"](h)))
            return {"digit": digit, "box": ops.sigmoid(self.box(self.hidden["box"](h)))}

    def student():
        model = Detector()
        model(ops.zeros((1, 10, 10, 1)))
        return model

    return student, detector


@PAIRS.accepted("06_multi_output", asks=("compile",))
def losses_as_objects():
    """Losses and optimizer are objects with their defaults where the reference gives their names."""

    def student():
        model = detector()
        losses = {
            "box": keras.losses.MeanSquaredError(),
            "digit": keras.losses.SparseCategoricalCrossentropy(from_logits=False),
        }
        model.compile("adam", loss=losses, loss_weights={"box": 5, "digit": 1})
        return model

    return student, trained_detector


@PAIRS.accepted("06_multi_output", asks=("compile",))
def equal_weights_left_out():
    """The loss weights are left out, which is the same as giving each head a weight of one."""

    def student():
        return compiled(ages(), ["mse", "mae"])

    def reference():
        return compiled(ages(), ["mean_squared_error", "mean_absolute_error"], loss_weights=[1.0, 1.0])

    return student, reference


@PAIRS.accepted("06_multi_output")
def losses_nobody_asked_about():
    """The student's model is compiled otherwise, which is not looked at unless a task asks."""

    def student():
        model = detector()
        model.compile(keras.optimizers.SGD(0.1), loss={"digit": "categorical_crossentropy", "box": "mae"})
        return model

    return student, trained_detector


@PAIRS.rejected("06_multi_output", "missing-output")
def box_never_listed():
    """The box head is built and not listed among the outputs."""

    def student():
        model = detector()
        return keras.Model(model.input, {"digit": model.output["digit"]})

    return student, detector


@PAIRS.rejected("06_multi_output", "outputs-swapped")
def embeddings_returned_the_other_way():
    """A shared encoder embeds two texts and the embeddings are returned in the other order."""

    def model(swap):
        a, b = keras.Input((6,)), keras.Input((6,))
        encode = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(3)])
        u, v = encode(a), encode(b)
        return keras.Model([a, b], [v, u] if swap else [u, v])

    return lambda: model(True), lambda: model(False)


@PAIRS.rejected("06_multi_output", "wrong-head-activation")
def classes_not_exclusive():
    """The head of five exclusive classes ends in a sigmoid."""
    return lambda: detector(class_activation="sigmoid"), detector


@PAIRS.rejected("06_multi_output", "loss-missing", asks=("compile",))
def box_without_a_loss():
    """Only the class head is given a loss."""

    def student():
        return compiled(detector(), {"digit": LOSSES["digit"]})

    def reference():
        return compiled(detector(), LOSSES)

    return student, reference


@PAIRS.rejected("06_multi_output", "loss-weights", asks=("compile",))
def weights_of_the_heads_exchanged():
    """The weight of the box is given to the class and the other way round."""
    return lambda: trained_detector(weights={"digit": 5.0, "box": 1.0}), trained_detector


@PAIRS.rejected("06_multi_output", "logits-mismatch", asks=("compile",))
def softmax_taken_twice():
    """The loss takes the class head's probabilities for logits."""

    def student():
        loss = {**LOSSES, "digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
        return trained_detector(loss)

    return student, trained_detector
