"""Steps that are another kind of layer, set otherwise, missing, or too many."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from grader.canonical import Node, NormalGraph
from grader.comparison.by_hand import BY_HAND, by_hand_differences
from grader.comparison.effects import effects_of
from grader.comparison.fixed_modes import MODE, in_functional, mode_texts
from grader.comparison.interfaces import nodes_of_missing_outputs
from grader.comparison.pairing import Pairing, kin, same_settings
from grader.comparison.parts import HELD_IDLE, MOST_RUNS, WEIGHTS_IDLE, extra_part, missing_part
from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.runs import parts_of, runs_of
from grader.comparison.typed import codes_apart, typed_as_code
from grader.comparison.unreached import unreached_weights
from grader.comparison.unseen import is_unseen
from grader.comparison.wording import (
    activation_text,
    article,
    is_arithmetic,
    listing,
    settings_apart,
    step_name,
    step_names,
    steps_listed,
)
from grader.graph import Shape

__all__ = [
    "SHAPING",
    "changed_steps",
    "extra_steps",
    "following_settings",
    "missing_steps",
    "only_wiring",
]

SHAPING = frozenset({"reshape", "Permute", "ops GetItem", "ops Cast", "ops BroadcastTo", "ops ExpandDims"})
_BLOCK = 3  # steps from which on a repetition is called a block


def changed_steps(pairing: Pairing) -> Iterator[Difference]:
    """Report pairs of another op or other settings."""
    called = _called(pairing)
    for mine, wanted in sorted(pairing.pairs.items()):
        node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
        if node.op == "input" or node.key == other.key or wanted in pairing.explained:
            continue
        if kin(node.op) != kin(other.op):
            pairing.settled.add(mine)
            if not _asked_to_share(pairing, called, wanted):
                yield from _told(pairing, mine, wanted, _replaced(pairing, mine, wanted))
        elif BY_HAND in node.settings:
            yield from by_hand_differences(pairing, mine, wanted)
        elif same_settings(node, other):
            continue  # another shape only: the effect of a difference further up
        elif node.op == "activation":
            difference = _activation(
                pairing,
                pairing.place(mine),
                expected=activation_text(other, node),
                found=activation_text(node, other),
                student=mine,
                reference=wanted,
            )
            yield from _told(pairing, mine, wanted, difference)
        elif not _goes_with_a_step(pairing, mine, wanted):
            yield from _settings(pairing, mine, wanted)


def _told(pairing: Pairing, mine: int, wanted: int, difference: Difference) -> Iterator[Difference]:
    """Tell a difference now, or, where it is between names of code that nobody has read, after all others."""
    if is_unseen(pairing.student.nodes[mine]) or is_unseen(pairing.reference.nodes[wanted]):
        pairing.unread.append(difference)
    else:
        yield difference


def following_settings(pairing: Pairing) -> Iterator[Difference]:
    """Report settings that only go with a step missing or too many beside them: whoever mends that mends these."""
    for mine, wanted in sorted(pairing.pairs.items()):
        if _goes_with_a_step(pairing, mine, wanted):
            yield from _settings(pairing, mine, wanted)


def _goes_with_a_step(pairing: Pairing, mine: int, wanted: int) -> bool:
    return _for_what_follows(pairing, mine, wanted) or _constant_for_a_step(pairing, mine, wanted)


def _constant_for_a_step(pairing: Pairing, mine: int, wanted: int) -> bool:
    """Whether a constant stands where a missing step with weights should be read."""
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    absent = [edge.node for edge in other.edges if edge.node not in pairing.back]
    constant = "constants" in node.settings and "constants" not in other.settings
    return constant and any(pairing.reference.nodes[step].weights for step in absent)


def _for_what_follows(pairing: Pairing, mine: int, wanted: int) -> bool:
    """Whether a recurrent step gives another kind of series, because another recurrent step comes next or does not."""
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    if node.op != other.op or len(node.shapes[0]) == len(other.shapes[0]) or not _recurrent(node):
        return False
    beyond = [pairing.student.nodes[user] for user in pairing.our_users[mine] if user not in pairing.pairs]
    lacking = [
        pairing.reference.nodes[user] for user in pairing.their_users[wanted] if user not in pairing.back
    ]
    return any(map(_recurrent, (*beyond, *lacking)))


def _recurrent(node: Node) -> bool:
    inner = node.settings.get("layer")
    held = inner.get("config") if isinstance(inner, dict) else None
    return "return_sequences" in node.settings or (isinstance(held, dict) and "return_sequences" in held)


def _called(pairing: Pairing) -> dict[tuple[tuple[int, ...], str], list[int]]:
    """Return, by their weights and the op that stands in their place, the reference's nodes that have weights."""
    found: dict[tuple[tuple[int, ...], str], list[int]] = defaultdict(list)
    for mine, theirs in pairing.pairs.items():
        if pairing.reference.nodes[theirs].weights:
            found[pairing.reference.nodes[theirs].weights, pairing.student.nodes[mine].op].append(theirs)
    return found


