"""Mistakes around ``output = F(x) + x``, root causes first."""

from __future__ import annotations

from dataclasses import dataclass

from grader.canonical import NormalGraph, normalize
from grader.causes import UnlikeShapes, WrongSize
from grader.comparison import Analysis, is_light
from grader.comparison.places import Wording
from grader.comparison.records import Diagnosis
from grader.evidence import Failure
from grader.graph import ModelGraph
from grader.misconceptions.misconception import Misconception

__all__ = ["RESIDUAL", "projection_seems_needless"]

_UNIT = "04_residual_connections"
_PROJECTING = ("Conv1D", "Conv2D", "Conv3D", "Dense", "EinsumDense")
# What else stands on a shortcut: it fits the shape, and bends nothing.
_FITTING = ("Normalization", "AveragePooling", "MaxPooling", "ZeroPadding", "Pad")
_LONGEST_SHORTCUT = 4


def _nodes(graph: NormalGraph, op: str) -> list[int]:
    return [index for index, node in enumerate(graph.nodes) if node.op == op]


def _sources(graph: NormalGraph, node: int) -> list[int]:
    return [edge.node for edge in graph.nodes[node].edges]


def _ancestors(graph: NormalGraph, node: int) -> set[int]:
    seen: set[int] = set()
    stack = _sources(graph, node)
    while stack:
        index = stack.pop()
        if index not in seen:
            seen.add(index)
            stack.extend(_sources(graph, index))
    return seen


def _paired_adds(analysis: Analysis) -> list[tuple[int, int]]:
    """Return the sums of the student that stand for sums of the reference."""
    return [
        (ours, theirs)
        for ours, theirs in analysis.pairs.items()
        if analysis.student.nodes[ours].op == "add" == analysis.reference.nodes[theirs].op
    ]


def _unpaired_chain(analysis: Analysis, node: int) -> tuple[list[int], int | None]:
    """Follow a reference node up through unpaired single-input nodes: the chain, and what feeds it."""
    chain: list[int] = []
    current: int | None = node
    while current is not None and current not in analysis.back:
        sources = _sources(analysis.reference, current)
        if len(sources) != 1:
            return chain, None
        chain.append(current)
        current = sources[0]
    return chain, current


def _present_starts(analysis: Analysis, node: int) -> set[int]:
    """Follow a reference node that the student's model lacks up to the first ones that it has."""
    found, seen, waiting = set[int](), set[int](), [node]
    while waiting:
        node = waiting.pop()
        if node in analysis.back:
            found.add(node)
        elif node not in seen:
            seen.add(node)
            waiting += _sources(analysis.reference, node)
    return found


def _unprojected_sums(analysis: Analysis) -> list[tuple[int, int]]:
    """Return the paired sums in which the student adds what the reference first sends through a projection."""
    found = []
    for ours, theirs in _paired_adds(analysis):
        for source in _sources(analysis.reference, theirs):
            chain, start = _unpaired_chain(analysis, source)
            projects = any(analysis.reference.nodes[node].op in _PROJECTING for node in chain)
            if projects and start is not None and analysis.back[start] in _sources(analysis.student, ours):
                found.append((ours, theirs))
    return found


def _missing_projection(analysis: Analysis) -> bool:
    return bool(_unprojected_sums(analysis))


def projection_seems_needless(analysis: Analysis) -> bool:
    """Whether shortcuts fit as they are only because F(x) has another shape than it should: that is the root then."""
    sums = _unprojected_sums(analysis)
    student, reference = analysis.student.nodes, analysis.reference.nodes
    return bool(sums) and all(
        len({student[source].shapes[0] for source in _sources(analysis.student, ours)}) == 1
        and student[ours].shapes != reference[theirs].shapes
        for ours, theirs in sums
    )


def _missing_projection_failure(failure: Failure, reference: ModelGraph | None) -> bool:
    """A sum refused ``F(x)`` and ``x``, or a reshape of ``x`` to what a projection would give was refused."""
    cause = failure.cause
    if isinstance(cause, UnlikeShapes) and cause.class_name == "Add" and cause.shortcut:
        if reference is None:
            one, other = (note.shape for note in cause.tensors)
            return one[-1:] != other[-1:]  # with the same width, another padding may be all
        return _has_projection(normalize(reference))
    if isinstance(cause, WrongSize) and reference is not None:
        graph = normalize(reference)
        targets = {shape[1:] for shape in _projected_shapes(graph)}
        return cause.target in targets and not _nodes(graph, "reshape")
    return False


