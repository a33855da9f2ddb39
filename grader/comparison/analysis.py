"""Compare two graphs: normal forms, their correspondence, and the differences left over."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from grader.canonical import COMMUTATIVE, NormalGraph, joined_anew, normalize
from grader.canonical.normal_graph import Key
from grader.comparison.accepted import as_expected_classes, as_expected_dtypes
from grader.comparison.alignment import align
from grader.comparison.by_hand import layers_written
from grader.comparison.compile_state import compile_differences
from grader.comparison.feeding import fed_alike
from grader.comparison.fixed_modes import has_idle_calls
from grader.comparison.gaps import as_one_call, gaps_filled
from grader.comparison.isomorphism import correspondence
from grader.comparison.masks import carries_masks, mask_differences
from grader.comparison.parameters import parameter_detail
from grader.comparison.placement import find_differences
from grader.comparison.records import Behaviour, Comparison, Counts, Diagnosis, Difference, WeightOrder
from grader.comparison.reordering import Reordered, reordering
from grader.comparison.skeleton import moved_light_steps
from grader.comparison.tables import other_tables
from grader.comparison.tracking import untracked_differences
from grader.comparison.trainability import trainability
from grader.comparison.unreached import unreached_differences
from grader.comparison.unseen import unseen_steps
from grader.comparison.wiring import same_wiring
from grader.comparison.wording import counted, label
from grader.graph import ModelGraph
from grader.tasks import CompareOptions

_NONE = -2
_LARGER = 12  # steps from which on it is worth saying that most of a model is another one
_LITTLE = 1 / 3  # of the steps

__all__ = ["Analysis", "analyse", "compare_graphs", "count", "summarize"]


@dataclass(frozen=True)
class Analysis:
    """Everything known about a pair of graphs; what the misconception detectors read.

    ``pairs`` maps nodes of the student's normal form to nodes of the reference's: all of them when
    ``same``, as many as could be aligned otherwise. ``reordered`` says which of the student's weights are
    permuted, where what is concatenated stands in another order. ``same`` and ``differences`` are about
    the architecture; ``training`` lists what would make two models of one architecture learn differently,
    where a task asks for that.
    """

    student: NormalGraph
    reference: NormalGraph
    pairs: dict[int, int]
    same: bool
    differences: tuple[Difference, ...]
    reordered: Mapping[int, Reordered] = field(default_factory=dict)
    training: tuple[Difference, ...] = ()

    @cached_property
    def unseen(self) -> tuple[int, ...]:
        """Return the student's nodes that are compared by name and settings, because their code cannot be read."""
        return unseen_steps(self.student)

    @cached_property
    def back(self) -> dict[int, int]:
        """Return the pairs the other way round."""
        return {theirs: ours for ours, theirs in self.pairs.items()}


def analyse(student: ModelGraph, reference: ModelGraph, options: CompareOptions | None = None) -> Analysis:
    """Normalise two graphs, find their correspondence, and list what differs.

    Raises:
        GraderError: two graphs too symmetric, or with too much concatenated, to decide on (none that a person would
            build).
    """
    options = options or CompareOptions()
    found = _architecture(student, reference, options)
    if options.trainable and not found.same:
        # Flags only help to pair layers that are alike; where they differ, that is no difference of the layers.
        found = _architecture(student, reference, options.model_copy(update={"trainable": False}))
    apart: list[Difference] = []
    if options.trainable:
        apart += trainability(found.student, found.reference, found.pairs, whole=found.same)
    if options.compile:
        apart += compile_differences(found.student, found.reference)
    astray = untracked_differences(found.student, found.reference)
    if astray:  # whatever else differs: what is trained, counted and saved is not the expected model
        found = replace(found, same=False, differences=(*astray, *found.differences))
    return replace(found, training=tuple(apart))


