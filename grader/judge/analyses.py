"""Each pair of graphs analysed once: what is asked of a model and what it is told come of the same analysis."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from grader.comparison import Analysis, analyse
from grader.graph import ModelGraph
from grader.tasks import CompareOptions

__all__ = ["analysed"]

_MOST = 256  # the cases of some notebooks, which most of a class have in common
_LARGEST = 500  # calls; beyond, an analysis takes memory worth having back

_Key = tuple[int, int, str]
# The graphs are kept with what was found, so that no other graph takes their identity.
_recent: OrderedDict[_Key, tuple[ModelGraph, ModelGraph, Analysis]] = OrderedDict()
_lock = Lock()


def analysed(student: ModelGraph, reference: ModelGraph, options: CompareOptions | None = None) -> Analysis:
    """Return what ``analyse`` finds of these very graphs, from before where they were asked about lately.

    Raises:
        GraderError: as ``analyse``.
    """
    options = options or CompareOptions()
    key = (id(student), id(reference), options.to_json())
    with _lock:
        kept = _recent.get(key)
        if kept is not None:
            _recent.move_to_end(key)
            return kept[2]
    found = analyse(student, reference, options)
    if max(len(student.calls), len(reference.calls)) <= _LARGEST:
        with _lock:
            _recent[key] = (student, reference, found)
            while len(_recent) > _MOST:
                _recent.popitem(last=False)
    return found