def _projected_shapes(graph: NormalGraph) -> list[tuple[int | None, ...]]:
    """Return the shapes that projections on the way into a sum give."""
    return [
        graph.nodes[source].shapes[0]
        for add in _nodes(graph, "add")
        for source in _sources(graph, add)
        if any(graph.nodes[node].op in _PROJECTING for node in _up_the_shortcut(graph, source))
    ]


def _has_projection(graph: NormalGraph) -> bool:
    """Whether some sum has a summand that is a short projected path from where another one starts."""
    for add in _nodes(graph, "add"):
        sources = _sources(graph, add)
        if any(first in _ancestors(graph, second) for first in sources for second in sources):
            continue
        lines = [_ancestors(graph, source) | {source} for source in sources]
        common = set.intersection(*lines)
        if any(graph.nodes[node].op in _PROJECTING for line in lines for node in line - common) and common:
            return True
    return False


def _is_residual(graph: NormalGraph, add: int) -> bool:
    """Whether a merge joins a tensor with what that tensor, projected at most, was before: F(x) with x."""
    return bool(_main_paths(graph, add))


def _main_paths(graph: NormalGraph, add: int) -> list[int]:
    """Return those of a sum's sources that come out of where the shortcut, another source, starts."""
    sources = _sources(graph, add)
    lines = [_ancestors(graph, source) | {source} for source in sources]
    for position, source in enumerate(sources):
        starts = set(_up_the_shortcut(graph, source))
        main = [other for place, other in enumerate(sources) if place != position and starts & lines[place]]
        if main:
            return main
    return []


def _up_the_shortcut(graph: NormalGraph, node: int) -> list[int]:
    """Return a node, and those before it as far as a shortcut may reach back."""
    found = [node]
    while len(found) <= _LONGEST_SHORTCUT:
        current = graph.nodes[found[-1]]
        if len(current.edges) != 1 or not (
            current.op in _PROJECTING or any(word in current.op for word in _FITTING)
        ):
            break
        found.append(current.edges[0].node)
    return found


def _concatenate_instead_of_add(analysis: Analysis) -> bool:
    sums = [add for add in _nodes(analysis.reference, "add") if _is_residual(analysis.reference, add)]
    for ours, theirs in analysis.pairs.items():
        if analysis.student.nodes[ours].op == "concatenate" and theirs in sums:
            return True
    if all(add in analysis.back for add in sums):
        return False
    more = len(_nodes(analysis.student, "concatenate")) > len(_nodes(analysis.reference, "concatenate"))
    return more and len(_nodes(analysis.student, "add")) < len(_nodes(analysis.reference, "add"))


def _concatenate_instead_of_add_failure(failure: Failure, reference: ModelGraph | None) -> bool:
    """What a failing sum was given comes from a shortcut that was concatenated; the reference only adds them."""
    call = failure.call
    if reference is None or call is None or call.class_name != "Add" or call.graph is None:
        return False
    partial, wanted = normalize(call.graph), normalize(reference)
    return (
        any(_is_residual(partial, node) for node in _nodes(partial, "concatenate"))
        and any(_is_residual(wanted, node) for node in _nodes(wanted, "add"))
        and not any(_is_residual(wanted, node) for node in _nodes(wanted, "concatenate"))
    )


def _missing_skip(analysis: Analysis) -> bool:
    """A sum of the reference has no counterpart, and nothing else merges in its place."""
    if _concatenate_instead_of_add(analysis):
        return False
    student, reference = analysis.student, analysis.reference
    if len(_nodes(student, "add")) >= len(_nodes(reference, "add")):
        return False
    return any(
        add not in analysis.back and any(source in analysis.back for source in _main_paths(reference, add))
        for add in _nodes(reference, "add")
    )


@dataclass(frozen=True)
class _WrongStart:
    """Where shortcuts start, and where they should: nodes of the reference that the student's model has."""

    found: frozenset[int]
    expected: frozenset[int]


