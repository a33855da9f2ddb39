"""Pairs of models whose steps are joined otherwise: a connection moved, missing or too many, inputs and layers unused."""

import keras
from keras import layers, ops


def conv(filters, size=3, **given):
    return layers.Conv2D(filters, size, padding="same", activation="relu", **given)


def inception(wires=("x", "x", "reduced"), joined=("one", "three", "five")):
    """Branches of three kernel sizes; ``wires`` say what each is called on, ``joined`` which are joined."""
    inputs = keras.Input((12, 12, 4))
    made = {"x": inputs, "reduced": conv(4, 1, name="reduce")(inputs)}
    for name, size, wire in zip(("one", "three", "five"), (1, 3, 5), wires, strict=True):
        made[name] = conv(4, size)(made[wire])
    return keras.Model(inputs, layers.Concatenate()([made[name] for name in joined]))


def inception_in_another_order():
    inputs = keras.Input((12, 12, 4))
    five = conv(4, 5)(conv(4, 1)(inputs))
    three = conv(4, 3)(inputs)
    one = conv(4, 1)(inputs)
    return keras.Model(inputs, ops.concatenate([one, three, five], axis=-1))


def inception_in_other_channels():
    inputs = keras.Input((12, 12, 4))
    one, three = conv(4, 1)(inputs), conv(4, 3)(inputs)
    five = conv(4, 5)(conv(4, 1)(inputs))
    return keras.Model(inputs, layers.Concatenate()([five, three, one]))


def inception_of_two():
    inputs = keras.Input((12, 12, 4))
    return keras.Model(inputs, layers.Concatenate()([conv(4, 1)(inputs), conv(4, 3)(inputs)]))


def priced(wires=("photo", "facts"), extra=(), late=False):
    """A house's price from its photo and a few facts; ``extra`` tensors are joined as well."""
    photo, facts = keras.Input((8, 8, 1), name="photo"), keras.Input((6,), name="facts")
    seen = layers.Dense(5, activation="relu")(layers.Flatten()(photo))
    known = layers.Dense(5, activation="relu")(facts)
    made = {"photo": seen, "facts": known, "raw": facts}
    x = layers.Concatenate()([made[name] for name in (*wires, *extra)])
    x = layers.Dense(4, activation="relu")(x)
    if late:
        x = layers.Concatenate()([x, facts])
    return keras.Model([photo, facts], layers.Dense(1)(x))


def priced_by_the_photo():
    """Both inputs are listed; a slip of a name leaves the facts out."""
    photo, facts = keras.Input((8, 8, 1), name="photo"), keras.Input((6,), name="facts")
    seen = layers.Dense(5, activation="relu")(layers.Flatten()(photo))
    return keras.Model([photo, facts], layers.Dense(1)(layers.Dense(4, activation="relu")(seen)))


def two_numbers(second=True):
    """Two small tables; without ``second`` the variable of the first is used twice."""
    one, two = keras.Input((4,)), keras.Input((4,))
    left = layers.Dense(3, activation="relu")(one)
    right = layers.Dense(3, activation="relu")(two if second else one)
    return keras.Model([one, two], layers.Dense(1)(layers.Multiply()([left, right])))


def conditioned(used=True):
    """A generator that is told which class to draw."""
    noise, label = keras.Input((6,)), keras.Input((3,))
    x = layers.Concatenate()([noise, label]) if used else noise
    return keras.Model(
        [noise, label], layers.Dense(16, activation="tanh")(layers.Dense(8, activation="relu")(x))
    )


def sliced():
    """One input that is cut: both parts are used."""
    inputs = keras.Input((9,))
    x = layers.Concatenate()([inputs[:, :6], inputs[:, 6:]])
    return keras.Model(inputs, layers.Dense(2)(x))


def u_net(level="same", gate=False):
    """Two levels down and up; ``level`` says which features are put beside the last ones."""
    inputs = keras.Input((16, 16, 1))
    first = conv(4)(inputs)
    again = conv(4)(first)
    x = conv(8)(layers.MaxPooling2D()(again))
    x = conv(4)(layers.UpSampling2D()(x))
    beside = {"same": [again], "early": [first], "both": [again, first], "none": []}[level]
    x = layers.Concatenate()([x, *beside]) if beside else x
    return keras.Model(inputs, layers.Conv2D(1, 1)(x))


def attention(keys="memory", values="memory"):
    """What was read attends to what is remembered."""
    query, memory = keras.Input((7, 8)), keras.Input((7, 8))
    given = {"query": query, "memory": memory}
    x = layers.MultiHeadAttention(2, 4)(query, given[values], key=given[keys])
    return keras.Model([query, memory], layers.GlobalAveragePooling1D()(x))


def translated(state=True, swapped=False):
    """An encoder's state starts the decoder."""
    source, target = keras.Input((None, 6)), keras.Input((None, 6))
    _, hidden, carry = layers.LSTM(4, return_state=True)(source)
    states = [carry, hidden] if swapped else [hidden, carry]
    decoder = layers.LSTM(4, return_sequences=True)
    x = decoder(target, initial_state=states) if state else decoder(target)
    return keras.Model([source, target], layers.Dense(6)(x))


def fused(*late):
    """Three sensors; each is judged by itself, and all that ``late`` names together."""
    names = ("sound", "picture", "touch")
    inputs = {name: keras.Input((6,), name=name) for name in names}
    made = {name: layers.Dense(4, activation="relu")(x) for name, x in inputs.items()}
    alone = [layers.Dense(2, name=f"{name}_alone")(made[name]) for name in names]
    together = layers.Concatenate()([made[name] for name in late or names])
    return keras.Model(list(inputs.values()), [*alone, layers.Dense(2)(together)])


