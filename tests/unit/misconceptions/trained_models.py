"""Pairs of compiled models, student and reference, for each mistake in training; built in a worker process.

``TRIGGERS`` are pairs in which the mistake was made, ``NEAR_MISSES`` pairs that look like it and are not it.
"""

import keras
import numpy as np
from keras import layers

from grader.models import describe

SPARSE = "sparse_categorical_crossentropy"


def backbone():
    x = keras.Input((8, 8, 3))
    y = x
    for number in range(2):
        y = layers.Conv2D(4, 3, use_bias=False, name=f"conv_{number}")(y)
        y = layers.ReLU()(layers.BatchNormalization(name=f"norm_{number}")(y))
    return keras.Model(x, y, name="backbone")


def classifier(prepare=lambda base: None, rate=None):
    """Put a head on a backbone that ``prepare`` freezes or opens; compile it where a rate is given."""
    base = backbone()
    prepare(base)
    x = keras.Input((8, 8, 3))
    y = layers.GlobalAveragePooling2D()(base(x, training=False))
    model = keras.Model(x, layers.Dense(3, activation="softmax", name="head")(y))
    return model if rate is None else fitted_for(model, rate)


def fitted_for(model, rate=1e-5):
    model.compile(keras.optimizers.Adam(rate), loss=SPARSE)
    return model


def train(model):
    model.train_on_batch(np.zeros((2, 8, 8, 3), "float32"), np.zeros((2,), "int32"))
    return model


def frozen(base):
    base.trainable = False


def layer_by_layer(base):
    for layer in base.layers:
        layer.trainable = False


def convolutions_only(base):
    for layer in base.layers:
        layer.trainable = isinstance(layer, layers.Conv2D)


def normalizations_only(base):
    for layer in base.layers:
        layer.trainable = isinstance(layer, layers.BatchNormalization)


def first_block_only(base):
    for layer in base.layers[:4]:
        layer.trainable = False


def then_open(base):
    base.trainable = False
    base.trainable = True


def kernels_only(base):
    """Freeze the normalizations' own weights one by one, which leaves their statistics free."""
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.gamma.trainable = layer.beta.trainable = False


def of_flat_layers(freeze):
    """Put the head on the backbone's output, so that its layers lie open in the model."""
    base = backbone()
    freeze(base)
    y = layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, layers.Dense(3, activation="softmax")(y))


def opened(model):
    convolutions_only(model.get_layer("backbone"))
    return model


def shut(model):
    model.get_layer("backbone").trainable = False
    return model


def with_old_optimizer(model):
    model.compile(model.optimizer, loss=SPARSE)
    return model


def heads(loss, pack=list, ends=("softmax", None), **given):
    """Return a class head and a box head, compiled with a loss."""
    x = keras.Input((4,))
    made = [layers.Dense(3, end, name=name)(x) for end, name in zip(ends, ("digit", "box"), strict=True)]
    model = keras.Model(x, dict(zip(("digit", "box"), made, strict=True)) if pack is dict else made)
    model.compile("adam", loss=loss, **given)
    return model


def one_head(loss, end=None, units=1):
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(units, end)(layers.Dense(5)(x)))
    model.compile("adam", loss=loss)
    return model


def at(rate, optimizer=keras.optimizers.Adam):
    model = classifier(convolutions_only)
    model.compile(optimizer(rate), loss=SPARSE)
    return model


def binary(**config):
    return keras.losses.BinaryCrossentropy(**config)


def sparse(**config):
    return keras.losses.SparseCategoricalCrossentropy(**config)


def made_anew(model):
    """Make a model of another one's tensors, which takes nothing of its compile state along."""
    return keras.Model(model.inputs, model.outputs)


def phase_one():
    return classifier(frozen)


def phase_two():
    return classifier(convolutions_only)


def compiled_phase_two():
    return classifier(convolutions_only, 1e-5)


def both():
    return heads([SPARSE, "mse"])


def weighted():
    return heads([SPARSE, "mse"], loss_weights=[1.0, 10.0])


def Schedule(rate):
    return keras.optimizers.schedules.CosineDecay(rate, 100)