def _wrong_start(analysis: Analysis) -> _WrongStart | None:
    """Return where a shortcut starts that should start elsewhere, at its sum or at its projection.

    A normalisation, activation or dropout that stands elsewhere changes which step feeds a sum, and is no other
    shortcut: before and after it lies the same tensor.
    """
    if _activation_before_add(analysis) or _missing_projection(analysis):
        return None
    student, reference = analysis.student, analysis.reference
    for ours, theirs in _paired_adds(analysis):
        if not _is_residual(reference, theirs) or len(_sources(student, ours)) < len(
            _sources(reference, theirs)
        ):
            continue
        fed = {analysis.pairs.get(_before_moved(analysis, source)) for source in _sources(student, ours)}
        asked = {_asked_before_moved(analysis, source) for source in _sources(reference, theirs)}
        needs = {source for source in asked if source in analysis.back}
        # What stands in for a missing layer is not a tensor from elsewhere.
        absent = {start for source in asked - needs for start in _present_starts(analysis, source)}
        beyond = {source for source in fed - needs - absent if source is not None}
        if (asked - fed and beyond) or (fed < asked and asked - fed <= analysis.back.keys()):
            return _WrongStart(frozenset(beyond), frozenset(needs - fed))
        first = _shortcut_start(reference, theirs)
        if (
            first is not None
            and first in analysis.back
            and not _stands_elsewhere(analysis, analysis.back[first])
        ):
            from_where = [
                analysis.pairs.get(_before_moved(analysis, source))
                for source in _sources(student, analysis.back[first])
            ]
            wanted = [_asked_before_moved(analysis, source) for source in _sources(reference, first)]
            if None not in from_where and from_where != wanted:
                known = frozenset(source for source in from_where if source is not None)
                return _WrongStart(known, frozenset(wanted) & analysis.back.keys())
    return None


def _skip_from_wrong_tensor(analysis: Analysis) -> bool:
    return _wrong_start(analysis) is not None


def _told_where_to_start(analysis: Analysis, diagnosis: Diagnosis) -> Diagnosis:
    """Say of a shortcut that starts before the block where it should start: the usual slip is the other way round."""
    start = _wrong_start(analysis)
    if start is None or len(start.found) != 1 or len(start.expected) != 1:
        return diagnosis
    (found,), (expected,) = start.found, start.expected
    if found not in _ancestors(analysis.reference, expected):
        return diagnosis
    wording = Wording(analysis.student)
    early, right = (wording.name(analysis.back[node]) for node in (found, expected))
    return diagnosis.model_copy(
        update={
            "explanation": "A tensor is added that is made before the block, so that the shortcut leads around more "
            "layers than it should.",
            "fix": f"Start the shortcut later: at {right}, not at {early}.",
            "hints": (
                "Follow the second arrow into Add back to where it starts. Which layers does it lead around?",
                f"The tensor that you add comes from {early}: is that what the block is given?",
                f"Write `shortcut = x` where `x` is what {right} gives, and add `shortcut` at the end of the block.",
            ),
        }
    )


def _before_moved(analysis: Analysis, node: int) -> int:
    """Follow a student's node up past light steps that stand elsewhere than expected, or are too many."""
    while is_light(analysis.student.nodes[node]) and (
        node not in analysis.pairs or _stands_elsewhere(analysis, node)
    ):
        node = analysis.student.nodes[node].edges[0].node
    return node


def _asked_before_moved(analysis: Analysis, node: int) -> int:
    """Follow a reference node up past light steps that the student has elsewhere."""
    while (
        is_light(analysis.reference.nodes[node])
        and node in analysis.back
        and _stands_elsewhere(analysis, analysis.back[node])
    ):
        node = analysis.reference.nodes[node].edges[0].node
    return node


def _stands_elsewhere(analysis: Analysis, node: int) -> bool:
    """Whether a light step of the student's comes after another step than its counterpart, light ones aside."""
    other = analysis.pairs[node]
    student, reference = analysis.student.nodes, analysis.reference.nodes
    if not (is_light(student[node]) and is_light(reference[other])):
        return False
    source, need = student[node].edges[0].node, reference[other].edges[0].node
    while is_light(student[source]):
        source = student[source].edges[0].node
    while is_light(reference[need]):
        need = reference[need].edges[0].node
    return analysis.pairs.get(source) not in _present_starts(analysis, need)


def _shortcut_start(graph: NormalGraph, add: int) -> int | None:
    """Return the first node on the shorter of a sum's two ways from where they part, if it has any node."""
    sources = _sources(graph, add)
    if len(sources) != 2:
        return None
    lines = [_ancestors(graph, source) | {source} for source in sources]
    own = sorted((lines[0] - lines[1], lines[1] - lines[0]), key=len)
    return min(own[0]) if own[0] and len(own[0]) < len(own[1]) else None


def _activation_before_add(analysis: Analysis) -> bool:
    """A summand is activated that the reference adds as it is, activating the sum instead."""
    student, reference = analysis.student, analysis.reference
    users = reference.consumers()
    for ours, theirs in _paired_adds(analysis):
        after = [user for user, _, _ in users[theirs] if reference.nodes[user].op == "activation"]
        if not after or any(_fed_by_sum(analysis, user, ours) for user in after):
            continue
        expected = set(_sources(reference, theirs))
        for source in _sources(student, ours):
            early = student.nodes[source]
            counterpart = analysis.pairs.get(source)
            if early.op != "activation" or counterpart in expected:
                continue
            if not early.edges or analysis.pairs.get(early.edges[0].node) not in expected:
                continue
            if counterpart is None or counterpart in after:
                return True
    return False


