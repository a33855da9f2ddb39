"""What a model takes and gives: its inputs and outputs, their number, order, keys and shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from grader.canonical import NormalGraph
from grader.comparison.pairing import Pairing
from grader.comparison.records import Difference
from grader.comparison.wording import IN_THIS_ORDER, article, counted, listing, ordinal, shape_text, step_name

__all__ = [
    "by_keys",
    "in_another_form",
    "input_differences",
    "inputs_in_another_order",
    "output_differences",
    "swapped_outputs",
]

_INPUTS = "at the model's inputs"
_OUTPUTS = "at the model's outputs"


def input_differences(pairing: Pairing) -> Iterator[Difference]:
    """Report another number or order of inputs, other shapes, dtypes and keys, and inputs that lead nowhere."""
    ours, theirs = pairing.student.inputs, pairing.reference.inputs
    if len(ours) != len(theirs):
        yield pairing.difference(
            "missing-input" if len(ours) < len(theirs) else "extra-input",
            _INPUTS,
            f"The model takes {counted(len(ours), 'input')}, expected {len(theirs)}.",
            expected=str(len(theirs)),
            found=str(len(ours)),
        )
        pairing.explained.update(node for _, node in theirs if node not in pairing.back)
    positions = {node: position for position, (_, node) in enumerate(theirs)}
    places = [positions[pairing.pairs[node]] for _, node in ours if node in pairing.pairs]
    free = pairing.options.free_order
    keys, wanted_keys = [key for key, _ in ours], [key for key, _ in theirs]
    by_name = not free and by_keys([*keys, *wanted_keys])
    if places != sorted(places) and not by_name and not free:
        shapes = [shape_text(pairing.student.nodes[node].shapes[0]) for _, node in ours]
        wanted = [shape_text(pairing.reference.nodes[node].shapes[0]) for _, node in theirs]
        yield inputs_in_another_order(pairing, shapes, wanted)
    other_form = by_name and by_keys(keys) != by_keys(wanted_keys)
    if other_form:
        yield in_another_form(pairing, theirs)
    key_of = {node: key for key, node in theirs}
    for key, mine in ours:
        if mine in pairing.pairs:
            asked = by_name and not other_form
            yield from _input(pairing, mine, key, key_of[pairing.pairs[mine]] if asked else key)
    yield from _unused(pairing)


def inputs_in_another_order(pairing: Pairing, found: Sequence[str], expected: Sequence[str]) -> Difference:
    """Say that the inputs are listed in another order; ``found`` and ``expected`` name them in theirs."""
    message = f"The inputs are listed in another order: {listing(found)}, expected {listing(expected)}."
    return pairing.difference(
        "wrong-connection",
        _INPUTS,
        message,
        expected=listing(expected) + IN_THIS_ORDER,
        found=listing(found),
    )


def by_keys(keys: Iterable[str]) -> bool:
    """Whether inputs, or outputs, are given under keys, and not in a list."""
    return any(not key.isdigit() for key in keys)


def in_another_form(pairing: Pairing, wanted: Sequence[tuple[str, int]]) -> Difference:
    """Say that the inputs are a dict where a list is expected, or a list where a dict is; ``wanted`` are expected."""
    expected, found = (
        _form([key for key, _ in ports], "an input") for ports in (wanted, pairing.student.inputs)
    )
    return pairing.difference(
        "wrong-connection",
        _INPUTS,
        f"The model takes {found}, expected {expected}.",
        expected=expected,
        found=found,
    )


def _form(keys: Sequence[str], one: str) -> str:
    if by_keys(keys):
        return f"a dict with the {'keys' if len(keys) > 1 else 'key'} {listing(map(repr, keys))}"
    return "a list" if len(keys) > 1 else f"{one} without a key"


def _input(pairing: Pairing, mine: int, key: str, wanted_key: str) -> Iterator[Difference]:
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[pairing.pairs[mine]]
    name = pairing.ours.name(mine)
    if node.shapes[0][1:] != other.shapes[0][1:]:
        got, want = shape_text(node.shapes[0]), shape_text(other.shapes[0])
        message = f"{name} has the shape {got}, expected {want}."
        yield pairing.difference("wrong-shape", f"at {name}", message, expected=want, found=got)
    elif node.key != other.key:
        got, want = str(node.settings.get("dtype")), str(other.settings.get("dtype"))
        message = f"{name} has the dtype {got}, expected {want}."
        yield pairing.difference("wrong-dtype", f"at {name}", message, expected=want, found=got)
    if key != wanted_key:
        message = f"An input has the key {key!r}, expected {wanted_key!r}."
        yield pairing.difference("wrong-connection", _INPUTS, message, expected=wanted_key, found=key)


def _unused(pairing: Pairing) -> Iterator[Difference]:
    """Report inputs that reach no output, though the expected model's do; but not where an output is missing."""
    given = {node for _, node, _ in pairing.student.outputs}
    wanted = {node for _, node, _ in pairing.reference.outputs}
    beyond = nodes_of_missing_outputs(pairing)
    for _, mine in pairing.student.inputs:
        if pairing.our_users[mine] or mine in given:
            continue
        if mine in pairing.pairs:
            theirs = pairing.pairs[mine]
            users = pairing.their_users[theirs]
            if theirs not in wanted and (not users or set(users) <= beyond):
                continue
        name = pairing.ours.name(mine)
        yield pairing.difference(
            "unused-input",
            f"at {name}",
            f"{name} reaches no output: nothing that the model gives depends on it. Keras accepts that silently.",
            expected="an output that depends on it",
            found="none",
        )