def _asked_to_share(
    pairing: Pairing, called: dict[tuple[tuple[int, ...], str], list[int]], wanted: int
) -> bool:
    """Whether a reference node is one more call of a layer that the student has: then the sharing is missing."""
    other = pairing.reference.nodes[wanted]
    calls = called.get((other.weights, other.op), ())
    return any(theirs != wanted for theirs in calls[:2])


def _replaced(pairing: Pairing, mine: int, wanted: int) -> Difference:
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    got, want = step_name(pairing.student, mine), step_name(pairing.reference, wanted)
    place = pairing.place(mine)
    kind: DifferenceKind = "wrong-layer"
    message = f"{place}, expected {article(want)}, found {article(got)}."
    if node.op in SHAPING and other.weights:
        kind = "missing-layer"
        message = f"{place}, expected {article(want)}, found {article(got)}, which has no weights to learn."
    return pairing.difference(
        kind, place, message, expected=want, found=got, student=(mine,), reference=(wanted,)
    )


def _settings(pairing: Pairing, mine: int, wanted: int) -> Iterator[Difference]:
    node, other = pairing.student.nodes[mine], pairing.reference.nodes[wanted]
    changed = [
        key
        for key in sorted({*node.settings, *other.settings})
        if node.settings.get(key) != other.settings.get(key)
    ]
    if not changed:
        return
    if {"layer", "backward_layer"} <= {*changed}:
        changed.remove("backward_layer")  # Bidirectional makes it of the layer
    name = pairing.ours.name(mine)
    if MODE in changed:
        changed.remove(MODE)
        holder, at = (pairing.student, node) if MODE in node.settings else (pairing.reference, other)
        functional = in_functional(holder.source, at.calls)
        message, found, expected = mode_texts(name, node, other, functional=functional)
        yield pairing.difference(
            "wrong-config",
            f"at {name}",
            message,
            expected=expected,
            found=found,
            student=(mine,),
            reference=(wanted,),
        )
    if not changed:
        return
    if typed_as_code(node) or ({*changed} <= {"scale", "offset"} and is_arithmetic(pairing.student, mine)):
        found, expected = codes_apart(node, other)
        message = f"at {name}, expected {expected}, found {found}."
    else:
        found, expected = settings_apart(node, other, changed)
        message = f"{name} has {found}, expected {expected}."
    yield pairing.difference(
        "wrong-dtype" if changed == ["dtype policy"] else "wrong-config",
        f"at {name}",
        message,
        expected=expected,
        found=found,
        student=(mine,),
        reference=(wanted,),
    )


def _activation(
    pairing: Pairing,
    where: str,
    *,
    expected: str,
    found: str,
    student: int | None = None,
    reference: int | None = None,
) -> Difference:
    """Report an activation that is another one, missing or too many; in front of one of several outputs, as such."""
    heads = len(pairing.reference.outputs) > 1 and (
        _is_head(pairing.student, pairing.our_users, pairing.our_ends, student)
        or _is_head(pairing.reference, pairing.their_users, pairing.their_ends, reference)
    )
    if found == "none":
        message = f"{where}, expected the activation {expected}, found none."
    elif expected == "none":
        message = f"{where}, found the activation {found}, expected none."
    else:
        message = f"{where}, expected the activation {expected}, found {found}."
    if heads:
        message += " An output is taken from there."
    return pairing.difference(
        "wrong-head-activation" if heads else "wrong-activation",
        where,
        message,
        expected=expected,
        found=found,
        student=() if student is None else (student,),
        reference=() if reference is None else (reference,),
    )