TRIGGERS = {
    "backbone-not-frozen": [
        (classifier, phase_one),
        (lambda: classifier(first_block_only), phase_one),
        (lambda: classifier(then_open), phase_one),
        (lambda: of_flat_layers(lambda base: None), lambda: of_flat_layers(frozen)),
    ],
    "backbone-still-frozen": [
        (phase_one, phase_two),
        (lambda: classifier(layer_by_layer), phase_two),
        (lambda: classifier(frozen, 1e-5), compiled_phase_two),
        (lambda: of_flat_layers(frozen), lambda: of_flat_layers(convolutions_only)),
    ],
    "batchnorm-drift": [
        (classifier, phase_two),
        (lambda: classifier(normalizations_only), phase_one),
        (lambda: classifier(kernels_only), phase_two),
        (lambda: of_flat_layers(lambda base: None), lambda: of_flat_layers(convolutions_only)),
    ],
    "not-recompiled": [
        (lambda: opened(classifier(frozen, 1e-5)), compiled_phase_two),
        (lambda: opened(train(classifier(frozen, 1e-5))), compiled_phase_two),
        (lambda: shut(train(classifier(rate=1e-3))), lambda: classifier(frozen, 1e-3)),
        (lambda: with_old_optimizer(opened(train(classifier(frozen, 1e-5)))), compiled_phase_two),
    ],
    "not-compiled": [
        (phase_two, compiled_phase_two),
        (phase_one, lambda: classifier(frozen, 1e-3)),
        (lambda: made_anew(both()), both),
    ],
    "loss-missing": [
        (lambda: heads({"digit": SPARSE}), both),
        (lambda: heads([SPARSE, None]), both),
        (lambda: heads(None), both),
        (
            lambda: heads({"digit": SPARSE, "boxes": "mse"}, dict),
            lambda: heads({"digit": SPARSE, "box": "mse"}, dict),
        ),
        (lambda: one_head(None), lambda: one_head("mse")),
    ],
    "wrong-loss": [
        (lambda: heads([SPARSE, "mae"]), both),
        (lambda: heads(["mse", SPARSE]), both),
        (lambda: heads(["mse", "mse"]), both),
        # Keras pairs a list with a dict's outputs by the sorted keys: box, digit.
        (lambda: heads([SPARSE, "mse"], dict), lambda: heads({"digit": SPARSE, "box": "mse"}, dict)),
        (lambda: one_head(keras.losses.Huber(5.0)), lambda: one_head("huber")),
    ],
    "logits-mismatch": [
        (lambda: heads([sparse(from_logits=True), "mse"]), both),
        (lambda: one_head("binary_crossentropy"), lambda: one_head(binary(from_logits=True))),
        (lambda: one_head(binary(from_logits=True), "sigmoid"), lambda: one_head("bce", "sigmoid")),
        (lambda: one_head(SPARSE, units=3), lambda: one_head(sparse(from_logits=True), units=3)),
        (
            lambda: one_head("categorical_crossentropy", units=3),
            lambda: one_head(keras.losses.CategoricalCrossentropy(from_logits=True), units=3),
        ),
    ],
    "loss-weights": [
        (both, weighted),
        (lambda: heads([SPARSE, "mse"], loss_weights=[10.0, 1.0]), weighted),
        (lambda: heads({"digit": SPARSE, "box": "mse"}, loss_weights={"box": 1, "digit": 10}), weighted),
        (lambda: heads([SPARSE, "mse"], loss_weights=[1.0, 0.0]), both),
    ],
    "learning-rate-too-high": [
        (lambda: at(1e-3), lambda: at(1e-5)),
        (lambda: at(1e-2, keras.optimizers.SGD), lambda: at(1e-5)),
        (lambda: at(Schedule(1e-3)), lambda: at(1e-5)),
        (lambda: at(1e-4, keras.optimizers.RMSprop), lambda: at(1e-5)),
    ],
    "learning-rate-too-low": [
        (lambda: at(1e-8), lambda: at(1e-5)),
        (lambda: at(0.0), lambda: at(1e-3)),
        (lambda: at(1e-6, keras.optimizers.SGD), lambda: at(1e-3)),
    ],
}
NEAR_MISSES = {
    "backbone-not-frozen": [
        (lambda: classifier(layer_by_layer), phase_one),
        (lambda: of_flat_layers(layer_by_layer), phase_one),
        (classifier, classifier),
        (
            lambda: classifier(normalizations_only),
            phase_one,
        ),  # only their statistics move: that has its own name
    ],
    "backbone-still-frozen": [
        (phase_two, phase_two),
        (classifier, phase_two),
        (lambda: opened(phase_one()), phase_two),
        (lambda: opened(classifier(frozen, 1e-5)), compiled_phase_two),
    ],
    "batchnorm-drift": [
        (phase_two, phase_two),
        (classifier, phase_one),
        (lambda: classifier(first_block_only), lambda: classifier(first_block_only)),
        (lambda: opened(classifier(layer_by_layer)), phase_two),
    ],
    "not-recompiled": [
        (lambda: fitted_for(opened(train(classifier(frozen, 1e-3)))), compiled_phase_two),
        (lambda: train(opened(classifier(frozen, 1e-5))), compiled_phase_two),
        (lambda: train(compiled_phase_two()), compiled_phase_two),
        (lambda: opened(compiled_phase_two()), compiled_phase_two),
        (lambda: classifier(frozen, 1e-5), compiled_phase_two),
    ],
    "not-compiled": [
        (compiled_phase_two, compiled_phase_two),
        (phase_two, phase_two),
        (compiled_phase_two, phase_two),
        (lambda: heads(None), both),
    ],
    "loss-missing": [
        (lambda: heads({"box": "mse", "digit": SPARSE}), both),
        (lambda: heads([None, "mse"]), lambda: heads({"box": "mse"}, list)),
        (lambda: heads("mse"), lambda: heads(["mse", "mse"])),
        (lambda: one_head(["mse"]), lambda: one_head("mse")),
        (lambda: made_anew(both()), both),
    ],
    "wrong-loss": [
        (lambda: heads([sparse(), keras.losses.MeanSquaredError()]), both),
        (lambda: heads(["crossentropy", "mse"]), both),
        (lambda: heads(["mse", SPARSE], dict), lambda: heads({"digit": SPARSE, "box": "mse"}, dict)),
        (lambda: heads([sparse(from_logits=True), "mse"]), both),
        (lambda: one_head(keras.losses.MeanSquaredError(reduction="mean")), lambda: one_head("mse")),
    ],
    "logits-mismatch": [
        (
            lambda: one_head(sparse(from_logits=True), units=3),
            lambda: one_head(sparse(from_logits=True), units=3),
        ),
        (lambda: heads([sparse(from_logits=False), "mse"]), both),
        (lambda: one_head(SPARSE, "softmax", 3), lambda: one_head(sparse(from_logits=True), "softmax", 3)),
        (lambda: one_head(binary(from_logits=True)), lambda: one_head("bce", "sigmoid")),
        (lambda: heads(["categorical_crossentropy", "mse"]), both),
    ],
    "loss-weights": [
        (lambda: heads([SPARSE, "mse"], loss_weights=[1.0, 1.0]), both),
        (lambda: heads([SPARSE, "mse"], loss_weights=[0.1, 1.0]), weighted),
        (lambda: heads({"box": "mse", "digit": SPARSE}, loss_weights={"box": 10, "digit": 1}), weighted),
        (lambda: heads([SPARSE, None]), weighted),
    ],
    "learning-rate-too-high": [
        (lambda: at(5e-6), lambda: at(1e-5)),
        (lambda: at(1e-4, keras.optimizers.SGD), lambda: at(1e-5)),
        (lambda: at(Schedule(1e-5)), lambda: at(1e-5)),
        (lambda: at(3e-5, keras.optimizers.AdamW), lambda: at(1e-5)),
        (lambda: at(lambda: 1e-5), lambda: at(1e-5)),
    ],
    "learning-rate-too-low": [
        (lambda: at(1e-6), lambda: at(1e-5)),
        (lambda: at(1e-3), lambda: at(1e-5)),
        (lambda: at(1e-5), lambda: at(1e-3)),
    ],
}


def graphs(which):
    """The graphs of all triggers or near-misses, as JSON, by mistake."""

    def read(build):
        keras.utils.clear_session(free_memory=False)
        return describe(build()).graph.to_json()

    pairs = {"triggers": TRIGGERS, "near misses": NEAR_MISSES}[which]
    return {
        mistake: [[read(build) for build in pair] for pair in listed] for mistake, listed in pairs.items()
    }
