"""What the command line shows while it works: no log lines, a progress bar, tables that fit."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["print_table", "progress", "quiet_nbgrader"]


@contextmanager
def quiet_nbgrader() -> Iterator[None]:
    """Keep nbgrader's log lines off the screen; what matters comes back in the results."""
    from sqlalchemy.exc import SAWarning

    with _silenced("traitlets"), _silenced("nbgrader"), warnings.catch_warnings():
        # nbgrader 0.9.6 asks SQLAlchemy 2.1 for more than it may while it adds a submission; nothing is lost
        warnings.simplefilter("ignore", SAWarning)
        yield


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def progress(title: str) -> Iterator[Callable[[str, int, int, int], None]]:
    """Show a progress bar on stderr, where that is a screen, while submissions are graded.

    It shows how many are done, how many a minute, the time that remains, and how many failed so far.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[failures]}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task(title, total=None, rate="", failures="")

        def advance(student: str, done: int, total: int, failed: int) -> None:
            seconds = bar.tasks[line].elapsed
            rate = f"{60 * done / seconds:.0f} a minute" if seconds else ""
            failures = f"{failed} could not be graded" if failed else ""
            bar.update(
                line,
                description=f"{title}: {student}",
                completed=done,
                total=total,
                rate=rate,
                failures=failures,
            )

        yield advance


def print_table(table: Table) -> None:
    """Print a table as wide as the screen; a pipe has no width, and rows should not be cut to 80."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    console.print(table)
