"""Two model graphs → a ``Comparison``: are they the same architecture, and if not, what differs where.

``isomorphism`` decides whether two normal forms are the same; where they are not, ``alignment`` pairs what
is alike and ``placement`` turns the rest into differences with a place.
"""

from grader.comparison.analysis import Analysis, analyse, compare_graphs, count, summarize
from grader.comparison.records import (
    Behaviour,
    Comparison,
    Counts,
    Diagnosis,
    Difference,
    DifferenceKind,
    more_text,
)
from grader.comparison.saving import saving_faults
from grader.comparison.skeleton import is_light
from grader.comparison.unseen import told_by_runs
from grader.compiled_text import compile_text

__all__ = [
    "Analysis",
    "Behaviour",
    "Comparison",
    "Counts",
    "Diagnosis",
    "Difference",
    "DifferenceKind",
    "analyse",
    "compare_graphs",
    "compile_text",
    "count",
    "is_light",
    "more_text",
    "saving_faults",
    "summarize",
    "told_by_runs",
]