def _is_head(graph: NormalGraph, users: list[list[int]], ends: set[int], node: int | None) -> bool:
    """Whether an output is taken from a node, or from what only brings it into shape."""
    while node is not None and len(users[node]) == 1 and graph.nodes[users[node][0]].op in SHAPING:
        node = users[node][0]
    return node is not None and not users[node] and node in ends


def missing_steps(pairing: Pairing) -> Iterator[Difference]:
    """Report nodes of the reference without a counterpart, those that follow one another as one."""
    served = nodes_of_missing_outputs(pairing)
    absent = [
        node
        for node in range(len(pairing.reference.nodes))
        if node not in pairing.back and node not in served and node not in pairing.explained
    ]
    held = _held(pairing.student)
    runs = [run for run in runs_of(pairing.reference, absent) if not only_wiring(pairing, run)]
    for part in parts_of(pairing.reference, runs):
        if len(part) > MOST_RUNS:
            nodes = sorted(node for run in part for node in run)
            yield missing_part(pairing, nodes, idle=_held_idle(pairing, held, nodes))
        else:
            yield from (_missing(pairing, held, run) for run in part)


def only_wiring(pairing: Pairing, run: list[int]) -> bool:
    """Whether a run hands a tensor, in another shape, to a step of the student that lacks it."""
    nodes = pairing.reference.nodes
    users = {user for user in pairing.their_users[run[-1]] if user in pairing.back}
    return all(nodes[node].op in SHAPING and not nodes[node].weights for node in run) and any(
        len(pairing.student.nodes[pairing.back[user]].edges) < len(nodes[user].edges) for user in users
    )


def _missing(pairing: Pairing, held: Counter[Shape], run: list[int]) -> Difference:
    reference = pairing.reference
    nodes = [reference.nodes[node] for node in run]
    names = step_names(reference, run)
    sources = {
        pairing.back[source]
        for source, _ in pairing.arriving_there(*nodes[0].edges)
        if source in pairing.back
    }
    where = f"after {pairing.ours.names(sorted(sources))}" if sources else "in the model"
    if len(run) == 1 and nodes[0].op == "activation":
        expected = activation_text(nodes[0])
        return _activation(pairing, where, expected=expected, found="none", reference=run[0])
    if len(run) == 1 and len(nodes[0].edges) > 1 and sources:
        parts = [pairing.expected_name(edge.node) for edge in nodes[0].edges]
        wanted = f"{article(names[0])} of {listing(parts)}"
        where = f"after {pairing.ours.name(max(sources))}"
    else:
        wanted = steps_listed(names)
    follows = _follower(pairing, run, sources)
    message = f"{where}, expected {wanted}, found {follows} at once."
    if not follows:
        message = f"{where}, expected {wanted} as well, found no such branch."
    if follows and len(run) == 1 and nodes[0].op.startswith("custom "):
        does = effects_of(reference, run[0])
        that = f" that {listing(does)}" if does else ""
        message = (
            f"{where}, expected {wanted}{that}, found {follows} at once: a {names[0]} that gives what it is given is no "
            "step of a model."
        )
    if follows and _repeats(reference, run):
        message = f"One block too few: {where}, expected another {steps_listed(names, articles=False)}, found {follows} at once."
    elif follows and len(names) >= _BLOCK and pairing.student.source.api == "functional":
        # Keras leaves out of such a model what no output depends on: nothing shows whether it was written.
        message += (
            f" If your code has these steps, nothing uses what they give: see what {follows} should take."
        )
    if not _held_idle(pairing, held, run):
        return pairing.difference(
            "missing-layer", where, message, expected=wanted, found="nothing", reference=run
        )
    branch = _is_branch(pairing, run)
    return pairing.difference(
        "dead-branch" if branch else "missing-layer",
        where,
        message + (WEIGHTS_IDLE if all(node.settings.get("weight slots") for node in nodes) else HELD_IDLE),
        expected=wanted,
        found=f"the branch of {wanted}" if branch else "nothing",
        reference=run,
    )


