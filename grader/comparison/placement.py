"""What differs between two aligned normal forms, each difference with its place and both values."""

from __future__ import annotations

from collections import Counter, defaultdict

from grader.canonical import Node, NormalGraph
from grader.comparison.records import Difference, DifferenceKind
from grader.comparison.wording import Wording, article, label, listing, setting_text, shape_text
from grader.tasks import CompareOptions

__all__ = ["find_differences"]


def find_differences(
    student: NormalGraph, reference: NormalGraph, pairs: dict[int, int], options: CompareOptions
) -> tuple[Difference, ...]:
    """List the differences of two graphs that are not the same: at least one, causes before effects."""
    return _Finder(student, reference, pairs, options).find()


class _Finder:
    def __init__(
        self, student: NormalGraph, reference: NormalGraph, pairs: dict[int, int], options: CompareOptions
    ) -> None:
        self.student, self.reference, self.pairs, self.options = student, reference, pairs, options
        self.back = {theirs: ours for ours, theirs in pairs.items()}
        self.ours, self.theirs = Wording(student), Wording(reference)
        self.found: list[Difference] = []
        self.settled: set[int] = set()  # student nodes whose connections another difference explains

    def find(self) -> tuple[Difference, ...]:
        """Run every search in the order in which causes come before effects."""
        self._interfaces()
        self._replaced_and_changed()
        self._reordered()
        self._missing()
        self._extra()
        self._connections()
        self._sharing()
        self._outputs()
        if not self.found:
            self._shapes()
        if not self.found:
            self._add(
                "wrong-connection",
                "in the whole model",
                "The layers are the expected ones, but they are not joined in the expected way.",
            )
        return tuple(self.found)

    def _add(
        self,
        kind: DifferenceKind,
        where: str,
        message: str,
        *,
        expected: str = "",
        found: str = "",
        student: tuple[int, ...] = (),
        reference: tuple[int, ...] = (),
    ) -> None:
        self.found.append(
            Difference(
                kind=kind,
                where=where,
                message=message[:1].upper() + message[1:],
                expected=expected,
                found=found,
                student=tuple(sorted({c for n in student for c in self.student.nodes[n].calls})),
                reference=tuple(sorted({c for n in reference for c in self.reference.nodes[n].calls})),
            )
        )

    def _interfaces(self) -> None:
        ours, theirs = self.student.inputs, self.reference.inputs
        if len(ours) != len(theirs):
            self._add(
                "missing-input" if len(ours) < len(theirs) else "extra-input",
                "at the model's inputs",
                f"The model takes {_count(len(ours), 'input')}, expected {len(theirs)}.",
                expected=str(len(theirs)),
                found=str(len(ours)),
            )
        for (key, mine), (wanted_key, wanted) in zip(ours, theirs, strict=False):
            node, other = self.student.nodes[mine], self.reference.nodes[wanted]
            if node.shapes[0][1:] != other.shapes[0][1:]:
                self._add(
                    "wrong-shape",
                    f"at {self.ours.name(mine)}",
                    f"{self.ours.name(mine)} has the shape {shape_text(node.shapes[0])}, "
                    f"expected {shape_text(other.shapes[0])}.",
                    expected=shape_text(other.shapes[0]),
                    found=shape_text(node.shapes[0]),
                )
            elif node.key != other.key:
                self._add(
                    "wrong-dtype",
                    f"at {self.ours.name(mine)}",
                    f"{self.ours.name(mine)} has the dtype {node.settings.get('dtype')}, "
                    f"expected {other.settings.get('dtype')}.",
                    expected=str(other.settings.get("dtype")),
                    found=str(node.settings.get("dtype")),
                )
            if key != wanted_key:
                self._add(
                    "wrong-connection",
                    "at the model's inputs",
                    f"An input has the key {key!r}, expected {wanted_key!r}.",
                    expected=wanted_key,
                    found=key,
                )

    def _replaced_and_changed(self) -> None:
        for mine, wanted in sorted(self.pairs.items()):
            node, other = self.student.nodes[mine], self.reference.nodes[wanted]
            if node.op == "input" or node.key == other.key:
                continue
            if node.op != other.op:
                self.settled.add(mine)
                got, want = label(node.op, node.settings), label(other.op, other.settings)
                self._add(
                    "wrong-layer",
                    self._place(mine),
                    f"{self._place(mine)}, expected {article(want)}, found {article(got)}.",
                    expected=want,
                    found=got,
                    student=(mine,),
                    reference=(wanted,),
                )
            elif node.settings == other.settings:
                continue  # another shape only: the effect of a difference further up
            elif node.op == "activation":
                self._add(
                    "wrong-activation",
                    self._place(mine),
                    f"{self._place(mine)}, expected the activation {_activation_text(other)}, "
                    f"found {_activation_text(node)}.",
                    expected=_activation_text(other),
                    found=_activation_text(node),
                    student=(mine,),
                    reference=(wanted,),
                )
            else:
                self._settings(mine, wanted)

    def _settings(self, mine: int, wanted: int) -> None:
        node, other = self.student.nodes[mine], self.reference.nodes[wanted]
        changed = [
            key
            for key in sorted({*node.settings, *other.settings})
            if node.settings.get(key) != other.settings.get(key)
        ]
        if not changed:
            return
        expected = listing(f"{key}={setting_text(other.settings.get(key))}" for key in changed)
        found = listing(f"{key}={setting_text(node.settings.get(key))}" for key in changed)
        self._add(
            "wrong-dtype" if changed == ["dtype policy"] else "wrong-config",
            f"at {self.ours.name(mine)}",
            f"{self.ours.name(mine)} has {found}, expected {expected}.",
            expected=expected,
            found=found,
            student=(mine,),
            reference=(wanted,),
        )

    def _reordered(self) -> None:
        """Two neighbours that stand the other way round are one difference, not four."""
        for mine, wanted in sorted(self.pairs.items()):
            for edge in self.student.nodes[mine].edges:
                before, after = edge.node, mine  # the student's order
                if before not in self.pairs or self.student.nodes[before].op == "input":
                    continue
                first = self.pairs[before]
                if any(e.node == wanted for e in self.reference.nodes[first].edges):
                    self.settled |= {before, after}
                    self.settled |= {
                        user
                        for user, node in enumerate(self.student.nodes)
                        if any(e.node == after for e in node.edges)
                    }
                    self._add(
                        "wrong-connection",
                        self._place(before),
                        f"{self.ours.name(before)} comes before {self.ours.name(after)}, expected after it.",
                        expected=f"{self.theirs.name(wanted)}, then {self.theirs.name(first)}",
                        found=f"{self.ours.name(before)}, then {self.ours.name(after)}",
                        student=(before, after),
                        reference=(first, wanted),
                    )

    def _missing(self) -> None:
        for run in _runs(self.reference, [n for n in range(len(self.reference.nodes)) if n not in self.back]):
            names = [label(self.reference.nodes[n].op, self.reference.nodes[n].settings) for n in run]
            sources = {
                self.back[edge.node]
                for node in run
                for edge in self.reference.nodes[node].edges
                if edge.node in self.back
            }
            where = f"after {self.ours.names(sorted(sources))}" if sources else "in the model"
            merge = self.reference.nodes[run[0]]
            if len(run) == 1 and merge.op == "activation":
                self._add(
                    "wrong-activation",
                    where,
                    f"{where}, expected the activation {_activation_text(merge)}, found none.",
                    expected=_activation_text(merge),
                    found="none",
                    reference=tuple(run),
                )
                continue
            if len(run) == 1 and len(merge.edges) > 1 and sources:
                wanted = f"{article(names[0])} of {listing(self._expected(e.node) for e in merge.edges)}"
                where = f"after {self.ours.name(max(sources))}"
            else:
                wanted = listing(article(name) for name in names)
            self._add(
                "missing-layer",
                where,
                f"{where}, expected {wanted}, found nothing of the kind.",
                expected=wanted,
                found="nothing",
                reference=tuple(run),
            )

    def _extra(self) -> None:
        for run in _runs(self.student, [n for n in range(len(self.student.nodes)) if n not in self.pairs]):
            names = [label(self.student.nodes[n].op, self.student.nodes[n].settings) for n in run]
            if self.student.nodes[run[0]].op == "input":
                continue
            where = self._place(run[0])
            first = self.student.nodes[run[0]]
            if len(run) == 1 and first.op == "activation":
                self._add(
                    "wrong-activation",
                    where,
                    f"{where}, found the activation {_activation_text(first)}, expected none.",
                    expected="none",
                    found=_activation_text(first),
                    student=tuple(run),
                )
                continue
            self._add(
                "extra-layer",
                where,
                f"{where}, found {listing(article(name) for name in names)} that the expected model does not have.",
                expected="nothing",
                found=listing(names),
                student=tuple(run),
            )

    def _connections(self) -> None:
        for mine, wanted in sorted(self.pairs.items()):
            if mine in self.settled:
                continue
            node, other = self.student.nodes[mine], self.reference.nodes[wanted]
            fed = [self.pairs.get(edge.node) for edge in node.edges]
            needs = [edge.node for edge in other.edges]
            if len(fed) == len(needs) and not (node.unordered and not self.options.merge_order):
                apart = [(f, n) for f, n in zip(fed, needs, strict=True) if f != n]
                lacking = [n for f, n in apart if f is not None and n in self.back]
                beyond = [f for f, n in apart if f is not None and n in self.back]
            else:
                known = [source for source in fed if source is not None]
                lacking = list((Counter(n for n in needs if n in self.back) - Counter(known)).elements())
                beyond = list((Counter(known) - Counter(needs)).elements())
            # A source that only stands in for a missing layer is no finding of its own.
            absent = [need for need in needs if need not in self.back]
            beyond = [source for source in beyond if source not in {self._start(need) for need in absent}]
            if not lacking and absent and None not in fed and beyond:
                lacking = absent
            self._connection(mine, wanted, lacking, beyond, through_extra=None in fed)

    def _connection(
        self, mine: int, wanted: int, lacking: list[int], beyond: list[int], *, through_extra: bool
    ) -> None:
        name = self.ours.name(mine)
        expected = listing(self._expected(source) for source in lacking)
        found = self.ours.names(self.back[source] for source in beyond)
        fed = {"expected": expected, "found": found, "student": (mine,), "reference": (wanted,)}
        if lacking and beyond:
            message = f"{name} takes {found}, expected {expected}."
            self._add("wrong-connection", f"at {name}", message, **fed)  # type: ignore[arg-type]  # one mapping
        elif lacking and not through_extra:
            message = f"{name} does not take {expected}, which it should."
            self._add("missing-connection", f"at {name}", message, **fed)  # type: ignore[arg-type]
        elif beyond:
            message = f"{name} also takes {found}, which it should not."
            self._add("extra-connection", f"at {name}", message, **fed)  # type: ignore[arg-type]

    def _sharing(self) -> None:
        for asked, graph, other, to_other, kind in (
            (True, self.reference, self.student, self.back, "weights-not-shared"),
            (False, self.student, self.reference, self.pairs, "weights-wrongly-shared"),
        ):
            groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
            for index, node in enumerate(graph.nodes):
                if node.weights and index in to_other:
                    groups[node.weights].append(index)
            for group in groups.values():
                layers = {other.nodes[to_other[index]].weights for index in group}
                if len(group) < 2 or len(layers) < 2:
                    continue
                mine = tuple(to_other[index] for index in group) if asked else tuple(group)
                wanted = tuple(group) if asked else tuple(to_other[index] for index in group)
                names = self.ours.names(mine)
                if asked:
                    message = f"{names} are {len(layers)} separate layers, expected one layer called {len(group)} times."
                else:
                    message = f"{names} are one layer called {len(group)} times, expected {len(layers)} separate layers."
                self._add(
                    kind,  # type: ignore[arg-type]  # one of two literals from the table above
                    f"at {names}",
                    message,
                    expected="one layer" if asked else f"{len(layers)} layers",
                    found=f"{len(layers)} layers" if asked else "one layer",
                    student=mine,
                    reference=wanted,
                )

    def _outputs(self) -> None:
        ours, theirs = self.student.outputs, self.reference.outputs
        if len(ours) != len(theirs):
            self._add(
                "missing-output" if len(ours) < len(theirs) else "extra-output",
                "at the model's outputs",
                f"The model has {_count(len(ours), 'output')}, expected {len(theirs)}.",
                expected=str(len(theirs)),
                found=str(len(ours)),
            )
            return
        mine = [self.pairs.get(node) for _, node, _ in ours]
        wanted = [node for _, node, _ in theirs]
        keys, wanted_keys = [key for key, _, _ in ours], [key for key, _, _ in theirs]
        if mine != wanted and sorted(map(str, mine)) == sorted(map(str, wanted)):
            self._add(
                "outputs-swapped",
                "at the model's outputs",
                f"The outputs are {self.ours.names(node for _, node, _ in ours)} in that order, "
                f"expected {self.theirs.names(wanted)}.",
                expected=self.theirs.names(wanted),
                found=self.ours.names(node for _, node, _ in ours),
            )
            return
        if keys != wanted_keys:
            self._add(
                "wrong-connection",
                "at the model's outputs",
                f"The outputs have the keys {listing(keys)}, expected {listing(wanted_keys)}.",
                expected=listing(wanted_keys),
                found=listing(keys),
            )
        for (_, node, _), need in zip(ours, wanted, strict=True):
            unexplained = node in self.pairs and need in self.back and node not in self.settled
            if unexplained and self.pairs[node] != need:
                self._add(
                    "wrong-connection",
                    "at the model's outputs",
                    f"An output is taken from {self.ours.name(node)}, expected from "
                    f"{self.ours.name(self.back[need])}.",
                    expected=self.ours.name(self.back[need]),
                    found=self.ours.name(node),
                    student=(node,),
                    reference=(need,),
                )

    def _shapes(self) -> None:
        """Report the first shapes that differ: only asked for when nothing else explains them."""
        for mine, wanted in sorted(self.pairs.items()):
            node, other = self.student.nodes[mine], self.reference.nodes[wanted]
            if node.key != other.key:
                got, want = _shapes_text(node), _shapes_text(other)
                self._add(
                    "wrong-shape",
                    f"at {self.ours.name(mine)}",
                    f"{self.ours.name(mine)} gives the shape {got}, expected {want}.",
                    expected=want,
                    found=got,
                    student=(mine,),
                    reference=(wanted,),
                )
                return

    def _expected(self, node: int) -> str:
        """Name a reference node by its counterpart, or as the missing one."""
        if node in self.back:
            return self.ours.name(self.back[node])
        other = self.reference.nodes[node]
        return f"the missing {label(other.op, other.settings)}"

    def _start(self, node: int) -> int:
        """Follow a missing chain up to the first reference node that has a counterpart."""
        while node not in self.back and len(self.reference.nodes[node].edges) == 1:
            node = self.reference.nodes[node].edges[0].node
        return node

    def _place(self, node: int) -> str:
        sources = [edge.node for edge in self.student.nodes[node].edges]
        return f"after {self.ours.names(sources)}" if sources else "at the start"


def _runs(graph: NormalGraph, nodes: list[int]) -> list[list[int]]:
    """Join nodes that follow one another into runs, so that a missing chain is one difference."""
    runs: list[list[int]] = []
    for node in nodes:
        sources = {edge.node for edge in graph.nodes[node].edges}
        home = next((run for run in runs if run[-1] in sources), None)
        if home is None or len(graph.nodes[node].edges) > 1:
            runs.append([node])
        else:
            home.append(node)
    return runs


def _activation_text(node: Node) -> str:
    extra = [f"{key}={setting_text(value)}" for key, value in node.settings.items() if key != "function"]
    name = str(node.settings.get("function"))
    return name if name in ("softmax", "log_softmax") else f"{name}({', '.join(extra)})" if extra else name


def _shapes_text(node: Node) -> str:
    return listing(shape_text(shape) for shape in node.shapes)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
