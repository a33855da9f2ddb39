"""Fine-tuning gone wrong: frozen too little or too long, not compiled again, cut in the wrong place."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "08_transfer_learning"


def _backbone() -> keras.Model:
    x = keras.Input((16, 16, 3))
    y = x
    for number, filters in enumerate((4, 6)):
        y = layers.Conv2D(filters, 3, 2, padding="same", use_bias=False, name=f"conv_{number}")(y)
        y = layers.BatchNormalization(name=f"norm_{number}")(y)
        y = layers.ReLU(name=f"relu_{number}")(y)
    return keras.Model(x, y, name="backbone")


def _with_head(base: keras.Model) -> keras.Model:
    x = keras.Input((16, 16, 3))
    y = layers.GlobalAveragePooling2D(name="pool")(base(x, training=False))
    return keras.Model(x, layers.Dense(4, activation="softmax", name="head")(y))


def _frozen() -> keras.Model:
    base = _backbone()
    base.trainable = False
    return _with_head(base)


def _opened() -> keras.Model:
    """Return the model of phase 2: the convolutions open, every BatchNormalization shut."""
    base = _backbone()
    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return _with_head(base)


def _compile(model: keras.Model, rate: float = 1e-5) -> keras.Model:
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    return model


def _train_once(model: keras.Model) -> None:
    model.train_on_batch(np.zeros((2, 16, 16, 3), "float32"), np.zeros((2,), "int32"))


@PAIRS.rejected(UNIT, "backbone-not-frozen", asks=("trainable",))
def nothing_frozen():
    """training=False is passed, and taken for freezing."""
    return lambda: _with_head(_backbone()), _frozen


@PAIRS.rejected(UNIT, "backbone-not-frozen", asks=("trainable",))
def attribute_misspelt():
    """An attribute trainble is set, which Python makes without a word."""

    def student():
        base = _backbone()
        base.trainble = False
        return _with_head(base)

    return student, _frozen


@PAIRS.rejected(UNIT, "backbone-not-frozen", asks=("trainable",))
def only_the_first_stage_frozen():
    """The loop stops after four layers; the second convolution can still learn."""

    def student():
        base = _backbone()
        for layer in base.layers[:4]:
            layer.trainable = False
        return _with_head(base)

    return student, _frozen


@PAIRS.rejected(UNIT, "backbone-not-frozen", asks=("trainable",))
def frozen_and_opened_again_by_the_outer_model():
    """The whole model is shut for a while; model.trainable = True at the end opens everything below."""

    def student():
        base = _backbone()
        base.trainable = False
        model = _with_head(base)
        model.trainable = False  # on TensorFlow, setting a flag to what it is already does nothing
        model.trainable = True
        return model

    return student, _frozen


@PAIRS.rejected(UNIT, "backbone-still-frozen", asks=("trainable",))
def phase_two_without_opening():
    """The second phase is compiled with its small rate, and the backbone is as shut as before."""
    return lambda: _compile(_frozen()), lambda: _compile(_opened())


@PAIRS.rejected(UNIT, "backbone-still-frozen", asks=("trainable",))
def another_backbone_opened():
    """The function that makes the backbone is called again, and that one is opened."""

    def student():
        model = _frozen()
        base = _backbone()
        base.trainable = True
        for layer in base.layers:
            layer.trainable = not isinstance(layer, layers.BatchNormalization)
        return model

    return student, _opened


@PAIRS.rejected(UNIT, "backbone-still-frozen", asks=("trainable",))
def opened_by_a_name_that_fits_nothing():
    """The loop opens layers whose names start with block, of which there are none."""

    def student():
        base = _backbone()
        base.trainable = False
        for layer in base.layers:
            if layer.name.startswith("block"):
                layer.trainable = True
        return _with_head(base)

    return student, _opened


@PAIRS.rejected(UNIT, "batchnorm-drift", asks=("trainable",))
def everything_opened():
    """base.trainable = True, and the BatchNormalization layers are left to learn new statistics."""

    def student():
        base = _backbone()
        base.trainable = True
        return _with_head(base)

    return student, _opened


@PAIRS.rejected(UNIT, "batchnorm-drift", asks=("trainable",))
def normalisation_shut_in_the_head_only():
    """The loop over model.layers never reaches the BatchNormalization layers inside the nested backbone."""

    def student():
        model = _with_head(_backbone())
        model.trainable = True
        for layer in model.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
        return model

    return student, _opened


@PAIRS.rejected(UNIT, "not-recompiled", asks=("trainable", "compile"))
def opened_after_the_first_training():
    """The backbone is opened between two fits; the model was compiled before the first one only."""

    def build(again):
        model = _compile(_frozen())
        _train_once(model)
        model.get_layer("backbone").trainable = True
        for layer in model.get_layer("backbone").layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
        return _compile(model) if again else model

    return lambda: build(again=False), lambda: build(again=True)


@PAIRS.rejected(UNIT, "not-recompiled", asks=("trainable", "compile"))
def frozen_after_the_first_training():
    """All was trained for a while, then the backbone was frozen, and training would go on as it was compiled."""

    def build(again):
        base = _backbone()
        model = _compile(_with_head(base), 1e-3)
        _train_once(model)
        base.trainable = False
        return _compile(model, 1e-3) if again else model

    return lambda: build(again=False), lambda: build(again=True)


@PAIRS.rejected(UNIT, "learning-rate-too-high", asks=("compile",))
def default_rate_in_phase_two():
    """Adam's own 0.001 fine-tunes the opened backbone."""

    def student():
        model = _opened()
        model.compile("adam", loss="sparse_categorical_crossentropy")
        return model

    return student, lambda: _compile(_opened())


