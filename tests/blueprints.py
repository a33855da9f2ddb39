"""Write ``ModelGraph``s by hand, for tests of the engine that need no Keras."""

from __future__ import annotations

import random
from typing import Any

from grader.graph import Argument, Call, Layer, ModelGraph, Port, Tensor, Weight

__all__ = ["Blueprint", "residual_block", "shuffled"]


class Blueprint:
    """Collects layers, calls and tensors; ``graph`` closes it. Methods return tensor indexes."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.tensors: list[Tensor] = []
        self.weights: list[Weight] = []
        self.inputs: list[Port] = []

    def tensor(self, *shape: int | None, dtype: str = "float32") -> int:
        self.tensors.append(Tensor(shape=(None, *shape), dtype=dtype))
        return len(self.tensors) - 1

    def input(self, *shape: int | None) -> int:
        index = self.tensor(*shape)
        self.inputs.append(Port(key=str(len(self.inputs)), tensor=index))
        return index

    def shape(self, tensor: int) -> tuple[int | None, ...]:
        return self.tensors[tensor].shape[1:]

    def layer(
        self, class_name: str, *weights: tuple[int, ...], origin: Any = "keras.layers", **config: Any
    ) -> int:
        first = len(self.weights)
        self.weights += [
            Weight(name=f"w{position}", shape=shape, dtype="float32", trainable=True)
            for position, shape in enumerate(weights)
        ]
        self.layers.append(
            Layer(
                class_name=class_name,
                origin=origin,
                name=f"{class_name.lower()}_{len(self.layers)}",
                config=config,
                weights=tuple(range(first, len(self.weights))),
            )
        )
        return len(self.layers) - 1

    def call(self, layer: int, *tensors: int, shape: tuple[int | None, ...], listed: bool = False) -> int:
        places = [f"0.{i}" if listed else str(i) for i in range(len(tensors))]
        made = self.tensor(*shape)
        self.calls.append(
            Call(
                layer=layer,
                arguments=tuple(
                    Argument(place=place, tensor=tensor)
                    for place, tensor in zip(places, tensors, strict=True)
                ),
                outputs=(made,),
            )
        )
        return made

    def conv(self, x: int, filters: int, size: int = 3, activation: str = "linear", strides: int = 1) -> int:
        height, width, channels = self.shape(x)
        assert height is not None
        assert width is not None
        assert channels is not None
        layer = self.layer(
            "Conv2D",
            (size, size, channels, filters),
            (filters,),
            filters=filters,
            kernel_size=[size, size],
            strides=[strides, strides],
            padding="same",
            activation=activation,
        )
        return self.call(layer, x, shape=(-(-height // strides), -(-width // strides), filters))

    def dense(self, x: int, units: int, activation: str = "linear") -> int:
        width = self.shape(x)[-1]
        assert width is not None
        layer = self.layer("Dense", (width, units), (units,), units=units, activation=activation)
        return self.call(layer, x, shape=(*self.shape(x)[:-1], units))

    def norm(self, x: int) -> int:
        channels = self.shape(x)[-1]
        assert channels is not None
        layer = self.layer("BatchNormalization", *[(channels,)] * 4, axis=-1)
        return self.call(layer, x, shape=self.shape(x))

    def relu(self, x: int) -> int:
        return self.call(self.layer("ReLU", negative_slope=0.0, threshold=0.0), x, shape=self.shape(x))

    def add(self, *tensors: int) -> int:
        return self.call(self.layer("Add"), *tensors, shape=self.shape(tensors[0]), listed=True)

    def plus(self, a: int, b: int) -> int:
        return self.call(self.layer("Add", origin="keras.ops"), a, b, shape=self.shape(a))

    def concatenate(self, *tensors: int) -> int:
        channels = sum(self.shape(tensor)[-1] or 0 for tensor in tensors)
        layer = self.layer("Concatenate", axis=-1)
        return self.call(layer, *tensors, shape=(*self.shape(tensors[0])[:-1], channels), listed=True)

    def graph(self, *outputs: int, api: Any = "functional") -> ModelGraph:
        return ModelGraph(
            name="model",
            api=api,
            inputs=tuple(self.inputs),
            outputs=tuple(Port(key=str(i), tensor=tensor) for i, tensor in enumerate(outputs)),
            layers=tuple(self.layers),
            calls=tuple(self.calls),
            tensors=tuple(self.tensors),
            weights=tuple(self.weights),
        )


def residual_block(channels: int = 4, filters: int = 4, kind: str = "right") -> ModelGraph:
    """Return a residual block: right, or with one named mistake."""
    plan = Blueprint()
    x = plan.input(8, 8, channels)
    first = plan.norm(plan.conv(x, filters))
    middle = plan.relu(first)
    y = plan.norm(plan.conv(middle, filters))
    if kind == "missing-skip":
        return plan.graph(plan.relu(y))
    if kind == "skip-from-wrong-tensor":
        return plan.graph(plan.relu(plan.add(y, middle)))
    if kind == "missing-projection":
        return plan.graph(plan.relu(plan.add(y, x)))
    shortcut = x if channels == filters else plan.norm(plan.conv(x, filters, size=1))
    if kind == "concatenate-instead-of-add":
        return plan.graph(plan.relu(plan.concatenate(y, shortcut)))
    if kind == "activation-before-add":
        return plan.graph(plan.add(plan.relu(y), shortcut))
    if kind == "operator":
        return plan.graph(plan.relu(plan.plus(shortcut, y)))
    assert kind == "right"
    return plan.graph(plan.relu(plan.add(y, shortcut)))


def shuffled(graph: ModelGraph, seed: int) -> ModelGraph:
    """Return the same model written down otherwise: calls, layers, weights and tensors renumbered."""
    random_order = random.Random(seed)
    layer_order = random_order.sample(range(len(graph.layers)), len(graph.layers))
    weight_order = random_order.sample(range(len(graph.weights)), len(graph.weights))
    tensor_order = random_order.sample(range(len(graph.tensors)), len(graph.tensors))
    layer_at = {old: new for new, old in enumerate(layer_order)}
    weight_at = {old: new for new, old in enumerate(weight_order)}
    tensor_at = {old: new for new, old in enumerate(tensor_order)}
    makers = {tensor: index for index, call in enumerate(graph.calls) for tensor in call.outputs}
    sources = [{makers[a.tensor] for a in call.arguments if a.tensor in makers} for call in graph.calls]
    users: list[list[int]] = [[] for _ in graph.calls]
    for index, needed in enumerate(sources):
        for source in needed:
            users[source].append(index)
    missing = [len(needed) for needed in sources]
    fit, calls = [index for index, count in enumerate(missing) if not count], []
    while fit:
        place = random_order.randrange(len(fit))
        fit[place], fit[-1] = fit[-1], fit[place]
        index = fit.pop()
        for user in users[index]:
            missing[user] -= 1
            if not missing[user]:
                fit.append(user)
        call = graph.calls[index]
        calls.append(
            call.model_copy(
                update={
                    "layer": layer_at[call.layer],
                    "outputs": tuple(tensor_at[t] for t in call.outputs),
                    "scope": tuple(layer_at[s] for s in call.scope),
                    "arguments": tuple(
                        a.model_copy(update={"tensor": None if a.tensor is None else tensor_at[a.tensor]})
                        for a in call.arguments
                    ),
                }
            )
        )
    return graph.model_copy(
        update={
            "layers": tuple(
                graph.layers[old].model_copy(
                    update={
                        "name": f"renamed_{old}",
                        "weights": tuple(weight_at[w] for w in graph.layers[old].weights),
                    }
                )
                for old in layer_order
            ),
            "weights": tuple(graph.weights[old] for old in weight_order),
            "tensors": tuple(graph.tensors[old] for old in tensor_order),
            "calls": tuple(calls),
            "inputs": tuple(p.model_copy(update={"tensor": tensor_at[p.tensor]}) for p in graph.inputs),
            "outputs": tuple(p.model_copy(update={"tensor": tensor_at[p.tensor]}) for p in graph.outputs),
        }
    )
