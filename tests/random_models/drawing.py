"""Draw plans of the models that a course builds: stacks, residual blocks, branches, towers that share layers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from math import prod
from typing import Any

from hypothesis import strategies as st

from tests.random_models.plans import Plan, Step

__all__ = ["ACTIVATIONS", "draw_plan", "plans", "some_step"]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "gelu", "silu")
_WIDTHS = (2, 3, 4, 6, 8)
_INPUTS = ((8, 8, 3), (6, 6, 4), (5, 4), (6,), (4,), "words")
# What may follow a tensor of that many axes, as often as it is listed; `same` keeps the shape.
_AFTER: dict[int, tuple[str, ...]] = {
    3: (
        *("Conv2D", "Conv2D", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "BatchNormalization"),
        *("activation", "activation", "MaxPooling2D", "AveragePooling2D", "UpSampling2D"),
        *(
            "Dropout",
            "SpatialDropout2D",
            "LayerNormalization",
            "GlobalAveragePooling2D",
            "GlobalMaxPooling2D",
        ),
        "Flatten",
    ),
    2: (
        *("Conv1D", "LSTM", "GRU", "Dense", "LayerNormalization", "Dropout", "activation"),
        *("GlobalAveragePooling1D", "GlobalMaxPooling1D", "MaxPooling1D", "Flatten"),
    ),
    1: (
        *(
            "Dense",
            "Dense",
            "Dense",
            "Dense",
            "activation",
            "BatchNormalization",
            "LayerNormalization",
            "Dropout",
        ),
        *("GaussianNoise", "RepeatVector"),
    ),
}
_SAME: dict[int, tuple[str, ...]] = {
    3: ("Conv2D", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "activation", "Dropout"),
    2: ("Conv1D", "Dense", "LSTM", "LayerNormalization", "activation", "Dropout"),
    1: ("Dense", "Dense", "BatchNormalization", "activation", "Dropout"),
}
_LONG = 300  # numbers in a row that many branches are flattened to
_LONGEST = 600  # numbers in a row that a layer is put on
_MERGES = ("Add", "Add", "Add", "Multiply", "Maximum", "Average", "Subtract", "Concatenate")
_NEVER_TWICE = frozenset(
    {"activation", "Dropout", "BatchNormalization", "LayerNormalization", "GaussianNoise"}
)


def some_step(
    chance: random.Random, kind: str, shape: tuple[int, ...], *, keep: bool = False
) -> Mapping[str, Any]:
    """Draw the settings of a step on a tensor of that shape; ``keep`` keeps the shape."""
    width = shape[-1] if keep else chance.choice(_WIDTHS)
    size = chance.choice((1, 2, 3, 3))
    if kind in ("Conv2D", "Conv1D", "DepthwiseConv2D"):
        dims = int(kind[-2])
        stride = 1 if keep or min(shape[:-1]) < 4 else chance.choice((1, 1, 2))
        padding = "same" if keep or min(shape[:-1]) < 4 else chance.choice(("same", "same", "valid"))
        shared = {"kernel_size": [size] * dims, "strides": [stride] * dims, "padding": padding}
        return shared if kind.startswith("Depthwise") else {"filters": width, **shared}
    if kind in ("MaxPooling2D", "AveragePooling2D", "MaxPooling1D"):
        dims = int(kind[-2])
        return {"pool_size": [2] * dims, "strides": [2] * dims, "padding": chance.choice(("valid", "same"))}
    if kind == "UpSampling2D":
        return {"size": [2, 2], "interpolation": chance.choice(("nearest", "bilinear"))}
    if kind == "Dense":
        return {"units": width}
    if kind in ("LSTM", "GRU"):
        return {"units": width, "return_sequences": keep or chance.random() < 0.5}
    if kind in ("Dropout", "SpatialDropout2D"):
        return {"rate": chance.choice((0.1, 0.25, 0.5))}
    if kind == "GaussianNoise":
        return {"stddev": chance.choice((0.1, 0.5))}
    if kind in ("BatchNormalization", "LayerNormalization"):
        return {"axis": -1, "epsilon": 0.001}
    if kind == "activation":
        return {"function": chance.choice(ACTIVATIONS)}
    if kind == "RepeatVector":
        return {"n": chance.choice((2, 3))}
    return {"axis": -1} if kind == "Concatenate" else {}


class _Drawing:
    """A plan in the making; ``open`` are the steps that nothing reads yet."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.plan = Plan((), (), ())
        self.steps: list[Step] = []
        self.shape: dict[int, tuple[int, ...]] = {}
        self.open: list[int] = []

    def add(
        self,
        kind: str,
        settings: Mapping[str, Any],
        *sources: int,
        layer: int | None = None,
        last: bool = False,
    ) -> int | None:
        """Add a step where Keras would take it."""
        number = len(self.steps)
        made = Step(number, kind, settings, sources, number if layer is None else layer)
        shapes = Plan((*self.steps, made), (), ()).shapes
        if shapes is None or (max(shapes[number]) > _LONGEST and not last):
            return None
        self.steps.append(made)
        self.shape[number] = shapes[number]
        self.open = [*(step for step in self.open if step not in sources), number]
        return number

    def input(self) -> None:
        shape = self.chance.choice(_INPUTS)
        given = (
            {"shape": (5,), "dtype": "int32"} if shape == "words" else {"shape": shape, "dtype": "float32"}
        )
        made = self.add("Input", given)
        if shape == "words" and made is not None:
            self.add("Embedding", {"input_dim": 20, "output_dim": self.chance.choice((3, 4))}, made)

    def some(self) -> int:
        """Return a tensor to go on from: mostly one that nothing reads yet."""
        usable = [step for step in self.shape if self._usable(step)]
        recent = [step for step in self.open if self._usable(step)]
        return self.chance.choice(recent if recent and self.chance.random() < 0.85 else usable)

    def _usable(self, step: int) -> bool:
        return self.steps[step].settings.get("dtype") != "int32"

    def go_on(self, source: int, *, keep: bool = False) -> int | None:
        kinds = (_SAME if keep else _AFTER)[len(self.shape[source])]
        kind = self.chance.choice([k for k in kinds if k not in _NEVER_TWICE or k != self.steps[source].kind])
        return self.add(kind, some_step(self.chance, kind, self.shape[source], keep=keep), source)

    def row(self, source: int, length: int) -> int:
        for _ in range(length):
            source = self.go_on(source, keep=True) or source
        return source

    def residual(self) -> None:
        start = self.some()
        end = self.row(start, self.chance.randint(1, 3))
        if end != start:
            kind = self.chance.choice(_MERGES)
            both = (start, end) if self.chance.random() < 0.5 else (end, start)
            merged = self.add(kind, some_step(self.chance, kind, self.shape[end]), *both)
            if merged is not None and self.chance.random() < 0.5:
                self.add("activation", some_step(self.chance, "activation", ()), merged)

    def branches(self) -> None:
        start = self.some()
        ends = {self.row(start, self.chance.randint(1, 2)) for _ in range(self.chance.randint(2, 4))}
        if len(ends) > 1:
            kind = self.chance.choice(("Add", "Concatenate", "Concatenate", "Maximum", "Multiply", "Average"))
            self.add(kind, some_step(self.chance, kind, self.shape[start]), *sorted(ends))

    def merge(self) -> None:
        """Join two or three tensors of one shape that nothing reads yet."""
        first = self.some()
        alike = [
            s for s in self.open if s != first and self.shape[s] == self.shape[first] and self._usable(s)
        ]
        if alike:
            others = self.chance.sample(alike, min(len(alike), self.chance.choice((1, 1, 2))))
            kind = self.chance.choice(_MERGES if len(others) == 1 else ("Add", "Concatenate", "Maximum"))
            self.add(kind, some_step(self.chance, kind, self.shape[first]), first, *others)

    def again(self) -> None:
        """Call a row of layers again, on another tensor of the same shape."""
        known = [
            s for s in self.steps if len(s.sources) == 1 and s.kind != "Input" and self._usable(s.sources[0])
        ]
        if not known:
            return
        first = self.chance.choice(known)
        fits = [
            step
            for step, shape in self.shape.items()
            if shape == self.shape[first.sources[0]] and step != first.sources[0] and self._usable(step)
        ]
        fresh = [step for step in fits if step in self.open]
        if not fits:
            return
        here: int | None = self.chance.choice(fresh or fits)
        row, step = [first], first
        for _ in range(self.chance.randint(0, 3)):
            after = [s for s in self.steps if s.sources == (step.id,)]
            if not after:
                break
            step = self.chance.choice(after)
            row.append(step)
        for step in row:
            here = self.add(step.kind, step.settings, here, layer=step.layer) if here is not None else None

    def finish(self) -> Plan:
        """Bring what is open to at most three outputs, and put heads on some."""
        self.open = [step for step in self.open if self._usable(step)]
        ends = list(self.open)
        if len(ends) > 3 or (len(ends) > 1 and self.chance.random() < 0.6):
            flat = []
            for end in ends:
                rank, size = len(self.shape[end]), prod(self.shape[end])
                kinds = (f"GlobalAveragePooling{rank - 1}D", *(["Flatten"] if size < _LONG else []))
                flat.append(end if rank == 1 else self.add(self.chance.choice(kinds), {}, end))
            ends = [self.add("Concatenate", {"axis": -1}, *flat, last=True)]
        outputs = []
        for end in ends:
            if self.chance.random() < 0.7:
                head = self.add("Dense", {"units": self.chance.choice((1, 2, 5))}, end)
                function = self.chance.choice(("softmax", "sigmoid", "none"))
                outputs.append(
                    head if function == "none" else self.add("activation", {"function": function}, head)
                )
            else:
                outputs.append(end)
        keyed = len(outputs) > 1 and self.chance.random() < 0.3
        keys = self.chance.sample(("class", "box", "age"), len(outputs)) if keyed else map(str, range(3))
        given = [step.id for step in self.steps if step.kind == "Input"]
        named = len(given) > 1 and self.chance.random() < 0.3
        names = self.chance.sample(("image", "text", "facts"), len(given)) if named else map(str, range(3))
        inputs = tuple(zip(names, given, strict=False))
        return Plan(tuple(self.steps), inputs, tuple(sorted(zip(keys, outputs, strict=False)))).pruned()


def draw_plan(chance: random.Random) -> Plan:
    """Draw a plan of 3 to 40 calls; the same chance gives the same plan."""
    drawing = _Drawing(chance)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
        drawing.input()
    for step in list(drawing.open):
        drawing.go_on(step)
    size = chance.randint(3, 36)
    for _ in range(60):
        if len(drawing.steps) >= size:
            break
        what = chance.random()
        if what < 0.5:
            drawing.go_on(drawing.some())
        elif what < 0.65:
            drawing.residual()
        elif what < 0.77:
            drawing.branches()
        elif what < 0.87:
            drawing.merge()
        else:
            drawing.again()
    return drawing.finish()


def plans() -> st.SearchStrategy[Plan]:
    """Return the strategy that draws a plan."""
    return st.builds(draw_plan, st.randoms(use_true_random=False))
