"""Arithmetic with a variable on the left, each beside the same with the tensor on the left."""

import keras
from keras import layers, ops

import grader
from grader.models import describe


class Arithmetic(layers.Layer):
    """Two variables and the input, joined by a function."""

    def __init__(self, join):
        super().__init__()
        self.join = join

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), name="w")
        self.m = self.add_weight(shape=(shape[-1], shape[-1]), name="m")

    def call(self, x):
        return self.join(self.w, x) @ self.m


JOINS = {
    "w + x": lambda w, x: w + x,
    "x + w": lambda w, x: x + w,
    "w * x": lambda w, x: w * x,
    "x * w": lambda w, x: x * w,
    "w - x": lambda w, x: w - x,
    "ops w - x": ops.subtract,
    "x - w": lambda w, x: x - w,
    "w / x": lambda w, x: w / x,
    "ops w / x": ops.divide,
    "x / w": lambda w, x: x / w,
}


def _model(join):
    x = keras.Input((5,))
    return keras.Model(x, Arithmetic(JOINS[join])(x))


def compared(one, two):
    """Whether the graphs of two models are equivalent, and how many of their calls stayed opaque."""
    graphs = [describe(_model(join)).graph for join in (one, two)]
    opaque = sum(graph.layers[call.layer].origin == "custom" for graph in graphs for call in graph.calls)
    return [grader.compare(*graphs).equivalent, opaque]


def operators_after():
    """Which operators of a variable are another function after describing than before."""
    names = ("__add__", "__mul__", "__sub__", "__truediv__", "__matmul__", "__pow__")
    before = {name: (getattr(keras.Variable, name), name in vars(keras.Variable)) for name in names}
    describe(_model("w + x"))
    after = {name: (getattr(keras.Variable, name), name in vars(keras.Variable)) for name in names}
    return [name for name in names if before[name] != after[name]]
