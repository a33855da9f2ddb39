"""The second round: random weights and inputs for a kernel to compute with, and the proof of its reply.

A graph that came out of a student's process is only a claim. The judge draws weights and inputs, the
reference and the student's kernel both compute, and the outputs must agree. Whoever can answer has a
model that computes the reference's function.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.comparison import Comparison, analyse, summarize
from grader.errors import CourseError, EvidenceError
from grader.evidence import Array, Challenge, Evidence, Question, Reply
from grader.graph import ModelGraph, Weight
from grader.keys import Probe, TaskKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ask", "challenge_for", "disagreements", "probes_from", "transplanted"]

_BATCH = 4
_OPEN_LENGTH = 8  # a length the model leaves open
_VOCABULARY = 10  # integer inputs are drawn below this
_TOLERANCE = 4e-3  # of the outputs' spread: float32 sums in another order, other backends, many layers
_LEAST_SPREAD = 1e-2  # of the largest output: well above what float32 loses on the way
_STRENGTHS = (1.0, 0.2, 0.04)


def ask(reference: Evidence, seed: int) -> Challenge:
    """Draw weights and inputs for every model of the reference's evidence; the same seed draws the same.

    Weights are in the order of each graph's ``weights``: matrices and kernels scaled by their fan-in,
    scales around one, variances positive, the rest around zero. Each case is asked several times, with
    the weights in front of the outputs ever weaker: a softmax that is fed large numbers gives one class
    for every input, and from that no wrong model could be told. ``probes_from`` keeps the best.
    """
    questions = []
    for position, case in enumerate(reference.cases):
        graph = case.graph
        if graph is None or graph.dynamic is not None:
            continue
        generator = np.random.default_rng([seed, position, *reference.task.encode()])
        weights = [_weight(weight, generator) for weight in graph.weights]
        inputs = _inputs(graph, generator)
        last = _before_outputs(graph)
        for strength in _STRENGTHS:
            scaled = [np.asarray(w, "float32") * strength if n in last else w for n, w in enumerate(weights)]
            packed = tuple(Array.of(weight) for weight in scaled)
            questions.append(Question(case=position, weights=packed, inputs=inputs))
    return Challenge(task=reference.task, questions=tuple(questions))


def _before_outputs(graph: ModelGraph) -> set[int]:
    """Return the weights of the last layer with weights on the way to each output."""
    makers = {tensor: call for call in graph.calls for tensor in call.outputs}
    found: set[int] = set()
    waiting, seen = [port.tensor for port in graph.outputs], set[int]()
    while waiting:
        tensor = waiting.pop()
        if tensor in seen or tensor not in makers:
            continue
        seen.add(tensor)
        call = makers[tensor]
        weights = graph.layers[call.layer].weights
        if weights:
            found.update(weights)
        else:
            waiting += [argument.tensor for argument in call.arguments if argument.tensor is not None]
    return {index for index in found if graph.weights[index].dtype.startswith("float")}


def _weight(weight: Weight, generator: np.random.Generator) -> NDArray[np.generic]:
    if not weight.dtype.startswith(("float", "bfloat")):
        return np.zeros(weight.shape, "int32")
    noise = generator.standard_normal(weight.shape)
    if "variance" in weight.name:
        drawn = 0.5 + np.abs(noise)
    elif weight.name == "gamma" or "scale" in weight.name:
        drawn = 1.0 + 0.3 * noise
    elif len(weight.shape) > 1:
        fan_in = max(1, math.prod(weight.shape[:-1]))
        drawn = noise * math.sqrt(2.0 / fan_in)
    else:
        drawn = 0.3 * noise
    return np.asarray(drawn, "float32")


def _inputs(graph: ModelGraph, generator: np.random.Generator) -> tuple[Array, ...]:
    arrays = []
    for port in graph.inputs:
        tensor = graph.tensors[port.tensor]
        shape = (tensor.shape[0] or _BATCH, *(length or _OPEN_LENGTH for length in tensor.shape[1:]))
        if tensor.dtype.startswith(("int", "uint")):
            arrays.append(Array.of(generator.integers(0, _VOCABULARY, shape).astype("int32")))
        else:
            arrays.append(Array.of(_samples(shape, generator)))
    return tuple(arrays)


def _samples(shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.generic]:
    """Draw inputs that still differ after averaging over space or time.

    Plain noise would not: the mean of many pixels is nearly the same for every sample. So each
    sample has a strength of its own, and an offset for each of its channels.
    """
    strength = generator.uniform(0.3, 2.0, (shape[0], *[1] * (len(shape) - 1)))
    offset = generator.normal(0.0, 1.5, (shape[0], *[1] * (len(shape) - 2), *shape[1:][-1:]))
    return np.asarray(generator.standard_normal(shape) * strength + offset, "float32")


def probes_from(challenge: Challenge, reply: Reply) -> tuple[Probe, ...]:
    """Keep what the reference answered, case by case.

    Raises:
        CourseError: the reference gave no answer, or outputs so even that no wrong model could be told
            from it.
    """
    best: dict[int, tuple[float, Probe]] = {}
    for number, question in enumerate(challenge.questions):
        part = reply.parts[number] if number < len(reply.parts) else None
        if part is None or part.case != question.case or part.failure is not None or not part.outputs:
            reason = part.failure if part is not None and part.failure else "no outputs came back"
            raise CourseError(
                f"The reference solution of {challenge.task!r} could not be run on case {question.case}: {reason}"
            )
        probe = Probe(
            case=question.case, weights=question.weights, inputs=question.inputs, outputs=part.outputs
        )
        telling = min(_relative_spread(output.numpy()) for output in part.outputs)
        if question.case not in best or telling > best[question.case][0]:
            best[question.case] = (telling, probe)
    for case, (telling, _) in best.items():
        if telling < _LEAST_SPREAD:
            raise CourseError(
                f"The reference solution of {challenge.task!r} gives the same output for every input of "
                f"case {case}, so a wrong model could not be told from it."
            )
    return tuple(probe for _, probe in best.values())


def _relative_spread(values: NDArray[np.generic]) -> float:
    """Return the spread as a part of the largest output; not a number counts as none."""
    spread = _spread(values)
    largest = float(np.max(np.abs(np.asarray(values, "float64")), initial=0.0))
    return spread / largest if 0 < largest < float("inf") else 0.0


def challenge_for(key: TaskKey, evidence: Evidence) -> Challenge | None:
    """Turn the key's probes into questions in the student's order of weights.

    Only cases whose graphs are equivalent are asked; ``None`` when there are none. Conclusive
    evidence of a wrong model needs no proof.
    """
    questions = []
    for probe in key.probes:
        comparison = _comparison(key, evidence, probe.case)
        if comparison is not None:
            weights = transplanted(comparison, probe.weights)
            questions.append(Question(case=probe.case, weights=weights, inputs=probe.inputs))
    return Challenge(task=evidence.task, questions=tuple(questions)) if questions else None


def _comparison(key: TaskKey, evidence: Evidence, case: int) -> Comparison | None:
    """Return the comparison of a case whose graphs are equivalent and use all their weights."""
    if case >= len(evidence.cases):
        return None
    student, reference = evidence.cases[case].graph, key.evidence.cases[case].graph
    if student is None or reference is None:
        return None
    options = next((e.options for e in key.task.expects if e.kind == "architecture"), None)
    comparison = summarize(analyse(student, reference, options))
    return None if comparison.weight_map is None or -1 in comparison.weight_map else comparison


def transplanted(comparison: Comparison, weights: tuple[Array, ...]) -> tuple[Array, ...]:
    """Put the reference's weights into the student's order, permuted where the comparison says so."""
    found = [weights[counterpart] for counterpart in comparison.weight_map or ()]
    for moved in comparison.weight_orders:
        array = found[moved.weight].numpy()
        found[moved.weight] = Array.of(np.take(array, moved.order, axis=moved.axis))
    return tuple(found)


def disagreements(key: TaskKey, asked: Challenge | None, reply: Reply | None) -> tuple[str, ...]:
    """Compare a reply with the reference's outputs; say, question by question, what does not agree."""
    if asked is None:
        return ()
    parts = {part.case: part for part in reply.parts} if reply is not None else {}
    probes = {probe.case: probe for probe in key.probes}
    faults = []
    for question in asked.questions:
        part, probe = parts.get(question.case), probes[question.case]
        if part is None:
            faults.append(f"case {question.case + 1}: no answer came back")
        elif part.failure is not None:
            faults.append(f"case {question.case + 1}: {part.failure}")
        else:
            fault = _compare(part.outputs, probe.outputs)
            if fault:
                faults.append(f"case {question.case + 1}: {fault}")
    return tuple(faults)


def _compare(found: tuple[Array, ...], expected: tuple[Array, ...]) -> str | None:
    if len(found) != len(expected):
        return f"{len(found)} outputs came back, expected {len(expected)}"
    for packed, wanted in zip(found, expected, strict=True):
        try:
            ours: Any = packed.numpy().astype("float64")
        except EvidenceError as error:
            return str(error)
        theirs = wanted.numpy().astype("float64")
        if ours.shape != theirs.shape:
            return f"an output of shape {ours.shape} came back, expected {theirs.shape}"
        scale = _spread(theirs)
        gap = float(np.max(np.abs(ours - theirs), initial=0.0))
        if not gap <= _TOLERANCE * scale:  # NaN fails as well
            return f"outputs differ by {gap:.2g} where they spread by {scale:.2g}"
    return None


def _spread(values: NDArray[np.generic]) -> float:
    """Return how far the outputs of different inputs lie apart."""
    numbers = np.asarray(values, "float64")
    return float(np.max(np.ptp(numbers, axis=0), initial=0.0)) if numbers.ndim else 0.0
