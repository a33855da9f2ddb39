"""Plumbing by hand: branches, merges, gates and several inputs."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.corpus.pairs import Pairs

PAIRS = Pairs()


def conv(filters, size, x):
    """Call a same-sized convolution with relu on x."""
    return layers.Conv2D(filters, size, padding="same", activation="relu")(x)


def inception() -> keras.Model:
    """Return an Inception block with four branches, followed by a one-by-one convolution."""
    image = keras.Input((8, 8, 6))
    narrow = conv(4, 1, image)
    middle = conv(6, 3, conv(4, 1, image))
    wide = conv(4, 5, conv(3, 1, image))
    pooled = conv(4, 1, layers.MaxPooling2D(3, strides=1, padding="same")(image))
    return keras.Model(image, conv(5, 1, layers.Concatenate()([narrow, middle, wide, pooled])))


@PAIRS.accepted("02_functional")
def inception_in_a_loop():
    """The branches are made by a loop, in another order, and a one-by-one convolution follows the join."""

    def student():
        image = keras.Input((8, 8, 6))
        x = layers.MaxPool2D((3, 3), 1, padding="same")(image)
        branches = [layers.Activation("relu")(layers.Conv2D(4, 1)(x))]
        for kernel, before, after in [(5, 3, 4), (3, 4, 6)]:
            stack = keras.Sequential([layers.Conv2D(before, 1, activation="relu")])
            stack.add(layers.Conv2D(after, kernel, padding="same", activation="relu"))
            branches.append(stack(image))
        branches.append(layers.Conv2D(4, 1, activation="relu")(image))
        return keras.Model(image, layers.Conv2D(5, 1, activation="relu")(ops.concatenate(branches, axis=-1)))

    return student, inception


@PAIRS.accepted("02_functional")
def arithmetic_for_merge_layers():
    """Sums, means and differences are written with Python's operators and its sum."""

    def student():
        a, b, c = (keras.Input((6,)) for _ in range(3))
        x, y, z = (layers.Dense(4, activation="tanh")(t) for t in (a, b, c))
        total = sum([x, y, z])
        return keras.Model([a, b, c], layers.Dense(2)((total - x * z) / 2 + ops.maximum(y, z)))

    def reference():
        a, b, c = keras.Input((6,)), keras.Input((6,)), keras.Input((6,))
        x = layers.Dense(4, activation="tanh")(a)
        y = layers.Dense(4, activation="tanh")(b)
        z = layers.Dense(4, activation="tanh")(c)
        difference = layers.Subtract()([layers.Add()([z, x, y]), layers.Multiply()([x, z])])
        out = layers.Add()([layers.Rescaling(0.5)(difference), layers.Maximum()([z, y])])
        return keras.Model([a, b, c], layers.Dense(2)(out))

    return student, reference


@PAIRS.accepted("02_functional")
def joined_two_by_two():
    """Three branches are concatenated pair by pair instead of all at once, and averaged by a sum."""

    def student():
        x = keras.Input((5,))
        a, b, c = (layers.Dense(n, activation="relu")(x) for n in (2, 3, 4))
        joined = layers.concatenate([a, layers.concatenate([b, c])])
        p, q, r = (layers.Dense(6)(joined) for _ in range(3))
        return keras.Model(x, layers.Activation("softmax")((p + (q + r)) / 3.0))

    def reference():
        x = keras.Input((5,))
        a, b, c = [layers.Dense(n, activation="relu")(x) for n in (2, 3, 4)]
        joined = layers.Concatenate()([a, b, c])
        mean = layers.Average()([layers.Dense(6)(joined) for _ in range(3)])
        return keras.Model(x, layers.Softmax()(mean))

    return student, reference


@PAIRS.accepted("02_functional")
def inputs_in_a_dict():
    """The inputs are in a dict that lists the same keys in another order."""

    def student():
        inputs = {"price": keras.Input((1,), name="price"), "text": keras.Input((12,), name="text")}
        text = layers.Dense(6)(inputs["text"])
        text = ops.relu(text)
        return keras.Model(inputs, layers.Dense(1)(layers.concatenate([text, inputs["price"]])))

    def reference():
        text, price = keras.Input((12,), name="text"), keras.Input((1,), name="price")
        hidden = layers.Dense(6, activation="relu")(text)
        out = layers.Dense(1)(layers.Concatenate()([hidden, price]))
        return keras.Model({"text": text, "price": price}, out)

    return student, reference


@PAIRS.accepted("02_functional")
def squeeze_and_excite():
    """The channel gate keeps its axes while pooling; the reference reshapes afterwards."""

    def student():
        x = keras.Input((6, 6, 8))
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.Dense(2, activation="relu")(gate)
        gate = layers.Dense(8, activation="sigmoid")(gate)
        return keras.Model(x, x * gate)

    def reference():
        x = keras.Input((6, 6, 8))
        gate = layers.GlobalAveragePooling2D()(x)
        gate = layers.Dense(8, activation="sigmoid")(layers.Dense(2, activation="relu")(gate))
        return keras.Model(x, layers.Multiply()([layers.Reshape((1, 1, 8))(gate), x]))

    return student, reference


