"""What differs between two aligned normal forms, each difference with its place and both values.

Each kind of difference has a module of its own that searches for it; this one puts the searches into the order
in which causes come before effects. A search notes in ``Pairing`` what it has explained, so that a later one
does not report the effects.
"""

from __future__ import annotations

import re
from dataclasses import replace

from grader.canonical import COMMUTATIVE, NormalGraph
from grader.comparison.connections import connection_differences
from grader.comparison.effects import adds_a_loss, lacking_effects, loss_not_expected
from grader.comparison.interfaces import (
    by_keys,
    in_another_form,
    input_differences,
    inputs_in_another_order,
    output_differences,
    swapped_outputs,
)
from grader.comparison.isomorphism import correspondence
from grader.comparison.lines import branches_in_line
from grader.comparison.order import moved_steps
from grader.comparison.pairing import Pairing, same_settings
from grader.comparison.places import given_name
from grader.comparison.records import Difference
from grader.comparison.repeats import told_once
from grader.comparison.replacements import replaced_steps
from grader.comparison.sharing import rebuilt_steps, sharing_differences
from grader.comparison.steps import (
    changed_steps,
    extra_steps,
    following_settings,
    missing_steps,
)
from grader.comparison.unreached import unreached_differences
from grader.comparison.wording import listing, shape_text
from grader.tasks import CompareOptions

__all__ = ["find_differences"]

# The interface first, since much of what lies inside follows from it; then steps, and only then what joins them.
_SEARCHES = (
    input_differences,
    lacking_effects,
    changed_steps,
    moved_steps,
    rebuilt_steps,
    replaced_steps,
    branches_in_line,
    missing_steps,
    extra_steps,
    following_settings,
    connection_differences,
    sharing_differences,
)
_UNNAMED = re.compile(r"input_layer|keras_tensor")  # what Keras calls an Input that has no name
_OF_SHARING = (rebuilt_steps, sharing_differences)


def find_differences(
    student: NormalGraph,
    reference: NormalGraph,
    pairs: dict[int, int],
    options: CompareOptions,
    moved: frozenset[int] = frozenset(),
) -> tuple[Difference, ...]:
    """List the differences of two graphs that are not the same: at least one, causes before effects.

    ``moved`` are the student's nodes that are known to stand elsewhere than expected.
    """
    order = None if options.free_order else _order_of_outputs(student, reference, options)
    if order is not None:
        return (order,)
    pairing = Pairing(student, reference, pairs, options, moved)
    if student.source.dynamic is not None and reference.source.dynamic is None:
        if adds_a_loss(student):
            return (loss_not_expected(pairing),)
        return (_dynamic(pairing, student.source.dynamic),)
    searches = [one for one in _SEARCHES if one not in _OF_SHARING or not options.free_sharing]
    inner = [difference for search in searches for difference in search(pairing)]
    outer = list(output_differences(pairing))
    counts = [one for one in outer if one.kind in ("missing-output", "extra-output")]
    found = [*counts, *inner, *(one for one in outer if one not in counts)]
    if len(found) > 1 and not options.free_order and all("connection" in one.kind for one in found):
        crossed = _order_of_inputs(student, reference, options)
        if crossed is not None:
            return (crossed,)
    for unused in unreached_differences(student, reference, told=pairing.idle):
        # A weight that its author made and never used is the slip; what is missing there follows from it.
        found.insert(len(counts) if "(your layer)" in unused.message else len(found), unused)
    found += [_uncertain(one) if found else one for one in pairing.unread]
    found = told_once(found, reference.source) or list(_other_shape(pairing))
    return tuple(found) or (
        pairing.difference(
            "wrong-connection",
            "in the whole model",
            "The layers are the expected ones, but they are not joined in the expected way.",
        ),
    )


def _uncertain(difference: Difference) -> Difference:
    """Mark what is told by a name alone, beside what is certain."""
    note = "What a class or function of your own computes was not read: this counts only if it is something else."
    return difference.model_copy(update={"message": f"{difference.message} {note}"})


