"""Models of thousands of calls and hundreds of levels, and what is done with them under Python's own limit."""

import sys
import threading

import keras
from keras import layers

import grader
from grader.graph import ModelGraph
from grader.models import describe
from grader.report import draw_graph

_SHAPE = (4,)


def chain(calls):
    """One operator after another."""
    x = y = keras.Input(_SHAPE)
    for _ in range(calls):
        y = y + 1.0
    return keras.Model(x, y)


def residual(calls):
    """A layer and a skip around it, again and again."""
    x = y = keras.Input(_SHAPE)
    for _ in range(calls // 2):
        y = layers.Add()([layers.Dense(4)(y), y])
    return keras.Model(x, y)


def sequential(calls):
    return keras.Sequential([keras.Input(_SHAPE), *[layers.Dense(4) for _ in range(calls)]])


def nested(levels):
    """A Functional model in a Functional model, and so on."""
    x = keras.Input(_SHAPE)
    model = keras.Model(x, layers.Dense(4)(x))
    for _ in range(levels):
        x = keras.Input(_SHAPE)
        model = keras.Model(x, model(x))
    return model


def nested_sequential(levels):
    model = keras.Sequential([keras.Input(_SHAPE), layers.Dense(4)])
    for _ in range(levels):
        model = keras.Sequential([keras.Input(_SHAPE), model])
    return model


class Wrap(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


def nested_layers(levels):
    """A layer of one's own that holds one of its own, and so on."""
    inner = layers.Dense(4)
    for _ in range(levels):
        inner = Wrap(inner)
    x = keras.Input(_SHAPE)
    return keras.Model(x, inner(x))


def build(name, size):
    """Build with all the stack it takes, as its author had to; the limit is Python's own again after."""
    made, limit = [], sys.getrecursionlimit()
    stack = threading.stack_size(512 * 1024 * 1024)
    sys.setrecursionlimit(1_000_000)
    try:
        thread = threading.Thread(target=lambda: made.append(globals()[name](size)))
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(stack)
    return made[0]


def read(name, size):
    """What describing, writing and reading JSON, comparing, drawing and running the model gave, and the limit."""
    model = build(name, size)
    graph = describe(model).graph
    again = ModelGraph.from_json(graph.to_json())
    x = keras.Input(_SHAPE)
    other = grader.compare(model, keras.Model(x, layers.Dense(4)(layers.Dense(3)(x))))
    return {
        "calls": len(graph.calls),
        "levels": max(len(call.scope) for call in graph.calls),
        "json": again == graph,
        "equivalent": grader.compare(graph, again).equivalent,
        "live": grader.compare(model, model).equivalent,
        "other": other.equivalent,
        "drawn": draw_graph(graph).svg.startswith("<svg"),
        "limit": sys.getrecursionlimit(),
    }


def refusal(name, size):
    """The message with which describing refuses the model."""
    try:
        describe(build(name, size))
    except grader.errors.UnreadableModelError as error:
        return str(error)
    return None
