"""The normal form of a ``ModelGraph``, and the rules that bring a call into it."""

from grader.canonical.arguments import RANDOM_LAYERS
from grader.canonical.freedom import shows_in_outputs
from grader.canonical.joins import joined_anew
from grader.canonical.merges import COMMUTATIVE
from grader.canonical.normal_form import normalize, prune
from grader.canonical.normal_graph import Edge, Node, NormalGraph
from grader.canonical.rewriting import make_key

__all__ = [
    "COMMUTATIVE",
    "RANDOM_LAYERS",
    "Edge",
    "Node",
    "NormalGraph",
    "joined_anew",
    "make_key",
    "normalize",
    "prune",
    "shows_in_outputs",
]
