"""A backbone and a new head: frozen, opened at the top, cut, flattened or wrapped, and compiled again."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()
UNIT = "08_transfer_learning"


def _backbone() -> keras.Model:
    """Stand in for a pretrained network: three stages with BatchNormalization, global pooling left out."""
    x = keras.Input((16, 16, 3))
    y = x
    for number, filters in enumerate((4, 6, 8)):
        y = layers.Conv2D(filters, 3, 2, padding="same", use_bias=False, name=f"stage{number}_conv")(y)
        y = layers.BatchNormalization(name=f"stage{number}_norm")(y)
        y = layers.ReLU(name=f"stage{number}_relu")(y)
    return keras.Model(x, y, name="backbone")


def _phase_one() -> keras.Model:
    base = _backbone()
    base.trainable = False
    x = keras.Input((16, 16, 3))
    y = layers.GlobalAveragePooling2D()(base(x, training=False))
    y = layers.Dropout(0.2)(y)
    return keras.Model(x, layers.Dense(5, activation="softmax")(y))


def _phase_two() -> keras.Model:
    """Return the model with the last stage's convolution open and every BatchNormalization shut."""
    model = _phase_one()
    base = model.get_layer("backbone")
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name == "stage2_conv"
    return model


def _train_once(model: keras.Model) -> None:
    model.train_on_batch(np.zeros((2, 16, 16, 3), "float32"), np.zeros((2,), "int32"))


@PAIRS.accepted(UNIT, asks=("trainable",))
def frozen_layer_by_layer():
    """Every layer of the backbone is frozen in a loop, after the head was put on it."""

    def student():
        base = _backbone()
        model = keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                base,
                layers.GlobalAvgPool2D(),
                layers.Dropout(rate=0.2),
                layers.Dense(5),
                layers.Softmax(),
            ]
        )
        for layer in base.layers:
            layer.trainable = False
        return model

    return student, _phase_one


@PAIRS.accepted(UNIT, asks=("trainable",))
def head_grown_on_the_backbones_output():
    """No nested model: the head goes on base.output, so that the backbone's layers lie open."""

    def student():
        base = _backbone()
        for layer in base.layers:
            layer.trainable = False
        y = ops.mean(base.output, axis=[1, 2])
        y = layers.Dense(5, activation="softmax")(layers.Dropout(0.2)(y))
        return keras.Model(inputs=base.input, outputs=y)

    return student, _phase_one


@PAIRS.accepted(UNIT, asks=("trainable",))
def backbone_held_by_a_subclass():
    """A subclassed classifier owns the backbone and runs it with training=False."""

    class Classifier(keras.Model):
        def __init__(self, base, classes):
            super().__init__()
            base.trainable = False
            self.base, self.pool = base, layers.GlobalAveragePooling2D()
            self.drop, self.head = layers.Dropout(0.2), layers.Dense(classes, activation="softmax")

        def call(self, x, training=None):
            y = self.pool(self.base(x, training=False))
            return self.head(self.drop(y, training=training))

    def student():
        model = Classifier(_backbone(), 5)
        model(keras.Input((16, 16, 3)))
        return model

    return student, _phase_one


@PAIRS.accepted(UNIT, asks=("trainable",))
def top_opened_by_position():
    """Everything is opened, then all but the last stage is shut by slices, and every BatchNormalization by type."""

    def student():
        model = _phase_one()
        base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
        base.trainable = True
        for layer in base.layers[:-3]:
            layer.trainable = False
        for layer in base.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
        return model

    return student, _phase_two


@PAIRS.accepted(UNIT, asks=("trainable",))
def one_layer_opened_inside_a_shut_backbone():
    """The backbone stays trainable=False as a whole; Keras 3 trains the one layer set to True inside it."""

    def student():
        model = _phase_one()
        model.get_layer("backbone").get_layer("stage2_conv").trainable = True
        return model

    return student, _phase_two


@PAIRS.accepted(UNIT)
def frozen_or_not_where_nobody_asks():
    """The student's backbone can be trained; only the architecture is asked for."""

    def student():
        base = _backbone()
        x = keras.Input((16, 16, 3))
        y = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(base(x)))
        return keras.Model(x, layers.Dense(5, activation="softmax")(y))

    return student, _phase_one


@PAIRS.accepted(UNIT)
def old_top_popped_from_a_stack():
    """A VGG-like stack loses its classifier with pop and gets a new one; the reference cuts by a layer's name."""

    def vgg():
        return keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                layers.Conv2D(4, 3, padding="same", activation="relu"),
                layers.Conv2D(4, 3, padding="same", activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(6, 3, padding="same", activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(name="flat"),
                layers.Dense(12, activation="relu"),
                layers.Dense(1000, activation="softmax"),
            ]
        )

    def student():
        model = vgg()
        model.pop()
        model.pop()
        model.add(layers.Dense(3, activation="softmax"))
        return model

    def reference():
        base = vgg()
        features = base.get_layer("flat").output
        return keras.Model(base.inputs, layers.Dense(3, activation="softmax")(features))

    return student, reference


@PAIRS.accepted(UNIT)
def inputs_scaled_by_arithmetic():
    """Pixels are brought to -1..1 with / and -; the reference has a Rescaling layer."""

    def reference():
        x = keras.Input((16, 16, 3))
        y = _backbone()(layers.Rescaling(1 / 127.5, offset=-1)(x))
        return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))

    def student():
        x = keras.Input((16, 16, 3))
        y = layers.GlobalAveragePooling2D()(_backbone()(x / 127.5 - 1.0))
        return keras.Model(x, layers.Dense(2)(y))

    return student, reference