def _order_of_outputs(
    student: NormalGraph, reference: NormalGraph, options: CompareOptions
) -> Difference | None:
    """Whether the models are the same but for the order, or keys, in which the outputs are given."""
    if len(student.outputs) != len(reference.outputs) or len(student.outputs) < 2:
        return None
    if sorted(key for key, _, _ in student.outputs) != sorted(key for key, _, _ in reference.outputs):
        return None
    mapping = correspondence(
        replace(student, outputs=()), replace(reference, outputs=()), unordered=_unordered(options)
    )
    if mapping is None:
        return None
    found = [(mapping[node], output) for _, node, output in student.outputs]
    wanted = [(node, output) for _, node, output in reference.outputs]
    if found == wanted or sorted(found) != sorted(wanted):
        return None
    if _named_alike(
        student,
        reference,
        [i for i, both in enumerate(zip(found, wanted, strict=True)) if both[0] != both[1]],
    ):
        return None
    return swapped_outputs(student, Pairing(student, reference, dict(enumerate(mapping)), options), found)


def _named_alike(student: NormalGraph, reference: NormalGraph, positions: list[int]) -> bool:
    """Whether the outputs at some positions are what both authors gave one name: then something else is swapped."""
    return all(
        (name := given_name(student, student.outputs[at][1]))
        and name == given_name(reference, reference.outputs[at][1])
        for at in positions
    )


def _order_of_inputs(
    student: NormalGraph, reference: NormalGraph, options: CompareOptions
) -> Difference | None:
    """Whether the models are the same but for the order, or keys, in which the inputs are listed."""
    mapping = correspondence(
        replace(student, inputs=()), replace(reference, inputs=()), unordered=_unordered(options)
    )
    if mapping is None or sorted(mapping[node] for _, node in student.inputs) != sorted(
        node for _, node in reference.inputs
    ):
        return None
    at = {node: key for key, node in reference.inputs}
    pairing = Pairing(student, reference, dict(enumerate(mapping)), options)
    keys = [at[mapping[node]] for _, node in student.inputs]
    keyed = by_keys(at.values())
    if by_keys(key for key, _ in student.inputs) != keyed:
        return in_another_form(pairing, reference.inputs)
    if keyed:
        expected, found = listing(map(repr, keys)), listing(repr(key) for key, _ in student.inputs)
        message = f"The inputs have the keys {found}, expected {expected} for the same tensors."
    else:
        names = _input_names(pairing)
        return inputs_in_another_order(
            pairing,
            [names[node] for _, node in student.inputs],
            [names[pairing.back[node]] for _, node in reference.inputs],
        )
    return pairing.difference(
        "wrong-connection", "at the model's inputs", message, expected=expected, found=found
    )


def _input_names(pairing: Pairing) -> dict[int, str]:
    """Name the student's inputs: as the student did, or by what they feed, since their shapes are the same."""
    ports = zip(pairing.student.source.inputs, pairing.student.inputs, strict=True)
    given = {node: port.name for port, (_, node) in ports}
    if all(given.values()) and not any(map(_UNNAMED.match, given.values())):
        return {node: repr(name) for node, name in given.items()}
    return {
        node: f"{pairing.ours.name(node)} (into {pairing.ours.names(pairing.our_users[node])})"
        if pairing.our_users[node]
        else pairing.ours.name(node)
        for node in given
    }


def _dynamic(pairing: Pairing, reason: str) -> Difference:
    return pairing.difference(
        "dynamic",
        "in the whole model",
        f"What the model computes is decided while it runs ({reason}), expected the same steps for every input.",
        expected="the same steps for every input",
        found=reason,
    )


def _unordered(options: CompareOptions) -> frozenset[str]:
    return frozenset() if options.merge_order else COMMUTATIVE


def _other_shape(pairing: Pairing) -> list[Difference]:
    """Report the first shapes that differ: only asked for when nothing else explains them."""
    ends = {node for _, node, _ in pairing.student.outputs}  # their shapes count even where sizes are free
    for mine, wanted in sorted(pairing.pairs.items()):
        node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
        if (node.key != other.key or mine in ends) and (
            node.shapes != other.shapes or not same_settings(node, other)
        ):
            got, want = (listing(map(shape_text, one.shapes)) for one in (node, other))
            name = pairing.ours.name(mine)
            message = f"{name} gives the shape {got}, expected {want}."
            return [
                pairing.difference(
                    "wrong-shape",
                    f"at {name}",
                    message,
                    expected=want,
                    found=got,
                    student=(mine,),
                    reference=(wanted,),
                )
            ]
    return []
