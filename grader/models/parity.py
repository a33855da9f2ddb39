"""A backend's side of a parity check: builds one model, runs it, trains it, saves and loads it.

Forked from a process that has imported Keras, or started as ``python -m grader.models.parity``. Reads a line of JSON
at a time and answers each with one: ``{"open": Portable}`` with ``Opened``; ``{"run": Run}`` with ``RunAnswer``;
``{"save": path}`` with ``Saving``; ``{"load": path, "run": Run}`` with ``RunAnswer``, of the model that
was loaded; ``{"train": steps, "run": Run}`` with ``TrainAnswer``.
"""

from __future__ import annotations

import json
import linecache
import sys
import types
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from grader.evidence import Array
from grader.models.answering import answer_lines
from grader.models.depth import room_for
from grader.models.describe import Described, describe
from grader.models.failures import failure_of
from grader.models.lazy_tensorflow import tensorflow_not_imported
from grader.models.probe import borrowed_weights
from grader.models.saved_compile_state import compile_as_saved
from grader.models.tapped_runs import TappedRuns
from grader.models.tracebacks import full_tracebacks
from grader.models.training_steps import train
from grader.models.undrawn import undrawn_weights
from grader.parity_answers import Opened, Portable, Run, RunAnswer, Saving, TrainAnswer

__all__ = ["Subject", "main"]

_CODE = "<the notebook's code>"


class Subject:
    """A model on this backend, with the weights and inputs it was last run with."""

    def __init__(self, described: Described, own: Mapping[str, Any] | None = None) -> None:
        self.described = described
        self._own = dict(own or {})
        self._runs = TappedRuns(described)
        self._weights: list[NDArray[np.generic]] = []
        self._inputs: list[NDArray[np.generic]] = []

    @classmethod
    def built(cls, portable: Portable) -> Subject:
        """Run the code that travels with a model, and build it.

        Raises:
            Exception: whatever that code, or Keras, raises.
        """
        own = _defined(portable.source)
        keras.utils.clear_session(free_memory=False)  # names are counted from the start
        with full_tracebacks(), undrawn_weights(), tensorflow_not_imported():
            model = keras.saving.deserialize_keras_object(
                portable.config, custom_objects=own, safe_mode=not portable.source
            )
        subject = cls(describe(model), own)
        compile_as_saved(model, portable.compiled)
        return subject

    def opened(self) -> Opened:
        """Tell of the model."""
        model = self.described.model
        layers = list(model._flatten_layers(include_self=False))
        return Opened(
            graph=self.described.graph,
            trains=bool(model.compiled),
            random=tuple(
                dict.fromkeys(
                    f"{layer.name} ({type(layer).__name__})" for layer in layers if _is_random(layer)
                )
            ),
        )

    def run(self, asked: Run) -> RunAnswer:
        """Run the model; what its code raises is in the answer."""
        try:
            with full_tracebacks():
                weights, inputs = self._given(asked)
                outputs, layers = self._runs.run(weights, inputs, training=asked.training)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return RunAnswer(failure=failure_of(error))
        return RunAnswer(
            outputs=tuple(map(Array.of, outputs)),
            layers=tuple((name[:200], Array.of(values)) for name, values in layers.items()),
        )

    def save(self, path: str) -> Saving:
        """Save the model with the weights of its last run."""
        try:
            with (
                full_tracebacks(),
                tensorflow_not_imported(),
                borrowed_weights(self.described, self._weights),
            ):
                self.described.model.save(path)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Saving(failure=failure_of(error))
        return Saving()

    def load(self, path: str, asked: Run) -> RunAnswer:
        """Load a model as a user would who has the code at hand, and run it with the weights that the file has."""
        try:
            with full_tracebacks(), undrawn_weights(), tensorflow_not_imported():
                loaded = keras.saving.load_model(path, compile=False, safe_mode=not self._own)
                described = describe(loaded)
            weights = [np.asarray(keras.ops.convert_to_numpy(value)) for value in described.variables]
            inputs = self._given(asked)[1]
            outputs, _ = TappedRuns(described).run(weights, inputs, training=False)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return RunAnswer(failure=failure_of(error))
        return RunAnswer(outputs=tuple(map(Array.of, outputs)))

    def train(self, steps: int, asked: Run) -> TrainAnswer:
        """Train a few steps from the given weights."""
        try:
            weights, inputs = self._given(asked)
            with full_tracebacks(), room_for(self.described.model):
                return train(self.described, weights, inputs, steps)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return TrainAnswer(failure=failure_of(error))

    def _given(self, asked: Run) -> tuple[list[NDArray[np.generic]], list[NDArray[np.generic]]]:
        if asked.weights is not None:
            self._weights = [array.numpy() for array in asked.weights]
        if asked.inputs is not None:
            self._inputs = [array.numpy() for array in asked.inputs]
        weights = list(self._weights)
        for place, factor in asked.scaled.items():
            weights[place] = np.multiply(weights[place], np.float32(factor)).astype(weights[place].dtype)
        return weights, self._inputs


def _defined(source: str) -> dict[str, Any]:
    """Run code in a module of its own; return what it defines that a config could name."""
    if not source:
        return {}
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module  # where the student's classes say they are from
    linecache.cache[_CODE] = (len(source), None, source.splitlines(keepends=True), _CODE)
    exec(compile(source, _CODE, "exec"), vars(module))  # noqa: S102 - this process is for that
    return {
        name: thing
        for name, thing in vars(module).items()
        if callable(thing) and getattr(thing, "__module__", "__main__") == "__main__"
    }


def _is_random(layer: Any) -> bool:
    """Whether a layer draws numbers in training: it holds a generator of seeds, as all of Keras's do."""
    return isinstance(getattr(layer, "seed_generator", None), keras.random.SeedGenerator)


class _Answering:
    """Answers requests about one model."""

    def __init__(self) -> None:
        self._subject: Subject | None = None

    def answer(self, request: dict[str, Any]) -> str:
        if "open" in request:
            return self._open(request["open"]).to_json()
        assert self._subject is not None  # noqa: S101 - nothing is asked of what was not built
        run = Run.model_validate_json(json.dumps(request["run"])) if "run" in request else Run()
        if "save" in request:
            return self._subject.save(request["save"]).to_json()
        if "load" in request:
            return self._subject.load(request["load"], run).to_json()
        if "train" in request:
            return self._subject.train(int(request["train"]), run).to_json()
        return self._subject.run(run).to_json()

    def _open(self, given: Any) -> Opened:
        try:
            self._subject = Subject.built(Portable.model_validate_json(json.dumps(given)))
            return self._subject.opened()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Opened(failure=failure_of(error))


def _flush_denormals() -> None:
    """Let PyTorch take numbers below 1e-38 for zero, as TensorFlow and XLA do: with them it computes seven times slower."""
    if keras.backend.backend() == "torch":
        import torch

        torch.set_flush_denormal(True)


def main() -> None:
    """Answer until the input ends."""
    _flush_denormals()
    answer_lines(_Answering().answer)


if __name__ == "__main__":
    main()
