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
def progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on stderr, where that is a screen, while submissions are graded."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task(title, total=None)

        def advance(student: str, number: int, total: int) -> None:
            bar.update(line, description=f"{title}: {student}", completed=number - 1, total=total)

        yield advance


def print_table(table: Table) -> None:
    """Print a table as wide as the screen; a pipe has no width, and rows should not be cut to 80."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    console.print(table)