@PAIRS.rejected(UNIT, "learning-rate-too-high", asks=("compile",))
def rate_with_the_sign_lost():
    """1e-2 is written for 1e-5."""
    return lambda: _compile(_opened(), 1e-2), lambda: _compile(_opened(), 1e-5)


@PAIRS.rejected(UNIT, "wrong-layer")
def flattened_where_it_should_be_pooled():
    """Flatten before the head, so that the head has sixteen times the weights."""

    def student():
        x = keras.Input((16, 16, 3))
        y = layers.Flatten()(_backbone()(x))
        return keras.Model(x, layers.Dense(4, activation="softmax")(y))

    return student, _frozen


@PAIRS.rejected(UNIT, "extra-layer")
def new_head_on_the_old_one():
    """The old classifier is kept; the new head learns from its ten scores."""

    def pretrained():
        base = _backbone()
        y = layers.GlobalAveragePooling2D(name="features")(base.output)
        return keras.Model(base.input, layers.Dense(10, activation="softmax")(y))

    def student():
        old = pretrained()
        return keras.Model(old.input, layers.Dense(4, activation="softmax")(old.output))

    def reference():
        old = pretrained()
        features = old.get_layer("features").output
        return keras.Model(old.input, layers.Dense(4, activation="softmax")(features))

    return student, reference


@PAIRS.rejected(UNIT, "missing-layer")
def cut_one_stage_too_early():
    """The head stands on the first stage's relu; the whole backbone was meant."""

    def student():
        base = _backbone()
        y = layers.GlobalAveragePooling2D()(base.get_layer("relu_0").output)
        return keras.Model(base.input, layers.Dense(4, activation="softmax")(y))

    return student, _frozen


@PAIRS.rejected(UNIT, "missing-layer")
def pixels_left_as_they_are():
    """The backbone was trained on -1..1; the scaling is left out of the model."""

    def build(scaled):
        x = keras.Input((16, 16, 3))
        y = layers.Rescaling(1 / 127.5, -1)(x) if scaled else x
        return keras.Model(x, layers.Dense(2)(layers.GlobalMaxPooling2D()(_backbone()(y))))

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "wrong-config")
def pixels_scaled_to_another_range():
    """0..1 in place of -1..1."""

    def build(*scale):
        x = keras.Input((16, 16, 3))
        y = _backbone()(layers.Rescaling(*scale)(x))
        return keras.Model(x, layers.Dense(2)(layers.GlobalMaxPooling2D()(y)))

    return lambda: build(1 / 255), lambda: build(1 / 127.5, -1)


@PAIRS.rejected(UNIT, "wrong-config")
def classes_of_the_old_task():
    """The head has a thousand classes, as the network it was taken from."""

    def student():
        x = keras.Input((16, 16, 3))
        y = layers.GlobalAveragePooling2D()(_backbone()(x))
        return keras.Model(x, layers.Dense(1000, activation="softmax")(y))

    return student, _frozen


@PAIRS.rejected(UNIT, "wrong-head-activation", also=("wrong-activation",))
def four_classes_under_sigmoid():
    """One class out of four is asked for; the head gives four independent scores."""

    def student():
        x = keras.Input((16, 16, 3))
        y = layers.GlobalAveragePooling2D()(_backbone()(x))
        return keras.Model(x, layers.Dense(4, activation="sigmoid")(y))

    return student, _frozen


@PAIRS.rejected(UNIT, "weights-not-shared")
def a_second_backbone_for_the_second_view():
    """Front and side view should pass one backbone; each gets its own."""

    def build(shared):
        views = [keras.Input((16, 16, 3)) for _ in range(2)]
        first = _backbone()
        second = first
        if not shared:
            second = _backbone()
            second.name = "backbone_side"
        found = [
            layers.GlobalAveragePooling2D()(base(v)) for base, v in zip([first, second], views, strict=True)
        ]
        return keras.Model(views, layers.Dense(1)(layers.Concatenate()(found)))

    return lambda: build(False), lambda: build(True)


@PAIRS.rejected(UNIT, "input-not-listed")
def head_on_the_backbone_and_another_input():
    """The head grows on base.output, and Model is given a new Input that nothing was called on."""

    def student():
        base = _backbone()
        x = keras.Input((16, 16, 3))
        y = layers.GlobalAveragePooling2D()(base.output)
        return keras.Model(x, layers.Dense(4, activation="softmax")(y))

    return student, _frozen
