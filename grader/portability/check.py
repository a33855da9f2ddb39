"""Hold a model on several backends against one another, row by row."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from grader.behaviour import STRENGTHS, Drawn, draw, least_spread, weakened
from grader.evidence import Array, Failure
from grader.graph import ModelGraph
from grader.misconceptions import words_of
from grader.parity_answers import Opened, Run, RunAnswer, Saving
from grader.portability.causes import diagnoses
from grader.portability.gaps import arrays_of, distance, finite, sampled, values_of
from grader.portability.interface import shapes, unlike
from grader.portability.panel import LIVE, Panel, Subject, TroubleError
from grader.portability.planted import PLANTED, noticed, size_of_planted
from grader.portability.records import BACKEND_NAMES, LayerGap, ParityReport, ParityRow, RowVerdict
from grader.portability.tolerance import by_call, of_outputs, of_training
from grader.portability.training import training_rows

__all__ = ["BACKENDS", "Level", "check"]

BACKENDS = ("tensorflow", "jax", "torch")
Level = Literal["quick", "full"]

_STEPS = 3
_TRAINING = (
    4  # times the tolerance of inference: a batch's own statistics are sums as well, and divide what follows
)
_LEAST_SPREAD = 1e-2  # of the largest output
_FASTEST_FIRST = ("torch", "tensorflow", "jax")


def check(
    name: str,
    makers: dict[str, Callable[[], Subject]],
    *,
    level: Level = "quick",
    tolerance: float | None = None,
    seed: Sequence[int] = (0,),
    live: Callable[[], Subject] | None = None,
    backends: Iterable[str] = BACKENDS,
    source: str = "",
) -> ParityReport:
    """Build a model on each backend and compare.

    ``makers`` build it, by backend; those of ``backends`` that have none are not installed. ``live`` is the model
    itself, where it is at hand: then every backend is held against that. ``tolerance`` is a part of the largest
    output, in place of what ``grader.portability.tolerance`` derives. ``seed`` draws weights and inputs. ``source`` is
    the code of the model's own classes, to be searched for what went wrong.
    """
    panel = Panel()
    try:
        return _Check(name, panel, level, tolerance, seed, source).report(makers, live, list(backends))
    finally:
        panel.end()


class _Check:
    def __init__(
        self,
        name: str,
        panel: Panel,
        level: Level,
        tolerance: float | None,
        seed: Sequence[int],
        source: str,
    ) -> None:
        self.name, self.panel, self.level, self.given, self.seed = name, panel, level, tolerance, seed
        self.source = source
        self.graph: ModelGraph | None = None
        self.failures: list[Failure] = []
        self.rows: list[ParityRow] = []
        self.layers: list[LayerGap] = []
        self.parts_at: dict[str, str] = {}
        self.remarks: list[str] = []

    def report(
        self,
        makers: dict[str, Callable[[], Subject]],
        live: Callable[[], Subject] | None,
        backends: list[str],
    ) -> ParityReport:
        for backend in backends:
            if backend not in makers:
                self._row("builds", (backend,), "skipped", note=f"{BACKEND_NAMES[backend]} is not installed")
        self.panel.open(({LIVE: live} if live is not None else {}) | makers)
        opened = self._opened()
        anchor = next((b for b in (LIVE, *_FASTEST_FIRST) if b in opened), None)
        if anchor is not None:
            self._compare(anchor, opened)
        self._troubles()
        if not self.rows or all(row.verdict == "skipped" for row in self.rows):
            self._row("builds", (), "unproven", note="there are no two backends to compare")
        return ParityReport(
            model=self.name,
            level=self.level,
            rows=tuple(self.rows),
            layers=tuple(self.layers),
            parts_at=self.parts_at,
            diagnoses=diagnoses(
                self.failures,
                self.graph,
                self.source,
                differs=any(row.verdict == "failed" for row in self.rows),
            ),
            remarks=tuple(self.remarks),
        )

    # ---- rows ----------------------------------------------------------------------------------------

    def _row(self, check: str, backends: tuple[str, ...], verdict: RowVerdict, **found: object) -> None:
        self.rows.append(
            ParityRow.model_validate({"check": check, "backends": backends, "verdict": verdict, **found})
        )

    def _troubles(self) -> None:
        """Give each process that ended a row of its own."""
        for backend, trouble in self.panel.troubles.items():
            self._row("process", (backend,), trouble.verdict, note=trouble.why)
        self.panel.troubles.clear()

    def _opened(self) -> dict[str, Opened]:
        """Return what could be built, and give what could not a row."""
        opened: dict[str, Opened] = {}
        for backend, found in self.panel.each(
            list(self.panel.subjects), lambda _, subject: subject.opened()
        ).items():
            if found.failure is not None or found.graph is None:
                self._row("builds", (backend,), "failed", note=self._failed(found.failure))
            else:
                opened[backend] = found
        return opened

    def _compare(self, anchor: str, opened: dict[str, Opened]) -> None:
        reference = opened[anchor].graph
        assert reference is not None  # noqa: S101 - see `_opened`
        self.graph = reference
        others = [backend for backend in opened if backend != anchor]
        fitting = [other for other in others if self._fits(anchor, reference, other, opened[other].graph)]
        if opened[anchor].random:
            self.remarks.append(
                f"{', '.join(opened[anchor].random)} draw{'s' if len(opened[anchor].random) == 1 else ''} random numbers "
                "in training: outputs are compared in inference mode, where nothing is drawn."
            )
        chosen = self._chosen(anchor, reference)
        if chosen is None or not others:
            return
        drawn, expected, noticed = chosen
        asked = Run(weights=tuple(map(Array.of, drawn.weights)), inputs=tuple(map(Array.of, drawn.inputs)))
        answers = self.panel.each(fitting, lambda _, subject: subject.run(asked))
        relative = self.given if self.given is not None else of_outputs(reference)
        for other, answer in answers.items():
            self._outputs("outputs", (anchor, other), expected, answer, relative, noticed)
            self._along(anchor, other, reference, expected, answer, relative)
        self._saved(anchor, list(answers), asked, answers | {anchor: expected}, relative, noticed)
        if self.level == "full":
            self._training_mode(anchor, list(answers), asked, reference, drawn, relative)
            self._trained(anchor, list(answers), opened, reference, asked)

    def _fits(self, anchor: str, reference: ModelGraph, other: str, graph: ModelGraph | None) -> bool:
        """Compare what is counted: parameters, shapes, dtypes."""
        assert graph is not None  # noqa: S101 - see `_opened`
        pair = (anchor, other)
        ours, theirs = reference.count_weights(), graph.count_weights()
        same = ours == theirs
        self._row(
            "parameters",
            pair,
            "passed" if same else "failed",
            difference=float(abs(ours - theirs)),
            tolerance=0.0,
            note=f"{ours:,}" if same else f"{ours:,} and {theirs:,}",
        )
        fault = unlike(reference, graph)
        self._row("shapes and dtypes", pair, "failed" if fault else "passed", note=fault or shapes(reference))
        return same and not fault

    def _chosen(self, anchor: str, graph: ModelGraph) -> tuple[Drawn, RunAnswer, float] | None:
        """Draw weights whose outputs tell most, and see what a planted change does to them."""
        found: tuple[float, Drawn, RunAnswer] | None = None
        subject = self.panel.subjects[anchor]
        drawn = draw(graph, (*self.seed, *self.name.encode()), 0, 1.0)
        try:
            for strength in STRENGTHS:
                made = weakened(graph, drawn, strength)
                answer = subject.run(
                    Run(weights=tuple(map(Array.of, made.weights)), inputs=tuple(map(Array.of, made.inputs)))
                )
                if answer.failure is not None:
                    self._row("runs", (anchor,), "failed", note=self._failed(answer.failure))
                    return None
                spread = least_spread(arrays_of(answer))
                if found is None or spread > found[0]:
                    found = spread, made, answer
                if spread >= _LEAST_SPREAD and strength == 1.0:
                    break
            assert found is not None  # noqa: S101 - there are strengths
            _, made, answer = found
            return made, answer, self._noticed(subject, graph, made, answer)
        except TroubleError as trouble:
            self.panel.troubles[anchor] = trouble
            self.panel.subjects.pop(anchor, None)
            return None

    def _noticed(
        self,
        subject: Subject,
        graph: ModelGraph,
        drawn: Drawn,
        expected: RunAnswer,
        *,
        training: bool = False,
    ) -> float:
        size = size_of_planted(graph, _TRAINING if training else 1.0)
        if size > PLANTED:
            self._remark(
                f"Where numbers are rounded as coarsely as here, 0.1% is lost: {size:.2g} were planted"
                f"{' in training mode' if training else ''}."
            )
        return noticed(subject, graph, drawn, expected, size, training=training)

    def _outputs(
        self,
        check: str,
        pair: tuple[str, str],
        expected: RunAnswer,
        answer: RunAnswer,
        relative: float,
        noticed: float,
    ) -> None:
        """Compare outputs: the largest difference of any output, as a part of its largest number."""
        if answer.failure is not None:
            self._row(check, pair, "failed", note=self._failed(answer.failure))
            return
        difference, scale, spread = distance(answer, expected)
        if difference > relative or not np.isfinite(difference):
            verdict: RowVerdict = "failed"
        elif noticed <= relative:
            verdict = "unproven"
        else:
            verdict = "passed"
        self._row(
            check,
            pair,
            verdict,
            difference=finite(difference * scale),
            tolerance=relative * scale,
            spread=finite(spread),
            noticed=finite(noticed * scale),
            note="" if verdict != "unproven" else "a planted change of one weight is not noticed",
        )

    def _along(
        self,
        anchor: str,
        other: str,
        graph: ModelGraph,
        expected: RunAnswer,
        answer: RunAnswer,
        relative: float,
    ) -> None:
        """Follow two runs layer by layer; what the graph knows no call for may be as far apart as the outputs."""
        theirs = dict(answer.layers)
        allowed = by_call(graph)
        scaling = relative / of_outputs(graph)  # a tolerance that was given holds along the way as well
        for layer, array in expected.layers:
            if layer not in theirs:
                continue
            ours, found = values_of(array), values_of(theirs[layer])
            if ours.shape != found.shape:
                continue
            scale = float(np.max(np.abs(ours), initial=0.0)) or 1.0
            gap = finite(float(np.max(np.abs(ours - found), initial=0.0)) / scale)
            most = allowed[layer] * scaling if layer in allowed else relative
            self.layers.append(
                LayerGap(layer=layer, backends=(anchor, other), difference=gap, tolerance=most)
            )
            if gap > most:
                self.parts_at.setdefault(f"{anchor}, {other}", layer)

    def _saved(
        self,
        anchor: str,
        others: list[str],
        asked: Run,
        runs: dict[str, RunAnswer],
        relative: float,
        noticed: float,
    ) -> None:
        """Save in one and load in the others; at full level, in each."""
        usable = [
            backend
            for backend in (anchor, *others)
            if runs[backend].failure is None and backend in self.panel.subjects
        ]
        savers = usable if self.level == "full" else usable[:1]
        with tempfile.TemporaryDirectory(prefix="grader-") as folder:
            for saver in savers:
                path = str(Path(folder) / f"{saver}.keras")
                loaders = [backend for backend in usable if backend not in (saver, LIVE)]
                saved = self.panel.each([saver], partial(_save, path, asked)).get(saver)
                if saved is None:
                    continue
                if saved.failure is not None:
                    self._row("save and load", (saver,), "failed", note=self._failed(saved.failure))
                    continue
                for loader, answer in self.panel.each(loaders, partial(_load, path, asked)).items():
                    self._outputs("save and load", (saver, loader), runs[saver], answer, relative, noticed)

    # ---- training ------------------------------------------------------------------------------------

    def _training_mode(
        self, anchor: str, others: list[str], asked: Run, graph: ModelGraph, drawn: Drawn, relative: float
    ) -> None:
        """Compare outputs in training mode, random layers made to repeat themselves."""
        training = asked.model_copy(update={"training": True})
        answers = self.panel.each([anchor, *others], lambda _, subject: subject.run(training))
        expected = answers.pop(anchor, None)
        if expected is None:
            return
        if expected.failure is not None:
            self._row("training mode", (anchor,), "failed", note=self._failed(expected.failure))
            return
        noticed = self.panel.each(
            [anchor],
            lambda _, subject: self._noticed(subject, graph, drawn, expected, training=True),
        )
        for other, answer in answers.items():
            allowed = _TRAINING * relative
            self._outputs(
                "training mode", (anchor, other), expected, answer, allowed, noticed.get(anchor, 0.0)
            )

    def _trained(
        self, anchor: str, others: list[str], opened: dict[str, Opened], graph: ModelGraph, asked: Run
    ) -> None:
        """Train a few steps on each, and compare losses, gradients and weights."""
        if not opened[anchor].trains:
            self._row("loss", (anchor,), "skipped", note="the model is not compiled")
            return
        answers = self.panel.each([anchor, *others], lambda _, subject: subject.train(_STEPS, asked))
        expected = answers.pop(anchor, None)
        if expected is None:
            return
        if expected.failure is not None:
            self._row("loss", (anchor,), "failed", note=self._failed(expected.failure))
            return
        batch = asked.inputs[0].shape[0] if asked.inputs and asked.inputs[0].shape else 1
        relative = of_training(graph, batch)
        before = {n: sampled(array.numpy()) for n, array in enumerate(asked.weights or ())}
        for other, answer in answers.items():
            pair = (anchor, other)
            if answer.failure is not None:
                self._row("loss", pair, "failed", note=self._failed(answer.failure))
                continue
            if len(answer.losses) != _STEPS:
                self._row(
                    "loss", pair, "failed", note=f"{len(answer.losses)} losses came back, expected {_STEPS}"
                )
                continue
            rows, remark = training_rows(pair, expected, answer, before, relative)
            self.rows += rows
            self._remark(remark)

    def _failed(self, failure: Failure | None) -> str:
        """Keep a failure for the diagnosis; return it in words."""
        if failure is None:
            return "nothing came back"
        self.failures.append(failure)
        if failure.cause is not None:
            words = words_of(failure.cause)
            return f"{failure.type}. {words.happened} {words.fix}"
        lines = [line.strip() for line in failure.message.strip().splitlines() if line.strip()]
        return f"{failure.type}: {(lines or ['no message'])[0][:300]}"

    def _remark(self, text: str) -> None:
        if text and text not in self.remarks:
            self.remarks.append(text)


def _save(path: str, asked: Run, _backend: str, subject: Subject) -> Saving:
    """Save with drawn weights."""
    subject.run(asked)
    return subject.save(path)


def _load(path: str, asked: Run, _backend: str, subject: Subject) -> RunAnswer:
    return subject.load(path, asked)