def _held(graph: NormalGraph) -> Counter[Shape]:
    weights = graph.source.weights
    return Counter(weights[weight].shape for weight in unreached_weights(graph))


def _held_idle(pairing: Pairing, held: Counter[Shape], run: list[int]) -> bool:
    """Whether the student's model holds the weights of a missing run, without using them; notes them as told."""
    shapes = [
        pairing.reference.source.weights[weight].shape
        for node in run
        for weight in pairing.reference.nodes[node].weights
    ]
    needed = Counter[Shape](shapes)
    if not shapes or any(held[shape] - pairing.idle[shape] < number for shape, number in needed.items()):
        return False
    pairing.idle.update(needed)
    return True


def _is_branch(pairing: Pairing, run: list[int]) -> bool:
    """Whether a run should have been joined with something, where nothing takes its place."""
    nodes = pairing.reference.nodes
    return any(
        user not in pairing.back
        or len(pairing.student.nodes[pairing.back[user]].edges) < len(nodes[user].edges)
        for user in pairing.their_users[run[-1]]
        if len(nodes[user].edges) > 1
    )


def _follower(pairing: Pairing, run: list[int], sources: set[int]) -> str:
    """Name what the student has in the place of a missing run; nothing where it has nothing."""
    users = {pairing.back[user] for node in run for user in pairing.their_users[node] if user in pairing.back}
    followers = [user for source in sources for user in pairing.our_users[source]]
    for user in followers:  # what has moved is no follower
        followers += pairing.our_users[user] if user in pairing.moved else ()
    here = sorted(users.intersection(followers))
    if here:
        return pairing.ours.names(here)
    if not sources.isdisjoint(pairing.our_ends) and not pairing.their_ends.isdisjoint(run):
        return "the model's output"
    return ""


def extra_steps(pairing: Pairing) -> Iterator[Difference]:
    """Report nodes of the student's model without a counterpart, those that follow one another as one."""
    left = [
        index
        for index, node in enumerate(pairing.student.nodes)
        if index not in pairing.pairs and index not in pairing.settled and node.op != "input"
    ]
    parts = parts_of(pairing.student, runs_of(pairing.student, left))
    for part in parts:
        if len(part) > MOST_RUNS:
            yield extra_part(pairing, sorted(node for run in part for node in run))
    for run in (run for part in parts if len(part) <= MOST_RUNS for run in part):
        nodes = [pairing.student.nodes[node] for node in run]
        where = pairing.place(run[0])
        if len(run) == 1 and nodes[0].op == "activation":
            found = activation_text(nodes[0])
            yield _activation(pairing, where, expected="none", found=found, student=run[0])
            continue
        names = step_names(pairing.student, run)
        message = f"{where}, found {steps_listed(names)} that the expected model does not have."
        if _repeats(pairing.student, run):
            message = f"One block too many: {where}, found another {steps_listed(names, articles=False)}, expected none."
        yield pairing.difference(
            "extra-layer",
            where,
            message,
            expected="nothing",
            found=steps_listed(names, articles=False),
            student=run,
        )


def _repeats(graph: NormalGraph, run: list[int]) -> bool:
    """Whether a run is a block of steps that stands in the graph once more, just before it or just after."""
    size, steps = len(run), [_said(graph.nodes[node]) for node in run]
    if size < _BLOCK or run != list(range(run[0], run[0] + size)):
        return False
    for start in (run[0] - size, run[0] + size):
        if start >= 0 and start + size <= len(graph.nodes):
            beside = [_said(graph.nodes[node]) for node in range(start, start + size)]
            if beside == steps:
                return True
    return False


def _said(node: Node) -> tuple[str, str]:
    return node.op, repr(sorted(node.settings.items(), key=repr))
