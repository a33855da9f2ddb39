"""Pairs of models around ``F(x) + x``: each residual mistake, and what only looks like it."""

from functools import partial

import keras
from keras import layers, ops

from tests.unit.misconceptions import joins, transformers


def conv(filters, size=3, strides=1, **given):
    return layers.Conv2D(filters, size, strides=strides, padding="same", **given)


def joined(how, y, x):
    """Join a branch and a shortcut, or leave the shortcut out."""
    return {"add": layers.Add(), "concatenate": layers.Concatenate(), "none": lambda pair: pair[0]}[how](
        [y, x]
    )


def classic(filters=8):
    """Two convolutions with BatchNormalization around which the input leads, activated after the sum."""
    inputs = keras.Input((12, 12, filters))
    x = layers.ReLU()(layers.BatchNormalization()(conv(filters)(inputs)))
    x = layers.BatchNormalization()(conv(filters)(x))
    return keras.Model(inputs, layers.ReLU()(layers.Add()([x, inputs])))


def classic_without_the_sum():
    inputs = keras.Input((12, 12, 8))
    residual = inputs  # noqa: F841  # kept, and forgotten
    x = conv(8)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = conv(8)(x)
    x = layers.BatchNormalization()(x)
    return keras.Model(inputs, layers.Activation("relu")(x))


def classic_with_operators():
    inputs = keras.Input((12, 12, 8))
    x = ops.relu(layers.BatchNormalization()(conv(8)(inputs)))
    x = layers.BatchNormalization()(conv(8)(x))
    return keras.Model(inputs, ops.relu(inputs + x))


def classic_with_the_convolution_added():
    inputs = keras.Input((12, 12, 8))
    x = shortcut = conv(8)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(conv(8)(x))
    return keras.Model(inputs, layers.ReLU()(layers.Add()([x, shortcut])))


def classic_activated_early():
    inputs = keras.Input((12, 12, 8))
    x = layers.ReLU()(layers.BatchNormalization()(conv(8)(inputs)))
    x = layers.ReLU()(layers.BatchNormalization()(conv(8)(x)))
    return keras.Model(inputs, x + inputs)


def classic_without_its_last_normalization():
    inputs = keras.Input((12, 12, 8))
    x = layers.ReLU()(layers.BatchNormalization()(conv(8)(inputs)))
    return keras.Model(inputs, layers.ReLU()(layers.Add()([conv(8)(x), inputs])))


def classic_never_activated_at_the_end():
    inputs = keras.Input((12, 12, 8))
    x = layers.ReLU()(layers.BatchNormalization()(conv(8)(inputs)))
    x = layers.BatchNormalization()(conv(8)(x))
    return keras.Model(inputs, layers.Add()([inputs, x]))


def classic_activated_twice():
    inputs = keras.Input((12, 12, 8))
    x = layers.ReLU()(layers.BatchNormalization()(conv(8)(inputs)))
    x = layers.ReLU()(layers.BatchNormalization()(conv(8)(x)))
    return keras.Model(inputs, layers.ReLU()(x + inputs))


def temporal(last="add", from_start=False, early=()):
    """A stack of dilated causal convolutions over a series, each with a shortcut; ``last`` joins the last one."""
    inputs = keras.Input((32, 6))
    x = start = layers.Conv1D(6, 1)(inputs)
    for dilation, join in ((1, "add"), (2, "add"), (4, last)):
        y = layers.Conv1D(6, 3, dilation_rate=dilation, padding="causal")(x)
        y = layers.SpatialDropout1D(0.1)(y)
        y = layers.Activation("relu")(y) if dilation in early else y
        x = joined(join, y, start if from_start else x)
        x = x if dilation in early else layers.Activation("relu")(x)
    return keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling1D()(x)))


def encoder_block(join="add", second_from_start=False):
    """A transformer's encoder block: attention and a feed-forward part, each with its sum and norm."""
    inputs = keras.Input((10, 16))
    y = layers.MultiHeadAttention(2, 8)(inputs, inputs)
    x = layers.LayerNormalization()(layers.Add()([inputs, y]))
    y = layers.Dense(16)(layers.Dense(32, activation="gelu")(x))
    shortcut = inputs if second_from_start else x
    if join == "add":
        y = layers.Add()([shortcut, y])
    elif join == "concatenate":
        y = ops.concatenate([shortcut, y], axis=-1)
    return keras.Model(inputs, layers.LayerNormalization()(y))


