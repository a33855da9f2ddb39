"""Models that cannot be followed symbolically, and what describing and comparing them gives. Runs in a worker."""

import random

import keras
import numpy as np
from keras import layers, ops

import grader
from grader.canonical import normalize
from grader.models import describe

if keras.backend.backend() == "torch":
    import torch

    relu, tanh = torch.relu, torch.tanh

    def noise(x):
        return x + torch.rand(x.shape)

elif keras.backend.backend() == "jax":
    import jax
    import jax.numpy as jnp

    tanh = jnp.tanh

    def relu(x):
        return jnp.maximum(x, 0)

    def noise(x):
        return x + jax.random.uniform(jax.random.key(np.random.randint(9)), x.shape)

else:
    import tensorflow as tf

    relu, tanh = tf.nn.relu, tf.tanh

    def noise(x):
        return x + tf.random.uniform(tf.shape(x))


class Inside(layers.Layer):
    """Holds layers by name; ``way`` is its call."""

    def __init__(self, way, **held):
        super().__init__()
        self.way = way
        self.held = dict(held)
        for name, layer in held.items():
            setattr(self, name, layer)

    @staticmethod
    def concrete(x):
        return (
            not isinstance(x, keras.KerasTensor)
            and type(x).__name__ in ("ArrayImpl", "EagerTensor", "Tensor")
            and str(getattr(x, "device", "")) != "meta"
            and "Symbolic" not in type(x).__name__
        )

    def call(self, x):
        return self.way(self, x)

    def get_config(self):
        return {"way": self.way.__name__}


class Whole(keras.Model):
    def __init__(self, way, **held):
        super().__init__()
        self.way = way
        for name, layer in held.items():
            setattr(self, name, layer)

    @staticmethod
    def concrete(x):
        return (
            not isinstance(x, keras.KerasTensor)
            and type(x).__name__ in ("ArrayImpl", "EagerTensor", "Tensor")
            and str(getattr(x, "device", "")) != "meta"
            and "Symbolic" not in type(x).__name__
        )

    def call(self, x):
        return self.way(self, x)

    def get_config(self):
        return {"way": self.way.__name__}


def between(net, x):
    return net.b(relu(net.a(x)))


def at_the_start(net, x):
    return net.b(net.a(relu(x)))


def at_the_end(net, x):
    return relu(net.b(net.a(x)))


def in_one_branch(net, x):
    return layers.Add()([relu(net.a(x)), net.b(x)])


def in_numpy(net, x):
    return net.b(ops.convert_to_tensor(np.maximum(ops.convert_to_numpy(net.a(x)), 0)))


def by_cond(net, x):
    return ops.cond(ops.max(x) > -1e9, lambda: net.b(ops.relu(net.a(x))), lambda: net.a(x))


def by_if(net, x):
    h = net.a(x)
    if ops.sum(x) > 0:
        h = net.b(h)
    return h


def by_while(net, x):
    h = net.a(x)
    rounds = ops.sum(ops.abs(x))  # more of them for more rows
    while rounds > 1.0:
        h, rounds = ops.tanh(h), ops.subtract(rounds, 1.0)
    return net.b(h)


def refined(net, x):
    def finer(h, rounds):
        return ops.tanh(h), ops.subtract(rounds, 1.0)

    h, _ = ops.while_loop(lambda _, rounds: rounds > 1.0, finer, (net.a(x), ops.sum(ops.abs(x))))
    return net.b(h)


def with_state(net, x):
    return net.b(net.drop(net.norm(relu(net.a(x)))))


def with_noise(net, x):
    return net.b(noise(net.a(x)))


def prints(net, x):
    print("called")
    return net.b(relu(net.a(x)))


def raises(net, x):
    """Not in Keras's own way, which computes with nothing or with ones."""
    h = relu(net.a(x))
    if net.concrete(x) and float(ops.convert_to_numpy(ops.max(x))) < 1.0:
        raise ValueError("on values")
    return net.b(h)


def in_place(net, x):
    h = net.a(x)
    values = ops.convert_to_numpy(h)
    if keras.backend.backend() == "torch":
        h.relu_()
    return net.b(ops.convert_to_tensor(np.maximum(values, 0)) if keras.backend.backend() != "torch" else h)


def unfelt(net, x):
    """The second layer is multiplied by nothing: no number shows that it is read."""
    return relu(net.a(x)) + relu(net.b(x) * 0.0 - 1.0)


def a_function_of_its_own(net, x):
    return tanh(x)