def _architecture(student: ModelGraph, reference: ModelGraph, options: CompareOptions) -> Analysis:
    ours, theirs = as_one_call(student), as_one_call(reference)
    if reference.dynamic is not None and student.dynamic is not None and (ours or theirs):
        whole = _compared(ours or student, theirs or reference, options, masks=True)
        if whole.same:
            return whole
    found = _compared(student, reference, options, masks=True)
    if found.same or not (carries_masks(student) or carries_masks(reference)):
        return found
    told = _compared(student, reference, options, masks=False)
    if told.same:
        apart = mask_differences(told.student, told.reference, told.pairs)
        return replace(told, same=False, differences=apart, reordered={})
    # A mask that came along is best told by the layer it comes from, one that was passed by hand by itself.
    return told if len(told.differences) <= len(found.differences) else found


def _compared(
    student: ModelGraph, reference: ModelGraph, options: CompareOptions, *, masks: bool
) -> Analysis:
    given, theirs = normalize(student, options, masks=masks), normalize(reference, options, masks=masks)
    found = _aligned(fed_alike(given, theirs), theirs, options)
    if not found.same and (has_idle_calls(student) or has_idle_calls(reference)):
        ours, idle = (normalize(one, options, masks=masks, idle=True) for one in (student, reference))
        told = _aligned(fed_alike(ours, idle), idle, options)
        if not told.same and len(told.differences) <= len(found.differences):
            found = told
    # Whoever feeds the student's model does so in its own order, under its own keys.
    return replace(found, student=replace(found.student, inputs=given.inputs))


def _aligned(ours: NormalGraph, theirs: NormalGraph, options: CompareOptions) -> Analysis:
    mapping, reordered = _match(ours, theirs, options)
    if mapping is not None:
        pairs = dict(enumerate(mapping))
        unused = unreached_differences(ours, theirs)
        return Analysis(ours, theirs, pairs, not unused, unused, reordered)
    if _joined_kinds(ours) == _joined_kinds(
        theirs
    ):  # otherwise they differ, however what is joined is written
        joined = (joined_anew(ours), joined_anew(theirs))
        if any(joined):
            first, second = joined[0] or ours, joined[1] or theirs
            mapping, reordered = _match(first, second, options)
            if mapping is not None and not unreached_differences(first, second):
                return Analysis(first, second, dict(enumerate(mapping)), True, (), reordered)
    filled = gaps_filled(ours, theirs)
    if filled is not None and _match(filled, theirs, options)[0] is None:
        ours = filled  # the unseen steps are not all that differs
    if options.writing_is_free:
        for alike in (as_expected_dtypes, as_expected_classes):
            taken = alike(ours, theirs)
            if taken != ours and _match(taken, theirs, options)[0] is None:
                ours = taken  # what is accepted by itself is not all that differs
    written = (layers_written(ours, marked=True), layers_written(theirs, marked=False))
    if written != (ours, theirs) and _match(*written, options)[0] is None:
        ours, theirs = written  # the layers that are written out are not all that differs
    pairs = align(ours, theirs)
    found = Analysis(ours, theirs, pairs, False, find_differences(ours, theirs, pairs, options))
    moved = moved_light_steps(ours, theirs)
    if moved is None:
        return found
    differences = find_differences(ours, theirs, moved.pairs, options, moved.steps)
    if not moved.certain and len(differences) >= len(found.differences):
        return found
    return replace(found, pairs=moved.pairs, differences=differences)


def _joined_kinds(graph: NormalGraph) -> Counter[Key]:
    """Count the steps of each kind but the joins: what stays the same when a graph is joined anew."""
    return Counter([node.key for node in graph.nodes if node.op != "concatenate"])


def _match(
    ours: NormalGraph, theirs: NormalGraph, options: CompareOptions
) -> tuple[list[int] | None, Mapping[int, Reordered]]:
    """Return the correspondence of two equal graphs; the order of what is concatenated is tried last."""
    unordered = frozenset[str]() if options.merge_order else COMMUTATIVE
    asked = {"sharing": not options.free_sharing, "order": not options.free_order}
    mapping = correspondence(ours, theirs, unordered=unordered, **asked)
    if mapping is None and not options.concatenate_order:
        mapping = correspondence(ours, theirs, unordered=unordered | {"concatenate"}, **asked)
        reordered = None if mapping is None else reordering(ours, theirs, mapping)
        return (None, {}) if reordered is None else (mapping, reordered)
    return mapping, {}