def output_differences(pairing: Pairing) -> Iterator[Difference]:
    """Report another number of outputs, another order, other keys, and outputs taken from elsewhere."""
    ours, theirs = pairing.student.outputs, pairing.reference.outputs
    if len(ours) != len(theirs):
        yield _number_of_outputs(pairing)
        return
    mine = [(pairing.pairs.get(node), output) for _, node, output in ours]
    wanted = [(node, output) for _, node, output in theirs]
    keys, wanted_keys = [key for key, _, _ in ours], [key for key, _, _ in theirs]
    other_form = by_keys(keys) != by_keys(wanted_keys)
    if pairing.options.free_order:
        ours, wanted = _in_any_order(ours, mine, wanted)
    elif other_form:
        found, expected = _form(keys, "an output"), _form(wanted_keys, "an output")
        yield pairing.difference(
            "wrong-connection",
            _OUTPUTS,
            f"The model gives {found}, expected {expected}.",
            expected=expected,
            found=found,
        )
        # A dict has no order that could be wrong: what has to agree is which tensors are given.
        ours, wanted = _in_any_order(ours, mine, wanted)
    elif mine != wanted and Counter(mine) == Counter(wanted):
        yield swapped_outputs(pairing.student, pairing, [(node or 0, output) for node, output in mine])
        return
    if keys != wanted_keys and not pairing.options.free_order and not other_form:
        yield pairing.difference(
            "wrong-connection",
            _OUTPUTS,
            f"The outputs have the keys {listing(keys)}, expected {listing(wanted_keys)}.",
            expected=listing(wanted_keys),
            found=listing(keys),
        )
    for (_, node, output), (need, wanted_output) in zip(ours, wanted, strict=True):
        if node not in pairing.pairs or need not in pairing.back or node in pairing.settled:
            continue
        name, other = pairing.ours.name(node), pairing.ours.name(pairing.back[need])
        if pairing.pairs[node] != need:
            message = f"An output is taken from {name}, expected from {other}."
        elif output != wanted_output:
            name, other = f"tensor {output + 1} of {name}", f"tensor {wanted_output + 1}"
            message = f"An output is {name}, expected {other}."
        else:
            continue
        yield pairing.difference(
            "wrong-connection",
            _OUTPUTS,
            message,
            expected=other,
            found=name,
            student=(node,),
            reference=(need,),
        )


def _in_any_order(
    ours: Sequence[tuple[str, int, int]],
    mine: Sequence[tuple[int | None, int]],
    wanted: Sequence[tuple[int, int]],
) -> tuple[tuple[tuple[str, int, int], ...], list[tuple[int, int]]]:
    """Return the outputs that are not the same tensor, the student's beside the reference's."""
    given, asked = Counter(mine), Counter(wanted)
    apart, left = [], []
    for output, found in zip(ours, mine, strict=True):
        if asked[found]:  # type: ignore[index]  # one without a counterpart is asked for no times
            asked[found] -= 1  # type: ignore[index]
        else:
            apart.append(output)
    for want in wanted:
        if given[want]:
            given[want] -= 1
        else:
            left.append(want)
    return tuple(apart), left


