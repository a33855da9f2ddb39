"""Ask for the parity of a live model or of a saved one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, get_args

from grader.errors import ForeignClassError, UsageError
from grader.parity_answers import Portable
from grader.portability.check import BACKENDS, Level, check
from grader.portability.code_files import code_of
from grader.portability.panel import Process, Subject, installed
from grader.portability.records import ParityReport
from grader.saved_file import open_saved

__all__ = ["LEVELS", "parity", "parity_of_file"]

LEVELS: tuple[Level, ...] = get_args(Level)


def parity(
    model_or_path: Any,
    backends: Sequence[str] = BACKENDS,
    *,
    level: Level = "quick",
    tolerance: float | None = None,
    code: Sequence[PathLike[str] | str] = (),
) -> ParityReport:
    """Say whether a model computes the same on several backends, each in a process of its own.

    Weights and inputs are drawn, the same on each, so that outputs spread; the model keeps its own. A live model is
    itself held against what each backend makes of its config, and of the code of its own classes, taken from the
    notebook's cells or the script's file. Of a file the config alone is read.

    Args:
        model_or_path: a Keras model, on whatever backend this process runs, or the path of a ``.keras`` file.
        backends: those to compare, of ``"tensorflow"``, ``"jax"`` and ``"torch"``; one that is not installed is a
            row that says so.
        level: ``"quick"`` compares parameters, shapes, dtypes and outputs in inference mode, and loads what one
            backend saved on the others. ``"full"`` adds outputs in training mode, loss and gradients of a step and
            the weights after three, where the model is compiled, and saving on each backend.
        tolerance: how far outputs may lie apart, as a part of the largest; without it, what rounding may do to
            this model (``grader.portability.tolerance``).
        code: Python files that define a saved model's own classes. They are run on each backend, so name only files
            that you would import.

    Returns:
        A report that shows itself in Jupyter; ``.passed``, ``.rows``, and ``.picture()`` of the differences along
        the model.

    Raises:
        UnreadableModelError: it is no model, or has no config that can be written down.
        UsageError: a backend or level that does not exist, a tolerance that is no positive number, or code that
            cannot be read.
    """
    chosen = _checked(backends, level, tolerance)
    if isinstance(model_or_path, (str, PathLike)):
        files = [Path(fspath(file)) for file in ([code] if isinstance(code, (str, PathLike)) else code)]
        path = Path(fspath(model_or_path))
        return parity_of_file(path, chosen, level=level, tolerance=tolerance, code=files)
    if code:
        raise UsageError("The code of a live model's classes is found by itself; leave `code` out.")
    from grader.models.live import Live
    from grader.models.travelling import portable

    travelling = portable(model_or_path)
    live = Live.of(model_or_path)
    return check(
        travelling.name,
        _makers(travelling, chosen),
        level=level,
        tolerance=tolerance,
        live=lambda: live,
        backends=chosen,
        source=travelling.source,
    )


def parity_of_file(
    path: Path,
    backends: Sequence[str] = BACKENDS,
    *,
    level: Level = "quick",
    tolerance: float | None = None,
    code: Sequence[Path] = (),
) -> ParityReport:
    """Say whether a saved model computes the same on several backends; see ``parity``.

    Raises:
        UnreadableModelError: the file holds no model that may be built.
        UsageError: as ``parity``.
    """
    chosen = _checked(backends, level, tolerance)
    source = code_of(code)
    try:
        saved = open_saved(path, foreign=bool(source))
    except ForeignClassError as error:
        raise ForeignClassError(
            f"{error} Or name the file that defines it: `grader parity {path} --code my_layers.py`, in Python "
            '`grader.parity(path, code=["my_layers.py"])`.'
        ) from error
    if saved.config is None:
        raise UsageError(
            f"{path} is an HDF5 file; save the model as model.save('name.keras') to compare backends."
        )
    travelling = Portable(name=path.stem, config=saved.config, compiled=saved.compiled, source=source)
    return check(
        path.name,
        _makers(travelling, chosen),
        level=level,
        tolerance=tolerance,
        backends=chosen,
        source=source,
    )


def _checked(backends: Sequence[str], level: str, tolerance: float | None) -> list[str]:
    chosen = [backends] if isinstance(backends, str) else list(dict.fromkeys(backends))
    unknown = [backend for backend in chosen if backend not in BACKENDS]
    if unknown or not chosen:
        problem = f"{unknown[0]!r} is no backend" if unknown else "No backend is named"
        raise UsageError(f"{problem}: choose of {', '.join(BACKENDS)}.")
    if level not in LEVELS:
        raise UsageError(f"The level is {level!r}, expected one of {', '.join(LEVELS)}.")
    if tolerance is not None and not 0 < tolerance < 1:
        raise UsageError(
            f"The tolerance is {tolerance!r}, expected a part of the largest output: above 0, below 1."
        )
    return chosen


def _makers(travelling: Portable, backends: Sequence[str]) -> dict[str, Callable[[], Subject]]:
    def maker(backend: str) -> Callable[[], Subject]:
        return lambda: Process(backend, travelling)

    return {backend: maker(backend) for backend in backends if installed(backend)}