def dense_blocks(joins=("add", "add", "add"), width=12):
    """Residual blocks of Dense layers over a table."""
    inputs = keras.Input((20,))
    x = layers.Dense(width, activation="relu")(inputs)
    for join in joins:
        y = layers.Dense(width)(layers.Dense(width, activation="relu")(x))
        x = joined(join, y, x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


def preactivation(shortcut="x"):
    """Normalise and activate before each convolution; what is added is what came in."""
    inputs = keras.Input((12, 12, 8))
    x = inputs
    for _ in range(2):
        start = x
        y = layers.ReLU()(layers.BatchNormalization()(x))
        activated = y
        y = conv(8)(y)
        y = conv(8)(layers.ReLU()(layers.BatchNormalization()(y)))
        x = layers.Add()([y, start if shortcut == "x" else activated])
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


def bottleneck(projection="conv", filters=4, stride=2, norm=True, join=True):
    """1×1, 3×3, 1×1 with four times the filters at the end, and a projected shortcut."""
    inputs = keras.Input((12, 12, 8))
    x = layers.ReLU()(layers.BatchNormalization()(conv(filters, 1, stride)(inputs)))
    x = layers.ReLU()(layers.BatchNormalization()(conv(filters)(x)))
    x = layers.BatchNormalization()(conv(4 * filters, 1)(x))
    shortcut = {
        "conv": lambda: conv(4 * filters, 1, stride)(inputs),
        "wide": lambda: conv(4 * filters, 3, stride)(inputs),
        "pooled": lambda: conv(4 * filters, 1)(layers.AveragePooling2D(stride, padding="same")(inputs)),
        "of the branch": lambda: conv(4 * filters, 1)(x),
        "none": lambda: inputs,
    }[projection]()
    if norm and projection != "none":
        shortcut = layers.BatchNormalization()(shortcut)
    return keras.Model(inputs, layers.ReLU()(layers.Add()([x, shortcut]) if join else x))


def from_grey(project=True, filters=8):
    """A block whose input has one channel: adding it as it is broadcasts without a word."""
    inputs = keras.Input((14, 14, 1))
    x = conv(filters)(layers.ReLU()(conv(filters)(inputs)))
    shortcut = conv(filters, 1)(inputs) if project else inputs
    return keras.Model(inputs, layers.ReLU()(layers.Add()([x, shortcut])))


def from_one_number(project=True):
    inputs = keras.Input((1,))
    x = layers.Dense(16)(layers.Dense(16, activation="relu")(inputs))
    return keras.Model(
        inputs, layers.Dense(1)(layers.add([x, layers.Dense(16)(inputs) if project else inputs]))
    )


class Block(layers.Layer):
    """A projection block as a layer of one's own."""

    def __init__(self, filters, project):
        super().__init__()
        self.first, self.second = conv(filters, activation="relu"), conv(filters)
        self.projection = conv(filters, 1) if project else None

    def call(self, x):
        shortcut = x if self.projection is None else self.projection(x)
        return ops.relu(self.second(self.first(x)) + shortcut)


def of_own_blocks(project):
    inputs = keras.Input((10, 10, 6))
    x = Block(6, project)(inputs)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(Block(6, False)(x))))


def network(blocks=3, broken=None, mistake="missing-skip"):
    """A small ResNet for digits: a stem, blocks, and a head; one block may be broken."""
    inputs = keras.Input((14, 14, 1))
    x = conv(8, activation="relu")(inputs)
    for number in range(blocks):
        wrong = mistake if number == broken else ""
        y = conv(8)(conv(8, activation="relu")(x))
        if wrong == "activation-before-add":
            x = ops.relu(y) + x
        else:
            join = {"concatenate-instead-of-add": "concatenate", "missing-skip": "none"}.get(wrong, "add")
            x = layers.ReLU()(joined(join, y, x))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