@PAIRS.accepted("02_functional")
def highway_rearranged():
    """The gated mixture of a highway layer is written as a step from x towards the new value."""

    def student():
        x = keras.Input((6,))
        h = x
        for _ in range(2):
            gate = layers.Dense(6, activation="sigmoid")(h)
            new = layers.Dense(6, activation="relu")(h)
            h = h + gate * (new - h)
        return keras.Model(x, h)

    def reference():
        x = keras.Input((6,))
        h = x
        for _ in range(2):
            gate = layers.Dense(6, activation="sigmoid")(h)
            new = layers.Dense(6, activation="relu")(h)
            h = layers.Add()([gate * new, (1.0 - gate) * h])
        return keras.Model(x, h)

    return student, reference


@PAIRS.accepted("09_debugging")
def repaired_with_ops():
    """The pooling, the flattening and the classifier's bend are all functions of keras.ops."""

    def student():
        image = keras.Input((8, 8, 3))
        x = ops.relu(layers.Conv2D(4, 3)(image))
        pooled = ops.mean(x, axis=(1, 2))
        flat = ops.reshape(x[:, ::2, ::2, :], (-1, 3 * 3 * 4))
        out = layers.Dense(3)(ops.concatenate([pooled, flat], axis=1))
        return keras.Model(inputs=[image], outputs=[ops.softmax(out)])

    def reference():
        image = keras.Input((8, 8, 3))
        x = layers.Conv2D(4, 3, activation="relu")(image)
        corners = layers.MaxPooling2D(1, strides=2)(x)
        joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.Flatten()(corners)])
        return keras.Model([image], [layers.Dense(3, activation="softmax")(joined)])

    return student, reference


@PAIRS.rejected("02_functional", "input-not-listed")
def second_input_forgotten():
    """The joined tensor comes from two Inputs and only one is given to the model."""

    def student():
        wide, deep = keras.Input((5,), name="wide"), keras.Input((7,), name="deep")
        hidden = layers.Dense(8, activation="relu")(layers.Dense(8, activation="relu")(deep))
        return keras.Model(wide, layers.Dense(1)(layers.Concatenate()([wide, hidden])))

    def reference():
        wide, deep = keras.Input((5,), name="wide"), keras.Input((7,), name="deep")
        hidden = layers.Dense(8, activation="relu")(layers.Dense(8, activation="relu")(deep))
        return keras.Model([wide, deep], layers.Dense(1)(layers.Concatenate()([wide, hidden])))

    return student, reference


@PAIRS.rejected("02_functional", "missing-connection")
def one_scale_left_out():
    """The join takes two of the three scales; the middle one only feeds the last."""

    def pyramid(take):
        x = keras.Input((16, 4))
        scales = []
        h = x
        for _ in range(3):
            h = layers.Conv1D(6, 3, padding="same", activation="relu")(h)
            scales.append(h)
        joined = layers.Concatenate()([scales[i] for i in take])
        return keras.Model(x, layers.Dense(2)(layers.GlobalMaxPooling1D()(joined)))

    return lambda: pyramid((0, 2)), lambda: pyramid((0, 1, 2))


@PAIRS.rejected("02_functional", "extra-connection")
def raw_rows_joined_too():
    """The input itself is concatenated with the two branches that were to be joined."""

    def model(extra):
        x = keras.Input((5,))
        parts = [layers.Dense(4, activation="relu")(x), layers.Dense(4, activation="tanh")(x)]
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()([*parts, x] if extra else parts)))

    return lambda: model(True), lambda: model(False)


@PAIRS.rejected("02_functional", "wrong-connection")
def ring_cut_into_triangles():
    """Six equal branches are multiplied with their neighbours in two rings of three instead of one of six."""

    def model(edges):
        x = keras.Input((5,))
        nodes = [layers.Dense(4, activation="tanh")(x) for _ in range(6)]
        return keras.Model(x, layers.Add()([layers.Multiply()([nodes[i], nodes[j]]) for i, j in edges]))

    ring = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)]
    triangles = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    return lambda: model(triangles), lambda: model(ring)


@PAIRS.rejected("09_debugging", "dead-branch")
def branch_computed_and_forgotten():
    """The subclassed model computes its second tower and then uses only the first."""

    class TwoTowers(keras.Model):
        def __init__(self):
            super().__init__()
            self.left = layers.Dense(4, activation="relu")
            self.right = [layers.Dense(8, activation="relu"), layers.Dense(4, activation="relu")]
            self.head = layers.Dense(1)

        def call(self, x):
            left, right = self.left(x), x
            for layer in self.right:
                right = layer(right)
            return self.head(left)

    def student():
        model = TwoTowers()
        model(ops.zeros((2, 6)))
        return model

    def reference():
        x = keras.Input((6,))
        right = layers.Dense(4, activation="relu")(layers.Dense(8, activation="relu")(x))
        return keras.Model(x, layers.Dense(1)(layers.Add()([layers.Dense(4, activation="relu")(x), right])))

    return student, reference