def compare_graphs(
    student: ModelGraph, reference: ModelGraph, options: CompareOptions | None = None
) -> Comparison:
    """Compare two graphs; see ``Comparison`` for what comes back, ``analyse`` for errors."""
    return summarize(analyse(student, reference, options))


def summarize(
    analysis: Analysis, diagnoses: tuple[Diagnosis, ...] = (), behaviour: Behaviour | None = None
) -> Comparison:
    """Turn an analysis into the record that reports and verdicts carry.

    ``behaviour`` is what runs of the two models showed; where they compute the same, the architecture has
    no differences left.
    """
    same = analysis.same or (behaviour is not None and behaviour.same)
    student, reference = analysis.student.source, analysis.reference.source
    matched = {
        pair
        for ours, theirs in analysis.pairs.items()
        for pair in zip(
            analysis.student.nodes[ours].calls, analysis.reference.nodes[theirs].calls, strict=False
        )
    }
    counts, expected = count(student), count(reference)
    weight_map = _weight_map(analysis) if analysis.same else None
    # Made of records that were validated when they were made; the two graphs may be large.
    return Comparison.model_construct(
        equivalent=same and not analysis.training,
        differences=(*(() if same else analysis.differences), *analysis.training),
        diagnoses=diagnoses,
        student=student,
        reference=reference,
        matched=tuple(sorted(matched)),
        in_common="" if same else _in_common(analysis),
        same_wiring=same
        or same_wiring(analysis.student, analysis.reference, analysis.pairs, analysis.differences),
        student_counts=counts,
        reference_counts=expected,
        parameter_detail="" if counts == expected else parameter_detail(analysis),
        weight_map=weight_map,
        weight_orders=tuple(
            WeightOrder.model_construct(weight=weight, axis=found.axis, order=found.order)
            for weight, found in sorted(analysis.reordered.items())
        ),
        behaviour=behaviour,
        unseen=_unseen(analysis) if same and (behaviour is None or not behaviour.same) else (),
        tables=other_tables(student, reference, weight_map) if same else (),
    )


def _in_common(analysis: Analysis) -> str:
    """Say how many steps of a larger model agree, where that is little; else nothing."""
    ours, theirs = (graph.nodes[len(graph.inputs) :] for graph in (analysis.student, analysis.reference))
    alike = sum(
        analysis.student.nodes[mine].key[:2] == analysis.reference.nodes[wanted].key[:2]
        for mine, wanted in analysis.pairs.items()
        if analysis.reference.nodes[wanted].op != "input"
    )
    most = max(len(ours), len(theirs))
    if most < _LARGER or alike > most * _LITTLE:
        return ""
    return (
        f"The two models have little in common: yours has {counted(len(ours), 'step')} and the expected one "
        f"{len(theirs)}; {alike or 'none'} of them {'stands' if alike == 1 else 'stand'} in both."
    )


def _unseen(analysis: Analysis) -> tuple[str, ...]:
    nodes = [analysis.student.nodes[node] for node in analysis.unseen]
    return tuple(dict.fromkeys(label(node.op, node.settings) for node in nodes))


def count(graph: ModelGraph) -> Counts:
    """Count the scalar parameters of a graph, each variable once."""
    total = trainable = 0
    for weight in graph.weights:
        size = math.prod(weight.shape)
        total += size
        trainable += size if weight.trainable else 0
    return Counts(total=total, trainable=trainable, non_trainable=total - trainable)


def _weight_map(analysis: Analysis) -> tuple[int, ...]:
    """Return, for each weight of the student, the reference's; -1 for one that no call uses."""
    mapping = [-1] * len(analysis.student.source.weights)
    for ours, theirs in analysis.pairs.items():
        first, second = analysis.student.nodes[ours].weights, analysis.reference.nodes[theirs].weights
        for weight, counterpart in zip(first, second, strict=True):
            # Where sharing is free, one weight may stand for two: then there is no map for it.
            mapping[weight] = counterpart if mapping[weight] in (-1, counterpart) else _NONE
    return tuple([-1 if counterpart == _NONE else counterpart for counterpart in mapping])
