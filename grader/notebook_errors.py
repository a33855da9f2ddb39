"""``%load_ext grader``: an explanation under the traceback of every cell that Keras stopped."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["start", "stop"]

_NAME = "_grader_explains_errors"


def start(shell: Any) -> None:
    """Explain the errors of cells from now on, each once; loading it twice changes nothing."""
    if getattr(shell, _NAME, None) is not None:
        return

    def explain_error(result: Any) -> None:
        show(shell, result)

    setattr(shell, _NAME, explain_error)
    shell.events.register("post_run_cell", explain_error)


def stop(shell: Any) -> None:
    """Leave tracebacks alone again."""
    registered = getattr(shell, _NAME, None)
    if registered is not None:
        setattr(shell, _NAME, None)
        shell.events.unregister("post_run_cell", registered)


def show(shell: Any, result: Any) -> None:
    """Show the explanation of what a cell raised, where Keras has to do with it.

    IPython has shown the traceback by then, and keeps it as it is. An error that the author's own Python
    raised, and that no cause was found for, is left to speak for itself.
    """
    error = getattr(result, "error_in_exec", None)
    if not isinstance(error, Exception) or "keras" not in sys.modules:
        return
    from IPython.display import display

    from grader.api import explain

    try:
        found = explain(error, shell.user_ns)
    except Exception:  # noqa: BLE001  # nothing that goes wrong here may add to a learner's error
        return
    if found.recognised or found.keras:
        display(found)  # type: ignore[no-untyped-call]  # IPython leaves it untyped
