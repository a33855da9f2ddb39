"""The normal form of a ``ModelGraph``, and the rules that bring a call into it."""

from grader.canonical.normal_form import Edge, Node, NormalGraph, normalize
from grader.canonical.rules import COMMUTATIVE

__all__ = ["COMMUTATIVE", "Edge", "Node", "NormalGraph", "normalize"]
