"""Saved models, read and run in a separate process so that this one never loads Keras."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path

from grader.comparison import Analysis, Behaviour
from grader.errors import EvidenceError, UnreadableModelError
from grader.evidence import Challenge, Reply, parse_reply
from grader.graph import MOST_GRAPH_BYTES, ModelGraph
from grader.judge import compare_behaviour
from grader.saved_file import SavedFile, open_saved
from grader.tasks import CompareOptions
from grader.watched import Watched, limits

__all__ = ["compare_runs", "models_to_ask", "read_models"]

_MOST_NUMBERS = 150_000_000  # drawn for one run, here and in the process that runs: some gigabytes


def read_models(paths: Sequence[Path]) -> list[ModelGraph]:
    """Read ``.keras`` files, or ``.json`` files that hold a graph, on the backend of ``KERAS_BACKEND``.

    Raises:
        UnreadableModelError: one of them cannot be read; the message says which and why.
    """
    for path in paths:
        if _is_graph(path) and path.stat().st_size > MOST_GRAPH_BYTES:
            raise UnreadableModelError(
                f"{path} has {path.stat().st_size:,} bytes, at most {MOST_GRAPH_BYTES:,} of a graph are read."
            )
    saved = {path: open_saved(path) for path in paths if not _is_graph(path)}
    graphs = dict(zip(saved, _described(list(saved.values())), strict=True)) if saved else {}
    return [graphs[path] if path in graphs else _from_json(path) for path in paths]


def _is_graph(path: Path) -> bool:
    return path.suffix == ".json" and path.is_file()


def _from_json(path: Path) -> ModelGraph:
    try:
        return ModelGraph.from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableModelError(f"{path} is not text: a graph is JSON in UTF-8.") from error
    except OSError as error:
        raise UnreadableModelError(f"{path} cannot be opened: {error.strerror or error}.") from error
    except UnreadableModelError as error:
        raise UnreadableModelError(f"{path}: {error}") from error


def _described(files: Sequence[SavedFile]) -> list[ModelGraph]:
    """Have a process describe models, and end it when it takes more than it may."""
    watched = Watched([sys.executable, "-m", "grader.models.files"], limits(), _environment())
    try:
        written, errors = watched.process.communicate("".join(file.to_line() for file in files))
    finally:
        watched.end()
    answers = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    for answer in answers:
        if "error" in answer:
            raise UnreadableModelError(answer["error"])
    if len(answers) < len(files):
        last = errors.strip().splitlines()[-1:] or ["no reason given"]
        why = watched.fault or f"the process that builds it ended: {last[0][:200]}"
        raise UnreadableModelError(f"{files[len(answers)].path} could not be read: {why}.")
    return [ModelGraph.from_json(json.dumps(answer["graph"])) for answer in answers]


def compare_runs(
    analysis: Analysis, options: CompareOptions, student: Path, reference: Path
) -> Behaviour | None:
    """Run two saved models where their graphs differ and they might compute the same; ``None`` where not.

    A file that holds a graph alone cannot be run, and what is too large for that is not.
    """
    graphs = (analysis.student.source, analysis.reference.source)
    if ".json" in (student.suffix, reference.suffix) or max(map(_numbers, graphs)) > _MOST_NUMBERS:
        return None
    with ExitStack() as stack:
        asked: list[list[Callable[[Challenge], Reply]]] = []

        def ask(model: int) -> Callable[[Challenge], Reply]:
            def answer(challenge: Challenge) -> Reply:
                if not asked:  # the process is started for the first question
                    asked.append(stack.enter_context(models_to_ask([student, reference])))
                return asked[0][model](challenge)

            return answer

        try:
            return compare_behaviour(analysis, options, ask(0), ask(1))
        except EvidenceError as error:  # what was read cannot be run: the graphs have to do
            return Behaviour(same=False, runs=0, failed=str(error).rstrip("."))


def _numbers(graph: ModelGraph) -> int:
    """Count the numbers that a run draws, a length left open taken for ten."""
    shapes = [graph.tensors[port.tensor].shape for port in graph.inputs]
    return graph.count_weights() + sum(prod(10 if length is None else length for length in s) for s in shapes)


@contextmanager
def models_to_ask(paths: Sequence[Path]) -> Iterator[list[Callable[[Challenge], Reply]]]:
    """Build saved models in one process, and lend a function for each that has it answer a challenge.

    Raises:
        UnreadableModelError: a file holds no model that may be built.
        EvidenceError: from such a function, when the process ended, was ended because it took more than it may, or
            wrote something else than a reply.
    """
    files = [open_saved(path) for path in paths]
    command = [sys.executable, "-m", "grader.models.asked", str(len(files))]
    watched = Watched(command, limits(), _environment(), errors=subprocess.DEVNULL)
    process = watched.process
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
    sent, received = process.stdin, process.stdout

    def send(line: str, model: int) -> None:
        try:
            sent.write(line)
            sent.flush()
        except BrokenPipeError as error:
            raise EvidenceError(f"{paths[model]} could not be run{_because(watched)}") from error

    def asker(model: int) -> Callable[[Challenge], Reply]:
        def ask(challenge: Challenge) -> Reply:
            watched.rest()
            send(json.dumps({"model": model, "challenge": challenge.to_json()}) + "\n", model)
            line = received.readline()
            if not line:
                raise EvidenceError(f"{paths[model]} could not be run{_because(watched)}")
            return parse_reply(line)

        return ask

    try:
        for model, file in enumerate(files):
            send(file.to_line(), model)
        yield [asker(model) for model in range(len(paths))]
    finally:
        watched.end()
        process.communicate()


def _because(watched: Watched) -> str:
    return f": {watched.fault}" if watched.fault else ""


def _environment() -> dict[str, str]:
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", **os.environ}
    environment.setdefault("KERAS_BACKEND", _installed_backend())
    return environment


def _installed_backend() -> str:
    """Pick the backend that starts quickest among those installed."""
    from importlib.util import find_spec

    return next((name for name in ("jax", "torch", "tensorflow") if find_spec(name)), "tensorflow")