def _fed_by_sum(analysis: Analysis, user: int, ours: int) -> bool:
    """Whether the student's counterpart of a step after the sum stands after the sum as well."""
    return user in analysis.back and ours in _sources(analysis.student, analysis.back[user])


RESIDUAL: tuple[Misconception, ...] = (
    Misconception(
        id="concatenate-instead-of-add",
        title="The shortcut is concatenated, not added",
        explanation="Concatenate puts the channels of x beside those of F(x). A residual connection adds "
        "them, number by number, so that the block only has to learn what to change.",
        symptom="The block's output has more channels than F(x), and the layers after it have more weights.",
        fix="Replace Concatenate by Add, and make both shapes equal first.",
        hints=(
            "Look at the number of channels before and after your merge. Should it grow?",
            "A residual block computes F(x) + x. Which merge layer computes a sum?",
            "Write `y = keras.layers.Add()([y, shortcut])` (or `y = y + shortcut`) where you concatenate.",
        ),
        unit=_UNIT,
        seen_in=_concatenate_instead_of_add,
        seen_in_failure=_concatenate_instead_of_add_failure,
    ),
    Misconception(
        id="missing-projection",
        title="The shortcut is not projected",
        explanation="F(x) changes the number of channels or the spatial size, so x has another shape. The "
        "shortcut needs a 1×1 convolution (a Dense layer for vectors) with the same stride to match it.",
        symptom="Add raises an error about incompatible shapes; or, when an axis has length 1, it broadcasts "
        "without a word and the model is another one.",
        fix="Send x through a projection with F(x)'s filters and stride before adding it.",
        hints=(
            "Write down the shape of x and the shape of F(x). Are they the same?",
            "Something on the shortcut has to change x's channels, and its size when the block strides.",
            (
                "Write `shortcut = keras.layers.Conv2D(filters, 1, strides=stride)(x)`, with whatever else is "
                "asked for on the shortcut, and add that instead of x."
            ),
        ),
        unit=_UNIT,
        seen_in=_missing_projection,
        seen_in_failure=_missing_projection_failure,
    ),
    Misconception(
        id="missing-skip",
        title="There is no shortcut",
        explanation="The layers are stacked one after the other. Without adding x back, the block computes "
        "F(x) alone, and a deep stack of such blocks trains badly.",
        symptom="From the block's input only one way leads to its end.",
        fix="Keep the block's input in a variable, and add it to the result of the last layer.",
        hints=(
            "Follow the block's input through the model. Does it reach the end by a second way?",
            "A residual block computes F(x) + x. Where is the + in yours?",
            "Keep `shortcut = x` at the start, and write `y = keras.layers.Add()([y, shortcut])` at the end.",
        ),
        unit=_UNIT,
        seen_in=_missing_skip,
    ),
    Misconception(
        id="activation-before-add",
        title="The activation comes before the addition",
        explanation="The last activation is applied to F(x), and x is added afterwards. With relu first, "
        "F(x) can only raise x, never lower it. In the original residual block the sum is activated.",
        symptom="The last activation feeds Add instead of following it.",
        fix="Add first, then activate the sum.",
        hints=(
            "What does relu do to the negative part of F(x) before you add it?",
            "The last two steps stand the other way round. Which of them has to come last?",
            "Write `y = keras.layers.Add()([y, shortcut])` first, and call the activation on its result.",
        ),
        unit=_UNIT,
        seen_in=_activation_before_add,
    ),
    Misconception(
        id="skip-from-wrong-tensor",
        title="The shortcut starts at the wrong tensor",
        explanation="A tensor is added, but not the block's input. The shortcut has to lead around every "
        "layer of the block.",
        symptom="Shapes and parameter counts can all be right: only the wiring is not.",
        fix="Keep the block's input before the first layer, and add that.",
        hints=(
            "Follow the second arrow into Add back to where it starts. Is it the block's input?",
            "A variable that is assigned again, `x = layer(x)`, no longer holds the block's input.",
            "Write `shortcut = x` before the first layer of the block, and add `shortcut` at the end.",
        ),
        unit=_UNIT,
        seen_in=_skip_from_wrong_tensor,
        told=_told_where_to_start,
    ),
)