WAYS = {
    way.__name__: way
    for way in (
        between,
        at_the_start,
        at_the_end,
        in_one_branch,
        in_numpy,
        by_cond,
        by_if,
        by_while,
        refined,
        with_state,
        with_noise,
        prints,
        raises,
        in_place,
        unfelt,
        a_function_of_its_own,
    )
}


def held(units=5):
    return {
        "a": layers.Dense(units),
        "b": layers.Dense(5),
        "norm": layers.BatchNormalization(),
        "drop": layers.Dropout(0.5),
    }


def whole(way, units=5):
    model = Whole(WAYS[way], **held(units))
    model(keras.Input((5,)))
    return model


def inside(way, units=5):
    x = keras.Input((5,))
    return keras.Model(x, Inside(WAYS[way], **held(units))(x))


KINDS = {"whole": whole, "inside": inside}


def read(way, kind="whole"):
    """The layers of the calls, whether it is dynamic, and whether it comes from a run; ``None`` if unreadable."""
    try:
        graph = describe(KINDS[kind](way)).graph
    except Exception:
        return None
    assert graph == type(graph).from_json(graph.to_json())
    names = [
        graph.layers[call.layer].class_name
        for call in graph.calls
        if graph.layers[call.layer].origin != "keras.ops"
    ]
    return [names, graph.dynamic is not None, graph.from_run]


def joined(way):
    """What each call reads: the names of what made it."""
    graph = describe(whole(way)).graph
    made = {port.tensor: "input" for port in graph.inputs}
    read = []
    for call in graph.calls:
        name = graph.layers[call.layer].class_name
        read.append([name, sorted(made[a.tensor] for a in call.arguments if a.tensor is not None)])
        made |= dict.fromkeys(call.outputs, name)
    return read


def left_alone(way):
    """What of a model and its surroundings differs after describing it; an empty list where nothing does."""
    model = whole(way)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    random.seed(1)
    np.random.seed(1)

    def state():
        values = [*model.variables, *model.optimizer.variables]
        return {
            "variables": [keras.ops.convert_to_numpy(value).tolist() for value in values],
            "nodes": [
                [len(layer._inbound_nodes), len(layer._outbound_nodes)] for layer in model._flatten_layers()
            ],
            "losses": len(model.losses),
            "random": [repr(random.getstate()), repr(np.random.get_state())],
            "torch": torch.get_rng_state().tolist() if keras.backend.backend() == "torch" else None,
            "keras": [
                keras.Layer.__call__.__qualname__,
                keras.Operation.symbolic_call.__qualname__,
                keras.src.ops.nn.any_symbolic_tensors.__qualname__,
                keras.src.backend.random.dropout.__qualname__,
            ],
        }

    before = state()
    describe(model)
    after = state()
    return [name for name in before if before[name] != after[name]]


def reference(units=5, activation="relu"):
    x = keras.Input((5,))
    return keras.Model(x, layers.Dense(5)(layers.Dense(units, activation=activation)(x)))


def compared(way, kind="whole", units=5, activation="relu"):
    """Equivalence, whether by graph, and the kinds and messages of the differences from Dense, relu, Dense."""
    found = grader.compare(KINDS[kind](way), reference(units, activation))
    return [found.equivalent, found.behaviour is not None, [[d.kind, d.message] for d in found.differences]]


def same_by_graph(one, two, units=5):
    """Whether two models are the same by their graphs alone."""
    return grader.compare(grader.describe(whole(one)), grader.describe(whole(two, units))).equivalent


def same_dynamic(one, two, units=5):
    """Whether two models that decide while they run are the same by their graphs, the ways seen made unlike."""
    ours, theirs = grader.describe(whole(one)), grader.describe(whole(two, units))
    assert ours.dynamic
    assert theirs.dynamic
    other = {"class_name": "Other"}
    seen = [x.model_copy(update=other) if x.origin == "keras.layers" else x for x in ours.layers]
    return grader.compare(ours.model_copy(update={"layers": tuple(seen)}), theirs).equivalent


def every_weight_is_read(way, kind):
    """Whether each weight belongs to a step that reaches the outputs."""
    graph = describe(KINDS[kind](way)).graph
    read = {weight for node in normalize(graph).nodes for weight in node.weights}
    return read == set(range(len(graph.weights)))


def drawn(way):
    """The text of the picture."""
    return grader.draw(whole(way)).svg


def stopped():
    """Whether code that never ends is left after its time, and which exception says so."""
    from grader.models.eager import RunError, within

    try:
        with within(0.2):
            while True:
                pass
    except RunError as error:
        return str(error)
    return None
