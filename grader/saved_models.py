"""Graphs of saved models, read in a separate process so that this one never loads Keras."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from grader import model_archive
from grader.errors import UnreadableModelError
from grader.graph import ModelGraph

__all__ = ["read_models"]


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
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", **os.environ}
    environment.setdefault("KERAS_BACKEND", _installed_backend())
    done = subprocess.run(  # noqa: S603  # our own module; the paths are arguments, not commands
        [sys.executable, "-m", "grader.models.files", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if len(lines) != len(paths):
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise UnreadableModelError(f"The models could not be read: {last[0]}")
    for line in lines:
        if "error" in line:
            raise UnreadableModelError(line["error"])
    return [ModelGraph.from_json(json.dumps(line["graph"])) for line in lines]


def _installed_backend() -> str:
    """Pick the backend that starts quickest among those installed."""
    from importlib.util import find_spec

    return next((name for name in ("jax", "torch", "tensorflow") if find_spec(name)), "tensorflow")
