"""The inside of a call that cannot be followed symbolically, as far as running it on arrays shows it.

The layer's ``call`` is run three times: on positive numbers, on others for tensors of other open lengths, and on
negative ones, in inference where the model was to be read in training. All must call the same. What was called is
written down as Keras's own ``Node``s, and in between, as one ``Unseen`` each, the tensors that no noted call made.

Which tensors an ``Unseen`` may depend on is found by running the code again with every noted call giving what it
gave before, and one of them something else: what changes then, depends on it. Nothing of this is proof that the code
computes what another one would: two ``Unseen`` are alike only where the classes, the settings and the places are.

A way through the call that values may decide (an ``if`` on a tensor, ``ops.cond``, NumPy in between) is one of
several: the first branch, one round, or what an ``if`` came to. It ends in an ``Unseen`` that reads all there is,
and ``chose`` says so.

Nothing is shown, and the layer stays opaque, where no layer is called inside, where the run raises, takes long,
changes a tensor in place or calls otherwise in inference than in training, and where an operation's settings
follow from lengths that are open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.src import backend
from keras.src.ops.node import Node

from grader.models.chance import repeatable
from grader.models.eager import EagerRun, RunError, as_found, numbers, within
from grader.models.layers import config
from grader.models.modes import INFERENCE, TRAINING
from grader.models.plain import constant, is_array
from grader.models.unseen import Unseen
from grader.models.ways import Ref, Way, without_mode

__all__ = ["Seen", "seen_in_a_run"]

_MOST_CHANGES = (
    24  # runs that tell what depends on what; where more were needed, all is taken to depend on all
)


@dataclass(frozen=True)
class Seen:
    """Pairs of a tensor given and its stand-in, and what came out; ``chose``: values may decide the way."""

    stand_ins: tuple[tuple[Any, Any], ...]
    outputs: tuple[Any, ...]
    chose: bool


def seen_in_a_run(recorder: Any, layer: Any, args: Any, kwargs: Any, returned: Any, seconds: float) -> Seen:
    """Run a layer's call on arrays and return its inside; ``args`` and ``returned`` hold ``KerasTensor``s.

    Raises:
        RunError: no inside that can be shown; so does whatever the student's code raises.
    """
    if isinstance(layer, keras.layers.Lambda):
        raise RunError("a Lambda tells two functions apart by nothing")
    with within(seconds), as_found(layer.variables), _quickly():
        return _Inside(recorder, layer, args, kwargs).seen(returned)


@contextlib.contextmanager
def _quickly() -> Iterator[None]:
    """Let PyTorch keep no steps for gradients, and JAX compile without optimising what runs a few times."""
    if keras.backend.backend() == "torch":
        import torch

        with torch.no_grad():
            yield
    elif keras.backend.backend() == "jax":
        import jax

        before = jax.config.values["jax_disable_most_optimizations"]
        jax.config.update("jax_disable_most_optimizations", True)
        try:
            yield
        finally:
            jax.config.update("jax_disable_most_optimizations", before)
    else:
        yield


class _Inside:
    def __init__(self, recorder: Any, layer: Any, args: Any, kwargs: Any) -> None:
        self.recorder, self.layer, self.arguments = recorder, layer, (args, kwargs)
        self.symbols = [v for v in keras.tree.flatten((args, kwargs)) if isinstance(v, keras.KerasTensor)]
        self.symbols = list({id(symbol): symbol for symbol in self.symbols}.values())
        self.held = {id(inner) for inner in layer._flatten_layers()}
        self.draw = np.random.default_rng(0)

    def seen(self, returned: Any) -> Seen:
        """Run, compare the runs, and write down what they have in common."""
        first = self._run(self._numbers(3, 16, 1), {})
        if not any(isinstance(noted.operation, keras.Layer) for noted in first.run.noted):
            raise RunError("no layer is called inside")
        second = self._run(self._numbers(5, 24, 1), {})
        if first.path() != second.path():
            raise RunError("the call is another one for other lengths, or at random")
        chose = first.run.chose or not self._runs_without_values()
        quiet = {"training": INFERENCE} if self.arguments[1].get("training") is TRAINING else {}
        try:
            third = self._run(self._numbers(3, 16, -1), quiet)
            same = first.path(without_idle=True) == third.path(without_idle=True)
        except RunError:
            raise
        except Exception:  # on other values, or in the other mode
            same = False
        if not same and not chose:
            raise RunError("the call does something else in inference than in training")
        return _Written(self, first, second, chose).seen(keras.tree.flatten(returned))

    def _numbers(self, batch: int, length: int, way: int) -> list[Any]:
        return [numbers(symbol, batch, length, way, self.draw) for symbol in self.symbols]

    def _run(
        self, given: list[Any], replaced: Mapping[str, Any], run: EagerRun | None = None, state: Any = ()
    ) -> Way:
        run = run or EagerRun()
        run.give(given)
        before = [np.array(keras.ops.convert_to_numpy(array)) for array in given]
        places = {id(symbol): array for symbol, array in zip(self.symbols, given, strict=True)}
        args, kwargs = keras.tree.map_structure(lambda value: places.get(id(value), value), self.arguments)
        scope = keras.StatelessScope(state_mapping=list(state))
        with repeatable(), scope, run.watching(), self.recorder.noting(run):
            outputs = keras.tree.flatten(self.layer.call(*args, **{**kwargs, **replaced}))
        if not outputs or not all(map(is_array, outputs)):
            raise RunError("the call returns something else than tensors")
        if run.was_changed() or not all(map(_equal, given, before)):
            raise RunError("the call changes a tensor in place")
        return Way.of(run, given, self.held, outputs)

    def _runs_without_values(self) -> bool:
        """Say whether the call also runs on tensors that have shapes and no values: then none decides the way."""
        args, kwargs = self.arguments
        try:
            with keras.StatelessScope(), self.recorder.noting(None):
                if keras.backend.backend() == "torch":
                    self._run_on_meta()
                else:
                    backend.compute_output_spec(self.layer.call, *args, **kwargs)
        except Exception:
            return False
        return True

    def _run_on_meta(self) -> None:
        import torch
        from keras.src.backend.torch.core import device_scope, to_torch_dtype

        def empty(value: Any) -> Any:
            if not isinstance(value, keras.KerasTensor):
                return value
            shape = [8 if length is None else length for length in value.shape]
            return torch.empty(shape, dtype=to_torch_dtype(value.dtype), device="meta")

        with device_scope("meta"):
            args, kwargs = keras.tree.map_structure(empty, self.arguments)
            self.layer.call(*args, **kwargs)

    def changed_by(self, first: Way, ref: Ref | None, variable: Any = None) -> list[bool]:
        """Say which unseen tensors change when one noted tensor, or a weight, is another."""
        given, state = list(first.given), []
        noted = [-1, -1]
        if ref is not None and ref.kind == "given":
            given[ref.number] = self._another(given[ref.number])
        elif ref is not None:
            noted = [ref.number, ref.at]
        else:
            value = keras.ops.convert_to_numpy(variable)
            state = [
                (variable, keras.ops.convert_to_tensor(value + self._noise(value), dtype=variable.dtype))
            ]

        def change(position: int, outputs: Any) -> Any:
            if position != noted[0]:
                return outputs
            flat = keras.tree.flatten(outputs)
            flat[noted[1]] = self._another(flat[noted[1]])
            return keras.tree.pack_sequence_as(outputs, flat)

        again = self._run(given, {}, EagerRun(first.run.noted, change), state)
        if len(again.unseen) != len(first.unseen):
            raise RunError("the run is another one when a value changes")
        return [
            not (one.shape == two.shape and np.array_equal(one, two))
            for one, two in zip(first.values, again.values, strict=True)
        ]

    def _noise(self, value: Any) -> Any:
        return self.draw.uniform(0.5, 1.0, np.shape(value)) * np.where(np.asarray(value) > 0, -2, 2)

    def _another(self, array: Any) -> Any:
        value = np.asarray(keras.ops.convert_to_numpy(array))
        if value.dtype.kind == "b":
            changed = ~value
        elif value.dtype.kind in "iu":
            changed = np.where(value > 0, 0, 1)
        else:
            changed = np.asarray(value, "float64") + self._noise(np.asarray(value, "float64"))
        return keras.ops.convert_to_tensor(changed, dtype=keras.backend.standardize_dtype(array.dtype))


def _equal(array: Any, before: Any) -> bool:
    return bool(np.array_equal(keras.ops.convert_to_numpy(array), before, equal_nan=before.dtype.kind == "f"))


class _Written:
    """Two runs of one way → Keras's nodes."""

    def __init__(self, inside: _Inside, first: Way, second: Way, chose: bool) -> None:
        self.inside, self.first, self.second, self.chose = inside, first, second, chose
        self.constants = {
            n for n, (one, two) in enumerate(zip(first.unseen, second.unseen, strict=True)) if one is two
        }
        self.gaps = [n for n in range(len(first.unseen)) if n not in self.constants]
        self.tensors = [
            *(Ref("given", n) for n in range(len(first.given))),
            *(
                Ref("noted", n, at)
                for n, noted in enumerate(first.run.noted)
                for at in range(len(noted.flat))
            ),
        ]
        self.reads = self._reads()
        self.weights = self._weights()

    def seen(self, returned: Sequence[Any]) -> Seen:
        """Write the nodes down; the outputs have the shapes that Keras found for them."""
        last = self._last_gap()
        self.symbols: dict[Ref, Any] = {}
        stand_ins = []
        for number, symbol in enumerate(self.inside.symbols):
            fresh = keras.KerasTensor(symbol.shape, symbol.dtype, sparse=symbol.sparse)
            self.symbols[Ref("given", number)] = fresh
            stand_ins.append((symbol, fresh))
        for number in range(len(self.first.run.noted) + 1):
            for gap in self.gaps:
                if self.first.since[gap] == number:
                    self._write_gap(gap)
            if number < len(self.first.run.noted):
                self._write_call(number)
        outputs = [self.symbols[ref] for ref in self.first.outputs]
        if last is None:
            outputs = self._write_choice(outputs)
        if len(outputs) != len(returned) or any(
            tuple(mine.shape) != tuple(keras_own.shape) or mine.dtype != keras_own.dtype
            for mine, keras_own in zip(outputs, returned, strict=True)
        ):
            raise RunError("the run gives other shapes than Keras expects")
        return Seen(tuple(stand_ins), tuple(outputs), self.chose)

    def _before(self, gap: int) -> list[Ref]:
        noted = self.first.since[gap]
        return [ref for ref in self.tensors if ref.kind == "given" or ref.number < noted]

    def _reads(self) -> dict[int, list[Ref]]:
        """Return the tensors that each unseen one depends on; all before it where that is not known."""
        reads: dict[int, list[Ref]] = {gap: [] for gap in self.gaps}
        asked = [ref for ref in self.tensors if any(ref in self._before(gap) for gap in self.gaps)]
        try:
            if len(asked) > _MOST_CHANGES or self.first.run.chose:
                raise RunError("too many runs would be needed")
            for ref in asked:
                changed = self.inside.changed_by(self.first, ref)
                for gap in self.gaps:
                    if changed[gap] and ref in self._before(gap):
                        reads[gap].append(ref)
        except Exception:  # the student's code, on values that it would not meet
            reads = {gap: self._before(gap) for gap in self.gaps}
        return {gap: found or self._before(gap) for gap, found in reads.items()}

    def _weights(self) -> dict[int | None, list[Any]]:
        """Return the weights that no noted call holds, by the unseen tensor that depends on them.

        ``None`` stands for the last place in which they may be used.
        """
        held: set[int] = set()
        for noted in self.first.run.noted:
            leaves = keras.tree.flatten((noted.args, noted.kwargs))
            held |= {id(leaf) for leaf in leaves if isinstance(leaf, keras.Variable)}
            held |= {id(variable) for variable in getattr(noted.operation, "weights", ())}
        rest = [variable for variable in self.inside.layer.weights if id(variable) not in held]
        found: dict[int | None, list[Any]] = {}
        everywhere: list[int | None] = [None]
        for variable in rest:
            users: list[int] = []
            if len(self.gaps) > 1 and not self.chose and len(rest) <= _MOST_CHANGES:
                with contextlib.suppress(Exception):
                    changed = self.inside.changed_by(self.first, None, variable)
                    users = [gap for gap in self.gaps if changed[gap]]
            for gap in users or everywhere:
                found.setdefault(gap, []).append(variable)
        return found

    def _last_gap(self) -> int | None:
        """Let the last unseen tensor on the way to the outputs read all that leads nowhere: it may depend on it.

        ``None`` where the way itself is chosen by values: what chooses it reads all there is.
        """
        if self.chose:
            return None
        reached = self._reached()
        gaps = [gap for gap in self.gaps if Ref("unseen", gap) in reached]
        if not gaps:
            raise RunError("nothing tells why the call could not be followed")
        last = max(gaps, key=lambda gap: (self.first.since[gap], gap))
        before = self._before(last)
        loose = [ref for ref in self.tensors if ref not in reached]
        late = [ref for ref in loose if ref not in before and ref.kind == "noted"]
        if any(getattr(self.first.run.noted[ref.number].operation, "weights", ()) for ref in late):
            raise RunError("a call inside leads nowhere")
        ends = [ref for ref in loose if ref in before and not self._used_by_loose(ref, loose)]
        self.reads[last] = list(dict.fromkeys([*self.reads[last], *ends]))
        if None in self.weights:
            self.weights[last] = [*self.weights.get(last, []), *self.weights.pop(None)]
        stray = [gap for gap in self.weights if gap is not None and Ref("unseen", gap) not in reached]
        for gap in stray:
            self.weights[last] = [*self.weights.get(last, []), *self.weights.pop(gap)]
        return last

    def _used_by_loose(self, ref: Ref, loose: Sequence[Ref]) -> bool:
        """Say whether a tensor that leads nowhere is read by a call that leads nowhere either."""
        others = {other.number for other in loose if other.kind == "noted"}
        return any(ref in keras.tree.flatten(self.first.calls[number]) for number in others)

    def _reached(self) -> set[Ref]:
        reached: set[Ref] = set()
        waiting = list(self.first.outputs)
        while waiting:
            ref = waiting.pop()
            if ref in reached:
                continue
            reached.add(ref)
            if ref.kind == "unseen":
                waiting += self.reads.get(ref.number, [])
            elif ref.kind == "noted":
                waiting += [r for r in keras.tree.flatten(self.first.calls[ref.number]) if isinstance(r, Ref)]
                reached |= {r for r in self.tensors if (r.kind, r.number) == (ref.kind, ref.number)}
        return reached

    def _symbol(self, value: Any) -> Any:
        if not isinstance(value, Ref):
            return value
        if value.kind == "unseen" and value.number in self.constants:
            return self.first.unseen[value.number]
        return self.symbols[value]

    def _fresh(self, one: Any, two: Any) -> Any:
        if len(one.shape) != len(two.shape):
            raise RunError("the shapes inside follow from the lengths")
        shape = [int(a) if a == b else None for a, b in zip(one.shape, two.shape, strict=True)]
        return keras.KerasTensor(shape, keras.backend.standardize_dtype(one.dtype))

    def _write_call(self, number: int) -> None:
        noted, again = self.first.run.noted[number], self.second.run.noted[number]
        outputs = [self._fresh(one, two) for one, two in zip(noted.flat, again.flat, strict=True)]
        args, kwargs = keras.tree.map_structure(self._symbol, self.first.calls[number])
        if not any(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten((args, kwargs))):
            raise RunError("a call inside takes no tensor that comes from the input")
        Node(noted.operation, args, kwargs, outputs)
        self.symbols |= {Ref("noted", number, at): symbol for at, symbol in enumerate(outputs)}

    def _write_gap(self, gap: int) -> None:
        output = self._fresh(self.first.unseen[gap], self.second.unseen[gap])
        ref = Ref("unseen", gap)
        self._write(self.gaps.index(gap), [self.symbols[read] for read in self.reads[gap]], [output], gap)
        self.symbols[ref] = output

    def _write_choice(self, outputs: Sequence[Any]) -> list[Any]:
        """Write what the values decide: it may depend on all there is, and reads what nothing else reads."""
        made = [keras.KerasTensor(output.shape, output.dtype) for output in outputs]
        reached = self._reached()
        loose = [ref for ref in self.tensors if ref.kind == "given" or ref not in reached]
        loose = [ref for ref in loose if ref.kind == "given" or not self._used_by_loose(ref, loose)]
        loose += [ref for ref in (Ref("unseen", gap) for gap in self.gaps) if ref not in reached]
        read = [*outputs, *(self.symbols[ref] for ref in loose)]
        self._write(len(self.gaps), list({id(tensor): tensor for tensor in read}.values()), made, None)
        return made

    def _write(self, number: int, read: list[Any], made: list[Any], gap: int | None) -> None:
        layer = self.inside.layer
        args, kwargs = self.inside.arguments
        fixed = [
            constant(value)
            for value in keras.tree.flatten((args, without_mode(kwargs)))
            if not isinstance(value, keras.KerasTensor) and value is not None
        ]
        settings = {**config(layer), **({"given": fixed} if fixed else {})}
        weights = self.weights.get(gap, [])
        Node(Unseen(layer, settings, number, weights, chooses=gap is None), tuple(read), {}, made)