def normed(first=True):
    """Which of two neighbours comes first."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(inputs)
    steps = [layers.BatchNormalization(), layers.ReLU()]
    for step in steps if first else steps[::-1]:
        x = step(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


class Branches(keras.Model):
    """Two branches over a table; what ``uses`` does not name is built and leads nowhere."""

    def __init__(self, uses=("wide", "deep"), spare=False):
        super().__init__()
        self.uses = uses
        self.wide, self.deep = layers.Dense(4), layers.Dense(4, activation="relu")
        self.spare = layers.Dense(7) if spare else None
        self.head = layers.Dense(1)

    def build(self, shape):
        for layer in (self.wide, self.deep, self.spare):
            if layer is not None:
                layer.build(shape)
        self.head.build((None, 4 * len(self.uses)))

    def call(self, x):
        made = {"wide": self.wide(x), "deep": self.deep(x)}
        parts = [made[name] for name in self.uses]
        return self.head(ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0])


def branched(*uses, spare=False):
    model = Branches(uses or ("wide", "deep"), spare)
    model(keras.Input((6,)))
    return model


def branched_functional(deep=True):
    x = keras.Input((6,))
    wide = layers.Dense(4)(x)
    if not deep:
        return keras.Model(x, layers.Dense(1)(wide))
    return keras.Model(
        x, layers.Dense(1)(layers.Concatenate()([wide, layers.Dense(4, activation="relu")(x)]))
    )


class Idle(layers.Layer):
    """A block with a gate that is made and never called."""

    def __init__(self, gated=False):
        super().__init__()
        self.gated = gated
        self.dense, self.gate = layers.Dense(4, activation="relu"), layers.Dense(4, activation="sigmoid")

    def build(self, shape):
        self.dense.build(shape)
        self.gate.build(shape)

    def call(self, x):
        return self.dense(x) * self.gate(x) if self.gated else self.dense(x)


def gated(own=None):
    x = keras.Input((4,))
    if own is None:
        y = layers.Multiply()(
            [layers.Dense(4, activation="relu")(x), layers.Dense(4, activation="sigmoid")(x)]
        )
    else:
        y = Idle(gated=own)(x)
    return keras.Model(x, layers.Dense(2)(y))


def never_joined():
    """The branch is called, and the model's output does not come from it: Keras drops it from the model."""
    x = keras.Input((6,))
    wide = layers.Dense(4)(x)
    layers.Dense(4, activation="relu")(x)
    return keras.Model(x, layers.Dense(1)(wide))


TRIGGERS = {
    "wrong-connection": [
        (lambda: inception(("x", "reduced", "reduced")), inception),
        (lambda: u_net("early"), u_net),
        (lambda: inception(("reduced", "x", "reduced")), inception),
        (lambda: translated(swapped=True), translated),
        (lambda: normed(first=False), normed),
    ],
    "missing-connection": [
        (lambda: fused("sound", "touch"), fused),
        (lambda: u_net("same"), lambda: u_net("both")),
        (priced, lambda: priced(extra=("raw",))),
    ],
    "extra-connection": [
        (lambda: u_net("both"), u_net),
        (lambda: priced(extra=("raw",)), priced),
        (fused, lambda: fused("sound", "picture")),
        (lambda: inception(joined=("one", "three", "five", "x")), inception),
    ],
    "unused-input": [
        (priced_by_the_photo, priced),
        (lambda: two_numbers(second=False), two_numbers),
        (lambda: conditioned(used=False), conditioned),
        (lambda: attention("query", "query"), attention),
    ],
    "dead-branch": [
        (lambda: branched("wide"), branched_functional),
        (lambda: branched("wide", "deep", spare=True), branched_functional),
        (lambda: branched("wide"), lambda: branched_functional(deep=False)),
        (lambda: gated(own=False), gated),
    ],
}
NEAR_MISSES = {
    "wrong-connection": [
        (inception_in_another_order, inception, None),
        (lambda: u_net("none"), u_net, "missing-layer"),
        (lambda: u_net("both"), u_net, "extra-connection"),
        (lambda: translated(state=False), translated, "unused-input"),
        (lambda: branched("wide", "deep"), branched_functional, None),
    ],
    "missing-connection": [
        (inception_of_two, inception, "missing-layer"),
        (lambda: conditioned(used=False), conditioned, "unused-input"),
        (lambda: priced(late=True), lambda: priced(late=True), None),
        (lambda: u_net("early"), u_net, "wrong-connection"),
    ],
    "extra-connection": [
        (inception, inception_of_two, "extra-layer"),
        (lambda: priced(late=True), priced, "extra-layer"),
        (inception_in_another_order, inception, None),
        (lambda: u_net("early"), u_net, "wrong-connection"),
    ],
    "unused-input": [
        (sliced, sliced, None),
        (priced_by_the_photo, priced_by_the_photo, None),
        (lambda: attention(keys="query"), attention, "extra-connection"),
        (lambda: priced(wires=("photo",), extra=("raw",)), priced, "missing-layer"),
    ],
    "dead-branch": [
        (never_joined, branched_functional, "missing-layer"),
        (branched, branched_functional, None),
        (lambda: gated(own=True), gated, None),
        (lambda: branched_functional(deep=False), branched_functional, "missing-layer"),
        (lambda: branched("wide"), lambda: branched("wide"), None),
    ],
}