def swapped_outputs(student: NormalGraph, pairing: Pairing, found: list[tuple[int, int]]) -> Difference:
    """Say that the right tensors are given in another order; ``found`` are the student's, as reference nodes."""
    theirs, back = pairing.reference.outputs, pairing.back
    wanted = [(node, output) for _, node, output in theirs]
    keyed = by_keys(key for key, _, _ in theirs)
    places = [key if keyed else ordinal(position) for position, (key, _, _) in enumerate(theirs)]
    times = Counter(node for node, _ in wanted)
    names = {
        (node, output): pairing.ours.name(back[node]) + (f" (tensor {output + 1})" if times[node] > 1 else "")
        for node, output in wanted
    }
    given = [names[one] for one in found]
    expected = [names[one] for one in wanted]
    if keyed:
        wrong = [i for i, (one, two) in enumerate(zip(found, wanted, strict=True)) if one != two]
        text = listing(f"{places[i]!r} is {given[i]}" for i in wrong)
        other = listing(f"{places[i]!r} to be {expected[i]}" for i in wrong)
        message = f"Of the outputs, {text}; expected {other}."
        expected_text = listing(f"{places[i]!r}: {expected[i]}" for i in wrong)
    else:
        message = f"The outputs are {listing(given)} in that order, expected {listing(expected)}."
        expected_text = listing(expected)
    return pairing.difference(
        "outputs-swapped",
        _OUTPUTS,
        message,
        expected=expected_text,
        found=listing(given),
        student=[node for _, node, _ in student.outputs],
        reference=[node for node, _ in wanted],
    )


def _number_of_outputs(pairing: Pairing) -> Difference:
    ours, theirs = pairing.student.outputs, pairing.reference.outputs
    lacking = missing_outputs(pairing)
    few = len(ours) < len(theirs)
    told = ""
    if few and lacking:
        told = f" Missing: {listing(_output_name(pairing.reference, position) for position in lacking)}."
    return pairing.difference(
        "missing-output" if few else "extra-output",
        _OUTPUTS,
        f"The model has {counted(len(ours), 'output')}, expected {len(theirs)}.{told}",
        expected=str(len(theirs)),
        found=str(len(ours)),
        reference=[theirs[position][1] for position in lacking],
    )


def _output_name(graph: NormalGraph, position: int) -> str:
    key, node, _ = graph.outputs[position]
    made_by = step_name(graph, node)
    place = f"the {ordinal(position)}" if key.isdigit() else repr(key)
    return f"{place}, which comes from {article(made_by)}"


def missing_outputs(pairing: Pairing) -> list[int]:
    """Return the positions of the reference's outputs that the student's model does not give."""
    ours, theirs = pairing.student.outputs, pairing.reference.outputs
    short = len(theirs) - len(ours)
    if short <= 0:
        return []
    keys = {key for key, _, _ in ours}
    if keys <= {key for key, _, _ in theirs} and not all(key.isdigit() for key in keys):
        return [position for position, (key, _, _) in enumerate(theirs) if key not in keys]
    given = {(pairing.pairs.get(node), output) for _, node, output in ours}
    lacking = [position for position, (_, node, output) in enumerate(theirs) if (node, output) not in given]
    return lacking[-short:] if len(lacking) > short else lacking


def nodes_of_missing_outputs(pairing: Pairing) -> set[int]:
    """Return the nodes of the reference that serve missing outputs and nothing else."""
    lacking = set(missing_outputs(pairing))
    if not lacking:
        return set()
    theirs = pairing.reference.outputs
    needed = _history(
        pairing.reference,
        [node for position, (_, node, _) in enumerate(theirs) if position not in lacking],
    )
    return set(range(len(pairing.reference.nodes))) - needed


def _history(graph: NormalGraph, ends: list[int]) -> set[int]:
    seen: set[int] = set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(edge.node for edge in graph.nodes[node].edges)
    return seen
