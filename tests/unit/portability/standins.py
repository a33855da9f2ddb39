"""Models that compute with NumPy in place of a backend's process."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from grader.evidence import Array, Failure
from grader.graph import ModelGraph
from grader.parity_answers import Opened, Run, RunAnswer, Saving, TrainAnswer
from grader.portability.panel import Subject, TroubleError
from tests.blueprints import Blueprint

__all__ = ["StandIn", "chain", "makers"]

DEPTH = 3


def chain(units: int = 6, depth: int = DEPTH) -> ModelGraph:
    """A straight line of Dense layers without biases, a ReLU behind each but the last."""
    plan = Blueprint()
    x = plan.input(units)
    for number in range(depth):
        x = plan.call(plan.layer("Dense", (units, units), units=units, use_bias=False), x, shape=(units,))
        if number < depth - 1:
            x = plan.relu(x)
    return plan.graph(x)


class StandIn:
    """The chain on one backend.

    ``planted`` multiplies the kernels of layers, by place; ``constant`` makes outputs that tell nothing; ``saves``
    says how much of its weights a file keeps; ``trouble`` is raised at a method of that name.
    """

    def __init__(
        self,
        graph: ModelGraph | None = None,
        *,
        planted: dict[int, float] | None = None,
        constant: bool = False,
        saves: float = 1.0,
        failure: Failure | None = None,
        trouble: tuple[str, TroubleError] | None = None,
        files: dict[str, list[NDArray[np.float32]]] | None = None,
        random: tuple[str, ...] = (),
        trains: bool = False,
        step: float = 0.1,
    ) -> None:
        self.graph = graph or chain()
        self.planted, self.constant, self.saves, self.failure = planted or {}, constant, saves, failure
        self.trouble, self.files, self.random, self.trains, self.rate = trouble, files, random, trains, step
        self.weights: list[NDArray[np.float32]] = []
        self.inputs: list[NDArray[np.float32]] = []

    def _trouble(self, method: str) -> None:
        if self.trouble is not None and self.trouble[0] == method:
            raise self.trouble[1]

    def opened(self) -> Opened:
        self._trouble("opened")
        if self.failure is not None:
            return Opened(failure=self.failure)
        return Opened(graph=self.graph, random=self.random, trains=self.trains)

    def run(self, asked: Run) -> RunAnswer:
        self._trouble("run")
        if asked.weights is not None:
            self.weights = [np.asarray(array.numpy(), "float32") for array in asked.weights]
        if asked.inputs is not None:
            self.inputs = [np.asarray(array.numpy(), "float32") for array in asked.inputs]
        scaled = [w * np.float32(asked.scaled.get(n, 1.0)) for n, w in enumerate(self.weights)]
        return self._computed(scaled)

    def _computed(self, weights: list[NDArray[np.float32]]) -> RunAnswer:
        x = self.inputs[0]
        layers: list[tuple[str, Array]] = []
        names = [layer.name for layer in self.graph.layers if layer.class_name == "Dense"]
        for number, (name, kernel) in enumerate(zip(names, weights, strict=True)):
            x = x @ (kernel * np.float32(self.planted.get(number, 1.0)))
            layers.append((f"{name} (Dense)", Array.of(x.reshape(-1))))
            x = np.maximum(x, 0) if number < len(weights) - 1 else x
        x = np.zeros_like(x) + np.float32(0.25) if self.constant else x
        return RunAnswer(outputs=(Array.of(x),), layers=tuple(layers))

    def save(self, path: str) -> Saving:
        self._trouble("save")
        if self.files is not None:
            self.files[path] = [w * np.float32(self.saves) for w in self.weights]
        return Saving()

    def load(self, path: str, asked: Run) -> RunAnswer:
        self._trouble("load")
        return self._computed((self.files or {})[path])

    def train(self, steps: int, asked: Run) -> TrainAnswer:
        self._trouble("train")
        gradients = {n: np.cos(w) for n, w in enumerate(self.weights)}
        after = {n: self.weights[n] - np.float32(self.rate * steps) * g for n, g in gradients.items()}
        return TrainAnswer(
            losses=tuple(3.0 / (step + 1) for step in range(steps)),
            gradients={n: Array.of(g.reshape(-1)) for n, g in gradients.items()},
            weights={n: Array.of(w.reshape(-1)) for n, w in after.items()},
        )


def makers(**standins: StandIn) -> dict[str, Callable[[], Subject]]:
    """Return what makes these, by backend; they keep files in common."""
    files: dict[str, list[NDArray[np.float32]]] = {}

    def maker(standin: StandIn) -> Callable[[], Subject]:
        standin.files = files
        return lambda: standin

    return {backend: maker(standin) for backend, standin in standins.items()}
