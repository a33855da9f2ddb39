"""What a parity check finds, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from grader.comparison import Diagnosis
from grader.record import Record

if TYPE_CHECKING:
    from grader.report import Picture

__all__ = ["BACKEND_NAMES", "OUTCOMES", "LayerGap", "ParityReport", "ParityRow", "RowVerdict", "listed"]

RowVerdict = Literal["passed", "failed", "unproven", "skipped", "crashed", "timed_out", "over_limit"]

BACKEND_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""Each backend as a person writes it."""


def listed(backends: Sequence[str]) -> str:
    """Name backends as in a sentence."""
    names = [BACKEND_NAMES.get(backend, backend) for backend in backends]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


OUTCOMES: dict[RowVerdict, str] = {
    "passed": "passed",
    "failed": "FAILED",
    "unproven": "could not have failed",
    "skipped": "skipped",
    "crashed": "the process died",
    "timed_out": "took too long",
    "over_limit": "took too much",
}
"""Each verdict in words."""


class ParityRow(Record):
    """One comparison.

    ``backends`` are the two compared, or the one that a row is about; of saving and loading, first the one that
    saved. ``difference`` is the largest between two numbers, ``tolerance`` what rounding may make of it, ``spread``
    how far the numbers compared lie apart by themselves: all three in the unit of what is compared. ``noticed`` is
    how much a planted change of one weight moved it, of a thousandth or of what coarser rounding asks for. ``note`` says what happened where numbers do not.
    """

    check: str
    backends: tuple[str, ...]
    verdict: RowVerdict
    difference: float | None = None
    tolerance: float | None = None
    spread: float | None = None
    noticed: float | None = None
    note: str = ""


class LayerGap(Record):
    """How far one layer's outputs lie apart on two backends, as a part of the largest of them; and what may be."""

    layer: str
    backends: tuple[str, str]
    difference: float
    tolerance: float


class ParityReport(Record):
    """Whether a model computes the same on several backends.

    ``layers`` are the differences along the model, in the order of calls; ``parts_at`` is the first layer, by pair of
    backends, at which they are larger than they may be. ``diagnoses`` name the mistakes behind what failed, where they
    are known. ``remarks`` say what was compared how.
    """

    model: str
    level: Literal["quick", "full"]
    rows: tuple[ParityRow, ...]
    layers: tuple[LayerGap, ...] = ()
    parts_at: dict[str, str] = {}
    diagnoses: tuple[Diagnosis, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether two backends at least were compared, and every row that was not skipped passed."""
        compared = any(row.verdict == "passed" and len(row.backends) > 1 for row in self.rows)
        return compared and all(row.verdict in ("passed", "skipped") for row in self.rows)

    def __str__(self) -> str:
        """Return the report as text."""
        from grader.portability.rendering import text

        return text(self)

    def picture(self) -> Picture:
        """Draw the difference of each layer's outputs along the model, and what rounding may make of it.

        Raises:
            ValueError: no two backends ran the model.
        """
        from grader.portability.rendering import picture

        return picture(self)

    def _ipython_display_(self) -> None:
        """Show the table, and the picture where there is something to draw."""
        from IPython.display import display

        from grader.portability.rendering import html

        show: Any = display
        show({"text/html": html(self), "text/plain": str(self)}, raw=True)
        if self.layers:
            show(self.picture().mime_bundle(), raw=True)