@PAIRS.accepted(UNIT)
def augmentation_as_a_model_of_its_own():
    """The random layers stand in a Sequential; the reference calls them one by one."""

    def reference():
        x = keras.Input((16, 16, 3))
        y = layers.RandomRotation(0.1)(layers.RandomFlip("horizontal")(x))
        return keras.Model(x, layers.Dense(5)(layers.GlobalMaxPooling2D()(_backbone()(y))))

    def student():
        augment = keras.Sequential([layers.RandomFlip("horizontal", seed=3), layers.RandomRotation(0.1)])
        steps = [augment, _backbone(), layers.GlobalMaxPooling2D(), layers.Dense(5)]
        x = y = keras.Input((16, 16, 3))
        for step in steps:
            y = step(y)
        return keras.Model(x, y)

    return student, reference


@PAIRS.accepted(UNIT, asks=("trainable",))
def features_of_three_stages():
    """A frozen extractor gives the tensors of three stages; they are collected by type in place of by name."""

    def reference():
        base = _backbone()
        base.trainable = False
        names = ["stage0_relu", "stage1_relu", "stage2_relu"]
        return keras.Model(base.input, [base.get_layer(name).output for name in names])

    def student():
        base = _backbone()
        model = keras.Model(
            base.input, [layer.output for layer in base.layers if isinstance(layer, layers.ReLU)]
        )
        model.trainable = False
        return model

    return student, reference


@PAIRS.accepted(UNIT, asks=("trainable",))
def triplet_on_one_frozen_backbone():
    """Anchor, positive and negative pass the same embedding model, in a loop or one by one."""

    def embedder():
        base = _backbone()
        base.trainable = False
        return base, [layers.GlobalAveragePooling2D(), layers.Dense(4), layers.UnitNormalization()]

    def reference():
        base, head = embedder()
        inputs, outputs = [keras.Input((16, 16, 3)) for _ in range(3)], []
        for photo in inputs:
            y = base(photo, training=False)
            for step in head:
                y = step(y)
            outputs.append(y)
        return keras.Model(inputs, outputs)

    def student():
        base, head = embedder()
        embed = keras.Sequential([keras.Input((16, 16, 3)), base, *head])
        a, p, n = (keras.Input((16, 16, 3), name=name) for name in ("anchor", "positive", "negative"))
        return keras.Model([a, p, n], [embed(a), embed(p), embed(n)])

    return student, reference


@PAIRS.accepted(UNIT)
def mobile_block_with_aliases():
    """One MBConv block with squeeze and excitation: swish and silu, x * gate, DepthwiseConv2D's stride as a pair."""

    def reference():
        x = keras.Input((8, 8, 4))
        y = layers.Activation("swish")(layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False)(x)))
        y = layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(y)
        y = layers.Activation("swish")(layers.BatchNormalization()(y))
        gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
        gate = layers.Conv2D(2, 1, activation="swish")(gate)
        gate = layers.Conv2D(8, 1, activation="sigmoid")(gate)
        y = layers.Conv2D(6, 1, use_bias=False)(layers.Multiply()([y, gate]))
        return keras.Model(x, layers.BatchNormalization()(y))

    def student():
        def norm(t):
            return keras.activations.silu(layers.BatchNormalization()(t))

        x = keras.Input((8, 8, 4))
        y = norm(layers.Conv2D(8, (1, 1), use_bias=False)(x))
        y = norm(layers.DepthwiseConv2D((3, 3), strides=(2, 2), padding="same", use_bias=False)(y))
        gate = ops.silu(layers.Conv2D(2, 1)(layers.GlobalAveragePooling2D(keepdims=True)(y)))
        gate = ops.sigmoid(layers.Conv2D(8, 1)(gate))
        return keras.Model(x, layers.BatchNormalization()(layers.Conv2D(6, 1, use_bias=False)(gate * y)))

    return student, reference


@PAIRS.accepted(UNIT, asks=("trainable",))
def teacher_and_pupil_side_by_side():
    """Distillation: the frozen teacher is frozen on itself in one, by its layers' flags in the other."""

    def build(freeze):
        teacher = keras.Sequential(
            [keras.Input((8,)), layers.Dense(32, activation="relu"), layers.Dense(4)], name="teacher"
        )
        freeze(teacher)
        pupil = keras.Sequential([layers.Dense(4)], name="pupil")
        x = keras.Input((8,))
        return keras.Model(x, {"pupil": pupil(x), "teacher": teacher(x)})

    def one_by_one(teacher):
        for variable_holder in teacher.layers:
            variable_holder.trainable = False

    return lambda: build(one_by_one), lambda: build(lambda teacher: setattr(teacher, "trainable", False))


@PAIRS.accepted(UNIT, asks=("trainable", "compile"))
def both_phases_run_to_the_end():
    """Compile, train the head, open the top, compile again with a small rate; the rate is written otherwise."""

    def run(rate, loss):
        model = _phase_one()
        model.compile(keras.optimizers.Adam(1e-3), loss=loss)
        _train_once(model)
        base = model.get_layer("backbone")
        base.trainable = True
        for layer in base.layers:
            layer.trainable = layer.name == "stage2_conv"
        model.compile(keras.optimizers.Adam(learning_rate=rate), loss=loss)
        return model

    return (
        lambda: run(10**-5, keras.losses.SparseCategoricalCrossentropy()),
        lambda: run(1e-5, "sparse_categorical_crossentropy"),
    )


@PAIRS.accepted(UNIT, asks=("compile",))
def a_rate_even_lower():
    """Half the reference's fine-tuning rate: lower than asked for is not too high."""

    def build(rate):
        model = _phase_two()
        model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
        return model

    return lambda: build(5e-6), lambda: build(1e-5)