TRIGGERS = {
    "missing-skip": [
        (classic_without_the_sum, classic),
        (lambda: network(3, broken=1), network),
        (lambda: temporal("none"), temporal),
        (lambda: encoder_block("none"), encoder_block),
        (lambda: dense_blocks(("add", "none", "add")), dense_blocks),
        (lambda: bottleneck(join=False, projection="none"), bottleneck),
    ],
    "skip-from-wrong-tensor": [
        (classic_with_the_convolution_added, classic),
        (lambda: preactivation("activated"), preactivation),
        (lambda: temporal(from_start=True), temporal),
        (lambda: encoder_block(second_from_start=True), encoder_block),
        (lambda: bottleneck("of the branch"), bottleneck),
        (lambda: transformers.classifier("late"), lambda: transformers.classifier("pre")),
    ],
    "concatenate-instead-of-add": [
        (lambda: network(3, 2, "concatenate-instead-of-add"), network),
        (lambda: temporal("concatenate"), temporal),
        (lambda: encoder_block("concatenate"), encoder_block),
        (lambda: dense_blocks(("concatenate", "add", "add")), dense_blocks),
        (lambda: dense_blocks(("concatenate",) * 3), dense_blocks),
    ],
    "missing-projection": [
        (lambda: from_grey(project=False), from_grey),  # these three broadcast an axis of length 1
        (lambda: from_grey(project=False, filters=3), lambda: from_grey(filters=3)),
        (lambda: from_one_number(project=False), from_one_number),
        (lambda: of_own_blocks(project=False), lambda: of_own_blocks(project=True)),
        (lambda: bottleneck("none"), bottleneck),  # Add refuses the shapes
        (lambda: bottleneck("none", stride=1), lambda: bottleneck(stride=1)),
    ],
    "activation-before-add": [
        (classic_activated_early, classic),
        (lambda: network(3, 1, "activation-before-add"), network),
        (lambda: network(1, 0, "activation-before-add"), lambda: network(1)),
        (lambda: temporal(early=(4,)), temporal),
        (lambda: transformers.residual("activated early"), transformers.residual),
    ],
}
# A light step that stands elsewhere, or a sum of embeddings that is left out: no shortcut starts anywhere else.
STEPS_MOVED = [
    (lambda: transformers.classifier(positions=False), transformers.classifier, "missing-layer"),
    (
        lambda: transformers.classifier("pre", positions=False, blocks=2),
        lambda: transformers.classifier("pre", blocks=2),
        "missing-layer",
    ),
    *(
        (partial(build, ours), partial(build, theirs), "wrong-connection")
        for build, ours, theirs in (
            (transformers.classifier, "pre", "post"),
            (transformers.classifier, "post", "pre"),
            (partial(transformers.classifier, blocks=3), "post", "pre"),
            (transformers.with_a_last_norm, "post", "pre"),
            (transformers.with_a_last_norm, "pre", "post"),
            (partial(transformers.classifier, "post"), "after", "before"),
            (partial(transformers.classifier, "post"), "before", "after"),
            (transformers.residual, "pre", "post"),
            (transformers.residual, "post", "pre"),
            (transformers.residual, "normed sum", "post"),
            (transformers.residual, "post", "activated early"),
        )
    ),
]
NEAR_MISSES = {
    "missing-skip": [
        (classic_with_operators, classic, None),
        (classic_without_its_last_normalization, classic, "missing-layer"),
        (lambda: network(2), network, "missing-layer"),
        (lambda: joins.u_net("none"), joins.u_net, "missing-layer"),
        (lambda: joins.two_towers("twice"), joins.two_towers, "unused-input"),
    ],
    "skip-from-wrong-tensor": [
        (lambda: preactivation("activated"), lambda: preactivation("activated"), None),
        (classic_with_operators, classic, None),
        (classic_without_its_last_normalization, classic, "missing-layer"),
        (lambda: joins.two_towers("twice"), joins.two_towers, "unused-input"),
        (lambda: bottleneck(norm=False), bottleneck, "missing-layer"),
        (lambda: bottleneck("pooled"), lambda: bottleneck("pooled"), None),
        *STEPS_MOVED,
    ],
    "concatenate-instead-of-add": [
        (lambda: joins.u_net("add"), joins.u_net, "wrong-layer"),
        (lambda: joins.dense_net(steps=4), joins.dense_net, "extra-layer"),
        (lambda: joins.dense_net("add"), joins.dense_net, "wrong-layer"),
        (lambda: joins.siamese("concatenate"), joins.siamese, "wrong-layer"),
        (lambda: joins.two_towers("concatenate"), joins.two_towers, "wrong-layer"),
        (joins.u_net, joins.u_net, None),
    ],
    "missing-projection": [
        (lambda: bottleneck("wide"), bottleneck, "wrong-config"),
        (lambda: bottleneck(norm=False), bottleneck, "missing-layer"),
        (lambda: bottleneck(join=False, projection="none"), bottleneck, "missing-skip"),
        (classic_with_operators, classic, None),
        (lambda: from_grey(project=False), lambda: from_grey(project=False), None),
    ],
    "activation-before-add": [
        (classic_never_activated_at_the_end, classic, "wrong-activation"),
        (classic_activated_twice, classic, "wrong-activation"),
        (classic_activated_early, classic_activated_twice, "wrong-activation"),
        (preactivation, preactivation, None),
        (classic_with_operators, classic, None),
        (transformers.residual, lambda: transformers.residual("activated early"), "wrong-connection"),
    ],
}
