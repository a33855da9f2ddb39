"""Write a plan down as a ``ModelGraph``, in one of the styles in which people write models."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.graph import Argument, ModelGraph, Port
from tests.blueprints import Blueprint
from tests.random_models.plans import MERGES, Plan, Step
from tests.random_models.shapes import weights_of

__all__ = ["HOLDS_ACTIVATION", "Written", "write"]

HOLDS_ACTIVATION = frozenset({"Conv1D", "Conv2D", "DepthwiseConv2D", "Dense"})
_ASSOCIATIVE = frozenset({"Add", "Multiply", "Maximum"})
_OWN_LAYER: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
    "elu": ("ELU", {"alpha": 1.0}),
    "softmax": ("Softmax", {"axis": -1}),
}
_LAST_AXIS = frozenset({"BatchNormalization", "LayerNormalization", "Concatenate"})


@dataclass(frozen=True)
class Written:
    """A graph, and for each of its calls the steps of the plan that it stands for."""

    graph: ModelGraph
    steps: Mapping[int, frozenset[int]]

    def steps_of(self, calls: tuple[int, ...]) -> set[int]:
        """Return the steps that some calls stand for."""
        return {step for call in calls for step in self.steps[call]}


def write(plan: Plan, chance: random.Random | None = None) -> Written:
    """Write a plan: plainly, or with ``chance`` in a style drawn anew at every step."""
    return _Writer(plan, chance or _Never()).write()


class _Never(random.Random):
    """Chance that decides against everything, and leaves every order as it is."""

    def random(self) -> float:
        return 1.0

    def choice(self, options: Any) -> Any:
        return options[0]

    def sample(self, population: Any, k: int, **_: Any) -> list[Any]:
        return list(population)[:k]


class _Writer:
    def __init__(self, plan: Plan, chance: random.Random) -> None:
        self.plan, self.chance = plan, chance
        self.to = Blueprint()
        self.made: dict[int, int] = {}  # step → tensor
        self.layers: dict[int, int] = {}  # layer of the plan → of the blueprint
        self.steps: dict[int, set[int]] = defaultdict(set)
        self.folded = self._folded()
        assert plan.shapes is not None
        self.shapes = plan.shapes

    def write(self) -> Written:
        for key, step in self.plan.inputs:
            settings = self.plan.at[step].settings
            self.made[step] = self.to.tensor(*settings["shape"], dtype=settings["dtype"])
            self.to.inputs.append(Port(key=key, tensor=self.made[step]))
        one_of_each = {calls[0]: layer for layer, calls in self.plan.calls.items()}
        for step in self.chance.sample(list(one_of_each), len(one_of_each)):
            if self.plan.at[step].kind not in (*MERGES, "Input", "activation", "Flatten"):
                self._make_layer(self.plan.at[step])
        waiting = [step for step in self.plan.steps if step.kind != "Input"]
        while waiting:
            ready = [step for step in waiting if all(source in self.made for source in step.sources)]
            step = self.chance.choice(ready)
            waiting.remove(step)
            first = len(self.to.calls)
            self.made[step.id] = self._call(step)
            for call in range(first, len(self.to.calls)):
                self.steps[call].add(step.id)
        self._nest()
        graph = self.to.graph()
        outputs = tuple(Port(key=key, tensor=self.made[step]) for key, step in self.plan.outputs)
        graph = ModelGraph.model_validate({**dict(graph), "outputs": outputs})
        return Written(graph, {call: frozenset(steps) for call, steps in self.steps.items()})

    def _folded(self) -> dict[int, str]:
        """Choose the layers that hold the activation which alone follows each of their calls."""
        found = {}
        for layer, calls in self.plan.calls.items():
            functions = {self._only_activation(call) for call in calls}
            if len(functions) == 1 and None not in functions and self.chance.random() < 0.5:
                found[layer] = str(functions.pop())
        return found

    def _only_activation(self, step: int) -> str | None:
        users = self.plan.users[step]
        if self.plan.at[step].kind not in HOLDS_ACTIVATION or len(users) != 1 or step in self.plan.ends:
            return None
        user = self.plan.at[users[0]]
        return user.settings["function"] if user.kind == "activation" else None

    def _make_layer(self, step: Step) -> None:
        fed = [self.shapes[source] for source in step.sources]
        config = dict(step.settings)
        if step.kind in HOLDS_ACTIVATION:
            config["activation"] = self.folded.get(step.layer, "linear")
        if step.kind in _LAST_AXIS and self.chance.random() < 0.3:
            config["axis"] %= len(fed[0]) + 1
        weights = weights_of(step.kind, step.settings, fed)
        self.layers[step.layer] = self.to.layer(step.kind, *weights, **config)

    def _call(self, step: Step) -> int:
        shape = self.shapes[step.id]
        tensors = [self._read(source) for source in step.sources]
        if step.kind in MERGES:
            return self._merge(step, tensors)
        if step.kind == "activation":
            source = self.plan.at[step.sources[0]]
            if source.layer in self.folded and source.kind in HOLDS_ACTIVATION:
                before = next(
                    c for c, made in enumerate(self.to.calls) if made.outputs == (self.made[source.id],)
                )
                self.steps[before].add(step.id)
                return self.made[source.id]
            layer = self._activation(step.settings["function"])
        elif step.kind == "Flatten":
            target = list(shape) if self.chance.random() < 0.5 else [-1]
            layer = self.chance.choice(
                [self.to.layer("Flatten"), self.to.layer("Reshape", target_shape=target)]
            )
        else:
            layer = self.layers[step.layer]
        return self.to.call(layer, *tensors, shape=shape)

    def _read(self, step: int) -> int:
        """Return a step's tensor, now and then through something that changes nothing."""
        tensor = self.made[step]
        if self.chance.random() < 0.06 and self.plan.at[step].kind != "Input":
            written = [("Identity", {}), ("Dropout", {"rate": 0.0}), ("Activation", {"activation": "linear"})]
            kind, config = self.chance.choice(written)
            tensor = self.to.call(self.to.layer(kind, **config), tensor, shape=self.shapes[step])
        return tensor

    def _activation(self, function: str) -> int:
        style = self.chance.choice(("name", "layer", "operation"))
        if style == "layer" and function in _OWN_LAYER:
            kind, config = _OWN_LAYER[function]
            return self.to.layer(kind, **config)
        if style == "operation":
            return self.to.layer(function.capitalize(), origin="keras.ops")
        return self.to.layer("Activation", activation=function)

    def _merge(self, step: Step, tensors: list[int]) -> int:
        kind, shape = step.kind, self.shapes[step.id]
        if kind not in ("Subtract", "Concatenate"):
            tensors = self.chance.sample(tensors, len(tensors))
        if kind == "Concatenate":
            axis = step.settings["axis"]
            if self.chance.random() < 0.3:
                axis = axis % (len(shape) + 1) if axis < 0 else axis - len(shape) - 1
            style: Any = self.chance.choice(("keras.layers", "keras.ops"))
            return self.to.call(
                self.to.layer(kind, origin=style, axis=axis), *tensors, shape=shape, listed=True
            )
        if kind == "Average" and self.chance.random() < 0.3 and not self._sums(step):
            total = self._two_by_two("Add", tensors, shape)
            divide = self.to.layer("TrueDivide", origin="keras.ops")
            made = self.to.call(divide, total, shape=shape)
            number = Argument(place="1", value=len(tensors))
            call = self.to.calls[-1]
            self.to.calls[-1] = call.model_copy(update={"arguments": (*call.arguments, number)})
            return made
        if (kind in _ASSOCIATIVE or kind == "Subtract") and self.chance.random() < 0.5:
            return self._two_by_two(kind, tensors, shape)
        return self.to.call(self.to.layer(kind), *tensors, shape=shape, listed=True)

    def _sums(self, step: Step) -> bool:
        return any(self.plan.at[source].kind == "Add" for source in step.sources)

    def _two_by_two(self, kind: str, tensors: list[int], shape: tuple[int, ...]) -> int:
        """Join tensors in pairs, each by an operator, an operation or a layer."""
        while len(tensors) > 1:
            first, second, *rest = tensors
            style: Any = self.chance.choice(("keras.layers", "keras.ops"))
            listed = style == "keras.layers"
            joined = self.to.call(
                self.to.layer(kind, origin=style), first, second, shape=shape, listed=listed
            )
            tensors = [joined, *rest] if self.chance.random() < 0.5 else [*rest, joined]
            if kind == "Subtract":
                break
        return tensors[0] if kind != "Subtract" else joined

    def _nest(self) -> None:
        """Put rows of calls into models of their own, some of them within others."""
        calls = self.to.calls
        for _ in range(self.chance.choice((0, 0, 1, 2, 3))):
            start = self.chance.randrange(len(calls))
            inside = range(start, min(len(calls), start + self.chance.randint(1, 8)))
            depth = {call: calls[call].scope for call in inside}
            common = set.intersection(*map(set, depth.values()))
            if any(set(scope) - common for scope in depth.values()):
                continue  # half of another model
            held = {w for call in inside for w in self.to.layers[calls[call].layer].weights}
            scope = self.to.layer("Functional")
            layer = self.to.layers[scope]
            self.to.layers[scope] = layer.model_copy(update={"weights": tuple(sorted(held))})
            for call in inside:
                calls[call] = calls[call].model_copy(update={"scope": (*depth[call], scope)})
