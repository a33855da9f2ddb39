"""Saved models, read and run in a separate process so that this one never loads Keras."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from grader import model_archive
from grader.comparison import Analysis, Behaviour
from grader.errors import EvidenceError, UnreadableModelError
from grader.evidence import Challenge, Reply, parse_reply
from grader.graph import ModelGraph
from grader.judge import compare_behaviour
from grader.tasks import CompareOptions

__all__ = ["compare_runs", "models_to_ask", "read_models"]


def read_models(paths: Sequence[Path]) -> list[ModelGraph]:
    """Read ``.keras`` files, or ``.json`` files that hold a graph, on the backend of ``KERAS_BACKEND``.

    Raises:
        UnreadableModelError: one of them cannot be read; the message says which and why.
    """
    for path in paths:
        fault = model_archive.fault_of(path) if path.suffix != ".json" or not path.is_file() else None
        if fault is not None:
            raise UnreadableModelError(fault)
    saved = [path for path in paths if path.suffix != ".json"]
    graphs = dict(zip(saved, _load(saved), strict=True)) if saved else {}
    return [graphs[path] if path in graphs else _from_json(path) for path in paths]


def _from_json(path: Path) -> ModelGraph:
    try:
        return ModelGraph.from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableModelError(f"{path} is not text: a graph is JSON in UTF-8.") from error
    except UnreadableModelError as error:
        raise UnreadableModelError(f"{path}: {error}") from error


def _load(paths: Sequence[Path]) -> list[ModelGraph]:
    done = subprocess.run(  # noqa: S603  # our own module; the paths are arguments, not commands
        [sys.executable, "-m", "grader.models.files", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if len(lines) != len(paths):
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise UnreadableModelError(f"The models could not be read: {last[0]}")
    for line in lines:
        if "error" in line:
            raise UnreadableModelError(line["error"])
    return [ModelGraph.from_json(json.dumps(line["graph"])) for line in lines]


def compare_runs(
    analysis: Analysis, options: CompareOptions, student: Path, reference: Path
) -> Behaviour | None:
    """Run two saved models where their graphs differ and they might compute the same; ``None`` where not.

    A file that holds a graph alone cannot be run.
    """
    if ".json" in (student.suffix, reference.suffix):
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
        except EvidenceError:  # what was read cannot be run: the graphs have to do
            return None


@contextmanager
def models_to_ask(paths: Sequence[Path]) -> Iterator[list[Callable[[Challenge], Reply]]]:
    """Load saved models in one process, and lend a function for each that has it answer a challenge.

    Raises:
        EvidenceError: from such a function, when the process ended or wrote something else than a reply.
    """
    process = subprocess.Popen(  # noqa: S603  # our own module; the paths are arguments, not commands
        [sys.executable, "-m", "grader.models.asked", *map(str, paths)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=_environment(),
    )

    def asker(model: int) -> Callable[[Challenge], Reply]:
        def ask(challenge: Challenge) -> Reply:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
            try:
                process.stdin.write(json.dumps({"model": model, "challenge": challenge.to_json()}) + "\n")
                process.stdin.flush()
            except BrokenPipeError as error:
                raise EvidenceError(f"{paths[model]} could not be run") from error
            return parse_reply(process.stdout.readline())

        return ask

    try:
        yield [asker(model) for model in range(len(paths))]
    finally:
        process.kill()
        process.communicate()


def _environment() -> dict[str, str]:
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", **os.environ}
    environment.setdefault("KERAS_BACKEND", _installed_backend())
    return environment


def _installed_backend() -> str:
    """Pick the backend that starts quickest among those installed."""
    from importlib.util import find_spec

    return next((name for name in ("jax", "torch", "tensorflow") if find_spec(name)), "tensorflow")
