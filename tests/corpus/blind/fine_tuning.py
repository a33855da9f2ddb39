"""Backbones, frozen and thawed, and how the result is compiled."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def backbone() -> keras.Model:
    """Return a small backbone with two blocks, as if it had been trained."""
    image = keras.Input((8, 8, 3))
    h = image
    for filters in (4, 6):
        h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)
        h = layers.ReLU()(layers.BatchNormalization()(h))
    return keras.Model(image, h, name="backbone")


def classifier(base=None, pool=layers.GlobalAveragePooling2D) -> keras.Model:
    """Return a new head on a backbone that is called in inference mode."""
    base = base or backbone()
    image = keras.Input((8, 8, 3))
    h = layers.Rescaling(1 / 127.5, offset=-1)(image)
    h = layers.Dropout(0.2)(pool()(base(h, training=False)))
    return keras.Model(image, layers.Dense(3, activation="softmax")(h))


def phase(number: int, compile_rate=None):
    """Return the classifier in the first phase (frozen) or the second (top open, normalisation frozen)."""
    base = backbone()
    if number == 1:
        base.trainable = False
    else:
        for layer in base.layers:
            layer.trainable = layer in base.layers[4:] and not isinstance(layer, layers.BatchNormalization)
    model = classifier(base)
    if compile_rate:
        model.compile(keras.optimizers.Adam(compile_rate), loss="sparse_categorical_crossentropy")
    return model


@PAIRS.accepted("08_transfer_learning", asks=("trainable",))
def frozen_layer_by_layer():
    """Every layer of the backbone is frozen by a loop instead of the backbone as a whole."""

    def student():
        base = backbone()
        for layer in base.layers:
            layer.trainable = False
        return classifier(base)

    return student, lambda: phase(1)


@PAIRS.accepted("08_transfer_learning")
def frozen_or_not():
    """The backbone is left trainable, which is not looked at unless a task asks."""
    return classifier, lambda: phase(1)


@PAIRS.accepted("08_transfer_learning", asks=("trainable", "compile"))
def top_opened_in_another_way():
    """All is opened, then the bottom and every normalisation is frozen; the optimizer is given otherwise."""

    def student():
        base = backbone()
        base.trainable = True
        for layer in base.layers[:4]:
            layer.trainable = False
        for layer in base.layers[4:]:
            if "normalization" in layer.name:
                layer.trainable = False
        model = classifier(base)
        rate = keras.optimizers.Adam(learning_rate=0.00001)
        model.compile(optimizer=rate, loss=keras.losses.SparseCategoricalCrossentropy())
        return model

    return student, lambda: phase(2, compile_rate=1e-5)


@PAIRS.accepted("08_transfer_learning")
def preprocessing_by_arithmetic():
    """The pixels are scaled by arithmetic, the pooling is a mean and the model is a stack inside a model."""

    def student():
        image = keras.Input((8, 8, 3))
        features = backbone()(image / 127.5 - 1.0, training=False)
        head = keras.Sequential([layers.Dropout(0.2), layers.Dense(3), layers.Softmax()])
        return keras.Model(image, head(ops.mean(features, axis=(1, 2))))

    return student, classifier


@PAIRS.accepted("08_transfer_learning")
def head_hung_on_the_output():
    """The head hangs on the real backbone's own output where the reference calls the backbone as a layer."""

    def mobile():
        return keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, include_top=False, weights=None)

    def student():
        base = mobile()
        h = layers.GlobalAveragePooling2D()(base.output)
        return keras.Model(base.input, layers.Dense(3, activation="softmax")(h))

    def reference():
        image = keras.Input((32, 32, 3))
        h = layers.GlobalAveragePooling2D()(mobile()(image))
        return keras.Model(image, layers.Activation("softmax")(layers.Dense(3)(h)))

    return student, reference


@PAIRS.rejected("08_transfer_learning", "backbone-not-frozen", asks=("trainable",))
def first_phase_with_an_open_backbone():
    """The head is new and the backbone was never frozen."""
    return classifier, lambda: phase(1)


@PAIRS.rejected("08_transfer_learning", "backbone-still-frozen", asks=("trainable",))
def second_phase_still_frozen():
    """The second phase was to open the top of the backbone, and all of it is still frozen."""
    return lambda: phase(1), lambda: phase(2)


@PAIRS.rejected("08_transfer_learning", "learning-rate-too-high", asks=("compile",))
def first_rate_in_the_second_phase():
    """The second phase is compiled with the rate of the first."""
    return lambda: phase(2, compile_rate=1e-3), lambda: phase(2, compile_rate=1e-5)


@PAIRS.rejected("08_transfer_learning", "not-recompiled", asks=("trainable", "compile"))
def opened_after_compiling():
    """The top of the backbone is opened after the model was compiled, and it is not compiled again."""

    def student():
        model = phase(1, compile_rate=1e-5)
        base = model.get_layer("backbone")
        base.trainable = True
        for layer in base.layers:
            layer.trainable = layer in base.layers[4:] and not isinstance(layer, layers.BatchNormalization)
        return model

    return student, lambda: phase(2, compile_rate=1e-5)


@PAIRS.rejected("08_transfer_learning", "wrong-layer")
def head_on_the_largest_value():
    """The head pools by the maximum instead of the mean, which changes no shape."""
    return lambda: classifier(pool=layers.GlobalMaxPooling2D), classifier
